#include "objective/weights.hpp"

#include <algorithm>

#include "core/fold.hpp"
#include "kernels/aligned.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi {

SharedWeights::SharedWeights(const mpi::Comm& comm, const Network& network, const Roles& roles) {
  share_shapes(comm, network, roles);
  memory_ = std::make_unique<mpi::NodeShared>(comm, total_);
  if (comm.root()) fill(network);
  memory_->publish();
}

void SharedWeights::share_shapes(const mpi::Comm& comm, const Network& network, const Roles& roles) {
  std::vector<int> facts;
  std::vector<double> numbers{0, 0};  // the activation's slope, the norm's eps
  if (comm.root()) {
    roles_ = roles;
    form_ = network.form;
    numbers = {network.activation.slope(), form_.eps};
    facts = {static_cast<int>(network.activation), roles.head,
             static_cast<int>(roles.width),        static_cast<int>(roles.outputs),
             static_cast<int>(form_.norm),         form_.gated ? 1 : 0,
             static_cast<int>(form_.head_norm),    static_cast<int>(precision_of(network))};
    for (const Piece& piece : network.pieces) {
      out_.push_back(static_cast<int>(piece.gate_weight.empty() ? piece.out : 2 * piece.out));
      in_.push_back(static_cast<int>(piece.in));
      factors_.push_back(piece.factors);
      hidden_.push_back(static_cast<int>(piece.out));
      normed_.push_back(piece.normed ? 1 : 0);
    }
  }
  comm.broadcast(facts);
  comm.broadcast(numbers);
  comm.broadcast(out_);
  comm.broadcast(in_);
  comm.broadcast(factors_);
  comm.broadcast(hidden_);
  comm.broadcast(normed_);
  comm.broadcast(roles_.expand);
  comm.broadcast(roles_.compress);
  activation_ = {static_cast<Activation::Kind>(facts[0]), numbers[0]};
  form_ = {static_cast<Norm>(facts[4]), numbers[1], facts[5] != 0, static_cast<Norm>(facts[6])};
  precision_ = static_cast<WeightPrecision>(facts[7]);
  roles_.head = facts[1];
  roles_.width = static_cast<std::size_t>(facts[2]);
  roles_.outputs = static_cast<std::size_t>(facts[3]);
  for (const int piece : roles_.compress)
    hidden_[static_cast<std::size_t>(piece)] = in_[static_cast<std::size_t>(piece)];
  for (std::size_t p = 0; p < out_.size(); ++p) {
    at_.push_back(total_);
    const auto out = static_cast<std::size_t>(out_[p]);
    total_ += 2 * kernels::padded_floats(out * static_cast<std::size_t>(in_[p])) + kernels::padded_floats(out);
  }
}

void SharedWeights::fill(const Network& network) {
  float* const memory = memory_->writable().data();
  for (std::size_t p = 0; p < network.pieces.size(); ++p) {
    const Piece& piece = network.pieces[p];
    const auto rows = static_cast<std::size_t>(out_[p]);
    const std::size_t size = kernels::padded_floats(rows * piece.in);
    float* const weight = memory + at_[p];
    float* const transposed = weight + size;
    const std::size_t first = rows - piece.out;  // behind the gate's
    std::copy(piece.gate_weight.begin(), piece.gate_weight.end(), weight);
    std::copy(piece.weight.begin(), piece.weight.end(), weight + first * piece.in);
    for (std::size_t i = 0; i < rows; ++i) {
      for (std::size_t j = 0; j < piece.in; ++j) transposed[j * rows + i] = weight[i * piece.in + j];
    }
    std::copy(piece.gate_bias.begin(), piece.gate_bias.end(), transposed + size);
    std::copy(piece.bias.begin(), piece.bias.end(), transposed + size + first);
  }
}

kernels::BlockWeights SharedWeights::block(const Block& block) const {
  const float* const memory = memory_->values().data();
  const auto expand = static_cast<std::size_t>(block.expand);
  const auto compress = static_cast<std::size_t>(block.compress);
  const std::size_t in_size = kernels::padded_floats(inner(block.expand) * roles_.width);
  const std::size_t out_size = kernels::padded_floats(hidden(block.expand) * roles_.width);
  const float* const in = memory + at_[expand];
  const float* const out = memory + at_[compress];
  return {in, in + in_size, in + 2 * in_size, out, out + out_size, out + 2 * out_size, normed_[expand] != 0};
}

std::span<const float> SharedWeights::numbers(int piece) const {
  const auto at = static_cast<std::size_t>(piece);
  const std::size_t end = at + 1 < at_.size() ? at_[at + 1] : total_;
  return std::span<const float>(memory_->values()).subspan(at_[at], end - at_[at]);
}

bool SharedWeights::are_equal(const Block& a, const Block& b) const {
  return normed_[static_cast<std::size_t>(a.expand)] == normed_[static_cast<std::size_t>(b.expand)] &&
         inner(a.expand) == inner(b.expand) && std::ranges::equal(numbers(a.expand), numbers(b.expand)) &&
         std::ranges::equal(numbers(a.compress), numbers(b.compress));
}

const float* SharedWeights::head_weight() const {
  return memory_->values().data() + at_[static_cast<std::size_t>(roles_.head)];
}

const float* SharedWeights::head_bias() const {
  return head_weight() + 2 * kernels::padded_floats(roles_.outputs * roles_.width);
}

}  // namespace kintsugi
