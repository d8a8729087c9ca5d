"""Loops: the forms of the names a loop carries are found by building its body until nothing changes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from adcompiler.frontend.flow.joining import readable
from adcompiler.frontend.flow.loop_ends import Finish, close
from adcompiler.frontend.state.context import Lowering
from adcompiler.frontend.state.forms import (
    Array,
    Broken,
    Form,
    Known,
    Optional,
    Parts,
    Scalar,
    expanded,
    joined,
    meet,
    same_value,
)
from adcompiler.frontend.state.heap import identity, is_object
from adcompiler.frontend.state.identity import holds_object, note, split
from adcompiler.frontend.state.leaves import build
from adcompiler.frontend.state.liveness import BROKEN, CONTINUED, FLAGS, ITERATED, RESULT, RETURNED
from adcompiler.frontend.state.loop_parts import Built, Head, Key, LoopState, Unroll
from adcompiler.frontend.state.met import Met
from adcompiler.frontend.state.overflow import COUNTING, bits, counts
from adcompiler.frontend.state.restarts import PathEnds
from adcompiler.frontend.state.values import Seq, Unset, Value
from adcompiler.ir.types import BOOL, INDEX
from adcompiler.ir.wengert import Atom, Const, Var

_PASSES = 16
# so many iterations at most are written out because the shape of what they hand on grows
_UNROLLED = 32


class Loops:
    """Builds one loop.

    Parameters
    ----------
    low : Lowering
        The function being lowered.
    head : Head
        The loop.
    body : callable
        Builds the body; in a `while` it first builds the test, in `Built.head`.
    finish : callable
        Adds the finished statement, given the pass, the carries and the exit flag at the end of the body.
    """

    def __init__(self, low: Lowering, head: Head, body: Callable[[Built], None], finish: Finish) -> None:
        self.low, self.head, self.body, self.finish = low, head, body, finish
        # how many lists had been changed before the latest pass
        self.before = 0
        self.loop = LoopState(low, head, low.b.mark(), low.save(), frozenset(low.b.names.taken))
        self.place = low.met[-1].place(low.frame.path, head.place)
        # what passes over loops within have added to lists counts once
        self.seen = [(plan, Counter(plan.seen)) for around in low.lists.around for plan in around.plans]
        depth = len(low.frames) - 1
        for name in sorted(head.names):
            self.loop.forms[depth, name] = self._first((depth, name), self.loop.initial((depth, name)))

    def run(self) -> None:
        """Build the loop; the names are afterwards those after the loop."""
        for _ in range(_PASSES):
            built = self._pass()
            if built.end is None or self._settled(built):
                return close(self.loop, built, self.finish)
            self.low.rewind(self.loop.mark, self.loop.state)
        raise self.low.refuse("unsettled-loop")

    # -- one pass ------------------------------------------------------------------------------------------------

    def _pass(self) -> Built:
        low = self.low
        built = Built({}, {}, {})
        self.before = len(low.replaced.before)
        for plan, seen in self.seen:
            plan.seen = Counter(seen)
        for key, form in self.loop.forms.items():
            new: list[Var] = []
            first = self.loop.first_name(key)
            if first != key:
                built.entries[key], built.vars[key] = built.entries[first], []
                low.frames[key[0]].env[key[1]] = built.entries[key]
                continue
            built.entries[key] = build(low.b, form, readable(key[1]), new)
            built.vars[key] = new
            if form == Scalar(INDEX) and key not in self.loop.wide and bits(low, self._number(key)) <= COUNTING:
                low.bits[new[0].name] = COUNTING
            low.frames[key[0]].env[key[1]] = built.entries[key]
        if self.head.carried_flags:
            for flag in sorted(self.head.exits):
                built.flags[flag] = low.b.var("left" if flag == BROKEN else "returned", BOOL)
        if holds_object(built.entries.values()):
            note(low, self.loop.values(self.loop.state, built.entries))
        depth = len(low.frames)
        low.frame.env.update({RETURNED: Const(False), BROKEN: Const(False), CONTINUED: Const(False)})
        low.frame.env[RESULT] = Unset(RESULT)
        with low.arm() as lines:
            built.lines = lines
            low.lists.lengths.append(self.head.length)
            low.met.append(Met(self.place))
            try:
                self.body(built)
                built.end = low.save()
            except PathEnds:
                del low.frames[depth:]
            finally:
                low.lists.lengths.pop()
                low.met.pop()
        return built

    def _first(self, key: Key, value: Value) -> Form:
        """A number that is assigned will most likely change; all else is taken to stay until it does not.

        A list that is assigned to may only grow: `values += [x]`.
        """
        form = expanded(self.low.b, value)
        if isinstance(form, Scalar) and form.type.dtype != "bool":
            learned = self.low.learned.get((self.place, key))
            return Scalar(joined(form.type, learned)) if learned else form
        if isinstance(form, Parts) and isinstance(value, Seq) and not is_object(value):
            return Parts(form.kind, tuple(self._first((-1, ""), item) for item in value.items), form.keys)
        return Optional(form.form, form.absent) if isinstance(form, Optional) else Known(value)

    # -- does it hold? -------------------------------------------------------------------------------------------

    def _settled(self, built: Built) -> bool:
        """Whether the forms hold at the end of the body too; else they are widened."""
        assert built.end is not None
        changed = False
        for key in self._changed(built):
            before = self.loop.forms.get(key, Known(self.loop.initial(key)))
            end = built.value(key)
            after = meet(self.low.b, before, Known(end), self.loop.extent)
            if isinstance(after, Broken):
                after = self._mended(key, before, end, after)
            if not _equal(after, before) or key not in self.loop.forms:
                self.loop.forms[key] = after
                self._learn(key, after)
                changed = True
        if changed:
            return False
        named = ((key, self.loop.first_name(key)) for key in self.loop.forms)
        if any(key != first and built.value(key) is not built.value(first) for key, first in named):
            raise self.low.refuse("shared-list")
        if self._changes_split(built):
            raise self.low.refuse("shared-list")
        return not self._pinned(built) and self._flags_used(built) and self._counts(built)

    def _mended(self, key: Key, before: Form, end: Value, broken: Broken) -> Form:
        """A number that the first iteration makes an array is one from the start; where a list grows, unroll.

        Few iterations are unrolled too where only the body knows the array's extents: `total + x[i : i + n]`.
        """
        length = self.head.length
        if broken.key == "loop-changes-list" and isinstance(length, Const):
            raise Unroll
        number = before.value if isinstance(before, Known) else before
        is_number = isinstance(number, Scalar) or (
            isinstance(number, (Var, Const)) and not self.low.b.type(number).rank
        )
        if not isinstance(end, Var) or not is_number or length is None:
            return broken
        shape = self.low.b.shape(end)
        if not shape:
            return broken
        if not all(self.loop.is_outer(extent) for extent in shape):
            if isinstance(length, Const) and isinstance(length.value, int) and length.value <= _UNROLLED:
                raise Unroll
            return broken
        self.loop.stretched.add(key)
        return Array(self.low.b.type(end), shape)

    def _changed(self, built: Built) -> list[Key]:
        """The names whose value at the end is another than at the entry, as far as they are read."""
        assert built.end is not None
        last = len(built.end) - 1
        found: list[Key] = []
        for depth, env in enumerate(built.end):
            for name, value in env.items():
                if name in FLAGS:
                    continue
                entry = built.entries.get((depth, name), self.loop.initial((depth, name)))
                if not same_value(value, entry) and (
                    depth < last or name in self.head.live or name.startswith(ITERATED)
                ):
                    found.append((depth, name))
        return found

    def _changes_split(self, built: Built) -> bool:
        """Whether the body changes a list that is one with another one in the iteration before, or before the loop."""
        if not holds_object(built.entries.values()):
            return False
        assert built.end is not None
        new = {identity(value) for value in self.low.replaced.before[self.before :]}
        ends = (self.loop.state, built.end)
        groups = [group for end in ends for group in split(self.loop.values(end, built.entries))]
        return any(name in new for group in groups for name in group)

    def _pinned(self, built: Built) -> bool:
        """Whether a name turned out not to change: it is then not carried, in another pass."""
        assert built.end is not None
        kept = [key for key, form in self.loop.forms.items() if not isinstance(form, (Known, Broken))]
        still = [key for key in kept if key not in self.loop.loose and same_value(built.entries[key], built.value(key))]
        for key in still:
            self.loop.loose.add(key)
            self.loop.forms[key] = Known(self.loop.initial(key))
        return bool(still)

    def _number(self, key: Key) -> Atom:
        value = self.loop.initial(key)
        assert isinstance(value, (Var, Const))
        return value

    def _counts(self, built: Built) -> bool:
        """Whether each integer taken for a counter grows by little in an iteration; the others are not, in another."""
        for key, new in built.vars.items():
            if len(new) == 1 and new[0].name in self.low.bits:
                end = built.value(key)
                if isinstance(end, (Var, Const)) and not counts(self.low, end):
                    self.loop.wide.add(key)
                    return False
        return True

    def _flags_used(self, built: Built) -> bool:
        """Whether every flag that is carried is set somewhere; the others are dropped, in another pass."""
        assert built.end is not None
        unused = {flag for flag in self.head.exits if built.end[-1].get(flag) == Const(False)}
        self.head.exits -= unused
        return not (unused and self.head.carried_flags)

    def _learn(self, key: Key, form: Form) -> None:
        if isinstance(form, Scalar):
            self.low.learned[self.place, key] = form.type


def _equal(f: Form, g: Form) -> bool:
    if isinstance(f, Known) and isinstance(g, Known):
        return same_value(f.value, g.value)
    return f == g
