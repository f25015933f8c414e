#include "cli/settings.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/program_options/errors.hpp>
#include <boost/program_options/parsers.hpp>
#include <boost/program_options/variables_map.hpp>
#include <cctype>
#include <functional>
#include <string_view>

#include "cli/config_file.hpp"
#include "cli/output_file.hpp"
#include "cli/text.hpp"
#include "io/atomic_file.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi::cli {

namespace po = boost::program_options;

namespace {

constexpr std::string_view kPrefix = "KINTSUGI_";
constexpr std::string_view kConfig = "config";
constexpr std::string_view kColour = "color";
/// Variables that are no options: where the tests find their data, and which kernels to take (main.cpp).
constexpr std::array<std::string_view, 2> kReserved{"KINTSUGI_SHARED", "KINTSUGI_LEVEL"};
/// What environment modules, Spack and Kubernetes set for whatever they load or run, without the prefix: near one of
/// our names by chance.
constexpr std::array<std::string_view, 10> kOthers{"ROOT", "HOME", "DIR",  "VERSION", "PREFIX",
                                                   "PATH", "BIN",  "PORT", "BASE",    "LIB"};
constexpr std::string_view kCommandLine = "command line";
constexpr std::string_view kEnvironment = "environment";

std::string to_variable(std::string_view name) {
  std::string variable(kPrefix);
  for (const char c : name) variable += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return variable;
}

/// As the user wrote the option there.
std::string spelling(std::string_view source, const std::string& name) {
  if (source == kCommandLine) return "--" + name;
  if (source == kEnvironment) return to_variable(name);
  return name;
}

/// Merges the sources; remembers where each option was found.
class Resolver {
 public:
  Resolver(const OptionTable& table, const Sources& sources) : table_(table), sources_(sources) {}

  void read_command_line();
  void read_environment();
  /// The file that --config or KINTSUGI_CONFIG names, if any.
  void read_config_file();
  /// Stores the values in their targets.
  [[nodiscard]] Settings store(bool check_required) const;

 private:
  void merge(po::parsed_options parsed, std::string_view source);
  void warn_of_near_miss(const std::string& variable, const std::vector<std::string>& known);
  /// The options of all commands that this one has.
  [[nodiscard]] OptionTable general_of_command() const;
  [[noreturn]] void reject_unknown(std::string_view source, std::string_view name) const;

