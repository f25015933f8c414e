#include "solve/part_fit.hpp"

#include <Eigen/Dense>
#include <algorithm>
#include <limits>
#include <utility>

#include "core/assignment.hpp"
#include "core/stop.hpp"

namespace kintsugi {

using Eigen::Index;

namespace {

constexpr Index kRowsAtOnce = 256;
constexpr double kFall = 4;
constexpr double kRise = 8;

PartVector numbers_of(const PieceF64& piece) {
  PartVector values(static_cast<Index>(piece.weight.size() + piece.bias.size()));
  std::ranges::copy(piece.weight, values.data());
  std::ranges::copy(piece.bias, values.data() + piece.weight.size());
  return values;
}

}  // namespace

double PartFit::error() {
  double squares = 0;
  for (Index first = 0; first < sample_.inputs.rows(); first += kRowsAtOnce) squares += errors_of(first).squaredNorm();
  return squares;
}

PartMatrix PartFit::errors_of(Index first) {
  const Index count = std::min(kRowsAtOnce, sample_.inputs.rows() - first);
  return (sample_.predictions.middleRows(first, count) - passes_.forward(sample_.inputs.middleRows(first, count))) *
         sample_.weights.asDiagonal();
}

Eigen::VectorXd PartFit::Equations::solve(double damping) const {
  constexpr double kFlat = 1e-9;
  throw_if_stopped();
  Eigen::MatrixXd damped = normal.selfadjointView<Eigen::Lower>();
  const double mean = std::max(normal.diagonal().mean(), std::numeric_limits<double>::min());
  damped.diagonal() *= 1 + damping;
  damped.diagonal().array() += (damping + kFlat) * mean;
  return damped.llt().solve(right);
}

template <class EffectsOf>
PartFit::Equations PartFit::equations(Index unknowns, const EffectsOf& effects) {
  Equations result{Eigen::MatrixXd::Zero(unknowns, unknowns), Eigen::VectorXd::Zero(unknowns)};
  for (Index first = 0; first < sample_.inputs.rows(); first += kRowsAtOnce) {
    const PartMatrix errors = errors_of(first);
    for (Index q = 0; q < errors.cols(); ++q) {
      const Effects each = effects(q) * sample_.weights[q];
      result.normal.selfadjointView<Eigen::Lower>().rankUpdate(each.transpose());
      result.right += each.transpose() * errors.col(q);
    }
  }
  return result;
}

bool PartFit::has_gate(int expand) const {
  const PieceF64& piece = network_.pieces[static_cast<std::size_t>(expand)];
  return !piece.gate_weight.empty() || std::ranges::any_of(network_.parts, [&](const BasicPart<double>& part) {
    return part.kind == PartKind::gate && part.owner == piece.index;
  });
}

PartFit::Effects PartFit::effects_of_turns(Index output, const std::vector<std::size_t>& gated) const {
  const PartGradients::Derivatives derivatives = passes_.backward(output, true);
  Effects result(derivatives.turns[gated.front()].size(), static_cast<Index>(gated.size()));
  for (std::size_t i = 0; i < gated.size(); ++i) result.col(static_cast<Index>(i)) = derivatives.turns[gated[i]];
  return result;
}

PartFit::Effects PartFit::effects_of_shares(Index output, Index unknowns) const {
  const PartGradients::Derivatives derivatives = passes_.backward(output, false);
  Effects result;
  Index at = 0;
  for (std::size_t g = 0; g < groups_.size(); ++g) {
    for (const std::size_t part : groups_[g]) {
      const PartMatrix& of_numbers = derivatives.parts.at(slot_of(part));
      if (at == 0) result.resize(of_numbers.rows(), unknowns);
      result.middleCols(at, candidates_[g].rows()) = of_numbers * candidates_[g].transpose();
      at += candidates_[g].rows();
    }
  }
  return result;
}

std::vector<int> PartFit::find_turns() {
  std::vector<std::size_t> gated;
  for (std::size_t b = 0; b < assembly_.blocks.size(); ++b) {
    if (has_gate(assembly_.blocks[b].expand)) gated.push_back(b);
  }
  std::vector<int> turned;
  if (gated.empty()) return turned;
  double least = error();
  for (std::int64_t step = 0; step < parameters_.steps; ++step) {
    const Eigen::VectorXd shares = equations(static_cast<Index>(gated.size()), [&](Index q) {
                                     return effects_of_turns(q, gated);
                                   }).solve(parameters_.damping);
    std::vector<std::size_t> flips;
    for (std::size_t i = 0; i < gated.size(); ++i) {
      if (shares[static_cast<Index>(i)] > 1.0 / 2) flips.push_back(gated[i]);
    }
    for (const std::size_t b : flips) passes_.turn(b);
    const double now = error();
    if (!(now < least)) break;
    least = now;
    for (const std::size_t b : flips) turned.push_back(assembly_.blocks[b].expand);
  }
  return turned;
}

std::vector<std::vector<int>> PartFit::find_places(std::vector<PartGroup> groups, bool equal) {
  start(std::move(groups), equal);
  Index unknowns = 0;
  for (const Eigen::MatrixXd& shares : shares_) unknowns += shares.size();
  double damping = parameters_.damping;
  double least = mix();
  for (std::int64_t step = 0; step < parameters_.steps; ++step) {
    const Eigen::VectorXd change =
        equations(unknowns, [&](Index q) { return effects_of_shares(q, unknowns); }).solve(damping);
    const std::vector<Eigen::MatrixXd> before = shares_;
    Index at = 0;
    for (Eigen::MatrixXd& shares : shares_) {
      shares += Eigen::Map<const PartMatrix>(change.data() + at, shares.rows(), shares.cols());
      at += shares.size();
    }
    const double now = mix();
    if (now < least) {
      least = now;
      damping /= kFall;
    } else {
      shares_ = before;
      static_cast<void>(mix());
      damping *= kRise;
    }
  }
  std::vector<std::vector<int>> places;
  places.reserve(shares_.size());
  for (const Eigen::MatrixXd& shares : shares_) {
    const PartMatrix scores = shares;
    places.push_back(assign({scores.data(), static_cast<std::size_t>(scores.size())},
                            static_cast<std::size_t>(scores.rows()), static_cast<std::size_t>(scores.cols())));
  }
  return places;
}

PartGradients::Slot PartFit::slot_of(std::size_t part) const {
  const BasicPart<double>& each = network_.parts[part];
  return {each.kind, positions_.at(each.owner)};
}

void PartFit::start(std::vector<PartGroup> groups, bool equal) {
  positions_ = network_.positions();
  groups_ = std::move(groups);
  for (const PartGroup& group : groups_) {
    const auto size = static_cast<Index>(group.size());
    PartMatrix candidates(size, numbers_of(network_.parts[group[0]].piece).size());
    for (Index i = 0; i < size; ++i)
      candidates.row(i) = numbers_of(network_.parts[group[static_cast<std::size_t>(i)]].piece);
    candidates_.push_back(std::move(candidates));
    Eigen::MatrixXd shares = Eigen::MatrixXd::Identity(size, size);
    if (equal) shares.setConstant(1 / static_cast<double>(size));
    shares_.push_back(std::move(shares));
  }
}

double PartFit::mix() {
  for (std::size_t g = 0; g < groups_.size(); ++g) {
    const PartMatrix mixed = shares_[g] * candidates_[g];
    for (std::size_t i = 0; i < groups_[g].size(); ++i)
      passes_.set(slot_of(groups_[g][i]), mixed.row(static_cast<Index>(i)));
  }
  return error();
}

}  // namespace kintsugi
