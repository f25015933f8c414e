// kintsugi generate: a synthetic shuffled network, planted or trained, and its answer in a file of its own.

#include <algorithm>
#include <iostream>
#include <optional>

#include "cli/build_info.hpp"
#include "cli/command.hpp"
#include "cli/generate_options.hpp"
#include "cli/generate_report.hpp"
#include "cli/signals.hpp"
#include "cli/text.hpp"
#include "core/part_rules.hpp"
#include "core/stopwatch.hpp"
#include "io/atomic_file.hpp"
#include "io/problem_writer.hpp"
#include "io/table.hpp"
#include "kintsugi/core/error.hpp"
#include "kintsugi/mpi/comm.hpp"

namespace kintsugi::cli {

namespace {

/// Rows that delta-norm is measured on.
constexpr std::size_t kStudyRows = 512;

/// For the ranks that write nothing.
class NoFile : public PlantedSink {
 public:
  void block(std::size_t, ResidualBlock) override {}
  void head(Piece, std::optional<Piece>) override {}
  void rows(std::size_t, std::span<const float>, std::span<const float>) override {}
};

/// Puts the parts of a network, in depth order, where the answer says, and looks at them in passing.
class ShuffledFile final : public NoFile {
 public:
  ShuffledFile(const std::filesystem::path& path, const ProblemLayout& layout, const Assembly& truth,
               std::span<const int> parts, std::span<const float> study_inputs, bool quiet)
      : writer_(path, layout),
        truth_(truth),
        parts_(parts.begin(), parts.end()),
        study_(study_inputs, layout.rows.width, layout.activation, layout.form),
        quiet_(quiet) {}

  /// A line at times, where it takes long.
  void progress(std::size_t blocks) override {
    constexpr double kSecondsBetweenLines = 10;
    if (quiet_ || since_last_line_.seconds() < kSecondsBetweenLines) return;
    std::cerr << format("block %zu of %zu\n", blocks, truth_.blocks.size());
    since_last_line_.restart();
  }
  void block(std::size_t number, ResidualBlock block) override {
    study_.add(block);
    write(block.expand, truth_.blocks[number].expand);
    write(block.compress, truth_.blocks[number].compress);
    for (auto& [kind, part] : block.parts) write(part, parts_[next_part_++]);
  }
  void head(Piece head, std::optional<Piece> norm) override {
    write(head, truth_.head);
    if (norm) write(*norm, parts_.back());
  }
  void rows(std::size_t first, std::span<const float> inputs, std::span<const float> predictions) override {
    writer_.write_inputs(first, inputs);
    writer_.write_predictions(first, predictions);
  }
  void targets(std::span<const float> values) { writer_.write_targets(0, values); }
  void finish() { writer_.finish(); }
  [[nodiscard]] DepthCorrelations depth() const { return study_.correlations(); }

 private:
  void write(Piece& piece, int index) {
    piece.index = index;
    writer_.write_piece(piece);
  }

  ProblemWriter writer_;
  const Assembly& truth_;
  std::vector<int> parts_;
  std::size_t next_part_ = 0;  // blocks come in their order
  DepthStudy study_;
  bool quiet_;
  Stopwatch since_last_line_;
};

class GenerateCommand final : public Command {
 public:
  std::string name() const override { return "generate"; }
  std::string summary() const override { return "Makes a synthetic shuffled network, planted or trained"; }
  [[nodiscard]] std::string description() const override {
    return "Makes a shuffled problem and, in a file of its own, its answer: planted, with weights drawn at random, or "
           "trained by gradient steps. Equal options and seeds give equal files for any number of ranks.";
  }
  [[nodiscard]] std::vector<Example> examples() const override {
    return {{"kintsugi generate -o problem.h5 --answer truth.txt", "48 planted blocks"},
            {"kintsugi generate -o hard.h5 --answer hard.txt --pair-signal 0 --depth none",
             "one whose weights tell nothing"},
            {"mpirun -np 2 kintsugi generate -o t.h5 --answer t.txt --kind trained", "a trained one"}};
  }
  bool parallel() const override { return true; }
  void declare(OptionTable& options) override { options_.declare(options); }
  ExitCode run(const Settings& settings) override;

