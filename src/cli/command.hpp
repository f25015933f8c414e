#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cli/option_table.hpp"
#include "cli/settings.hpp"
#include "kintsugi/core/exit_code.hpp"
#include "kintsugi/core/parameters.hpp"

namespace kintsugi::cli {

/// A command line that works, and what it does.
struct Example {
  std::string line;
  std::string what;
};

/// One command of the program. It lives in a file of its own, which defines its make function.
class Command {
 public:
  virtual ~Command() = default;
  [[nodiscard]] virtual std::string name() const = 0;
  /// One line, for the list of commands.
  [[nodiscard]] virtual std::string summary() const = 0;
  /// What it reads, does and leaves, in a few sentences.
  [[nodiscard]] virtual std::string description() const = 0;
  [[nodiscard]] virtual std::vector<Example> examples() const = 0;
  /// True: runs on all ranks with MPI started. Such a command throws UsageError and InputError on all ranks alike.
  [[nodiscard]] virtual bool parallel() const { return false; }
  /// Adds the command's options, whose targets are members of this object.
  virtual void declare(OptionTable& options) = 0;
  /// What --parameters sets and --print-parameters prints; null where the command has none.
  [[nodiscard]] virtual const Parameters* parameters() const { return nullptr; }
  /// Does it, once the options are stored.
  [[nodiscard]] virtual ExitCode run(const Settings& settings) = 0;
};

/// All commands, in the order in which the help lists them.
[[nodiscard]] std::vector<std::unique_ptr<Command>> make_commands();
[[nodiscard]] std::vector<std::string> command_names();
/// That there is no command `word`, and which may have been meant.
[[nodiscard]] std::string unknown_command(const std::string& word);

}  // namespace kintsugi::cli
