"""Loops: the forms of the names a loop carries are found by building its body until nothing changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from adcompiler.errors import Span
from adcompiler.frontend.context import Lowering, State
from adcompiler.frontend.extents import same_extent
from adcompiler.frontend.forms import (
    Broken,
    Extent,
    Form,
    Known,
    Optional,
    Parts,
    Scalar,
    alone,
    build,
    coerce,
    expanded,
    joined,
    meet,
    same_value,
)
from adcompiler.frontend.liveness import BROKEN, CONTINUED, FLAGS, RESULT, RETURNED
from adcompiler.frontend.values import Conflict, Maybe, PathEnds, Seq, Unset, Value
from adcompiler.ir.types import BOOL
from adcompiler.ir.wengert import Atom, Carry, Const, Stmt, Var

Key = tuple[int, str]
_PASSES = 16


@dataclass(slots=True)
class Head:
    """What the loop machinery must know of a loop.

    Parameters
    ----------
    place : object
        Tells the loop from others of the program.
    names : frozenset of str
        Names that the body may assign and that are read in a later iteration or after the loop.
    live : frozenset of str
        Every name so read.
    exits : set of str
        The flags (`%break`, `%return`) that the body may set and that must be known outside the body.
    carried_flags : bool
        Whether the flags are read at the head of the loop, as in a `while`.
    runs : bool
        Whether the body certainly runs at least once.
    """

    place: object
    names: frozenset[str]
    live: frozenset[str]
    exits: set[str]
    carried_flags: bool
    runs: bool


@dataclass(slots=True)
class Built:
    """One pass over a loop: entry values, the lines of the body, and the names at its end (None where it raises)."""

    entries: dict[Key, Value]
    vars: dict[Key, list[Var]]
    flags: dict[str, Atom]
    lines: list[Stmt] = field(default_factory=list)
    head: list[Stmt] = field(default_factory=list)
    test: Atom = Const(True)
    end: State | None = None


Finish = Callable[[Built, "tuple[Carry, ...]", "Atom | None"], None]


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
        self.span: Span | None = low.b.span
        self.mark, self.state = low.b.mark(), low.save()
        self.outer = frozenset(low.b.names.taken)
        self.forms: dict[Key, Form] = {}
        self.loose: set[Key] = set()
        depth = len(low.frames) - 1
        for name in sorted(head.names):
            self.forms[depth, name] = self._first((depth, name), self._initial((depth, name)))

    def run(self) -> None:
        """Build the loop; the names are afterwards those after the loop."""
        for _ in range(_PASSES):
            built = self._pass()
            if built.end is None or self._settled(built):
                return self._done(built)
            self.low.rewind(self.mark, self.state)
        raise self.low.refuse("unsettled-loop")

    # -- one pass ------------------------------------------------------------------------------------------------

    def _pass(self) -> Built:
        low = self.low
        built = Built({}, {}, {})
        for key, form in self.forms.items():
            new: list[Var] = []
            built.entries[key] = build(low.b, form, key[1], new)
            built.vars[key] = new
            low.frames[key[0]].env[key[1]] = built.entries[key]
        if self.head.carried_flags:
            for flag in sorted(self.head.exits):
                built.flags[flag] = low.b.var("left" if flag == BROKEN else "returned", BOOL)
        depth = len(low.frames)
        low.frame.env.update({RETURNED: Const(False), BROKEN: Const(False), CONTINUED: Const(False)})
        low.frame.env[RESULT] = Unset(RESULT)
        with low.arm() as lines:
            built.lines = lines
            try:
                self.body(built)
                built.end = low.save()
            except PathEnds:
                del low.frames[depth:]
        return built

    def _initial(self, key: Key) -> Value:
        return self.state[key[0]].get(key[1], Unset(key[1]))

    def _first(self, key: Key, value: Value) -> Form:
        """A number that is assigned will most likely change; all else is taken to stay until it does not."""
        form = expanded(self.low.b, value)
        if isinstance(form, Scalar) and form.type.dtype != "bool":
            learned = self.low.learned.get((*self._where, key))
            return Scalar(joined(form.type, learned)) if learned else form
        if isinstance(form, Parts) and isinstance(value, Seq):
            return Parts(form.kind, tuple(self._first((-1, ""), item) for item in value.items))
        return Optional(form.form, form.absent) if isinstance(form, Optional) else Known(value)

    @property
    def _where(self) -> tuple[object, ...]:
        return self.low.frame.path, self.head.place

    # -- does it hold? -------------------------------------------------------------------------------------------

    def _settled(self, built: Built) -> bool:
        """Whether the forms hold at the end of the body too; else they are widened."""
        assert built.end is not None
        changed = False
        extent = self._extents(built)
        for key in self._changed(built):
            before = self.forms.get(key, Known(self._initial(key)))
            end = built.end[key[0]].get(key[1], Unset(key[1]))
            after = meet(self.low.b, before, Known(end), extent)
            if not _equal(after, before) or key not in self.forms:
                self.forms[key] = after
                self._learn(key, after)
                changed = True
        if changed:
            return False
        return not self._pinned(built) and self._flags_used(built)

    def _changed(self, built: Built) -> list[Key]:
        """The names whose value at the end is another than at the entry, as far as they are read."""
        assert built.end is not None
        last = len(built.end) - 1
        found: list[Key] = []
        for depth, env in enumerate(built.end):
            for name, value in env.items():
                if name in FLAGS:
                    continue
                entry = built.entries.get((depth, name), self._initial((depth, name)))
                if not same_value(value, entry) and (depth < last or name in self.head.live):
                    found.append((depth, name))
        return found

    def _pinned(self, built: Built) -> bool:
        """Whether a name turned out not to change: it is then not carried, in another pass."""
        assert built.end is not None
        kept = [key for key, form in self.forms.items() if not isinstance(form, (Known, Broken))]
        still = [key for key in kept if key not in self.loose and same_value(built.entries[key], self._end(built, key))]
        for key in still:
            self.loose.add(key)
            self.forms[key] = Known(self._initial(key))
        return bool(still)

    def _end(self, built: Built, key: Key) -> Value:
        assert built.end is not None
        return built.end[key[0]].get(key[1], Unset(key[1]))

    def _flags_used(self, built: Built) -> bool:
        """Whether every flag that is carried is set somewhere; the others are dropped, in another pass."""
        assert built.end is not None
        unused = {flag for flag in self.head.exits if built.end[-1].get(flag) == Const(False)}
        self.head.exits -= unused
        return not (unused and self.head.carried_flags)

    def _learn(self, key: Key, form: Form) -> None:
        if isinstance(form, Scalar):
            self.low.learned[(*self._where, key)] = form.type

    def _extents(self, built: Built) -> Extent:
        """How the extents of an array at the head and at the end of the body become one.

        One that the body does not compute is taken to stay the same, and checked; others are carried.
        """

        def extent(entry: Atom, end: Atom) -> Atom | None:
            if same_extent(self.low.b, entry, end):
                return entry if self._is_outer(entry) else None
            if self._is_outer(entry) and self._is_outer(end) and not isinstance(entry, Const):
                return entry
            return None

        return extent

    def _is_outer(self, atom: Atom) -> bool:
        return isinstance(atom, Const) or atom.name in self.outer

    # -- the end -------------------------------------------------------------------------------------------------

    def _done(self, built: Built) -> None:
        low = self.low
        carries: list[Carry] = []
        after: dict[Key, Value] = {}
        exits = self._exit_flag(built)
        for key, form in self.forms.items():
            after[key] = self._carry(built, key, form, carries)
        flags = self._carry_flags(built, carries)
        low.restore(self.state)
        self.finish(built, tuple(carries), exits)
        for (depth, name), value in after.items():
            low.frames[depth].env[name] = value
        self._forget(built)
        low.frame.env.update(flags)

    def _exit_flag(self, built: Built) -> Atom | None:
        """The flag, computed at the end of the body, that tells whether the loop is left there."""
        if built.end is None or self.head.carried_flags:
            return None
        found = [built.end[-1].get(flag, Const(False)) for flag in (BROKEN, RETURNED)]
        flags = [flag for flag in found if isinstance(flag, (Var, Const)) and flag != Const(False)]
        if len(flags) < 2 or Const(True) in flags:
            return Const(True) if Const(True) in flags else flags[0] if flags else None
        with self._at_end(built):
            return self.low.b.emit("logical_or", *flags, hint="left", weak=True)

    def _at_end(self, built: Built) -> _Open:
        return _Open(self.low, built.lines)

    def _carry(self, built: Built, key: Key, form: Form, carries: list[Carry]) -> Value:
        low, name = self.low, key[1]
        new: list[Var] = []
        out = build(low.b, form, name, new)
        inits: list[Atom] = []
        coerce(low.b, _present(self._initial(key)), form, inits)
        nexts: list[Atom] = list(built.vars[key])
        end = self._end(built, key) if built.end is not None else None
        if built.end is not None and end is not None:
            nexts = []
            with self._at_end(built):
                coerce(low.b, _present(end), form, nexts)
        rows = zip(built.vars[key], inits, nexts, new, strict=True)
        carries.extend(Carry(var, init, after, done) for var, init, after, done in rows)
        if self.head.runs and isinstance(out, Maybe) and end is not None and nexts[0] == Const(True):
            return out.value
        return out

    def _carry_flags(self, built: Built, carries: list[Carry]) -> dict[str, Value]:
        """Carry the flags that are read after the loop, and the value that a `return` in the loop gives."""
        low = self.low
        after: dict[str, Value] = {RETURNED: Const(False), BROKEN: Const(False), CONTINUED: Const(False)}
        after[RESULT] = Unset(RESULT)
        if built.end is None:
            for flag, var in built.flags.items():
                assert isinstance(var, Var)
                carries.append(Carry(var, Const(False), var, low.b.var("left", BOOL)))
            return after
        for flag in sorted(self.head.exits):
            end = built.end[-1][flag]
            assert isinstance(end, (Var, Const))
            var = built.flags.get(flag) or low.b.var("left" if flag == BROKEN else "returned", BOOL)
            assert isinstance(var, Var)
            out = low.b.like(var)
            carries.append(Carry(var, Const(False), end, out))
            after[flag] = out
        if RETURNED in self.head.exits:
            after[RESULT] = self._carry_result(built, carries)
        return after

    def _carry_result(self, built: Built, carries: list[Carry]) -> Value:
        low = self.low
        assert built.end is not None
        value = built.end[-1][RESULT]
        form = alone(low.b, expanded(low.b, value), self._extents(built))
        entry: list[Var] = []
        out: list[Var] = []
        inits: list[Atom] = []
        nexts: list[Atom] = []
        build(low.b, form, "result", entry)
        after = build(low.b, form, "result", out)
        coerce(low.b, None, form, inits)
        with self._at_end(built):
            coerce(low.b, value, form, nexts)
        carries.extend(Carry(*row) for row in zip(entry, inits, nexts, out, strict=True))
        return after

    def _forget(self, built: Built) -> None:
        """Mark the names that the body changes and that are not read after it, so that a mistake here is loud."""
        for name, value in (built.end[-1] if built.end else {}).items():
            if name not in FLAGS and name not in self.head.live and not same_value(value, self._initial((-1, name))):
                self.low.frame.env[name] = Conflict("its value does not outlive the loop")


class _Open:
    """Lets lines be added at the end of a finished block."""

    def __init__(self, low: Lowering, lines: list[Stmt]) -> None:
        self.low, self.lines = low, lines

    def __enter__(self) -> None:
        self.low.b.stack.append(self.lines)

    def __exit__(self, *error: object) -> None:
        self.low.b.stack.pop()


def _present(value: Value) -> Value | None:
    return None if isinstance(value, Unset) else value


def _equal(f: Form, g: Form) -> bool:
    if isinstance(f, Known) and isinstance(g, Known):
        return same_value(f.value, g.value)
    return f == g
