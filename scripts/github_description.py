#!/usr/bin/env python3
"""Owns: the part of GitHub's OpenAPI description that the tests of the bot check requests against.

GitHub's own description (13 MB, MIT) comes from npm; a few operations are cut out of it with every schema that they
reach, without prose and examples, and OpenAPI 3.0's `nullable` becomes JSON Schema. The result is committed, so that
the tests need neither npm nor a network.

    github_description.py            write tests/it/bot/github.json and github.LICENSE
    github_description.py --check    write nothing, exit 1 if they would change
    github_description.py --from F   take the description from a file instead of npm (the licence stays as it is)
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

PACKAGE = "@octokit/openapi@23.0.2"
DESCRIPTION = "package/generated/api.github.com.json"
FOLDER = Path(__file__).resolve().parent.parent / "tests/it/bot"

OPERATIONS = frozenset(
    """
    apps/get-authenticated users/get-authenticated rate-limit/get
    repos/get repos/get-branch repos/get-commit repos/compare-commits-with-basehead
    pulls/list pulls/create pulls/get pulls/update pulls/list-commits pulls/list-files
    issues/get issues/list-comments issues/create-comment issues/update-comment issues/delete-comment
    issues/list-labels-on-issue issues/add-labels issues/remove-label
    git/get-ref git/list-matching-refs git/create-ref git/update-ref git/delete-ref
    """.split()
)

# What a schema says to people only; below `properties` these are names of fields and stay.
PROSE = frozenset(["description", "summary", "title", "example", "examples", "externalDocs", "tags", "deprecated"])
METHODS = ("get", "put", "post", "delete", "patch")


def from_npm() -> tuple[Any, str]:
    """The whole description and the text of its licence."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["npm", "pack", "--silent", "--pack-destination", folder, PACKAGE]
        archive = subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE).stdout.split()[-1]
        with tarfile.open(Path(folder) / archive) as files:
            return json.loads(member(files, DESCRIPTION)), member(files, "package/LICENSE").decode()


def member(files: tarfile.TarFile, name: str) -> bytes:
    """The bytes of a file in the archive."""
    stream = files.extractfile(name)
    if stream is None:
        sys.exit(f"{PACKAGE} has no file {name}")
    return stream.read()


def cut(whole: Any) -> Any:
    """The operations of `OPERATIONS` with the components they reach."""
    paths: dict[str, Any] = {}
    for path, methods in whole["paths"].items():
        chosen = {m: methods[m] for m in METHODS if m in methods and methods[m]["operationId"] in OPERATIONS}
        if chosen:
            paths[path] = {method: operation(value) for method, value in chosen.items()}
    missing = OPERATIONS - {value["operationId"] for methods in paths.values() for value in methods.values()}
    if missing:
        sys.exit(f"the description has no operation {', '.join(sorted(missing))}")

    components: dict[str, dict[str, Any]] = {}
    waiting = references(paths)
    while waiting:
        _, _, kind, name = waiting.pop().split("/")
        if name not in components.setdefault(kind, {}):
            found = whole["components"][kind][name]
            components[kind][name] = response(found) if kind == "responses" else schema(found)
            waiting += references(components[kind][name])
    info = {"title": whole["info"]["title"], "version": whole["info"]["version"], "license": whole["info"]["license"]}
    return {"openapi": whole["openapi"], "info": info, "paths": paths, "components": components}


def operation(value: Any) -> Any:
    """An operation without prose: its parameters, its body, its answers."""
    kept: dict[str, Any] = {"operationId": value["operationId"], "parameters": schema(value.get("parameters", []))}
    if "requestBody" in value:
        kept["requestBody"] = {**schema({**value["requestBody"], "content": {}}), **content(value["requestBody"])}
    kept["responses"] = {status: response(answer) for status, answer in value["responses"].items()}
    return kept


def response(value: Any) -> Any:
    """An answer: the schema of its JSON, and nothing of its headers."""
    return value if "$ref" in value else content(value)


def content(value: Any) -> Any:
    """The JSON in a body or an answer; other media types of it are not asked for."""
    media = value.get("content", {}).get("application/json")
    return {"content": {"application/json": {"schema": schema(media["schema"])}}} if media else {}


def schema(value: Any) -> Any:
    """A schema, or what holds schemas, without prose, as JSON Schema."""
    if isinstance(value, list):
        return [schema(item) for item in value]
    if not isinstance(value, dict):
        return value
    kept: dict[str, Any] = {}
    for key, inner in value.items():
        if key == "properties":
            kept[key] = {name: schema(field) for name, field in inner.items()}
        elif key in ("enum", "default", "required", "const"):
            kept[key] = inner
        elif key not in PROSE and key != "nullable" and not key.startswith("x-"):
            kept[key] = schema(inner)
    return or_null(kept) if value.get("nullable") is True else kept


def or_null(value: dict[str, Any]) -> dict[str, Any]:
    """The schema, with null allowed as well."""
    if any(key in value for key in ("$ref", "allOf", "anyOf", "oneOf")):
        return {"anyOf": [{"type": "null"}, value]}
    if "type" in value:
        value["type"] = [value["type"], "null"]
    if "enum" in value and None not in value["enum"]:
        value["enum"] = [*value["enum"], None]
    return value


def references(value: Any) -> list[str]:
    """Each `$ref` inside a value."""
    if isinstance(value, list):
        return [found for item in value for found in references(item)]
    if not isinstance(value, dict):
        return []
    own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
    return own + [found for inner in value.values() for found in references(inner)]


def written(part: Any) -> str:
    """JSON with sorted keys, a line for each path and each component, so that a change of it can be read."""

    def line(value: Any) -> str:
        return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    def lines(table: dict[str, Any]) -> str:
        return "{\n" + ",\n".join(f"{line(name)}:{line(table[name])}" for name in sorted(table)) + "\n}"

    kinds = ",\n".join(f"{line(kind)}:{lines(part['components'][kind])}" for kind in sorted(part["components"]))
    head = f'"openapi":{line(part["openapi"])},\n"info":{line(part["info"])}'
    return f'{{\n{head},\n"paths":{lines(part["paths"])},\n"components":{{\n{kinds}\n}}\n}}\n'


def notice(licence: str) -> str:
    """The licence, with a line about what it is the licence of."""
    return f"github.json is a part of {DESCRIPTION.removeprefix('package/')} of the npm package {PACKAGE}.\n\n{licence}"


def main() -> str | None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="exit 1 if a file would change")
    parser.add_argument("--from", dest="source", type=Path, metavar="F", help="the whole description as a file")
    options = parser.parse_args()
    if options.source:
        files = {"github.json": written(cut(json.loads(options.source.read_text("utf-8"))))}
    else:
        whole, licence = from_npm()
        files = {"github.json": written(cut(whole)), "github.LICENSE": notice(licence)}
    changed = []
    for name, text in files.items():
        path = FOLDER / name
        if not path.is_file() or path.read_text("utf-8") != text:
            changed.append(name)
            if not options.check:
                path.write_text(text, "utf-8")
    for name in changed:
        print(f"{'would change' if options.check else 'wrote'} {FOLDER / name}")
    return "github.json is not what the script makes" if options.check and changed else None


if __name__ == "__main__":
    sys.exit(main())
