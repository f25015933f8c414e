# One target carries every compile flag: link to it, set nothing elsewhere.
add_library(kintsugi_flags INTERFACE)
target_compile_features(kintsugi_flags INTERFACE cxx_std_20)
target_compile_options(kintsugi_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wnon-virtual-dtor -Woverloaded-virtual
  # Sums are added in the order that the source gives them, whatever CXXFLAGS says. Products and sums may still be fused where
  # the processor can: one build gives one result, builds for other processors may differ in the last bits.
  -fno-fast-math
  # Before version 13, GCC takes the placeholders of its own AVX-512 intrinsics for uninitialized variables, and warns of
  # assigning texts to a std::string (its bug 105329).
  "$<$<AND:$<CXX_COMPILER_ID:GNU>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>>:-Wno-uninitialized;-Wno-maybe-uninitialized;-Wno-stringop-overflow;-Wno-restrict>"
  # GCC notes that wide vectors are passed otherwise than in its version 4; they are only passed within one file here.
  $<$<CXX_COMPILER_ID:GNU>:-Wno-psabi>
  # GCC's garbage collector takes some hundredths of the time, more where Eigen is used: it waits until 1 GB is taken. ccache needs
  # -fpch-preprocess where headers are precompiled.
  "$<$<CXX_COMPILER_ID:GNU>:--param=ggc-min-heapsize=1000000;-fpch-preprocess>"
  $<$<BOOL:${KINTSUGI_WERROR}>:-Werror>
  $<$<BOOL:${KINTSUGI_NATIVE}>:-march=native>)

if(KINTSUGI_SANITIZE)
  target_compile_options(kintsugi_flags INTERFACE -fsanitize=${KINTSUGI_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(kintsugi_flags INTERFACE -fsanitize=${KINTSUGI_SANITIZE})
endif()

if(KINTSUGI_CHECKS STREQUAL "none")
  target_compile_definitions(kintsugi_flags INTERFACE KINTSUGI_CHECK_LEVEL=0)
elseif(KINTSUGI_CHECKS STREQUAL "normal")
  target_compile_definitions(kintsugi_flags INTERFACE KINTSUGI_CHECK_LEVEL=1)
elseif(KINTSUGI_CHECKS STREQUAL "heavy")
  target_compile_definitions(kintsugi_flags INTERFACE KINTSUGI_CHECK_LEVEL=2)
else()
  message(FATAL_ERROR "KINTSUGI_CHECKS is '${KINTSUGI_CHECKS}'; known are none, normal, heavy")
endif()
