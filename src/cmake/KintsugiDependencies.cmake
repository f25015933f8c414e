# What kintsugi links to. Used by the build and, installed beside KintsugiConfig.cmake, by projects that link to kintsugi.
include(CMakeFindDependencyMacro)
find_dependency(MPI COMPONENTS C)
find_dependency(Eigen3 3.4 NO_MODULE)
find_dependency(Boost 1.74 COMPONENTS program_options)
find_dependency(OpenSSL COMPONENTS Crypto)
find_dependency(PkgConfig)
find_dependency(Threads)

# Debian keeps several builds of HDF5 side by side; the one for Open MPI has a pkg-config file of its own.
if(NOT TARGET PkgConfig::HDF5_OPENMPI)
  pkg_check_modules(HDF5_OPENMPI REQUIRED IMPORTED_TARGET hdf5-openmpi)
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
