# What `cmake --install` lays out: the program with what belongs to it (component `program`), and the library with its headers
# (component `development`). A package of files of its own in CMake, pkg-config and environment modules finds itself by where
# it lies: it may be moved.
include(CMakePackageConfigHelpers)
set(KINTSUGI_CONFIG_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/kintsugi)
set(KINTSUGI_DATA_DIR ${CMAKE_INSTALL_DATADIR}/kintsugi)
set(KINTSUGI_PYTHON_DIR ${KINTSUGI_DATA_DIR}/python CACHE STRING "Where kintsugi.py goes, below the prefix")

# ---- the program ----

if(TARGET kintsugi_program)
  install(TARGETS kintsugi_program RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
install(PROGRAMS ${PROJECT_SOURCE_DIR}/jobs/copy-jobs.sh DESTINATION ${CMAKE_INSTALL_BINDIR} RENAME kintsugi-jobs)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/jobs DESTINATION ${KINTSUGI_DATA_DIR} USE_SOURCE_PERMISSIONS
  PATTERN packaging EXCLUDE
  PATTERN copy-jobs.sh EXCLUDE
  PATTERN quickstart.sh EXCLUDE
  PATTERN install-dependencies.sh EXCLUDE
  PATTERN __pycache__ EXCLUDE)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/configs DESTINATION ${KINTSUGI_DATA_DIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/src/python/ DESTINATION ${KINTSUGI_PYTHON_DIR}
  FILES_MATCHING PATTERN *.py PATTERN __pycache__ EXCLUDE)
install(FILES
  ${PROJECT_SOURCE_DIR}/LICENSE
  ${PROJECT_SOURCE_DIR}/README.md
  ${PROJECT_SOURCE_DIR}/.github/CHANGELOG.md
  ${PROJECT_SOURCE_DIR}/jobs/packaging/copyright
  DESTINATION ${CMAKE_INSTALL_DOCDIR})
cmake_path(RELATIVE_PATH CMAKE_INSTALL_PREFIX
  BASE_DIRECTORY ${CMAKE_INSTALL_PREFIX}/${KINTSUGI_DATA_DIR}/modulefiles/kintsugi OUTPUT_VARIABLE KINTSUGI_MODULE_UP)
configure_file(${PROJECT_SOURCE_DIR}/jobs/packaging/modulefile.in ${PROJECT_BINARY_DIR}/modulefile @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/modulefile
  DESTINATION ${KINTSUGI_DATA_DIR}/modulefiles/kintsugi RENAME ${PROJECT_VERSION})

# ---- the library ----

install(TARGETS kintsugi EXPORT kintsugi ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development)
install(EXPORT kintsugi NAMESPACE kintsugi:: FILE kintsugi-targets.cmake DESTINATION ${KINTSUGI_CONFIG_DIR}
  COMPONENT development)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/kintsugi ${PROJECT_BINARY_DIR}/include/kintsugi
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT development)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/src/examples/library DESTINATION ${KINTSUGI_DATA_DIR}/examples
  COMPONENT development)

if(TARGET kintsugi_libxsmm)
  set(KINTSUGI_LINKS_LIBXSMM ON)
else()
  set(KINTSUGI_LINKS_LIBXSMM OFF)
endif()
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/kintsugi-config.cmake.in
  ${PROJECT_BINARY_DIR}/kintsugi-config.cmake INSTALL_DESTINATION ${KINTSUGI_CONFIG_DIR} NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/kintsugi-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES
  ${PROJECT_BINARY_DIR}/kintsugi-config.cmake
  ${PROJECT_BINARY_DIR}/kintsugi-config-version.cmake
  ${CMAKE_CURRENT_LIST_DIR}/KintsugiDependencies.cmake
  DESTINATION ${KINTSUGI_CONFIG_DIR} COMPONENT development)

# The library is static, so all that it links to stands in the open parts of its pkg-config file.
set(requires libcrypto libzip libarchive zlib)
if(TARGET PkgConfig::HDF5_OPENMPI)
  list(APPEND requires hdf5-openmpi)
else()
  list(APPEND requires hdf5)
endif()
foreach(mpi ompi-c mpich)
  pkg_check_modules(KINTSUGI_PC_${mpi} QUIET ${mpi})
  if(KINTSUGI_PC_${mpi}_FOUND)
    list(PREPEND requires ${mpi})
    break()
  endif()
endforeach()
list(JOIN requires " " KINTSUGI_PC_REQUIRES)
set(KINTSUGI_PC_LIBS " -lboost_program_options")
if(KINTSUGI_LINKS_LIBXSMM)
  string(APPEND KINTSUGI_PC_LIBS " ${LIBXSMM_LIBRARY} ${LIBXSMM_NOBLAS_LIBRARY} -lpthread -ldl")
endif()
string(APPEND KINTSUGI_PC_LIBS " -lstdc++ -lm")
cmake_path(RELATIVE_PATH CMAKE_INSTALL_PREFIX BASE_DIRECTORY ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig
  OUTPUT_VARIABLE KINTSUGI_PC_UP)
configure_file(${CMAKE_CURRENT_LIST_DIR}/kintsugi.pc.in ${PROJECT_BINARY_DIR}/kintsugi.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/kintsugi.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT development)
