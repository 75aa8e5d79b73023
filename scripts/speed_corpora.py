#!/usr/bin/env python3
"""Owns: the folders that speed.py measures on: source packages from PyPI by corpora.toml, and generated projects.

    speed_corpora.py DIR [--only NAME]...    build them below DIR (kept when already there), and tell their sizes
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Iterator, Optional

import fetch_projects
import judge

CORPORA = Path(__file__).resolve().with_name("corpora.toml")
GENERATOR = Path(__file__).resolve().with_name("generate_project.py")
SUFFIXES = {".py", ".pyi", ".pyw"}
SETTINGS = {"pyproject.toml", "setup.cfg"}


@dataclass(frozen=True)
class Size:
    files: int
    bytes: int

    @property
    def megabytes(self) -> float:
        return self.bytes / 1e6


def load(path: Path = CORPORA) -> list[dict[str, Any]]:
    """The `[[corpus]]` tables, with their packages as pinned projects."""
    document = fetch_projects.load_toml(path)
    pinned = {project["name"]: project for project in fetch_projects.load_projects()}
    pinned.update((project["name"], project) for project in document["project"])
    for corpus in document["corpus"]:
        missing = [name for name in corpus["packages"] if name not in pinned]
        if missing:
            raise fetch_projects.FetchError(f"{path.name}: nothing pins {', '.join(missing)}")
        corpus["packages"] = [pinned[name] for name in corpus["packages"]]
    return document["corpus"]


def build(corpus: dict[str, Any], folder: Path) -> Path:
    """The folder of a corpus below `folder`, with all of its packages and nothing else; a package alone is a project, and its
    own modules are not from outside."""
    target = folder / corpus["name"]
    keep = is_python if corpus.get("keep") == "python" else fetch_projects.everything
    wanted = {fetch_projects.fetch(project, target, keep).name for project in corpus["packages"]}
    strangers = sorted(entry.name for entry in target.iterdir() if not entry.name.startswith(".") and entry.name not in wanted)
    if strangers:
        raise fetch_projects.FetchError(f"{target} holds what is not of the corpus: {', '.join(strangers)}; delete it")
    return target / wanted.pop() if len(wanted) == 1 else target


def is_python(path: PurePosixPath) -> bool:
    return path.suffix in SUFFIXES or path.name in SETTINGS


def generate(folder: Path, files: int) -> Path:
    """A generated project of that many files below `folder`, with its own hotcold.toml."""
    target = folder / f"generated-{files}"
    if not target.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        scratch = folder / f".generated-{files}"
        shutil.rmtree(scratch, ignore_errors=True)
        command = [sys.executable, str(GENERATOR), str(scratch), "--files", str(files)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        os.replace(scratch, target)
    return target


def python_files(folder: Path) -> Iterator[Path]:
    """The Python files below `folder`, in a fixed order."""
    for parent, folders, names in os.walk(folder):
        folders.sort()
        yield from (Path(parent, name) for name in sorted(names) if Path(name).suffix in SUFFIXES)


def size(folder: Path) -> Size:
    sizes = [file.stat().st_size for file in python_files(folder) if file.is_file() and not file.is_symlink()]
    return Size(len(sizes), sum(sizes))


def imported_modules(corpus: Path, notes: Path) -> list[str]:
    """Every module that the corpus imports from outside; found once, and then read from `notes`."""
    file = notes / f"{corpus.name}-modules.txt"
    if not file.is_file():
        notes.mkdir(parents=True, exist_ok=True)
        # By a process of its own: it parses all files, and the memory is not given back.
        program = "import judge, pathlib, sys; print(*judge.imported_modules(pathlib.Path(sys.argv[1])), sep='\\n')"
        command = [sys.executable, "-W", "ignore", "-c", program, str(corpus)]
        environment = {**os.environ, "PYTHONPATH": str(Path(judge.__file__).parent)}
        found = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment).stdout
        file.write_text(found, "utf-8")
    return file.read_text("utf-8").split()


def sample(corpus: Path, target: Path, megabytes: float) -> Size:
    """Copies Python files of the corpus, spread evenly over it, to `target` until they come to that many megabytes."""
    files = [file for file in python_files(corpus) if file.suffix == ".py" and file.is_file()]
    total = sum(file.stat().st_size for file in files)
    step = max(1, int(total / 1e6 / megabytes))
    taken = count = 0
    for file in files[::step]:
        destination = target / file.relative_to(corpus)
        destination.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, destination)
        taken, count = taken + file.stat().st_size, count + 1
        if taken >= megabytes * 1e6:
            break
    return Size(count, taken)


def main(arguments: Optional[list[str]] = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", metavar="DIR", type=Path)
    parser.add_argument("--only", metavar="NAME", action="append", help="only this corpus")
    options = parser.parse_args(arguments)
    for corpus in load():
        if not options.only or corpus["name"] in options.only:
            folder = build(corpus, options.folder)
            found = size(folder)
            print(f"{folder}: {found.files} files, {found.megabytes:.0f} MB", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
