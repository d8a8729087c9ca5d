"""Threads gather what is added to elements of their own, instead of adding to elements of others."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from adcompiler.analysis.constraints import Form
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

    Before:  i = grid; if i < n: for k in range(m): y_bar[i + k] += f(i, k)
    After:   for i in range(grid, dim(y_bar), threads): for k in range(m): y_bar[i] += f(i - k, k)

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
        key = source.store.array if alone else source.group
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
        b, array, axes, radices = self.b, found[0].store.array, found[0].axes, found[0].radices
        elements = tuple(b.var(hint, INDEX) for hint, _ in zip("ijk", axes, strict=False))
        extents = (
            self.lengths(array, radices) if radices else [self.extent(array, axis) for axis in range(max(axes) + 1)]
        )
        groups: dict[Hashable, list[Source]] = {}
        for source in found:
            groups.setdefault(source.group, []).append(source)
        with b.block() as body:
            place = self.place(dict(zip(axes, elements, strict=True)), radices)
            with b.block() as lines:
                for members in groups.values():
                    self.windows(members, elements, place)
            with b.block() as adding:
                self.sums(tuple(lines), found, list(place.values()))
            if radices:
                inside = b.emit("lt", place[0], self.extent(array, 0))
                adding = [Branch(inside, tuple(adding), (), (), None)]
            b.extend(adding)
        for k, element in enumerate(elements):
            stop = self.end(k, extents[axes[k]], found)
            start = Var(thread_name("grid", self.sources.axes[k]))
            body = [Loop(element, start, stop, self.sizes[k], (), tuple(body), None, False, None)]
        b.extend(body)

    def extent(self, array: Var, axis: int) -> Atom:
        """The length of an axis."""
        return self.b.emit("dim", array, axis=axis, hint=f"n_{array}")

    def lengths(self, array: Var, radices: Sequence[Hashable]) -> list[Atom]:
        """How many values each digit of an index into a flattened array may have."""
        found = [self.atom(radix) for radix in radices]
        size = found[0]
        for length in found[1:]:
            size = self.b.int("mul", size, length)
        rows = self.b.int("floordiv", self.extent(array, 0), self.b.int("maximum", size, ONE))
        return [self.b.int("add", rows, ONE), *found]

    def place(self, elements: Mapping[int, Var], radices: Sequence[Hashable]) -> dict[int, Atom]:
        """The index of an element by axes, from that of its digits where the array is flattened."""
        if not radices:
            return dict(elements)
        found: Atom = elements[0]
        for k, radix in enumerate(radices, 1):
            found = self.b.int("add", self.b.int("mul", found, self.atom(radix)), elements[k])
        return {0: found}

    def atom(self, symbol: Hashable) -> Atom:
        """What a symbol of a form stands for, above all loops."""
        if isinstance(symbol, tuple):
            return self.extent(Var(symbol[1]), symbol[2])
        assert isinstance(symbol, Var)
        return self.above(symbol)

    def end(self, k: int, extent: Atom, found: Sequence[Source]) -> Atom:
        """The end of the elements along an axis to which threads of the launch may add."""
        items = self.sources.items
        count: Atom = self.sizes[k]
        if items is not None:
            if isinstance(items.stop, Var) and items.stop not in self.sources.uniform:
                return extent
            count = self.above(items.stop)
        if any(source.shifts[k].terms for source in found):
            return extent
        last = max(0, *(source.shifts[k].constant for source in found))
        return self.b.int("minimum", extent, self.b.int("add", count, Const(last)))

    def windows(self, found: Sequence[Source], elements: Sequence[Var], place: Mapping[int, Atom]) -> None:
        """Append loops over windows around what one thread adds to an element."""
        names = {loop.index: self.b.like(loop.index) for loop in found[0].windows}
        with self.b.block() as body:
            self.thread(found, elements, place, names)
        for loop in reversed(found[0].windows):
            start, stop = self.above(loop.start), self.above(loop.stop)
            body = [Loop(names[loop.index], start, stop, ONE, (), tuple(body), None, False, loop.span)]
        self.b.extend(body)

    def number(self, element: Atom, shift: Form, names: Mapping[Var, Var]) -> Atom:
        """The number of the thread of which an element is so far away."""
        b = self.b
        for term, c in shift.terms:
            step = names[term] if isinstance(term, Var) and term in names else self.atom(term)
            step = step if abs(c) == 1 else b.int("mul", step, Const(abs(c)))
            element = b.int("sub" if c > 0 else "add", element, step)
        s = shift.constant
        return b.int("sub", element, Const(s)) if s > 0 else b.int("add", element, Const(-s))

    def thread(
        self, found: Sequence[Source], elements: Sequence[Var], place: Mapping[int, Atom], names: Mapping[Var, Var]
    ) -> None:
        """Append what one thread adds to an element, if there is such a thread."""
        b, shifts = self.b, found[0].shifts
        with b.at(found[0].store.span):
            numbers = [self.number(e, s, names) for e, s in zip(elements, shifts, strict=True)]
            tests = [b.emit("ge", t, ZERO) for t, s in zip(numbers, shifts, strict=True) if s.terms or s.constant > 0]
            if self.sources.items is None:
                tests += [b.emit("lt", t, size) for t, size in zip(numbers, self.sizes, strict=True)]
            test = tests[0] if tests else None
            for other in tests[1:]:
                test = b.emit("logical_and", test, other)  # type: ignore[arg-type]
            with b.block() as lines:
                self.run(found, {**dict(zip(self.sources.numbers, numbers, strict=True)), **names}, place)
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
            shift = found[0].shifts[0].constant
            element = b.int("add" if shift >= 0 else "sub", index, Const(abs(shift)))
            with b.block() as lines:
                with b.block() as inner:
                    self.run(found, {self.sources.numbers[0]: thread, loop.index: index}, {found[0].axes[0]: element})
                b.add(Loop(thread, ZERO, count, ONE, (), tuple(inner), None, False, loop.span))
            self.sums(tuple(lines), found, (element,))
        first = b.int("add", start, Var(thread_name("grid", 0)))
        b.add(Loop(index, first, stop, self.sizes[0], (), tuple(body), None, False, None))

    def above(self, atom: Atom) -> Atom:
        """The name above all loops of what is the same for all threads."""
        return self.top.get(atom, atom) if isinstance(atom, Var) else atom

    def run(self, found: Sequence[Source], numbers: Mapping[Var, Atom], place: Mapping[int, Atom]) -> None:
        """Append the part of a thread's program that makes some additions, with its numbers and their place."""
        b, items = self.b, self.sources.items
        stores = {id(s.store) for s in found}

        def visit(block: Block) -> Block:
            done: list[Stmt] = []
            for stmt in block:
                if isinstance(stmt, Store) and id(stmt) in stores:
                    index = (place.get(k, a) for k, a in enumerate(stmt.index))
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
