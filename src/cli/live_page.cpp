#include "cli/live_page.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <system_error>
#include <utility>

#include "io/atomic_file.hpp"
#include "kintsugi/core/error.hpp"
#include "report/contents.hpp"

namespace kintsugi::cli {

namespace {

constexpr double kSecondsBetween = 5;
constexpr double kTimesItsCost = 100;
// A page is renewed between two steps, and a step of a large network takes long.
constexpr double kSecondsUntilLost = 60;
constexpr double kTimesUntilLost = 3;
constexpr std::size_t kMostLiveRows = 8192;  // more than a curve on the page has points

/// A file that vanishes with this.
struct Passing {
  std::filesystem::path path;
  ~Passing() {
    std::error_code ignored;
    std::filesystem::remove(path, ignored);
  }
};

/// Leaves out every second row that brought nothing, and then every second one.
void thin(std::vector<TrajectoryEntry>& rows) {
  std::vector<TrajectoryEntry> kept;
  kept.reserve(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const bool better = i == 0 || rows[i].best < rows[i - 1].best || rows[i].rows != rows[i - 1].rows;
    if (better || i % 2 == 0) kept.push_back(rows[i]);
  }
  if (kept.size() == rows.size()) {
    kept.clear();
    for (std::size_t i = 0; i < rows.size(); i += 2) kept.push_back(rows[i]);
  }
  rows = std::move(kept);
}

}  // namespace

LivePage::LivePage(std::filesystem::path page, std::function<void(const Solution&, const std::filesystem::path&)> write)
    : page_(std::move(page)), write_(std::move(write)) {
  if (!report::html_available())
    throw UsageError("--live: this program was built without D3, which pages are drawn with");
}

void LivePage::on_step(const TrajectoryEntry& entry) {
  rows_.push_back(entry);
  if (rows_.size() >= kMostLiveRows) thin(rows_);
}

bool LivePage::due() const { return since_last_.seconds() >= pause_; }

void LivePage::renew(Solution so_far) {
  so_far.trajectory = rows_;
  if (!rows_.empty()) so_far.evaluations = rows_.back().evaluations;
  if (renewed_) longest_ = std::max(longest_, since_last_.seconds());
  renewed_ = true;
  put(so_far, true);
}

void LivePage::put(const Solution& solution, bool goes_on) {
  const Stopwatch cost;
  std::filesystem::path beside = page_;
  const Passing passing{beside += ".solution"};
  write_(solution, passing.path);
  const report::Report report = report::read_report(passing.path);
  std::optional<report::Live> live;
  if (goes_on) {
    const std::chrono::duration<double> now = std::chrono::system_clock::now().time_since_epoch();
    const double next = std::max(longest_, 2 * kTimesItsCost * cost.seconds());
    live = {.renewed = now.count(), .within = kSecondsUntilLost + kTimesUntilLost * next};
  }
  write_file_atomically(page_, report::to_html(report, live));
  pause_ = std::max(kSecondsBetween, kTimesItsCost * cost.seconds());
  since_last_.restart();
}

}  // namespace kintsugi::cli
