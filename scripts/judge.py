#!/usr/bin/env python3
"""Owns: the judgement of hotcold on real code, by CPython and ruff and never by hotcold's own view of Python.

    judge.py FOLDER... [--direction cold|hot|both] [--config-line LINE]... [--hotcold PATH] [--ruff PATH] [--python PATH]
             [--unsafe] [--mypy] [--keep DIR] [--json OUT]

A folder is copied (without .git and without any hotcold configuration), every third-party and standard-library module
that it imports is declared cold, then every one hot, and hotcold's `check`, `diff` and `fix` run on the copy. What they
did is held against the rules in judge_rules.py. The folder itself is only read. Exit code: 0, 1 when a rule is broken,
2 when the judgement could not be made.
"""

from __future__ import annotations

import argparse
import ast
import collections
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Iterator, Optional

import judge_rules as rules
import judge_types
from judge_rules import Violation

CONFIG_NAMES = {".hotcold.toml", "hotcold.toml", "hotcold-evidence.toml"}
LEFT_OUT = {".git", ".gitattributes", ".venv", "node_modules", "__pycache__", ".tox"} | CONFIG_NAMES
EVIDENCE = {"cold": "import-ms = 300\nusage-percent = 1\n", "hot": "import-ms = 300\nusage-percent = 90\n"}
TIMEOUT_SECONDS = 1800

Tree = dict[str, tuple[int, bytes]]


@dataclass
class Judgement:
    """What was found for one folder in one direction."""

    project: str
    direction: str
    modules: int = 0
    files: int = 0
    rewritten: int = 0
    not_compiled_before: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    exit_codes: dict[str, int] = field(default_factory=dict)
    statistics: Any = None
    information: list[str] = field(default_factory=list)
    violations: list[Violation] = field(default_factory=list)

    def broken(self, file: str, rule: str, reason: str) -> None:
        self.violations.append(Violation(file, rule, reason))


@dataclass
class Tools:
    """The programs that a judgement needs."""

    hotcold: str
    ruff: str
    python: str
    mypy: bool = False
    unsafe: bool = False


class Run:
    """One finished run of hotcold."""

    def __init__(self, tools: Tools, folder: Path, arguments: list[str]) -> None:
        start = time.monotonic()
        environment = {**os.environ, "NO_COLOR": "1", "GIT_CEILING_DIRECTORIES": str(folder.parent)}
        done = subprocess.run(
            [tools.hotcold, *arguments, *(["--unsafe"] if tools.unsafe else [])], cwd=folder, capture_output=True, timeout=TIMEOUT_SECONDS, env=environment
        )
        self.seconds = round(time.monotonic() - start, 3)
        self.code, self.out, self.err = done.returncode, done.stdout, done.stderr.decode("utf-8", "replace")

    def first_errors(self) -> str:
        lines = [line for line in self.err.splitlines() if line.strip()]
        return " | ".join(lines[:3])[:300]


# ---------------------------------------------------------------- preparing a copy


def copy_tree(source: Path, target: Path) -> None:
    """A copy of `source` without version control, environments and hotcold configuration, as a repository of its own."""

    def left_out(_: str, names: list[str]) -> set[str]:
        return {name for name in names if name in LEFT_OUT}

    shutil.copytree(source, target, symlinks=True, ignore=left_out)
    for file in target.rglob("pyproject.toml"):
        if file.is_file() and not file.is_symlink():
            file.write_bytes(without_hotcold_tables(file.read_bytes()))
    git(target, "init", "--quiet")


def without_hotcold_tables(pyproject: bytes) -> bytes:
    """`pyproject` without its `[tool.hotcold]` tables."""
    kept, inside = [], False
    for line in pyproject.splitlines(keepends=True):
        if line.lstrip().startswith(b"["):
            inside = re.match(rb"\s*\[+\s*tool\s*\.\s*[\"']?hotcold[\"']?\s*[.\]]", line) is not None
        if not inside:
            kept.append(line)
    return b"".join(kept)


