"""The files of jobs/packaging and the CI's workflow: they parse, and what they name is there. What CMake does unasked.

    packaging_test.py REPOSITORY BUILD_FOLDER VERSION      exit code 1 where something is wrong

What their own tools say is asked where those are installed (tests/README.md); none is needed here but PyYAML, without which
the workflow is left out, loudly.
"""

import ast
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

ROOT, BUILD, VERSION = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3]
PACKAGING = ROOT / "jobs/packaging"
# Of Dockerfile reference, version 1.
INSTRUCTIONS = {"FROM", "RUN", "COPY", "WORKDIR", "USER", "ENV", "ENTRYPOINT", "CMD", "LABEL", "ARG"}
# Of Apptainer's definition files.
SECTIONS = {"files", "post", "environment", "runscript", "test", "labels", "help"}
wrong = []


def check(condition, message):
    if not condition:
        wrong.append(message)


def installed_files():
    """Paths below the prefix that `cmake --install` writes, into a scratch folder."""
    with tempfile.TemporaryDirectory(prefix="kintsugi-packaging-test-") as scratch:
        subprocess.run(["cmake", "--install", BUILD, "--prefix", scratch], check=True, stdout=subprocess.DEVNULL)
        return {str(path.relative_to(scratch)) for path in pathlib.Path(scratch).rglob("*")}


def options_of_cmake():
    names = set()
    for file in [ROOT / "CMakeLists.txt", *(ROOT / "src/cmake").glob("*.cmake")]:
        names |= set(re.findall(r"^\s*(?:option|set)\((KINTSUGI_\w+)", file.read_text(), re.MULTILINE))
    return names


def check_spack():
    file = PACKAGING / "spack/packages/kintsugi/package.py"
    tree = ast.parse(file.read_text(), str(file))
    package = next(node for node in tree.body if isinstance(node, ast.ClassDef))
    check(package.name == "Kintsugi" and package.bases[0].id == "CMakePackage", "package.py: no class Kintsugi(CMakePackage)")
    strings = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    for name in (text for text in strings if text.startswith("KINTSUGI_") and text != "KINTSUGI_GIT"):
        check(name in options_of_cmake(), f"package.py: CMake has no option {name}")
    # From the recipe's folder up to the repository, as in its `git`.
    check((PACKAGING / "spack/packages/kintsugi").joinpath(*[".."] * 5).resolve() == ROOT.resolve(),
          "package.py: `git` does not lead to the repository")


def check_easybuild(installed):
    file = PACKAGING / f"easybuild/kintsugi-{VERSION}-foss-2023a.eb"
    if not file.exists():
        return check(False, f"{file.name} is missing: it has the version in its name")
    recipe = {"SOURCE_TAR_GZ": "%(name)s-%(version)s.tar.gz", "SYSTEM": {"name": "system", "version": "system"}}
    exec(compile(file.read_text(), str(file), "exec"), recipe)  # an easyconfig is Python
    check(recipe["version"] == VERSION, f"{file.name}: version {recipe['version']}")
    for name in re.findall(r"-D(KINTSUGI_\w+)", recipe["configopts"]):
        check(name in options_of_cmake(), f"{file.name}: CMake has no option {name}")
    paths = recipe["sanity_check_paths"]["files"] + recipe["sanity_check_paths"]["dirs"]
    # Where libraries go differs by system: lib, lib64, or a folder below lib.
    names = {re.sub(r"^lib(64)?/([^/]+-linux-gnu/)?", "lib/", path) for path in installed}
    for path in paths:
        check(path in names, f"{file.name}: {path} is not installed")


def check_dockerfile():
    text = re.sub(r"\\\n", " ", (PACKAGING / "Dockerfile").read_text())
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    for line in lines:
        word, rest = line.split(maxsplit=1)
        check(word in INSTRUCTIONS, f"Dockerfile: unknown instruction {word}")
        for script in (part for part in shlex.split(rest) if part.startswith("jobs/")):
            check((ROOT / script).exists(), f"Dockerfile: no {script}")
    check(lines[0].startswith("FROM debian:12"), "Dockerfile: does not begin with Debian 12")


def check_apptainer():
    text = (PACKAGING / "kintsugi.def").read_text()
    found = set(re.findall(r"^%(\w+)", text, re.MULTILINE))
    check(found == SECTIONS, f"kintsugi.def: sections {sorted(found ^ SECTIONS)}")
    check("Bootstrap: docker\nFrom: debian:12" in text, "kintsugi.def: does not begin with Debian 12")
    for section in ("post", "test", "runscript"):
        script = re.search(rf"^%{section}\n((?:    .*\n|\n)+)", text, re.MULTILINE).group(1)
        shell = subprocess.run(["sh", "-n"], input=script, text=True, stderr=subprocess.PIPE)
        check(shell.returncode == 0, f"kintsugi.def, %{section}: {shell.stderr}")


def check_workflow():
    try:
        import yaml
    except ImportError:
        print("SKIPPED: the workflow was not parsed: PyYAML is not installed")
        return
    for file in sorted((ROOT / ".github/workflows").glob("*.yml")):
        workflow = yaml.safe_load(file.read_text())
        commands = "\n".join(step.get("run", "") for job in workflow["jobs"].values() for step in job["steps"])
        for path in re.findall(r"(?<![\w/.])(?:\.ci|jobs)/[\w./-]+", commands):
            check((ROOT / path).exists(), f"{file.name}: no {path}")
        check(".ci/run" in commands, f"{file.name}: does not call .ci/run")
        for job in workflow["jobs"].values():
            check("timeout-minutes" in job, f"{file.name}: a job without a limit")
            for step in job["steps"]:
                check(("run" in step) != ("uses" in step), f"{file.name}: a step needs one of run and uses")


def configure(*options):
    """Configures the repository in a scratch folder; returns what CMake said and its cache."""
    with tempfile.TemporaryDirectory(prefix="kintsugi-packaging-test-") as scratch:
        result = subprocess.run(["cmake", "-G", "Ninja", "-S", ROOT, "-B", scratch, "-DKINTSUGI_TESTS=OFF", *options], text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return result.returncode, result.stdout, (pathlib.Path(scratch) / "CMakeCache.txt").read_text()


def check_defaults():
    code, says, cache = configure()
    check(code == 0 and "CMAKE_BUILD_TYPE:STRING=Release" in cache, f"without a build type, CMake chose another than Release: {says}")
    check("no build type was given" in says, f"without a build type, CMake does not say what it chose: {says}")
    code, says, cache = configure("-DCMAKE_BUILD_TYPE=Debug")
    check("CMAKE_BUILD_TYPE:STRING=Debug" in cache and "no build type" not in says, f"a build type is not kept: {says}")
    code, says, _ = configure("-DKINTSUGI_DISPATCH=ON")
    check(code != 0 and "-DKINTSUGI_NATIVE=OFF" in says, f"KINTSUGI_DISPATCH goes with KINTSUGI_NATIVE: {says}")


def main():
    installed = installed_files()
    check_spack()
    check_easybuild(installed)
    check_dockerfile()
    check_apptainer()
    check_workflow()
    check_defaults()
    print("\n".join(wrong) or f"all in order; {len(installed)} installed files and folders")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
