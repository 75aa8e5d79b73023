"""Owns: made-up files of one shape each, any of which an algorithm that looks at pairs would take too long for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable

# The module that is to move in all of them.
MODULE = "heavy"


@dataclass(frozen=True)
class Shape:
    """What there are many of in the file, how many that is, and the text for any such number."""

    name: str
    number: int
    text: Callable[[int], str]
    # Percent of the requests that use the module: whether the import moves into functions, or out of them.
    usage: int = 1


def functions(number: int) -> str:
    """A function receives the import, each."""
    return "import heavy\n\n\n" + "".join(f"def f{at}(a):\n    return heavy.call(a, {at})\n\n\n" for at in range(number))


def users(use: str, number: int) -> str:
    """Functions with a hundred uses each."""
    uses = [f"    {use.format(at=at)}\n" for at in range(number)]
    bodies = ["".join(uses[at : at + 100]) for at in range(0, number, 100)]
    return "".join(f"\n\ndef f{at}():\n{body}" for at, body in enumerate(bodies))


def imports(number: int) -> str:
    """Every import moves; a function uses a hundred of them."""
    lines = "".join(f"import heavy.m{at} as m{at}\n" for at in range(number))
    return lines + users("m{at}.call()", number)


def names(number: int) -> str:
    """Every name of a package is imported by a statement of its own."""
    lines = "".join(f"from heavy import n{at}\n" for at in range(number))
    return lines + users("n{at}()", number)


def importers(number: int) -> str:
    """Every function imports another name, all of which move to the module."""
    function = "def f{at}():\n    from heavy import n{at}\n\n    return n{at}()\n"
    return "\n\n".join(function.format(at=at) for at in range(number))


def members(number: int) -> str:
    """One import statement."""
    names = "".join(f"    n{at},\n" for at in range(number))
    return f"from heavy import (\n{names})\n" + users("n{at}()", number)


def references(number: int) -> str:
    """One function uses one name all the time."""
    return "import heavy\n\n\ndef f():\n" + "".join(f"    heavy.call({at})\n" for at in range(number))


def bindings(number: int) -> str:
    """Names of the module's body, each of which is read once and could be what the import binds."""
    body = "".join(f"v{at} = {at}\n" for at in range(number))
    reads = "".join(f"    heavy.call(v{at})\n" for at in range(number))
    return f"import heavy\n\n{body}\n\ndef f():\n{reads}"


def comments(number: int) -> str:
    return "import heavy\n\n\ndef f():\n" + "".join(f"    # number {at}\n    heavy.call()\n" for at in range(number))


def parentheses(depth: int) -> str:
    line = "    g(" + "(" * depth + "heavy.call" + ")" * depth + ")\n"
    return "import heavy\n\n\ndef f(g):\n" + line * 300


def blocks(depth: int) -> str:
    """The text grows faster than the depth, by the white space before the lines."""
    nest = "".join(" " * (at + 1) + f"if a > {at}:\n" for at in range(depth)) + " " * (depth + 1) + "heavy.call()\n"
    return "import heavy\n\n\n" + "".join(f"def f{at}(a):\n{nest}\n\n" for at in range(60))


def scopes(depth: int) -> str:
    """Functions in functions; the innermost uses the name."""
    nest = "".join(" " * at + f"def g{at}(a):\n" for at in range(1, depth)) + " " * depth + "heavy.call()\n"
    return "import heavy\n\n\n" + "".join(f"def f{at}():\n{nest}\n\n" for at in range(60))


def branches(number: int) -> str:
    """`elif` after `elif`."""
    chain = "".join(f"    elif a == {at}:\n        heavy.call({at})\n" for at in range(number))
    return "import heavy\n\n\n" + "".join(f"def f{at}(a):\n    if a is None:\n        pass\n{chain}\n\n" for at in range(20))


def terms(number: int) -> str:
    """One sum."""
    total = " + ".join(["heavy.x"] * number)
    return "import heavy\n\n\n" + "".join(f"def f{at}():\n    return {total}\n\n\n" for at in range(20))


# CPython allows 200 parentheses and 100 levels of indentation, and its compiler some thousand steps of recursion.
SHAPES = [
    Shape("functions", 20_000, functions),
    Shape("imports", 20_000, imports),
    Shape("imports of one package", 20_000, names),
    Shape("functions with an import", 20_000, importers, usage=90),
    Shape("members of one import", 20_000, members),
    Shape("references", 50_000, references),
    Shape("bindings of the module", 20_000, bindings),
    Shape("comments", 20_000, comments),
    Shape("parentheses in parentheses", 180, parentheses),
    Shape("blocks in blocks", 90, blocks),
    Shape("functions in functions", 90, scopes),
    Shape("branches of one `if`", 1_000, branches),
    Shape("terms of one sum", 1_000, terms),
]
