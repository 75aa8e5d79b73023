#!/usr/bin/env python3
"""Owns: the third-party part of src/plan/submodules.table, the submodules that well-known packages have as attributes as soon as they are imported.

    submodules_table.py PACKAGE...

Run it with a Python that has the packages. Each is imported in a fresh interpreter; a submodule counts if the package has
it as an attribute then, loaded or loaded by asking for it. The rows of the standard library hold what CPython 3.8 to
3.13 have in common.
"""

from __future__ import annotations

import subprocess
import sys

LOADED = """
import pkgutil, sys
package = __import__(sys.argv[1])
def public(name): return not any(part.startswith("_") or part in ("test", "tests") for part in name.split("."))
def attribute(name):
    found = package
    for part in name.split(".")[1:]: found = getattr(found, part, None)
    return found
names = {name for name in sys.modules if name.startswith(sys.argv[1] + ".") and name.count(".") <= 2}
names = {name for name in names if public(name) and attribute(name) is sys.modules[name]}
print(*sorted(names))
print(*sorted(module.name for module in pkgutil.iter_modules(getattr(package, "__path__", [])) if public(module.name)))
"""

ASKED = """
import sys, types
package = __import__(sys.argv[1])
try: found = getattr(package, sys.argv[2], None)
except Exception: found = None
print(isinstance(found, types.ModuleType) and found.__name__ == ".".join(sys.argv[1:]))
"""


def python(code: str, *arguments: str) -> list[str]:
    command = [sys.executable, "-I", "-W", "ignore", "-c", code, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()


def row(package: str) -> str:
    loaded, submodules = (line.split() for line in python(LOADED, package))
    names = {name.split(".", 1)[1] for name in loaded}
    names |= {name for name in set(submodules) - names if python(ASKED, package, name) == ["True"]}
    return " ".join([package, *sorted(names)])


if __name__ == "__main__":
    for package in sorted(sys.argv[1:]):
        print(row(package))
