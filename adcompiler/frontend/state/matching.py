"""`match` as `if` and `else`: constants, alternatives, names, guards, and tuples written out."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Union

# no name of a user's program has this sign
_SUBJECT = "%match"

# the name of what is tested, or those of the items of a tuple
Subject = Union[ast.Name, "tuple[Subject, ...]"]


@dataclass(frozen=True, slots=True)
class _Pattern:
    """What a pattern asks of its subject, all of which must hold, and what it then binds."""

    tests: tuple[ast.expr, ...] = ()
    binds: tuple[tuple[str, ast.expr], ...] = ()


class _Unknown(Exception):
    """A pattern that asks what is known only when the program runs."""


def has_match(body: Sequence[ast.stmt]) -> bool:
    """Whether statements contain a `match`."""
    return any(isinstance(node, ast.Match) for stmt in body for node in ast.walk(stmt))


class MatchAsIf(ast.NodeTransformer):
    """Writes each `match` whose cases can be tested one after the other with `if`.

    A sequence pattern is tested only against a tuple that stands behind `match`, since what else is a sequence is
    known when the program runs. A `match` with another pattern stays as it is, and is refused at its place.

    >>> tree = ast.parse("match k:\\n case 0 | 1: y = x\\n case n if n > 5: y = n\\n case _: y = 0")
    >>> print(ast.unparse(MatchAsIf().visit(tree)).replace("%match1", "subject"))
    subject = k
    if subject == 0 or subject == 1:
        y = x
    else:
        n = subject
        if n > 5:
            y = n
        else:
            y = 0
    """

    def __init__(self) -> None:
        self.count = 0

    def visit_Match(self, node: ast.Match) -> ast.AST | list[ast.stmt]:
        """One statement as several."""
        self.generic_visit(node)
        self.count += 1
        lines: list[ast.stmt] = []
        subject = _bound(node.subject, f"{_SUBJECT}{self.count}", lines)
        try:
            return [*lines, *_chain(node.cases, subject)]
        except _Unknown:
            return node


def _bound(value: ast.expr, name: str, lines: list[ast.stmt]) -> Subject:
    """Give the subject, or each item of a tuple that is written out, a name."""
    if isinstance(value, ast.Tuple) and not any(isinstance(item, ast.Starred) for item in value.elts):
        return tuple(_bound(item, f"{name}_{k}", lines) for k, item in enumerate(value.elts))
    lines.append(_assign(name, value, value))
    return ast.copy_location(ast.Name(name, ast.Load()), value)


def _assign(name: str, value: ast.expr, place: ast.AST) -> ast.stmt:
    target = ast.copy_location(ast.Name(name, ast.Store()), place)
    return ast.copy_location(ast.Assign([target], value), place)


def _chain(cases: Sequence[ast.match_case], subject: Subject) -> list[ast.stmt]:
    """The cases from `case` number 0 on: each stands in the `else` of the one before."""
    rest: list[ast.stmt] = []
    for case in reversed(cases):
        found = _pattern(case.pattern, subject)
        lines = [_assign(name, value, case.pattern) for name, value in found.binds]
        tests = found.tests
        if case.guard is None:
            body = [*lines, *case.body]
        elif not tests:
            body = [*lines, ast.copy_location(ast.If(case.guard, case.body, rest), case.guard)]
        elif not lines:
            tests, body = (*tests, case.guard), case.body
        else:
            raise _Unknown
        rest = [_if(tests, body, rest, case.pattern)] if tests else body
    return rest


def _if(tests: Sequence[ast.expr], body: list[ast.stmt], orelse: list[ast.stmt], place: ast.AST) -> ast.stmt:
    return ast.copy_location(ast.If(_joined(ast.And(), tests, place), body, orelse), place)


def _joined(operator: ast.boolop, tests: Sequence[ast.expr], place: ast.AST) -> ast.expr:
    return tests[0] if len(tests) == 1 else ast.copy_location(ast.BoolOp(operator, list(tests)), place)


def _pattern(pattern: ast.pattern, subject: Subject) -> _Pattern:
    match pattern:
        case ast.MatchValue(value):
            return _Pattern((_compared(subject, ast.Eq(), value, pattern),))
        case ast.MatchSingleton(value):
            constant = ast.copy_location(ast.Constant(value), pattern)
            return _Pattern((_compared(subject, ast.Is(), constant, pattern),))
        case ast.MatchAs(inner, name):
            found = _Pattern() if inner is None else _pattern(inner, subject)
            return found if name is None else _Pattern(found.tests, (*found.binds, (name, _read(subject, pattern))))
        case ast.MatchOr(patterns):
            return _alternatives([_pattern(p, subject) for p in patterns], pattern)
        case ast.MatchSequence(patterns) if isinstance(subject, tuple):
            return _items(patterns, subject, pattern)
    raise _Unknown


def _read(subject: Subject, place: ast.AST) -> ast.expr:
    if isinstance(subject, tuple):
        return ast.copy_location(ast.Tuple([_read(item, place) for item in subject], ast.Load()), place)
    return ast.copy_location(ast.Name(subject.id, ast.Load()), place)


def _compared(subject: Subject, operator: ast.cmpop, value: ast.expr, place: ast.AST) -> ast.expr:
    return ast.copy_location(ast.Compare(_read(subject, place), [operator], [value]), place)


def _alternatives(found: Sequence[_Pattern], place: ast.AST) -> _Pattern:
    if any(each.binds for each in found):
        raise _Unknown
    if not all(each.tests for each in found):
        return _Pattern()
    tests = [_joined(ast.And(), each.tests, place) for each in found]
    return _Pattern((_joined(ast.Or(), tests, place),))


def _items(patterns: Sequence[ast.pattern], subject: tuple[Subject, ...], place: ast.AST) -> _Pattern:
    if any(isinstance(pattern, ast.MatchStar) for pattern in patterns):
        raise _Unknown
    if len(patterns) != len(subject):
        return _Pattern((ast.copy_location(ast.Constant(False), place),))
    found = [_pattern(pattern, item) for pattern, item in zip(patterns, subject, strict=True)]
    return _Pattern(tuple(test for f in found for test in f.tests), tuple(bind for f in found for bind in f.binds))
