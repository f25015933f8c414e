#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "cli/option_table.hpp"

namespace kintsugi::cli {

/// Where the options of a command come from, first to last: what is found first wins.
struct Sources {
  std::vector<std::string> arguments;              ///< the command line after the command's name
  std::map<std::string, std::string> environment;  ///< variables whose names start with KINTSUGI_
  std::vector<std::string> other_names;            ///< options of the other commands, whose variables may be set
};

/// The variables of this process whose names start with KINTSUGI_.
[[nodiscard]] std::map<std::string, std::string> kintsugi_environment();

/// One option and what it is set to in the end.
struct Setting {
  std::string name;
  std::string text;    ///< empty: not given, and no default
  std::string source;  ///< "default", "command line", "environment" or the config file's name
  FileUse use = FileUse::none;
  std::vector<std::string> beside = {};             ///< see Value::beside
  std::vector<std::filesystem::path> written = {};  ///< files that the text names besides; see Value::outputs
};

/// The effective options of one command.
class Settings {
 public:
  Settings(std::vector<Setting> settings, std::string config, std::vector<std::string> warnings)
      : settings_(std::move(settings)), config_(std::move(config)), warnings_(std::move(warnings)) {}

  /// Lines `name = text` that --config reads back to the same settings; `# name =` where there is no value.
  [[nodiscard]] std::string as_ini() const;
  /// Throws UsageError where a value cannot stand in a config file ('#' starts a comment, outer space is lost).
  void check_ini() const;
  /// Those that somebody set.
  [[nodiscard]] std::vector<Setting> given() const;
  /// Throws UsageError where an output could not be written in the end, is one of the inputs (the config file among
  /// them) or another output; see check_outputs().
  void check_files() const;
  /// Sentences for the user: variables of the environment that look like misspelt options.
  [[nodiscard]] const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  std::vector<Setting> settings_;
  std::string config_;  // the file's name; empty: none
  std::vector<std::string> warnings_;
};

/// Reads the command line, then the environment, then the config file that one of them names, and stores every value in
/// its target. An unknown name is an error on the command line and in the file; in the environment, where modules and
/// Kubernetes set variables of their own, it is passed over, with a warning where it is near a known one. Required
/// options are not asked for when `print_config`. Throws UsageError that names the source and the option, and guesses
/// what a misspelt name was to be.
[[nodiscard]] Settings resolve(const OptionTable& table, const Sources& sources, bool print_config);

/// The options that every command has besides its own, and --print-parameters of those that have parameters. Only
/// --config has a value that resolve() looks at; --color is choose_colour()'s.
[[nodiscard]] OptionTable general_options(bool parameters = false);

}  // namespace kintsugi::cli
