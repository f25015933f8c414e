#include "cli/command.hpp"
#include "cli/text.hpp"

// Every command: a file <name>.cpp that defines make_<name>_command(), and its name here.
#define KINTSUGI_FOR_EACH_COMMAND(X) \
  X(import)                          \
  X(info)                            \
  X(solve)                           \
  X(watch)                           \
  X(verify)                          \
  X(analyze)                         \
  X(export)                          \
  X(report)                          \
  X(generate)                        \
  X(bench)                           \
  X(help)

namespace kintsugi::cli {

#define KINTSUGI_DECLARE(command) std::unique_ptr<Command> make_##command##_command();
KINTSUGI_FOR_EACH_COMMAND(KINTSUGI_DECLARE)
#undef KINTSUGI_DECLARE

std::vector<std::unique_ptr<Command>> make_commands() {
  std::vector<std::unique_ptr<Command>> commands;
#define KINTSUGI_MAKE(command) commands.push_back(make_##command##_command());
  KINTSUGI_FOR_EACH_COMMAND(KINTSUGI_MAKE)
#undef KINTSUGI_MAKE
  return commands;
}

std::vector<std::string> command_names() {
#define KINTSUGI_NAME(command) #command,
  return {KINTSUGI_FOR_EACH_COMMAND(KINTSUGI_NAME)};
#undef KINTSUGI_NAME
}

std::string unknown_command(const std::string& word) {
  std::vector<std::string> known = command_names();
  known.insert(known.end(), {"--version", "--help"});
  const std::string guess = nearest(word, known);
  const std::string text = "unknown command '" + word + "'; ";
  return text + (guess.empty() ? "'kintsugi help' lists all" : "did you mean '" + guess + "'?");
}

}  // namespace kintsugi::cli
