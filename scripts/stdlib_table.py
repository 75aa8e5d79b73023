"""Writes src/sort/stdlib.table: the top-level modules of the standard library, each with the versions that have it.

Usage: python scripts/stdlib_table.py PYTHON3.9 PYTHON3.10 PYTHON3.11 PYTHON3.12 PYTHON3.13 > src/sort/stdlib.table

The interpreters are asked for 3.10 to 3.13. Python 3.9 cannot list its library, so it has what lies in its folders, and
what 3.10 lists for other platforms. 3.14 and 3.15 are 3.13 with the changes that "What's New" and the sources name.
"""

import json
import subprocess
import sys

ASK = """
import json, os, pkgutil, sys, sysconfig
paths = [sysconfig.get_path("stdlib"), sysconfig.get_config_var("DESTSHARED")]
found = {m.name for m in pkgutil.iter_modules(paths)} | set(sys.builtin_module_names)
listed = set(getattr(sys, "stdlib_module_names", ()))
print(json.dumps([sys.version_info[1], sorted(listed), sorted(found)]))
"""

ADDED = {
    14: """_apple_support _ast_unparse _hmac _py_warnings _remote_debugging _types _zstd annotationlib compression""",
    15: """_math_integer profiling""",
}
REMOVED = {
    14: """_compression""",
    15: """sre_compile sre_constants sre_parse""",
}


def main() -> None:
    have: dict[int, set[str]] = {}
    found_in: dict[int, set[str]] = {}
    for python in sys.argv[1:]:
        minor, listed, found = json.loads(subprocess.check_output([python, "-I", "-c", ASK]))
        have[minor], found_in[minor] = set(listed), set(found)
    elsewhere = have[10] - found_in[10]
    known = set().union(*have.values())
    gone = {"_bootlocale", "_peg_parser", "binhex", "formatter", "parser", "peg_parser", "symbol"}
    have[9] = {n for n in found_in[9] if n in known or n in gone} | (elsewhere & have[10])
    have[12].add("_wmi")  # there since 3.12, listed since 3.13
    for minor in (14, 15):
        have[minor] = (have[minor - 1] | set(ADDED[minor].split())) - set(REMOVED[minor].split())
    for name in sorted(set().union(*have.values())):
        versions = [minor for minor in sorted(have) if name in have[minor]]
        assert versions == list(range(versions[0], versions[-1] + 1)), (name, versions)
        print(name, versions[0], versions[-1])


main()
