"""Owns: the rules that a file rewritten by hotcold must keep, each decided by CPython or ruff from the two texts alone.

Nothing here runs hotcold or knows how it decides. `judge.py` brings the files.
"""

from __future__ import annotations

import ast
import collections
import io
import json
import re
import shutil
import subprocess
import symtable
import tempfile
import tokenize
from pathlib import Path
from typing import Iterable, Iterator, NamedTuple

# TC004: an import for type checkers only that the program needs when it runs.
NAME_RULES = "F821,F822,F823,F811,F401,TC004"
RUFF_CONFIGS = {"pyproject.toml", "ruff.toml", ".ruff.toml"}
RUFF_SYNTAX_ERROR = re.compile(rb"(?i)invalid-syntax|failed to parse|syntax error")
FILES_PER_CALL = 300

NUMBER = r"\d+(?:\.\d)?"
EXCEPTION_COMMENT = re.compile(
    rf"#\s*{NUMBER}ms but (?:{NUMBER}% usage|critical path(?:, {NUMBER}% usage)?|pinned) - HOT PATH EXCEPTION"
)

COMPILE = """
import json, sys
errors = {}
for path in json.load(sys.stdin):
    try:
        with open(path, "rb") as file:
            compile(file.read(), path, "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError) as error:
        errors[path] = f"{type(error).__name__}: {error}"
json.dump(errors, sys.stdout)
"""


class Violation(NamedTuple):
    """A rule that a file breaks. File `-`: the run as a whole."""

    file: str
    rule: str
    reason: str


class MovedName(NamedTuple):
    """A name that an import bound in the body of a module, and does not bind there any more."""

    module: str
    name: str
    target: str


class RuffError(Exception):
    """ruff itself failed."""


# ---------------------------------------------------------------- CPython


def compile_errors(python: str, folder: Path, paths: list[str]) -> dict[str, str]:
    """Why each of `paths` that `python` does not compile is refused."""
    command = [python, "-I", "-W", "ignore", "-c", COMPILE]
    done = subprocess.run(command, input=json.dumps(paths), cwd=folder, capture_output=True, text=True)
    if done.returncode:
        raise OSError(f"{python}: {done.stderr.strip()[-300:]}")
    errors: dict[str, str] = json.loads(done.stdout)
    return errors


def judge_file(path: str, old: bytes, new: bytes, moved: Iterable[MovedName] = ()) -> Iterator[Violation]:
    """The rules that CPython's own ast, symtable and tokenize decide for one file.

    `moved` are the names that left the module level of any file: only strings that patch through them may change.
    """
    try:
        trees = ast.parse(old), ast.parse(new)
        if has_future_annotations(trees[1]) and not has_future_annotations(trees[0]):
            # What `--unsafe` does: annotations become text. Everything else is held against the old text with that import.
            old = with_future_annotations(decoded(old), trees[0]).encode()
            trees = ast.parse(old), trees[1]
        restore_patch_targets(*trees, moved)
        tables = symtable.symtable(decoded(old), path, "exec"), symtable.symtable(decoded(new), path, "exec")
        yield from (Violation(path, "comments", reason) for reason in judge_comments(old, new, trees[0]))
        yield from (Violation(path, "names", reason) for reason in judge_scopes(trees, tables))
        yield from (Violation(path, "imports", reason) for reason in judge_ledger(*trees))
        yield from (Violation(path, "syntax tree", reason) for reason in judge_tree(*trees))
    except (SyntaxError, ValueError, RecursionError, tokenize.TokenError) as error:
        yield Violation(path, "readable", f"cannot be judged: {type(error).__name__}: {error}")


def has_future_annotations(tree: ast.Module) -> bool:
    futures = (node for node in tree.body if isinstance(node, ast.ImportFrom) and node.module == "__future__")
    return any(alias.name == "annotations" for node in futures for alias in node.names)


def with_future_annotations(source: str, tree: ast.Module) -> str:
    """`source` with `from __future__ import annotations` below its docstring."""
    lines = source.splitlines(keepends=True)
    documented = ast.get_docstring(tree, clean=False) is not None
    below = tree.body[0].end_lineno or 0 if documented else 0
    if documented or not lines or not lines[0].startswith("#"):
        lines.insert(below, "from __future__ import annotations\n")
    else:
        first = tree.body[0].lineno - 1 if tree.body else len(lines)
        lines.insert(first, "from __future__ import annotations\n")
    return "".join(lines)


