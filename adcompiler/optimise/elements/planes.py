"""Additions of one value to neighbours in several rows are put off until all rows are done.

The adjoint of a stencil on a plane adds what an iteration has computed to elements of the rows before, at and after its
own: each row is read and written three times. Kept in rows of their own, the values are gathered instead, as soon as
the last row that matters is there, and each element is read and written once. A few rows used in turn are enough.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from adcompiler.analysis.affine import Affine
from adcompiler.ir.build import ONE, ZERO, Builder, scalar
from adcompiler.ir.walk import all_defs
from adcompiler.ir.wengert import Assign, Atom, Block, Branch, Const, Loop, Stmt, Store, Var

#: From so many neighbours on a plane is worth its memory.
_FEWEST = 3


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Additions of `value` at `offsets` from the indices of two loops, on two axes of an array; the others stay."""

    stores: tuple[Store, ...]
    axes: tuple[int, int]
    offsets: tuple[tuple[int, int], ...]

    @property
    def value(self) -> Atom:
        """What is added."""
        return self.stores[0].value

    def least(self, axis: int) -> int:
        """The smallest offset along one of the axes."""
        return min(o[axis] for o in self.offsets)

    def gap(self, axis: int) -> int:
        """How far the outermost offsets are apart."""
        return max(o[axis] for o in self.offsets) - self.least(axis)


def nested(outer: Loop) -> Loop | None:
    """The only loop of a loop that has nothing else but lines of scalars; both count up by one to the end."""
    loops = [s for s in outer.body if isinstance(s, Loop)]
    plain = all(isinstance(s, (Loop, Assign)) for s in outer.body) and len(loops) == 1
    steps = plain and outer.step == loops[0].step == ONE and outer.until is None is loops[0].until
    return loops[0] if steps and not outer.parallel else None


def neighbours(forms: Affine, outer: Loop, inner: Loop, additions: list[Store]) -> Iterator[Neighbours]:
    """Additions of one value to elements around that of an iteration, in more than one row."""
    changing = {outer.index, *all_defs(outer.body), *(c.var for c in (*outer.carried, *inner.carried))}
    groups: dict[object, list[tuple[Store, tuple[int, int], tuple[int, int]]]] = {}
    for stmt in additions:
        place = offset(forms, stmt, outer.index, inner.index, changing)
        if place is not None:
            axes, by = place
            rest = tuple(a for k, a in enumerate(stmt.index) if k not in axes)
            groups.setdefault((stmt.array, axes, rest, stmt.value), []).append((stmt, axes, by))
    for members in groups.values():
        found = {by: stmt for stmt, _, by in members}
        if len(found) == len(members) >= _FEWEST and len({by[0] for by in found}) > 1:
            yield Neighbours(tuple(found.values()), members[0][1], tuple(found))


def offset(
    forms: Affine, stmt: Store, row: Var, column: Var, changing: set[Var]
) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """The axes along which a store moves with two loops, and how far from their indices."""
    found: dict[Var, tuple[int, int]] = {}
    for axis, item in enumerate(stmt.index):
        if not isinstance(item, (Var, Const)):
            return None
        form = forms.form(item)
        for index in (row, column):
            if form.terms == ((index, 1),) and index not in found:
                found[index] = axis, form.constant
                break
        else:
            if any(name in changing for name, _ in form.terms) or item in changing:
                return None
    if len(found) != 2:
        return None
    return (found[row][0], found[column][0]), (found[row][1], found[column][1])