def git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """git in `folder`, deaf to the configuration of the machine and to repositories around it."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    environment.update(
        GIT_CONFIG_NOSYSTEM="1", GIT_CONFIG_GLOBAL=os.devnull, GIT_CEILING_DIRECTORIES=str(folder.parent)
    )
    options = ["-c", "core.autocrlf=false", "-c", "core.safecrlf=false"]
    return subprocess.run(["git", *options, *arguments], cwd=folder, env=environment, capture_output=True)


def read_tree(folder: Path) -> Tree:
    """Every file and link below `folder` by its path: mode and bytes."""
    tree: Tree = {}
    for parent, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name != ".git"]
        links = [name for name in folders if os.path.islink(os.path.join(parent, name))]
        for name in files + links:
            path = os.path.join(parent, name)
            if os.path.islink(path):
                content = os.readlink(path).encode("utf-8", "surrogateescape")
            elif os.path.isfile(path):
                content = Path(path).read_bytes()
            else:
                continue
            tree[os.path.relpath(path, folder).replace(os.sep, "/")] = (os.lstat(path).st_mode, content)
    return tree


def difference(left: Tree, right: Tree) -> list[str]:
    return sorted(path for path in left.keys() | right.keys() if left.get(path) != right.get(path))


def imported_modules(folder: Path) -> list[str]:
    """The top-level third-party and standard-library modules that any Python file below `folder` imports."""
    own = first_party(folder)
    found: set[str] = set()
    for file in python_files(folder):
        tree = parsed(file)
        names = set(top_level_imports(tree)) if tree else set()
        found |= {name for name in names - own if not is_sibling(file, name)}
    return sorted(found - {"__future__", "__main__"})


def python_files(folder: Path) -> Iterator[Path]:
    for file in sorted(folder.rglob("*.py")):
        if file.is_file() and not file.is_symlink() and ".git" not in file.relative_to(folder).parts:
            yield file


def parsed(file: Path) -> Optional[ast.Module]:
    try:
        return ast.parse(file.read_bytes())
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def top_level_imports(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            yield node.module.split(".")[0]


def first_party(folder: Path) -> set[str]:
    """The names of modules and packages that stand in `folder` or its `src`."""
    names = {folder.name} if (folder / "__init__.py").exists() else set()
    for root in (folder, folder / "src"):
        for entry in root.iterdir() if root.is_dir() else ():
            if entry.is_dir() and next(entry.rglob("*.py"), None):
                names.add(entry.name)
            elif entry.suffix == ".py":
                names.add(entry.stem)
    return names


def is_sibling(file: Path, name: str) -> bool:
    """A script's own neighbour: `name` beside a `file` that is in no package, unless the standard library has it."""
    folder = file.parent
    if (folder / "__init__.py").exists() or name in getattr(sys, "stdlib_module_names", sys.builtin_module_names):
        return False
    return (folder / f"{name}.py").exists() or (folder / name / "__init__.py").exists()


def config_text(modules: list[str], direction: str, lines: list[str]) -> str:
    """A hotcold.toml that begins with `lines` and declares all `modules` cold or hot."""
    head = "".join(f"{line}\n" for line in lines)
    return head + "".join(f'[modules."{module}"]\n{EVIDENCE[direction]}\n' for module in modules)


# ---------------------------------------------------------------- one folder, one direction


