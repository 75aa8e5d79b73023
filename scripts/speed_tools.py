"""Owns: running hotcold, ruff, ripgrep and LibCST for speed.py, and what each run took. Knows no corpus and prints nothing."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Sequence

CHILD = Path(__file__).resolve().with_name("speed_child.py")
CODEMOD = Path(__file__).resolve().with_name("speed_codemod.py")
REQUIREMENTS = "scripts/speed-requirements.txt"
SUFFIXES = (".py", ".pyi", ".pyw")

# Ten modules that many projects import, and ten that none does.
TEN = ["boto3", "botocore", "pandas", "numpy", "scipy", "sqlalchemy", "requests", "matplotlib", "sklearn", "tensorflow"]
NOWHERE = [f"imported_nowhere_{number}" for number in range(10)]

# Seconds that the counted runs of commands which take turns may take; each runs at least twice all the same.
BUDGET = 60.0

# Faults of files that no tool of the three could read as today's Python; anything else in a report is a failure.
UNREADABLE = {"parse-error", "python2", "encoding", "indentation", "newline", "nul-byte", "unsupported-syntax"}


class SpeedError(Exception):
    """A measurement that cannot be made, with the reason for a person."""


@dataclass(frozen=True)
class Command:
    """A program with its arguments, where it runs, and the exit codes that mean that it did its work."""

    tool: str
    arguments: Sequence[str]
    folder: Path
    exits: tuple[int, ...] = (0, 1)
    before: Callable[[], None] = lambda: None


@dataclass(frozen=True)
class Cost:
    """What a command takes: the least wall and CPU time of its runs, and the largest peak of memory."""

    wall: float
    cpu: float
    peak_kib: int

    def merged(self, other: "Cost") -> "Cost":
        return Cost(min(self.wall, other.wall), min(self.cpu, other.cpu), max(self.peak_kib, other.peak_kib))


@dataclass(frozen=True)
class Tools:
    """The programs that are measured."""

    hotcold: str
    ruff: str
    rg: str

    def versions(self) -> str:
        libcst = run([sys.executable, "-c", "import importlib.metadata as m; print(m.version('libcst'))"], Path("."))
        named = [first_line(program) for program in (self.hotcold, self.ruff, self.rg)]
        return ", ".join([*named, f"LibCST {libcst.strip()} on Python {sys.version.split()[0]}"])


def find(hotcold: str) -> Tools:
    """The tools: those that belong to this Python, else those on the PATH."""
    places = os.pathsep.join([sysconfig.get_path("scripts"), str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    found = {name: shutil.which(name, path=places) for name in ("ruff", "rg")}
    missing = [name for name, path in found.items() if path is None]
    probe = subprocess.run([sys.executable, "-c", "import libcst.metadata"], capture_output=True)
    missing += ["libcst"] if probe.returncode else []
    if missing:
        raise SpeedError(f"missing: {', '.join(missing)}. Install with `{sys.executable} -m pip install -r {REQUIREMENTS}`")
    binary = shutil.which(hotcold)
    if binary is None:
        raise SpeedError(f"{hotcold} is not there: build it with `cargo build --release`, or name one with --hotcold")
    return Tools(os.path.abspath(binary), str(found["ruff"]), str(found["rg"]))


def interleaved(commands: Sequence[Command], rounds: int) -> dict[str, Cost]:
    """What each command takes, after one run of each that warms the cache and is not counted. The commands take turns, so
    that whatever else the machine does hits all of them alike; those that take long run less than `rounds` times."""
    costs: dict[str, Cost] = {}
    once = sum(measure(command).wall for command in commands)
    for _ in range(min(rounds, max(2, int(BUDGET / once)))):
        for command in commands:
            cost = measure(command)
            costs[command.tool] = costs[command.tool].merged(cost) if command.tool in costs else cost
    return costs


def measure(command: Command) -> Cost:
    """One run of a command, which must end with one of its exit codes."""
    command.before()
    with tempfile.NamedTemporaryFile(prefix="speed-", suffix=".stderr") as err:
        child = [sys.executable, "-I", "-S", str(CHILD), os.devnull, err.name, *command.arguments]
        line = run(child, command.folder)
        code, wall, cpu, peak = line.split()
        if int(code) not in command.exits:
            said = Path(err.name).read_text("utf-8", "replace").strip()[-2000:]
            raise SpeedError(f"{' '.join(command.arguments)}\nin {command.folder} ended with {code}:\n{said}")
    return Cost(float(wall), float(cpu), int(peak))


def run(command: Sequence[str], folder: Path, exits: tuple[int, ...] = (0,)) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace")
    if done.returncode not in exits:
        raise SpeedError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr.strip()[-2000:]}")
    return done.stdout


def first_line(program: str) -> str:
    return run([program, "--version"], Path(".")).splitlines()[0].split(" (")[0]


# ---------------------------------------------------------------- the job: imports of some modules in the wrong place


def ruff_config(modules: Sequence[str]) -> str:
    names = ", ".join(f'"{module}"' for module in modules)
    return (
        'include = ["*.py", "*.pyi", "*.pyw"]\n\n[lint]\nselect = ["TID253", "PLC0415"]\n\n'
        f"[lint.flake8-tidy-imports]\nbanned-module-level-imports = [{names}]\n"
    )


def hotcold_config(modules: Sequence[str], usage_percent: int = 1) -> str:
    return "".join(
        f'[modules."{module}"]\nimport-ms = 300\nusage-percent = {usage_percent}\n\n' for module in modules
    )


def write_configs(folder: Path, name: str, modules: Sequence[str]) -> dict[str, Path]:
    """The same job for hotcold and for ruff, in files outside the corpus."""
    folder.mkdir(parents=True, exist_ok=True)
    configs = {"hotcold": folder / f"{name}-hotcold.toml", "ruff": folder / f"{name}-ruff.toml"}
    configs["hotcold"].write_text(hotcold_config(modules), "utf-8")
    configs["ruff"].write_text(ruff_config(modules), "utf-8")
    return configs


def check(tools: Tools, folder: Path, config: Path) -> Command:
    """Exit code 2 means that files could not be read; `findings` says which and why."""
    return Command("hotcold", [tools.hotcold, "check", "--quiet", "--config", str(config), "."], folder, (0, 1, 2))


def lint(tools: Tools, folder: Path, config: Path) -> Command:
    return Command("ruff", [tools.ruff, "check", "--quiet", "--no-cache", "--config", str(config), "."], folder)


def search(tools: Tools, folder: Path, modules: Sequence[str]) -> Command:
    pattern = "|".join(modules)
    types = [part for suffix in SUFFIXES for part in ("--glob", f"*{suffix}")]
    return Command("rg", [tools.rg, "--files-with-matches", "--word-regexp", *types, pattern, "."], folder)


def codemod(folder: Path, modules: Path) -> Command:
    return Command("libcst", [sys.executable, str(CODEMOD), "--modules", str(modules), "."], folder, (0,))


@dataclass(frozen=True)
class Findings:
    """What hotcold says of a project: how much, and of which files."""

    findings: int
    files: int
    # Files with something to move, with anything to tell, and those that cannot be read.
    moving: frozenset[str]
    paths: frozenset[str]
    unreadable: frozenset[str]


def findings(tools: Tools, folder: Path, config: Path) -> Findings:
    """One run that is not measured, for what stands in its report. Its problems may be files that are not Python 3 only."""
    command = [tools.hotcold, "check", "--quiet", "--output-format", "json", "--config", str(config), "."]
    report: dict[str, Any] = json.loads(run(command, folder, (0, 1, 2)))
    problems: list[dict[str, Any]] = report["problems"]
    for problem in problems:
        if problem["code"] not in UNREADABLE:
            raise SpeedError(f"hotcold on {folder}: {problem['path']}: {problem['code']}: {problem['message']}")
    told = report["findings"] + report["refusals"]
    return Findings(
        findings=len(report["findings"]),
        files=report["statistics"]["files"],
        moving=frozenset(entry["path"] for entry in report["findings"]),
        paths=frozenset(entry["path"] for entry in told),
        unreadable=frozenset(problem["path"] for problem in problems),
    )


def linted(tools: Tools, folder: Path, config: Path, rule: str) -> frozenset[str]:
    """The files in which ruff finds a rule broken, relative to `folder`."""
    options = ["--no-cache", "--ignore-noqa", "--output-format", "json", "--exit-zero", "--config", str(config)]
    report = json.loads(run([tools.ruff, "check", "--quiet", *options, "--select", rule, "."], folder))
    return frozenset(os.path.relpath(entry["filename"], folder) for entry in report if entry["code"] == rule)


def seen(tools: Tools, folder: Path, config: Path) -> int:
    """How many files ruff looks at."""
    return len(run([tools.ruff, "check", "--quiet", "--show-files", "--config", str(config), "."], folder).splitlines())


def searched(tools: Tools, folder: Path, modules: Sequence[str]) -> frozenset[str]:
    """The files that name one of the modules, relative to `folder`."""
    command = search(tools, folder, modules).arguments
    return frozenset(os.path.normpath(line) for line in run(command, folder, (0, 1)).splitlines())
