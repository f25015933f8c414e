#include "cli/parameters_file.hpp"

#include <algorithm>
#include <fstream>
#include <set>
#include <string_view>
#include <vector>

#include "cli/text.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi::cli {

namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

std::vector<std::string> parameter_names() {
  std::vector<std::string> names;
  for (const ParameterText& each : describe(Parameters{})) names.push_back(each.name);
  return names;
}

/// Reads one file, line by line.
class Reader {
 public:
  explicit Reader(Parameters& parameters) : parameters_(parameters) {}

  void read(std::string_view line) {
    line = trimmed(line.substr(0, line.find('#')));
    if (line.empty()) return;
    if (line.front() == '[' && line.back() == ']') {
      group_ = trimmed(line.substr(1, line.size() - 2));
      return;
    }
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos)
      throw UsageError("expected [group] or name = value, got '" + std::string(line) + "'");
    const std::string name(trimmed(line.substr(0, equals)));
    set(group_.empty() || name.find('.') != std::string::npos ? name : group_ + '.' + name,
        trimmed(line.substr(equals + 1)));
  }

 private:
  void set(const std::string& name, std::string_view value) {
    if (std::ranges::find(names_, name) == names_.end()) {
      const std::string guess = nearest(name, names_);
      throw UsageError("there is no parameter '" + name + "'" +
                       (guess.empty() ? std::string() : "; did you mean '" + guess + "'?"));
    }
    if (!seen_.insert(name).second) throw UsageError("parameter " + name + " is set a second time");
    set_parameter(parameters_, name, value);
  }

  Parameters& parameters_;
  const std::vector<std::string> names_ = parameter_names();
  std::string group_;
  std::set<std::string> seen_;
};

}  // namespace

void read_parameters(const std::filesystem::path& path, Parameters& parameters) {
  std::error_code ignored;
  std::ifstream file(path);
  if (!file || std::filesystem::is_directory(path, ignored)) throw UsageError(path.string() + ": cannot be read");
  Reader reader(parameters);
  std::size_t number = 0;
  for (std::string line; std::getline(file, line);) {
    ++number;
    try {
      reader.read(line);
    } catch (const UsageError& error) {
      throw UsageError(path.string() + ", line " + std::to_string(number) + ": " + error.what());
    }
  }
  if (file.bad()) throw UsageError(path.string() + ": cannot be read");
}

std::string print_parameters(const Parameters& parameters) {
  std::string text;
  std::string group;
  for (const ParameterText& each : describe(parameters)) {
    const std::size_t dot = each.name.find('.');
    if (each.name.substr(0, dot) != group) {
      group = each.name.substr(0, dot);
      text += (text.empty() ? "[" : "\n[") + group + "]\n";
    }
    const std::string unit = each.unit.empty() ? "" : std::string(each.unit) + ", ";
    text += "# " + unit + (each.whole ? "whole numbers " : "") +
            format("from %.6g to %.6g. ", each.lowest, each.highest) + std::string(each.reason) + '\n';
    text += each.name.substr(dot + 1) + " = " + each.value + '\n';
  }
  return text;
}

std::string describe_changes(const std::vector<ChangedParameter>& changed) {
  std::vector<std::string> words;
  for (const ChangedParameter& each : changed) {
    words.push_back(each.name + " = " + each.value + " (" + each.default_value + ")");
  }
  return join(words, ", ");
}

void declare_parameters(OptionTable& options, Parameters& parameters) {
  options.option("parameters", "FILE",
                 "set tuned numbers of the search from this file; --print-parameters prints one with all of them",
                 {"", [&parameters](const std::string& given) { read_parameters(given, parameters); }});
}

}  // namespace kintsugi::cli
