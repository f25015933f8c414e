#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "cli/signals.hpp"
#include "cli/solve_log.hpp"
#include "io/file_descriptor.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi::cli {

namespace {

using Json = nlohmann::ordered_json;

constexpr double kSecondsBetweenReports = 5;

class JsonLog final : public LogWriter {
 public:
  JsonLog(std::ostream& out, LogStyle style) : out_(out), style_(style) {}
  /// Owns the stream.
  JsonLog(std::unique_ptr<std::ostream> out, LogStyle style) : own_(std::move(out)), out_(*own_), style_(style) {}

  void begin(const SolveHeader& header, const Network& network) override {
    network_ = &network;
    Json options = Json::object();
    for (const Setting& setting : header.given) options[setting.name] = setting.text;
    Json json{{"record", "start"},           {"version", header.version},  {"build", header.build},
              {"gemm", header.gemm_backend}, {"islands", header.islands},  {"seed", header.seed},
              {"options", options},          {"problem", header.problem},  {"pieces", network.pieces.size()},
              {"rows", header.rows.rows},    {"width", header.rows.width}, {"outputs", header.rows.outputs}};
    for (const ChangedParameter& each : header.changed) json["parameters"][each.name] = each.value;
    if (style_.times) {
      json["host"] = header.host;
      json["ranks"] = header.ranks;
      json["process"] = ::getpid();
    }
    emit(json);
  }

  void on_roles(const Roles& roles) override {
    const HiddenRange hidden = hidden_range(*network_, roles);
    emit({{"record", "network"},
          {"blocks", roles.expand.size()},
          {"width", roles.width},
          {"hidden", {hidden.lowest, hidden.highest}},
          {"outputs", roles.outputs},
          {"activation", to_string(network_->activation)},
          {"head", index_of(roles.head)}});
  }

  void on_settled_roles(const SettledRoles& settled) override {
    emit({{"record", "settled_roles"},
          {"open", settled.open},
          {"loose", settled.loose},
          {"searches", settled.trials},
          {"evaluations", settled.evaluations}});
  }

  void on_pairs(const std::vector<PairScore>& pairs) override {
    Json list = Json::array();
    for (const PairScore& pair : pairs) {
      list.push_back({{"expand", index_of(pair.expand)},
                      {"compress", index_of(pair.compress)},
                      {"score", pair.score},
                      {"runner_up", index_of(pair.runner_up)},
                      {"runner_up_score", pair.runner_up_score},
                      {"margin", pair.score_margin},
                      {"trusted", pair.trusted}});
    }
    emit({{"record", "pairs"}, {"pairs", list}});
  }

  void on_starts(const std::vector<StartOrder>& starts) override {
    Json list = Json::array();
    for (const StartOrder& start : starts) list.push_back({{"name", start.name}, {"mse", start.mse}});
    emit({{"record", "seeds"}, {"seeds", list}});
  }

  void on_step(const TrajectoryEntry& row) override {
    Json json{{"record", "row"},
              {"event", std::string(1, letter(row.event))},
              {"step", row.step},
              {"island", row.island},
              {"rows", row.rows},
              {"mse", row.mse},
              {"best", row.best},
              {"moves", row.moves},
              {"evaluations", row.evaluations}};
    if (style_.times) json["seconds"] = row.seconds;
    emit(json);
  }

  void on_exchange(const ExchangeReport& report) override {
    emit({{"record", "exchange"},
          {"round", report.round},
          {"elites", report.elites},
          {"best", report.best},
          {"same_order", report.same_order},
          {"same_pairs", report.same_pairs}});
  }

  void on_stop(StopReason reason) override { emit({{"record", "stop"}, {"text", describe_stop(reason)}}); }

  void on_resume(const std::string& text) override { emit({{"record", "resume"}, {"text", text}}); }

  void on_memory(const MemoryUse& use) override {
    if (use.root > 0) emit({{"record", "memory"}, {"root_bytes", use.root}, {"other_bytes", use.others}});
  }

