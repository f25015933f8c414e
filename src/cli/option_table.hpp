#pragma once

#include <boost/program_options/options_description.hpp>
#include <boost/program_options/positional_options.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "cli/value.hpp"

namespace kintsugi::cli {

/// One option of a command: the only source of its help, its man page, its completion in shells, its environment
/// variable, its key in a config file and its line in --print-config.
struct Option {
  std::string name;        ///< "time-limit": --time-limit, KINTSUGI_TIME_LIMIT, time-limit = ...
  char letter = 0;         ///< 'o' for -o; 0: none
  std::string value_name;  ///< "FILE" in the help; empty: a switch
  std::string help;
  std::string alias;        ///< an older name that is read as this one; empty: none
  Value value;              ///< without `store`: a flag, which takes no value at all
  bool positional = false;  ///< may also be given by its place on the command line
  bool required = false;
  bool repeatable = false;  ///< may be given several times, and a place may have several words
  char between = ',';       ///< what the texts of a repeated option are joined by
};

/// The options of one command, in the order of the help.
class OptionTable {
 public:
  /// A required argument, known by its place or by its name.
  void argument(std::string_view name, std::string value_name, std::string help, Value value);
  /// The same, but it may be left out; the last of a command's arguments.
  void optional_argument(std::string_view name, std::string value_name, std::string help, Value value);
  /// One or more of the same kind, the last of a command's arguments: `value` gets them joined by kBetweenPaths.
  void arguments(std::string_view name, std::string value_name, std::string help, Value value);
  /// An option with a value; `name` is "output" or "output,o".
  void option(std::string_view name, std::string value_name, std::string help, Value value);
  /// The same, and the command cannot do without.
  void required_option(std::string_view name, std::string value_name, std::string help, Value value);
  /// The option added last is also known by this name: on the command line, in the environment and in config files.
  void also_known_as(std::string_view alias);
  /// The option added last may be given several times.
  void may_be_repeated();
  /// An option that is on or off; the value may be left out and is true then.
  void toggle(std::string_view name, std::string help, bool& target);
  /// A word on the command line that somebody else looks for.
  void flag(std::string_view name, std::string help);

  [[nodiscard]] const std::vector<Option>& options() const { return options_; }
  /// Names, then aliases.
  [[nodiscard]] std::vector<std::string> names() const;
  /// The option of this name or alias; null: there is none.
  [[nodiscard]] const Option* find(std::string_view name) const;

  /// What Boost parses with: every option of this table by its name and its alias, as text.
  [[nodiscard]] boost::program_options::options_description parser() const;
  [[nodiscard]] boost::program_options::positional_options_description positions() const;

 private:
  Option& add(std::string_view name, std::string value_name, std::string help, Value value);
  std::vector<Option> options_;
};

}  // namespace kintsugi::cli
