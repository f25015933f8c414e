#include "cli/generate_options.hpp"

#include <algorithm>
#include <limits>
#include <vector>

#include "cli/text.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi::cli {

namespace {

/// Options that mean nothing for the other kind of network.
const std::vector<std::string> kPlantedOnly{"pair-signal", "depth",    "depth-range", "depth-jitter",
                                            "drift",       "residual", "noise",       "decimals"};
const std::vector<std::string> kTrainedOnly{"data",    "optimizer", "learning-rate", "weight-decay",  "momentum",
                                            "warm-up", "steps",     "batch",         "teacher-noise", "initial-scale"};
/// Options that the rows of a file decide.
const std::vector<std::string> kDecidedByData{"width", "outputs", "rows", "teacher-noise"};

Value size(std::size_t& target, std::int64_t lowest, std::int64_t highest = kMostSize) {
  return {std::to_string(target), [&target, lowest, highest](const std::string& given) {
            target = static_cast<std::size_t>(parse_integer(given, lowest, highest));
          }};
}

/// "96", or "96,64,96".
Value size_list(std::vector<std::size_t>& target) {
  std::vector<std::string> words;
  for (const std::size_t value : target) words.push_back(std::to_string(value));
  return {join(words, ","), [&target](const std::string& given) {
            target.clear();
            for (std::size_t first = 0; first <= given.size();) {
              const std::size_t end = std::min(given.find(',', first), given.size());
              target.push_back(static_cast<std::size_t>(parse_integer(given.substr(first, end - first), 1, kMostSize)));
              first = end + 1;
            }
          }};
}

}  // namespace

GenerateOptions::GenerateOptions() : depth_(to_string(network.depth)), optimizer_(to_string(train.optimizer.kind)) {
  network.rows = 10000;
  // With these, 48 blocks of width 48 take some 40 seconds on two cores and show the negative diagonal of real
  // networks.
  train.steps = 6000;
  train.batch = 128;
  train.optimizer.learning_rate = 0.004;
  train.optimizer.warm_up = 200;
}

void GenerateOptions::declare(OptionTable& options) {
  options.required_option("output,o", "FILE", "the problem file to write (problem.h5)", output_path(output));
  options.required_option("answer", "FILE", "the text file to write the permutation to", output_path(answer));
  options.option("kind", "KIND", "planted: weights drawn at random, with the knobs below; trained: by gradient steps",
                 choice(kind, {"planted", "trained"}));
  options.option("blocks", "N", "blocks", size(network.blocks, 1));
  options.option("width", "N", "size of the state", size(network.width, 1));
  options.option("hidden", "N,...", "hidden sizes of the blocks in depth order, repeated from the start",
                 size_list(network.hidden));
  options.option("outputs", "N", "predictions per row", size(network.outputs, 1));
  options.option("rows", "N", "rows of data", size(network.rows, 2, kMostRows));
  options.option("activation", "NAME", "function between a block's two pieces: " + activation_names(),
                 activation(network.activation));
  options.option("norm", "KIND", "what stands in front of each block: none, layer (LayerNorm), rms (RMSNorm)",
                 choice(norm_, norm_names()));
  options.option("head-norm", "KIND", "what stands in front of the head", choice(head_norm_, norm_names()));
  options.option("norm-eps", "X", "what the norms add to the variance or mean square", number(eps_, 0));
  options.option("gain", "BOOL", "whether norms have a gain, and LayerNorm a bias", toggle(network.grammar.gain));
  options.option("gate", "BOOL", "whether blocks are gated: act(W_gate x) * W_in x",
                 toggle(network.grammar.form.gated));
  options.option("scale", "BOOL", "whether what a block adds to the state is scaled, feature by feature",
                 toggle(network.grammar.scale));
  options.option("parts-share", "X",
                 "of the blocks that have a norm, and likewise a gate and a scale, where some have; the first has all",
                 number(network.grammar.share, 0));
  options.option("copies", "N", "blocks that are exact copies of others; of a trained network, tied in training",
                 size(network.copies, 0));
  options.option("biases", "BOOL", "whether pieces have biases", toggle(network.biases));
  options.option("seed", "N", "of all random numbers; equal options and seeds give equal files for any number of ranks",
                 unsigned_integer(network.seed));
  declare_planted(options);
  declare_trained(options);
  options.option("check-pairs", "WHEN",
                 "count the pairs that the weights get wrong: yes, no, or auto: where the pieces take at most 256 MiB",
                 choice(check_pairs, {"auto", "yes", "no"}));
  options.toggle("quiet,q", "print errors only", quiet);
}