  void on_warning(const std::string& text) override { emit({{"record", "warning"}, {"text", text}}); }

  void on_tick(const Progress& progress) override {
    if (!style_.times || progress.seconds() - last_progress_ < kSecondsBetweenReports) return;
    last_progress_ = progress.seconds();
    Json json{{"record", "progress"}, {"doing", progress.what()}, {"elapsed", progress.seconds()}};
    if (progress.has_step()) {
      json["best"] = progress.latest().best;
      json["rows"] = progress.latest().rows;
      json["evaluations"] = progress.latest().evaluations;
      json["rate"] = progress.rate();
    }
    const Sureness& sure = progress.sure();
    if (std::isnan(sure.same_order) && !std::isnan(sure.kept_order)) {
      json["kept_order"] = sure.kept_order;
      json["kept_seconds"] = sure.kept_seconds;
    }
    emit(json);
  }

  [[nodiscard]] bool good() const override { return own_ == nullptr || own_->good(); }

  void finish(const Solution& solution, const SolveEnding& ending) override {
    Json json{
        {"record", "result"},        {"status", to_string(solution.status)},    {"exit", static_cast<int>(ending.code)},
        {"mse", solution.mse},       {"largest_error", solution.largest_error}, {"target", solution.target},
        {"rows", solution.rows},     {"evaluations", solution.evaluations},     {"sha256", solution.sha256},
        {"written", ending.written}, {"text", describe_end(solution)}};
    json["margins"] = describe_margins(solution, *network_);
    for (const Finding& each : solution.diagnosis)
      json["diagnosis"].push_back({{"kind", each.kind}, {"evidence", each.evidence}, {"remedy", each.remedy}});
    if (solution.status == Status::by_weights) json["line"] = line_record(solution);
    if (style_.times) {
      const Times& t = solution.times;
      json["seconds"] = {{"load", t.load},     {"pairing", t.pairing}, {"seeding", t.seeding},
                         {"search", t.search}, {"kernels", t.kernels}, {"collectives", t.collectives},
                         {"check", t.check},   {"total", t.total}};
    }
    emit(json);
  }

 private:
  /// An answer by the weights: how far to trust it, by position and feature, and the answer from the other end.
  static Json line_record(const Solution& solution) {
    const WeightsLine& line = solution.line;
    Json features = Json::array();
    for (const FeatureSmoothness& each : line.features)
      features.push_back({{"name", each.name}, {"side", each.side}, {"smoothness", each.smoothness}});
    return {{"agreement", line.agreement}, {"significance", line.significance},
            {"needed", line.needed},       {"trusted", line.trusted()},
            {"places", line.places},       {"off", line.off},
            {"direction", "open"},         {"reversed", reversed(solution.permutation)},
            {"features", features}};
  }
  void emit(Json json) {
    if (style_.times) json["time"] = time_stamp();
    // A path need not be UTF-8; JSON must be.
    out_ << json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n" << std::flush;
  }
  [[nodiscard]] int index_of(int position) const { return network_->index_of(position); }

  std::unique_ptr<std::ostream> own_;
  std::ostream& out_;
  LogStyle style_;
  double last_progress_ = 0;
  const Network* network_ = nullptr;
};

}  // namespace

std::unique_ptr<LogWriter> make_json_log(std::ostream& out, LogStyle style) {
  return std::make_unique<JsonLog>(out, style);
}

std::unique_ptr<LogWriter> make_json_log(const std::filesystem::path& path, bool append, LogStyle style) {
  auto file = std::make_unique<std::ofstream>(path, append ? std::ios::app : std::ios::trunc);
  if (!*file) throw UsageError("log file '" + path.string() + "': cannot be written: " + system_message(errno));
  return std::make_unique<JsonLog>(std::move(file), style);
}

}  // namespace kintsugi::cli
