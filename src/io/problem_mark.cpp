#include "io/problem_mark.hpp"

#include <algorithm>
#include <span>
#include <vector>

#include "kintsugi/core/error.hpp"
#include "kintsugi/io/problem_file.hpp"
#include "kintsugi/io/solution_file.hpp"

namespace kintsugi {

void put_problem_mark(h5::Image& image, const ProblemFingerprint& problem) {
  image.attribute(image.root(), "problem_weights", problem.weights);
  image.attribute(image.root(), "problem_rows", problem.rows);
  image.attribute(image.root(), "problem_activation", problem.activation);
}

std::optional<ProblemFingerprint> read_problem_mark(const h5::Group& root) {
  if (!h5::has_attribute(root, "problem_weights")) return std::nullopt;
  return ProblemFingerprint{h5::text_attribute(root, "problem_weights"), h5::text_attribute(root, "problem_rows"),
                            h5::text_attribute(root, "problem_activation")};
}

bool names_problem(const std::filesystem::path& file) {
  return h5::is_hdf5(file) && read_problem_mark(h5::Reader(file).root()).has_value();
}

namespace {

std::vector<float> rounded(const std::vector<double>& values) { return {values.begin(), values.end()}; }

/// Rows of a file in float32, infinite where they are too large for it.
class RoundedRows final : public RowSource {
 public:
  explicit RoundedRows(const ProblemFile& problem) : problem_(problem) {}
  [[nodiscard]] RowShape shape() const override { return problem_.shape(); }
  void read(std::size_t first, std::size_t count, std::span<float> inputs, std::span<float> predictions) override {
    const RowsF64 rows = problem_.read_f64(first, count);
    std::ranges::copy(rounded(rows.inputs), inputs.begin());
    std::ranges::copy(rounded(rows.predictions), predictions.begin());
  }

 private:
  const ProblemFile& problem_;
};

}  // namespace

ProblemFingerprint problem_fingerprint(const NetworkF64& network, const ProblemFile& problem) {
  Network single;
  single.activation = network.activation;
  single.form = network.form;
  for (const PieceF64& piece : network.pieces) {
    single.pieces.push_back({piece.index, piece.out, piece.in, rounded(piece.weight), rounded(piece.bias), "",
                             rounded(piece.gate_weight), rounded(piece.gate_bias), piece.normed});
  }
  RoundedRows rows(problem);
  return problem_fingerprint(single, rows);
}

void require_same_problem(const std::filesystem::path& file, const ProblemFingerprint& problem) {
  if (!h5::is_hdf5(file)) return;
  const h5::Reader reader(file);
  const std::optional<ProblemFingerprint> mark = read_problem_mark(reader.root());
  const std::string difference = mark ? differences(*mark, problem) : "";
  if (!difference.empty()) throw InputError(reader.name() + ": " + difference);
}

}  // namespace kintsugi
