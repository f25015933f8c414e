#include "cli/progress.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <ctime>

#include "cli/text.hpp"
#include "kintsugi/core/assembly.hpp"
#include "kintsugi/core/event.hpp"

namespace kintsugi::cli {

namespace {

constexpr double kRateSeconds = 30;
constexpr double kSecondsBetweenMarks = 0.5;
constexpr double kSecondsBetweenOrders = 3;
constexpr double kOrderSeconds = 30;  // the order of so long ago is compared with

std::string_view words_of(Event event) {
  for (const EventName& name : kEventNames) {
    if (name.event == event) return name.words;
  }
  return "search";
}

/// NaN where they have no pairs, or not the same blocks.
double share_in_same_order(const std::vector<int>& a, const std::vector<int>& b) {
  std::vector<int> sorted = a;
  std::ranges::sort(sorted);
  const auto ranks = [&](const std::vector<int>& order) {
    std::vector<int> of;
    of.reserve(order.size());
    for (const int block : order)
      of.push_back(static_cast<int>(std::ranges::lower_bound(sorted, block) - sorted.begin()));
    return of;
  };
  if (a.size() < 2 || !std::ranges::is_permutation(a, b)) return Sureness::kUnknown;
  const double pairs = static_cast<double>(a.size()) * static_cast<double>(a.size() - 1) / 2;
  return 1 - static_cast<double>(kendall_distance(ranks(a), ranks(b))) / pairs;
}

}  // namespace

void Progress::on_pairs(const std::vector<PairScore>& pairs) {
  sure_.pairs = pairs.size();
  sure_.sure_pairs = 0;
  for (const PairScore& pair : pairs) sure_.sure_pairs += pair.trusted ? 1 : 0;
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
  if (report.elites > 1) sure_.same_order = report.same_order;
}

bool Progress::order_due() const {
  return std::isnan(sure_.same_order) && has_step() && seconds() - last_order_ >= kSecondsBetweenOrders;
}

void Progress::on_order(const std::vector<int>& permutation) {
  const double now = seconds();
  last_order_ = now;
  std::vector<int> blocks;
  for (std::size_t i = 0; i + 1 < permutation.size(); i += 2) blocks.push_back(permutation[i]);
  if (orders_.empty() || orders_.back().blocks != blocks) orders_.push_back({now, std::move(blocks)});
  while (orders_.size() > 1 && now - orders_[1].seconds >= kOrderSeconds) orders_.pop_front();
  sure_.kept_order = share_in_same_order(orders_.front().blocks, orders_.back().blocks);
  sure_.kept_seconds =
      orders_.size() == 1 ? now - orders_.front().seconds : std::min(now - orders_.front().seconds, kOrderSeconds);
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

std::string pair_sureness_text(const Sureness& sure) {
  return sure.pairs == 0 ? "" : format("%zu/%zu pairs sure", sure.sure_pairs, sure.pairs);
}

std::string order_sureness_text(const Sureness& sure) {
  if (!std::isnan(sure.same_order)) return format("islands agree on %.0f %%", 100 * sure.same_order);
  // Of the first seconds nothing can be said.
  if (std::isnan(sure.kept_order) || !(sure.kept_seconds >= kSecondsBetweenOrders)) return "";
  if (sure.kept_order == 1) return "order unchanged for " + clock_text(sure.kept_seconds);
  constexpr double kPlaces = 1000;  // 99.95 % is not all
  return format("order %.3g %% as ", std::floor(kPlaces * sure.kept_order) / kPlaces * 100) +
         clock_text(sure.kept_seconds) + " ago";
}

std::string sureness_text(const Sureness& sure) {
  std::vector<std::string> parts{pair_sureness_text(sure), order_sureness_text(sure)};
  std::erase(parts, "");
  return join(parts, ", ");
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
