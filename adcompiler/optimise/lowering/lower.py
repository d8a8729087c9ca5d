"""Array lines become loops over elements: what Numba compiles fast, and into fast code."""

from __future__ import annotations

from dataclasses import replace

from adcompiler.ir.build import ZERO, Builder, with_body
from adcompiler.ir.dead import drop_dead
from adcompiler.ir.memory import memory_of
from adcompiler.ir.ops import STORED, kind
from adcompiler.ir.walk import rename
from adcompiler.ir.wengert import (
    Assign,
    Atom,
    Block,
    Branch,
    Check,
    Const,
    Func,
    Load,
    Loop,
    Note,
    Stmt,
    Store,
    Var,
    While,
    is_element,
)
from adcompiler.optimise.lines.common_subexpressions import share_lines
from adcompiler.optimise.lines.constants import fold_constants
from adcompiler.optimise.lines.invariant import hoist_invariants
from adcompiler.optimise.lowering.folds import EMPTY, NEED_ELEMENTS, running_types, start
from adcompiler.optimise.lowering.fuse import fuse_loops
from adcompiler.optimise.lowering.laziness import Laziness, is_computed
from adcompiler.optimise.lowering.nestcode import Writer
from adcompiler.optimise.lowering.nests import Arrays, Member, Nest
from adcompiler.optimise.lowering.places import Places
from adcompiler.optimise.lowering.products import as_sum, is_small
from adcompiler.optimise.lowering.work import hoist_work


def lower_arrays(fn: Func) -> Func:
    """Replace array lines by loops over scalars; what remains of arrays is memory, views and products of matrices.

    Before:  t = x * w; y = exp(t); s = sum(y); return s
    After:   s = 0.0; for i in range(n): s += exp(x[i] * w[i]); return s

    Neighbouring lines over the same elements share a loop, temporaries that only it reads are scalars in it. Parameters
    of which one is written are taken not to overlap: a call that passes such arguments never gets here.
    """
    lowering = Lowering(fn)
    body = lowering.block(fn.body)
    b = lowering.b
    body = rename(body, lowering.arrays.names)
    fn = with_body(fn, body, b)
    fn = fuse_loops(hoist_invariants(share_lines(fold_constants(fn), apart=True)))
    return hoist_work(drop_dead(share_lines(fn, apart=True)), lowering.work)


