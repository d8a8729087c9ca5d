"""Work arrays of which each iteration of a loop uses a row of its own have one row, which all iterations use.

Once the sweeps over the rows of a matrix run in one loop, what one hands to the other lies in rows that are read while
they are still near. A single row stays in the nearest memory, and nobody has to clear and map pages for the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from adcompiler.ir.build import Builder, make_func
from adcompiler.ir.walk import blocks, map_blocks, operands, yields
from adcompiler.ir.wengert import Assign, Atom, Block, Const, Func, Load, Loop, Stmt, Store, Var, While, is_element


def reuse_rows(fn: Func) -> Func:
    """Drop the first axes of arrays whose elements are used in one iteration alone.

    Before:  t = empty(n, m); for i in range(n): for j in range(m): t[i, j] = p[i, j]; for j in range(m): s += t[i, j]
    After:   t = empty(m); for i in range(n): for j in range(m): t[j] = p[i, j]; for j in range(m): s += t[j]

    An axis is dropped if all accesses are of elements, with the index of one loop in its place, and that loop runs
    once for each array or row. Each iteration then has a row of its own, of which it can only read what it has written.
    """
    uses = _Uses(fn)
    found = {a: count for a in uses.made if (count := uses.axes(a))}
    if not found:
        return fn
    b = Builder.of(fn)
    for array, count in found.items():
        shape = fn.shape(array)[count:]
        b.types[array.name], b.shapes[array.name] = fn.types[array.name].array(len(shape)), shape
    return make_func(fn.name, fn.params, _in_rows(fn.body, found), fn.results, b.types, b.shapes, fn.doc)


@dataclass(slots=True)
class _Uses:
    """The work arrays that are used by elements alone.

    `made` has the loop around each, `places` the indices of its accesses; `around` has for the index of a loop the
    loop around that. A loop, with or without an index, is told by its number, what is around all by 0.
    """

    fn: Func
    made: dict[Var, int] = field(default_factory=dict)
    places: dict[Var, list[tuple[Atom, ...]]] = field(default_factory=dict)
    numbers: dict[Atom, int] = field(default_factory=dict)
    around: dict[Atom, int] = field(default_factory=dict)
    count: int = 0

    def __post_init__(self) -> None:
        otherwise: list[Atom] = [*self.fn.results]
        self.block(self.fn.body, 0, otherwise)
        for atom in otherwise:
            if isinstance(atom, Var):
                self.made.pop(atom, None)

    def block(self, block: Block, loop: int, otherwise: list[Atom]) -> None:
        """Note the uses in a block that stands in a loop, and what is used otherwise."""
        for stmt in block:
            if isinstance(stmt, Assign) and stmt.op == "empty" and len(stmt.args) > 1:
                self.made[stmt.target], self.places[stmt.target] = loop, []
            otherwise += self.use(stmt)
            inside = loop
            if isinstance(stmt, (Loop, While)):
                self.count += 1
                inside = self.count
                if isinstance(stmt, Loop) and _is_natural(stmt):
                    self.numbers[stmt.index], self.around[stmt.index] = inside, loop
            for nested in blocks(stmt):
                self.block(nested, inside, otherwise)

    def use(self, stmt: Stmt) -> list[Atom]:
        """Note the element that a statement uses; give all else that it uses."""
        atoms = [*operands(stmt), *yields(stmt)]
        if isinstance(stmt, (Load, Store)) and stmt.array in self.made and is_element(stmt.index):
            atoms.remove(stmt.array)
            self.places[stmt.array].append(tuple(i for i in stmt.index if isinstance(i, (Var, Const))))
        return atoms

    def axes(self, array: Var) -> int:
        """How many first axes each have the index of one loop: each in the one before, the first beside the array."""
        outside, count = self.made[array], 0
        for items in list(zip(*self.places[array], strict=True))[:-1]:
            index = items[0]
            if len(set(items)) > 1 or self.around.get(index) != outside:
                break
            outside, count = self.numbers[index], count + 1
        return count


def _is_natural(loop: Loop) -> bool:
    """Whether an index is never negative: two of them then never mean one row."""
    match loop:
        case Loop(step=Const(int(step)), start=Const(int(start))) if step > 0:
            return start >= 0
        case Loop(step=Const(int(step)), stop=Const(int(stop))) if step < 0:
            return stop >= -1
    return False


def _in_rows(block: Block, found: Mapping[Var, int]) -> Block:
    """A block with arrays that lack their first axes."""
    return tuple(_statements(block, found))


def _statements(block: Block, found: Mapping[Var, int]) -> Iterator[Stmt]:
    for stmt in block:
        made = map_blocks(stmt, lambda nested: _in_rows(nested, found))
        if isinstance(made, Assign) and made.target in found:
            made = replace(made, args=made.args[found[made.target] :])
        elif isinstance(made, (Load, Store)) and made.array in found:
            made = replace(made, index=made.index[found[made.array] :])
        yield made


__all__ = ["reuse_rows"]
