// kintsugi help: options to read, man pages, completion.

#include <algorithm>
#include <iostream>

#include "cli/command.hpp"
#include "cli/manual.hpp"
#include "cli/terminal.hpp"
#include "cli/text.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi::cli {

namespace {

class HelpCommand final : public Command {
 public:
  [[nodiscard]] std::string name() const override { return "help"; }
  [[nodiscard]] std::string summary() const override {
    return "Shows a command's options; man pages; shell completion";
  }
  [[nodiscard]] std::string description() const override {
    return "Prints the help of a command, or the list of commands, on standard output. With --man the same as a page "
           "for "
           "man(1), with --completion a script that completes kintsugi's commands, options and values in a shell. Both "
           "are installed with the program; this is for where they are not.";
  }
  [[nodiscard]] std::vector<Example> examples() const override {
    return {{"kintsugi help solve", "all options of solve"},
            {"kintsugi help --man solve | man -l -", "the same as a man page"},
            {"source <(kintsugi help --completion bash)", "completion in this bash"}};
  }
  void declare(OptionTable& options) override;
  [[nodiscard]] ExitCode run(const Settings&) override;

 private:
  std::string topic_;
  std::string shell_;
  bool man_ = false;
};

void HelpCommand::declare(OptionTable& options) {
  Value topic = text(topic_);
  topic.choices = command_names();
  options.optional_argument("command", "COMMAND", "whose help; without it, the list of commands", std::move(topic));
  options.toggle("man", "as a page for man(1), in roff", man_);
  options.option("completion", "SHELL", "a script for completion instead: bash, zsh or fish",
                 choice(shell_, {"bash", "zsh", "fish"}));
}

ExitCode HelpCommand::run(const Settings&) {
  const std::vector<Manual> all = manuals(make_commands());
  if (!shell_.empty()) {
    if (man_ || !topic_.empty()) throw UsageError("--completion is of all commands, and goes with nothing else");
    std::cout << (shell_ == "bash"  ? bash_completion(all)
                  : shell_ == "zsh" ? zsh_completion(all)
                                    : fish_completion(all));
    return ExitCode::success;
  }
  const bool bold = screen_of_output().colour;
  if (topic_.empty()) {
    std::cout << (man_ ? man_overview(all) : overview_text(all, bold));
    return ExitCode::success;
  }
  const auto chosen = std::ranges::find(all, topic_, &Manual::name);
  if (chosen == all.end()) throw UsageError(unknown_command(topic_));
  std::cout << (man_ ? man_page(*chosen) : help_text(*chosen, bold));
  return ExitCode::success;
}

}  // namespace

std::unique_ptr<Command> make_help_command() { return std::make_unique<HelpCommand>(); }

}  // namespace kintsugi::cli
