#!/usr/bin/env python3
"""Owns: the proof that hotcold's figures of start-up are those of CPython. Measures what each import of an application
takes, gives that to hotcold as evidence, and compares the saving that it predicts for an entry with the measured one.

    startup.py [NAME...] [--hotcold PATH] [--work DIR] [--runs N] [--without-gc] [--json OUT]

Opt-in, since it installs packages (into one environment per project, made with `python -m venv`) and runs the code of
the projects in projects.toml that have a `[project.startup]` table. A time is the median of fresh processes with warm
byte code, undisturbed by others where the system allows that, as `python -X importtime` counts it. Every module above
HEAVY_MS that the application imports is declared cold. What these load is evidence, too: time that two modules share is
counted once only if what they share has a key. Besides the times, the modules that an entry is said to load are held
against `sys.modules`. `--without-gc` tells what is due to the garbage collector: how often it goes through all objects
depends on how many there are, so its time is not that of any module. Exit code: 0, 1 when a module is loaded that was not
told or the other way round, 2 when a project could not be measured.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Iterator, Optional

import fetch_projects
import judge
import suites

HEAVY_MS = 10.0
"""Above this a module is cold."""

KEY_MS = 0.2
"""Below this a module is noise, and no key."""

NOTABLE_MS = 5.0
"""Below this a saving is too small for a percentage of it."""

ENTRY_RUNS = 3
"""An entry is imported so many times as often as a module: the saving is the difference of two of its times."""

TIMEOUT_SECONDS = 300

IS_MODULE_NAME = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*").fullmatch

LINE = re.compile(r"import time:\s+\d+ \|\s+(\d+) \| (\s*)(\S+)$")


class StartupError(Exception):
    """A project that could not be measured, with the reason for a person."""


@dataclass
class Module:
    """What the import of one module takes in a fresh process, and which other keys it loads."""

    import_ms: float
    loads: list[str] = field(default_factory=list)


@dataclass
class Report:
    project: str
    entry: str
    modules: dict[str, Module]
    moved: int
    cold: int
    predicted: dict[str, float]
    measured: dict[str, float]
    spread: dict[str, list[float]]
    meanwhile_ms: float
    untrue: list[str]

    @property
    def error_ms(self) -> float:
        return self.predicted["saved"] - self.measured["saved"]


def main(arguments: Optional[list[str]] = None) -> int:
    options = parse(arguments)
    projects = [project for project in fetch_projects.load_projects() if "startup" in project]
    unknown = set(options.names) - {project["name"] for project in projects}
    if unknown:
        print(f"no start-up in projects.toml: {', '.join(sorted(unknown))}", file=sys.stderr)
        return 2
    hotcold = shutil.which(options.hotcold)
    if hotcold is None:
        print(f"{options.hotcold} is not there", file=sys.stderr)
        return 2
    work = (options.work or Path(tempfile.mkdtemp(prefix="startup-"))).resolve()
    reports, failed = [], False
    for project in projects:
        if options.names and project["name"] not in options.names:
            continue
        try:
            report = compare(project, work, os.path.abspath(hotcold), options)
        except (
            StartupError,
            suites.SuiteError,
            fetch_projects.FetchError,
            OSError,
            subprocess.SubprocessError,
        ) as error:
            print(f"{project['name']}: {error}", file=sys.stderr)
            failed = True
            continue
        reports.append(report)
        print_report(report)
    print_table(reports)
    if options.work is None:
        shutil.rmtree(work)
    if options.json:
        options.json.write_text(json.dumps([asdict(report) for report in reports], indent=1), "utf-8")
    return 2 if failed else int(any(report.untrue for report in reports))


def parse(arguments: Optional[list[str]]) -> argparse.Namespace:
    default = Path(__file__).resolve().parent.parent / "target" / "release" / "hotcold"
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", metavar="NAME", nargs="*", help="only these projects")
    parser.add_argument("--hotcold", default=str(default), help="the binary (default: target/release/hotcold)")
    parser.add_argument(
        "--work", metavar="DIR", type=Path, help="keep sources and environments here, for the next time"
    )
    parser.add_argument(
        "--runs",
        metavar="N",
        type=int,
        default=9,
        help="fresh processes for each module; three times as many for an entry (default: 9)",
    )
    parser.add_argument("--without-gc", action="store_true", help="measure with the garbage collector off")
    parser.add_argument("--json", metavar="OUT", type=Path, help="write everything here")
    return parser.parse_args(arguments)


def compare(project: dict[str, Any], work: Path, hotcold: str, options: argparse.Namespace) -> Report:
    """Measures modules, asks hotcold, moves the imports, and measures the entry before and after in turn."""
    source = fetch_projects.fetch(project, work / "sources")
    program = suites.environment({**project, "suite": project["startup"]}, work / "environments")
    python = Python(program, "import gc; gc.disable(); " if options.without_gc else "")
    entry = project["startup"]["entry"]
    before, after = (work / "trees" / project["name"] / name for name in ("before", "after"))
    for tree in (before, after):
        shutil.rmtree(tree, ignore_errors=True)
        judge.copy_tree(source, tree)
    python.loaded(before, entry)
    modules, meanwhile = measure(python, before, entry, options.runs)

    for tree in (before, after):
        (tree / "hotcold.toml").write_text(configuration(entry, modules), "utf-8")
    told = entry_of(check(hotcold, before), entry)
    fixed = run_hotcold(hotcold, after, "fix")
    python.loaded(after, entry)

    times: dict[str, list[float]] = {"before": [], "after": []}
    for _ in range(options.runs * ENTRY_RUNS):
        for name, tree in (("before", before), ("after", after)):
            times[name].append(python.import_ms(entry, tree))
    medians = {name: statistics.median(values) for name, values in times.items()}
    return Report(
        project=f"{project['name']} {project['version']}",
        entry=entry,
        modules=modules,
        moved=fixed["statistics"]["cold-moved"],
        cold=fixed["statistics"]["cold-imports"],
        predicted={"before": told["before-ms"], "after": told["after-ms"], "saved": told["saved-ms"]},
        measured={**medians, "saved": medians["before"] - medians["after"]},
        spread={name: statistics.quantiles(values, n=4) for name, values in times.items()},
        meanwhile_ms=meanwhile,
        untrue=untrue(python, modules, told, entry, before, after),
    )


class Python:
    """The interpreter of an environment, and what it runs before an import that is measured."""

    def __init__(self, program: Path, prelude: str) -> None:
        self.program = program
        self.prelude = prelude

    def import_ms(self, module: str, tree: Path) -> Optional[float]:
        """Milliseconds for `import module` in a fresh process; None if it is loaded already or cannot be imported."""
        done = self.run(tree, ["-X", "importtime", "-c", f"{self.prelude}import {module}"])
        if done.returncode:
            return None
        found = None
        for line in done.stderr.splitlines():
            match = LINE.match(line)
            if match and match[3] == module and not match[2]:
                found = int(match[1]) / 1000
        return found

    def modules(self, tree: Path, names: list[str]) -> list[str]:
        """Those of `names` that are modules and not members of one."""
        script = (
            "import importlib.util, sys\n"
            "for name in sys.stdin.read().split():\n"
            "    try: found = importlib.util.find_spec(name)\n"
            "    except Exception: found = None\n"
            "    if found: print('MODULE', name)"
        )
        done = self.run(tree, ["-c", script], "\n".join(names))
        lines = (line.split() for line in done.stdout.splitlines())
        return [line[1] for line in lines if line[:1] == ["MODULE"]]

    def loaded(self, tree: Path, module: str) -> set[str]:
        """What is in `sys.modules` once `module` is imported."""
        script = (
            "import importlib, sys\n"
            "module = importlib.import_module(sys.argv[1])\n"
            "print(getattr(module, '__file__', None), *list(sys.modules), sep='\\n')"
        )
        done = self.run(tree, ["-c", script, module])
        if done.returncode:
            raise StartupError(f"{module} cannot be imported: {done.stderr.strip()[-500:]}")
        file, *loaded = done.stdout.splitlines()
        if (source_folder(tree) / module.split(".")[0]).is_dir() and not file.startswith(str(tree)):
            raise StartupError(f"{module} is imported from {file}, not from the source")
        return set(loaded)

    def run(self, tree: Path, arguments: list[str], given: str = "") -> subprocess.CompletedProcess[str]:
        variables = {"PYTHONPATH": str(source_folder(tree)), "PYTHONHASHSEED": "0"}
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
        return subprocess.run(
            [str(self.program), *arguments],
            cwd=tree.parent,
            env={**environment, **variables},
            input=given,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            preexec_fn=undisturbed,
        )


def source_folder(tree: Path) -> Path:
    return tree / "src" if (tree / "src").is_dir() else tree


def undisturbed() -> None:
    """Gives the process a core of its own, where the system allows that: other work would be in every time."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    except (AttributeError, OSError):
        pass


