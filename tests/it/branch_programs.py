"""Random programs for `placement = "branch"`, and their judge: CPython.

    branch_programs.py write FOLDER COUNT SEED   a project of COUNT modules with functions that use other modules
    branch_programs.py run FOLDER                every function with every sequence of choices: what it does, line by line
    branch_programs.py blocked FOLDER            the same while none of those modules can be imported: what goes wrong
    branch_programs.py places FOLDER             how many imports stand at the top of functions, and how many in branches

A function asks `choice()` wherever it could take one of two ways, so that all its paths can be run one after another.
"""

import ast
import builtins
import collections
import importlib
import pathlib
import random
import re
import sys

MODULES = "kitchen", "pantry", "cellar"
MODULE = '''\
VALUE = 3


class Error(Exception):
    pass


def f(x):
    return x + 1


def kept(x):
    return lambda function: function
'''
WORLD = '''\
trace = []
bits = []
asked = 0


def choice():
    global asked
    asked += 1
    return asked <= len(bits) and bits[asked - 1]


def out(*values):
    trace.append(["function" if callable(value) else value for value in values])
    return True


def maybe():
    if choice():
        raise KeyError(1) if choice() else ValueError(2)


def items():
    return [1, 2] if choice() else []


class Context:
    def __init__(self, swallows):
        self.swallows = swallows

    def __enter__(self):
        trace.append("enter")

    def __exit__(self, kind, *_):
        trace.append("exit")
        return self.swallows and kind is not None

    async def __aenter__(self):
        return self.__enter__()

    async def __aexit__(self, *exception):
        return self.__exit__(*exception)


class Nap:
    def __await__(self):
        yield


class Items:
    def __init__(self):
        self.left = items()

    def __aiter__(self):
        return self

    async def __anext__(self):
        if not self.left:
            raise StopAsyncIteration
        return self.left.pop()
'''
USES = "kitchen.f(1)", "kitchen.VALUE", "p.f(2)", "f(3)", "Error.__name__"
LOCAL = "import kitchen", "import pantry as p", "from cellar import f"
HANDLERS = "ValueError", "(KeyError, ValueError)", "KeyError", "Exception", "ImportError", "kitchen.Error", "Error", ""


