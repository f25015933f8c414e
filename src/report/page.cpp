// Puts a page together from its parts. The numbers are JSON in a script element that is not run.

#include <array>
#include <cmath>
#include <map>
#include <string_view>

#include "kintsugi/core/error.hpp"
#include "report/assets.hpp"
#include "report/page_data.hpp"

namespace kintsugi::report {

namespace {

constexpr std::string_view kLibrary = "d3.min.js";

/// JSON that may stand in HTML: no text in it can end the element or open another.
std::string embeddable(const nlohmann::ordered_json& data) {
  // Texts may come from files' names, which need not be UTF-8.
  const std::string text = data.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  std::string safe;
  safe.reserve(text.size());
  for (const char c : text) {
    if (c == '<') {
      safe += "\\u003c";
    } else {
      safe += c;
    }
  }
  return safe;
}

/// The template with every {{name}} replaced, once: what is put in is not looked at again.
std::string fill(std::string_view page, const std::map<std::string_view, std::string>& parts) {
  std::string result;
  while (true) {
    const std::size_t open = page.find("{{");
    const std::size_t close = page.find("}}", open);
    if (open == std::string_view::npos || close == std::string_view::npos) return result.append(page);
    result.append(page.substr(0, open));
    const auto part = parts.find(page.substr(open + 2, close - open - 2));
    if (part == parts.end()) throw InternalError("the report's template names an unknown part");
    result.append(part->second);
    page.remove_prefix(close + 2);
  }
}

}  // namespace

bool html_available() { return !asset(kLibrary).empty(); }

std::string make_page(std::span<const std::string_view> scripts, const nlohmann::ordered_json& data) {
  if (!html_available()) {
    throw UsageError(
        "this program was built without D3, which pages are drawn with; --format text needs none (to build with it: "
        "Debian's package node-d3, or -DKINTSUGI_D3=FILE)");
  }
  std::string all;
  for (const std::string_view name : scripts) all.append(asset(name));
  return fill(asset("page.html"), {{"style", std::string(asset("style.css"))},
                                   {"library", std::string(asset(kLibrary))},
                                   {"scripts", std::move(all)},
                                   {"data", embeddable(data)}});
}

std::string to_html(const Report& report, const std::optional<Live>& live) {
  constexpr std::array<std::string_view, 12> kScripts{"core.js",    "charts.js",  "live.js",  "verdict.js",
                                                      "network.js", "pairing.js", "order.js", "depth.js",
                                                      "search.js",  "study.js",   "words.js", "page.js"};
  constexpr double kSecondsBetweenLoads = 5;
  constexpr double kMilliseconds = 1000;
  nlohmann::ordered_json data = page_data(report);
  if (live) {
    data["live"] = {{"renewed", std::round(kMilliseconds * live->renewed)},
                    {"within", live->within},
                    {"between", kSecondsBetweenLoads}};
  }
  return make_page(kScripts, data);
}

}  // namespace kintsugi::report