# ---------------------------------------------------------------- evidence


def measure(python: Python, tree: Path, entry: str, runs: int) -> tuple[dict[str, Module], float]:
    """Every module outside the project that its package imports, and of what those load the modules that others may load
    as well, which are the standard library's and whole packages: time and loads of each. And what the entry takes
    meanwhile."""
    imported = imported_modules(tree, entry.split(".")[0])
    first = {name: python.import_ms(name, tree) for name in python.modules(tree, sorted(imported))}
    heavy = [name for name, import_ms in first.items() if import_ms is not None and import_ms > KEY_MS]
    loads = {name: python.loaded(tree, name) for name in heavy}
    shared = {name for names in loads.values() for name in names if "." not in name or is_stdlib(name)}
    shared |= {package for name in heavy for package in packages(name)}
    candidates = shared.union(heavy) - python.loaded(tree, "sys")
    names = [
        name
        for name in sorted(filter(IS_MODULE_NAME, candidates))
        if (first.get(name) or python.import_ms(name, tree))
    ]
    times: dict[str, list[float]] = {name: [] for name in [*names, entry]}
    # In rounds, so that a slow minute of the machine is in the times of all and not of a few.
    for _ in range(runs):
        for name in times:
            times[name].append(python.import_ms(name, tree) or 0.0)
    medians = {name: statistics.median(values) for name, values in times.items()}
    meanwhile = medians.pop(entry)
    found = {name: Module(round(median, 2)) for name, median in medians.items() if median > KEY_MS}
    for name, module in found.items():
        loaded = loads.get(name) or python.loaded(tree, name)
        module.loads = sorted(other for other in found if other in loaded and other != name)
    return found, meanwhile


