# cmake -DSOURCE=folder -DOUTPUT=file.hpp -P KintsugiRevision.cmake
# Writes a header that defines KINTSUGI_REVISION, the git commit of the sources, with "-dirty" behind it where they have
# changed since, or "unknown" where they are no git checkout of their own (a tarball, perhaps unpacked in another one).
# And KINTSUGI_REVISION_DATE, the day of that commit, or today (SOURCE_DATE_EPOCH, where that is set).
# The file is written only where that has changed.
set(revision "unknown")
string(TIMESTAMP date "%Y-%m-%d" UTC)
find_program(GIT git)
if(GIT)
  execute_process(COMMAND ${GIT} -C ${SOURCE} rev-parse --show-cdup
    OUTPUT_VARIABLE above RESULT_VARIABLE failed OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  if(NOT failed AND above STREQUAL "")
    execute_process(COMMAND ${GIT} -C ${SOURCE} describe --always --exclude=* --abbrev=10 --dirty
      OUTPUT_VARIABLE described RESULT_VARIABLE failed OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
    if(NOT failed)
      set(revision ${described})
      execute_process(COMMAND ${GIT} -C ${SOURCE} log -1 --format=%cs
        OUTPUT_VARIABLE date OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
    endif()
  endif()
endif()
file(CONFIGURE OUTPUT ${OUTPUT}
  CONTENT "#define KINTSUGI_REVISION \"${revision}\"\n#define KINTSUGI_REVISION_DATE \"${date}\"\n" @ONLY)
