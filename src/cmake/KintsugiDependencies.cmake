# What kintsugi links to. Used by the build and, installed beside kintsugi-config.cmake, by projects that link to it.
include(CMakeFindDependencyMacro)
if(NOT CMAKE_FIND_PACKAGE_NAME)
  # In kintsugi's own build there is no find_package() call whose REQUIRED find_dependency() could hand on.
  set(CMAKE_FIND_PACKAGE_NAME kintsugi)
  set(kintsugi_FIND_REQUIRED TRUE)
  # Headers that only kintsugi's own sources include: a project that links to it does not need them.
  find_dependency(nlohmann_json 3.11)
endif()
find_dependency(MPI COMPONENTS C)
find_dependency(Eigen3 3.4 NO_MODULE)
find_dependency(Boost 1.74 COMPONENTS program_options)
find_dependency(OpenSSL COMPONENTS Crypto)
find_dependency(PkgConfig)
find_dependency(Threads)

# Debian keeps several builds of HDF5 side by side; the one for Open MPI has a pkg-config file of its own. Elsewhere
# whichever HDF5 CMake finds first will do: files are opened by one process at a time.
if(NOT TARGET kintsugi_hdf5)
  add_library(kintsugi_hdf5 INTERFACE IMPORTED)
  pkg_check_modules(HDF5_OPENMPI QUIET IMPORTED_TARGET hdf5-openmpi)
  if(TARGET PkgConfig::HDF5_OPENMPI)
    target_link_libraries(kintsugi_hdf5 INTERFACE PkgConfig::HDF5_OPENMPI)
  else()
    set(HDF5_PREFER_PARALLEL TRUE)
    find_dependency(HDF5 1.10 COMPONENTS C)
    target_link_libraries(kintsugi_hdf5 INTERFACE hdf5::hdf5)
  endif()
endif()
if(NOT TARGET PkgConfig::LIBZIP)
  pkg_check_modules(LIBZIP REQUIRED IMPORTED_TARGET libzip)
endif()

# libxsmm's BLAS fallback is never called: kernels that it cannot generate go to Eigen. Its "noblas" part satisfies the
# linker without a BLAS.
if(KINTSUGI_LIBXSMM AND NOT TARGET kintsugi_libxsmm)
  find_path(LIBXSMM_INCLUDE_DIR libxsmm.h)
  find_library(LIBXSMM_LIBRARY xsmm)
  find_library(LIBXSMM_NOBLAS_LIBRARY xsmmnoblas)
  if(LIBXSMM_INCLUDE_DIR AND LIBXSMM_LIBRARY AND LIBXSMM_NOBLAS_LIBRARY)
    add_library(kintsugi_libxsmm INTERFACE IMPORTED)
    target_include_directories(kintsugi_libxsmm INTERFACE ${LIBXSMM_INCLUDE_DIR})
    target_link_libraries(kintsugi_libxsmm INTERFACE ${LIBXSMM_LIBRARY} ${LIBXSMM_NOBLAS_LIBRARY} Threads::Threads ${CMAKE_DL_LIBS})
  else()
    message(STATUS "kintsugi: libxsmm not found, small products go to Eigen")
  endif()
endif()
