// The target of libFuzzer: one reader, named by KINTSUGI_FUZZ_READER.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iostream>

#include "fuzz/readers.hpp"

namespace {

const kintsugi::fuzzing::Reader& chosen() {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing changes the environment
  const char* const name = std::getenv("KINTSUGI_FUZZ_READER");
  const auto readers = kintsugi::fuzzing::readers();
  const auto found =
      std::ranges::find(readers, std::string_view(name == nullptr ? "" : name), &kintsugi::fuzzing::Reader::name);
  if (found != readers.end()) return *found;
  std::cerr << "KINTSUGI_FUZZ_READER must be one of";
  for (const kintsugi::fuzzing::Reader& reader : readers) std::cerr << ' ' << reader.name;
  std::cerr << '\n';
  std::exit(1);  // NOLINT(concurrency-mt-unsafe)
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const kintsugi::fuzzing::Reader& reader = chosen();
  reader.read({reinterpret_cast<const char*>(data), size});
  return 0;
}
