"""Additions to neighbouring elements are put off, so that a loop of stencil adjoints can be vectorised.

The adjoint of a stencil adds to `u_bar[i - 1]`, `u_bar[i]` and `u_bar[i + 1]` in one iteration: each iteration needs
what the one before has just stored, and nothing can be vectorised. Kept in a work array and added in a loop of their
own, the additions of one offset meet no others.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from adcompiler.analysis.affine import Affine, affine
from adcompiler.analysis.alias import Aliases, aliases
from adcompiler.analysis.fourier import Form
from adcompiler.analysis.scope import definitions
from adcompiler.ir.build import ONE, ZERO, Builder, make_func
from adcompiler.ir.walk import all_defs, all_reads, map_blocks, operands, rename
from adcompiler.ir.wengert import Atom, Block, Branch, Check, Const, Func, Load, Loop, Print, Stmt, Store, Var, While

Place = tuple[Var, int, tuple[Atom | None, ...], Form]


@dataclass(frozen=True, slots=True)
class Addition:
    """`array[…, i + offset, …] += value`; `place` is what additions of all offsets have in common."""

    stmt: Store
    place: Place
    offset: int


@dataclass(slots=True)
class Scatter:
    """The state of the pass; `setup` allocates the work arrays, before the top-level statement at hand."""

    b: Builder
    fn: Func
    forms: Affine
    memory: Aliases
    top: set[Var]
    setup: list[Stmt] = field(default_factory=list)

    def block(self, block: Block) -> Block:
        """A block with its innermost loops rewritten."""
        built: list[Stmt] = []
        for stmt in block:
            if isinstance(stmt, Loop) and self.is_simple(stmt):
                built += self.loop(stmt)
            else:
                built.append(map_blocks(stmt, self.block))
        return tuple(built)

    def is_simple(self, loop: Loop) -> bool:
        """Whether a loop is innermost, counts up by one, is never left early, and its length is known at the top level.

        A loop that runs backwards has an order to keep, and would not be vectorised.
        """
        regions = any(isinstance(s, (Loop, While, Branch, Check, Print)) for s in loop.body)
        bounds = {a for a in (loop.start, loop.stop) if isinstance(a, Var)}
        return not regions and loop.step == ONE and loop.until is None and bounds <= self.top

    def loop(self, loop: Loop) -> Iterator[Stmt]:
        """The loop, and loops that add what it puts off."""
        groups: dict[Place, list[Addition]] = {}
        for addition in self.additions(loop):
            groups.setdefault(addition.place, []).append(addition)
        late: dict[tuple[Place, int], list[Addition]] = {}
        for place, members in groups.items():
            offsets = sorted({a.offset for a in members})
            # what is left in place is the offset in the middle
            for offset in offsets[: len(offsets) // 2] + offsets[len(offsets) // 2 + 1 :]:
                late[place, offset] = [a for a in members if a.offset == offset]
        moved = {id(a.stmt): key for key, members in late.items() for a in members}
        works = {key: self.work(loop, key) for key in late}
        yield self.without(loop, moved, works)
        for key, members in late.items():
            yield self.second(loop, works[key], members[0].stmt)

    def additions(self, loop: Loop) -> Iterator[Addition]:
        """The additions of a loop to arrays that it touches in no other way."""
        touched = {self.memory.root(s.array) for s in loop.body if isinstance(s, Load)}
        touched |= {self.memory.root(s.array) for s in loop.body if isinstance(s, Store) and not s.add}
        changing = {loop.index, *(c.var for c in loop.carried), *all_defs(loop.body)}
        for stmt in loop.body:
            if isinstance(stmt, Store) and stmt.add and self.memory.root(stmt.array) not in touched:
                found = self.addition(stmt, loop.index, changing)
                if found is not None:
                    yield found

    def addition(self, stmt: Store, index: Var, changing: set[Var]) -> Addition | None:
        """A store as an addition at an offset of the loop's index, along one axis; the other axes stay."""
        moving = [k for k, a in enumerate(stmt.index) if isinstance(a, Var) and a in changing]
        if len(moving) != 1 or not all(isinstance(a, (Var, Const)) for a in stmt.index):
            return None
        axis = moving[0]
        at = stmt.index[axis]
        assert isinstance(at, Var)
        form = self.forms.form(at)
        if form.coefficient(index) != 1 or any(s in changing and s != index for s, _ in form.terms):
            return None
        others = tuple(a if k != axis else None for k, a in enumerate(stmt.index))
        return Addition(stmt, (stmt.array, axis, others, Form(form.terms, 0)), form.constant)  # type: ignore[arg-type]

    def work(self, loop: Loop, key: tuple[Place, int]) -> Var:
        """A work array with one element for each value of the loop's index."""
        array = key[0][0]
        with self.b.block() as lines:
            size = self.b.int("maximum", loop.stop, ZERO)
            made = self.b.emit("empty", size, dtype=self.b.type(array).dtype, hint=f"{array}_later")
        self.setup += lines
        return made

    def without(self, loop: Loop, moved: dict[int, tuple[Place, int]], works: dict[tuple[Place, int], Var]) -> Loop:
        """The loop with additions replaced by stores into work arrays."""
        totals: dict[tuple[Place, int], Atom] = {}
        with self.b.block() as lines:
            for stmt in loop.body:
                key = moved.get(id(stmt))
                if key is None or not isinstance(stmt, Store):
                    self.b.add(stmt)
                else:
                    before = totals.get(key)
                    totals[key] = stmt.value if before is None else self.b.emit("add", before, stmt.value)
            for key, total in totals.items():
                self.b.store(works[key], (loop.index,), total)
        return Loop(
            loop.index, loop.start, loop.stop, loop.step, loop.carried, tuple(lines), None, loop.parallel, loop.span
        )

    def second(self, loop: Loop, work: Var, stmt: Store) -> Loop:
        """The loop that adds what was put off; the lines of its index are computed again."""
        index = self.b.like(loop.index)
        needed = {a for a in operands(stmt) if isinstance(a, Var)} - {stmt.value}
        lines: list[Stmt] = []
        for line in reversed(loop.body):
            if not isinstance(line, Store) and needed & all_defs([line]):
                lines.insert(0, line)
                needed |= all_reads([line])
        names: dict[Var, Atom] = {loop.index: index, **{v: self.b.like(v) for v in all_defs(lines)}}
        with self.b.block() as body:
            self.b.extend(rename(tuple(lines), names))
            at = tuple(names.get(a, a) if isinstance(a, Var) else a for a in stmt.index)
            self.b.store(stmt.array, at, self.b.load(work, (index,)), add=True)
        return Loop(index, loop.start, loop.stop, loop.step, (), tuple(body), None, False, loop.span)


def put_off_additions(fn: Func) -> Func:
    """Split loops that add to neighbouring elements.

    Before:  for i in range(1, n): a[i] += t; a[i - 1] += u
    After:   for i in range(1, n): a[i] += t; a_later[i] = u
             for i in range(1, n): a[i - 1] += a_later[i]
    """
    defs = definitions(fn)
    b = Builder.of(fn)
    top = {v for v, d in defs.items() if not d.frames}
    scatter = Scatter(b, fn, affine(fn, defs), aliases(fn), top)
    body: list[Stmt] = []
    for stmt in fn.body:
        rewritten = scatter.block((stmt,))
        body += [*scatter.setup, *rewritten]
        scatter.setup.clear()
    return make_func(fn.name, fn.params, tuple(body), fn.results, b.types, b.shapes, fn.doc)
