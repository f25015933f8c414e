# Spack's recipe. From a clone of the repository:
#   spack repo add jobs/packaging/spack
#   spack dev-build --source-path . kintsugi@main
# `git` below is where that clone lies, where it is not built in place: KINTSUGI_GIT in the environment.
import os

from spack_repo.builtin.build_systems.cmake import CMakePackage

from spack.package import *


class Kintsugi(CMakePackage):
    """Puts dropped neural networks back together: given the anonymous linear layers of a residual network and rows of data
    with its predictions, finds which layer goes where. Runs under MPI."""

    git = os.environ.get("KINTSUGI_GIT", "file://" + os.path.abspath(os.path.join(os.path.dirname(__file__), *[".."] * 5)))

    license("MIT")

    version("main", branch="main")

    variant("libxsmm", default=True, description="Use libxsmm for the small products", when="target=x86_64:")
    variant("dispatch", default=False, description="Kernels for several levels of x86-64 in one program",
            when="target=x86_64:")

    depends_on("c", type="build")
    depends_on("cxx", type="build")
    depends_on("cmake@3.25:", type="build")
    depends_on("ninja", type="build")
    depends_on("pkgconfig", type="build")
    depends_on("mpi@3:")
    depends_on("hdf5@1.10:")
    depends_on("eigen@3.4")
    depends_on("boost@1.74:+program_options")
    depends_on("openssl@3:")
    depends_on("libzip")
    depends_on("libarchive")
    depends_on("zlib-api")
    depends_on("nlohmann-json@3.11:", type="build")
    depends_on("libxsmm@1.17:1.17", when="+libxsmm")

    conflicts("%gcc@:11", msg="needs C++20 as GCC 12 has it")

    generator("ninja")

    def cmake_args(self):
        # Spack's compiler wrapper says which processor to build for; with +dispatch the program finds out by itself.
        return [
            self.define("KINTSUGI_NATIVE", False),
            self.define("KINTSUGI_TESTS", False),
            self.define_from_variant("KINTSUGI_DISPATCH", "dispatch"),
            self.define_from_variant("KINTSUGI_LIBXSMM", "libxsmm"),
        ]

    def setup_run_environment(self, env):
        env.prepend_path("PYTHONPATH", self.prefix.share.kintsugi.python)

    @run_after("install")
    @on_package_attributes(run_tests=True)
    def check_install(self):
        kintsugi = Executable(self.prefix.bin.kintsugi)
        with working_dir("check", create=True):
            kintsugi("generate", "--blocks", "4", "-o", "problem.h5", "--answer", "answer.txt")
            kintsugi("solve", "problem.h5", "-o", "solution.h5")
            kintsugi("verify", "problem.h5", "solution.h5", "--compare", "answer.txt")