class Writer:
    """Writes one function."""

    def __init__(self, dice, kind):
        self.dice, self.kind = dice, kind
        self.uses = dice.sample(USES, dice.choice([1, 1, 2, 3]))
        self.often = dice.choice([0.05, 0.1, 0.2])
        self.names = 0

    def expr(self):
        return self.dice.choice(self.uses) if self.dice.random() < self.often else str(self.dice.randrange(9))

    def test(self):
        return self.dice.choice(
            ["choice()"] * 6
            + [f"choice() and {self.expr()}", f"(w := {self.expr()}) and choice()", f"out({self.expr()}) and choice()"]
        )

    def name(self):
        self.names += 1
        return f"v{self.names}"

    def block(self, depth, loop=False, inner=False, most=3):
        dice, lines = self.dice, []
        if dice.random() < 0.1:
            lines.append(dice.choice(["# A comment.", '"A string."', "pass"]))
        for _ in range(dice.randint(1, most)):
            lines += self.stmt(depth, loop, inner)
        return lines

    def stmt(self, depth, loop, inner):
        simple = [self.output, self.output, self.output, self.bind, self.leave, self.fail]
        nested = [self.branch, self.branch, self.branch, self.inline, self.loop, self.attempt, self.attempt, self.guard]
        nested += [self.function, self.small, self.small, self.klass] + [self.match] * (sys.version_info >= (3, 10))
        write = self.dice.choice(nested if depth and self.dice.random() < 0.65 else simple)
        return write(depth - 1, loop, inner)

    def output(self, *_):
        if self.kind == "generator" and self.dice.random() < 0.3:
            return [f"yield {self.expr()}"]
        if self.kind == "coroutine" and self.dice.random() < 0.3:
            return ["await Nap()", f"out({self.expr()})"]
        return [f"out({self.expr()})"]

    def bind(self, *_):
        name = self.name()
        annotation = f": {self.dice.choice(['int', *self.uses]).split('(')[0]}" if self.dice.random() < 0.3 else ""
        return [f"{name}{annotation} = {self.expr()}", f"out({name})"]

    def leave(self, depth, loop, inner):
        if loop and self.dice.random() < 0.5:
            return [self.dice.choice(["break", "continue"])]
        return [f"return {self.expr()}"] if self.dice.random() < 0.5 else ["maybe()"]

    def fail(self, *_):
        return [self.dice.choice(["maybe()", "maybe()", "raise ValueError(3)", "raise Error()", "assert choice()"])]

    def branch(self, depth, loop, inner):
        lines = [f"if {self.test()}:", *indent(self.block(depth, loop, inner))]
        for _ in range(self.dice.choice([0, 0, 1, 2])):
            lines += [f"elif {self.test()}:", *indent(self.block(depth, loop, inner))]
        return lines + self.orelse(depth, loop, inner)

    def orelse(self, depth, loop, inner):
        return ["else:", *indent(self.block(depth, loop, inner))] if self.dice.random() < 0.4 else []

    def inline(self, *_):
        body = self.dice.choice([f"out({self.expr()})", f"x = 1; out({self.expr()})", f"return {self.expr()}"])
        return [f"if {self.test()}: {body}"] + self.dice.choice([[], [f"else: out({self.expr()})"]])

    def loop(self, depth, loop, inner):
        header = self.dice.choice(["for i in items():", f"while {self.test()}:"])
        if self.kind == "coroutine" and not inner and self.dice.random() < 0.5:
            header = "async for i in Items():"
        return [header, *indent(self.block(depth, True, inner)), *self.orelse(depth, loop, inner)]

    def attempt(self, depth, loop, inner):
        first = ["maybe()"] * (self.dice.random() < 0.7)
        lines = ["try:", *indent(first + self.block(depth, loop, inner))]
        bare = False
        for _ in range(self.dice.choice([0, 1, 1, 1, 2])):
            caught = self.dice.choice(HANDLERS)
            if not bare:
                bare = not caught
                lines += [f"except {caught}:".replace(" :", ":"), *indent(self.block(depth, loop, inner))]
        if "except" in {line.split(" ")[0].rstrip(":") for line in lines}:
            lines += self.orelse(depth, loop, inner)
            if self.dice.random() < 0.8:
                return lines
        final = self.block(depth, False, inner) if self.dice.random() < 0.3 else [f"out({self.expr()})"]
        return lines + ["finally:", *indent(final)]

    def guard(self, depth, loop, inner):
        keyword = "async with" if self.kind == "coroutine" and not inner else "with"
        return [f"{keyword} Context({self.dice.choice([0, 0, 1])}):", *indent(self.block(depth, loop, inner))]

    def match(self, depth, loop, inner):
        lines = ["match choice():", "    case True:", *indent(indent(self.block(depth, loop, inner)))]
        last = self.dice.choice(["case _:", "case other if other == 0:", f"case other if {self.expr()}:"])
        return lines + indent([last, *indent(self.block(depth, loop, inner))])

    def function(self, depth, loop, inner):
        name, kind = self.name(), self.kind
        self.kind = "function"
        decorator = self.dice.choice([[], ["@kept(1)"] if "f(3)" in self.uses else []])
        body = indent(self.block(depth, False, True))
        self.kind = kind
        call = self.dice.choice([[f"out({name}())"], [f"if choice(): out({name}())"], [f"return {name}"]])
        return [*decorator, f"def {name}(a={self.expr()}):", *body, *call]

    def small(self, *_):
        name, expr = self.name(), self.expr()
        return self.dice.choice(
            [
                [f"{name} = lambda: {expr}", f"out({name}())"],
                [f"return lambda: {expr}"],
                [f"out([{expr} for _ in range(2)], {{{expr}: y for y in [1]}})"],
                [f"{name} = ({expr} for _ in range(2))", f"out(*{name})"],
                [f'out(f"{{{expr}}}")'],
            ]
        )

    def klass(self, *_):
        name = self.name()
        lines = [f"class {name}:", f"    y = {self.expr()}", "    def m(self):", f"        return {self.expr()}"]
        return [*lines, f"out({name}.y, {name}().m())"]


def indent(lines):
    return ["    " + line for line in lines]


def write(folder, count, seed):
    dice = random.Random(seed)
    for name in MODULES:
        (folder / f"{name}.py").write_text(MODULE)
    (folder / "world.py").write_text(WORLD)
    for number in range(count):
        text = "".join("\n\n" + function(dice, f"f{position}") for position in range(8))
        (folder / f"app{number}.py").write_text(head(text) + text)


def head(text):
    """The imports of the names that `text` uses."""

    def used(names):
        return ", ".join(name for name in names.split() if re.search(rf"\b{name}\b", text))

    lines = ["import kitchen"] * bool(used("kitchen")) + ["import pantry as p"] * bool(used("p"))
    for module, names in ("cellar", "Error f kept"), ("world", "Context Items Nap choice items maybe out"):
        lines += [f"from {module} import {used(names)}"] * bool(used(names))
    return "\n".join(lines) + "\n"