  const OptionTable& table_;
  const Sources& sources_;
  po::variables_map values_;
  std::map<std::string, std::string> found_in_;
  std::string config_;
  std::vector<std::string> warnings_;
};

OptionTable Resolver::general_of_command() const {
  return general_options(std::ranges::count(table_.names(), "parameters") > 0);
}

void Resolver::reject_unknown(std::string_view source, std::string_view name) const {
  const std::string plain(name.substr(std::min(name.find_first_not_of('-'), name.size())));
  std::string message = std::string(source) + ": unknown option '" + std::string(name) + "'";
  if (std::ranges::find(sources_.other_names, plain) != sources_.other_names.end()) {
    throw UsageError(message + ", which belongs to another command");
  }
  std::vector<std::string> known = table_.names();
  const OptionTable general = general_of_command();
  for (const Option& option : general.options()) known.push_back(option.name);
  const std::string guess = nearest(plain, known);
  if (!guess.empty()) message += "; did you mean '" + spelling(source, guess) + "'?";
  throw UsageError(message);
}

void Resolver::merge(po::parsed_options parsed, std::string_view source) {
  const auto given = [&](const std::string& name) {
    return std::ranges::count(parsed.options, name, &po::option::string_key) > 0;
  };
  for (const Option& option : table_.options()) {
    if (option.alias.empty() || !given(option.alias)) continue;
    if (given(option.name)) {
      throw UsageError(std::string(source) + ": " + spelling(source, option.name) + " and " +
                       spelling(source, option.alias) + " are the same option");
    }
    for (po::option& each : parsed.options) {
      if (each.string_key == option.alias) each.string_key = option.name;
    }
  }
  po::store(parsed, values_);
  for (const auto& [name, value] : values_) {
    if (!value.defaulted()) found_in_.try_emplace(name, source);
  }
}

/// A switch stands for itself: the next word is none of its own. "--quiet=false" is the other way to say it.
std::vector<std::string> with_whole_switches(std::vector<std::string> words, const OptionTable& table) {
  for (std::string& word : words) {
    if (word == "--") break;
    for (const Option& option : table.options()) {
      if (!option.value_name.empty()) continue;
      if (word == "--" + option.name || (option.letter != 0 && word == std::string("-") + option.letter)) {
        word = "--" + option.name + "=true";
        break;
      }
    }
  }
  return words;
}

void Resolver::read_command_line() {
  // No guessing: an abbreviation that is unique today need not be so tomorrow.
  constexpr int kStyle = po::command_line_style::unix_style & ~po::command_line_style::allow_guessing;
  try {
    merge(po::command_line_parser(with_whole_switches(sources_.arguments, table_))
              .options(table_.parser().add(general_of_command().parser()))
              .positional(table_.positions())
              .style(kStyle)
              .run(),
          kCommandLine);
  } catch (const po::unknown_option& unknown) {
    reject_unknown(kCommandLine, unknown.get_option_name());
  } catch (const po::error& error) {
    throw UsageError(std::string(kCommandLine) + ": " + error.what());
  }
}

void Resolver::read_environment() {
  po::options_description parser = table_.parser();
  parser.add_options()(kConfig.data(), po::value<std::string>());
  std::vector<std::string> known = table_.names();
  known.insert(known.end(), sources_.other_names.begin(), sources_.other_names.end());
  known.emplace_back(kConfig);
  known.emplace_back(kColour);
  po::parsed_options parsed(&parser);
  for (const auto& [variable, value] : sources_.environment) {
    if (std::ranges::find(kReserved, variable) != kReserved.end()) continue;
    const auto named = std::ranges::find(known, variable, to_variable);
    if (named == known.end()) {
      warn_of_near_miss(variable, known);
    } else if (*named == kConfig || table_.find(*named) != nullptr) {
      parsed.options.emplace_back(*named, std::vector{value});
    }
  }
  merge(parsed, kEnvironment);
}

void Resolver::warn_of_near_miss(const std::string& variable, const std::vector<std::string>& known) {
  std::vector<std::string> words;
  words.reserve(known.size());
  for (const std::string& name : known) words.push_back(to_variable(name).substr(kPrefix.size()));
  const std::string word = variable.substr(kPrefix.size());
  if (std::ranges::find(kOthers, word) != kOthers.end()) return;
  const std::string guess = nearest(word, words);
  if (guess.empty()) return;
  warnings_.push_back(std::string(kEnvironment) + ": there is no option for " + variable + "; did you mean " +
                      std::string(kPrefix) + guess + "?");
}

void Resolver::read_config_file() {
  if (values_.count(std::string(kConfig)) == 0) return;
  const auto name = values_[std::string(kConfig)].as<std::string>();
  const std::string source = "config file " + name;
  config_ = name;
  po::options_description parser = table_.parser();
  po::parsed_options parsed(&parser);
  for (const ConfigLine& line : read_config_lines(name, source)) {
    if (!line.section.empty()) {
      throw UsageError(source + ", line " + std::to_string(line.number) + ": '" + line.name + "' stands in section [" +
                       line.section + "]; options stand in no section: take the line [" + line.section + "] out");
    }
    if (table_.find(line.name) == nullptr) reject_unknown(source, line.name);
    parsed.options.emplace_back(line.name, std::vector{line.value});
  }
  try {
    merge(parsed, source);
  } catch (const po::error& error) {
    throw UsageError(source + ": " + error.what());
  }
}

Settings Resolver::store(bool check_required) const {
  std::vector<Setting> settings;
  for (const Option& option : table_.options()) {
    const auto found = found_in_.find(option.name);
    if (found == found_in_.end()) {
      if (option.required && check_required) {
        throw UsageError(option.value_name + " is missing" + (option.positional ? "" : " (--" + option.name + ")"));
      }
      settings.push_back(
          {option.name, option.value.default_text, "default", option.value.use, option.value.beside, {}});
      continue;
    }
    const auto& value = values_[option.name];
    const std::string text = option.repeatable
                                 ? join(value.as<std::vector<std::string>>(), std::string(1, option.between))
                                 : value.as<std::string>();
    try {
      option.value.store(text);
    } catch (const UsageError& error) {
      throw UsageError(found->second + ": " + spelling(found->second, option.name) + ": " + error.what());
    }
    settings.push_back({option.name, text, found->second, option.value.use, option.value.beside, {}});
    if (option.value.outputs) settings.back().written = option.value.outputs(text);
  }
  return {std::move(settings), config_, warnings_};
}

}  // namespace