def decoded(source: bytes) -> str:
    """`source` as text, by its own coding line, without the BOM."""
    encoding, _ = tokenize.detect_encoding(io.BytesIO(source).readline)
    return io.TextIOWrapper(io.BytesIO(source), encoding).read()


# ---------------------------------------------------------------- comments


def judge_comments(old: bytes, new: bytes, tree: ast.Module) -> Iterator[str]:
    """Every comment is still there, as often as before. Equal comments of imports that became one may become one."""
    import_lines = {
        line
        for node in ast.walk(tree)
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }
    before, after = list(comments(old)), collections.Counter(text for _, text in comments(new))
    fixed = collections.Counter(text for line, text in before if line not in import_lines)
    for text, count in collections.Counter(text for _, text in before).items():
        needed = max(fixed[text], 1)
        if after[text] < needed:
            yield f"lost: {text!r} ({after[text]} left of {count})"


def comments(source: bytes) -> Iterator[tuple[int, str]]:
    """(line, text) of every comment, the standard exception comment taken out."""
    for token in tokenize.tokenize(io.BytesIO(source).readline):
        if token.type == tokenize.COMMENT:
            text = EXCEPTION_COMMENT.sub("", token.string).strip()
            if text:
                yield token.start[0], text


# ---------------------------------------------------------------- syntax tree


BLOCKS = ("body", "orelse", "finalbody")
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def judge_tree(old: ast.Module, new: ast.Module) -> Iterator[str]:
    """Apart from imports and `pass`, the two trees are the same, and so is which strings are docstrings."""
    if stripped(old) == stripped(new):
        return
    pairs = zip(described(old), described(new))
    place = next((left for left, right in pairs if left != right), "at the end")
    yield f"differs apart from imports, first in: {place[:160]}"


def stripped(tree: ast.Module) -> str:
    return ast.dump(strip(tree))


def described(tree: ast.Module) -> Iterator[str]:
    """The top-level statements of a stripped tree, as text."""
    return (ast.dump(node) for node in tree.body)


