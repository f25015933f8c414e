#include "kintsugi/core/version.hpp"

#include "kintsugi_revision.hpp"  // written at build time, by src/cmake/KintsugiRevision.cmake

namespace kintsugi {

std::string version() { return KINTSUGI_VERSION; }

std::string revision() { return KINTSUGI_REVISION; }

std::string revision_date() { return KINTSUGI_REVISION_DATE; }

std::string full_version() { return version() + "+" + revision(); }

}  // namespace kintsugi