 private:
  [[nodiscard]] ProblemLayout layout(const Assembly& truth, std::span<const int> parts,
                                     const std::vector<std::size_t>& hidden, const RowShape& rows,
                                     const Settings& settings) const;
  [[nodiscard]] std::vector<int> shuffle_parts() const {
    const PlantedOptions& o = options_.network;
    return kintsugi::shuffle_parts(o.blocks, o.grammar.parts(o.blocks), o.seed);
  }
  [[nodiscard]] Rows read_task() const;
  void make_planted(const mpi::Comm& world, const Settings& settings);
  void make_trained(const mpi::Comm& world, const Settings& settings);
  void deliver(ShuffledFile& file, const GeneratedFacts& facts) const;

  GenerateOptions options_;
};

/// The parts of a network's blocks among its pieces.
void lay_out_parts(const Assembly& truth, const GrammarOptions& grammar, std::span<const int> parts, bool biases,
                   ProblemLayout& layout) {
  layout.form = grammar.form;
  layout.pieces.resize(layout.pieces.size() + parts.size());
  std::size_t next = 0;
  const auto lay_out = [&](PartKind kind, int owner, std::size_t rows, bool bias) {
    PieceShape& shape = layout.pieces[static_cast<std::size_t>(parts[next++])];
    shape.part = kind;
    shape.owner = owner;
    shape.out = rows;
    shape.in = rule_of(kind).flat ? 1 : layout.rows.width;
    shape.bias = biases && bias;
  };
  for (std::size_t t = 0; t < truth.blocks.size(); ++t) {
    const Block& block = truth.blocks[t];
    const std::size_t hidden = layout.pieces[static_cast<std::size_t>(block.expand)].out;
    for (const PartKind kind : grammar.kinds(t)) {
      const PartRule& rule = rule_of(kind);
      lay_out(kind, rule.owner == PartOwner::compress ? block.compress : block.expand,
              rule.flat ? layout.rows.width : hidden,
              !rule.flat || (kind == PartKind::norm && rule_of(grammar.form.norm).shifted));
    }
  }
  if (grammar.head_gain())
    lay_out(PartKind::head_norm, truth.head, layout.rows.width, rule_of(grammar.form.head_norm).shifted);
}

ProblemLayout GenerateCommand::layout(const Assembly& truth, std::span<const int> parts,
                                      const std::vector<std::size_t>& hidden, const RowShape& rows,
                                      const Settings& settings) const {
  ProblemLayout result;
  result.activation = options_.network.activation;
  result.rows = rows;
  result.targets = !options_.planted();
  result.pieces.resize(2 * truth.blocks.size() + 1);
  const auto place = [&](int index, std::size_t out, std::size_t in) {
    result.pieces[static_cast<std::size_t>(index)] = {out, in, options_.network.biases};
  };
  for (std::size_t t = 0; t < truth.blocks.size(); ++t) {
    place(truth.blocks[t].expand, hidden[t], rows.width);
    place(truth.blocks[t].compress, rows.width, hidden[t]);
  }
  place(truth.head, rows.outputs, rows.width);
  lay_out_parts(truth, options_.network.grammar, parts, options_.network.biases, result);

  // Not the seed: whoever has it can make the answer again.
  const std::vector<std::string> left_out{"output", "answer", "seed", "check-pairs", "quiet"};
  std::vector<std::string> words;
  for (const Setting& setting : settings.given()) {
    if (std::ranges::find(left_out, setting.name) == left_out.end()) words.push_back(setting.name + "=" + setting.text);
  }
  result.provenance = {{"generated", options_.kind}, {"generator_options", join(words, " ")}};
  result.provenance.merge(provenance_of_run(false));
  return result;
}

void GenerateCommand::make_planted(const mpi::Comm& world, const Settings& settings) {
  const PlantedOptions& o = options_.network;
  GeneratedFacts facts{shuffle_pieces(o.blocks, o.seed), {o.rows, o.width, o.outputs}, {}, {}, 0, 0};
  std::optional<PlantedRecipe> recipe;
  std::optional<ShuffledFile> file;
  world.agree([&] {
    recipe.emplace(o);
    if (!world.root()) return;
    std::vector<std::size_t> hidden;
    for (std::size_t t = 0; t < o.blocks; ++t) hidden.push_back(recipe->hidden(t));
    std::vector<float> inputs(std::min(kStudyRows, o.rows) * o.width);
    recipe->inputs(0, inputs.size() / o.width, inputs);
    const std::vector<int> parts = shuffle_parts();
    file.emplace(options_.output, layout(facts.truth, parts, hidden, facts.rows, settings), facts.truth, parts, inputs,
                 options_.quiet);
  });
  NoFile nowhere;
  facts.truth_error = plant_network(world, *recipe, file ? *file : nowhere);
  world.agree([&] {
    if (!file) return;
    facts.depth = file->depth();
    deliver(*file, facts);
  });
}

Rows GenerateCommand::read_task() const {
  if (options_.data.empty()) return make_teacher_task(options_.teacher);
  const RowsF64 read = read_table(options_.data).rows;
  const std::vector<double>& targets = read.targets.empty() ? read.predictions : read.targets;
  Rows task;
  task.shape = read.shape;
  const auto narrow = [](double value) { return static_cast<float>(value); };
  std::ranges::transform(read.inputs, std::back_inserter(task.inputs), narrow);
  std::ranges::transform(targets, std::back_inserter(task.targets), narrow);
  return task;
}

void GenerateCommand::make_trained(const mpi::Comm& world, const Settings& settings) {
  Rows task;
  world.agree([&] { task = read_task(); });
  const std::int64_t steps = options_.train.steps;
  const std::int64_t interval = std::max<std::int64_t>(1, steps / 10);
  double sum = 0;
  const TrainedProblem trained = train_network(world, task, options_.train, [&](std::int64_t step, double loss) {
    sum += loss;
    if (step % interval != 0) return;
    if (world.root() && !options_.quiet) {
      std::cerr << format("step %lld of %lld, loss %.6g\n", static_cast<long long>(step), static_cast<long long>(steps),
                          sum / static_cast<double>(interval));
    }
    sum = 0;
  });
  world.agree([&] {
    if (!world.root()) return;
    const SyntheticProblem& problem = trained.problem;
    const std::vector<Block>& blocks = problem.truth.blocks;
    const RowShape& rows = problem.rows.shape;
    const auto piece = [&](int position) { return problem.network.pieces[static_cast<std::size_t>(position)]; };
    std::vector<std::size_t> hidden;
    for (const Block& block : blocks) hidden.push_back(piece(block.expand).out);
    const std::vector<int> parts = shuffle_parts();
    ShuffledFile file(options_.output, layout(problem.truth, parts, hidden, rows, settings), problem.truth, parts,
                      std::span(problem.rows.inputs).first(std::min(kStudyRows, rows.rows) * rows.width),
                      options_.quiet);
    const GrammarOptions& grammar = options_.train.grammar;
    auto part = problem.network.parts.begin();
    for (std::size_t t = 0; t < blocks.size(); ++t) {
      ResidualBlock block{piece(blocks[t].expand), piece(blocks[t].compress), {}, grammar.normed(t)};
      for (std::size_t i = grammar.kinds(t).size(); i > 0; --i, ++part)
        block.parts.emplace_back(part->kind, part->piece);
      file.block(t, std::move(block));
    }
    std::optional<Piece> head_norm;
    if (grammar.head_gain()) head_norm = part->piece;
    file.head(piece(problem.truth.head), std::move(head_norm));
    file.rows(0, problem.rows.inputs, problem.rows.predictions);
    file.targets(problem.rows.targets);
    deliver(file, {problem.truth, rows, file.depth(), trained.truth_error, trained.loss_before, trained.loss_after});
  });
}

/// Both files, or none where the disk does not take the answer or the problem; then the report.
void GenerateCommand::deliver(ShuffledFile& file, const GeneratedFacts& facts) const {
  throw_if_stopped();
  AtomicFile answer(options_.answer);
  answer.write(format_permutation(to_permutation(facts.truth)) + "\n");
  file.finish();
  answer.commit();
  if (!options_.quiet) report_generated(std::cout, options_, facts);
}

ExitCode GenerateCommand::run(const Settings& settings) {
  note_signals();
  const mpi::Comm world = mpi::Comm::world();
  const mpi::SharedStop stop(world, stop_sources(world.root() && !options_.quiet));
  world.agree([&] { options_.complete(settings); });
  if (options_.planted()) {
    make_planted(world, settings);
  } else {
    make_trained(world, settings);
  }
  return ExitCode::success;
}

}  // namespace

std::unique_ptr<Command> make_generate_command() { return std::make_unique<GenerateCommand>(); }

}  // namespace kintsugi::cli