def strip(tree: ast.Module) -> ast.Module:
    """Takes imports and `pass` out of every block of `tree`, in place, and marks its docstrings."""
    for node in list(ast.walk(tree)):
        if isinstance(node, DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            first = node.body[0]
            assert isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
            first.value = ast.Tuple([ast.Name("<docstring>", ast.Load()), first.value], ast.Load())
    for node in list(ast.walk(tree)):
        for block in BLOCKS:
            statements = getattr(node, block, None)
            if isinstance(statements, list):
                kept = [s for s in statements if not isinstance(s, (ast.Import, ast.ImportFrom, ast.Pass))]
                setattr(node, block, kept if node is not tree else [s for s in kept if not is_typing_guard(s)])
    return tree


def is_typing_guard(node: ast.AST) -> bool:
    """`if TYPE_CHECKING:` that holds imports, or held them before they were taken out, and nothing else."""
    if not isinstance(node, ast.If) or node.orelse:
        return False
    test = node.test.attr if isinstance(node.test, ast.Attribute) else getattr(node.test, "id", None)
    return test == "TYPE_CHECKING" and all(isinstance(s, (ast.Import, ast.ImportFrom, ast.Pass)) for s in node.body)


# ---------------------------------------------------------------- patch targets


PATCHING = {"patch", "mocker", "class_mocker", "module_mocker", "package_mocker", "session_mocker", "monkeypatch"}


def moved_names(path: str, old: bytes, new: bytes) -> set[MovedName]:
    """The names that the body of the module at `path` had by import, and has not any more."""
    try:
        before, after = (bound_in_body(path, ast.parse(source)) for source in (old, new))
    except (SyntaxError, ValueError, RecursionError):
        return set()
    return before - after


def bound_in_body(path: str, tree: ast.Module) -> set[MovedName]:
    parts = path.removesuffix(".py").split("/")
    package = parts[:-1]
    module = ".".join(package if parts[-1] == "__init__" else parts)
    bound = set()
    for node in tree.body:
        if isinstance(node, ast.Import):
            for alias in node.names:
                target = alias.name if alias.asname else alias.name.split(".")[0]
                bound.add(MovedName(module, alias.asname or target, target))
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            home = ".".join([*above, *([node.module] if node.module else [])])
            for alias in node.names:
                bound.add(MovedName(module, alias.asname or alias.name, f"{home}.{alias.name}"))
    return bound


def restore_patch_targets(old: ast.Module, new: ast.Module, moved: Iterable[MovedName]) -> None:
    """Puts the old string back where the first argument of a patching call may have changed: `X.bound.rest` may become
    `target.rest` if the module X had `bound` from `target` and has it no more. Anything else stays, and will differ."""
    before, after = list(patch_targets(old)), list(patch_targets(new))
    if len(before) == len(after):
        for was, became in zip(before, after):
            if was.value != became.value and any(leads(str(was.value), str(became.value), name) for name in moved):
                became.value = was.value


def patch_targets(tree: ast.Module) -> Iterator[ast.Constant]:
    """The strings by which calls patch."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            names = {n.id for n in ast.walk(node.func) if isinstance(n, ast.Name)}
            names |= {n.attr for n in ast.walk(node.func) if isinstance(n, ast.Attribute)}
            if names & PATCHING and isinstance(node.args[0].value, str):
                yield node.args[0]


def leads(old: str, new: str, name: MovedName) -> bool:
    """Whether the two strings lead to one object by way of `name`, whose module may be loaded by a shorter name."""
    parts = name.module.split(".")
    for start in range(len(parts)):
        module, folder = ".".join(parts[start:]), ".".join([*parts[:start], ""])
        through = f"{module}.{name.name}"
        if old == through or old.startswith(through + "."):
            rest = old[len(through) :]
            if new in (name.target + rest, name.target.removeprefix(folder) + rest):
                return True
    return False


# ---------------------------------------------------------------- imports and names


def judge_ledger(old: ast.Module, new: ast.Module) -> Iterator[str]:
    """No import is lost and none is invented: the same names are bound to the same targets, wherever that happens."""
    before, after = ({bound[1:] for bound in imports(tree)} for tree in (old, new))
    if any(map(is_typing_guard, new.body)):
        after.discard(("TYPE_CHECKING", "typing:TYPE_CHECKING"))
        before.discard(("TYPE_CHECKING", "typing:TYPE_CHECKING"))
    for name, target in sorted(before - after):
        yield f"lost the import of {target} as {name}"
    for name, target in sorted(after - before):
        yield f"invented an import of {target} as {name}"


def imports(tree: ast.Module) -> Iterator[tuple[str, str, str]]:
    """(scope, name bound, target) of every imported name."""
    pending: list[tuple[str, ast.AST]] = [("", tree)]
    while pending:
        scope, node = pending.pop()
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield scope, alias.asname or alias.name.split(".")[0], alias.name
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                target = f"{'.' * node.level}{node.module or ''}:{alias.name}"
                yield scope, alias.asname or alias.name, target
        if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            scope = f"{scope}.{node.name}"
        pending += [(scope, child) for child in ast.iter_child_nodes(node)]


def judge_scopes(
    trees: tuple[ast.Module, ast.Module], tables: tuple[symtable.SymbolTable, symtable.SymbolTable]
) -> Iterator[str]:
    """Only names whose import moved may change their class, and only between global, imported here, and closed over."""
    old, new = (collections.Counter(imports(tree)) for tree in trees)
    moved = {name for _, name, _ in list((old - new) + (new - old))}
    gone = {name for name in moved if name_class(tables[1], name) == "absent" != name_class(tables[0], name)}
    pending = [("module", *tables)]
    while pending:
        where, before, after = pending.pop()
        kind = kind_of(before)
        for name in sorted(set(before.get_identifiers()) | set(after.get_identifiers())):
            was, became = name_class(before, name), name_class(after, name)
            if was != became and not (name in moved and may_become(kind, was, became)):
                yield f"{where}: {name} was {was}, is {became}"
            elif name in gone and became == "global":
                yield f"{where}: reads {name} from the module, which does not import it any more"
        children = before.get_children(), after.get_children()
        shapes = [[(kind_of(child), child.get_name()) for child in list_] for list_ in children]
        if shapes[0] != shapes[1]:
            yield f"{where}: its scopes were {shapes[0]}, are {shapes[1]}"
            continue
        pending += [(f"{where}.{child.get_name()}", child, other) for child, other in zip(*children)]


def may_become(kind: str, was: str, became: str) -> bool:
    """Whether a moved import explains that a name of a scope changed its class."""
    if kind == "module":
        return {was, became} <= {"absent", "imported"}
    if kind == "class":
        return {was, became} <= {"absent", "global", "free"}
    return {was, became} <= {"absent", "global", "imported", "free"}


def name_class(table: symtable.SymbolTable, name: str) -> str:
    """How CPython classes `name` in `table`, as far as moving an import may or may not change it."""
    try:
        symbol = table.lookup(name)
    except KeyError:
        return "absent"
    if symbol.is_parameter():
        return "parameter"
    if symbol.is_imported():
        return "imported under global" if symbol.is_declared_global() else "imported"
    if symbol.is_declared_global():
        return "declared global"
    if symbol.is_free():
        return "declared nonlocal" if symbol.is_nonlocal() else "free"
    return "local" if symbol.is_local() else "global"


def kind_of(table: symtable.SymbolTable) -> str:
    kind = table.get_type()
    return str(getattr(kind, "value", kind))


# ---------------------------------------------------------------- ruff


def judge_names(ruff: str, before: Path, after: Path, paths: list[str]) -> Iterator[Violation]:
    """ruff finds no undefined, redefined or unused name that it did not find before."""
    old, new = (collections.Counter(findings(ruff, folder, paths, NAME_RULES, True)) for folder in (before, after))
    for (path, code, message), count in sorted((new - old).items()):
        yield Violation(path, f"ruff {code}", message + (f" ({count} times)" if count > 1 else ""))


def judge_style(ruff: str, before: Path, after: Path, paths: list[str], isolated: bool) -> Iterator[Violation]:
    """A file that `ruff format` or ruff's isort accepted is still accepted."""
    for path in sorted(unformatted(ruff, after, paths, isolated) - unformatted(ruff, before, paths, isolated)):
        yield Violation(path, "ruff format", "was formatted, and is not any more")
    old, new = (
        {finding[0] for finding in findings(ruff, folder, paths, "I001", isolated)} for folder in (before, after)
    )
    for path in sorted(new - old):
        yield Violation(path, "ruff I001", "imports were sorted, and are not any more")


def has_ruff_config(folder: Path) -> bool:
    if any((folder / name).is_file() for name in RUFF_CONFIGS - {"pyproject.toml"}):
        return True
    pyproject = folder / "pyproject.toml"
    return pyproject.is_file() and re.search(rb"(?m)^\s*\[tool\.ruff[.\]]", pyproject.read_bytes()) is not None


def findings(ruff: str, folder: Path, paths: list[str], select: str, isolated: bool) -> Iterator[tuple[str, str, str]]:
    """(path, code, message without line numbers) of all that `ruff check` finds in `paths`."""
    options = ["--no-cache", "--exit-zero", "--output-format", "json", "--select", select]
    for part in parts(paths):
        for finding in json.loads(run_ruff(ruff, folder, ["check", *options], part, isolated) or b"[]"):
            message = re.sub(r"\b(line|row) \d+", r"\1 N", finding["message"])
            path = Path(finding["filename"]).resolve().relative_to(folder.resolve()).as_posix()
            yield path, str(finding["code"] or "syntax"), message


def unformatted(ruff: str, folder: Path, paths: list[str], isolated: bool) -> set[str]:
    """Those of `paths` that `ruff format` would change. Formats a copy, for the output of `--check` is no interface."""
    changed = set()
    with tempfile.TemporaryDirectory(prefix="judge-format-") as scratch:
        copy = Path(scratch).resolve()
        configs = [] if isolated else ruff_configs(folder)
        for path in (*paths, *configs):
            (copy / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(folder / path, copy / path)
        for part in parts(paths):
            run_ruff(ruff, copy, ["format", "--no-cache"], part, isolated, syntax_errors_pass=True)
        changed = {path for path in paths if (copy / path).read_bytes() != (folder / path).read_bytes()}
    return changed


def ruff_configs(folder: Path) -> list[str]:
    found = (file for name in RUFF_CONFIGS for file in folder.rglob(name))
    return sorted(file.relative_to(folder).as_posix() for file in found if file.is_file())


def run_ruff(
    ruff: str, folder: Path, arguments: list[str], paths: list[str], isolated: bool, syntax_errors_pass: bool = False
) -> bytes:
    """The output of ruff on `paths`, from `folder`."""
    command = [ruff, *arguments, *(["--isolated"] if isolated else []), "--", *paths]
    done = subprocess.run(command, cwd=folder, capture_output=True)
    if done.returncode and not (syntax_errors_pass and RUFF_SYNTAX_ERROR.search(done.stderr + done.stdout)):
        raise RuffError(done.stderr.decode("utf-8", "replace").strip()[:300] or f"exit code {done.returncode}")
    return done.stdout


def parts(paths: list[str]) -> Iterable[list[str]]:
    return (paths[start : start + FILES_PER_CALL] for start in range(0, len(paths), FILES_PER_CALL))
