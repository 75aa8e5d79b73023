#!/usr/bin/env python3
"""Owns: the proof by other people's tests. Runs a project's test suite, then `hotcold fix` with everything cold, then the
suite again, and compares the outcome of every single test.

    suites.py [NAME...] [--hotcold PATH] [--work DIR] [--before-only] [--json OUT]

Opt-in, since it installs packages (into one environment per project, made with `python -m venv`) and runs the code of
the projects in projects.toml that have a `[project.suite]` table. Tests are part of the tree that hotcold rewrites.
Exit code: 0, 1 when an outcome differs, 2 when a suite could not be run.
"""

from __future__ import annotations

import argparse
import collections
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as xml
from pathlib import Path
from typing import Any, Optional

import fetch_projects
import judge

TIMEOUT_SECONDS = 1200

Outcomes = dict[str, str]


class SuiteError(Exception):
    """A suite that could not be run, with the reason for a person."""


def main(arguments: Optional[list[str]] = None) -> int:
    options = parse(arguments)
    projects = [project for project in fetch_projects.load_projects() if "suite" in project]
    unknown = set(options.names) - {project["name"] for project in projects}
    if unknown:
        print(f"no suite in projects.toml: {', '.join(sorted(unknown))}", file=sys.stderr)
        return 2
    hotcold = None if options.before_only else shutil.which(options.hotcold)
    if hotcold is None and not options.before_only:
        print(f"{options.hotcold} is not there", file=sys.stderr)
        return 2
    work = (options.work or Path(tempfile.mkdtemp(prefix="suites-"))).resolve()
    reports, failed = [], False
    for project in projects:
        if not options.names or project["name"] in options.names:
            try:
                report = compare(project, work, hotcold and os.path.abspath(hotcold))
            except (SuiteError, fetch_projects.FetchError, OSError, subprocess.SubprocessError) as error:
                print(f"{project['name']}: {error}", file=sys.stderr)
                failed = True
                continue
            reports.append(report)
            print_report(report)
    if options.work is None:
        shutil.rmtree(work)
    if options.json:
        options.json.write_text(json.dumps(reports, indent=1), "utf-8")
    return 2 if failed else int(any(report["differences"] for report in reports))


def parse(arguments: Optional[list[str]]) -> argparse.Namespace:
    default = Path(__file__).resolve().parent.parent / "target" / "release" / "hotcold"
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", metavar="NAME", nargs="*", help="only these projects")
    parser.add_argument("--hotcold", default=str(default), help="the binary (default: target/release/hotcold)")
    parser.add_argument(
        "--work", metavar="DIR", type=Path, help="keep sources and environments here, for the next time"
    )
    parser.add_argument("--before-only", action="store_true", help="only show that the suites run here")
    parser.add_argument("--json", metavar="OUT", type=Path, help="write everything here")
    return parser.parse_args(arguments)


def compare(project: dict[str, Any], work: Path, hotcold: Optional[str]) -> dict[str, Any]:
    """The outcomes of the suite of `project` before and after hotcold, in one and the same folder."""
    source = fetch_projects.fetch(project, work / "sources")
    python = environment(project, work / "environments")
    tree = work / "trees" / project["name"]
    shutil.rmtree(tree, ignore_errors=True)
    judge.copy_tree(source, tree)
    before, seconds = run_suite(project["suite"], python, tree, work / "before.xml")
    report = {"project": f"{project['name']} {project['version']}", "before": counts(before), "seconds": [seconds]}
    report.update(after=None, changed=None, statistics=None, differences=[])
    if hotcold is not None:
        old = judge.read_tree(tree)
        report["statistics"] = fix_everything_cold(hotcold, tree, project["suite"])
        report["changed"] = len(judge.difference(old, judge.read_tree(tree)))
        after, seconds = run_suite(project["suite"], python, tree, work / "after.xml")
        report["after"] = counts(after)
        report["seconds"].append(seconds)
        report["differences"] = differences(before, after)
    return report


