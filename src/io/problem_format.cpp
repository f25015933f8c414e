#include "io/problem_format.hpp"

#include "io/file_format.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi::problem_format {

bool is_reserved(const std::string& attribute) {
  return attribute == "format" || attribute == "format_version" || attribute == "activation";
}

void write_root(h5::Image& image, Activation activation, const Provenance& provenance) {
  put_format(image, kProblemFormat);
  image.attribute(image.root(), "activation", std::string(to_string(activation)));
  for (const auto& [key, value] : provenance) {
    if (is_reserved(key)) throw InternalError("problem file: '" + key + "' is not free for provenance");
    image.attribute(image.root(), key, value);
  }
}

}  // namespace kintsugi::problem_format
