#include "kintsugi/core/block_form.hpp"

#include <array>
#include <charconv>

#include "kintsugi/core/error.hpp"

namespace kintsugi {

std::vector<Norm> norms_but(Norm but) {
  std::vector<Norm> others;
  for (const NormRule& rule : kNorms) {
    if (rule.norm != Norm::none && rule.norm != but) others.push_back(rule.norm);
  }
  return others;
}

Norm norm_with(bool shifted) {
  for (const NormRule& rule : kNorms) {
    if (rule.norm != Norm::none && rule.shifted == shifted) return rule.norm;
  }
  return Norm::none;
}

std::vector<std::string> norm_names() {
  std::vector<std::string> names;
  for (const NormRule& rule : kNorms) names.emplace_back(rule.name);
  return names;
}

Norm parse_norm(std::string_view name) {
  std::string known;
  for (const NormRule& rule : kNorms) {
    if (rule.name == name) return rule.norm;
    known.append(" ").append(rule.name);
  }
  throw UsageError("unknown norm '" + std::string(name) + "'; known are:" + known);
}

std::string to_string(const BlockForm& form) {
  std::string text = form.gated ? "gated" : "";
  if (!form.has_norms()) return text;
  constexpr std::size_t kLongest = 32;
  std::array<char, kLongest> digits{};
  const char* const end = std::to_chars(digits.data(), digits.data() + digits.size(), form.eps).ptr;
  std::string eps = " (eps ";
  eps.append(digits.data(), static_cast<std::size_t>(end - digits.data())).append(")");
  const auto add = [&](Norm norm, const char* what) {
    if (norm != Norm::none) text.append(text.empty() ? "" : ", ").append(to_string(norm)).append(what).append(eps);
  };
  add(form.norm, " norm");
  add(form.head_norm, " norm before the head");
  return text;
}

}  // namespace kintsugi
