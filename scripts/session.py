#!/usr/bin/env python3
"""Runs the session that the README shows: a handler with boto3, pandas and requests from PyPI, measured and judged.

    python3 scripts/session.py [--hotcold FILE] [--venv FOLDER]

Installs what `fixtures/session/requirements.txt` names into a virtual environment, copies the handler, and prints each
command with its output; then the same times by hand: with `-X importtime` and with hyperfine, if it is installed.
"""

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COMMANDS = ["measure boto3 pandas requests", "usage logs", "explain pandas", "check", "diff"]
MODULES = ["boto3", "pandas", "requests"]
RUNS = 7


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hotcold", default=ROOT / "target/release/hotcold", type=Path)
    parser.add_argument("--venv", type=Path, help="a virtual environment to use or to make")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        venv = (arguments.venv or Path(scratch, "venv")).absolute()
        python = venv / "bin/python"
        if not python.exists():
            subprocess.run([sys.executable, "-m", "venv", venv], check=True)
        requirements = ROOT / "fixtures/session/requirements.txt"
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--requirement", requirements], check=True)
        project = Path(scratch, "session")
        shutil.copytree(ROOT / "fixtures/session", project)
        environment = {**os.environ, "VIRTUAL_ENV": str(venv)}
        for command in COMMANDS:
            run = subprocess.run(
                [arguments.hotcold.absolute(), *command.split()],
                cwd=project, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            )
            print(f"$ hotcold {command}\n{run.stdout}")
        evidence = (project / "hotcold-evidence.toml").read_text()
        print(f"$ cat hotcold-evidence.toml\n{evidence}")
        by_hand(python, evidence)


def by_hand(python, evidence):
    """The same imports without hotcold, in milliseconds."""
    print(f"{'module':<10}{'hotcold':>10}{'importtime':>12}{'whole process':>16}")
    for module in MODULES:
        table = evidence.split(f"[modules.{module}]")[1]
        own = float(re.search(r"import-ms = ([\d.]+)", table)[1])
        print(f"{module:<10}{own:>10.0f}{importtime(python, module):>12.0f}{hyperfine(python, module):>16}")


def importtime(python, module):
    times = []
    for _ in range(RUNS):
        command = [python, "-X", "importtime", "-c", f"import {module}"]
        rows = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=True).stderr.splitlines()
        row = next(row for row in reversed(rows) if row.endswith(f"| {module}"))
        times.append(int(row.split("|")[1]) / 1000)
    return statistics.median(times)


def hyperfine(python, module):
    """What a process takes longer by the import, with the spread. It ends without tearing modules down."""
    if not shutil.which("hyperfine"):
        return "-"
    end = "import os; os._exit(0)"
    with tempfile.NamedTemporaryFile(suffix=".json") as result:
        commands = [f"{python} -c '{end}'", f"{python} -c 'import {module}; {end}'"]
        options = ["--shell=none", "--warmup=2", "--runs=15", "--style=none", f"--export-json={result.name}"]
        subprocess.run(["hyperfine", *options, *commands], check=True, stdout=subprocess.DEVNULL)
        empty, full = json.load(open(result.name))["results"]
    spread = statistics.quantiles(full["times"])
    return f"{(full['median'] - empty['median']) * 1000:.0f} ({(spread[2] - spread[0]) * 1000:.0f})"


if __name__ == "__main__":
    main()
