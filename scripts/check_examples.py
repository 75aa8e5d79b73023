#!/usr/bin/env python3
"""Owns: the proof that action.yml and the files in examples/ are what GitHub, GitLab and a shell take them for.

    check_examples.py [--hotcold PATH]

Each file is held against the schema of its kind (from check-jsonschema, which carries them: no network). Scripts in
them must be read by `bash -n`, by `shellcheck` where that is installed, and must hold no `${{ }}`, which would have the
shell run what is only data. With --hotcold the scripts of the action run for real, in an environment like that of a
runner, as dry runs over a repository on disk, also with inputs that would do harm if anything in them were run.
Exit code: 0, or 1 with what is wrong.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Optional

from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parent.parent

SCHEMAS = {
    "action.yml": "vendor.github-actions",
    "examples/github-workflow.yml": "vendor.github-workflows",
    "examples/fan-out.yml": "vendor.github-workflows",
    "examples/gitlab-ci.yml": "vendor.gitlab-ci",
}

SOURCE = """\
import pandas


def report(rows):
    return pandas.DataFrame(rows)
"""

CONFIGURATION = "[modules.pandas]\nimport-ms = 1200\nusage-percent = 5\n"


def main(arguments: Optional[list[str]] = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--hotcold", type=Path, help="run the scripts of the action with this program")
    options = parser.parse_args(arguments)
    problems = list(unlisted())
    for name, schema in SCHEMAS.items():
        problems += against_schema(name, schema)
        for place, script in scripts(name):
            problems += against_shell(f"{name}: {place}", script)
    for path in sorted((ROOT / "examples").glob("*.sh")):
        problems += against_shell(str(path.relative_to(ROOT)), path.read_text("utf-8"))
    if options.hotcold is not None:
        problems += run_action(options.hotcold.resolve())
    for problem in problems:
        print(problem, file=sys.stderr)
    print("examples: " + (f"{len(problems)} problems" if problems else "all good"))
    return 1 if problems else 0


def unlisted() -> Iterator[str]:
    """A file that nobody looks at is a file that rots."""
    for path in sorted((ROOT / "examples").iterdir()):
        name = str(path.relative_to(ROOT))
        if path.suffix != ".sh" and name not in SCHEMAS:
            yield f"{name}: of no kind that {Path(__file__).name} checks"


def against_schema(name: str, schema: str) -> list[str]:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, str(ROOT / name)]
    done = subprocess.run(command, capture_output=True, text=True)
    return [] if done.returncode == 0 else [f"{name}: {(done.stdout + done.stderr).strip()}"]


def scripts(name: str) -> list[tuple[str, str]]:
    """The scripts of a file, each with its place."""
    document = YAML(typ="safe").load((ROOT / name).read_text("utf-8"))
    if name == "action.yml":
        found = of_steps(document["runs"]["steps"])
    elif "jobs" in document:
        found = [part for job, body in document["jobs"].items() for part in of_steps(body["steps"], f"{job}, ")]
    else:
        jobs = {job: body for job, body in document.items() if isinstance(body, dict) and "script" in body}
        # As GitLab calls bash.
        found = [(job, "\n".join(["set -eo pipefail", *body["script"]])) for job, body in jobs.items()]
    assert found, f"{name} holds no script"
    return found


def of_steps(steps: list[dict[str, Any]], where: str = "") -> list[tuple[str, str]]:
    numbered = enumerate(steps, start=1)
    return [(f"{where}step {number}", step["run"]) for number, step in numbered if "run" in step]


def against_shell(place: str, script: str) -> list[str]:
    problems = []
    if "${{" in script:
        problems.append(f"{place}: `${{{{` in a script: pass the value by `env`")
    commands = [["bash", "-n"]]
    if shutil.which("shellcheck"):
        commands.append(["shellcheck", "--shell=bash", "-"])
    for command in commands:
        done = subprocess.run(command, input=script, capture_output=True, text=True)
        if done.returncode != 0:
            problems.append(f"{place}: {(done.stdout + done.stderr).strip()}")
    return problems


def run_action(program: Path) -> list[str]:
    problems = []
    with tempfile.TemporaryDirectory(prefix="hotcold-examples-") as folder:
        runner = Runner(Path(folder), program)
        problems += find_is_right(runner)
        problems += ends_are_told(runner)
        for what, inputs, code, outcome in CASES:
            done, outputs = runner.bot(inputs)
            told = outputs.get("outcome")
            if (done.returncode, told) != (code, outcome):
                problems.append(
                    f"action.yml, {what}: ended with {done.returncode} and {told}, not with {code} and {outcome}\n"
                    f"{done.stdout}{done.stderr}"
                )
            if found := runner.traces():
                problems.append(f"action.yml, {what}: something in an input was run: {found}")
    return problems


HARM = "$(touch harm)`touch harm`; touch harm #"

# What is tried, the inputs, the exit code and the outcome.
CASES: list[tuple[str, dict[str, str], int, Optional[str]]] = [
    ("defaults", {}, 0, "created"),
    ("a folder with a space", {"PATHS": "a folder\n"}, 0, "created"),
    ("two paths and an empty line, as Windows writes them", {"PATHS": "a folder\r\n\r\n.\r\n"}, 0, "created"),
    ("a path that looks like a flag", {"PATHS": "--help"}, 2, None),
    ("a path that would do harm", {"PATHS": HARM}, 2, None),
    ("a base that would do harm", {"BASE": HARM}, 2, None),
    ("a base that looks like a flag", {"BASE": "--help"}, 2, None),
    ("a base of two lines", {"BASE": "main\n--help"}, 2, None),
    ("a configuration that would do harm", {"CONFIG": HARM}, 2, None),
    ("a template that would do harm", {"TEMPLATE": HARM}, 2, None),
    ("a command that would do harm", {"POST_COMMAND": f"true {HARM}"}, 0, "created"),
    ("a command that fails", {"POST_COMMAND": "false"}, 2, None),
    ("every switch", {"DRAFT": "true", "UNSAFE": "true"}, 0, "created"),
    ("a switch that is none", {"DRAFT": HARM}, 2, None),
    ("nothing to do", {"PATHS": "other.py"}, 0, "none"),
]


class Runner:
    """A folder that looks like a runner's to the scripts of the action."""

    def __init__(self, folder: Path, program: Path) -> None:
        self.folder, self.program = folder, program
        action = YAML(typ="safe").load((ROOT / "action.yml").read_text("utf-8"))
        self.steps = {step.get("id"): step for step in action["runs"]["steps"]}
        self.work, self.temporary = folder / "work", folder / "temporary"
        seed = folder / "seed"
        (seed / "a folder").mkdir(parents=True)
        (seed / "a folder/app.py").write_text(SOURCE)
        (seed / "other.py").write_text("import json\n\nprint(json)\n")
        (seed / "hotcold.toml").write_text(CONFIGURATION)
        self.temporary.mkdir()
        author = ["-c", "user.name=Test", "-c", "user.email=test@localhost"]
        git("init", "--quiet", "--initial-branch=main", str(seed))
        git("-C", str(seed), "add", "--all")
        git("-C", str(seed), *author, "commit", "--quiet", "--message=Start")
        git("clone", "--quiet", "--bare", str(seed), str(folder / "origin.git"))
        git("clone", "--quiet", str(folder / "origin.git"), str(self.work))
        self.before = self.state()

    def bot(self, inputs: dict[str, str]) -> tuple[subprocess.CompletedProcess[str], dict[str, str]]:
        variables = {name: "" for name in self.steps["bot"]["env"]}
        given = {f"HOTCOLD_{name}": value for name, value in inputs.items()}
        assert given.keys() <= variables.keys(), f"no such input: {given}"
        fixed = {"HOTCOLD_PROGRAM": str(self.program), "HOTCOLD_PATHS": ".", "HOTCOLD_DRY_RUN": "true"}
        return self.step("bot", {**variables, **fixed, **given})

    def step(self, name: str, variables: dict[str, str]) -> tuple[subprocess.CompletedProcess[str], dict[str, str]]:
        output = self.temporary / "output"
        output.write_text("")
        world = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "GITHUB_ACTIONS": "true",
            "GITHUB_ACTION_PATH": str(ROOT),
            "GITHUB_OUTPUT": str(output),
            "GITHUB_REPOSITORY": "somebody/else",
            "RUNNER_TEMP": str(self.temporary),
            "RUNNER_OS": "Linux",
            "RUNNER_ARCH": "X64",
        }
        # As GitHub calls bash.
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", self.steps[name]["run"]]
        done = subprocess.run(command, cwd=self.work, env={**world, **variables}, capture_output=True, text=True)
        told = dict(line.split("=", 1) for line in output.read_text().splitlines())
        output.unlink()
        return done, told

    def state(self) -> list[str]:
        """Everything but what git keeps for itself, with the branches of the remote."""
        files = (path.relative_to(self.folder) for path in self.folder.rglob("*"))
        kept = [str(path) for path in files if not {".git", "origin.git"} & set(path.parts)]
        return sorted(kept) + [git("-C", str(self.folder / "origin.git"), "for-each-ref")]

    def traces(self) -> list[str]:
        return sorted(set(self.state()) ^ set(self.before))


