"""A loop rewritten so that a window of an array's elements is a set of scalars it carries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from adcompiler.analysis.affine import Affine
from adcompiler.analysis.constraints import Form
from adcompiler.analysis.scope import Path
from adcompiler.ir.build import Builder, scalar
from adcompiler.ir.types import Type
from adcompiler.ir.walk import map_operands
from adcompiler.ir.wengert import Atom, Branch, Carry, Const, Index, Load, Loop, Out, Stmt, Store, Var
from adcompiler.optimise.elements.carrying import converted, plain
from adcompiler.optimise.lines.constraints import Writer


@dataclass(frozen=True, slots=True)
class Use:
    """An access at `sign * index + offset + rest` on `axis`, and at `others` on the other axes."""

    stmt: Load | Store
    position: int
    axis: int
    sign: int
    offset: int
    rest: Form
    others: tuple[Form | None, ...]

    @property
    def group(self) -> object:
        """What uses have in common that differ in their offset alone."""
        return self.axis, self.sign, self.rest, self.others

    def apart(self, other: Use) -> bool:
        """Whether two uses of one array, with no negative index, never meet, whatever their offsets."""
        pairs = zip(self.others, other.others, strict=True)
        gaps = [a - b for a, b in pairs if a is not None and b is not None]
        return any(not gap.terms and gap.constant for gap in gaps)


@dataclass(slots=True)
class Window:
    """Uses of neighbouring elements; slot 0 is the element that the loop reaches first, the last one it leaves last.

    In one of `sums` the sign of a zero means nothing.
    """

    uses: list[Use]
    forward: bool
    sums: bool

    @property
    def array(self) -> Var:
        """The array."""
        return self.uses[0].stmt.array

    @property
    def along(self) -> int:
        """By how many elements the window moves in an iteration."""
        return self.uses[0].sign if self.forward else -self.uses[0].sign

    @property
    def lead(self) -> int:
        """The offset of slot 0."""
        return self.along * max(self.along * use.offset for use in self.uses)

    @property
    def width(self) -> int:
        """How many slots there are."""
        return 1 + max(self.slot(use) for use in self.uses)

    def slot(self, use: Use) -> int:
        """Where in the window an access is."""
        return self.along * (self.lead - use.offset)

    def use_of(self, slot: int) -> Use:
        """An access of a slot that has one."""
        return next(use for use in self.uses if self.slot(use) == slot)

    @property
    def at_once(self) -> bool:
        """Whether stores are written at once: an element is stored by one iteration only."""
        return len({self.slot(use) for use in self.uses if isinstance(use.stmt, Store)}) == 1

    @property
    def ends_cleared(self) -> Const | None:
        """The zero that the last slot but one is left with, if an iteration only adds to the last one.

        The next iteration may then store what it adds, but for the sign of a zero.
        """
        before, last = ([use.stmt for use in self.uses if self.slot(use) == self.width - k] for k in (2, 1))
        if self.at_once or not before or len(last) > 1 or not self.sums:
            return None
        clears, adds = before[-1], last[0]
        if not isinstance(clears, Store) or clears.add or not isinstance(adds, Store) or not adds.add:
            return None
        return clears.value if isinstance(clears.value, Const) and clears.value.value == 0 else None


@dataclass(slots=True)
class Sliding:
    """Writes the loop at `path` with its `windows` as scalars; `slots` hold what each window's elements are."""

    b: Builder
    affine: Affine
    path: Path
    windows: Sequence[Window]
    slots: list[list[Atom | None]] = field(default_factory=list)
    names: dict[Var, Atom] = field(default_factory=dict)

    def loop(self, stmt: Loop, runs: Form | None) -> None:
        """Append the loads, the loop and the stores; `runs` is not negative where the loop runs, if that is open."""
        writer = Writer(self.b, self.affine, self.path)
        test = None if runs is None else writer.test(runs)
        inits = [self.entering(w, self.places(w, stmt.start, writer), test) for w in self.windows]
        entries = [[self.again(w) for _ in init] for w, init in zip(self.windows, inits, strict=True)]
        self.slots = [[None, *entry] for entry in entries]
        with self.b.block() as body:
            for position, line in enumerate(stmt.body):
                with self.b.at(line.span if isinstance(line, (Load, Store)) else self.b.span):
                    self.statement(map_operands(line, self.name), position)
            for window, slots in zip(self.windows, self.slots, strict=True):
                self.leaving(window, slots)
        carries = [
            [Carry(entry, init, plain(self.held(now)), self.again(w)) for entry, init, now in zip(*parts, strict=True)]
            for w, *parts in zip(self.windows, entries, inits, (s[:-1] for s in self.slots), strict=True)
        ]
        ends = [w.ends_cleared for w in self.windows]
        firsts = [made.pop() if end else None for made, end in zip(carries, ends, strict=True)]
        loop = map_operands(replace(stmt, body=()), self.name)
        assert isinstance(loop, Loop)
        added = tuple(c for made in carries for c in made)
        self.b.add(replace(loop, carried=(*loop.carried, *added), body=tuple(body)))
        for window, made, first, end in zip(self.windows, carries, firsts, ends, strict=True):
            if first is not None and end is not None:
                # the first iteration has stored what it was to add
                self.behind(window, self.places(window, stmt.start, writer)[-1:], [first.init], test, add=True)
                self.behind(window, self.places(window, stmt.stop, writer), [*(c.out for c in made), end], test)
            elif not window.at_once:
                self.behind(window, self.places(window, stmt.stop, writer), [c.out for c in made], test)

    def held(self, atom: Atom | None) -> Atom:
        """What a slot holds at the end of an iteration, in which it was reached."""
        assert atom is not None
        return atom

    # -- before and after ----------------------------------------------------------------------------------------

    def places(self, window: Window, at: Atom, writer: Writer) -> list[Index]:
        """The indices of the slots behind the first, in the iteration that begins at a value of the loop's index."""
        use, found = window.uses[0], list[Index]()
        for slot in range(1, window.width):
            form = self.affine.form(at).times(use.sign) + use.rest
            moved = form.shift(window.lead - window.along * slot)
            found.append(tuple(writer.value(moved if f is None else f) for f in use.others))
        return found

    def entering(self, window: Window, places: Sequence[Index], test: Var | None) -> list[Atom]:
        """The slots before the loop; anything where it does not run."""
        if test is None:
            return [self.b.load(window.array, place, hint(window)) for place in places]
        with self.b.block() as lines:
            values = [self.b.load(window.array, place, hint(window)) for place in places]
        element = self.b.type(window.array)
        zero = scalar(0.0, element.dtype) if element.is_float else Const(element.numpy.type(0))
        outs = [Out(self.again(window), value, zero) for value in values]
        self.b.add(Branch(test, tuple(lines), (), tuple(outs), self.b.span))
        return [out.var for out in outs]

    def behind(
        self, window: Window, places: Sequence[Index], values: Sequence[Atom], test: Var | None, add: bool = False
    ) -> None:
        """The slots after the loop, where it has run."""
        with self.b.block() as lines:
            for place, value in zip(places, values, strict=True):
                self.b.store(window.array, place, value, add=add)
        if test is None:
            self.b.extend(lines)
        else:
            self.b.add(Branch(test, tuple(lines), (), (), self.b.span))

    def again(self, window: Window) -> Var:
        """A name for an element."""
        return self.b.var(hint(window), Type(self.b.type(window.array).dtype))

    # -- the body ------------------------------------------------------------------------------------------------

    def name(self, atom: Atom) -> Atom:
        """What stands for an atom."""
        return self.names.get(atom, atom) if isinstance(atom, Var) else atom

    def statement(self, stmt: Stmt, position: int) -> None:
        """One line of the loop."""
        found = next(((k, u) for k, w in enumerate(self.windows) for u in w.uses if u.position == position), None)
        if found is None:
            self.b.add(stmt)
            return
        window, slots = self.windows[found[0]], self.slots[found[0]]
        slot = window.slot(found[1])
        assert isinstance(stmt, (Load, Store))
        if isinstance(stmt, Load):
            held = slots[slot]
            if held is None:
                self.b.add(stmt)
                slots[slot] = stmt.target
            else:
                self.names[stmt.target] = held
            return
        value = stmt.value
        if stmt.add and not (slot == window.width - 1 and window.ends_cleared):
            before = slots[slot]
            if before is None:
                before = self.b.load(stmt.array, stmt.index, hint(window))
            value = self.b.emit("add", before, value, hint=hint(window))
        slots[slot] = converted(self.b, value, Type(self.b.type(stmt.array).dtype))
        if window.at_once:
            self.b.store(stmt.array, stmt.index, plain(self.held(slots[slot])))

    def leaving(self, window: Window, slots: list[Atom | None]) -> None:
        """Store the element that leaves the window."""
        if not window.at_once:
            last = window.use_of(window.width - 1).stmt
            index = tuple(self.name(i) if isinstance(i, Var) else i for i in last.index)
            self.b.store(window.array, index, plain(self.held(slots[-1])))


def hint(window: Window) -> str:
    """A name for the elements of a window."""
    return f"{window.array}_here"
