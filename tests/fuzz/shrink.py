"""Makes a failing program smaller: parts of its text are taken out as long as it fails in the same way."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import replace

from tests.fuzz.programs import Generated


def shrink(program: Generated, fails: Callable[[Generated], bool]) -> Generated:
    """Return a program from which nothing can be taken out without `fails` turning false."""
    before = ""
    while before != program.text:
        before = program.text
        for kind in (ast.stmt, ast.expr):
            program = passed(program, fails, kind)
    return program


def passed(program: Generated, fails: Callable[[Generated], bool], kind: type[ast.AST]) -> Generated:
    """Try every node of a kind once, the outer ones first; a success goes on from the same place."""
    k = 0
    while k < len(nodes(program.text, kind)):
        for way in range(6):
            text = changed(program.text, kind, k, way)
            if text is not None and len(text) < len(program.text) and fails(replace(program, text=text)):
                program = replace(program, text=text)
                break
        else:
            k += 1
    return program


def nodes(text: str, kind: type[ast.AST]) -> list[ast.AST]:
    """Return the nodes of a kind."""
    return [node for node in ast.walk(ast.parse(text)) if isinstance(node, kind)]


def changed(text: str, kind: type[ast.AST], k: int, way: int) -> str | None:
    """Return the text with one node changed in one of several ways, or None where there is nothing to do."""
    tree = ast.parse(text)
    node = [node for node in ast.walk(tree) if isinstance(node, kind)][k]
    return ast.unparse(tree) + "\n" if change(tree, node, way) else None


def change(tree: ast.AST, node: ast.AST, way: int) -> bool:
    """Change a node in one of several ways; return whether there was something to do."""
    for parent in ast.walk(tree):
        for name, value in ast.iter_fields(parent):
            if isinstance(value, list) and node in value and isinstance(node, ast.stmt):
                return change_statement(value, value.index(node), node, way)
            if value is node and isinstance(node, ast.expr):
                return change_expression(parent, name, node, way)
            if (
                isinstance(value, list)
                and node in value
                and isinstance(node, ast.expr)
                and isinstance(parent, ast.Call)
            ):
                box = ast.Expr(node)
                done = change_expression(box, "value", node, way)
                value[value.index(node)] = box.value
                return done
    return False


def change_statement(block: list[ast.stmt], place: int, node: ast.stmt, way: int) -> bool:
    """Take a statement out, or put its body in its place."""
    if isinstance(node, ast.FunctionDef | ast.Import):
        return False
    if way == 0:
        block[place : place + 1] = [] if len(block) > 1 else [ast.Pass()]
        return not isinstance(node, ast.Pass)
    part = getattr(node, {1: "body", 2: "orelse"}.get(way, ""), None)
    if part:
        block[place : place + 1] = part
    return bool(part)


def change_expression(parent: ast.AST, name: str, node: ast.expr, way: int) -> bool:
    """Put a constant or a part of an expression in its place."""
    if isinstance(node, ast.Constant | ast.Name | ast.Slice) or isinstance(getattr(node, "ctx", None), ast.Store):
        return False
    parts: list[ast.expr] = [ast.Constant(0.5)]
    parts += [child for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)]
    if isinstance(node, ast.Call):
        parts = [parts[0], *node.args]
    if way >= len(parts):
        return False
    setattr(parent, name, parts[way])
    return True
