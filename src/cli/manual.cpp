#include "cli/manual.hpp"

#include <algorithm>

#include "cli/terminal.hpp"
#include "cli/text.hpp"

namespace kintsugi::cli {

namespace {

constexpr std::size_t kPageColumns = 80;
constexpr std::size_t kIndent = 2;
constexpr std::size_t kTextAt = 26;  ///< where explanations begin
constexpr std::size_t kGap = 2;      ///< least distance from what is explained

/// "  left      text", the text wrapped; on lines of its own where `left` is long.
std::string entry(const std::string& left, const std::string& text) {
  std::string lines(kIndent, ' ');
  lines += left;
  if (left.size() + kIndent + kGap > kTextAt) {
    lines.append("\n").append(kTextAt, ' ');
  } else {
    lines += std::string(kTextAt - kIndent - left.size(), ' ');
  }
  return lines + join(wrap(text, kPageColumns - kTextAt), std::string("\n").append(kTextAt, ' ')) + "\n";
}

std::string heading(const std::string& text, bool bold) {
  return std::string("\n").append(painted(text, bold ? Paint::bold : Paint::none)) + "\n";
}

std::string paragraph(const std::string& text) { return join(wrap(text, kPageColumns), "\n") + "\n"; }

std::string options_text(const OptionTable& table) {
  std::string text;
  for (const Option& option : table.options()) {
    if (!option.positional) text += entry(spelling_of(option), explanation_of(option));
  }
  return text;
}

std::string examples_text(const std::vector<Example>& examples, bool bold) {
  if (examples.empty()) return "";
  std::string text = heading("Examples", bold);
  for (const Example& example : examples) {
    text += "  " + example.line + "\n";
    text.append("      ").append(join(wrap(example.what, kPageColumns - 6), "\n      ")).append("\n");
  }
  return text;
}

}  // namespace

Manual::Manual(Command& command)
    : name(command.name()),
      summary(command.summary()),
      description(command.description()),
      examples(command.examples()),
      general(general_options(command.parameters() != nullptr)) {
  command.declare(options);
}

std::vector<Manual> manuals(const std::vector<std::unique_ptr<Command>>& commands) {
  std::vector<Manual> all;
  all.reserve(commands.size());
  for (const auto& command : commands) all.emplace_back(*command);
  return all;
}

std::string usage_of(const Manual& manual) {
  std::string text = "kintsugi " + manual.name;
  for (const Option& option : manual.options.options()) {
    if (option.positional) text += option.required ? " " + option.value_name : " [" + option.value_name + "]";
    if (option.required && !option.positional) text += " --" + option.name + " " + option.value_name;
  }
  return text + " [OPTION]...";
}

std::string spelling_of(const Option& option) {
  std::string text = option.letter == 0 ? "    " : std::string("-") + option.letter + ", ";
  text.append("--").append(option.name);
  return option.value_name.empty() ? text : text + " " + option.value_name;
}

std::string explanation_of(const Option& option) {
  std::string text = option.help;
  const std::string& preset = option.value.default_text;
  if (!option.value_name.empty() && !preset.empty()) text += " (default: " + preset + ")";
  if (option.repeatable) text += "; may be given several times";
  if (!option.alias.empty()) text += " (also --" + option.alias + ")";
  return text;
}

std::vector<Example> program_examples() {
  return {{"kintsugi solve FOLDER", "a folder with pieces and a table: everything at once"},
          {"mpirun -np 4 kintsugi solve problem.h5 -o solution.h5", "the same on four cores, from a problem file"},
          {"kintsugi report solution.h5 --problem problem.h5 -o report.html", "what came of it, as a page"},
          {"kintsugi help solve", "all options of a command"}};
}

std::vector<std::pair<int, std::string>> exit_codes() {
  return {{0, "solved or done"},
          {1, "wrong usage"},
          {2, "bad input"},
          {3, "finished but not solved"},
          {4, "stopped by a limit or a signal"},
          {5, "internal error"}};
}

std::string help_text(const Manual& manual, bool bold) {
  std::vector<std::string> usage = wrap("Usage: " + usage_of(manual), kPageColumns);
  std::string text = join(usage, "\n           ") + "\n\n" + paragraph(manual.summary + ".");
  text.append("\n").append(paragraph(manual.description));
  std::string arguments;
  for (const Option& option : manual.options.options()) {
    if (option.positional) arguments += entry(option.value_name, option.help);
  }
  if (!arguments.empty()) text += heading("Arguments", bold) + arguments;
  const std::string options = options_text(manual.options);
  if (!options.empty()) text += heading("Options", bold) + options;
  text += heading("General options", bold) + options_text(manual.general);
  return text + examples_text(manual.examples, bold);
}

std::string overview_text(const std::vector<Manual>& all, bool bold) {
  std::string purpose(kPurpose);
  purpose.front() = 'P';
  std::string text = "Usage: kintsugi COMMAND [ARGUMENT]... [OPTION]...\n\n" +
                     paragraph("kintsugi " + std::string(kPurpose) + ".") + heading("Commands", bold);
  std::size_t widest = 0;
  for (const Manual& manual : all) widest = std::max(widest, manual.name.size());
  for (const Manual& manual : all) {
    const std::string start = "  " + manual.name + std::string(widest - manual.name.size() + kGap, ' ');
    text += start +
            join(wrap(manual.summary, kPageColumns - start.size()), std::string("\n").append(start.size(), ' ')) + "\n";
  }
  text += examples_text(program_examples(), bold) + "\n";
  text += paragraph(
      "'kintsugi help COMMAND' shows a command's options, 'kintsugi --version' what this program is and can. Every "
      "option can also stand in an INI file (--config FILE) and in the environment (KINTSUGI_<OPTION>).");
  std::string codes;
  for (const auto& [code, meaning] : exit_codes()) {
    codes += (codes.empty() ? "Exit codes: " : ", ") + std::to_string(code) + " " + meaning;
  }
  return text.append("\n").append(paragraph(codes + "."));
}

}  // namespace kintsugi::cli