std::map<std::string, std::string> kintsugi_environment() {
  std::map<std::string, std::string> variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view line(*entry);
    const std::size_t equals = line.find('=');
    if (line.starts_with(kPrefix) && equals != std::string_view::npos) {
      variables.emplace(line.substr(0, equals), line.substr(equals + 1));
    }
  }
  return variables;
}

std::string Settings::as_ini() const {
  std::string ini;
  for (const Setting& setting : settings_) {
    for (const std::string& text : parts_of(setting.text, kBetweenPaths)) {
      if (text.empty()) ini += "# ";
      ini.append(setting.name).append(" =");
      if (!text.empty()) ini.append(" ").append(text);
      ini += '\n';
    }
  }
  return ini;
}

void Settings::check_ini() const {
  for (const Setting& setting : settings_) {
    for (const std::string& text : parts_of(setting.text, kBetweenPaths)) {
      if (text.empty() || stands_in_config(text)) continue;
      throw UsageError("--" + setting.name + ": '" + text +
                       "' cannot stand in a config file, where # starts a comment");
    }
  }
}

void Settings::check_files() const {
  std::vector<std::filesystem::path> inputs;
  std::vector<std::filesystem::path> outputs;
  std::vector<std::filesystem::path> beside;
  if (!config_.empty()) inputs.emplace_back(config_);
  for (const Setting& setting : settings_) {
    if (setting.text.empty()) continue;
    for (const std::filesystem::path& path : setting.written) {
      check_writable(path, true);
      outputs.push_back(path);
    }
    if (setting.use == FileUse::input) {
      for (const std::string& each : parts_of(setting.text, kBetweenPaths)) inputs.emplace_back(each);
    }
    if (setting.use != FileUse::output) continue;
    // What is written again and again, with others beside it, can wait for room.
    check_writable(setting.text, setting.beside.empty());
    outputs.emplace_back(setting.text);
    for (const std::string& ending : setting.beside) beside.emplace_back(follow_links(setting.text) += ending);
  }
  outputs.insert(outputs.end(), beside.begin(), beside.end());
  check_outputs(outputs, inputs);
}

std::vector<Setting> Settings::given() const {
  std::vector<Setting> given;
  std::ranges::copy_if(settings_, std::back_inserter(given),
                       [](const Setting& setting) { return setting.source != "default"; });
  return given;
}

Settings resolve(const OptionTable& table, const Sources& sources, bool print_config) {
  Resolver resolver(table, sources);
  resolver.read_command_line();
  resolver.read_environment();
  resolver.read_config_file();
  return resolver.store(!print_config);
}

OptionTable general_options(bool parameters) {
  OptionTable table;
  static std::filesystem::path config;  // read by Resolver
  static std::string colour = "auto";   // read by choose_colour()
  table.option("config", "FILE", "read options from an INI file", input_path(config));
  table.flag("print-config", "print the effective options as an INI file that --config reads back, and do nothing");
  if (parameters) {
    table.flag("print-parameters",
               "print the search's tuned numbers, with unit, range and reason, as a file that --parameters reads back, "
               "and do nothing");
  }
  table.option("color", "WHEN", "colour what is printed: auto (on a terminal, unless NO_COLOR is set), always or never",
               choice(colour, {"auto", "always", "never"}));
  table.flag("help,h", "show this and do nothing");
  return table;
}

}  // namespace kintsugi::cli
