"""Remainders of numbers that stay near the divisor, as the indices of periodic neighbours do: `(i - 1) % n`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from adcompiler.analysis.conditions import negated
from adcompiler.analysis.constraints import Form
from adcompiler.analysis.scope import Path
from adcompiler.analysis.surroundings import Surroundings
from adcompiler.ir.build import ONE
from adcompiler.ir.walk import walk
from adcompiler.ir.wengert import Assign, Const, Func, Loop, Stmt, Var

#: So many divisors may lie between a number and its remainder.
_MOST = 2


@dataclass(frozen=True, slots=True)
class Turn:
    """`-below * divisor <= number + shift * divisor < (above + 1) * divisor`, which a positive divisor alone allows.

    `once` says that one such number alone is not its remainder: -1, or the divisor; `plain`, that the number is the
    next one of a loop that counts to the divisor.
    """

    shift: int
    below: int
    above: int
    once: bool
    plain: bool = False


@dataclass(slots=True)
class Turns(Surroundings):
    """Finds the remainders in loops that need no division."""

    found: dict[Var, Turn] = field(default_factory=dict)

    def statement(self, stmt: Stmt, path: Path) -> None:
        """Look at the remainders in loops."""
        if isinstance(stmt, Assign) and is_remainder(self.fn, stmt) and any(f.is_loop for f in self.frames):
            turn = self.turn(*map(self.known.affine.form, stmt.args))
            if turn is not None:
                self.found[stmt.target] = turn
        Surroundings.statement(self, stmt, path)

    def turn(self, number: Form, divisor: Form) -> Turn | None:
        """How far a number is from its remainder."""
        # `(i - 1 + n) % n` is `(i - 1) % n`
        parts = {number.coefficient(name) for name, c in divisor.terms if c == 1}
        shift = -parts.pop() if len(divisor.terms) == len(parts) == 1 and not divisor.constant else 0
        near = number + divisor.times(shift)
        below = next((k for k in range(_MOST + 1) if self.holds(near + divisor.times(k))), None)
        above = next((k for k in range(_MOST + 1) if self.holds(divisor.times(k + 1).shift(-1) - near)), None)
        if below is None or above is None:
            return None
        once = below + above == 1 and self.holds(near.shift(1) if below else divisor - near)
        return Turn(shift, below, above, once, self.plain(number, divisor))

    def plain(self, number: Form, divisor: Form) -> bool:
        """Whether a number is the next one of a loop that counts to the divisor."""
        loops = [f.region for f in self.frames if isinstance(f.region, Loop) and f.region.step == ONE]
        form = self.known.affine.form
        return any(number == form(s.index).shift(1) and form(s.stop) == divisor for s in loops)

    def holds(self, form: Form) -> bool:
        """Whether a form is never negative here."""
        return self.known.impossible(frozenset({negated(form)}))


def is_remainder(fn: Func, stmt: Stmt) -> bool:
    """Whether a line divides whole numbers by one that only the run knows."""
    if not isinstance(stmt, Assign) or stmt.op != "mod" or isinstance(stmt.args[1], Const):
        return False
    return all(fn.type(a).dtype == "int64" and not fn.type(a).rank for a in (stmt.target, *stmt.args))


def turns(fn: Func) -> Mapping[Var, Turn]:
    """The remainders of a function that need no division, by their names."""
    if not any(is_remainder(fn, s) for s in walk(fn.body)):
        return {}
    found = Turns.of(fn)
    found.visit()
    return found.found


__all__ = ["Turn", "turns"]
