#include "cli/parameters_file.hpp"

#include <algorithm>
#include <set>
#include <string_view>
#include <vector>

#include "cli/config_file.hpp"
#include "cli/text.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi::cli {

namespace {

std::vector<std::string> parameter_names() {
  std::vector<std::string> names;
  for (const ParameterText& each : describe(Parameters{})) names.push_back(each.name);
  return names;
}

/// Takes the settings of one file, one after the other.
class Reader {
 public:
  explicit Reader(Parameters& parameters) : parameters_(parameters) {}

  void read(const ConfigLine& line) {
    const bool is_whole = line.section.empty() || line.name.find('.') != std::string::npos;
    set(is_whole ? line.name : line.section + '.' + line.name, line.value);
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
  Reader reader(parameters);
  for (const ConfigLine& line : read_config_lines(path, path.string())) {
    try {
      reader.read(line);
    } catch (const UsageError& error) {
      throw UsageError(path.string() + ", line " + std::to_string(line.number) + ": " + error.what());
    }
  }
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
                 {"", [&parameters](const std::string& given) { read_parameters(given, parameters); }, FileUse::input});
}

}  // namespace kintsugi::cli
