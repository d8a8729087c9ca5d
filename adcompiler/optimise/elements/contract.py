"""Arrays of which each iteration leaves nothing behind become scalars of that iteration.

The adjoint of `u[i] = new[i]` moves a cotangent from one array into another, where the adjoint of `new[i] = ...` picks
it up and leaves zero. Once both happen in one iteration, at one index, the second array is zero before and after it:
nobody can tell it from a number.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from adcompiler.analysis.affine import Affine, affine
from adcompiler.analysis.constraints import Form
from adcompiler.ir.build import Builder, make_func, scalar
from adcompiler.ir.types import Type
from adcompiler.ir.walk import blocks, map_blocks, operands, rename, rename_extents, walk, yields
from adcompiler.ir.wengert import Assign, Atom, Block, Const, Func, Index, Load, Stmt, Store, Var, is_element

Access = Load | Store


def contract_arrays(fn: Func) -> Func:
    """Replace arrays that are zero before and after each use by scalars.

    Before:  b = zeros(n); for i in range(n): b[i] += t; u = b[i]; b[i] = 0.0; s += u * x[i]
    After:   for i in range(n): s += t * x[i]

    An array is replaced if one block has all its accesses, at one and the same index, and either the first of them
    writes the element, or the array begins as zeros and the last of them writes zero: then by induction each element is
    zero whenever the block begins.
    """
    found = list(_candidates(fn))
    if not found:
        return fn
    b = Builder.of(fn)
    contraction = _Contraction(b, affine(fn))
    for array, accesses, zero in found:
        contraction.array(array, accesses, zero)
    if not contraction.dropped:
        return fn
    names = {target: contraction.known(value) for target, value in contraction.names.items()}
    body = rename(contraction.block(fn.body), names)
    results = [names.get(r, r) if isinstance(r, Var) else r for r in fn.results]
    return make_func(fn.name, fn.params, body, results, b.types, rename_extents(b.shapes, names), fn.doc)


def _candidates(fn: Func) -> Iterator[tuple[Var, list[Access], bool]]:
    """Arrays used by elements alone, in one block: their accesses in order, and whether they begin as zeros."""
    made = {s.target: s.op == "zeros" for s in walk(fn.body) if isinstance(s, Assign) and s.op in ("zeros", "empty")}
    homes: dict[Var, tuple[int, list[Access]]] = {}
    spoiled = {a for a in fn.results if isinstance(a, Var)}

    def visit(block: Block) -> None:
        for stmt in block:
            spoiled.update(a for a in yields(stmt) if isinstance(a, Var))
            for a in operands(stmt):
                if not isinstance(a, Var) or a not in made:
                    continue
                if isinstance(stmt, (Load, Store)) and stmt.array == a and is_element(stmt.index):
                    home, accesses = homes.setdefault(a, (id(block), []))
                    accesses.append(stmt)
                    if home == id(block):
                        continue
                spoiled.add(a)
            for nested in blocks(stmt):
                visit(nested)

    visit(fn.body)
    for array, (_, accesses) in homes.items():
        if array not in spoiled and any(isinstance(s, Load) for s in accesses):
            yield array, accesses, made[array]


@dataclass(slots=True)
class _Contraction:
    """What becomes of the accesses: `dropped` ones with the line in their place, and what stands for loads' targets."""

    b: Builder
    forms: Affine
    dropped: dict[int, tuple[Access, Assign | None]] = field(default_factory=dict)
    names: dict[Var, Atom] = field(default_factory=dict)

    def array(self, array: Var, accesses: list[Access], zeros: bool) -> None:
        """Contract an array if its accesses allow it."""
        element = Type(self.b.type(array).dtype)
        places = {self.place(access.index) for access in accesses}
        typed = all(self.held(s.value, element) is not None for s in accesses if isinstance(s, Store))
        begins = isinstance(accesses[0], Store) and not accesses[0].add
        if len(places) != 1 or not typed or not (begins or (zeros and ends_in_zero(accesses))):
            return
        now: Atom = scalar(0.0, element.dtype)
        empty = True
        for access in accesses:
            line: Assign | None = None
            if isinstance(access, Load):
                self.names[access.target] = now
            elif not access.add or empty:
                held = self.held(access.value, element)
                assert held is not None
                now, empty = held, is_nothing(access.value)
            else:
                total = self.b.var(f"{array}_now", element)
                line = Assign(total, "add", (now, access.value), (), access.span)
                now = total
            self.dropped[id(access)] = access, line

    def known(self, value: Atom) -> Atom:
        """What stands for a value, which may itself have been loaded from such an array."""
        while isinstance(value, Var) and value in self.names:
            value = self.names[value]
        return value

    def place(self, index: Index) -> tuple[Form, ...]:
        """The element an index means, in one execution of a block."""
        return tuple(self.forms.form(item) for item in index if isinstance(item, (Var, Const)))

    def held(self, value: Atom, element: Type) -> Atom | None:
        """What an element is after a value was stored; None where the store converts it."""
        if isinstance(value, Const):
            return scalar(value.value, element.dtype) if isinstance(value.value, (int, float)) else None
        return value if self.b.type(value) == element else None

    def block(self, block: Block) -> Block:
        """A block without the dropped accesses."""
        kept: list[Stmt] = []
        for stmt in block:
            if id(stmt) not in self.dropped:
                kept.append(map_blocks(stmt, self.block))
            elif (line := self.dropped[id(stmt)][1]) is not None:
                kept.append(line)
        return tuple(kept)


def ends_in_zero(accesses: list[Access]) -> bool:
    """Whether the last store of a block writes zero."""
    last = [s for s in accesses if isinstance(s, Store)][-1:]
    return all(not s.add and is_nothing(s.value) for s in last)


def is_nothing(value: Atom) -> bool:
    """Whether a value is zero."""
    return isinstance(value, Const) and value.value == 0


__all__ = ["contract_arrays"]
