# What `cpack` makes of a build: Debian packages `kintsugi` and `kintsugi-dev`, meant for builds of the preset `package`.
# jobs/packaging/build-deb.sh does all of it.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME kintsugi)
set(CPACK_PACKAGE_VENDOR "kintsugi developers")
set(CPACK_PACKAGE_CONTACT "kintsugi developers <kintsugi@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "puts dropped neural networks back together")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_COMPONENTS_ALL program development)

set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)

set(CPACK_DEBIAN_PROGRAM_PACKAGE_NAME kintsugi)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_RECOMMENDS "openmpi-bin, python3")
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SUGGESTS
  "slurm-client, python3-h5py, python3-numpy, python3-pandas, python3-matplotlib, python3-torch")
set(CPACK_COMPONENT_PROGRAM_DESCRIPTION
"Given the anonymous linear layers of a residual network and rows of data with
the original network's predictions, kintsugi finds which layer goes where. It
runs on one core, under mpirun, and as a Slurm job. With it come the job files,
example configs, and a Python module that reads what it writes.")

set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME kintsugi-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS
  "libopenmpi-dev, libhdf5-openmpi-dev, libboost-program-options-dev, libeigen3-dev, libzip-dev, libarchive-dev, libssl-dev, zlib1g-dev, pkg-config")
if(TARGET kintsugi_libxsmm)
  string(APPEND CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS ", libxsmm-dev")
endif()
set(CPACK_COMPONENT_DEVELOPMENT_DESCRIPTION
"The static library of kintsugi, its headers, a CMake package, a pkg-config file
and an example.")

include(CPack)
