#include "cli/option_table.hpp"

#include <algorithm>
#include <boost/program_options/value_semantic.hpp>
#include <utility>

namespace kintsugi::cli {

namespace po = boost::program_options;

namespace {

using Texts = std::vector<std::string>;

void add_to(po::options_description& description, const Option& option) {
  const std::string name = option.letter == 0 ? option.name : option.name + "," + option.letter;
  if (!option.value.store) {
    description.add_options()(name.c_str(), "");
  } else if (option.repeatable) {
    description.add_options()(name.c_str(), po::value<Texts>());
  } else if (option.value_name.empty()) {
    description.add_options()(name.c_str(), po::value<std::string>()->implicit_value("true", ""));
  } else {
    auto* const value = po::value<std::string>();
    if (!option.value.default_text.empty()) value->default_value(option.value.default_text);
    description.add_options()(name.c_str(), value);
  }
}

}  // namespace

Option& OptionTable::add(std::string_view name, std::string value_name, std::string help, Value value) {
  Option option;
  const std::size_t comma = name.find(',');
  option.name = name.substr(0, comma);
  if (comma != std::string_view::npos) option.letter = name.at(comma + 1);
  option.value_name = std::move(value_name);
  option.help = std::move(help);
  option.value = std::move(value);
  return options_.emplace_back(std::move(option));
}

void OptionTable::argument(std::string_view name, std::string value_name, std::string help, Value value) {
  optional_argument(name, std::move(value_name), std::move(help), std::move(value));
  options_.back().required = true;
}

void OptionTable::optional_argument(std::string_view name, std::string value_name, std::string help, Value value) {
  add(name, std::move(value_name), std::move(help), std::move(value)).positional = true;
}

void OptionTable::arguments(std::string_view name, std::string value_name, std::string help, Value value) {
  argument(name, std::move(value_name), std::move(help), std::move(value));
  options_.back().repeatable = true;
  options_.back().between = kBetweenPaths;
}

void OptionTable::option(std::string_view name, std::string value_name, std::string help, Value value) {
  add(name, std::move(value_name), std::move(help), std::move(value));
}

void OptionTable::required_option(std::string_view name, std::string value_name, std::string help, Value value) {
  add(name, std::move(value_name), std::move(help), std::move(value)).required = true;
}

void OptionTable::also_known_as(std::string_view alias) { options_.back().alias = alias; }

void OptionTable::may_be_repeated() { options_.back().repeatable = true; }

void OptionTable::toggle(std::string_view name, std::string help, bool& target) {
  add(name, "", std::move(help), cli::toggle(target));
}

void OptionTable::flag(std::string_view name, std::string help) { add(name, "", std::move(help), {}); }

std::vector<std::string> OptionTable::names() const {
  std::vector<std::string> names;
  for (const Option& option : options_) names.push_back(option.name);
  for (const Option& option : options_) {
    if (!option.alias.empty()) names.push_back(option.alias);
  }
  return names;
}

const Option* OptionTable::find(std::string_view name) const {
  const auto found = std::ranges::find_if(options_, [&](const Option& option) {
    return option.name == name || (!option.alias.empty() && option.alias == name);
  });
  return found == options_.end() ? nullptr : &*found;
}

po::options_description OptionTable::parser() const {
  po::options_description description;
  for (const Option& option : options_) {
    add_to(description, option);
    if (!option.alias.empty()) description.add_options()(option.alias.c_str(), po::value<std::string>());
  }
  return description;
}

po::positional_options_description OptionTable::positions() const {
  po::positional_options_description positions;
  for (const Option& option : options_) {
    if (option.positional) positions.add(option.name.c_str(), option.repeatable ? -1 : 1);
  }
  return positions;
}

}  // namespace kintsugi::cli
