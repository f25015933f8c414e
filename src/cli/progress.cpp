#include "cli/progress.hpp"

#include <array>
#include <chrono>
#include <cmath>
#include <ctime>

#include "cli/text.hpp"
#include "kintsugi/core/event.hpp"

namespace kintsugi::cli {

namespace {

constexpr double kRateSeconds = 30;
constexpr double kSecondsBetweenMarks = 0.5;

std::string_view words_of(Event event) {
  for (const EventName& name : kEventNames) {
    if (name.event == event) return name.words;
  }
  return "search";
}

}  // namespace

void Progress::on_pairs(const std::vector<PairScore>& pairs) {
  pairs_ = pairs.size();
  sure_pairs_ = 0;
  for (const PairScore& pair : pairs) sure_pairs_ += pair.trusted ? 1 : 0;
}

void Progress::on_step(const TrajectoryEntry& entry) {
  latest_ = entry;
  doing_ = format("step %lld: ", static_cast<long long>(entry.step)) + std::string(words_of(entry.event));
  const double now = seconds();
  if (!recent_.empty() && now - recent_.back().seconds < kSecondsBetweenMarks) return;
  recent_.push_back({now, entry.evaluations});
  while (recent_.size() > 2 && now - recent_[1].seconds > kRateSeconds) recent_.pop_front();
}

void Progress::on_exchange(const ExchangeReport& report) {
  if (report.elites > 1) same_order_ = report.same_order;
}

double Progress::rate() const {
  if (recent_.empty()) return 0;
  const double passed = seconds() - recent_.front().seconds;
  return passed > 0 ? static_cast<double>(latest_.evaluations - recent_.front().evaluations) / passed : 0;
}

std::string clock_text(double seconds) {
  const auto whole = static_cast<long long>(seconds);
  if (whole < 60) return format("%lld s", whole);
  const long long minutes = whole / 60;
  const long long hours = minutes / 60;
  if (hours == 0) return format("%lld:%02lld", minutes, whole % 60);
  if (hours < 24) return format("%lld:%02lld:%02lld", hours, minutes % 60, whole % 60);
  return format("%lld-%02lld:%02lld:%02lld", hours / 24, hours % 24, minutes % 60, whole % 60);
}

std::string rate_text(double per_second) {
  if (!(per_second > 0)) return "";
  return per_second >= 1 ? format("%.0f evals/s", per_second) : format("%.2g evals/min", 60 * per_second);
}

std::string sureness_text(std::size_t pairs, std::size_t sure_pairs, double same_order) {
  if (pairs == 0) return "";
  std::string text = format("%zu/%zu pairs sure", sure_pairs, pairs);
  if (!std::isnan(same_order)) text += format(", islands agree on %.0f %%", 100 * same_order);
  return text;
}

namespace {

std::string formatted(std::chrono::system_clock::time_point now, const char* pattern) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  std::tm parts{};
  std::array<char, 32> text{};
  if (gmtime_r(&seconds, &parts) == nullptr) return "";
  return {text.data(), std::strftime(text.data(), text.size(), pattern, &parts)};
}

}  // namespace

std::string time_of_day() { return formatted(std::chrono::system_clock::now(), "%H:%M:%S"); }

std::string date_and_time() { return formatted(std::chrono::system_clock::now(), "%Y-%m-%d %H:%M:%S UTC"); }

std::string time_stamp() {
  const auto now = std::chrono::system_clock::now();
  const auto milliseconds =
      std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count() % 1000;
  return formatted(now, "%Y-%m-%dT%H:%M:%S") + format(".%03lldZ", static_cast<long long>(milliseconds));
}

}  // namespace kintsugi::cli
