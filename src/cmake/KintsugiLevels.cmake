# One build for many processors: with KINTSUGI_DISPATCH the kernels' own code (src/kernels/level_*.cpp) is compiled for three
# levels of x86-64, and the processor decides at run time which is used. Everything else is for x86-64-v2, which has
# SSE4.2; products of Eigen that stand there are handed to the level in use by way of BLAS's interface.
if(KINTSUGI_DISPATCH AND NOT CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  message(FATAL_ERROR "KINTSUGI_DISPATCH is for x86-64; this is ${CMAKE_SYSTEM_PROCESSOR}: switch it off")
endif()
if(KINTSUGI_DISPATCH AND KINTSUGI_NATIVE)
  message(FATAL_ERROR "KINTSUGI_DISPATCH needs -DKINTSUGI_NATIVE=OFF: with it, the whole build is for this machine's processor")
endif()

# What is compiled once for each level, in src/kernels.
set(KINTSUGI_LEVEL_SOURCES level_activation.cpp level_blas.cpp level_code.cpp level_float64.cpp level_norm.cpp
    level_products.cpp level_screen.cpp)
set(KINTSUGI_LEVELS v2 v3 v4)
# What level.cpp asks of the processor, and no more.
set(KINTSUGI_LEVEL_v2 -march=x86-64-v2)
set(KINTSUGI_LEVEL_v3 ${KINTSUGI_LEVEL_v2} -mavx2 -mfma -mbmi -mbmi2)
set(KINTSUGI_LEVEL_v4 ${KINTSUGI_LEVEL_v3} -mavx512f -mavx512bw -mavx512cd -mavx512dq -mavx512vl)
# kintsugi_levels(TARGET target SOURCES a.cpp ... [LIBRARIES ...])
# Compiles the sources once for each level and adds that to the target. All that the objects of a level define becomes local
# to them, but for the table code_x86_64_LEVEL: templates of Eigen and the standard library that several levels have must not
# stand in for each other.
function(kintsugi_levels)
  find_program(KINTSUGI_LD NAMES ld.bfd ld REQUIRED)
  # Those of kintsugi_flags, but for this machine's processor.
  get_target_property(flags kintsugi_flags INTERFACE_COMPILE_OPTIONS)
  list(FILTER flags EXCLUDE REGEX "-march=native")
  cmake_parse_arguments(LEVELS "" "TARGET" "SOURCES;LIBRARIES" ${ARGN})
  foreach(level IN LISTS KINTSUGI_LEVELS)
    set(name ${LEVELS_TARGET}_${level})
    set(table code_x86_64_${level})
    add_library(${name} OBJECT ${LEVELS_SOURCES})
    target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src)
    target_compile_features(${name} PRIVATE cxx_std_20)
    target_link_libraries(${name} PRIVATE ${LEVELS_LIBRARIES})
    # GCC 12 believes that a loop of Eigen's over the last columns runs on without end.
    target_compile_options(${name} PRIVATE ${flags} ${KINTSUGI_LEVEL_${level}}
      $<$<CXX_COMPILER_ID:GNU>:-fno-gnu-unique> $<$<CXX_COMPILER_ID:GNU>:-Wno-aggressive-loop-optimizations>)
    target_compile_definitions(${name} PRIVATE KINTSUGI_HAS_LEVELS=1 KINTSUGI_LEVEL_CODE=${table}
      $<TARGET_PROPERTY:kintsugi_flags,INTERFACE_COMPILE_DEFINITIONS>)
    set(together ${CMAKE_CURRENT_BINARY_DIR}/${name}.o)
    add_custom_command(OUTPUT ${together}
      COMMAND ${KINTSUGI_LD} -r --force-group-allocation -o ${together} $<TARGET_OBJECTS:${name}>
      COMMAND ${CMAKE_OBJCOPY} --wildcard --keep-global-symbol=*${table}* ${together}
      DEPENDS ${name} $<TARGET_OBJECTS:${name}>
      COMMENT "Closing the code for x86-64-${level}"
      COMMAND_EXPAND_LISTS VERBATIM)
    add_custom_target(${name}_together DEPENDS ${together})
    add_dependencies(${LEVELS_TARGET} ${name}_together)
    target_sources(${LEVELS_TARGET} PRIVATE ${together})
    set_source_files_properties(${together} TARGET_DIRECTORY ${LEVELS_TARGET} PROPERTIES EXTERNAL_OBJECT ON GENERATED ON)
  endforeach()
endfunction()

# kintsugi_use_levels(target): the rest of a library or program, which is for the lowest level.
function(kintsugi_use_levels target)
  target_compile_options(${target} PRIVATE ${KINTSUGI_LEVEL_v2})
  set(names "")
  foreach(routine axpy gemm gemv symv syrk trmv trmm trsm)
    list(APPEND names s${routine}_=kintsugi_s${routine} d${routine}_=kintsugi_d${routine})
  endforeach()
  target_compile_definitions(${target} PRIVATE EIGEN_USE_BLAS ${names})
endfunction()
