"""Which module may include which: arrows point down only. Every include of the library, the program and the public headers is checked.

    arrows_test.py [ROOT]      exit code 1, and the includes that break the rule, where there are any
"""

import pathlib
import re
import sys

# Module: the modules that it may use besides itself. A module is a folder of src; include/kintsugi has the public faces.
ALLOWED = {
    "core": "",
    "mpi": "core",
    "kernels": "core",
    "io": "core",
    "synth": "core mpi kernels",
    "pairing": "core kernels",
    "depth": "core",
    "objective": "core mpi kernels",
    "seeding": "core mpi objective",
    "search": "core mpi objective",
    "solve": "core mpi kernels objective pairing depth seeding search",
    "analysis": "core mpi kernels objective pairing depth seeding search solve",
    "report": "core io",
    "cli": "core mpi kernels io synth objective pairing depth seeding search solve analysis report",
}
# Folders of src that are no part of the program: an example includes what any stranger may.
NO_MODULES = {"cmake", "examples", "python"}
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)


def module_of(path):
    """The module of a file or include, by its path below src or include/kintsugi; "solve" for the face solve.hpp."""
    return path.removeprefix("kintsugi/").split("/")[0].removesuffix(".hpp")


def breaches(root):
    found = []
    for base in (root / "src", root / "include/kintsugi"):
        for file in sorted([*base.rglob("*.hpp"), *base.rglob("*.cpp")]):
            module = module_of(str(file.relative_to(base)))
            if module in NO_MODULES:
                continue
            for include in INCLUDE.findall(file.read_text(encoding="utf-8")):
                # A file beside the including one is given by its name alone.
                used = module if "/" not in include else module_of(include)
                if used not in ALLOWED:
                    found.append(f"{file.relative_to(root)}: {include} is of no module")
                elif used != module and used not in ALLOWED[module].split():
                    found.append(f"{file.relative_to(root)}: {module} may not use {used} ({include})")
                elif base.name == "kintsugi" and not include.startswith("kintsugi/"):
                    found.append(f"{file.relative_to(root)}: a public header includes a private one ({include})")
    return found


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
    modules = {folder.name for folder in (root / "src").iterdir() if folder.is_dir()} - NO_MODULES
    found = [f"{name}: not in the table of modules" for name in sorted(modules ^ set(ALLOWED))]
    found += breaches(root)
    print("\n".join(found) or f"{len(modules)} modules, no include breaks the rule")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
