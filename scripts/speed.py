#!/usr/bin/env python3
"""Owns: the table of how fast hotcold is, next to ruff, ripgrep and LibCST, made in one run.

    speed.py [--hotcold PATH] [--corpora DIR] [--only NAME]... [--rounds N] [--sample-mb MB] [--markdown]
    speed.py --small [--hotcold PATH]     all of it on a small corpus, in seconds: does the script still work?

Needs what speed-requirements.txt names in the Python that runs it. NAME is a corpus of corpora.toml, `growth` or `shapes`.
Corpora are fetched and generated on the first run, and kept in DIR. Times are those of whole processes with a warm file
cache and no cache of results: each command runs once without being counted, then the commands take turns (N rounds, fewer
but at least two where a round takes long), and the least wall time, the least CPU time (user and system, all threads) and
the largest peak of resident memory are shown. No time is too long. A command that fails, or that finds nothing where there
is something, is an error. Exit code: 0, 2 for an error.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Iterator, Optional

import fetch_projects
import speed_corpora as corpora
import speed_shapes as shapes
import speed_tools as tools
from speed_tools import Command, Cost, SpeedError, Tools

REPOSITORY = Path(__file__).resolve().parent.parent
# Not in the repository, whose .gitignore the tools would read.
KEPT = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "hotcold-corpora"
GROWTH = [1_000, 10_000, 100_000]
SMALL_GROWTH = [100, 200, 400]
SMALL_SHARE = 100


@dataclass
class Table:
    """Rows of text under a heading; the first column is a name, the others are numbers."""

    title: str
    header: list[str]
    rows: list[list[str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, row: list[str]) -> None:
        """Told at once: a run is long, and what it has measured must not be lost with it."""
        self.rows.append(row)
        say("    " + " | ".join(row))

    def show(self, markdown: bool) -> str:
        lines = [self.header, *self.rows]
        if markdown:
            rule = "|---" + "|---:" * (len(self.header) - 1) + "|"
            text = ["| " + " | ".join(line) + " |" for line in lines]
            return "\n".join([f"{self.title}\n", text[0], rule, *text[1:], *(f"\n{note}" for note in self.notes)])
        widths = [max(len(line[at]) for line in lines) for at in range(len(self.header))]
        padded = [[cell.rjust(width) for cell, width in zip(line, widths)] for line in lines]
        text = ["  ".join([line[0].ljust(widths[0]), *cells[1:]]) for line, cells in zip(lines, padded)]
        return "\n".join([self.title, *(f"  {line}" for line in text), *(f"  ({note})" for note in self.notes)])


@dataclass
class Bench:
    """One run of the script."""

    options: argparse.Namespace
    tools: Tools
    work: Path

    @property
    def configs(self) -> Path:
        """Apart from copies of corpora: what a configuration stands above is its project."""
        return self.work / "configs"

    @property
    def rounds(self) -> int:
        return self.options.rounds

    def wants(self, name: str) -> bool:
        return not self.options.only or name in self.options.only

    def corpora(self) -> Iterator[tuple[str, Path]]:
        for corpus in corpora.load():
            if bool(corpus.get("small")) == self.options.small and self.wants(corpus["name"]):
                say(f"corpus {corpus['name']}")
                yield corpus["name"], corpora.build(corpus, self.options.corpora)

    @contextlib.contextmanager
    def copy(self, folder: Path) -> Iterator[Path]:
        """A copy of a folder that may be changed, and is gone afterwards."""
        target = self.work / "copy"
        restore(folder, target)
        try:
            yield target
        finally:
            shutil.rmtree(target)


def tables(bench: Bench) -> Iterator[Table]:
    """What was asked for, each table when it is whole."""
    found = list(bench.corpora())
    if found:
        yield from checks(bench, found)
        yield fixes(bench, found)
    if bench.wants("growth"):
        yield growth(bench)
    if bench.wants("shapes"):
        yield grown(bench)


# ---------------------------------------------------------------- check, next to ruff and ripgrep


def checks(bench: Bench, found: list[tuple[str, Path]]) -> list[Table]:
    table = Table(
        "`hotcold check`, and `ruff check --select TID253,PLC0415 --no-cache`, with ten modules; `rg -l -w` for their names",
        ["corpus", "files", "MB", "hotcold", "ruff", "rg", *RATIOS],
    )
    results = Table(
        "What they find: files with imports of the ten modules",
        ["corpus", "hotcold", "of which it moves none", "TID253", "hotcold, not TID253", "rg -l -w", "unreadable"],
    )
    ten = tools.write_configs(bench.configs, "ten", tools.TEN)
    none = tools.write_configs(bench.configs, "none", tools.NOWHERE)
    for name, folder in found:
        size = corpora.size(folder)
        results.add(compared(bench, name, folder, ten))
        table.add(check_row(bench, name, size, folder, ten, tools.TEN))
        with bench.copy(folder) as copy:
            fixed(bench, copy, ten["hotcold"])
            table.add(check_row(bench, f"{name}, after `fix`", size, copy, ten, tools.TEN))
        table.add(check_row(bench, f"{name}, none imported", size, folder, none, tools.NOWHERE))
    return [table, results]


RATIOS = ["hotcold / ruff: wall", "CPU", "hotcold / rg: wall"]


def check_row(
    bench: Bench, name: str, size: corpora.Size, folder: Path, configs: dict[str, Path], modules: list[str]
) -> list[str]:
    say(f"  check: {name}")
    commands = [
        tools.check(bench.tools, folder, configs["hotcold"]),
        tools.lint(bench.tools, folder, configs["ruff"]),
        tools.search(bench.tools, folder, modules),
    ]
    cost = tools.interleaved(commands, bench.rounds)
    hotcold, ruff, rg = cost["hotcold"], cost["ruff"], cost["rg"]
    ratios = [ratio(hotcold.wall, ruff.wall), ratio(hotcold.cpu, ruff.cpu), ratio(hotcold.wall, rg.wall)]
    return [name, *sized(size), shown(hotcold), shown(ruff), shown(rg), *ratios]


def compared(bench: Bench, name: str, folder: Path, configs: dict[str, Path]) -> list[str]:
    """The files that each tool reports. They must look at the same files and find something; and what hotcold reports of
    a file that a search for the names does not see would be made up."""
    hotcold = tools.findings(bench.tools, folder, configs["hotcold"])
    ruff = tools.linted(bench.tools, folder, configs["ruff"], "TID253")
    rg = tools.searched(bench.tools, folder, tools.TEN)
    # ruff passes over imports in a `try`, which hotcold tells of; all that ruff reports, hotcold can tell something of.
    is_missing = bool(ruff) and not hotcold.paths
    if is_missing or not rg or (bench.options.small and not (hotcold.findings and ruff)):
        raise SpeedError(f"{name}: {hotcold.findings} findings by hotcold, {len(ruff)} files by ruff, {len(rg)} by rg")
    seen = tools.seen(bench.tools, folder, configs["ruff"])
    if abs(seen - hotcold.files) > seen / 100:
        raise SpeedError(f"{name}: hotcold looks at {hotcold.files} files, ruff at {seen}")
    # A file within one of the modules imports others of it by dots.
    unnamed = sorted(path for path in hotcold.paths - rg if not set(Path(path).parts) & set(tools.TEN))
    if unnamed:
        raise SpeedError(f"{name}: hotcold reports files without any of the names: {', '.join(unnamed[:5])}")
    stuck = len(hotcold.paths - hotcold.moving)
    cells = [len(hotcold.paths), stuck, len(ruff), len(hotcold.paths - ruff), len(rg), len(hotcold.unreadable)]
    return [name, *(f"{cell:,}" for cell in cells)]


def fixed(bench: Bench, copy: Path, config: Path) -> None:
    """Carries out `hotcold fix`, after which a check has nothing left to move."""
    command = [bench.tools.hotcold, "fix", "--quiet", "--config", str(config), "."]
    tools.run(command, copy, (0, 2))
    left = tools.findings(bench.tools, copy, config).findings
    if left:
        raise SpeedError(f"{left} findings in {copy} after `fix`")


# ---------------------------------------------------------------- fix, next to LibCST


def fixes(bench: Bench, found: list[tuple[str, Path]]) -> Table:
    table = Table(
        "`hotcold fix` with every module that the corpus imports, and the codemod by LibCST (scripts/speed_codemod.py)",
        ["corpus", "files", "MB", "modules", "files changed", "hotcold fix", "MB/s a core"]
        + ["LibCST's files", "MB", "LibCST", "MB/s a core", "hotcold / LibCST"],
    )
    note = "A core's MB/s are MB by seconds of CPU. LibCST takes files spread evenly over the corpus, in one process."
    table.notes.append(note)
    for name, folder in found:
        say(f"  fix: {name}")
        size = corpora.size(folder)
        modules = corpora.imported_modules(folder, bench.options.corpora)
        config = tools.write_configs(bench.configs, "all", modules)["hotcold"]
        cost, changed = fix_cost(bench, folder, config)
        say(f"  LibCST: {name}")
        sample, codemod = codemod_cost(bench, folder, modules)
        speed, other = size.megabytes / cost.cpu, sample.megabytes / codemod.cpu
        cells = [f"{len(modules):,}", f"{changed:,}", shown(cost), f"{speed:.1f}", f"{sample.files:,}"]
        cells += [f"{sample.megabytes:.2f}", shown(codemod), f"{other:.3f}", f"{speed / other:,.0f}"]
        table.add([name, *sized(size), *cells])
    return table


def fix_cost(bench: Bench, folder: Path, config: Path) -> tuple[Cost, int]:
    """What `fix` takes on fresh copies, and how many files it changes."""
    with bench.copy(folder) as copy:
        moving = len(tools.findings(bench.tools, copy, config).moving)
        if not moving and bench.options.small:
            raise SpeedError(f"hotcold finds nothing to fix in {folder}")
        arguments = [bench.tools.hotcold, "fix", "--quiet", "--config", str(config), "."]
        command = Command("hotcold", arguments, copy, (0, 2), lambda: restore(folder, copy))
        return tools.interleaved([command], bench.rounds)["hotcold"], moving


def codemod_cost(bench: Bench, folder: Path, modules: list[str]) -> tuple[corpora.Size, Cost]:
    """What LibCST takes for a sample, once: it runs for so long that noise is small."""
    listed = bench.work / "modules.txt"
    listed.write_text("\n".join(modules), "utf-8")
    sample = bench.work / "sample"
    size = corpora.sample(folder, sample, bench.options.sample_mb)
    try:
        before = {file: file.read_bytes() for file in corpora.python_files(sample)}
        cost = tools.measure(tools.codemod(sample, listed))
        if all(file.read_bytes() == text for file, text in before.items()):
            raise SpeedError(f"the codemod changed none of {size.files} files of {folder}")
    finally:
        shutil.rmtree(sample)
    return size, cost


# ---------------------------------------------------------------- growth


def growth(bench: Bench) -> Table:
    table = Table(
        "`hotcold check` on generated projects (scripts/generate_project.py)",
        ["files", "MB", "hotcold", "wall, ms a thousand files", "CPU, ms a thousand files"],
    )
    for files in SMALL_GROWTH if bench.options.small else GROWTH:
        say(f"  growth: {files} files")
        folder = corpora.generate(bench.options.corpora, files)
        size = corpora.size(folder)
        config = folder / "hotcold.toml"
        if not tools.findings(bench.tools, folder, config).findings:
            raise SpeedError(f"hotcold finds nothing in {folder}")
        cost = tools.interleaved([tools.check(bench.tools, folder, config)], bench.rounds)["hotcold"]
        each = [f"{value * 1e6 / size.files:,.1f}" for value in (cost.wall, cost.cpu)]
        table.add([*sized(size), shown(cost), *each])
    return table


def grown(bench: Bench) -> Table:
    """Single files at half their size and at all of it."""
    table = Table(
        "`hotcold diff` on one file: half the number, and all of it",
        ["many", "number", "MB", "half of them", "all of them", "text grows by", "CPU time grows by"],
    )
    folder = bench.work / "shapes"
    folder.mkdir()
    for shape in shapes.SHAPES:
        say(f"  shape: {shape.name}")
        number = max(4, shape.number // SMALL_SHARE) if bench.options.small else shape.number
        texts = [shape.text(number // 2), shape.text(number)]
        commands = []
        bench.configs.mkdir(exist_ok=True)
        config = bench.configs / "shape-hotcold.toml"
        config.write_text(tools.hotcold_config([shapes.MODULE], shape.usage), "utf-8")
        for at, text in enumerate(texts):
            place = folder / f"{len(table.rows)}-{at}"
            place.mkdir()
            (place / "module.py").write_text(text, "utf-8")
            # An exit code of 1 says that there is a patch.
            arguments = [bench.tools.hotcold, "diff", "--quiet", "--config", str(config), "."]
            commands.append(Command(str(at), arguments, place, (1,)))
        half, whole = tools.interleaved(commands, bench.rounds).values()
        grows = [f"{len(texts[1]) / len(texts[0]):.1f}", f"{whole.cpu / half.cpu:.1f}"]
        cells = [f"{number:,}", f"{len(texts[1]) / 1e6:.2f}", shown(half), shown(whole)]
        table.add([shape.name, *cells, *grows])
    return table


# ---------------------------------------------------------------- helpers


def restore(folder: Path, target: Path) -> None:
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(folder, target, symlinks=True)


def sized(size: corpora.Size) -> list[str]:
    return [f"{size.files:,}", f"{size.megabytes:.1f}"]


def shown(cost: Cost) -> str:
    return f"{seconds(cost.wall)}, {seconds(cost.cpu)} CPU, {cost.peak_kib / 1024:.0f} MiB"


def seconds(value: float) -> str:
    return f"{value:.3f} s" if value < 1 else f"{value:.2f} s"


def ratio(left: float, right: float) -> str:
    return f"{left / right:.2f}"


def say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


def main(arguments: Optional[list[str]] = None) -> int:
    options = parse(arguments)
    start = time.monotonic()
    options.corpora.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(prefix=".speed-", dir=options.corpora) as work:
            bench = Bench(options, tools.find(options.hotcold), Path(work))
            load = os.getloadavg()[0]
            machine = f"{os.cpu_count()} cores, load {load:.1f} before the run"
            print(f"{bench.tools.versions()}; {machine}; best of {bench.rounds}.")
            for table in tables(bench):
                print(f"\n{table.show(options.markdown)}", flush=True)
    except (SpeedError, fetch_projects.FetchError, OSError, subprocess.SubprocessError) as error:
        print(f"speed.py: {error}", file=sys.stderr)
        return 2
    say(f"{time.monotonic() - start:.0f} s in all")
    return 0


def parse(arguments: Optional[list[str]]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hotcold", default=str(REPOSITORY / "target/release/hotcold"), help="the build to measure")
    parser.add_argument("--corpora", metavar="DIR", type=Path, default=KEPT, help=f"where they are kept [default: {KEPT}]")
    parser.add_argument("--only", metavar="NAME", action="append", help="only this corpus, `growth` or `shapes`")
    parser.add_argument("--small", action="store_true", help="a small corpus and small numbers")
    parser.add_argument("--rounds", metavar="N", type=int, help="runs of each command [default: 5, and 1 with --small]")
    parser.add_argument("--sample-mb", metavar="MB", type=float, help="for LibCST [default: 1, and 0.1 with --small]")
    parser.add_argument("--markdown", action="store_true", help="print the tables as the README has them")
    options = parser.parse_args(arguments)
    options.rounds = options.rounds or (1 if options.small else 5)
    options.sample_mb = options.sample_mb or (0.1 if options.small else 1.0)
    options.corpora = options.corpora.resolve()
    known = {corpus["name"] for corpus in corpora.load()} | {"growth", "shapes"}
    unknown = set(options.only or []) - known
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(sorted(known))}")
    return options


if __name__ == "__main__":
    sys.exit(main())