def packages(name: str) -> Iterator[str]:
    """The packages around a module, whose import comes first."""
    parts = name.split(".")
    return (".".join(parts[:end]) for end in range(1, len(parts)))


def is_stdlib(name: str) -> bool:
    return name.split(".")[0] in sys.stdlib_module_names


def imported_modules(tree: Path, package: str) -> set[str]:
    """Dotted names of all modules outside the project that a file of the package may import."""
    own = judge.first_party(tree)
    files = judge.python_files(source_folder(tree) / package)
    trees = filter(None, map(judge.parsed, files))
    return {name for parsed in trees for name in names_in(parsed) if name.split(".")[0] not in own}


def names_in(tree: ast.Module) -> Iterator[str]:
    """What the imports of a file may load; members of modules are among them."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module != "__future__":
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names if alias.name != "*")


def configuration(entry: str, modules: dict[str, Module]) -> str:
    """Everything measured is cold."""
    lines = [f'entries = ["{entry}"]', "", "[policy]", f"heavy-ms = {HEAVY_MS}"]
    for name, module in modules.items():
        loads = ", ".join(f'"{other}"' for other in module.loads)
        lines += [
            "",
            f'[modules."{name}"]',
            f"import-ms = {module.import_ms}",
            "usage-percent = 1",
            f"loads = [{loads}]",
        ]
    return "\n".join(lines) + "\n"


# ---------------------------------------------------------------- hotcold


def run_hotcold(hotcold: str, tree: Path, command: str) -> Any:
    arguments = [hotcold, command, "--output-format", "json"]
    done = subprocess.run(arguments, cwd=tree, capture_output=True, timeout=judge.TIMEOUT_SECONDS)
    # Files that cannot be read are named and left alone.
    try:
        return json.loads(done.stdout)
    except ValueError:
        raise StartupError(f"hotcold {command}: {done.stderr.decode('utf-8', 'replace')[-500:]}")


def check(hotcold: str, tree: Path) -> Any:
    return run_hotcold(hotcold, tree, "check")["startup"]


def entry_of(startup: Any, entry: str) -> Any:
    for found in startup["entries"]:
        if found["module"] == entry:
            return found
    raise StartupError(f"hotcold does not know the entry {entry}")


def untrue(python: Python, modules: dict[str, Module], told: Any, entry: str, before: Path, after: Path) -> list[str]:
    """Modules that an entry loads and is not said to load, or the other way round."""
    wrong = []
    for when, tree, key in (("before", before, "loads-before"), ("after", after, "loads-after")):
        loaded = python.loaded(tree, entry) & set(modules)
        said = set(told[key])
        wrong += [f"{when}: {name} is loaded and not told" for name in sorted(loaded - said)]
        wrong += [f"{when}: {name} is told and not loaded" for name in sorted(said - loaded)]
    return wrong


# ---------------------------------------------------------------- printing


def print_report(report: Report) -> None:
    print(f"{report.project}, import {report.entry}")
    heavy = sum(module.import_ms > HEAVY_MS for module in report.modules.values())
    print(f"    {len(report.modules)} modules above {KEY_MS:g} ms, {heavy} of them above {HEAVY_MS:g} ms;", end=" ")
    print(f"{report.moved} of {report.cold} imports moved")
    for name in ("before", "after"):
        low, _, high = report.spread[name]
        print(
            f"    {name:<6} {report.measured[name]:7.1f} ms measured (quartiles {low:.1f} and {high:.1f}),", end=" "
        )
        print(f"{report.predicted[name]:7.1f} ms of it told")
    print(
        f"    saved  {report.measured['saved']:7.1f} ms measured, {report.predicted['saved']:7.1f} ms predicted",
        end="",
    )
    print(f" ({report.error_ms:+.1f} ms)")
    print(f"    before {report.meanwhile_ms:7.1f} ms measured when the modules were: what differs is the machine")
    for line in report.untrue:
        print(f"    UNTRUE {line}")
    sys.stdout.flush()


def print_table(reports: list[Report]) -> None:
    if not reports:
        return
    print()
    print("| application | entry | start before | saved, predicted | saved, measured | error |")
    print("|---|---|---|---|---|---|")
    for report in reports:
        saved = report.measured["saved"]
        share = f" ({100 * report.error_ms / saved:+.0f} %)" if saved > NOTABLE_MS else ""
        print(
            f"| {report.project} | `{report.entry}` | {report.measured['before']:.0f} ms "
            f"| {report.predicted['saved']:.0f} ms | {saved:.0f} ms | {report.error_ms:+.0f} ms{share} |"
        )


if __name__ == "__main__":
    sys.exit(main())
