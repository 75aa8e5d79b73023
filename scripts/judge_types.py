"""Owns: what a type checker says of a rewritten project. `judge.py` brings the two folders.

An import that moved must still be there for mypy: no name and no attribute may be missing that was not missing before.
"""

from __future__ import annotations

import collections
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Iterator

from judge_rules import Violation

CODES = {"name-defined", "attr-defined", "used-before-def"}
ERROR = re.compile(r"^(?P<path>[^:]+):\d+: error: (?P<message>.*)  \[(?P<code>[a-z-]+)\]$")
TIMEOUT_SECONDS = 900


class MypyError(Exception):
    """mypy itself failed."""


def judge_types(python: str, before: Path, after: Path, paths: list[str]) -> Iterator[Violation]:
    """mypy misses nothing in `after` that it does not miss in `before`. `paths` compile in both."""
    old, new = (collections.Counter(errors(python, folder, paths)) for folder in (before, after))
    for (path, code, message), count in sorted((new - old).items()):
        yield Violation(path, f"mypy {code}", message + (f" ({count} times)" if count > 1 else ""))


def errors(python: str, folder: Path, paths: list[str]) -> Iterator[tuple[str, str, str]]:
    """(path, code, message without line numbers) of the errors about names and attributes."""
    named = [path for path in paths if all(part.isidentifier() for part in Path(path).with_suffix("").parts)]
    if not named:
        return
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as listed:
        listed.write("\n".join(named))
        listed.flush()
        # Every file is a module by its path, so that no two have one name; nothing of this machine is looked at.
        options = ["--ignore-missing-imports", "--explicit-package-bases", "--namespace-packages", "--no-site-packages"]
        options += ["--no-incremental", "--check-untyped-defs", "--show-error-codes", "--no-error-summary"]
        options += ["--hide-error-context", "--no-color-output", "--no-pretty", "--config-file=", "--soft-error-limit=-1"]
        command = [python, "-m", "mypy", *options, f"@{listed.name}"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=TIMEOUT_SECONDS)
    if done.returncode not in (0, 1):
        raise MypyError((done.stderr.strip() or done.stdout.strip())[-300:] or f"exit code {done.returncode}")
    for line in done.stdout.splitlines():
        found = ERROR.match(line)
        if found and found["code"] in CODES:
            yield found["path"], found["code"], re.sub(r"\bline \d+", "line N", found["message"])


if __name__ == "__main__":
    sys.exit("judge_types.py is used by judge.py --mypy")