@dataclass(slots=True)
class Planes:
    """Writes the loops that keep the values in rows, and those that gather them.

    With `turns` rows are used in turn and gathered in the same loop; without, there is one for each iteration.
    """

    b: Builder
    outer: Loop
    inner: Loop
    turns: bool

    def allocate(self, group: Neighbours) -> Var:
        """Append rows with an element for each iteration, and zeros around them."""
        sizes = [
            self.b.int("add", self.b.int("maximum", self.b.int("sub", loop.stop, loop.start), ZERO), Const(2 * gap))
            for loop, gap in ((self.outer, group.gap(0)), (self.inner, group.gap(1)))
        ]
        if self.turns:
            sizes[0] = Const(mask(group) + 1)
        array = group.stores[0].array
        return self.b.emit("zeros", *sizes, dtype=self.b.type(array).dtype, hint=f"{array}_later")

    def first(self, groups: list[tuple[Neighbours, Var]]) -> Loop:
        """The loops with one store of each value in place of the additions."""
        gone = {id(s) for group, _ in groups for s in group.stores}
        with self.b.block() as body:
            self.b.extend([s for s in self.inner.body if id(s) not in gone])
            for group, plane in groups:
                self.b.store(plane, self.place(group, self.outer.index, self.inner.index, (0, 0)), group.value)
        inner = replace(self.inner, body=tuple(body))
        return replace(self.outer, body=tuple(inner if s is self.inner else s for s in self.outer.body))

    def second(self, group: Neighbours, plane: Var) -> Block:
        """The loops that gather, where the first ones run at all."""
        row = self.b.like(self.outer.index)
        with self.b.block() as around:
            stop = self.b.int("add", self.outer.stop, Const(group.gap(0)))
            with self.b.block() as lines:
                self.gather(group, plane, row)
            self.b.add(Loop(row, self.outer.start, stop, ONE, (), tuple(lines), None, False, self.outer.span))
        return self.guarded(around)

    def together(self, first: Loop, groups: list[tuple[Neighbours, Var]]) -> Block:
        """One loop over the rows, which gathers for one as soon as the last that it gathers from is there."""
        gap, row = groups[0][0].gap(0), self.outer.index
        with self.b.block() as around:
            stop = self.b.int("add", self.outer.stop, Const(gap))
            for behind in range(1, gap + 1):
                for group, plane in groups:
                    self.clear(group, plane, moved(self.b, self.outer.start, -behind))
            with self.b.block() as lines:
                within = self.b.emit("lt", row, self.outer.stop, hint="within", weak=True)
                with self.b.block() as beyond:
                    for group, plane in groups:
                        self.clear(group, plane, row)
                self.b.add(Branch(within, first.body, tuple(beyond), (), self.outer.span))
                for group, plane in groups:
                    self.gather(group, plane, row)
            self.b.add(replace(first, stop=stop, body=tuple(lines)))
        return self.guarded(around)

    def clear(self, group: Neighbours, plane: Var, row: Atom) -> None:
        """Append a loop that says that an iteration of the outer loop adds nothing."""
        column = self.b.like(self.inner.index)
        with self.b.block() as body:
            nothing = scalar(0.0, self.b.type(plane).dtype)
            self.b.store(plane, self.place(group, row, column, (0, 0)), nothing)
        loop = Loop(column, self.inner.start, self.inner.stop, ONE, (), tuple(body), None, False, self.inner.span)
        self.b.add(loop)

    def gather(self, group: Neighbours, plane: Var, row: Var) -> None:
        """Append the loop over the elements of one row."""
        stmt, least, column = group.stores[0], (group.least(0), group.least(1)), self.b.like(self.inner.index)
        stop = self.b.int("add", self.inner.stop, Const(group.gap(1)))
        with self.b.block() as body:
            total: Atom | None = None
            for by in group.offsets:
                ahead = least[0] - by[0], least[1] - by[1]
                share = self.b.load(plane, self.place(group, row, column, ahead))
                total = share if total is None else self.b.emit("add", total, share)
            assert total is not None
            moves = {group.axes[0]: moved(self.b, row, least[0]), group.axes[1]: moved(self.b, column, least[1])}
            at = tuple(moves.get(k, item) for k, item in enumerate(stmt.index))
            self.b.store(stmt.array, at, total, add=True)
        self.b.add(Loop(column, self.inner.start, stop, ONE, (), tuple(body), None, False, self.inner.span))

    def guarded(self, lines: list[Stmt]) -> Block:
        """Lines that run where both loops do."""
        for loop in (self.inner, self.outer):
            # loops that do not run have no elements either
            with self.b.block() as test:
                runs = self.b.emit("lt", loop.start, loop.stop, hint="runs", weak=True)
            lines = [*test, Branch(runs, tuple(lines), (), (), loop.span)]
        return tuple(lines)

    def place(self, group: Neighbours, row: Atom, column: Var, ahead: tuple[int, int]) -> tuple[Atom, Atom]:
        """The place in the rows for values of the two indices, moved `ahead`."""
        across = place(self.b, self.inner, column, group.gap(1) + ahead[1])
        if self.turns:
            return self.turn(moved(self.b, row, ahead[0]), mask(group)), across
        return place(self.b, self.outer, row, group.gap(0) + ahead[0]), across

    def turn(self, row: Atom, last: int) -> Atom:
        """The one of the rows from 0 to `last` whose turn it is."""
        if isinstance(row, Const):
            assert isinstance(row.value, int)
            return Const(row.value & last)
        return self.b.emit("bitand", row, Const(last), hint="row")


def mask(group: Neighbours) -> int:
    """One less than the number of rows that are used in turn, a power of two."""
    return (1 << group.gap(0).bit_length()) - 1


def place(b: Builder, loop: Loop, index: Atom, shift: int) -> Atom:
    """The place in a work array for a value of a loop's index."""
    if isinstance(loop.start, Const):
        assert isinstance(loop.start.value, int)
        return moved(b, index, shift - loop.start.value)
    return moved(b, b.int("sub", index, loop.start), shift)


def moved(b: Builder, index: Atom, by: int) -> Atom:
    """An index moved by a number of elements."""
    return b.int("add", index, Const(by)) if by >= 0 else b.int("sub", index, Const(-by))
