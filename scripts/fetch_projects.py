#!/usr/bin/env python3
"""Owns: turning the pinned list in projects.toml into folders of source on disk.

Each project is fetched as its PyPI source package by pip's own finder and session, so whatever index, proxy,
certificate or cache pip is configured with is used here as well. Nothing of a project is built or run: the file is
found, checked against the pinned sha256, and unpacked member by member. `pip download` cannot do that, since it asks
a source package for its metadata by running its build.

    fetch_projects.py DIR [--ci] [--only NAME]...    unpack into DIR/NAME-VERSION (kept when already there)
    fetch_projects.py --pin NAME[==VERSION]...       print entries for projects.toml, or for corpora.toml
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import stat
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, Callable, Iterator, NamedTuple, Optional

PROJECTS = Path(__file__).resolve().with_name("projects.toml")
MAX_UNPACKED_BYTES = 500_000_000


class FetchError(Exception):
    """A project that could not be fetched, with the reason for a person."""


class Member(NamedTuple):
    """A regular file inside an archive: its checked path, whether it is executable, and its bytes."""

    path: PurePosixPath
    executable: bool
    size: int
    stream: BinaryIO


def everything(_: PurePosixPath) -> bool:
    """The default answer to which files of an archive are written."""
    return True


def load_toml(path: Path) -> dict[str, Any]:
    try:
        import tomllib
    except ImportError:  # Python 3.9, 3.10: the copy that pip brings along
        from pip._vendor import tomli as tomllib
    return tomllib.loads(path.read_text("utf-8"))


def load_projects(path: Path = PROJECTS) -> list[dict[str, Any]]:
    """The `[[project]]` tables of projects.toml."""
    return load_toml(path)["project"]


def fetch(project: dict[str, Any], folder: Path, keep: Callable[[PurePosixPath], bool] = everything) -> Path:
    """The unpacked source of `project` below `folder`; downloads it unless it is already there.

    Only files that `keep` wants are written; a folder must be asked for with the same `keep` each time.
    """
    target = folder / f"{project['name']}-{project['version']}"
    marker = folder / f".{target.name}.sha256"
    if target.is_dir() and marker.is_file() and marker.read_text() == project["sha256"]:
        return target
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".fetch-") as scratch:
        archive = download(PipIndex(), project, Path(scratch))
        unpacked = Path(scratch) / "unpacked"
        unpack(archive, unpacked, keep)
        shutil.rmtree(target, ignore_errors=True)
        os.replace(only_folder(unpacked), target)
    marker.write_text(project["sha256"])
    return target


class PipIndex:
    """pip's finder and session, configured by pip's own files and environment."""

    def __init__(self) -> None:
        try:
            from pip._internal.commands import create_command
        except ImportError as error:
            raise FetchError(f"this needs a Python with pip: {error}")
        command: Any = create_command("download")
        self._options, _ = command.parse_args(["--no-deps", "--no-binary", ":all:", "--quiet"])
        self._enter = command.main_context
        self._command = command

    def source_link(self, name: str, version: Optional[str]) -> tuple[str, Any]:
        """(version, link) of the source package of `name`, the newest final one when `version` is None."""
        with self._enter():
            session = self._command._build_session(self._options)
            finder = self._command._build_package_finder(self._options, session, ignore_requires_python=True)
            candidates = [c for c in finder.find_all_candidates(name) if not c.link.is_wheel]
        if version is None:
            candidates = [c for c in candidates if not c.version.is_prerelease and not c.link.is_yanked]
        else:
            candidates = [c for c in candidates if str(c.version) == version]
        if not candidates:
            raise FetchError(f"{name} {version or ''}: the index has no source package")
        best = max(candidates, key=lambda c: (c.version, c.link.filename.endswith(".tar.gz")))
        return str(best.version), best.link

    def save(self, link: Any, file: Path) -> None:
        """Download `link` to `file`."""
        with self._enter():
            session = self._command._build_session(self._options)
            response = session.get(link.url_without_fragment, headers={"Accept-Encoding": "identity"}, stream=True)
            response.raise_for_status()
            with file.open("wb") as out:
                shutil.copyfileobj(response.raw, out)


def download(index: PipIndex, project: dict[str, Any], folder: Path) -> Path:
    """The source package of `project` in `folder`, its sha256 checked."""
    _, link = index.source_link(project["name"], project["version"])
    file = folder / PurePosixPath(link.filename).name
    index.save(link, file)
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    if digest != project["sha256"]:
        raise FetchError(f"{file.name}: sha256 is {digest}, the pinned one is {project['sha256']}")
    return file


def unpack(archive: Path, folder: Path, keep: Callable[[PurePosixPath], bool]) -> None:
    """Write the regular files of `archive` that `keep` wants below `folder`; links and devices are left out, paths that
    leave it are errors."""
    members = zip_members(archive) if archive.suffix == ".zip" else tar_members(archive)
    written = 0
    for member in members:
        if not keep(member.path):
            continue
        written += member.size
        if written > MAX_UNPACKED_BYTES:
            raise FetchError(f"{archive.name}: unpacks to more than {MAX_UNPACKED_BYTES} bytes")
        file = folder / member.path
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("wb") as out:
            shutil.copyfileobj(member.stream, out)
        file.chmod(0o755 if member.executable else 0o644)


def tar_members(archive: Path) -> Iterator[Member]:
    with tarfile.open(archive) as tar:
        for info in tar:
            stream = tar.extractfile(info) if info.isreg() else None
            if stream is not None:
                yield Member(inner_path(info.name), bool(info.mode & stat.S_IXUSR), info.size, stream)


def zip_members(archive: Path) -> Iterator[Member]:
    with zipfile.ZipFile(archive) as file:
        for info in file.infolist():
            mode = info.external_attr >> 16
            if not info.is_dir() and not stat.S_ISLNK(mode):
                with file.open(info) as stream:
                    yield Member(inner_path(info.filename), bool(mode & stat.S_IXUSR), info.file_size, stream)


def inner_path(name: str) -> PurePosixPath:
    """`name` as a path that stays inside the folder it is joined to."""
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or not path.parts or ":" in path.parts[0] or "\0" in name:
        raise FetchError(f"unsafe path in archive: {name!r}")
    return path


def only_folder(folder: Path) -> Path:
    """The one folder that a source package holds, or `folder` itself."""
    entries = list(folder.iterdir())
    return entries[0] if len(entries) == 1 and entries[0].is_dir() else folder


def pin(requirement: str) -> str:
    """An entry of projects.toml or corpora.toml for NAME or NAME==VERSION."""
    name, _, wanted = requirement.partition("==")
    index = PipIndex()
    version, link = index.source_link(name, wanted or None)
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "archive"
        index.save(link, file)
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
    return f'[[project]]\nname = "{name}"\nversion = "{version}"\nsha256 = "{digest}"\n'


def main(arguments: Optional[list[str]] = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", metavar="DIR", type=Path, nargs="?")
    parser.add_argument("--ci", action="store_true", help="only the projects marked `ci = true`")
    parser.add_argument("--only", metavar="NAME", action="append", help="only this project")
    parser.add_argument("--pin", metavar="NAME[==VERSION]", nargs="+", help="print entries for projects.toml")
    options = parser.parse_args(arguments)
    if options.pin:
        for requirement in options.pin:
            print(pin(requirement))
        return 0
    if options.folder is None:
        parser.error("DIR is missing")
    failed = False
    for project in load_projects():
        if (options.ci and not project.get("ci")) or (options.only and project["name"] not in options.only):
            continue
        try:
            print(fetch(project, options.folder), flush=True)
        except Exception as error:  # one project that fails must not hide the others
            print(f"{project['name']}: {error}", file=sys.stderr)
            failed = True
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
