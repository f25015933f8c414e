# What `cmake --install` lays out: the library with its headers, the CMake package `kintsugi` (target kintsugi::kintsugi)
# and the program.
include(CMakePackageConfigHelpers)
set(KINTSUGI_CONFIG_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/kintsugi)
if(TARGET kintsugi_libxsmm)
  set(KINTSUGI_LINKS_LIBXSMM ON)
else()
  set(KINTSUGI_LINKS_LIBXSMM OFF)
endif()

install(TARGETS kintsugi EXPORT kintsugi ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(EXPORT kintsugi NAMESPACE kintsugi:: FILE kintsugi-targets.cmake DESTINATION ${KINTSUGI_CONFIG_DIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/kintsugi DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
if(TARGET kintsugi_program)
  install(TARGETS kintsugi_program RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()

configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/kintsugi-config.cmake.in
  ${PROJECT_BINARY_DIR}/kintsugi-config.cmake INSTALL_DESTINATION ${KINTSUGI_CONFIG_DIR} NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/kintsugi-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES
  ${PROJECT_BINARY_DIR}/kintsugi-config.cmake
  ${PROJECT_BINARY_DIR}/kintsugi-config-version.cmake
  ${CMAKE_CURRENT_LIST_DIR}/KintsugiDependencies.cmake
  DESTINATION ${KINTSUGI_CONFIG_DIR})