class Lowering:
    """Walks over blocks with at most one loop nest open, which array lines join while they can."""

    def __init__(self, fn: Func) -> None:
        self.fn, self.b = fn, Builder.of(fn)
        memory = memory_of(fn, apart=True)
        laziness = Laziness(fn, memory)
        self.lazy = laziness.lazy
        self.arrays = Arrays(self.b, memory, Places(self.b), {}, laziness.readers)
        self.arrays.places.natural |= {e for s in fn.shapes.values() for e in s if isinstance(e, Var)}
        self.nest: Nest | None = None
        self.work: set[Var] = set()
        self.stored: set[Atom] = set()

    def block(self, block: Block) -> Block:
        """A block without array lines."""
        with self.b.block() as built:
            for stmt in block:
                with self.b.at(getattr(stmt, "span", None)):
                    self.statement(stmt)
            self.close()
        return tuple(built)

    def statement(self, stmt: Stmt) -> None:
        """Lower one statement."""
        match stmt:
            case Assign(target=target) if target in self.lazy:
                self.arrays.lazy[target] = stmt
            case Assign(op=op):
                if is_computed(stmt, self.b.types) or kind(op) == "reduce":
                    self.gather(stmt)
                elif kind(op) == "contract":
                    self.product(stmt)
                elif kind(op) == "opaque":
                    self.whole(stmt, self.fn.type(stmt.args[0]).dtype)
                else:
                    self.line(stmt)
            case Load(index=index):
                if not is_element(index):
                    self.arrays.places.view(stmt)
                    self.b.add(stmt)
                else:
                    self.element(stmt)
            case Store(index=index, value=value):
                if value in self.stored:
                    self.place(stmt)
                elif not is_element(index):
                    self.gather(stmt)
                else:
                    self.element(stmt)
            case Check(failed=failed):
                if self.nest and (failed in self.nest.scalars or self.nest.is_visible()):
                    self.close()
                self.b.add(stmt)
            case Note():
                self.b.add(stmt)
            case _:
                self.close()
                self.region(stmt)

    # -- scalar statements: they run before the nest that is open, unless they need it -----------------------------

    def line(self, stmt: Assign) -> None:
        """A scalar line, an allocation or a view."""
        if self.nest and not self.nest.scalars.isdisjoint(a for a in stmt.args if isinstance(a, Var)):
            self.close()
        if kind(stmt.op) == "view":
            self.arrays.places.view(stmt)
        if stmt.op == "dim" and (stmt.args[0] in self.work or stmt.args[0] in self.lazy):
            # the array may turn out to need no memory
            axis = dict(stmt.params)["axis"]
            assert isinstance(axis, int)
            stmt = replace(stmt, op="pos", args=(self.b.shape(stmt.args[0])[axis],), params=())
        self.b.add(stmt)

    def element(self, stmt: Load | Store) -> None:
        """A load or store of one element, through views straight from the array that has the memory."""
        writes = [stmt.array] if isinstance(stmt, Store) else []
        value = [stmt.value] if isinstance(stmt, Store) else []
        atoms = [a for a in (*stmt.index, *value) if isinstance(a, Var)]
        if self.nest and (self.nest.disturbs([stmt.array], writes) or not self.nest.scalars.isdisjoint(atoms)):
            self.close()
        base, index = self.arrays.places.resolved(stmt.array, stmt.index)
        self.b.add(replace(stmt, array=base, index=index))

    def region(self, stmt: Stmt) -> None:
        """A statement with blocks, or one that stays as it is."""
        match stmt:
            case Loop(body=body):
                if self.counts_up(stmt) or self.counts_down(stmt):
                    self.arrays.places.natural.add(stmt.index)
                self.b.add(replace(stmt, body=self.block(body)))
            case While(condition=condition, body=body):
                self.b.add(replace(stmt, condition=self.block(condition), body=self.block(body)))
            case Branch(then=then, other=other):
                self.b.add(replace(stmt, then=self.block(then), other=self.block(other)))
            case _:
                self.b.add(stmt)

    def counts_up(self, stmt: Loop) -> bool:
        """Whether an index begins at no negative number and grows."""
        return _sign(stmt.step) > 0 and self.arrays.places.is_natural(stmt.start)

    def counts_down(self, stmt: Loop) -> bool:
        """Whether an index shrinks to no negative number."""
        return _sign(stmt.step) < 0 and isinstance(stmt.stop, Const) and _at_least(stmt.stop, -1)

    # -- array lines ---------------------------------------------------------------------------------------------

    def gather(self, stmt: Member) -> None:
        """Let a line join the open nest, or open another."""
        alone = isinstance(stmt, Assign) and stmt.op in ("argmax", "argmin")
        if isinstance(stmt, Store):
            stmt = self.untangled(stmt)
        if self.nest is None or alone or not self.nest.accepts(stmt):
            self.close()
            self.nest = Nest(self.arrays, self.arrays.space(stmt))
        if isinstance(stmt, Assign) and self.b.types[stmt.target.name].rank:
            self.allocate(stmt.target)
        if isinstance(stmt, Assign) and stmt.op in NEED_ELEMENTS:
            self.check_elements(stmt)
        self.nest.add(stmt)
        if alone:
            self.close()

    def untangled(self, stmt: Store) -> Store:
        """A store whose value does not read, for another element, what the store writes."""
        nest = Nest(self.arrays, self.arrays.space(stmt))
        reads, write = nest.touched(stmt)
        assert write is not None
        if not any(nest.clash(read, write) for read in reads):
            return stmt
        assert isinstance(stmt.value, Var)
        return replace(stmt, value=self.copied(stmt.value, "copy"))

    def copied(self, value: Var, op: str, **params: str) -> Var:
        """A new array with the elements of a value."""
        with self.b.block() as lines:
            copy = self.b.emit(op, value, hint=f"{value.name}_copy", weak=None, **params)
        (line,) = lines
        assert isinstance(line, Assign)
        self.arrays.readers[copy] = [None]
        self.gather(line)
        return copy

    def allocate(self, array: Var) -> None:
        """Memory for an array that loops will fill."""
        self.b.add(
            Assign(array, "empty", self.b.shape(array), (("dtype", self.b.types[array.name].dtype),), self.b.span)
        )
        self.work.add(array)

    def check_elements(self, stmt: Assign) -> None:
        """A maximum of nothing is an error."""
        axes = dict(stmt.params)["axes"]
        assert isinstance(axes, tuple)
        for axis in axes:
            extent = self.b.shape(stmt.args[0])[axis]
            if not (isinstance(extent, Const) and _at_least(extent, 1)):
                self.b.check(self.b.emit("eq", extent, ZERO), "ValueError", EMPTY)

    def close(self) -> None:
        """Write the loops of the open nest."""
        nest, self.nest = self.nest, None
        if nest is None:
            return
        writer = Writer(self.arrays, nest)
        for line in writer.reductions():
            self.gather_in_memory(writer, line)
        writer.write()
        for line in writer.reductions():
            array = writer.sums.get(id(line), line.target)
            if array != line.target:
                self.fill(line.target, array)

    def gather_in_memory(self, writer: Writer, line: Assign) -> None:
        """Prepare the array in which a reduction is gathered whose axes are not all innermost."""
        if not self.b.types[line.target.name].rank or not writer.is_scattered(line):
            return
        element, result = writer.types(line)
        running = running_types(line, element, result)[0]
        array = line.target
        if running.dtype != result.dtype:
            array = self.b.var(f"{array.name}_sum", running.array(len(self.b.shape(array))), self.b.shape(array))
            self.allocate(array)
        self.fill(array, start(line, element, result)[0])
        writer.sums[id(line)] = array

    def fill(self, array: Var, value: Atom) -> None:
        """Loops that store a value into a whole array."""
        nest = Nest(self.arrays, self.b.shape(array))
        nest.add(Store(array, self.b.everything(array), value, False, self.b.span))
        Writer(self.arrays, nest).write()

    # -- products ------------------------------------------------------------------------------------------------

    def product(self, stmt: Assign) -> None:
        """A product of float matrices or vectors stays a call; any other is a sum of products."""
        dtype = self.b.types[stmt.target.name].dtype
        if STORED in stmt.params:
            self.stored.add(stmt.target)
        if not self.b.types[stmt.target.name].is_float or is_small(self.b, stmt):
            views, product, total = as_sum(self.b, stmt)
            for line in views:
                self.statement(line)
            self.arrays.lazy[product.target] = product
            self.gather(total)
            return
        self.whole(stmt, dtype)

    def place(self, stmt: Store) -> None:
        """The store of a product, which its call does."""
        if self.nest and self.nest.disturbs([stmt.array], [stmt.array]):
            self.close()
        self.b.add(stmt)

    def whole(self, stmt: Assign, dtype: str) -> None:
        """A call that reads its arguments as memory of one element type, contiguous except for those of products."""
        args = tuple(self.in_memory(a, dtype, stmt.op == "dot") if self.b.type(a).rank else a for a in stmt.args)
        names = [a for a in args if isinstance(a, Var)]
        if self.nest and (self.nest.disturbs(names, []) or not self.nest.scalars.isdisjoint(names)):
            self.close()
        self.b.add(replace(stmt, args=args))

    def in_memory(self, atom: Atom, dtype: str, product: bool) -> Var:
        """An operand as memory that the call can read; a product takes the matrices as they are."""
        assert isinstance(atom, Var)
        type = self.b.types[atom.name]
        if type.dtype != dtype:
            return self.copied(atom, "cast", dtype=dtype)
        return atom if type.layout in ("C", "F") or (product and type.rank == 2) else self.copied(atom, "copy")


def _sign(step: Atom) -> int:
    value = step.value if isinstance(step, Const) else 0
    assert isinstance(value, int)
    return (value > 0) - (value < 0)


def _at_least(atom: Const, least: int) -> bool:
    return isinstance(atom.value, int) and atom.value >= least
