"""The lines of a loop that runs in batches: its parts, one after the other, with the products between them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from adcompiler.ir.build import ONE, ZERO, Builder, scalar
from adcompiler.ir.types import INDEX, Type
from adcompiler.ir.walk import all_defs, as_var, defines, rename
from adcompiler.ir.wengert import (
    Assign,
    Atom,
    Branch,
    Carry,
    Const,
    Load,
    Loop,
    Out,
    Stmt,
    Store,
    Var,
)
from adcompiler.optimise.lowering.batchrows import Batched, Group, Rows
from adcompiler.optimise.lowering.rowwise import Gathered, Nest, Spread, bounds

_FLOAT = Type("float64")


def write_batches(b: Builder, batched: Batched) -> None:
    """Append a loop that runs in batches, the first rows first."""
    start, stop = bounds(b, batched.loop)
    loop = replace(batched.loop, start=start, stop=stop, step=ONE)
    of = Rows(replace(batched, loop=loop))
    trips = b.int("sub", loop.stop, loop.start)
    rows = of.count(b, trips)
    count = b.int("floordiv", b.int("add", trips, b.int("sub", rows, ONE)), rows)
    index = b.var("batch", INDEX)
    begun = {c.out: b.like(c.var) for c in loop.carried}
    latest = dict(begun)
    with b.block() as body:
        of.begin = b.int("add", loop.start, b.int("mul", index, rows), "begin")
        of.end = b.int("minimum", b.int("add", of.begin, rows), loop.stop, "end")
        of.here = b.int("sub", of.end, of.begin, "rows")
        of.prepare(b)
        for group in batched.groups:
            _Part(b, of, group).write(latest)
    carried = tuple(Carry(begun[c.out], c.init, latest[c.out], c.out) for c in loop.carried)
    b.note("some rows at a time: what each of them sums up with a matrix is a product of matrices")
    b.add(Loop(index, ZERO, count, ONE, carried, tuple(body), None, False, loop.span))


@dataclass(frozen=True, slots=True)
class _Part:
    """Writes one group of lines for the rows of a batch, with the products before and behind it."""

    b: Builder
    of: Rows
    group: Group

    def write(self, latest: dict[Var, Var]) -> None:
        """Append it; what it adds to the `latest` sums, by the names that they have behind the loop."""
        b, of = self.b, self.of
        for p in self.group.products:
            if isinstance(p, Gathered):
                with b.at(p.nest.inner.span):
                    self.gather(p)
        index = b.like(of.loop.index)
        with b.block() as body:
            row = b.int("sub", index, of.begin, "row")
            sums = {c.var: b.like(c.var) for c in self.group.carried}
            names: dict[Var, Atom] = {of.loop.index: index, **sums}
            names |= {v: b.restored(v, b.load(of.held[v], (row,), hint=v.name)) for v in self.group.taken}
            own = of.batched.own
            lines = [self.line(s, row) for s in self.group.lines if own.keys().isdisjoint(defines(s))]
            b.extend(rename(of.at(tuple(lines), row), names))
            for v in sorted({v for g in of.batched.groups for v in g.taken} & all_defs(self.group.lines), key=str):
                b.store(of.held[v], (row,), v)
        carried = tuple(Carry(sums[c.var], latest[c.out], c.next, b.like(c.out)) for c in self.group.carried)
        latest |= {c.out: now.out for c, now in zip(self.group.carried, carried, strict=True)}
        b.add(replace(of.loop, index=index, start=of.begin, stop=of.end, carried=carried, body=tuple(body)))
        for p in self.group.products:
            if isinstance(p, Spread):
                with b.at(p.store.span):
                    self.spread(p)

    # -- products ------------------------------------------------------------------------------------------------

    def gather(self, found: Gathered) -> None:
        """Append the product of the rows with a matrix, where its sums wait."""
        b, of, nest = self.b, self.of, found.nest
        sums = of.held[found]
        with b.block() as product:
            factors = (
                of.matrix(b, found.row, nest, of.loop.index),
                of.matrix(b, found.matrix, nest, nest.inner.index),
            )
            b.store(*of.of_rows(b, sums, nest), b.emit("dot", *factors, stored=True))
        self.either(nest, found.matrix if found.guarded else None, product, lambda: self.gather_each(found, sums))

    def either(self, nest: Nest, load: Load | None, product: list[Stmt], each: Callable[[], None]) -> None:
        """Append a product where all loops of a nest run; what `each` appends where `load` is not finite everywhere.

        A factor of zero adds nothing to a sum, also beside an infinite one: this a product does not know.
        """
        b, runs = self.b, self.of.runs[nest]
        if load is None:
            b.add(Branch(runs, tuple(product), (), (), b.span))
            return
        with b.block() as then:
            finite = self.is_finite(nest, load)
        fast = b.like(finite)
        b.add(Branch(runs, tuple(then), (), (Out(fast, finite, Const(False)),), b.span))
        with b.block() as slow:
            each()
        b.add(Branch(fast, tuple(product), tuple(slow), (), b.span))

    def gather_each(self, found: Gathered, sums: Var) -> None:
        """Loops that gather the sums for each row."""
        b, of, nest = self.b, self.of, found.nest
        n, h, i = (b.like(v) for v in (of.loop.index, nest.outer.index, nest.inner.index))
        dtype = b.type(sums).dtype
        before, after, total = (b.var("s", Type(dtype)) for _ in range(3))
        with b.block() as line:
            row = b.int("sub", n, of.begin, "row")
            names: dict[Var, Atom] = {of.loop.index: n, nest.outer.index: h, nest.inner.index: i}
            term = self.term(found.row, found.matrix, found.guarded, names, row)
            b.add(Assign(after, "add", (before, term), (), b.span))
        carried = (Carry(before, scalar(0.0, dtype), after, total),)
        with b.block() as body:
            b.add(Loop(i, *bounds(b, nest.inner), ONE, carried, tuple(line), None, False, b.span))
            b.store(sums, (b.int("sub", n, of.begin, "row"), h), total)
        self.for_rows(n, h, nest, body)

    def spread(self, found: Spread) -> None:
        """Append the product that adds to a matrix what all rows add, or to all rows."""
        b, of, nest = self.b, self.of, found.nest
        held = of.held[nest.place, found.number]
        with b.block() as product:
            self.add(found, held)
        self.either(nest, found.load if found.guarded else None, product, lambda: self.add_each(found, held))

    def add(self, found: Spread, held: Var) -> None:
        """Add the product of factors with a matrix to rows, or with rows to a matrix."""
        b, of, nest = self.b, self.of, found.nest
        factors, (h, i) = b.view(*of.of_rows(b, held, nest), hint=held.name), (nest.outer.index, nest.inner.index)
        if found.to_rows:
            target = found.store.index[0] if len(found.store.index) == 2 else of.loop.index
            order = [factors, of.matrix(b, found.load, nest, h)]
            turned = target != of.loop.index
        else:
            order = [b.emit("transpose", factors, axes=(1, 0), hint=held.name)]
            order.append(of.matrix(b, found.load, nest, of.loop.index))
            turned = found.store.index[0] == i
        if turned:
            order = [b.emit("transpose", m, axes=(1, 0), hint=m.name) for m in reversed(order)]
        b.store(*of.region(b, found.store, nest), b.emit("dot", *order, stored=True), add=True)

    def add_each(self, found: Spread, held: Var) -> None:
        """Loops that add what each row adds."""
        b, of, nest = self.b, self.of, found.nest
        n, h, i = (b.like(v) for v in (of.loop.index, nest.outer.index, nest.inner.index))
        with b.block() as line:
            row = b.int("sub", n, of.begin, "row")
            names: dict[Var, Atom] = {of.loop.index: n, nest.outer.index: h, nest.inner.index: i}
            factor = Load(b.like(as_var(found.number)), held, (row, h), b.span)
            term = self.term(factor, found.load, found.guarded, names, row)
            b.extend(of.at(rename((replace(found.store, value=term),), names), row))
        with b.block() as body:
            b.add(Loop(i, *bounds(b, nest.inner), ONE, (), tuple(line), None, False, b.span))
        self.for_rows(n, h, nest, body)

    def term(self, first: Load, second: Load, guarded: bool, names: dict[Var, Atom], row: Atom) -> Var:
        """Append the lines that compute one term of a sum."""
        b, loads = self.b, (first, second)
        fresh = [b.like(load.target) for load in loads]
        names = names | dict(zip((load.target for load in loads), fresh, strict=True))
        b.extend(self.of.at(rename(loads, names), row))
        return b.emit("cut" if guarded else "mul", *fresh)

    def for_rows(self, n: Var, h: Var, nest: Nest, body: list[Stmt]) -> None:
        """Append lines in a loop over the outer index of a nest, in one over the rows of a batch."""
        b, of = self.b, self.of
        with b.block() as outer:
            b.add(Loop(h, *bounds(b, nest.outer), ONE, (), tuple(body), None, False, b.span))
        b.add(Loop(n, of.begin, of.end, ONE, (), tuple(outer), None, False, b.span))

    def is_finite(self, nest: Nest, load: Load) -> Var:
        """Whether all elements over which a load passes in a batch are finite."""
        b, (array, index) = self.b, self.of.region(self.b, load, nest)
        matrix = b.view(array, index, hint=array.name)
        at = [b.var(name, INDEX) for name in "ij"]
        outer, inner = ([b.var("others", _FLOAT) for _ in range(3)] for _ in at)
        with b.block() as line:
            finite = b.emit("isfinite", b.load(matrix, tuple(at)))
            other = b.emit("where", finite, Const(0.0), Const(1.0))
            b.add(Assign(inner[1], "add", (inner[0], other), (), b.span))
        rows, columns = b.shape(matrix)
        carried = (Carry(inner[0], outer[0], inner[1], inner[2]),)
        body = (Loop(at[1], ZERO, columns, ONE, carried, tuple(line), None, False, b.span),)
        carried = (Carry(outer[0], Const(0.0), inner[2], outer[2]),)
        b.add(Loop(at[0], ZERO, rows, ONE, carried, body, None, False, b.span))
        return b.emit("eq", outer[2], Const(0.0), hint="finite")

    # -- lines ---------------------------------------------------------------------------------------------------

    def line(self, stmt: Stmt, row: Atom) -> Stmt:
        """A line of an iteration; of the loops of products, what is left of them."""
        mine = [p for p in self.group.products if p.nest.outer is stmt]
        if not mine or not isinstance(stmt, Loop):
            return stmt
        b, h = self.b, stmt.index
        with b.block() as body:
            for s in stmt.body:
                here = [p for p in mine if p.nest.inner is s]
                for p in here:
                    if isinstance(p, Gathered):
                        self.use(p, b.load(self.of.held[p], (row, h), hint="sum"))
                b.add(_without(s, here) if here and isinstance(s, Loop) else s)
            for key, number in {(p.nest.place, p.number): p.number for p in mine if isinstance(p, Spread)}.items():
                b.store(self.of.held[key], (row, h), number)
        return replace(stmt, body=tuple(body))

    def use(self, found: Gathered, total: Var) -> None:
        """Append the line that adds a sum to a number, or to an element."""
        b, into = self.b, found.into
        if isinstance(into, Store):
            # without an iteration of the inner loop the element need not be there
            b.add(Branch(self.of.runs[found.nest], (replace(into, value=total),), (), (), b.span))
            return
        line = next(s for s in found.lines if isinstance(s, Assign) and s.target == into.next)
        b.add(replace(line, target=into.out, args=(into.init, total)))


def _without(loop: Loop, products: Sequence[Gathered | Spread]) -> Loop:
    """The inner loop of products, without the lines that they stand for."""
    gone = [s for p in products for s in (p.lines if isinstance(p, Gathered) else (p.store,))]
    ended = [p.into for p in products if isinstance(p, Gathered)]
    body = tuple(s for s in loop.body if not any(s is other for other in gone))
    return replace(loop, carried=tuple(c for c in loop.carried if c not in ended), body=body)


__all__ = ["write_batches"]
