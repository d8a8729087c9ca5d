"""`match` as `if` and `else`, which ask for what is known when the program is compiled: kinds, lengths, keys."""

from __future__ import annotations

import ast
import builtins
import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Union

# no name of a user's program has this sign
_SUBJECT = "%match"

# what is tested, or the items of a tuple that is written out
Subject = Union[ast.expr, "tuple[Subject, ...]"]

# a pattern as `int(n)` has what it stands for itself as its one part
_WHOLE = frozenset({"bool", "bytes", "dict", "float", "frozenset", "int", "list", "set", "str", "tuple"})
# `case` with a guard and names: the cases below it stand twice
_GUARDS = 4


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

    A `match` with another pattern stays as it is, and is refused at its place.

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
    guards = 0
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
        elif guards < _GUARDS:
            # the names are bound also where the guard says no
            guards += 1
            again = copy.deepcopy(rest)
            body = [*lines, ast.copy_location(ast.If(case.guard, case.body, again), case.guard)]
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
        case ast.MatchSequence(patterns) if isinstance(subject, ast.expr):
            return _sequence(patterns, subject, pattern)
        case ast.MatchMapping(keys, patterns, None):
            return _mapping(keys, patterns, subject, pattern)
        case ast.MatchClass():
            return _class(pattern, subject)
    raise _Unknown


def _read(subject: Subject, place: ast.AST) -> ast.expr:
    if isinstance(subject, tuple):
        return ast.copy_location(ast.Tuple([_read(item, place) for item in subject], ast.Load()), place)
    read = copy.deepcopy(subject)
    for node in ast.walk(read):
        ast.copy_location(node, place)
    return read


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
    return _all([_pattern(pattern, item) for pattern, item in zip(patterns, subject, strict=True)])


def _all(found: Sequence[_Pattern], *tests: ast.expr) -> _Pattern:
    """All of the patterns, after the tests."""
    return _Pattern(
        (*tests, *(test for f in found for test in f.tests)), tuple(bind for f in found for bind in f.binds)
    )


def _made(text: str, place: ast.AST, **parts: ast.expr) -> ast.expr:
    """An expression at the place of a pattern, with other expressions in the place of names; the others are builtins.

    These stand as what they are, as a program may give their names to something else.
    """

    class Filled(ast.NodeTransformer):
        def visit_Name(self, node: ast.Name) -> ast.expr:
            return parts.get(node.id) or ast.copy_location(ast.Constant(getattr(builtins, node.id)), place)

    made = ast.parse(text, mode="eval").body
    for node in ast.walk(made):
        ast.copy_location(node, place)
    found = Filled().visit(made)
    assert isinstance(found, ast.expr)
    return found


def _sequence(patterns: Sequence[ast.pattern], subject: ast.expr, place: ast.AST) -> _Pattern:
    """`case [a, *rest, b]` of a tuple, a list or a range; arrays and texts are no sequences to `match`."""
    star = next((k for k, pattern in enumerate(patterns) if isinstance(pattern, ast.MatchStar)), None)
    plain = len(patterns) if star is None else len(patterns) - 1
    tests = [
        _made("isinstance(it, (tuple, list, range))", place, it=_read(subject, place)),
        _made(f"len(it) {'==' if star is None else '>='} {plain}", place, it=_read(subject, place)),
    ]
    found: list[_Pattern] = []
    for k, pattern in enumerate(patterns):
        behind = len(patterns) - 1 - k
        if not isinstance(pattern, ast.MatchStar):
            at = k if star is None or k < star else -1 - behind
            found.append(_pattern(pattern, _made(f"it[{at}]", place, it=_read(subject, place))))
        elif pattern.name is not None:
            rest = _made(f"list(it[{k}:{-behind or ''}])", place, it=_read(subject, place))
            found.append(_Pattern((), ((pattern.name, rest),)))
    return _all(found, *tests)


def _mapping(keys: Sequence[ast.expr], patterns: Sequence[ast.pattern], subject: Subject, place: ast.AST) -> _Pattern:
    """`case {"kind": "norm", "order": p}`."""
    tests = [_made("isinstance(it, dict)", place, it=_read(subject, place))]
    tests += [_made("key in it", place, key=key, it=_read(subject, place)) for key in keys]
    items = [_made("it[key]", place, key=copy.deepcopy(key), it=_read(subject, place)) for key in keys]
    return _all([_pattern(pattern, item) for pattern, item in zip(patterns, items, strict=True)], *tests)


def _class(pattern: ast.MatchClass, subject: Subject) -> _Pattern:
    """`case int(n)` and `case Point(x=0.0, y=y)`, or `Point(0.0, y)` by the order that the class gives."""
    read = _read(subject, pattern)
    test = _made("isinstance(it, cls)", pattern, it=read, cls=pattern.cls)
    if isinstance(pattern.cls, ast.Name) and pattern.cls.id in _WHOLE:
        if len(pattern.patterns) > 1 or pattern.kwd_attrs:
            raise _Unknown
        return _all([_pattern(part, read) for part in pattern.patterns], test)
    parts = [
        _made(f"getattr(it, cls.__match_args__[{k}])", pattern, it=_read(subject, pattern), cls=pattern.cls)
        for k in range(len(pattern.patterns))
    ]
    parts += [_made(f"it.{name}", pattern, it=_read(subject, pattern)) for name in pattern.kwd_attrs]
    found = [_pattern(p, part) for p, part in zip([*pattern.patterns, *pattern.kwd_patterns], parts, strict=True)]
    return _all(found, test)
