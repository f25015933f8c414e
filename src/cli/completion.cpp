// Completion in shells. The scripts are written out whole: they call no program while somebody types.

#include <algorithm>

#include "cli/manual.hpp"
#include "cli/text.hpp"

namespace kintsugi::cli {

namespace {

constexpr std::size_t kLongestHint = 64;

bool takes_value(const Option& option) { return !option.value_name.empty(); }
bool takes_file(const Option& option) { return option.value.use != FileUse::none; }

/// The beginning of an explanation, fit for one line of a menu.
std::string hint_of(const std::string& help) {
  std::string text = help.substr(0, help.find_first_of(";:"));
  if (text.size() <= kLongestHint) return text;
  return text.substr(0, text.rfind(' ', kLongestHint)) + " ...";
}

/// In single quotes, as every shell here understands them.
std::string quoted(const std::string& text, bool fish) {
  std::string result = "'";
  for (const char c : text) {
    if (c == '\'') {
      result += fish ? "\\'" : "'\\''";
    } else if (fish && c == '\\') {
      result += "\\\\";
    } else {
      result += c;
    }
  }
  return result + "'";
}

std::vector<const Option*> all_options(const Manual& manual) {
  std::vector<const Option*> options;
  for (const OptionTable* const table : {&manual.options, &manual.general}) {
    for (const Option& option : table->options()) {
      if (!option.positional) options.push_back(&option);
    }
  }
  return options;
}

std::vector<const Option*> arguments_of(const Manual& manual) {
  std::vector<const Option*> arguments;
  for (const Option& option : manual.options.options()) {
    if (option.positional) arguments.push_back(&option);
  }
  return arguments;
}

std::string names_of(const std::vector<Manual>& all) {
  std::string names;
  for (const Manual& manual : all) names += (names.empty() ? "" : " ") + manual.name;
  return names;
}

// ---- bash ----

/// "solve:--log) words='table json off' ;;", or files=yes.
std::string bash_value(const std::string& pattern, const Option& option) {
  std::string line = "    " + pattern + ")";
  if (!option.value.choices.empty()) line.append(" words=").append(quoted(join(option.value.choices, " "), false));
  if (takes_file(option)) line += " files=yes";
  return line + " ;;\n";
}

std::string bash_values(const std::vector<Manual>& all) {
  std::string cases;
  for (const Manual& manual : all) {
    for (const Option* const option : all_options(manual)) {
      if (!takes_value(*option)) continue;
      std::string pattern = manual.name + ":--" + option->name;
      if (option->letter != 0) pattern += "|" + manual.name + ":-" + option->letter;
      cases += bash_value(pattern, *option);
    }
  }
  return cases;
}

std::string bash_words(const std::vector<Manual>& all) {
  std::string cases;
  for (const Manual& manual : all) {
    std::string words;
    for (const Option* const option : all_options(manual)) {
      words.append(" --").append(option->name);
      if (option->letter != 0) words.append(" -").append(1, option->letter);
    }
    cases += "        " + manual.name + ") words='" + words.substr(1) + "' ;;\n";
  }
  return cases;
}

std::string bash_arguments(const std::vector<Manual>& all) {
  std::string cases;
  for (const Manual& manual : all) {
    for (const Option* const argument : arguments_of(manual)) {
      if (argument->value.choices.empty()) continue;
      cases += "        " + manual.name + ") words=" + quoted(join(argument->value.choices, " "), false) + " ;;\n";
    }
  }
  return cases + "        *) files=yes ;;\n";
}

// ---- zsh ----

/// Colons and brackets mean something in _arguments.
std::string zsh_hint(const std::string& help) {
  std::string text;
  for (const char c : hint_of(help)) {
    if (c == '[' || c == ']' || c == ':') text += '\\';
    text += c;
  }
  return text;
}

std::string zsh_action(const Option& option) {
  std::string action = ":";
  action.append(option.value_name, 0, option.value_name.find_first_of("[:.")).append(":");
  if (!option.value.choices.empty() && takes_file(option)) {
    action.append("{_alternative 'words:word:(")
        .append(join(option.value.choices, " "))
        .append(")' 'files:file:_files'}");
  } else if (!option.value.choices.empty()) {
    action.append("(").append(join(option.value.choices, " ")).append(")");
  } else if (takes_file(option)) {
    action += "_files";
  } else {
    action += " ";
  }
  return action;
}

std::string zsh_spec(const Option& option) {
  const std::string hint = std::string("[").append(zsh_hint(option.help)).append("]");
  const std::string value = takes_value(option) ? zsh_action(option) : "";
  const std::string name = "--" + option.name;
  std::string spec = option.repeatable ? "*" : "";
  if (option.letter == 0) return quoted(spec + name + (takes_value(option) ? "=" : "") + hint + value, false);
  const std::string letter = std::string("-") + option.letter;
  spec += "(" + letter + " " + name + ")";
  return quoted(spec + name + (takes_value(option) ? "=" : "") + hint + value, false)
      .append(" \\\n        ")
      .append(quoted(spec + letter + hint + value, false));
}

std::string zsh_command(const Manual& manual) {
  std::string text = "    " + manual.name + ")\n      _arguments -S";
  for (const Option* const option : all_options(manual)) text.append(" \\\n        ").append(zsh_spec(*option));
  int place = 0;
  for (const Option* const argument : arguments_of(manual)) {
    std::string spec = argument->repeatable ? "*" : std::to_string(++place).append(argument->required ? "" : ":");
    spec += zsh_action(*argument);
    text.append(" \\\n        ").append(quoted(spec, false));
  }
  return text + " ;;\n";
}

// ---- fish ----

std::string fish_option(const std::string& condition, const Option& option) {
  std::string line = "complete -c kintsugi -n " + condition + " -l " + option.name;
  if (option.letter != 0) line += std::string(" -s ") + option.letter;
  if (takes_value(option)) line += takes_file(option) ? " -r -F" : " -x";
  if (!option.value.choices.empty()) line.append(" -a ").append(quoted(join(option.value.choices, " "), true));
  return line + " -d " + quoted(hint_of(option.help), true) + "\n";
}

std::string fish_command(const Manual& manual) {
  const std::string condition = quoted("__fish_seen_subcommand_from " + manual.name, true);
  std::string text;
  for (const Option* const option : all_options(manual)) text += fish_option(condition, *option);
  for (const Option* const argument : arguments_of(manual)) {
    if (argument->value.choices.empty()) continue;
    text +=
        "complete -c kintsugi -n " + condition + " -f -a " + quoted(join(argument->value.choices, " "), true) + "\n";
  }
  return text;
}

}  // namespace

std::string bash_completion(const std::vector<Manual>& all) {
  return "# bash completion for kintsugi, made by 'kintsugi help --completion bash'\n"
         "_kintsugi() {\n"
         "  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} command='' words='' files='' word\n"
         "  # --name=value comes as three words.\n"
         "  if [[ $cur == = ]]; then\n"
         "    cur=''\n"
         "  elif [[ $prev == = ]]; then\n"
         "    prev=${COMP_WORDS[COMP_CWORD - 2]}\n"
         "  fi\n"
         "  if ((COMP_CWORD > 1)); then command=${COMP_WORDS[1]}; fi\n"
         "  case $command:$prev in\n" +
         bash_values(all) + "    :*) words='" + names_of(all) +
         " --help --version --color' ;;\n"
         "    *)\n"
         "      if [[ $cur == -* ]]; then\n"
         "        case $command in\n" +
         bash_words(all) +
         "        esac\n"
         "      else\n"
         "        case $command in\n" +
         bash_arguments(all) +
         "        esac\n"
         "      fi ;;\n"
         "  esac\n"
         "  COMPREPLY=()\n"
         "  if [[ $words ]]; then mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\"); fi\n"
         "  if [[ $files ]]; then\n"
         "    compopt -o filenames 2>/dev/null\n"
         "    while IFS= read -r word; do COMPREPLY+=(\"$word\"); done < <(compgen -f -- \"$cur\")\n"
         "  fi\n"
         "}\n"
         "complete -F _kintsugi kintsugi\n";
}

std::string zsh_completion(const std::vector<Manual>& all) {
  std::string text =
      "#compdef kintsugi\n"
      "# zsh completion for kintsugi, made by 'kintsugi help --completion zsh'\n"
      "_kintsugi() {\n"
      "  if ((CURRENT == 2)); then\n"
      "    local -a commands\n"
      "    commands=(\n";
  for (const Manual& manual : all)
    text += "      " + quoted(manual.name + ":" + zsh_hint(manual.summary), false) + "\n";
  text +=
      "    )\n"
      "    _describe command commands\n"
      "    _arguments '--help[show all commands]' '--version[show what this program is]'\n"
      "    return\n"
      "  fi\n"
      "  shift words\n"
      "  ((CURRENT -= 1))\n"
      "  case $words[1] in\n";
  for (const Manual& manual : all) text += zsh_command(manual);
  return text +
         "  esac\n"
         "}\n"
         "if [[ $funcstack[1] == _kintsugi ]]; then _kintsugi \"$@\"; else compdef _kintsugi kintsugi; fi\n";
}

std::string fish_completion(const std::vector<Manual>& all) {
  std::string text =
      "# fish completion for kintsugi, made by 'kintsugi help --completion fish'\n"
      "complete -c kintsugi -n __fish_use_subcommand -f -l help -s h -d 'show all commands'\n"
      "complete -c kintsugi -n __fish_use_subcommand -f -l version -d 'show what this program is'\n";
  for (const Manual& manual : all) {
    text += "complete -c kintsugi -n __fish_use_subcommand -f -a " + manual.name + " -d " +
            quoted(hint_of(manual.summary), true) + "\n";
  }
  for (const Manual& manual : all) text += fish_command(manual);
  return text;
}

}  // namespace kintsugi::cli
