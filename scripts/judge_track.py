#!/usr/bin/env python3
"""Owns: the judgement of `hotcold track` on real code, by CPython, ruff and git.

    judge_track.py FOLDER... [--hotcold PATH] [--ruff PATH]

A folder is copied as judge.py copies it, every module that it imports from outside is configured, and usage logging is
added and taken out again. Held against each file: it still compiles; ruff finds no undefined or unused name that it did not
find before; sorted imports and formatted files still are; its code is the same but for the logging; the printed patch gives
the same tree; a second run changes nothing; without the logging the tree is byte for byte what it was.
Exit code: 0, 1 when a rule is broken.
"""

from __future__ import annotations

import argparse
import ast
import collections
import json
import re
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import judge
import judge_rules as rules


def without_logging(source: bytes) -> str:
    """The syntax tree without calls of the function that logs and without its import, as text."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        for name in ("body", "orelse", "finalbody"):
            body = getattr(node, name, None)
            if isinstance(body, list):
                kept = [stmt for stmt in body if not is_logging(stmt)]
                setattr(node, name, kept)
    return ast.dump(tree)


def is_logging(stmt: ast.stmt) -> bool:
    if isinstance(stmt, ast.ImportFrom):
        return [alias.name for alias in stmt.names] == ["track_module_usage"]
    call = stmt.value if isinstance(stmt, ast.Expr) else None
    return isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "track_module_usage"


def judge_track(folder: Path, hotcold: str, ruff: str, work: Path) -> tuple[dict[str, object], list[str]]:
    before, after, patched = work / "before", work / "after", work / "patched"
    for copy in (before, after, patched):
        judge.copy_tree(folder, copy)
        modules = judge.imported_modules(copy)
        (copy / "hotcold.toml").write_text(judge.config_text(modules, "cold", []))
    tools = judge.Tools(hotcold, ruff, sys.executable)
    broken: list[str] = []

    patch = judge.Run(tools, after, ["track", "--diff", "--quiet"])
    done = judge.Run(tools, after, ["track"])
    if done.code != 0:
        broken.append(f"track exits with {done.code}: {done.first_errors()}")
    if b"panicked" in done.out or "panicked" in done.err:
        broken.append(done.err)
    old, new = judge.read_tree(before), judge.read_tree(after)
    changed = judge.difference(old, new)
    helpers = [path for path in changed if path not in old]
    calls = 0
    for path in changed:
        text = new[path][1]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                compile(text, path, "exec")
                if path in old and without_logging(text) != ast.dump(ast.parse(old[path][1])):
                    broken.append(f"{path}: other code has changed")
            except SyntaxError as error:
                broken.append(f"{path}: does not compile: {error}")
        if path in old:
            calls += sum(is_logging(node) for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Expr))
    files = [path for path in changed if path in old]
    again = judge.Run(tools, after, ["track"])
    if judge.difference(new, judge.read_tree(after)) or again.code != 0:
        broken.append("a second run changes files")
    applied = subprocess.run(
        ["git", "apply", "--whitespace=nowarn", "-"], cwd=patched, input=patch.out, capture_output=True
    )
    if applied.returncode or judge.difference(new, judge.read_tree(patched)):
        broken.append(f"the patch does not give the same tree: {applied.stderr.decode()[:200]}")
    removed = judge.Run(tools, after, ["track", "--remove"])
    left = judge.difference(old, judge.read_tree(after))
    if removed.code != 0 or left:
        broken.append(f"--remove (exit {removed.code}) leaves a difference in {left[:5]}: {removed.first_errors()}")
    # The patched copy, since ruff leaves its cache in the folder.
    broken += [f"{v.file}: {v.rule}: {v.reason}" for v in rules.judge_names(ruff, before, patched, files)]
    style = [
        f"{v.file}: {v.rule}: {v.reason}"
        for v in rules.judge_style(ruff, before, patched, files, isolated=not rules.has_ruff_config(before))
    ]
    refusals = collections.Counter(re.findall(r": note\[([a-z-]+)\]", done.err))
    counts = {
        "files": len(files),
        "calls": calls,
        "helpers": helpers,
        "refusals": dict(refusals),
        "style": style,
        "seconds": done.seconds,
    }
    return counts, broken


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--hotcold", default="hotcold")
    parser.add_argument("--ruff", default="ruff")
    options = parser.parse_args()
    failed = False
    for folder in options.folders:
        with tempfile.TemporaryDirectory() as work:
            counts, broken = judge_track(folder.resolve(), str(Path(options.hotcold).resolve()), options.ruff, Path(work))
        print(folder.name, json.dumps(counts))
        for line in broken:
            print("  BROKEN", line)
        failed |= bool(broken)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
