#!/usr/bin/env python3
"""Owns: a made-up Python project of any size, for measuring hotcold on it.

    generate_project.py FOLDER [--files 10000] [--configured 5] [--seed 1] [--first-party]

The folder must not exist. What is written depends on the arguments alone. The project looks like a large application:
packages in packages, modules of the same name in each (`models`, `service`, `utils`), relative and absolute imports, import
cycles, star imports, functions that import what they need, and tests that patch names of the modules that they test.
`--configured` is the share of files, in percent, that import a module which `hotcold.toml` judges. Those modules are of the
standard library, so that the project can be imported and its tests run under CPython, before and after a fix. With
`--first-party`, `hotcold.toml` judges modules of the project too, so that import cycles are asked about.
"""

from __future__ import annotations

import argparse
import random
import sys
from dataclasses import dataclass, field
from pathlib import Path

ROOT = "acme"

COLD = ["decimal", "sqlite3", "xml.etree.ElementTree", "email.message", "zipfile", "fractions"]
HOT = ["csv", "textwrap", "statistics"]

ROLES = ["models", "service", "utils", "views", "client", "schemas", "tasks", "events"]
NOUNS = """account invoice ledger parcel order ticket voucher customer supplier refund payment shipment product basket route
vehicle contract tariff meter reading sensor alarm roster shift branch region depot batch label parking coupon booking quota
budget journal receipt channel campaign segment profile session device""".split()
VERBS = "load store merge split check close open price count move plan track match join sort filter send fetch".split()
WORDS = """the value of each entry is kept until the batch closes and a later run reads it again so that nothing is counted
twice when two workers meet at one record which is rare but was seen in practice before this rule was written down""".split()

MODULE = '''\
"""{title}

{prose}
"""

{imports}

{constants}
'''

FUNCTION = '''\

def {name}({parameters}):
    """{title}

    {prose}
    """
{imports}    found = []
    for position, item in enumerate({first}):
        # {comment}
        if item is None or position > LIMIT:
            continue
        key = f"{{item}}-{{position}}"
        if key in KNOWN:
            found.append((key, KNOWN[key]))
        elif {second} and len(key) > {number}:
            found.append((key.upper(), "{word}"))
        else:
            try:
                found.append((key, int(position) * {number}))
            except ValueError as error:
                raise RuntimeError("cannot {verb} %s" % key) from error
{body}    return {{"name": "{name}", "count": len(found), "found": found}}
'''

CLASS = '''\

class {name}:
    """{title}

    {prose}
    """

    kind = "{word}"

    def __init__(self, owner, limit={number}):
        self.owner = owner
        self.limit = limit
        self.entries = {{}}

    def {verb}(self, entry, *, strict=False):
        """{title}"""
        if strict and entry in self.entries:
            raise KeyError(entry)
        # {comment}
        self.entries[entry] = self.entries.get(entry, 0) + 1
        return self

    @property
    def total(self):
        return sum(self.entries.values()) + self.limit

    def describe(self):
        lines = [f"{{key}}: {{count}}" for key, count in sorted(self.entries.items())]
        return "\\n".join(lines) or "no {word}"
'''

TEST = '''\
"""Tests of {module}."""

import unittest
from unittest import mock

{imports}


class {name}(unittest.TestCase):
{methods}

if __name__ == "__main__":
    unittest.main()
'''

TEST_METHOD = '''\
    def test_{function}_{number}(self):
        with mock.patch("{module}.{constant}", {value}):
            result = {alias}.{function}(["a", "b", None], True)
        self.assertEqual(result["name"], "{function}")
        # {comment}
        self.assertIn("found", result)

'''


@dataclass
class Module:
    """A module of the project, before and while its text is made."""

    package: tuple[str, ...]
    stem: str
    number: int
    configured: bool
    functions: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        return ".".join((*self.package, self.stem))

    @property
    def path(self) -> str:
        return "/".join((*self.package, self.stem)) + ".py"


