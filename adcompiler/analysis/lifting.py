"""What must hold before a region for something to hold in it: exact projection of constraints along a loop.

A conjunction holds in some iteration of a loop just when its shadow along the index holds before the loop. The
shadow is exact over the integers where of each two coefficients that meet one is 1 (the dark shadow is then the real
one: Pugh, the Omega test, 1991).
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

from adcompiler.analysis.access import loop_limits
from adcompiler.analysis.conditions import CASES, Conj, symbols
from adcompiler.analysis.constraints import Form, symbol
from adcompiler.analysis.known import Known
from adcompiler.analysis.scope import Frame
from adcompiler.ir.walk import walk
from adcompiler.ir.wengert import Block, Branch, Draw, Loop, Print, Var, While


@dataclass(slots=True)
class Lifting:
    """Takes conditions out of regions."""

    known: Known

    def through(self, frame: Frame, cases: list[Conj]) -> list[Conj] | None:
        """The cases before the region of which one holds just when one of `cases` will hold in it; None if not exact.

        That a check will be reached is certain only in iterations that are: with a way to leave early, the first.
        """
        region = frame.region
        if isinstance(region, Branch):
            tests = self.known.conditions.exactly(region.test, frame.arm == 0)
            cases = [] if tests is None else [case | test for case in cases for test in tests]
            return self.expanded(frame, cases) if tests is not None and len(cases) <= CASES else None
        if isinstance(region, While):
            # the test is made at least once, the body perhaps never
            certain = frame.arm == 0 and not prints(region.condition)
            return self.expanded(frame, cases) if certain else None
        if prints(region.body):
            return None
        index = symbol(region.index)
        expanded = self.expanded(frame, cases, region.index)
        if expanded is None:
            return None
        if region.until is not None and any(region.index in symbols(case) for case in expanded):
            return None
        found = [self.shadow(frame, region, case, index) for case in expanded]
        return None if None in found else [case for case in found if case is not None]

    # -- names that a region defines -------------------------------------------------------------------------------

    def expanded(self, frame: Frame, cases: list[Conj], index: Var | None = None) -> list[Conj] | None:
        """The cases without names that the region defines, except for its index."""
        agenda, done = list(cases), list[Conj]()
        while agenda:
            case = agenda.pop()
            inner = next((s for s in symbols(case) if s != index and not self.available(s, frame)), None)
            if inner is None:
                done.append(case)
                continue
            choices = self.known.choices(inner)
            if choices is None or len(agenda) + len(done) + len(choices) > CASES:
                return None
            agenda += [frozenset(substitute(f, inner, value) for f in case) | guard for guard, value in choices]
        return done

    def available(self, name: Hashable, frame: Frame) -> bool:
        """Whether a symbol has a meaning before the region."""
        if isinstance(name, tuple):
            if name[0] == "extent":
                return not self.inside(Var(name[1]), frame)
            return name[0] == "last" and all(self.available(s, frame) for s in symbols(name[1:3]))
        if not isinstance(name, Var) or not self.inside(name, frame):
            return isinstance(name, Var)
        line = self.known.line(name)
        # a product can be computed again
        if line is None or line.op != "mul" or not self.known.integers(line.args):
            return False
        return all(self.available(s, frame) for s in symbols(self.known.affine.form(a) for a in line.args))

    def inside(self, name: Var, frame: Frame) -> bool:
        """Whether the region defines a name for itself."""
        d = self.known.affine.defs.get(name)
        return d is not None and any(f.path == frame.path for f in d.frames)

    # -- the index -------------------------------------------------------------------------------------------------

    def shadow(self, frame: Frame, loop: Loop, case: Conj, index: Form) -> Conj | None:
        """What holds before the loop just when `case` holds in one of its iterations."""
        form = self.known.affine.form
        step = form(loop.step)
        if step.terms or step.constant == 0:
            return None
        start, stop, c = form(loop.start), form(loop.stop), step.constant
        moving = [f for f in case if f.coefficient(loop.index)]
        rest = case.difference(moving)
        runs = stop.shift(-1) - start if c > 0 else start - stop.shift(1)
        if not moving:
            return rest | {runs}
        if abs(c) == 1:
            found = meeting([*moving, *loop_limits(self.known.affine, (frame,))], loop.index)
            return None if found is None else rest | set(found)
        signs = {f.coefficient(loop.index) * c > 0 for f in moving}
        if len(signs) > 1:
            return None
        # all forms grow towards the same end of the range
        end = symbol(("last", start, stop, c)) if True in signs else start
        return rest | {runs} | {substitute(f, loop.index, end) for f in moving}


def meeting(forms: list[Form], name: Hashable) -> list[Form] | None:
    """What remains of forms that all have `name` in them when it is eliminated; None where that is not exact."""
    lower = [(f.coefficient(name), f) for f in forms if f.coefficient(name) > 0]
    upper = [(-f.coefficient(name), f) for f in forms if f.coefficient(name) < 0]
    if any(a != 1 and b != 1 for a, _ in lower for b, _ in upper):
        return None
    return [low.times(b) + high.times(a) for a, low in lower for b, high in upper]


def substitute(form: Form, name: Hashable, value: Form) -> Form:
    """The form with a symbol replaced."""
    c = form.coefficient(name)
    return form if c == 0 else form.plus(symbol(name), -c).plus(value, c)


def prints(block: Block) -> bool:
    """Whether something in a block shows when it runs: it prints, or it changes a random generator."""
    return any(isinstance(s, (Print, Draw)) for s in walk(block))
