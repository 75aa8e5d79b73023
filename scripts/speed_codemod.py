#!/usr/bin/env python3
"""Owns: what hotcold does, as one would write it with LibCST: module-level imports go into the functions that use them.

    speed_codemod.py --modules FILE FOLDER

FILE has one module to a line. Every Python file below FOLDER is rewritten in place, in one process. The codemod is correct
in the simple way: an import moves when its name is bound once in the file, and every use stands in the body of a function;
it looks at no other file, and proves nothing. Prints how many files it saw and changed, and how many imports moved.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Optional, TypeVar, Union

import libcst as cst
from libcst.codemod import CodemodContext, TransformSuccess, VisitorBasedCodemodCommand, transform_module
from libcst.metadata import Assignment, GlobalScope, ParentNodeProvider, ScopeProvider

Import = Union[cst.Import, cst.ImportFrom]
ImportT = TypeVar("ImportT", cst.Import, cst.ImportFrom)


class SinkImports(VisitorBasedCodemodCommand):
    """Moves imports of the configured modules into the outermost functions that use them."""

    DESCRIPTION = "Moves module-level imports into the functions that use them."
    METADATA_DEPENDENCIES = (ScopeProvider, ParentNodeProvider)

    def __init__(self, context: CodemodContext, modules: frozenset[str]) -> None:
        super().__init__(context)
        self.modules = modules
        self.moved = 0
        self.leaving: dict[cst.CSTNode, set[cst.CSTNode]] = {}
        self.arriving: dict[cst.CSTNode, list[Import]] = {}

    def visit_Module(self, node: cst.Module) -> None:
        scope = self.get_metadata(ScopeProvider, node)
        if not isinstance(scope, GlobalScope):
            return
        for line in node.body:
            if isinstance(line, cst.SimpleStatementLine):
                for statement in line.body:
                    if isinstance(statement, cst.Import) or isinstance(statement, cst.ImportFrom):
                        self.plan(scope, statement)

    def plan(self, scope: GlobalScope, statement: Import) -> None:
        """Plans the aliases of one import that can move."""
        if isinstance(statement.names, cst.ImportStar):
            return
        for alias in statement.names:
            receivers = self.receivers(scope, statement, alias) if self.is_configured(statement, alias) else None
            if receivers:
                self.leaving.setdefault(statement, set()).add(alias)
                moved = statement.with_changes(names=[alias.with_changes(comma=cst.MaybeSentinel.DEFAULT)])
                if isinstance(moved, cst.ImportFrom):
                    moved = moved.with_changes(lpar=None, rpar=None)
                for function in receivers:
                    self.arriving.setdefault(function, []).append(moved)
                self.moved += 1

    def is_configured(self, statement: Import, alias: cst.ImportAlias) -> bool:
        if isinstance(statement, cst.Import):
            return root(alias.name) in self.modules
        return not statement.relative and statement.module is not None and root(statement.module) in self.modules

    def receivers(
        self, scope: GlobalScope, statement: Import, alias: cst.ImportAlias
    ) -> Optional[list[cst.CSTNode]]:
        """The functions that the import goes to, in their order, or nothing when it has to stay."""
        name = alias.evaluated_alias or alias.evaluated_name.split(".")[0]
        assignments = list(scope[name])
        only = assignments[0] if len(assignments) == 1 else None
        if not isinstance(only, Assignment) or only.node is not statement or name in self.exported(scope):
            return None
        receivers: dict[cst.CSTNode, None] = {}
        for access in only.references:
            function = self.outermost_function(access.node)
            if function is None:
                return None
            receivers[function] = None
        return list(receivers)

    def exported(self, scope: GlobalScope) -> set[str]:
        """The names in an `__all__` that is a list or a tuple of strings."""
        names: set[str] = set()
        for assignment in scope["__all__"]:
            target = self.get_metadata(ParentNodeProvider, assignment.node, None) if isinstance(assignment, Assignment) else None
            statement = self.get_metadata(ParentNodeProvider, target, None) if target else None
            value = statement.value if isinstance(statement, cst.Assign) else None
            for element in value.elements if isinstance(value, (cst.List, cst.Tuple)) else []:
                if isinstance(element.value, cst.SimpleString):
                    names.add(str(element.value.evaluated_value))
        return names

    def outermost_function(self, node: cst.CSTNode) -> Optional[cst.CSTNode]:
        """The function around `node` whose body runs last: decorators, defaults and annotations run with the module."""
        found: Optional[cst.CSTNode] = None
        child: cst.CSTNode = node
        parent = self.get_metadata(ParentNodeProvider, child, None)
        while parent is not None:
            if isinstance(parent, cst.FunctionDef) and child is parent.body:
                found = parent
            elif isinstance(parent, cst.ClassDef):
                found = found if child is parent.body else None
            elif isinstance(parent, cst.FunctionDef):
                found = None
            child, parent = parent, self.get_metadata(ParentNodeProvider, parent, None)
        return found

    def leave_Import(self, original: cst.Import, updated: cst.Import) -> Union[cst.Import, cst.RemovalSentinel]:
        return self.without_moved(original, updated)

    def leave_ImportFrom(
        self, original: cst.ImportFrom, updated: cst.ImportFrom
    ) -> Union[cst.ImportFrom, cst.RemovalSentinel]:
        return self.without_moved(original, updated)

    def without_moved(self, original: ImportT, updated: ImportT) -> Union[ImportT, cst.RemovalSentinel]:
        leaving = self.leaving.get(original)
        if not leaving or isinstance(original.names, cst.ImportStar) or isinstance(updated.names, cst.ImportStar):
            return updated
        kept: list[cst.ImportAlias] = [new for old, new in zip(original.names, updated.names) if old not in leaving]
        if not kept:
            return cst.RemoveFromParent()
        return updated.with_changes(names=[*kept[:-1], kept[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)])

    def leave_FunctionDef(self, original: cst.FunctionDef, updated: cst.FunctionDef) -> cst.FunctionDef:
        imports = self.arriving.get(original, [])
        if not imports:
            return updated
        lines = [cst.SimpleStatementLine([statement]) for statement in imports]
        block = updated.body
        if isinstance(block, cst.SimpleStatementSuite):
            return updated.with_changes(body=cst.IndentedBlock([*lines, cst.SimpleStatementLine(block.body)]))
        at = 1 if original.get_docstring() is not None else 0
        return updated.with_changes(body=block.with_changes(body=[*block.body[:at], *lines, *block.body[at:]]))


def root(name: cst.CSTNode) -> str:
    """`a` of the dotted name `a.b.c`."""
    while isinstance(name, cst.Attribute):
        name = name.value
    return name.value if isinstance(name, cst.Name) else ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--modules", type=Path, required=True, help="one module to a line")
    options = parser.parse_args()
    modules = frozenset(options.modules.read_text("utf-8").split())
    seen = changed = moved = failed = 0
    for file in sorted(path for path in options.folder.rglob("*.py") if path.is_file()):
        seen += 1
        code = file.read_bytes().decode("utf-8", "surrogateescape")
        context = CodemodContext(filename=str(file))
        command = SinkImports(context, modules)
        result = transform_module(command, code)
        if isinstance(result, TransformSuccess):
            if command.moved:
                file.write_bytes(result.code.encode("utf-8", "surrogateescape"))
                changed += 1
                moved += command.moved
        else:
            failed += 1
            print(f"{file}: {getattr(result, 'error', result)}", file=sys.stderr)
    print(f"{seen} files, {changed} changed, {moved} imports moved, {failed} failed")
    return 1 if failed * 10 > seen else 0


if __name__ == "__main__":
    sys.exit(main())