def find_is_right(runner: Runner) -> Iterator[str]:
    """The first script: which program, and from where."""
    folder = runner.folder / "bin"
    folder.mkdir()
    (folder / "hotcold").symlink_to(runner.program)
    version = output_of([str(runner.program), "--version"]).removeprefix("hotcold ").strip()
    path = {"PATH": f"{folder}:{os.environ['PATH']}"}
    done, told = runner.step("find", {"HOTCOLD_VERSION": version, **path})
    if told != {"program": str(folder / "hotcold"), "build": "false"}:
        yield f"action.yml: the hotcold on PATH was not taken: {told} {done.stderr}"
    done, told = runner.step("find", {"HOTCOLD_VERSION": "0.0.0-none", **path})
    if done.returncode != 2 or "0.0.0-none" not in done.stderr or told:
        yield f"action.yml: a version that does not exist was found: {told} {done.stderr}"
    done, told = runner.step("find", {"HOTCOLD_VERSION": ""})
    again = runner.step("find", {"HOTCOLD_VERSION": ""})[1]
    if told.get("build") != "true" or told != again or not told["program"].startswith(told["root"]):
        yield f"action.yml: what is to be built differs from run to run: {told} {again} {done.stderr}"
    shutil.rmtree(folder)


# What a program prints, with its exit code, and the outputs.
ENDS: list[tuple[str, int, dict[str, str]]] = [
    (
        "::set-output name=url::x\ncreated: https://forge/a/b/pull/1",
        0,
        {"outcome": "created", "url": "https://forge/a/b/pull/1"},
    ),
    ("unchanged: http://forge/1", 0, {"outcome": "unchanged", "url": "http://forge/1"}),
    ("blocked: https://forge/1 has the label `hotcold:stop`", 0, {"outcome": "blocked", "url": "https://forge/1"}),
    ("blocked: `a: b` holds a commit that is not hotcold's", 0, {"outcome": "blocked", "url": ""}),
    ("none", 0, {"outcome": "none", "url": ""}),
    ("surprised: https://forge/1", 0, {}),
    ("", 0, {}),
    ("created: https://forge/1", 2, {}),
]


