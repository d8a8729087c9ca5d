"""Products of matrices computed where they are stored, or added to what stands there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from adcompiler.ir.build import Builder, with_body
from adcompiler.ir.memory import memory_of
from adcompiler.ir.ops import STORED, kind
from adcompiler.ir.walk import all_reads, blocks, map_blocks, operands, rename, walk, yields
from adcompiler.ir.wengert import Assign, Block, Func, Store, Var
from adcompiler.optimise.lowering.laziness import is_computed
from adcompiler.optimise.lowering.products import is_small


def store_products(fn: Func) -> Func:
    """Compute a product of matrices in the place where it is stored, by the call that computes it.

    Before:  p = dot(a, b); y[k] += p
    After:   p = dot(a, b; stored=True); y[k] += p

    Nothing else reads the product, nothing changes its factors before the store, and the store does not either: the
    printed call computes and stores at once. BLAS may add to what stands there in another order.
    """
    if not _multiplies(fn):
        return fn
    storing = _Storing(fn)
    body = storing.block(fn.body)
    return with_body(fn, body, storing.b)


def read_kept_products(fn: Func) -> Func:
    """Let what reads a product that is stored, as in a tape, read it there: then the store alone reads the product.

    Before:  p = dot(a, b); tape[k] = p; t = dot(p, c)
    After:   p = dot(a, b); tape[k] = p; q = tape[k]; t = dot(q, c)

    Nothing else writes to that array, and nothing changes the product or hands it on.
    """
    if not _multiplies(fn):
        return fn
    reading = _Reading(fn)
    body = reading.block(fn.body)
    return with_body(fn, body, reading.b)


def _multiplies(fn: Func) -> bool:
    return any(isinstance(s, Assign) and s.op == "dot" for s in walk(fn.body))


def _fits(b: Builder, product: Assign, store: Store) -> bool:
    """Whether a store takes the product of two matrices as it is."""
    types = [b.type(a) for a in (product.target, *product.args)]
    region, shape = b.view_type(store.array, store.index)
    alike = all(t.rank == 2 and t.dtype == region.dtype for t in types) and types[0].is_float
    return alike and shape == b.shape(product.target) and not is_small(b, product)


class _Reading:
    def __init__(self, fn: Func) -> None:
        self.b, self.memory = Builder.of(fn), memory_of(fn, apart=True)
        self.fixed = self.memory.stored | self.memory.handed_on
        self.writers = Counter(a for s in walk(fn.body) if not blocks(s) for a in self.memory.writes(s))

    def block(self, block: Block) -> Block:
        """A block that reads products where they are stored."""
        found = {id(store): product for store, product in self.kept(block)}
        names: dict[Var, Var] = {}
        with self.b.block() as lines:
            for stmt in block:
                self.b.extend(rename((map_blocks(stmt, self.block),), names))
                if isinstance(stmt, Store) and id(stmt) in found:
                    with self.b.at(stmt.span):
                        names[found[id(stmt)]] = self.b.load(stmt.array, stmt.index, found[id(stmt)].name)
        return tuple(lines)

    def kept(self, block: Block) -> Iterator[tuple[Store, Var]]:
        """The stores of arrays that are read after them, and not before."""
        made: dict[object, int] = {}
        for position, stmt in enumerate(block):
            if isinstance(stmt, Assign) and self.b.type(stmt.target).rank:
                made[stmt.target] = position
            elif isinstance(stmt, Store) and stmt.value in made and not stmt.add:
                start = made[stmt.value]
                line = block[start]
                assert isinstance(line, Assign)
                between, after = block[start + 1 : position], block[position + 1 :]
                if self.lasts(line.target, stmt) and line.target not in all_reads(between):
                    if self.is_read(line, stmt, after):
                        yield stmt, line.target

    def lasts(self, value: Var, store: Store) -> bool:
        """Whether an array and where it is stored stay the same."""
        apart = self.memory.root(value) not in self.fixed and self.memory.own(store.array)
        alone = self.writers[self.memory.root(store.array)] == 1
        return (
            apart and alone and self.b.view_type(store.array, store.index) == (self.b.type(value), self.b.shape(value))
        )

    def is_read(self, line: Assign, store: Store, after: Block) -> bool:
        """Whether later lines read a product, or calls an array that loops would fill for them."""
        if line.op == "dot":
            return line.target in all_reads(after) and _fits(self.b, line, store)
        calls = (s for s in walk(after) if isinstance(s, Assign) and kind(s.op) in ("contract", "opaque"))
        return is_computed(line, self.b.types) and any(line.target in s.args for s in calls)


class _Storing:
    def __init__(self, fn: Func) -> None:
        self.fn, self.b, self.memory = fn, Builder.of(fn), memory_of(fn, apart=True)
        read = [a for s in walk(fn.body) for a in (*operands(s), *yields(s))]
        self.readers: dict[object, int] = {}
        for atom in (*read, *fn.results):
            self.readers[atom] = self.readers.get(atom, 0) + 1

    def block(self, block: Block) -> Block:
        """A block whose products stand right before their stores."""
        moved = dict(self.moved(block))
        with self.b.block() as lines:
            for stmt in block:
                if isinstance(stmt, Assign) and stmt.target in moved:
                    continue
                if isinstance(stmt, Store) and isinstance(stmt.value, Var) and stmt.value in moved:
                    self.b.add(replace(moved[stmt.value], params=(STORED,)))
                self.b.add(map_blocks(stmt, self.block))
        return tuple(lines)

    def moved(self, block: Block) -> Iterator[tuple[Var, Assign]]:
        """The products that only a store of the same block reads."""
        made: dict[object, int] = {}
        for position, stmt in enumerate(block):
            if isinstance(stmt, Assign) and stmt.op == "dot":
                made[stmt.target] = position
            elif isinstance(stmt, Store) and stmt.value in made and self.readers[stmt.value] == 1:
                start = made[stmt.value]
                product = block[start]
                assert isinstance(product, Assign)
                factors = [a for a in product.args if isinstance(a, Var)]
                apart = not any(self.memory.overlap(stmt.array, a) for a in factors)
                if (
                    apart
                    and _fits(self.b, product, stmt)
                    and not self.memory.changed(factors, block[start + 1 : position])
                ):
                    yield product.target, product


__all__ = ["read_kept_products", "store_products"]
