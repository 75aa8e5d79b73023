#!/usr/bin/env python3
"""Owns: the question whether files that hotcold does not parse could have mattered, asked of mazes of second names.

Each maze is a small project made from its number alone: a module with a heavy import, files that have the module or a
package around it under their own and other names, through each other, and one that reads, assigns, patches or scans the
heavy name at the end of such a way. `check` parses what it takes to matter; `check --plan` parses everything. What they
find must be the same.

    judge_aliases.py --hotcold PATH [--first 0] [--count 1000]

Exit code: 0, 1 if some maze is judged in two ways (it is printed).
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

HEAVY = {
    "json": ("import json", "json.dumps(value)", "json"),
    "email.message": ("from email.message import Message", "Message()", "Message"),
}
HOMES = ["pkg/handler.py", "pkg/sub/core.py", "handler.py", "pkg/sub/__init__.py"]
FILES = ["pkg/f{}.py", "pkg/sub/f{}.py", "f{}.py"]
SECOND_NAMES = [
    "{new} = {way}\n",
    "{new} = (\n    {way}\n)\n",
    "{new} = None or {way}\n",
    "{new}, other = {way}, 1\n",
    "{new}: object = {way}\n",
    "first = {new} = {way}\n",
    "{new} = {way} if True else None\n",
    "{new} = (first := {way})\n",
    "try:\n    {new} = {way}\nexcept Exception:\n    pass\n",
    "import importlib\n\n{new} = importlib.reload({way})\n",
    "first = {way}\n{new} = first\n",
    "class Holder:\n    part = {way}\n\n\n{new} = Holder.part\n",
    "{new} = \\\n    {way}\n",
]
# What is done with the module, or with what leads to it.
USES = [
    "print({way}.{name})",
    "{way}.{name} = 1",
    'print(getattr({way}, "{half}" + "{rest}"))',
    'from unittest import mock\n\nmock.patch.object({way}, "{name}")',
    'from unittest import mock\n\nmock.patch("{way}.{name}")',
    'from unittest import mock\n\nmock.patch.multiple({way}, {name}=None)',
    "names = vars({way})",
    "{way}.__dict__.clear()",
    "print(({way}).{name})",
    "print((None or {way}).{name})",
    "print({way} .{name})",
    "while ({way}).{name}:\n    break",
    "if print:\n    pass\nelif (None or {way}).{name}:\n    pass",
    "assert ({way}).{name}",
    "del ({way}).{name}",
    "print(\n    {way}\n    # why\n    .{name}\n)",
    "print(lambda: {way}.{name})",
    "import importlib\n\nprint(importlib.reload({way}).{name})",
]
# Ways on which a name comes to hold something.
HELD = [
    "part = {head}\n{use}",
    "part, other = {head}, 1\n{use}",
    "(\n    part,\n    other,\n) = {head}, 1\n{use}",
    "[other, part] = [1, {head}]\n{use}",
    "part: object = {head}\n{use}",
    "if (part := {head}):\n    {line}",
    "for part in ({head}, None):\n    {line}",
    "for other, part in ((1, {head}),):\n    {line}",
    "for part in [\n    {head},\n]:\n    {line}",
    "def read(part={head}):\n    {line}",
    "read = lambda part={head}: {line}",
    "part = (  # why\n    None or\n    {head}\n)\n{use}",
    "part = \\\n    {head}\n{use}",
    "part = (\n    {broken}\n)\n{use}",
    "part = (\n    {commented}\n)\n{use}",
    "print(first := 1, part := {head}, sep='=')\n{use}",
    "holders = [1, {head}]\nfor other, part in enumerate(holders):\n    {line}",
    "def read(\n    first: int = 1,\n    *,\n    part: object = {head},\n) -> None:\n    {line}",
    "first = {head}\nsecond = first\n\n\ndef read():\n    part = second\n    {line}",
    "part = None\n\n\ndef load():\n    global part\n    part = {head}\n\n\ndef read():\n    {line}",
]
# The same in an object.
KEPT = [
    "class Holder:\n    part = {head}\n\n    def read(self):\n        {line}",
    "class Holder:\n    def __init__(self):\n        self.part = {head}\n\n    def read(self):\n        {line}",
    "class Holder:\n    def __init__(self, other=None):\n        self.part = other or {head}\n\n    def read(self):\n        {line}",
]


def dotted(path: str) -> str:
    return path[: -len(".py")].replace("/", ".").removesuffix(".__init__")


class Maze:
    """Makes the texts; every choice comes from one source of random numbers."""

    def __init__(self, number: int) -> None:
        self.random = random.Random(number)
        self.key = self.random.choice(list(HEAVY))
        self.home = self.random.choice(HOMES)
        self.module = dotted(self.home)
        # Where the module is had: the file, the name in it, and what leads on from there.
        self.known: list[tuple[str, str, list[str]]] = []

    def texts(self) -> dict[str, str]:
        statement, use, name = HEAVY[self.key]
        texts = {"pkg/__init__.py": "", "pkg/sub/__init__.py": ""}
        texts[self.home] = f"{statement}\n\n\ndef dump(value):\n    return {use}\n"
        texts["hotcold.toml"] = f'[modules."{self.key}"]\nimport-ms = 300\nusage-percent = 1\n'
        for number in range(self.random.randrange(1, 5)):
            path = self.random.choice(FILES).format(number)
            text, bound, rest = self.way()
            if self.random.random() < 0.5:
                cut = self.random.randrange(len(rest) + 1)
                new = f"alias{self.random.randrange(9)}"
                way = ".".join([bound, *rest[:cut]])
                text += self.random.choice(SECOND_NAMES).format(new=new, way=way)
                self.known.append((dotted(path), new, rest[cut:]))
            self.known.append((dotted(path), bound, rest))
            texts[path] = text
        text, bound, rest = self.way()
        way = ".".join([bound, *rest])
        texts["use.py"] = f"{text}\n{self.use(way, name)}\n"
        return texts

    def use(self, way: str, name: str) -> str:
        """What is done with the module that `way` leads to, through a name or an attribute that holds a part of the way."""
        form = self.random.choice(USES)
        parts = way.split(".")
        cut = self.random.randrange(1, len(parts) + 1)
        head, tail = ".".join(parts[:cut]), parts[cut:]
        holder, frame = "part", None
        match self.random.randrange(4):
            case 0:
                frame = self.random.choice(HELD)
            case 1:
                holder, frame = "self.part", self.random.choice(KEPT)
        held = ".".join([holder, *tail]) if frame else way
        use = form.format(way=held, name=name, half=name[:2], rest=name[2:])
        if not frame:
            return use
        if "\n" in use or "lambda" in frame:
            # What stands in a block is one line, and in a lambda an expression.
            use = USES[0].format(way=held, name=name)
        broken, commented = head.replace(".", "\n    ."), head.replace(".", "  # why\n    .")
        return frame.format(head=head, broken=broken, commented=commented, use=use, line=use)

    def way(self) -> tuple[str, str, list[str]]:
        """An import, the name that it binds, and what leads on to the module with the heavy import."""
        if self.known and self.random.random() < 0.75:
            module, name, rest = self.random.choice(self.known)
            match self.random.randrange(3):
                case 0:
                    return self.from_import(module, name, rest)
                case 1:
                    return self.renamed(module, [name, *rest])
            package, _, last = module.rpartition(".")
            if package:
                return f"from {package} import {last}\n", last, [name, *rest]
            return f"import {module}\n", module, [name, *rest]
        around = ["pkg", "pkg.sub"] if self.module.startswith("pkg.sub.") else ["pkg"]
        module = self.random.choice([self.module, *(around if self.module.startswith("pkg.") else [])])
        rest = self.module[len(module) + 1 :].split(".") if module != self.module else []
        load = f"import {self.module}\n" if rest else ""
        package, _, last = module.rpartition(".")
        match self.random.randrange(3):
            case 0 if package:
                text, bound, rest = self.from_import(package, last, rest)
            case 1:
                text, bound, rest = self.renamed(module, rest)
            case _:
                root, *parts = module.split(".")
                text, bound, rest = f"import {module}\n", root, [*parts, *rest]
        return load + text, bound, rest

    def from_import(self, module: str, name: str, rest: list[str]) -> tuple[str, str, list[str]]:
        other = self.random.choice([None, f"other{self.random.randrange(9)}"])
        renamed = f" as {other}" if other else ""
        return f"from {module} import {name}{renamed}\n", other or name, rest

    def renamed(self, module: str, rest: list[str]) -> tuple[str, str, list[str]]:
        other = f"short{self.random.randrange(9)}"
        return f"import {module} as {other}\n", other, rest


def found(hotcold: Path, folder: Path, *options: str) -> tuple[object, object]:
    """The findings and the refusals of `check`."""
    command = [hotcold, "check", "--output-format", "json", *options, "."]
    output = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)
    if output.returncode not in (0, 1):
        raise SystemExit(f"{' '.join(map(str, command))}: exit {output.returncode}\n{output.stderr}")
    report = json.loads(output.stdout)
    return report["findings"], report["refusals"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hotcold", type=Path, required=True)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--count", type=int, default=1000)
    options = parser.parse_args()
    hotcold = options.hotcold.resolve()
    differing = moved = 0
    for number in range(options.first, options.first + options.count):
        with tempfile.TemporaryDirectory() as folder:
            texts = Maze(number).texts()
            for path, text in texts.items():
                file = Path(folder, path)
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text)
            some, everything = found(hotcold, Path(folder)), found(hotcold, Path(folder), "--plan")
        moved += bool(everything[0])
        if some != everything:
            differing += 1
            print(f"maze {number} is judged in two ways:")
            for path, text in sorted(texts.items()):
                print(f"--- {path}\n{text}")
    print(f"{options.count} mazes, {differing} judged in two ways; the import moves in {moved}")
    # Where nothing ever moves, or everything does, nothing is asked.
    return 1 if differing or not 0 < moved < options.count else 0


if __name__ == "__main__":
    sys.exit(main())
