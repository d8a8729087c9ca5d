"""Tests on integers as linear constraints: what a truth value says, exactly or in part."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from adcompiler.analysis.affine import Affine
from adcompiler.analysis.constraints import Form, feasible
from adcompiler.ir.wengert import Assign, Atom, Const

# forms that are all non-negative
Conj: TypeAlias = "frozenset[Form]"

# a test that needs more cases than this is not taken apart
CASES = 8

_NEGATED = {"lt": "ge", "ge": "lt", "le": "gt", "gt": "le", "eq": "ne", "ne": "eq"}


@dataclass(slots=True)
class Conditions:
    """Takes tests apart."""

    affine: Affine

    def exactly(self, test: Atom, truth: bool = True) -> list[Conj] | None:
        """The cases of which one holds just when `test` is `truth`; None where it is not linear."""
        if isinstance(test, Const):
            return [frozenset()] if bool(test.value) == truth else []
        line = self.line(test)
        if line is None:
            return None
        if line.op == "logical_not":
            return self.exactly(line.args[0], not truth)
        if line.op in ("logical_or", "logical_and"):
            a, b = (self.exactly(arg, truth) for arg in line.args)
            if a is None or b is None:
                return None
            found = a + b if (line.op == "logical_or") == truth else [x | y for x in a for y in b]
            return found if len(found) <= CASES else None
        return self.comparison(line, truth)

    def implied(self, test: Atom, truth: bool = True) -> Iterator[Form]:
        """Forms that are not negative where `test` is `truth`; not all that follows from it."""
        line = self.line(test)
        if line is None:
            return
        if line.op == "logical_not":
            yield from self.implied(line.args[0], not truth)
        elif line.op == ("logical_and" if truth else "logical_or"):
            for arg in line.args:
                yield from self.implied(arg, truth)
        else:
            cases = self.exactly(test, truth)
            if cases is not None and len(cases) == 1:
                yield from cases[0]

    def known(self, test: Atom, truth: bool, before: Sequence[Form]) -> list[Form]:
        """Forms that are not negative where `test` is `truth` and those of `before` are not.

        Where `i >= 0` is known, `i != 0` says that `i > 0`.
        """
        line = self.line(test)
        if line is not None and line.op == "logical_not":
            return self.known(line.args[0], not truth, before)
        if line is not None and line.op == ("logical_and" if truth else "logical_or"):
            first = self.known(line.args[0], truth, before)
            return [*first, *self.known(line.args[1], truth, [*before, *first])]
        cases = self.exactly(test, truth) or []
        left = [case for case in cases if len(cases) == 1 or feasible([*before, *case])]
        return [*left[0]] if len(left) == 1 else []

    def line(self, test: Atom) -> Assign | None:
        """The line that computes a test."""
        d = None if isinstance(test, Const) else self.affine.defs.get(test)
        return d.stmt if d is not None and d.role == "line" and isinstance(d.stmt, Assign) else None

    def comparison(self, line: Assign, truth: bool) -> list[Conj] | None:
        """The cases of a comparison of two integers."""
        fn = self.affine.fn
        if line.op not in _NEGATED or any(fn.type(a).dtype != "int64" or fn.type(a).rank for a in line.args):
            return None
        more = self.affine.form(line.args[0]) - self.affine.form(line.args[1])
        less = more.times(-1)
        match line.op if truth else _NEGATED[line.op]:
            case "lt":
                return [frozenset({less.shift(-1)})]
            case "le":
                return [frozenset({less})]
            case "gt":
                return [frozenset({more.shift(-1)})]
            case "ge":
                return [frozenset({more})]
            case "eq":
                return [frozenset({more, less})]
            case _:
                return [frozenset({more.shift(-1)}), frozenset({less.shift(-1)})]


def negated(form: Form) -> Form:
    """The form that is not negative just when `form` is negative."""
    return form.times(-1).shift(-1)


def symbols(forms: Iterable[Form]) -> dict[Hashable, None]:
    """The symbols of several forms, in an order that does not change from run to run."""
    return {s: None for form in sorted(forms, key=str) for s, _ in form.terms}


__all__ = ["CASES", "Conditions", "Conj", "negated", "symbols"]
