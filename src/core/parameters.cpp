#include "kintsugi/core/parameters.hpp"

#include <charconv>
#include <concepts>

#include "kintsugi/core/assembly.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi {

namespace {

template <class T>
std::string to_text(T value) {
  char text[64];
  const auto end = std::to_chars(std::begin(text), std::end(text), value).ptr;
  return {std::begin(text), end};
}

/// Calls visit(name, member, unit, lowest, highest, reason) for every parameter.
template <class Visit>
void for_each(Parameters& parameters, const Visit& visit) {
  parameters.visit([&](std::string_view group, auto& part) {
    const auto member = [&](std::string_view name, auto& value, std::string_view unit, double lowest, double highest,
                            std::string_view reason) {
      visit(std::string(group) + '.' + std::string(name), value, unit, lowest, highest, reason);
    };
    part.visit(member);
  });
}

template <class T>
T parse(std::string_view name, std::string_view text, double lowest, double highest) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool fits = error == std::errc() && end == text.data() + text.size() && static_cast<double>(value) >= lowest &&
                    static_cast<double>(value) <= highest;
  if (fits) return value;
  throw UsageError("parameter " + std::string(name) + " is '" + std::string(text) + "', needs to be a " +
                   (std::integral<T> ? "whole " : "") + "number from " + to_text(lowest) + " to " + to_text(highest));
}

}  // namespace

std::vector<ParameterText> describe(const Parameters& parameters) {
  std::vector<ParameterText> all;
  Parameters copy = parameters;
  for_each(copy, [&](const std::string& name, auto value, std::string_view unit, double lowest, double highest,
                     std::string_view reason) {
    all.push_back({name, to_text(value), std::integral<decltype(value)>, unit, lowest, highest, reason});
  });
  return all;
}

void set_parameter(Parameters& parameters, std::string_view name, std::string_view value) {
  bool found = false;
  for_each(parameters, [&]<class T>(const std::string& each, T& member, std::string_view /*unit*/, double lowest,
                                    double highest, std::string_view /*reason*/) {
    if (each != name) return;
    member = parse<T>(name, value, lowest, highest);
    found = true;
  });
  if (!found) throw UsageError("there is no parameter '" + std::string(name) + "'");
}

std::string fingerprint(const Parameters& parameters) {
  std::string text;
  for (const ParameterText& each : describe(parameters)) text += each.name + '=' + each.value + '\n';
  return sha256_hex(text);
}

std::vector<ChangedParameter> changed_parameters(const Parameters& parameters) {
  const std::vector<ParameterText> values = describe(parameters);
  const std::vector<ParameterText> defaults = describe(Parameters{});
  std::vector<ChangedParameter> changed;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i].value != defaults[i].value) changed.push_back({values[i].name, values[i].value, defaults[i].value});
  }
  return changed;
}

}  // namespace kintsugi