def environment(project: dict[str, Any], folder: Path) -> Path:
    """The python of an environment that holds what the suite requires; made anew when that changes."""
    requires = project["suite"]["requires"]
    key = hashlib.sha256(json.dumps([requires, sys.version]).encode()).hexdigest()[:12]
    home = folder / f"{project['name']}-{key}"
    python = home / "bin" / "python"
    if not (home / "complete").exists():
        shutil.rmtree(home, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
        done = subprocess.run(
            [str(python), "-m", "pip", "install", "--quiet", *requires], capture_output=True, text=True
        )
        if done.returncode:
            raise SuiteError(f"pip install failed: {done.stderr.strip()[-500:]}")
        (home / "complete").touch()
    return python


def run_suite(suite: dict[str, Any], python: Path, tree: Path, report: Path) -> tuple[Outcomes, float]:
    """The outcome of every test, and the seconds it took."""
    report.unlink(missing_ok=True)
    command = [str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}"]
    command += [
        "-o",
        "junit_family=xunit1",
        *(f"--deselect={test}" for test in suite.get("deselect", [])),
        *suite["tests"],
    ]
    variables = {
        "PYTHONPATH": ".",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
        **suite.get("environment", {}),
    }
    start = time.monotonic()
    done = subprocess.run(
        command, cwd=tree, env={**os.environ, **variables}, capture_output=True, text=True, timeout=TIMEOUT_SECONDS
    )
    if not report.exists():
        raise SuiteError(f"pytest wrote no report: {(done.stdout + done.stderr).strip()[-1500:]}")
    return outcomes(report), round(time.monotonic() - start, 1)


def outcomes(report: Path) -> Outcomes:
    """The outcome of every test in a JUnit report. A test that is named twice (subtests) gets all its outcomes."""
    found: dict[str, list[str]] = collections.defaultdict(list)
    for case in xml.parse(report).iter("testcase"):
        test = "::".join(filter(None, (case.get("file"), case.get("classname"), case.get("name"))))
        kinds = [child.tag for child in case if child.tag in ("failure", "error", "skipped")]
        found[test].append("+".join(sorted(kinds)) or "passed")
    return {test: ", ".join(sorted(kinds)) for test, kinds in found.items()}


def fix_everything_cold(hotcold: str, tree: Path, suite: dict[str, Any]) -> Any:
    """Runs `hotcold fix` on `tree` with every third-party and standard-library module cold, and what the suite says of
    the configuration; its statistics."""
    config = tree / "hotcold.toml"
    config.write_text(judge.config_text(judge.imported_modules(tree), "cold", suite.get("config", [])), "utf-8")
    command = [hotcold, "fix", "--statistics", "--output-format", "json", *suite.get("flags", [])]
    done = subprocess.run(command, cwd=tree, capture_output=True, timeout=judge.TIMEOUT_SECONDS)
    config.unlink()
    if done.returncode not in (0, 2):
        raise SuiteError(f"hotcold fix: exit code {done.returncode}: {done.stderr.decode('utf-8', 'replace')[-500:]}")
    try:
        return json.loads(done.stdout).get("statistics")
    except (ValueError, AttributeError):
        raise SuiteError(f"hotcold fix printed no JSON: {done.stdout[:200]!r}")


def counts(found: Outcomes) -> dict[str, int]:
    return dict(sorted(collections.Counter(found.values()).items()))


def differences(before: Outcomes, after: Outcomes) -> list[str]:
    return [
        f"{test}: {before.get(test, 'absent')} -> {after.get(test, 'absent')}"
        for test in sorted(before.keys() | after.keys())
        if before.get(test) != after.get(test)
    ]


def print_report(report: dict[str, Any]) -> None:
    print(f"{report['project']}")
    for when, seconds in zip(("before", "after"), report["seconds"]):
        text = ", ".join(f"{count} {outcome}" for outcome, count in report[when].items() if ", " not in outcome)
        print(f"    {when:<6} {sum(report[when].values())} tests in {seconds} s: {text}")
    if report["after"] is not None:
        print(f"    hotcold changed {report['changed']} files; {len(report['differences'])} outcomes differ")
    for line in report["differences"][:40]:
        print(f"    DIFFERS {line}")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
