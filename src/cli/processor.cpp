// A program that was built for one kind of processor dies of an illegal instruction on an older one. This says so
// before anything else runs, and is all that this file does: it is linked into the program for its constructor.
#include <unistd.h>

#include <cstring>

#include "kintsugi/core/exit_code.hpp"

namespace {

/// What the compiler was allowed to use and this processor does not have; null where there is nothing.
const char* missing_instructions() {
#ifdef __x86_64__
  __builtin_cpu_init();
#ifdef __AVX512F__
  if (__builtin_cpu_supports("avx512f") == 0) return "AVX-512";
#endif
#ifdef __AVX2__
  if (__builtin_cpu_supports("avx2") == 0) return "AVX2";
#endif
#ifdef __FMA__
  if (__builtin_cpu_supports("fma") == 0) return "FMA";
#endif
#ifdef __AVX__
  if (__builtin_cpu_supports("avx") == 0) return "AVX";
#endif
#ifdef __SSE4_2__
  if (__builtin_cpu_supports("sse4.2") == 0) return "SSE4.2";
#endif
#endif
  return nullptr;
}

void say(const char* text) {
  // Nothing can be done about an error here.
  if (::write(STDERR_FILENO, text, std::strlen(text)) < 0) return;
}

// Before the constructors of all other files, which may use such instructions.
[[gnu::constructor(101)]] void refuse_older_processor() {
  const char* const missing = missing_instructions();
  if (missing == nullptr) return;
  say("kintsugi: error: this program was built for processors with ");
  say(missing);
  say(", which this one does not have: build it here, or for many processors (the preset 'package')\n");
  ::_exit(static_cast<int>(kintsugi::ExitCode::usage));
}

}  // namespace
