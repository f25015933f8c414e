#pragma once

#include <string>
#include <vector>

#include "cli/command.hpp"

namespace kintsugi::cli {

/// What there is to be told of one command: what its help, its man page and its completion are made of.
struct Manual {
  explicit Manual(Command& command);

  std::string name;
  std::string summary;
  std::string description;
  std::vector<Example> examples;
  OptionTable options;  ///< to be read only: their targets are the command's
  OptionTable general;
};

/// Of all commands, in the order of the help.
[[nodiscard]] std::vector<Manual> manuals(const std::vector<std::unique_ptr<Command>>& commands);

/// "kintsugi verify PROBLEM ANSWER", then "[OPTION]...".
[[nodiscard]] std::string usage_of(const Manual& manual);
/// "-o, --output FILE"
[[nodiscard]] std::string spelling_of(const Option& option);
/// Its help with the default and the older name behind it.
[[nodiscard]] std::string explanation_of(const Option& option);

/// What there is to say of the program as a whole.
inline constexpr std::string_view kPurpose = "puts a dropped neural network back together";
[[nodiscard]] std::vector<Example> program_examples();
/// Exit codes and what they mean.
[[nodiscard]] std::vector<std::pair<int, std::string>> exit_codes();

/// Lines of at most 80 columns. `bold`: headings stand out.
[[nodiscard]] std::string help_text(const Manual& manual, bool bold);
[[nodiscard]] std::string overview_text(const std::vector<Manual>& all, bool bold);

/// Pages of section 1 in man(7)'s language.
[[nodiscard]] std::string man_page(const Manual& manual);
[[nodiscard]] std::string man_overview(const std::vector<Manual>& all);

/// A script for bash, zsh or fish that completes commands, options and their values.
[[nodiscard]] std::string bash_completion(const std::vector<Manual>& all);
[[nodiscard]] std::string zsh_completion(const std::vector<Manual>& all);
[[nodiscard]] std::string fish_completion(const std::vector<Manual>& all);

}  // namespace kintsugi::cli