void GenerateOptions::declare_planted(OptionTable& options) {
  options.option("pair-signal", "X", "planted: expected |tr P| / ||P|| of P = W_out W_in of the true pairs; 0: none",
                 number(network.pair_signal, 0));
  options.option("depth", "TREND", "planted: how the norm of W_out goes with depth: none, growing, shrinking",
                 choice(depth_, {"none", "growing", "shrinking"}));
  options.option("depth-range", "X", "planted: natural logarithm of the largest norm of the trend over its smallest",
                 number(network.depth_range, 0));
  options.option("depth-jitter", "X", "planted: standard deviation of the norm's logarithm about the trend",
                 number(network.depth_jitter, 0));
  options.option("drift", "X",
                 "planted: how strongly neighbours in depth have alike weights: standard deviation of logarithms by "
                 "which columns of W_in and rows of W_out change smoothly; 0: not",
                 number(network.drift, 0));
  options.option("residual", "X",
                 "planted: size of a block's step relative to the state; the smaller, the more nearly blocks commute; "
                 "0: the smaller of 0.1 and 1 / sqrt(blocks)",
                 number(network.residual, 0));
  options.option("noise", "X", "planted: noise on the predictions, relative to their standard deviation",
                 number(network.noise, 0));
  options.option("decimals", "N", "planted: round the predictions to so many decimals; -1: not",
                 integer(network.decimals, -1, 15));
}

void GenerateOptions::declare_trained(OptionTable& options) {
  options.option("data", "CSV",
                 "trained: rows to train on, columns measurement_0, ..., and true (or else pred) as the target; "
                 "without it, a task made up from a random network",
                 input_path(data));
  options.option("teacher-noise", "X", "trained: noise in the targets of the made-up task, relative to their spread",
                 number(teacher.noise, 0));
  options.option(
      "initial-scale", "X",
      "trained: size of the compress pieces' first weights, relative to those of PyTorch's nn.Linear; beyond a "
      "hundred blocks, 0.1 or so keeps the network from exploding",
      number(train.initial_scale, 0));
  options.option("optimizer", "NAME", "trained: adam, adamw, sgd (with momentum)",
                 choice(optimizer_, {"adam", "adamw", "sgd"}));
  options.option("learning-rate", "X", "trained: learning rate", number(train.optimizer.learning_rate, 0));
  options.option("weight-decay", "X", "trained: weight decay, decoupled for adamw",
                 number(train.optimizer.weight_decay, 0));
  options.option("momentum", "X", "trained: momentum of sgd", number(train.optimizer.momentum, 0));
  options.option("warm-up", "N", "trained: steps over which the learning rate grows to its value",
                 integer(train.optimizer.warm_up, std::int64_t{0}));
  options.option("steps", "N", "trained: steps; 0: the network stays untrained", integer(train.steps, std::int64_t{0}));
  options.option("batch", "N", "trained: rows per step", size(train.batch, 1, kMostRows));
}

void GenerateOptions::refuse_idle_options(const Settings& settings) const {
  const auto refuse = [&](const std::vector<std::string>& names, const std::string& reason) {
    for (const Setting& setting : settings.given()) {
      if (std::ranges::find(names, setting.name) == names.end()) continue;
      throw UsageError("option '" + setting.name + "' (" + setting.source + ") " + reason);
    }
  };
  refuse(planted() ? kTrainedOnly : kPlantedOnly, "has no meaning for a " + kind + " network");
  if (!data.empty()) refuse(kDecidedByData, "cannot be given with 'data', which decides it");
}

void GenerateOptions::complete(const Settings& settings) {
  refuse_idle_options(settings);
  network.depth = parse_depth_trend(depth_);
  network.grammar.form.norm = parse_norm(norm_);
  network.grammar.form.head_norm = parse_norm(head_norm_);
  network.grammar.seed = network.seed;
  if (!(eps_ > 0)) throw UsageError("option 'norm-eps' must be above 0");
  network.grammar.form.eps = eps_;
  train.grammar = network.grammar;
  train.optimizer.kind = parse_optimizer(optimizer_);
  train.blocks = network.blocks;
  train.hidden = network.hidden;
  train.activation = network.activation;
  train.biases = network.biases;
  train.copies = network.copies;
  train.seed = network.seed;
  teacher.rows = network.rows;
  teacher.width = network.width;
  teacher.outputs = network.outputs;
  teacher.seed = network.seed;
}

}  // namespace kintsugi::cli