def ends_are_told(runner: Runner) -> Iterator[str]:
    """The last script with a program that says what it was given, and ends in each way."""
    program = runner.folder / "program"
    for printed, code, expected in ENDS:
        program.write_text(
            f"#!{sys.executable}\nimport json, os, sys\n"
            f"names = ['GITHUB_REPOSITORY', 'HOTCOLD_TOKEN']\n"
            f"print(json.dumps([sys.argv[1:], [os.environ.get(name) for name in names]]))\n"
            f"print({printed!r})\nsys.exit({code})\n"
        )
        program.chmod(0o755)
        given = {"PROGRAM": str(program), "DRY_RUN": "false", "BASE": "a b", "TOKEN": "secret", "PATHS": "x\n-y"}
        done, told = runner.bot(given)
        lines = done.stdout.splitlines()
        seen = '[["bot", "--base=a b", "--", "x", "-y"], [null, "secret"]]'
        silenced = lines[0].startswith("::stop-commands::") and f"::{lines[0].rpartition('::')[2]}::" in lines
        if told != expected or (done.returncode == 0) != bool(expected) or lines[1] != seen or not silenced:
            yield f"action.yml: {printed!r} with {code} became {told} and {done.returncode}\n{done.stdout}{done.stderr}"
    program.unlink()


def git(*arguments: str) -> str:
    return output_of(["git", *arguments])


def output_of(command: list[str]) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    sys.exit(main())