def function(dice, name):
    """The text of one function that compiles."""
    while True:
        kind = dice.choice(["function"] * 4 + ["generator", "coroutine"])
        body = Writer(dice, kind).block(4, most=8) + ["return 0"]
        if dice.random() < 0.05:
            body.insert(0, dice.choice([f"if choice(): {dice.choice(LOCAL)}", dice.choice(LOCAL)]))
            name += "_own"
        if kind == "generator":
            body.insert(0, "yield 1")
        header = f"{'async ' if kind == 'coroutine' else ''}def {name}():"
        text = "\n".join([header, *indent(body)]) + "\n"
        try:
            compile(text, name, "exec")
            return text
        except SyntaxError:
            continue


def functions(folder):
    sys.path.insert(0, str(folder))
    for path in sorted(folder.glob("app*.py")):
        module = importlib.import_module(path.stem)
        for name, value in sorted(vars(module).items()):
            if name.startswith("f") and name[1:2].isdigit():
                yield f"{path.stem}.{name}", value


class Imports:
    """Watches the import statements of functions: no statement may run twice in one call."""

    def __init__(self):
        self.real, self.seen = builtins.__import__, []

    def __call__(self, name, *arguments):
        frame = sys._getframe(1)
        if name in MODULES:
            self.seen.append((frame, frame.f_lineno, frame.f_code.co_name))
        return self.real(name, *arguments)

    def repeated(self):
        counts = collections.Counter((id(frame), line) for frame, line, _ in self.seen)
        return max(counts.values(), default=0) > 1


def paths(call, limit=6, most=48):
    """Runs `call` with every sequence of at most `limit` choices: the choices, what it did, and the imports it ran."""
    import world

    bits = []
    for _ in range(most):
        world.trace[:], world.bits[:], world.asked = [], bits, 0
        watch = builtins.__import__ = Imports()
        try:
            outcome = finished(call())
        except Exception as error:
            outcome = error
        builtins.__import__ = watch.real
        yield bits, world.trace, outcome, watch
        bits = (bits + [False] * limit)[: min(world.asked, limit)]
        while bits and bits[-1]:
            bits.pop()
        if not bits:
            return
        bits[-1] = True


def finished(value):
    """The result of a function, a generator or a coroutine; a function that it returns is called."""
    if hasattr(value, "send"):
        values = []
        try:
            while len(values) < 99:
                values.append(value.send(None))
        except StopIteration as end:
            return values, finished(end.value)
    return ("called", finished(value())) if callable(value) else value


def run(folder):
    for name, call in functions(folder):
        for bits, trace, outcome, watch in paths(call):
            what = f"{type(outcome).__name__}: {outcome}" if isinstance(outcome, Exception) else repr(outcome)
            repeated = "an import ran twice" if watch.repeated() else ""
            print(name, "".join(map(str, map(int, bits))), trace, what, repeated)


def blocked(folder):
    """A failing import must fail the function that runs it, as one at its top would."""
    for name, call in list(functions(folder)):
        for module in MODULES:
            sys.modules[module] = None
        for bits, _, outcome, watch in paths(call):
            own = watch.seen and watch.seen[0][2] == call.__name__ and "_own" not in name
            if own and not has_import_error(outcome):
                print(name, "".join(map(str, map(int, bits))), "swallows the failure of an import:", repr(outcome))
        for module in MODULES:
            del sys.modules[module]


def has_import_error(outcome):
    while isinstance(outcome, BaseException):
        if isinstance(outcome, ImportError):
            return True
        outcome = outcome.__context__
    return False


def places(folder):
    counts = collections.Counter()
    for path in sorted(folder.glob("app*.py")):
        tree = ast.parse(path.read_text())
        counts["module"] += sum(isinstance(stmt, (ast.Import, ast.ImportFrom)) for stmt in tree.body) - 1
        for node in ast.walk(tree):
            for name in "body", "orelse", "handlers", "finalbody":
                for stmt in getattr(node, name, ()) if isinstance(getattr(node, name, ()), list) else ():
                    if isinstance(stmt, (ast.Import, ast.ImportFrom)) and node is not tree:
                        is_top = isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
                        counts["top" if is_top else "branch"] += 1
    print(*(f"{key}={counts[key]}" for key in ("module", "top", "branch")))


if __name__ == "__main__":
    command, folder, *numbers = sys.argv[1:]
    {"write": write, "run": run, "blocked": blocked, "places": places}[command](
        pathlib.Path(folder), *map(int, numbers)
    )