class Generator:
    """Makes the texts; every choice comes from one source of random numbers."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.random = random.Random(options.seed)
        self.share = options.configured / 100
        self.total = options.files
        self.modules: list[Module] = []
        self.texts: dict[str, str] = {}

    def run(self) -> dict[str, str]:
        """Packages of about nine modules with an `__init__.py`, each with a few tests, until there are enough files."""
        self.texts[f"{ROOT}/__init__.py"] = '"""An application."""\n'
        self.texts["tests/__init__.py"] = ""
        area = unit = 0
        while len(self.texts) < self.total:
            if unit % 12 == 0:
                area += 1
                self.put(f"{ROOT}/area_{area}/__init__.py", '"""One area of the application."""\n')
            unit += 1
            self.unit((ROOT, f"area_{area}", f"{NOUNS[unit % len(NOUNS)]}_{unit}"))
        return self.texts

    def put(self, path: str, text: str) -> None:
        if len(self.texts) < self.total:
            self.texts[path] = text

    def unit(self, package: tuple[str, ...]) -> None:
        roles = self.random.sample(ROLES, 4)
        nouns = [f"{noun}_{len(self.modules) + at}" for at, noun in enumerate(self.random.sample(NOUNS, 5))]
        stems = ["constants", *roles, *nouns]
        modules = [
            Module(package, stem, len(self.modules) + at, self.random.random() < self.share)
            for at, stem in enumerate(stems)
        ]
        # Half of the packages show the names of one module, some all of them.
        shown = self.random.choice(["", f"from .{roles[0]} import KNOWN\n", f"from .{roles[1]} import *\n", ""])
        self.put("/".join(package) + "/__init__.py", f'"""{self.sentence()}"""\n\n{shown}'.rstrip() + "\n")
        for module in modules:
            self.put(module.path, self.text(module, modules))
        for module in self.random.sample(modules[1:], 4):
            folder = "tests/" + "/".join(package[1:])
            self.put(f"tests/{package[1]}/__init__.py", "")
            self.put(f"{folder}/__init__.py", "")
            self.put(f"{folder}/test_{module.stem}.py", self.test(module))
        self.modules.extend(modules)

    def text(self, module: Module, siblings: list[Module]) -> str:
        if module.stem == "constants":
            return self.constants()
        standard = ["import logging"]
        own = []
        calls = []
        configured = set()
        if module.configured:
            for name in self.random.sample(COLD, self.random.choice([1, 1, 2, 3])):
                form, use = self.form(name)
                standard.append(form)
                calls.append(use)
                configured.add(name)
        if self.modules:
            for other in self.random.sample(self.modules, min(len(self.modules), self.random.choice([0, 1, 2, 3]))):
                own.append(f"import {other.name} as {other.stem}_{other.number}")
                calls.append(f"{other.stem}_{other.number}.LIMIT")
        if self.random.random() < 0.4:
            own.append(self.random.choice(["from .constants import *", "from .constants import SCALE"]))
        # Siblings import each other as modules, so that cycles hold together.
        for sibling in self.random.sample(siblings[1:], self.random.choice([0, 1, 2])):
            if sibling is not module:
                own.append(f"from . import {sibling.stem}")
                calls.append(f"{sibling.stem}.KNOWN")
        near = [other for other in self.modules[-40:] if other.package[1] == module.package[1] and other.functions]
        if near and self.random.random() < 0.3:
            other = self.random.choice(near)
            own.append(f"from ..{other.package[2]}.{other.stem} import {other.functions[0]} as other_{other.stem}")
            calls.append(f"other_{other.stem}")
        parts = [
            MODULE.format(
                title=self.sentence(),
                prose=self.prose(4, ""),
                imports="\n".join(sorted(set(standard))) + ("\n\n" + "\n".join(sorted(set(own))) if own else ""),
                constants=self.table(),
            )
        ]
        for at in range(self.random.choice([3, 4, 5, 6, 7, 9])):
            module.functions.append(f"{self.random.choice(VERBS)}_{self.random.choice(NOUNS)}_{at}")
            parts.append(self.function(module, module.functions[-1], calls, module.configured))
            if self.random.random() < 0.5:
                parts.append(self.a_class(at))
        return "\n".join(parts)

    def constants(self) -> str:
        lines = [f"{noun.upper()}_{at} = {self.random.randrange(1000)}" for at, noun in enumerate(NOUNS)]
        return f'"""{self.sentence()}"""\n\nSCALE = 7\nLIMIT = 90\nKNOWN = {{}}\n' + "\n".join(lines) + "\n"

    def form(self, name: str) -> tuple[str, str]:
        """An import of a configured module, and an expression that uses it."""
        head, _, last = name.rpartition(".")
        members = {"decimal": "Decimal", "sqlite3": "Binary", "zipfile": "ZipFile", "fractions": "Fraction"}
        if head:
            renamed = (f"from {head} import {last} as {last}_module", f"{last}_module")
            return self.random.choice([(f"import {name}", name), renamed])
        if name in members and self.random.random() < 0.4:
            return f"from {name} import {members[name]}", members[name]
        return f"import {name}", f"{name}.__name__"

    def function(self, module: Module, name: str, calls: list[str], configured: bool) -> str:
        inner = ""
        body = ""
        for call in self.random.sample(calls, min(len(calls), 2)):
            body += f'    if position_of(found) > {self.random.randrange(20, 90)}:\n        found.append(("used", {call}))\n'
        body = body.replace("position_of(found)", "len(found)")
        if configured and self.random.random() < 0.3:
            hot = self.random.choice(HOT)
            inner = f"    import {hot}\n"
            body += f"    found.sort(key=lambda pair: (pair[0], {hot}.__name__))\n"
        if self.modules and self.random.random() < 0.2:
            other = self.random.choice(self.modules)
            inner += f"    from {'.'.join(other.package)} import {other.stem}\n"
            body += f"    found.append((\"late\", {other.stem}.LIMIT))\n"
        inner += "\n" if inner else ""
        return FUNCTION.format(
            name=name,
            parameters=f"items, strict=False, *, limit={self.random.randrange(10)}",
            title=self.sentence(),
            prose=self.prose(3, "    "),
            imports=inner,
            first="items",
            second="strict",
            number=self.random.randrange(2, 40),
            word=self.random.choice(WORDS),
            verb=self.random.choice(VERBS),
            comment=self.sentence(),
            body=body,
        )

    def a_class(self, at: int) -> str:
        return CLASS.format(
            name=f"{self.random.choice(NOUNS).title()}{at}",
            title=self.sentence(),
            prose=self.prose(2, "    "),
            word=self.random.choice(WORDS),
            verb=self.random.choice(VERBS),
            number=self.random.randrange(100),
            comment=self.sentence(),
        )

    def test(self, module: Module) -> str:
        alias = module.stem
        methods = [
            TEST_METHOD.format(
                function=self.random.choice(module.functions),
                number=at,
                module=module.name,
                constant=constant,
                value=value,
                alias=alias,
                comment=self.sentence(),
            )
            for at in range(self.random.choice([2, 4, 6, 8]))
            for constant, value in [self.random.choice([("LIMIT", "3"), ("KNOWN", '{"a-0": 1}'), ("logging", "None")])]
        ]
        return TEST.format(
            module=module.name,
            imports=f"from {'.'.join(module.package)} import {module.stem}",
            name=f"Test{module.stem.title().replace('_', '')}",
            methods="\n".join(method.rstrip("\n") + "\n" for method in methods),
        )

    def table(self) -> str:
        rows = "".join(
            f'    "{noun}-{self.random.randrange(100)}": {self.random.randrange(1000)},\n'
            for noun in self.random.sample(NOUNS, self.random.randrange(3, 20))
        )
        log = "LOG = logging.getLogger(__name__)\n"
        return f"LIMIT = {self.random.randrange(100)}\nKNOWN = {{\n{rows}}}\n{log}"

    def sentence(self) -> str:
        words = self.random.sample(WORDS, self.random.randrange(5, 12))
        return " ".join(words).capitalize() + "."

    def prose(self, lines: int, indent: str) -> str:
        return f"\n{indent}".join(self.sentence() for _ in range(lines))


def configuration(first_party: bool) -> str:
    sections = [f'[modules."{name}"]\nimport-ms = 300\nusage-percent = 1\n' for name in COLD]
    sections += [f'[modules."{name}"]\nimport-ms = 300\nusage-percent = 90\n' for name in HOT]
    if first_party:
        sections.append(f'[modules."{ROOT}.area_1"]\nimport-ms = 300\nusage-percent = 90\n')
        sections.append(f'[modules."{ROOT}.area_2"]\nimport-ms = 300\nusage-percent = 1\n')
    return "\n".join(sections)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--configured", type=float, default=5, help="percent of modules that import a configured one")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first-party", action="store_true", help="judge modules of the project as well")
    options = parser.parse_args()
    if options.folder.exists():
        print(f"{options.folder} exists: name a folder that does not", file=sys.stderr)
        return 2
    texts = Generator(options).run()
    for path, text in texts.items():
        target = options.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    (options.folder / "hotcold.toml").write_text(configuration(options.first_party), encoding="utf-8")
    size = sum(map(len, texts.values()))
    print(f"{len(texts)} files, {size} bytes, {size // len(texts)} on average")
    return 0


if __name__ == "__main__":
    sys.exit(main())
