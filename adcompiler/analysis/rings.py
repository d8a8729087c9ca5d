"""Indices that a test sends around a ring, `i + 1 if i + 1 < n else 0`, as remainders."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from adcompiler.analysis.conditions import Conj
from adcompiler.analysis.constraints import Form
from adcompiler.analysis.scope import Path
from adcompiler.analysis.surroundings import Surroundings
from adcompiler.ir.walk import walk
from adcompiler.ir.wengert import Assign, Atom, Block, Branch, Func, Out, Stmt, Var

# so many lines lead from a choice to the divisor
_STEPS = 3


@dataclass(frozen=True, slots=True)
class Ring:
    """What a choice gives is the remainder of `number`, which `lines` compute, by `divisor`."""

    lines: Block
    number: Atom
    divisor: Var


@dataclass(slots=True)
class Rings(Surroundings):
    """Finds the choices in loops that are remainders, by the names of their results."""

    found: dict[Var, Ring] = field(default_factory=dict)

    def statement(self, stmt: Stmt, path: Path) -> None:
        """Look at the choices of one integer in loops."""
        Surroundings.statement(self, stmt, path)
        if is_choice(self.fn, stmt) and any(f.is_loop for f in self.frames):
            assert isinstance(stmt, Branch)
            ring = self.ring(stmt, stmt.outs[0])
            if ring is not None:
                self.found[stmt.outs[0].var] = ring

    def ring(self, branch: Branch, out: Out) -> Ring | None:
        """The remainder that a choice is."""
        cases = [self.known.conditions.exactly(branch.test, truth) for truth in (True, False)]
        then, other = cases
        if then is None or other is None:
            return None
        for divisor in self.divisors(branch, out):
            by = self.known.affine.form(divisor)
            for lines, number, near, turned, far in (
                (branch.then, out.then, then, out.other, other),
                (branch.other, out.other, other, out.then, then),
            ):
                ends = self.known.affine.form(number), self.known.affine.form(turned)
                if self.stays(near, ends[0], by) and self.turns(far, *ends, by):
                    return Ring(lines, number, divisor)
        return None

    def stays(self, cases: list[Conj], number: Form, divisor: Form) -> bool:
        """Whether a number is its own remainder."""
        return all(self.known.implies(case, frozenset({number, divisor.shift(-1) - number})) for case in cases)

    def turns(self, cases: list[Conj], number: Form, remainder: Form, divisor: Form) -> bool:
        """Whether a remainder is a number and the divisor, or less the divisor."""

        def same(case: Conj) -> bool:
            gaps = (remainder - number.plus(divisor, sign) for sign in (1, -1))
            return any(self.known.implies(case, frozenset({gap, gap.times(-1)})) for gap in gaps)

        return self.stays(cases, remainder, divisor) and all(same(case) for case in cases)

    def divisors(self, branch: Branch, out: Out) -> Iterator[Var]:
        """Integers from which the test and the results are computed, and which the branch does not compute."""
        agenda: list[Atom] = [branch.test, out.then, out.other]
        inside = {s.target for s in walk((branch,)) if isinstance(s, Assign)}
        seen = set[Atom]()
        for _ in range(_STEPS):
            agenda = [a for v in agenda for a in self.parts(v) if isinstance(a, Var) and a not in seen]
            seen |= set(agenda)
            for v in dict.fromkeys(agenda):
                if isinstance(v, Var) and v not in inside and self.known.integers((v,)):
                    yield v

    def parts(self, atom: Atom) -> tuple[Atom, ...]:
        """What a name is computed from."""
        d = self.known.affine.defs.get(atom) if isinstance(atom, Var) else None
        return d.stmt.args if d is not None and d.role == "line" and isinstance(d.stmt, Assign) else ()


def is_choice(fn: Func, stmt: Stmt) -> bool:
    """Whether a statement only chooses between two integers, which take no more than sums."""
    if not isinstance(stmt, Branch) or len(stmt.outs) != 1:
        return False
    type = fn.types[stmt.outs[0].var.name]
    plain = all(isinstance(s, Assign) and s.op in ("add", "sub") for s in (*stmt.then, *stmt.other))
    return plain and type.dtype == "int64" and not type.rank


def rings(fn: Func) -> Mapping[Var, Ring]:
    """The choices of a function that are remainders."""
    if not any(is_choice(fn, s) for s in walk(fn.body)):
        return {}
    found = Rings.of(fn)
    found.visit()
    return found.found


__all__ = ["Ring", "rings"]
