"""Additions to neighbouring elements are put off, so that a loop of stencil adjoints can be vectorised.

The adjoint of a stencil adds to `u_bar[i - 1]`, `u_bar[i]` and `u_bar[i + 1]` in one iteration: each iteration needs
what the one before has just stored, and nothing can be vectorised. Kept in a work array and added in a loop of their
own, the additions of one offset meet no others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from adcompiler.analysis.affine import Affine, affine
from adcompiler.analysis.alias import Aliases, aliases
from adcompiler.analysis.constraints import Form
from adcompiler.analysis.dependence import Dependence, dependence
from adcompiler.analysis.scope import definitions
from adcompiler.analysis.turns import Turn, turns
from adcompiler.ir.build import ONE, ZERO, Builder, with_body
from adcompiler.ir.walk import all_defs, index_atoms, map_blocks, rename
from adcompiler.ir.wengert import (
    Assign,
    Atom,
    Block,
    Branch,
    Check,
    Const,
    Draw,
    Func,
    Load,
    Loop,
    Print,
    Stmt,
    Store,
    Var,
    While,
)
from adcompiler.optimise.elements.halves import Half, halves, lines_of
from adcompiler.optimise.elements.planes import Planes, neighbours, nested, place

Place = tuple[Var, int, tuple[Atom | None, ...], Form]


@dataclass(frozen=True, slots=True)
class Addition:
    """`array[…, i + offset, …] += value`; `place` is what additions of all offsets have in common.

    At `(i + 1) % n` an addition is at a place of its own: in between it does not move with the index.
    """

    stmt: Store
    place: Place
    offset: int
    turns: Assign | None = None


@dataclass(frozen=True, slots=True)
class Late:
    """Additions at one place that are put off, with a work array for each offset: its elements begin at `reach`."""

    additions: list[Addition]
    works: dict[int, Var]
    reach: int


@dataclass(slots=True)
class Scatter:
    """The state of the pass; `setup` allocates the work arrays, before the top-level statement at hand."""

    b: Builder
    fn: Func
    forms: Affine
    memory: Aliases
    over: Dependence
    top: set[Var]
    turned: Mapping[Var, Turn]
    planes: bool = True
    setup: list[Stmt] = field(default_factory=list)

    def block(self, block: Block) -> Block:
        """A block with its innermost loops rewritten."""
        built: list[Stmt] = []
        for stmt in block:
            if isinstance(stmt, Loop) and (inner := self.plane(stmt)) is not None:
                built += self.rows(stmt, inner)
            elif isinstance(stmt, Loop) and self.is_simple(stmt):
                built += self.loop(stmt)
            else:
                built.append(map_blocks(stmt, self.block))
        return tuple(built)

    def is_simple(self, loop: Loop) -> bool:
        """Whether a loop is innermost, counts up by one, is never left early, and its length is known at the top level.

        A loop that runs backwards has an order to keep, and would not be vectorised.
        """
        regions = any(isinstance(s, (Loop, While, Branch, Check, Print, Draw)) for s in loop.body)
        bounds = {a for a in (loop.start, loop.stop) if isinstance(a, Var)}
        return not regions and loop.step == ONE and loop.until is None and bounds <= self.top

    def plane(self, outer: Loop) -> Loop | None:
        """The loop in a loop over the rows of a plane of known size, if it is simple."""
        inner = nested(outer)
        bounds = {a for a in (outer.start, outer.stop) if isinstance(a, Var)}
        return inner if self.planes and inner is not None and self.is_simple(inner) and bounds <= self.top else None

    def rows(self, outer: Loop, inner: Loop) -> Iterator[Stmt]:
        """The loops over a plane, and for each value that goes to several rows others that gather it."""
        found = list(neighbours(self.forms, outer, inner, self.only_added(inner)))
        turns = not outer.carried and len({group.gap(0) for group in found}) == 1
        planes = Planes(self.b, outer, inner, turns)
        with self.b.block() as lines:
            groups = [(group, planes.allocate(group)) for group in found]
        self.setup += lines
        first = map_blocks(planes.first(groups) if groups else outer, self.block)
        assert isinstance(first, Loop)
        if turns:
            yield from planes.together(first, groups)
            return
        yield first
        for group, plane in groups:
            yield from planes.second(group, plane)

    def loop(self, loop: Loop) -> Iterator[Stmt]:
        """The loop, and for each place one that adds what it puts off there."""
        groups: dict[Place, list[Addition]] = {}
        for addition in self.additions(loop):
            groups.setdefault(addition.place, []).append(addition)
        put_off = [found for found in (self.put_off(place, groups) for place in groups) if found]
        if not put_off:
            yield loop
            return
        late = self.late(loop, put_off)
        yield self.without(loop, late)
        for found in late:
            yield from self.second(loop, found)

    def put_off(self, place: Place, groups: dict[Place, list[Addition]]) -> list[Addition]:
        """The additions at a place that are put off: all but those of one offset at one place of an array."""
        members = groups[place]
        # what turns is never what stays
        rank = {p: (found[0].turns is None, len({a.offset for a in found})) for p, found in groups.items()}
        widest = max((p for p in groups if p[0] == place[0]), key=lambda p: rank[p])
        offsets = sorted({a.offset for a in members})
        # what is left in place is the offset in the middle
        stays = offsets[len(offsets) // 2] if place == widest else None
        return [a for a in members if a.offset != stays]

    def additions(self, loop: Loop) -> Iterator[Addition]:
        """The additions of a loop that can be put off."""
        changing = self.changing(loop)
        for stmt in self.only_added(loop):
            found = self.addition(stmt, loop.index, changing)
            if found is not None:
                yield found

    def changing(self, loop: Loop) -> set[Var]:
        """The names whose values differ between the iterations of a loop, as far as that is known."""
        found = {loop.index, *(c.var for c in loop.carried)}
        for stmt in loop.body:
            if not isinstance(stmt, Assign) or any(a in found or self.b.type(a).rank for a in stmt.args):
                found |= all_defs([stmt])
        return found

    def only_added(self, loop: Loop) -> list[Store]:
        """The additions of a loop to arrays that it touches in no other way."""
        touched = {s.array for s in loop.body if isinstance(s, Load) or (isinstance(s, Store) and not s.add)}
        stores = [s for s in loop.body if isinstance(s, Store) and s.add]
        return [s for s in stores if not any(self.share(s.array, array) for array in touched)]

    def share(self, a: Var, b: Var) -> bool:
        """Whether two arrays that one iteration uses may share memory; buffers that a loop exchanges do not."""
        defined = self.over.defs.get(a)
        exchanged = defined is not None and self.over.apart(a, b, {defined.path})
        return self.memory.root(a) == self.memory.root(b) and not exchanged

    def addition(self, stmt: Store, index: Var, changing: set[Var]) -> Addition | None:
        """A store as an addition at an offset of the loop's index, along one axis; the other axes stay."""
        moving = [k for k, a in enumerate(stmt.index) if isinstance(a, Var) and a in changing]
        if len(moving) != 1 or not all(isinstance(a, (Var, Const)) for a in stmt.index):
            return None
        axis = moving[0]
        at = stmt.index[axis]
        assert isinstance(at, Var)
        form, turns = self.forms.form(at), self.turns(at, index, changing)
        if turns is None and not self.moves(form, index, changing):
            return None
        others = tuple(a if k != axis else None for k, a in enumerate(stmt.index))
        common = (stmt.array, axis, others, Form(form.terms, 0))
        return Addition(stmt, common, form.constant, turns)  # type: ignore[arg-type]

    def turns(self, at: Var, index: Var, changing: set[Var]) -> Assign | None:
        """The line of a remainder of what moves with the index, by what stays; None for any other name."""
        d = self.forms.defs.get(at)
        line = None if d is None else d.stmt
        if not isinstance(line, Assign) or line.op != "mod" or line.args[1] in changing:
            return None
        return line if self.moves(self.forms.form(line.args[0]), index, changing) else None

    def moves(self, form: Form, index: Var, changing: set[Var]) -> bool:
        """Whether a number moves with the index, one by one."""
        return form.coefficient(index) == 1 and not any(s in changing and s != index for s, _ in form.terms)

    def late(self, loop: Loop, put_off: list[list[Addition]]) -> list[Late]:
        """Work arrays for what is put off: an element for each iteration, and zeros around them.

        With the zeros the second loop may add all offsets at once, at elements that not every offset reaches. What
        receives the same values shares a work array.
        """
        reach = max(gap(additions) for additions in put_off)
        with self.b.block() as lines:
            trips = self.b.int("maximum", self.b.int("sub", loop.stop, loop.start), ZERO)
            size = self.b.int("add", trips, Const(2 * reach))
            made: dict[tuple[str, tuple[Atom, ...]], Var] = {}
            found = list[Late]()
            for additions in put_off:
                works = dict[int, Var]()
                array = additions[0].stmt.array
                dtype = self.b.type(array).dtype
                for offset in sorted({a.offset for a in additions}):
                    key = dtype, tuple(a.stmt.value for a in additions if a.offset == offset)
                    if key not in made:
                        made[key] = self.b.emit("zeros" if reach else "empty", size, dtype=dtype, hint=f"{array}_later")
                    works[offset] = made[key]
                found.append(Late(additions, works, reach))
        self.setup += lines
        return found

    def without(self, loop: Loop, late: list[Late]) -> Loop:
        """The loop with additions replaced by stores into work arrays."""
        homes = {id(a.stmt): (k, a.offset) for k, found in enumerate(late) for a in found.additions}
        totals: dict[tuple[int, int], Atom] = {}
        with self.b.block() as lines:
            for stmt in loop.body:
                home = homes.get(id(stmt))
                if home is None or not isinstance(stmt, Store):
                    self.b.add(stmt)
                    continue
                before = totals.get(home)
                totals[home] = stmt.value if before is None else self.b.emit("add", before, stmt.value)
            # places and offsets that share a work array store the same
            stored = {late[k].works[offset]: (total, late[k].reach) for (k, offset), total in totals.items()}
            for work, (total, reach) in stored.items():
                self.b.store(work, (place(self.b, loop, loop.index, reach),), total)
        return replace(loop, body=tuple(lines))

    def second(self, loop: Loop, late: Late) -> Block:
        """The loop that adds what was put off; the lines of its index are computed again."""
        first, wide = min(late.additions, key=lambda a: a.offset), gap(late.additions)
        lines = lines_of(loop, set(index_atoms(first.stmt.index)))
        with self.b.block() as around:
            for half in self.halves(loop, first, lines):
                self.adding(loop, half, late, first)
            if around:
                return tuple(around)
            stop = self.b.int("add", loop.stop, Const(wide))
            self.adding(loop, Half(loop.start, stop, lines), late, first)
            if wide:
                # a loop that does not run has no element either
                with self.b.block() as test:
                    runs = self.b.emit("lt", loop.start, loop.stop, hint="runs", weak=True)
                inner = around.copy()
                around[:] = [*test, Branch(runs, tuple(inner), (), (), loop.span)]
        return tuple(around)

    def halves(self, loop: Loop, addition: Addition, lines: Block) -> tuple[Half, ...]:
        """The halves of a loop of additions that go around once."""
        if addition.turns is None:
            return ()
        return halves(self.b, loop, addition.turns, self.turned.get(addition.turns.target), lines)

    def adding(self, loop: Loop, half: Half, late: Late, first: Addition) -> None:
        """Append iterations that add what those of the first loop have put off."""
        index = half.start if half.once else self.b.like(loop.index)
        names: dict[Var, Atom] = {loop.index: index, **{v: self.b.like(v) for v in all_defs(half.lines)}}
        with self.b.block() as body:
            self.b.extend(rename(half.lines, names))
            total: Atom | None = None
            for offset, work in late.works.items():
                share = self.b.load(work, (place(self.b, loop, index, late.reach + first.offset - offset),))
                total = share if total is None else self.b.emit("add", total, share)
            assert total is not None
            at = tuple(names.get(a, a) if isinstance(a, Var) else a for a in first.stmt.index)
            self.b.store(first.stmt.array, at, total, add=True)
        self.b.add(half.region(self.b, loop, index, tuple(body)))


def gap(additions: list[Addition]) -> int:
    """How far the outermost offsets are apart."""
    offsets = [a.offset for a in additions]
    return max(offsets) - min(offsets)


def put_off_additions(fn: Func) -> Func:
    """Split loops that add to neighbouring elements.

    Before:  for i in range(1, n): a[i] += t; a[i - 1] += u
    After:   for i in range(1, n): a[i] += t; a_later[i] = u
             for i in range(1, n): a[i - 1] += a_later[i - 1]
    """
    return _put_off(fn, True)


def put_off_in_rows(fn: Func) -> Func:
    """Split innermost loops alone: of the rows of a plane each waits for others where additions to them are put off."""
    return _put_off(fn, False)


def _put_off(fn: Func, planes: bool) -> Func:
    defs = definitions(fn)
    b = Builder.of(fn)
    top = {v for v, d in defs.items() if not d.frames}
    scatter = Scatter(b, fn, affine(fn), aliases(fn), dependence(fn), top, turns(fn), planes)
    body: list[Stmt] = []
    for stmt in fn.body:
        rewritten = scatter.block((stmt,))
        body += [*scatter.setup, *rewritten]
        scatter.setup.clear()
    return with_body(fn, tuple(body), b)
