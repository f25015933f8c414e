#include "io/problem_format.hpp"

#include "core/part_rules.hpp"
#include "io/file_format.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi::problem_format {

bool is_reserved(const std::string& attribute) {
  return attribute == "format" || attribute == "format_version" || attribute == "activation" || attribute == "norm" ||
         attribute == "head_norm" || attribute == "norm_eps";
}

void write_root(h5::Image& image, Activation activation, const BlockForm& form, bool parts,
                const Provenance& provenance) {
  put_format(image, form.plain() && !parts ? kPlainProblemFormat : kProblemFormat);
  image.attribute(image.root(), "activation", std::string(to_string(activation)));
  if (form.norm != Norm::none) image.attribute(image.root(), "norm", std::string(to_string(form.norm)));
  if (form.head_norm != Norm::none) image.attribute(image.root(), "head_norm", std::string(to_string(form.head_norm)));
  if (form.has_norms()) image.attribute(image.root(), "norm_eps", form.eps);
  for (const auto& [key, value] : provenance) {
    if (is_reserved(key)) throw InternalError("problem file: '" + key + "' is not free for provenance");
    image.attribute(image.root(), key, value);
  }
}

void mark_part(h5::Image& image, hid_t group, PartKind kind, int owner) {
  image.attribute(group, "part", std::string(to_string(kind)));
  image.attribute(group, "of", static_cast<std::int64_t>(owner));
}

}  // namespace kintsugi::problem_format
