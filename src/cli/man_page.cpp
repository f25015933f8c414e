// Pages of section 1, in man(7)'s language.

#include <cctype>

#include "cli/manual.hpp"
#include "cli/text.hpp"
#include "kintsugi/core/version.hpp"

namespace kintsugi::cli {

namespace {

constexpr std::size_t kColumns = 78;

/// Text that means itself there.
std::string escaped(std::string_view text) {
  std::string safe;
  for (const char c : text) {
    if (c == '\\') {
      safe += "\\e";
    } else if (c == '-') {
      safe += "\\-";
    } else {
      safe += c;
    }
  }
  return safe;
}

/// Lines of text: none begins with what would be taken for a request.
std::string prose(const std::string& text) {
  std::string lines;
  for (const std::string& line : wrap(text, kColumns)) {
    lines += (line.starts_with('.') || line.starts_with('\'') ? "\\&" : "") + escaped(line) + "\n";
  }
  return lines;
}

std::string bold(const std::string& text) { return std::string("\\fB").append(escaped(text)).append("\\fR"); }
std::string italic(const std::string& text) { return std::string("\\fI").append(escaped(text)).append("\\fR"); }

std::string title(const std::string& name) {
  std::string upper;
  for (const char c : name) upper += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return std::string(".TH \"").append(escaped(upper)) + "\" 1 " + revision_date() + " \"kintsugi " + version() +
         "\" \"User Commands\"\n";
}

std::string name_section(const std::string& name, std::string summary) {
  summary.front() = static_cast<char>(std::tolower(static_cast<unsigned char>(summary.front())));
  return std::string(".SH NAME\n").append(escaped(name)) + " \\- " + escaped(summary) + "\n";
}

std::string tagged(const std::string& tag, const std::string& text) { return ".TP\n" + tag + "\n" + prose(text); }

std::string tag_of(const Option& option) {
  std::string tag;
  if (option.letter != 0) tag = bold(std::string("-") + option.letter) + ", ";
  tag += bold("--" + option.name);
  return option.value_name.empty() ? tag : tag + " " + italic(option.value_name);
}

std::string options_section(const std::string& heading, const OptionTable& table, bool positional) {
  std::string text;
  for (const Option& option : table.options()) {
    if (option.positional != positional) continue;
    text +=
        positional ? tagged(italic(option.value_name), option.help) : tagged(tag_of(option), explanation_of(option));
  }
  return text.empty() ? text : ".SH " + heading + "\n" + text;
}

std::string synopsis(const Manual& manual) {
  std::string text = std::string(".SH SYNOPSIS\n").append(bold("kintsugi " + manual.name)) + "\n";
  for (const Option& option : manual.options.options()) {
    if (option.positional) {
      text += (option.required ? italic(option.value_name) : std::string("[").append(italic(option.value_name)) + "]") +
              "\n";
    } else if (option.required) {
      text += bold("--" + option.name) + " " + italic(option.value_name) + "\n";
    }
  }
  return text.append("[").append(italic("OPTION")) + "]...\n";
}

std::string examples_section(const std::vector<Example>& examples) {
  std::string text = ".SH EXAMPLES\n";
  bool first = true;
  for (const Example& example : examples) {
    if (!first) text += ".PP\n";
    first = false;
    std::string what = example.what;
    what.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(what.front())));
    text += prose(what + ":") + ".PP\n.RS 4\n.nf\n" + escaped(example.line) + "\n.fi\n.RE\n";
  }
  return examples.empty() ? "" : text;
}

std::string ending() {
  std::string text = ".SH ENVIRONMENT\n";
  text +=
      tagged(bold("KINTSUGI_") + italic("OPTION"),
             "the value of an option that is not given on the command line: its name in upper case, with _ for -, as "
             "in KINTSUGI_TIME_LIMIT=10m");
  text += tagged(bold("NO_COLOR"), "where it is set and not empty, nothing is coloured, unless --color says otherwise");
  text += ".SH \"EXIT STATUS\"\n";
  for (const auto& [code, meaning] : exit_codes()) text += tagged(bold(std::to_string(code)), meaning);
  return text;
}

}  // namespace

std::string man_page(const Manual& manual) {
  const std::string name = "kintsugi-" + manual.name;
  std::string text = title(name) + name_section(name, manual.summary) + synopsis(manual);
  text.append(".SH DESCRIPTION\n").append(prose(manual.description));
  text += options_section("ARGUMENTS", manual.options, true);
  text += options_section("OPTIONS", manual.options, false);
  text += options_section("\"GENERAL OPTIONS\"", manual.general, false);
  text += examples_section(manual.examples) + ending();
  return text + ".SH \"SEE ALSO\"\n.BR kintsugi (1)\n";
}

std::string man_overview(const std::vector<Manual>& all) {
  std::string text = title("kintsugi") + name_section("kintsugi", std::string(kPurpose));
  text += std::string(".SH SYNOPSIS\n").append(bold("kintsugi")) + "\n" + italic("COMMAND") + "\n[" +
          italic("ARGUMENT") + "]...\n[" + italic("OPTION") + "]...\n.PP\n" + bold("mpirun -np") + "\n" + italic("N") +
          "\n" + bold("kintsugi") + "\n" + italic("COMMAND") + "\n\\&...\n.PP\n" + bold("kintsugi --version") + "\n";
  text.append(".SH DESCRIPTION\n")
      .append(
          prose("Given the anonymous linear layers of a residual network and rows of data with the original network's "
                "predictions, kintsugi finds which layer goes where. Commands that compute run on all cores and nodes "
                "that MPI is given; without mpirun they run on one core."));
  text += ".SH COMMANDS\n";
  for (const Manual& manual : all) text += tagged(bold(manual.name), manual.summary);
  text += examples_section(program_examples()) + ending();
  text += ".SH \"SEE ALSO\"\n";
  for (std::size_t i = 0; i < all.size(); ++i) {
    text += std::string(".BR ").append(escaped("kintsugi-" + all[i].name)) + " (1)" + (i + 1 < all.size() ? "," : "") +
            "\n";
  }
  return text;
}

}  // namespace kintsugi::cli
