"""The value of a name after two paths: what both have in common, with a branch result for each leaf that differs."""

from __future__ import annotations

from dataclasses import dataclass, field

from adcompiler.frontend.state.context import Lowering, State
from adcompiler.frontend.state.forms import Broken, Form, Known, Optional, alone, expanded, handed_out, meet, same_value
from adcompiler.frontend.state.heap import is_object
from adcompiler.frontend.state.leaves import build, coerce
from adcompiler.frontend.state.liveness import BROKEN, CONTINUED, ITERATED, RESULT, RETURNED
from adcompiler.frontend.state.loop_parts import at_end
from adcompiler.frontend.state.values import Conflict, Maybe, Unset, Value, Zipped
from adcompiler.ir.walk import all_defs
from adcompiler.ir.wengert import Atom, Const, Out, Stmt, Var

THE_VALUE = "%"
Key = tuple[int, str]


@dataclass(slots=True)
class Arm:
    """One path: its lines, the names at its end, the value it yields.

    `dead` marks a path that always raises.
    """

    lines: list[Stmt]
    state: State
    value: Value | None
    dead: bool

    @property
    def returned(self) -> bool:
        """Whether this path has left the function."""
        return self.state[-1].get(RETURNED) == Const(True)

    @property
    def stopped(self) -> bool:
        """Whether nothing more runs on this path: it raises, or has left by `break`, `continue` or `return`."""
        return self.dead or any(self.state[-1].get(flag) == Const(True) for flag in (RETURNED, BROKEN, CONTINUED))


@dataclass(slots=True)
class Joining:
    """Two finished paths whose names are joined one by one.

    Parameters
    ----------
    nested : bool
        Whether a list has names that would become two lists: lists then have no common value.
    outs : list of Out
        The branch results made so far.
    lists : dict
        The lists joined so far: names of one list on either path are names of one list afterwards.
    """

    low: Lowering
    a: Arm
    c: Arm
    nested: bool
    outs: list[Out] = field(default_factory=list)
    lists: dict[tuple[int, int], Value] = field(default_factory=dict)

    def value(self, key: Key, one: Value | None, two: Value | None, hint: str) -> Value:
        """The value of a name, or the value that the paths yield, which is named after `hint`."""
        unchecked = _unchecked(one, two)
        if unchecked is not None:
            return unchecked
        if (
            isinstance(one, Zipped)
            and isinstance(two, Zipped)
            and (one.kind, len(one.parts)) == (two.kind, len(two.parts))
        ):
            pairs = zip(one.parts, two.parts, strict=True)
            return Zipped(one.kind, tuple(x if same_value(x, y) else self.value(key, x, y, hint) for x, y in pairs))
        if not (is_object(one) and is_object(two) and type(one) is type(two)):
            return self._joined(key, one, two, hint)
        if self.nested:
            return Conflict("a list that has two names and was changed on one path only")
        if (id(one), id(two)) not in self.lists:
            self.lists[id(one), id(two)] = self._joined(key, one, two, hint)
        return self.lists[id(one), id(two)]

    def _joined(self, key: Key, one: Value | None, two: Value | None, hint: str) -> Value:
        outer = frozenset(self.low.b.names.taken) - {v.name for v in all_defs((*self.a.lines, *self.c.lines))}
        form = self._form(key, one, two, outer)
        if isinstance(form, (Broken, Optional)) and key[1] != THE_VALUE and self.a.returned != self.c.returned:
            # the names of a path that has returned are not read again
            one, two = (None, two) if self.a.returned else (one, None)
            form = self._form(key, one, two, outer)
        if isinstance(form, Broken) and key[1] == THE_VALUE:
            raise self.low.refuse("mixed-values", reason=form.reason)
        new: list[Var] = []
        joined = build(self.low.b, form, hint if key[1] == THE_VALUE else readable(key[1]), new)
        leaves = [self._leaves(arm, value, form) for arm, value in ((self.a, one), (self.c, two))]
        self.outs.extend(Out(*row) for row in zip(new, *leaves, strict=True))
        return joined

    def _leaves(self, arm: Arm, value: Value | None, form: Form) -> list[Atom]:
        found: list[Atom] = []
        with at_end(self.low, arm.lines):
            coerce(self.low.b, None if isinstance(value, Unset) else value, form, found)
        return found

    def _form(self, key: Key, one: Value | None, two: Value | None, outer: frozenset[str]) -> Form:
        def extent(x: Atom, y: Atom) -> Atom | None:
            return x if x == y and is_outer(x) else None

        def is_outer(atom: Atom) -> bool:
            return isinstance(atom, Const) or atom.name in outer

        b = self.low.b
        if one is None or two is None:
            value = two if one is None else one
            assert value is not None
            return Known(value) if isinstance(value, (Unset, Conflict)) else alone(b, expanded(b, value), extent)
        if key[1] == RESULT and (isinstance(one, Unset) or isinstance(two, Unset)):
            # read only where the flag of the return is set, so that it needs no flag of its own
            return handed_out(b, two if isinstance(one, Unset) else one, is_outer, extent)
        return meet(b, Known(one), Known(two), extent)


def readable(name: str) -> str:
    """A name for the generated text, from one of the program or of the compiler."""
    return "items" if name.startswith(ITERATED) else name.strip("%")


def _unchecked(one: Value | None, two: Value | None) -> Maybe | None:
    """The value that may be missing, where one path has checked that it is there and the other has not."""
    for value, other in ((one, two), (two, one)):
        if isinstance(value, Maybe) and other is not None and same_value(value.value, other):
            return value
    return None
