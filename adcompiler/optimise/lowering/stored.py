"""Products of matrices computed where they are stored, or added to what stands there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from adcompiler.ir.build import Builder, with_body
from adcompiler.ir.memory import memory_of
from adcompiler.ir.ops import STORED
from adcompiler.ir.walk import map_blocks, operands, walk, yields
from adcompiler.ir.wengert import Assign, Block, Func, Store, Var
from adcompiler.optimise.lowering.products import is_small


def store_products(fn: Func) -> Func:
    """Compute a product of matrices in the place where it is stored, by the call that computes it.

    Before:  p = dot(a, b); y[k] += p
    After:   p = dot(a, b; stored=True); y[k] += p

    Nothing else reads the product, nothing changes its factors before the store, and the store does not either: the
    printed call computes and stores at once. BLAS may add to what stands there in another order.
    """
    if not any(isinstance(s, Assign) and s.op == "dot" for s in walk(fn.body)):
        return fn
    storing = _Storing(fn)
    body = storing.block(fn.body)
    return with_body(fn, body, storing.b)


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
                if apart and self.fits(product, stmt) and not self.memory.changed(factors, block[start + 1 : position]):
                    yield product.target, product

    def fits(self, product: Assign, store: Store) -> bool:
        """Whether a store takes the product of two matrices as it is."""
        types = [self.fn.type(a) for a in (product.target, *product.args)]
        region, shape = self.b.view_type(store.array, store.index)
        alike = all(t.rank == 2 and t.dtype == region.dtype for t in types) and types[0].is_float
        return alike and shape == self.b.shape(product.target) and not is_small(self.b, product)


__all__ = ["store_products"]