def judge(folder: Path, direction: str, lines: list[str], tools: Tools, work: Path) -> Judgement:
    """Runs hotcold, configured with `lines`, on copies of `folder` below `work`; holds the result against every rule."""
    judgement = Judgement(folder.name, direction)
    before, after, patched = work / "before", work / "after", work / "patched"
    copy_tree(folder, before)
    modules = imported_modules(before)
    (before / "hotcold.toml").write_text(config_text(modules, direction, lines), "utf-8")
    for copy in (after, patched):
        shutil.copytree(before, copy, symlinks=True)
    old = read_tree(before)
    readable = {path for path in old if path.endswith(".py")}
    broken = set(rules.compile_errors(tools.python, before, sorted(readable)))
    judgement.modules, judgement.files = len(modules), len(readable)

    fine = {path for path in readable - broken if is_utf8(old[path][1])}
    run_hotcold(judgement, tools, after, patched, old, fine)
    new = read_tree(after)
    rewritten = difference(old, new)
    judgement.rewritten = len(rewritten)
    for path in rewritten:
        if path not in readable or path not in new:
            judgement.broken(path, "tree", "only .py files may change, and none may come or go")
        elif old[path][0] != new[path][0]:
            judgement.broken(path, "tree", f"mode {old[path][0]:o} became {new[path][0]:o}")
    judged = [path for path in rewritten if path in readable and path in new and path not in broken]
    judgement.not_compiled_before = len(rewritten) - len(judged)
    judge_rewritten(judgement, tools, before, after, judged)
    if tools.mypy and judged:
        judgement.violations += judge_types.judge_types(tools.python, before, after, sorted(readable - broken))
    return judgement


def is_utf8(content: bytes) -> bool:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def run_hotcold(judgement: Judgement, tools: Tools, after: Path, patched: Path, old: Tree, fine: set[str]) -> None:
    """check, diff, fix and fix again in `after`: exit codes, agreement, the diff applied to `patched`.

    `fine` are the Python files that hotcold has no excuse not to read.
    """
    may_fail = any(path.endswith(".py") and path not in fine for path in old)
    check = Run(tools, after, ["check"])
    diff = Run(tools, after, ["diff"])
    if difference(old, read_tree(after)):
        judgement.broken("-", "read-only", "check or diff changed a file")
    fix = Run(tools, after, ["fix", "--statistics", "--output-format", "json"])
    fixed = read_tree(after)
    changed = difference(old, fixed)
    again = Run(tools, after, ["fix"])
    for path in difference(fixed, read_tree(after)):
        judgement.broken(path, "idempotence", "a second fix changes it")

    some = 1 if changed else 0
    expected = {"check": some, "diff": 1 if diff.out else 0, "fix": 0, "fix again": 0}
    runs = {"check": check, "diff": diff, "fix": fix, "fix again": again}
    for name, run in runs.items():
        judgement.seconds[name], judgement.exit_codes[name] = run.seconds, run.code
        if run.code == 2 and may_fail:
            judgement.information.append(
                f"{name}: exit code 2, and some files do not compile or are not UTF-8: {run.first_errors()}"
            )
        elif run.code != expected[name]:
            reason = f"exit code {run.code}, documented is {expected[name]}: {run.first_errors()}"
            judgement.broken("-", f"{name} exit code", reason)
    judge_report(judgement, fix, fine)

    patch = after.parent / "hotcold.patch"
    patch.write_bytes(diff.out)
    if diff.out:
        applied = git(patched, "apply", "--whitespace=nowarn", str(patch.resolve()))
        if applied.returncode:
            reason = applied.stderr.decode("utf-8", "replace").strip()[:300]
            judgement.broken("-", "diff", f"git apply refuses it: {reason}")
            return
    for path in difference(read_tree(patched), fixed):
        judgement.broken(path, "diff", "the diff, applied, is not what fix wrote")


def judge_report(judgement: Judgement, fix: Run, fine: set[str]) -> None:
    """The JSON that fix prints: its statistics, no self-check that failed, no problem with a file that is `fine`."""
    try:
        report = json.loads(fix.out)
    except ValueError as error:
        judgement.broken("-", "json", f"fix printed no JSON: {error}: {fix.out[:80]!r}")
        return
    judgement.statistics = report.get("statistics") if isinstance(report, dict) else None
    if judgement.statistics is None:
        judgement.broken("-", "json", 'no "statistics" in the JSON')
    problems = report.get("problems") if isinstance(report, dict) else None
    for problem in problems if isinstance(problems, list) else []:
        if isinstance(problem, dict) and problem.get("path") in fine:
            reason = f"CPython compiles it, hotcold says {problem.get('code')}: {problem.get('message')}"
            judgement.broken(str(problem["path"]), "problem", reason)
    for problem in dictionaries(report):
        if problem.get("code") == "self-check-failed":
            reason = f"hotcold could not prove its own edit: {problem.get('message')}"
            judgement.broken(str(problem.get("path", "-")), "self-check", reason)


