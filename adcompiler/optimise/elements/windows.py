"""Neighbouring elements that a loop passes from one iteration to the next are kept in scalars.

In `x[k + 1] = a * sin(x[k])` each iteration reads what the one before has stored, and the adjoint of a stencil adds to
elements that the next iteration changes again. A store that is read back at once costs several additions' time, and
that time is on the critical path. A window of scalars moves over the array with the loop instead: an element is loaded
when it enters, and stored when it leaves (scalar replacement: Callahan, Carr and Kennedy, 1990).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from adcompiler.analysis.conditions import negated
from adcompiler.analysis.constraints import Form, number
from adcompiler.analysis.scope import Path
from adcompiler.analysis.surroundings import Surroundings
from adcompiler.ir.build import Builder, with_body
from adcompiler.ir.walk import all_defs, operands
from adcompiler.ir.wengert import (
    Branch,
    Check,
    Const,
    Draw,
    Func,
    Grow,
    Load,
    Loop,
    Print,
    Stmt,
    Store,
    Var,
    While,
    is_element,
)
from adcompiler.optimise.elements.sharing import Elements
from adcompiler.optimise.elements.sliding import Sliding, Use, Window
from adcompiler.optimise.lines.derivatives import derivatives
from adcompiler.optimise.lines.rewritten_loops import with_loops_anew

#: Wider windows would need more registers than they save loads.
_WIDEST = 4


@dataclass(slots=True)
class Windows(Surroundings):
    """Finds what innermost loops pass on.

    `wanted` are the arrays of the innermost loop that is visited, `unproven` those of them with an index that may be
    negative.
    """

    elements: Elements = field(init=False)
    wanted: frozenset[Var] = frozenset()
    unproven: set[Var] = field(default_factory=set)
    found: dict[Path, list[Window]] = field(default_factory=dict)
    surely: dict[Path, bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.elements = Elements.of(self.fn)

    def loop(self, stmt: Loop, path: Path) -> None:
        """Visit a loop; of an innermost one, look for windows."""
        windows = list(self.windows(stmt)) if is_simple(stmt) else []
        self.wanted, self.unproven = frozenset(w.array for w in windows), set()
        self.surely[path] = bool(windows) and self.known.impossible(frozenset({negated(runs(self, stmt))}))
        Surroundings.loop(self, stmt, path)
        windows = [w for w in windows if w.array not in self.unproven]
        self.wanted = frozenset()
        if windows:
            self.found[path] = windows

    def statement(self, stmt: Stmt, path: Path) -> None:
        """Prove that the indices of wanted arrays are not negative: negative ones count from the end."""
        if isinstance(stmt, (Load, Store)) and stmt.array in self.wanted - self.unproven:
            for item in stmt.index:
                assert isinstance(item, (Var, Const))
                if not self.known.impossible(frozenset({negated(self.known.affine.form(item))})):
                    self.unproven.add(stmt.array)
        Surroundings.statement(self, stmt, path)

    def write(self, b: Builder, stmt: Loop, path: Path) -> None:
        """Append a loop in which windows were found."""
        unsure = None if self.surely[path] else runs(self, stmt)
        Sliding(b, self.known.affine, path, self.found[path]).loop(stmt, unsure)

    # -- windows -----------------------------------------------------------------------------------------------------

    def windows(self, loop: Loop) -> Iterator[Window]:
        """The windows of a loop, if no index is negative."""
        changing = {loop.index, *(c.var for c in loop.carried), *all_defs(loop.body)}
        uses: dict[Var, list[Use | None]] = {}
        for position, stmt in enumerate(loop.body):
            if isinstance(stmt, (Load, Store)) and is_element(stmt.index):
                uses.setdefault(stmt.array, []).append(self.use(stmt, position, loop, changing))
        for array, found in uses.items():
            if None not in found and self.is_alone(array, loop):
                yield from self.of_array([use for use in found if use is not None], loop)

    def of_array(self, uses: list[Use], loop: Loop) -> Iterator[Window]:
        """The windows on one array: groups of uses that differ in an offset alone, and meet no other group."""
        groups: dict[object, list[Use]] = {}
        for use in uses:
            groups.setdefault(use.group, []).append(use)
        for key, group in groups.items():
            others = [other[0] for k, other in groups.items() if k != key]
            if self.passes_on(group, loop) and all(group[0].apart(other) for other in others):
                yield Window(group, loop.step == Const(1), derivatives(self.known.affine.fn).has(group[0].stmt.array))

    def use(self, stmt: Load | Store, position: int, loop: Loop, changing: set[Var]) -> Use | None:
        """An access whose index moves with the loop along one axis, by one element an iteration."""
        forms = [self.known.affine.form(i) for i in stmt.index if isinstance(i, (Var, Const))]
        moving = [axis for axis, form in enumerate(forms) if form.coefficient(loop.index)]
        if len(moving) != 1 or abs(forms[moving[0]].coefficient(loop.index)) != 1:
            return None
        names = {name for form in forms for name, _ in form.terms} - {loop.index}
        if names & changing:
            return None
        axis, form = moving[0], forms[moving[0]]
        rest = Form(tuple((s, c) for s, c in form.terms if s != loop.index), 0)
        others = tuple(None if k == axis else f for k, f in enumerate(forms))
        return Use(stmt, position, axis, form.coefficient(loop.index), form.constant, rest, others)

    def passes_on(self, group: list[Use], loop: Loop) -> bool:
        """Whether an element that an iteration stores is used again in one of the next few."""
        assert isinstance(loop.step, Const) and isinstance(loop.step.value, int)
        ahead = [use.sign * loop.step.value * use.offset for use in group]
        stored = [a for a, use in zip(ahead, group, strict=True) if isinstance(use.stmt, Store)]
        return bool(stored) and min(ahead) < max(stored) and max(ahead) - min(ahead) < _WIDEST

    def is_alone(self, array: Var, loop: Loop) -> bool:
        """Whether the loop touches the array's memory by its elements alone, under this name."""
        memory = self.elements.memory
        checked = any(isinstance(s, Check) for s in loop.body)
        if checked and any(memory.overlap(array, p) for p in self.fn.params if self.fn.types[p.name].rank):
            # an exception would leave the caller's array as it is between two iterations
            return False
        return not any(
            a != array and self.fn.types[a.name].rank and memory.overlap(a, array)
            for s in loop.body
            for a in operands(s)
            if isinstance(a, Var)
        ) and not any(
            array in operands(s) and not (isinstance(s, (Load, Store)) and is_element(s.index)) for s in loop.body
        )


def is_simple(loop: Loop) -> bool:
    """Whether a loop is innermost, counts by one, up or down, and is never left early."""
    regions = any(isinstance(s, (Loop, While, Branch, Print, Draw, Grow)) for s in loop.body)
    return not regions and not loop.parallel and loop.until is None and loop.step in (Const(1), Const(-1))


def runs(surroundings: Surroundings, loop: Loop) -> Form:
    """A form that is not negative just when the loop runs at all."""
    ahead = surroundings.known.affine.form(loop.stop) - surroundings.known.affine.form(loop.start)
    return (ahead if loop.step == Const(1) else number(0) - ahead).shift(-1)


def slide(fn: Func) -> Func:
    """Keep in scalars what a loop stores in one iteration and uses in the next ones.

    Before:  for k in range(n): x[k + 1] = a * x[k]
    After:   w = x[0]; for k in range(n): w = a * w; x[k + 1] = w
    """
    windows = Windows.of(fn)
    windows.visit()
    if not windows.found:
        return fn
    b = Builder.of(fn)
    body = with_loops_anew(b, fn.body, windows.found, windows.write)
    return with_body(fn, body, b)


__all__ = ["slide"]
