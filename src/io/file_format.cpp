#include "io/file_format.hpp"

#include <string>

#include "io/hdf5_checks.hpp"

namespace kintsugi {

namespace {

std::string name_of(const FileFormat& format) { return "kintsugi-" + std::string(format.kind); }

}  // namespace

void put_format(h5::Image& image, const FileFormat& format) {
  image.attribute(image.root(), "format", name_of(format));
  image.attribute(image.root(), "format_version", format.version);
}

std::int64_t require_format(const h5::Group& root, const FileFormat& format) {
  const std::string name = name_of(format);
  if (!h5::has_attribute(root, "format") || h5::text_attribute(root, "format") != name) {
    h5::fail(root.name,
             "is not a kintsugi " + std::string(format.kind) + " (root attribute 'format' must be '" + name + "')");
  }
  const std::int64_t version = h5::integer_attribute(root, "format_version");
  if (version >= format.oldest && version <= format.version) return version;
  const std::string oldest = format.oldest < format.version ? std::to_string(format.oldest) + " to " : "";
  h5::fail(root.name, "has format_version " + std::to_string(version) + ", but this program reads " + oldest +
                          std::to_string(format.version));
}

}  // namespace kintsugi
