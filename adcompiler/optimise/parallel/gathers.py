"""Threads gather what is added to elements of their own, instead of adding to elements of others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from adcompiler.ir.build import ONE, ZERO, Builder, make_func
from adcompiler.ir.threads import is_own, thread_name
from adcompiler.ir.types import BOOL, INDEX
from adcompiler.ir.walk import all_defs, map_blocks, rename
from adcompiler.ir.wengert import Assign, Atom, Block, Branch, Const, Func, Loop, Stmt, Store, Var
from adcompiler.optimise.lines.simplify import simplify
from adcompiler.optimise.parallel.guarded import uniform_lines
from adcompiler.optimise.parallel.sources import Source, Sources, part
from adcompiler.optimise.parallel.threads import add_up


def gathered(sources: Sources, chosen: Sequence[Source]) -> Func:
    """The program of a thread that makes all additions of `chosen` to the elements that it owns.

    Before:  i = grid; if i < n: y_bar[i - 1] += f(i); y_bar[i + 1] += g(i)
    After:   for i in range(grid, min(dim(y_bar), threads + 1), threads): y_bar[i] += f(i + 1) + g(i - 1)

    where `f` and `g` are zero for what is no number of a thread, or is left out by a guard.

    Before:  i = grid; if i < n: for j in range(n): y_bar[j] += f(i, j)
    After:   for j in range(grid, n, threads): for i in range(min(n, threads)): y_bar[j] += f(i, j)
    """
    fn = sources.fn
    b = Builder.of(fn)
    sizes = tuple(Var(thread_name("grid_size", axis)) for axis in sources.axes)
    b.types.update({v.name: INDEX for v in sizes})
    with b.block() as body:
        lines = uniform_lines(fn, [p for p in fn.params if is_own(p.name)])
        top: dict[Var, Atom] = {s.target: b.like(s.target) for s in lines}
        b.extend(rename(tuple(lines), top))
        nests = Nests(b, sources, sizes, top)
        for found in _groups(chosen):
            if found[0].loop is None:
                nests.stencil(found)
            else:
                nests.pairs(found, found[0].loop)
    params = [*fn.params, *(v for v in sizes if v not in fn.params)]
    return simplify(make_func(fn.name, params, tuple(body), (), b.types, b.shapes))


def _groups(chosen: Sequence[Source]) -> Iterator[list[Source]]:
    """The additions that one nest makes: those of a loop, or to an array."""
    groups: dict[object, list[Source]] = {}
    for source in chosen:
        alone = source.loop is None
        key = source.store.array if alone else (source.loop.index, source.shifts)  # type: ignore[union-attr]
        groups.setdefault(key, []).append(source)
    yield from groups.values()


@dataclass(frozen=True, slots=True)
class Nests:
    """Writes loops over elements: of each, a thread has those at its number and then at steps of all threads.

    `sizes` are the numbers of threads along the axes; `top` has the names of lines that are the same for all threads.
    """

    b: Builder
    sources: Sources
    sizes: tuple[Var, ...]
    top: Mapping[Var, Atom]

    def stencil(self, found: Sequence[Source]) -> None:
        """Append the loops over the elements of an array whose indices tell the threads that add to them."""
        b, array, axes = self.b, found[0].store.array, found[0].axes
        elements = tuple(b.var(hint, INDEX) for hint, _ in zip("ijk", axes, strict=False))
        by_shifts: dict[tuple[int, ...], list[Source]] = {}
        for source in found:
            by_shifts.setdefault(source.shifts, []).append(source)
        with b.block() as body:
            with b.block() as lines:
                for members in by_shifts.values():
                    self.thread(members, elements)
            self.sums(tuple(lines), found, elements)
        for k, element in enumerate(elements):
            stop = self.end(k, b.emit("dim", array, axis=axes[k], hint=f"n_{array}"), found)
            start = Var(thread_name("grid", self.sources.axes[k]))
            body = [Loop(element, start, stop, self.sizes[k], (), tuple(body), None, False, None)]
        b.extend(body)

    def end(self, k: int, extent: Atom, found: Sequence[Source]) -> Atom:
        """The end of the elements along an axis to which threads of the launch may add."""
        items = self.sources.items
        count: Atom = self.sizes[k]
        if items is not None:
            if isinstance(items.stop, Var) and items.stop not in self.sources.uniform:
                return extent
            count = self.above(items.stop)
        last = max(0, *(source.shifts[k] for source in found))
        return self.b.int("minimum", extent, self.b.int("add", count, Const(last)))

    def thread(self, found: Sequence[Source], elements: Sequence[Var]) -> None:
        """Append what one thread adds to an element, if there is such a thread."""
        b, shifts = self.b, found[0].shifts
        with b.at(found[0].store.span):
            numbers = [
                b.int("sub", e, Const(s)) if s > 0 else b.int("add", e, Const(-s))
                for e, s in zip(elements, shifts, strict=True)
            ]
            tests = [b.emit("ge", t, ZERO) for t, s in zip(numbers, shifts, strict=True) if s > 0]
            if self.sources.items is None:
                tests += [b.emit("lt", t, size) for t, size in zip(numbers, self.sizes, strict=True)]
            test = tests[0] if tests else None
            for other in tests[1:]:
                test = b.emit("logical_and", test, other)  # type: ignore[arg-type]
            with b.block() as lines:
                self.run(found, dict(zip(self.sources.numbers, numbers, strict=True)), elements)
            b.extend(lines if test is None else [Branch(test, tuple(lines), (), (), None)])

    def pairs(self, found: Sequence[Source], loop: Loop) -> None:
        """Append a loop over elements, and in it one over threads, where each thread has a loop over elements."""
        b, items = self.b, self.sources.items
        index, thread = b.like(loop.index), b.var("i", INDEX)
        start, stop = self.above(loop.start), self.above(loop.stop)
        count = b.int("sub", stop, start)
        if items is None:
            count = b.int("minimum", count, self.sizes[0])
        with b.block() as body:
            (shift,) = found[0].shifts
            element = b.int("add" if shift >= 0 else "sub", index, Const(abs(shift)))
            with b.block() as lines:
                with b.block() as inner:
                    self.run(found, {self.sources.numbers[0]: thread, loop.index: index}, (element,))
                b.add(Loop(thread, ZERO, count, ONE, (), tuple(inner), None, False, loop.span))
            self.sums(tuple(lines), found, (element,))
        first = b.int("add", start, Var(thread_name("grid", 0)))
        b.add(Loop(index, first, stop, self.sizes[0], (), tuple(body), None, False, None))

    def above(self, atom: Atom) -> Atom:
        """The name above all loops of what is the same for all threads."""
        return self.top.get(atom, atom) if isinstance(atom, Var) else atom

    def run(self, found: Sequence[Source], numbers: Mapping[Var, Atom], elements: Sequence[Atom]) -> None:
        """Append the part of a thread's program that makes some additions, with its numbers and elements."""
        b, items = self.b, self.sources.items
        at = {id(s.store): dict(zip(s.axes, elements, strict=True)) for s in found}

        def visit(block: Block) -> Block:
            done: list[Stmt] = []
            for stmt in block:
                if isinstance(stmt, Store) and id(stmt) in at:
                    index = (at[id(stmt)].get(k, a) for k, a in enumerate(stmt.index))
                    done.append(replace(stmt, index=tuple(index)))
                elif isinstance(stmt, Loop) and stmt.index in numbers:
                    inner = visit(stmt.body)
                    if items is not None and stmt.index == items.index:
                        test = b.var("test", BOOL)
                        done.append(Assign(test, "lt", (stmt.index, stmt.stop), (), stmt.span))
                        inner = (Branch(test, inner, (), (), stmt.span),)
                    done += inner
                else:
                    done.append(map_blocks(stmt, visit))
            return tuple(done)

        body = visit(part(self.sources.fn, [s.store for s in found]).body)
        names = {v: b.like(v) for v in sorted(all_defs(body), key=str)}
        b.extend(rename(body, {**names, **numbers}))

    def sums(self, lines: Block, found: Sequence[Source], elements: Sequence[Atom]) -> None:
        """Append lines that add up what they add to elements."""
        same = {p for p in self.sources.fn.params if not is_own(p.name)} | {e for e in elements if isinstance(e, Var)}
        add_up(self.b, lines, frozenset(s.store.array for s in found), same)


__all__ = ["gathered"]
