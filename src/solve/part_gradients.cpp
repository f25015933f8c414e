#include "solve/part_gradients.hpp"

#include <algorithm>

#include "core/block_math.hpp"
#include "core/stop.hpp"

namespace kintsugi {

namespace {

PartMatrix activated(Activation activation, PartMatrix values) {
  activate_all(activation, values);
  return values;
}

PartMatrix slopes(Activation activation, const PartMatrix& values) {
  return values.unaryExpr([activation](double z) { return activate_derivative(activation, z); });
}

}  // namespace

PartMatrix PartGradients::Layer::apply(const PartMatrix& in) const {
  PartMatrix result = in * weight.transpose();
  if (bias.size() != 0) result.rowwise() += bias;
  return result;
}

PartGradients::Layer PartGradients::layer(const std::vector<double>& weight, const std::vector<double>& bias,
                                          std::size_t out, std::size_t in) {
  return {Eigen::Map<const PartMatrix>(weight.data(), static_cast<Eigen::Index>(out), static_cast<Eigen::Index>(in)),
          Eigen::Map<const PartVector>(bias.data(), static_cast<Eigen::Index>(bias.size()))};
}

PartGradients::PartGradients(const NetworkF64& network, const Assembly& assembly)
    : network_(network), head_position_(assembly.head) {
  const auto piece = [&](int position) -> const PieceF64& {
    return network.pieces[static_cast<std::size_t>(position)];
  };
  const std::map<int, int> positions = network.positions();
  std::map<int, const PieceF64*> gates;
  bool any_norm = false;
  for (const BasicPart<double>& part : network.parts) {
    const int owner = positions.at(part.owner);
    if (part.kind == PartKind::gate) {
      gates[owner] = &part.piece;
      continue;
    }
    any_norm = any_norm || part.kind == PartKind::norm;
    PartVector values(static_cast<Eigen::Index>(part.piece.weight.size() + part.piece.bias.size()));
    std::ranges::copy(part.piece.weight, values.data());
    std::ranges::copy(part.piece.bias, values.data() + part.piece.weight.size());
    values_[{part.kind, owner}] = std::move(values);
  }
  for (const Block& block : assembly.blocks) {
    const PieceF64& expand = piece(block.expand);
    const PieceF64& compress = piece(block.compress);
    BlockLayers layers{block.expand, block.compress, layer(expand.weight, expand.bias, expand.out, expand.in), {}, {}};
    if (const auto found = gates.find(block.expand); found != gates.end())
      layers.gate = layer(found->second->weight, found->second->bias, expand.out, expand.in);
    if (!expand.gate_weight.empty()) layers.gate = layer(expand.gate_weight, expand.gate_bias, expand.out, expand.in);
    layers.out = layer(compress.weight, compress.bias, compress.out, compress.in);
    layers.normed = network.form.norm != Norm::none && (!any_norm || values_.contains({PartKind::norm, block.expand}));
    blocks_.push_back(std::move(layers));
  }
  const PieceF64& head = piece(assembly.head);
  head_ = layer(head.weight, head.bias, head.out, head.in);
}

const PartVector* PartGradients::find(const Slot& slot) const {
  const auto found = values_.find(slot);
  return found == values_.end() ? nullptr : &found->second;
}

PartMatrix PartGradients::gained(const PartMatrix& normed, const Slot& slot) const {
  const PartVector* const part = find(slot);
  if (part == nullptr) return normed;
  PartMatrix result = normed * part->head(normed.cols()).asDiagonal();
  if (part->size() > normed.cols()) result.rowwise() += part->tail(normed.cols());
  return result;
}

void PartGradients::normalise_rows(Norm norm, PartMatrix& states, Eigen::VectorXd& factors) const {
  if (rule_of(norm).centred) states.colwise() -= states.rowwise().mean().eval();
  const auto width = static_cast<double>(states.cols());
  factors = (states.rowwise().squaredNorm().array() / width + network_.form.eps).rsqrt();
  states = factors.asDiagonal() * states;
}

void PartGradients::pull_through(Norm norm, const PartMatrix& normed, const Eigen::VectorXd& factors,
                                 PartMatrix& gradient) {
  const auto width = static_cast<double>(gradient.cols());
  const Eigen::VectorXd along = gradient.cwiseProduct(normed).rowwise().sum() / width;
  if (rule_of(norm).centred) gradient.colwise() -= gradient.rowwise().mean().eval();
  gradient -= along.asDiagonal() * normed;
  gradient = factors.asDiagonal() * gradient;
}

const PartMatrix& PartGradients::forward(const PartMatrix& inputs) {
  PartMatrix state = inputs;
  kept_.resize(blocks_.size());
  for (std::size_t b = 0; b < blocks_.size(); ++b) {
    throw_if_stopped();
    const BlockLayers& block = blocks_[b];
    Kept& kept = kept_[b];
    kept.normed = state;
    if (block.normed) normalise_rows(network_.form.norm, kept.normed, kept.factors);
    const PartMatrix in = gained(kept.normed, {PartKind::norm, block.expand});
    kept.up = block.up.apply(in);
    PartMatrix hidden;
    if (block.gate.weight.size() != 0) {
      kept.gate = block.gate.apply(in);
      hidden = activated(network_.activation, kept.gate).cwiseProduct(kept.up);
    } else {
      hidden = activated(network_.activation, kept.up);
    }
    kept.residual = block.out.apply(hidden);
    const PartVector* const scale = find({PartKind::scale, block.compress});
    state += scale == nullptr ? kept.residual : PartMatrix(kept.residual * scale->asDiagonal());
  }
  last_ = std::move(state);
  if (network_.form.head_norm != Norm::none) normalise_rows(network_.form.head_norm, last_, last_factors_);
  predictions_ = head_.apply(gained(last_, {PartKind::head_norm, head_position_}));
  return predictions_;
}

void PartGradients::add(const Slot& slot, const PartMatrix& normed, const PartMatrix& gradient,
                        Derivatives& result) const {
  const PartVector* const part = find(slot);
  if (part == nullptr) return;
  PartMatrix& all = result.parts[slot];
  all.resize(gradient.rows(), part->size());
  all.leftCols(normed.cols()) = gradient.cwiseProduct(normed);
  if (part->size() > normed.cols()) all.rightCols(normed.cols()) = gradient;
}

PartMatrix PartGradients::pull_back(std::size_t place, const PartMatrix& gradient, bool with_turns,
                                    Derivatives& result) const {
  const BlockLayers& block = blocks_[place];
  const Kept& kept = kept_[place];
  const PartVector* const scale = find({PartKind::scale, block.compress});
  add({PartKind::scale, block.compress}, kept.residual, gradient, result);
  PartMatrix hidden = gradient;
  if (scale != nullptr) hidden = hidden * scale->asDiagonal();
  hidden = hidden * block.out.weight;
  PartMatrix in;
  if (block.gate.weight.size() != 0) {
    const PartMatrix open = activated(network_.activation, kept.gate);
    if (with_turns) {
      const PartMatrix turned = activated(network_.activation, kept.up).cwiseProduct(kept.gate);
      result.turns[place] = hidden.cwiseProduct(turned - open.cwiseProduct(kept.up)).rowwise().sum();
    }
    const PartMatrix of_gate = hidden.cwiseProduct(kept.up).cwiseProduct(slopes(network_.activation, kept.gate));
    in = hidden.cwiseProduct(open) * block.up.weight + of_gate * block.gate.weight;
  } else {
    in = hidden.cwiseProduct(slopes(network_.activation, kept.up)) * block.up.weight;
  }
  add({PartKind::norm, block.expand}, kept.normed, in, result);
  if (const PartVector* const gain = find({PartKind::norm, block.expand})) in = in * gain->head(in.cols()).asDiagonal();
  if (block.normed) pull_through(network_.form.norm, kept.normed, kept.factors, in);
  return in;
}

PartGradients::Derivatives PartGradients::backward(Eigen::Index output, bool with_turns) const {
  Derivatives result;
  result.turns.resize(blocks_.size());
  PartMatrix gradient = head_.weight.row(output).replicate(last_.rows(), 1);
  add({PartKind::head_norm, head_position_}, last_, gradient, result);
  if (const PartVector* const gain = find({PartKind::head_norm, head_position_}))
    gradient = gradient * gain->head(gradient.cols()).asDiagonal();
  if (network_.form.head_norm != Norm::none) pull_through(network_.form.head_norm, last_, last_factors_, gradient);
  for (std::size_t b = blocks_.size(); b-- > 0;) {
    throw_if_stopped();
    gradient += pull_back(b, gradient, with_turns, result);
  }
  return result;
}

}  // namespace kintsugi
