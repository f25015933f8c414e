#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

namespace kintsugi {

/// Sizes of a data set: rows N, width d of an input row, outputs k of a prediction row.
struct RowShape {
  std::size_t rows = 0;
  std::size_t width = 0;
  std::size_t outputs = 0;
};

/// Rows in memory, row-major: inputs [N x d], predictions [N x k], targets [N x k] or empty.
template <class Real>
struct BasicRows {
  RowShape shape;
  std::vector<Real> inputs;
  std::vector<Real> predictions;
  std::vector<Real> targets;
};

using Rows = BasicRows<float>;
using RowsF64 = BasicRows<double>;

/// Where the solver's rows come from. Not collective: each rank reads the slabs it wants from its own source.
class RowSource {
 public:
  virtual ~RowSource() = default;
  [[nodiscard]] virtual RowShape shape() const = 0;
  /// Rows [first, first + count) into `inputs` [count x d] and `predictions` [count x k], row-major.
  virtual void read(std::size_t first, std::size_t count, std::span<float> inputs, std::span<float> predictions) = 0;
};

/// Rows that are already in memory.
class MemoryRows final : public RowSource {
 public:
  explicit MemoryRows(std::shared_ptr<const Rows> rows) : rows_(std::move(rows)) {}
  [[nodiscard]] RowShape shape() const override { return rows_->shape; }
  void read(std::size_t first, std::size_t count, std::span<float> inputs, std::span<float> predictions) override;

 private:
  std::shared_ptr<const Rows> rows_;
};

}  // namespace kintsugi
