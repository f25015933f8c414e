#include "kintsugi/core/block_form.hpp"

#include <array>
#include <charconv>

#include "kintsugi/core/error.hpp"

namespace kintsugi {

std::string_view to_string(Norm norm) {
  switch (norm) {
    case Norm::none: return "none";
    case Norm::layer: return "layer";
    case Norm::rms: return "rms";
  }
  throw InternalError("unknown norm value");
}

Norm parse_norm(std::string_view name) {
  for (const Norm norm : {Norm::none, Norm::layer, Norm::rms}) {
    if (to_string(norm) == name) return norm;
  }
  throw UsageError("unknown norm '" + std::string(name) + "'; known are: none layer rms");
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
