"""Prints CPython's symbol tables of its own standard library, one JSON array a file.

    [path, scope]        scope: [type, name, line, names, children]
                         names: {name: letters}, the first letter as in SCOPES below, the others as in FLAGS

The first line is {"version": [major, minor]}, the last {"rejected": n}: files that this Python does not compile or that
are not UTF-8.
"""

import _symtable
import json
import os
import sys
import sysconfig
import warnings

warnings.simplefilter("ignore")
sys.setrecursionlimit(10_000)

# Ours: stable between versions, and single characters so that the output stays small.
SCOPES = {
    _symtable.LOCAL: "l",
    _symtable.CELL: "c",
    _symtable.FREE: "f",
    _symtable.GLOBAL_EXPLICIT: "e",
    _symtable.GLOBAL_IMPLICIT: "g",
}
FLAGS = (
    (_symtable.USE, "u"),
    (_symtable.DEF_LOCAL, "a"),
    (_symtable.DEF_PARAM, "p"),
    (_symtable.DEF_IMPORT, "i"),
)
SHIFT = getattr(_symtable, "SCOPE_OFF", None) or _symtable.SCOPE_OFFSET
MASK = _symtable.SCOPE_MASK

TYPES = {_symtable.TYPE_MODULE: "module", _symtable.TYPE_CLASS: "class", _symtable.TYPE_FUNCTION: "function"}
for name, ours in {
    "TYPE_TYPE_PARAM": "parameters",  # 3.12
    "TYPE_TYPE_PARAMETERS": "parameters",
    "TYPE_TYPE_VAR_BOUND": "lazy",
    "TYPE_TYPE_VARIABLE": "lazy",
    "TYPE_TYPE_ALIAS": "lazy",
}.items():
    if hasattr(_symtable, name):
        TYPES[getattr(_symtable, name)] = ours


def encode(flags):
    return SCOPES.get(flags >> SHIFT & MASK, "?") + "".join(letter for flag, letter in FLAGS if flags & flag)


def dump(table):
    names = {name: encode(flags) for name, flags in table.symbols.items()}
    return [TYPES[table.type], table.name, table.lineno, names, [dump(child) for child in table.children]]


def main():
    root = sysconfig.get_paths()["stdlib"]
    rejected = 0
    print(json.dumps({"version": sys.version_info[:2]}))
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(set(folders) - {"__pycache__", "site-packages"})
        for file in sorted(files):
            if not file.endswith(".py"):
                continue
            path = os.path.join(folder, file)
            try:
                with open(path, "rb") as source:
                    data = source.read()
                data.decode("utf-8")
                compile(data, path, "exec", dont_inherit=True)
                table = _symtable.symtable(data, path, "exec")
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                rejected += 1
                continue
            print(json.dumps([path, dump(table)], separators=(",", ":")))
    print(json.dumps({"rejected": rejected}))


main()
