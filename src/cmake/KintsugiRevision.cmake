# cmake -DSOURCE=folder -DOUTPUT=file.hpp -P KintsugiRevision.cmake
# Writes a header that defines KINTSUGI_REVISION: the git commit of the sources, with "-dirty" behind it where they have
# changed since, or "unknown" where they are no git checkout of their own (a tarball, perhaps unpacked in another one).
# The file is written only where that has changed.
set(revision "unknown")
find_program(GIT git)
if(GIT)
  execute_process(COMMAND ${GIT} -C ${SOURCE} rev-parse --show-cdup
    OUTPUT_VARIABLE above RESULT_VARIABLE failed OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  if(NOT failed AND above STREQUAL "")
    execute_process(COMMAND ${GIT} -C ${SOURCE} describe --always --exclude=* --abbrev=10 --dirty
      OUTPUT_VARIABLE described RESULT_VARIABLE failed OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
    if(NOT failed)
      set(revision ${described})
    endif()
  endif()
endif()
file(CONFIGURE OUTPUT ${OUTPUT} CONTENT "#define KINTSUGI_REVISION \"${revision}\"\n" @ONLY)