def dictionaries(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from dictionaries(item)


def judge_rewritten(judgement: Judgement, tools: Tools, before: Path, after: Path, paths: list[str]) -> None:
    """Every rule that concerns the text of the rewritten files."""
    for path, error in rules.compile_errors(tools.python, after, paths).items():
        judgement.broken(path, "compiles", error)
    texts = {path: ((before / path).read_bytes(), (after / path).read_bytes()) for path in paths}
    moved = {name for path, (old, new) in texts.items() for name in rules.moved_names(path, old, new)}
    for path, (old, new) in texts.items():
        judgement.violations += rules.judge_file(path, old, new, moved)
    judgement.violations += rules.judge_names(tools.ruff, before, after, paths)
    if not rules.has_ruff_config(before):
        judgement.violations += rules.judge_style(tools.ruff, before, after, paths, isolated=True)
        return
    # hotcold honours the project's line length, so a project that configures ruff is judged by its own rules; what the
    # default rules would say is information.
    try:
        judgement.violations += rules.judge_style(tools.ruff, before, after, paths, isolated=False)
    except rules.RuffError as error:
        judgement.information.append(f"own ruff configuration: {error}")
        judgement.violations += rules.judge_style(tools.ruff, before, after, paths, isolated=True)
        return
    default = rules.judge_style(tools.ruff, before, after, paths, isolated=True)
    judgement.information += [f"default ruff rules: {v.file}: {v.rule}: {v.reason}" for v in default]


# ---------------------------------------------------------------- reporting


HEADER = f"{'project':<32} {'way':<5} {'modules':>7} {'files':>6} {'rewritten':>9} {'skipped':>7} {'moved':>17} {'seconds':>8} {'broken':>6}"


def table_line(judgement: Judgement) -> str:
    seconds = judgement.seconds.get("fix", 0.0)
    return (
        f"{judgement.project:<32} {judgement.direction:<5} {judgement.modules:>7} {judgement.files:>6} "
        f"{judgement.rewritten:>9} {judgement.not_compiled_before:>7} {moved_share(judgement):>17} {seconds:>8.2f} "
        f"{len(judgement.violations):>6}"
    )


def moved_share(judgement: Judgement) -> str:
    """`moved/all share` for the direction, if the statistics have the two counts."""
    statistics = judgement.statistics if isinstance(judgement.statistics, dict) else {}
    every, moved = (statistics.get(f"{judgement.direction}-{what}") for what in ("imports", "moved"))
    if not isinstance(every, int) or not isinstance(moved, int):
        return "-"
    return f"{moved}/{every} {100 * moved / every:.1f}%" if every else "0/0"


def refusals(judgement: Judgement) -> collections.Counter[str]:
    statistics = judgement.statistics if isinstance(judgement.statistics, dict) else {}
    counts = statistics.get("refusals")
    pairs = counts.items() if isinstance(counts, dict) else ()
    return collections.Counter({str(code): count for code, count in pairs if isinstance(count, int)})


def print_judgement(judgement: Judgement, limit: int) -> None:
    print(table_line(judgement))
    top = ", ".join(f"{code} {count}" for code, count in refusals(judgement).most_common(10))
    if top:
        print(f"    refused: {top}")
    if judgement.statistics is not None:
        rest = judgement.statistics
        if isinstance(rest, dict):
            rest = {key: value for key, value in rest.items() if key != "refusals"}
        print(f"    statistics: {json.dumps(rest, sort_keys=True)}")
    print_some([f"note: {text}" for text in judgement.information], limit)
    print_some([f"BROKEN {v.file}: {v.rule}: {v.reason}" for v in judgement.violations], limit)
    sys.stdout.flush()


def print_some(lines: list[str], limit: int) -> None:
    for line in lines[:limit]:
        print(f"    {line}")
    if len(lines) > limit:
        print(f"    ... and {len(lines) - limit} more")


def print_total(judgements: list[Judgement]) -> None:
    """One line for each direction over all folders."""
    for direction in ("cold", "hot"):
        total = Judgement("total", direction, statistics=collections.Counter())
        for judgement in judgements:
            if judgement.direction == direction:
                total.files += judgement.files
                total.rewritten += judgement.rewritten
                total.not_compiled_before += judgement.not_compiled_before
                total.violations += judgement.violations
                total.seconds["fix"] = total.seconds.get("fix", 0.0) + judgement.seconds.get("fix", 0.0)
                statistics = judgement.statistics if isinstance(judgement.statistics, dict) else {}
                total.statistics.update({key: value for key, value in statistics.items() if isinstance(value, int)})
        if total.files:
            print(table_line(total))


def parse(arguments: Optional[list[str]]) -> argparse.Namespace:
    default = Path(__file__).resolve().parent.parent / "target" / "release" / "hotcold"
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", metavar="FOLDER", type=Path, nargs="+")
    parser.add_argument("--hotcold", default=str(default), help="the binary (default: target/release/hotcold)")
    parser.add_argument("--ruff", default="ruff")
    parser.add_argument("--python", default=sys.executable, help="the CPython that must compile every rewritten file")
    parser.add_argument("--mypy", action="store_true", help="hold the result against mypy of that CPython too")
    parser.add_argument("--direction", choices=["cold", "hot", "both"], default="both")
    parser.add_argument("--unsafe", action="store_true", help="run hotcold with --unsafe")
    parser.add_argument(
        "--config-line", metavar="LINE", action="append", default=[], help="a line for the head of each hotcold.toml"
    )
    parser.add_argument("--keep", metavar="DIR", type=Path, help="leave the copies and the patch here")
    parser.add_argument("--json", metavar="OUT", type=Path, help="write everything here")
    parser.add_argument("--limit", type=int, default=20, help="lines of each kind to print (default: 20)")
    return parser.parse_args(arguments)


def main(arguments: Optional[list[str]] = None) -> int:
    options = parse(arguments)
    warnings.simplefilter("ignore", SyntaxWarning)
    warnings.simplefilter("ignore", DeprecationWarning)
    programs = [shutil.which(name) for name in (options.hotcold, options.ruff, options.python)]
    if None in programs or not all(folder.is_dir() for folder in options.folders):
        print("hotcold, ruff, python or a folder is not there; see --help", file=sys.stderr)
        return 2
    tools = Tools(*(os.path.abspath(str(program)) for program in programs), options.mypy, options.unsafe)
    directions = ["cold", "hot"] if options.direction == "both" else [options.direction]
    judgements, failed = [], False
    print(HEADER)
    with tempfile.TemporaryDirectory(prefix="judge-") as scratch:
        for folder in (folder.resolve() for folder in options.folders):
            for direction in directions:
                work = (options.keep or Path(scratch)).resolve() / folder.name / direction
                shutil.rmtree(work, ignore_errors=True)
                work.mkdir(parents=True)
                try:
                    judgement = judge(folder, direction, options.config_line, tools, work)
                except (rules.RuffError, judge_types.MypyError, OSError, subprocess.SubprocessError) as error:
                    print(f"{folder.name} {direction}: could not be judged: {error}", file=sys.stderr)
                    failed = True
                    continue
                judgements.append(judgement)
                print_judgement(judgement, options.limit)
                if not options.keep:
                    shutil.rmtree(work)
    print_total(judgements)
    if options.json:
        options.json.write_text(json.dumps([asdict(judgement) for judgement in judgements], indent=1), "utf-8")
    return 2 if failed else int(any(judgement.violations for judgement in judgements))


if __name__ == "__main__":
    sys.exit(main())
