"""Products of a matrix with a vector as loops over their elements, in loops over the rows of another matrix."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass, field, replace

from adcompiler.analysis.scope import Path, sites
from adcompiler.ir.build import ONE, ZERO, Builder, scalar, with_body
from adcompiler.ir.dead import drop_dead
from adcompiler.ir.types import INDEX, Type
from adcompiler.ir.walk import walk
from adcompiler.ir.wengert import Assign, Atom, Carry, Func, Item, Load, Loop, NewAxis, Slice, Stmt, Var
from adcompiler.optimise.lines.rewritten_loops import with_loops_anew

_FLOATS = ("float32", "float64")
# an element of an operand, at some places along its axes
Element = Callable[[Builder, tuple[Atom, ...]], Var]


def spell_matvecs(fn: Func, at: Container[Path] | None = None) -> tuple[Func, dict[Path, frozenset[Var]]]:
    """Spell products of matrices with vectors in loops over rows that they begin with: in all, or in those `at` places.

    Before:  for n in range(rows): p = w @ x[n]; ...
    After:   p = empty(m); for n in range(rows): for h in range(m): s = 0; for i in range(k): s += w[h, i] * x[n, i]
                                                                    p[h] = s
                                                 ...

    The other result names the sums of each loop.
    """
    every = ((path, _Matvecs.of(fn, loop)) for loop, path, _ in sites(fn.body) if at is None or path in at)
    chosen = {path: found for path, found in every if found is not None}
    if not chosen:
        return fn, {}
    b = Builder.of(fn)

    def write(b: Builder, loop: Loop, path: Path) -> None:
        chosen[path].write(b)

    spelled = drop_dead(with_body(fn, with_loops_anew(b, fn.body, chosen, write), b))
    return spelled, {path: frozenset(found.sums) for path, found in chosen.items()}


@dataclass(slots=True)
class _Matvecs:
    fn: Func
    loop: Loop
    products: list[Assign]
    made: dict[Var, Assign | Load]
    sums: list[Var] = field(default_factory=list)

    @classmethod
    def of(cls, fn: Func, loop: Stmt) -> _Matvecs | None:
        """The products of a loop; None where none is of a row, or one cannot be spelled."""
        if not isinstance(loop, Loop):
            return None
        products = [s for s in loop.body if isinstance(s, Assign) and _is_matvec(fn, s)]
        if not products:
            return None
        made = {s.target: s for s in loop.body if isinstance(s, (Assign, Load))}
        found = cls(fn, loop, products, made)
        rows = any(isinstance(s, Load) and s.index[0] == loop.index for s in walk(loop.body))
        return found if rows and all(found.can_read(a) for p in found.products for a in p.args) else None

    def can_read(self, operand: Atom) -> bool:
        """Whether the elements of an operand can be told: of an array, of a part of one, of a transposed one."""
        line = self.made.get(operand) if isinstance(operand, Var) else None
        match line:
            case Load(index=index):
                plain = all(not isinstance(item, Slice) or item.step in (None, ONE) for item in index)
                return plain and not any(isinstance(item, NewAxis) for item in index)
            case Assign(op="transpose", args=(Var() as of,)):
                return of not in self.made and self.fn.types[of.name].rank == 2
            case Assign(op=op):
                return op in ("dot", "empty", "zeros")
            case _:
                return True

    def write(self, b: Builder) -> None:
        """Append the loop, and before it the arrays of the products."""
        for v in (p.target for p in self.products):
            b.add(Assign(v, "empty", b.shape(v), (("dtype", b.type(v).dtype),), self.loop.span))
        with b.block() as body:
            for s in self.loop.body:
                if any(s is p for p in self.products):
                    assert isinstance(s, Assign)
                    with b.at(s.span):
                        self.spell(b, s)
                else:
                    b.add(s)
        b.add(replace(self.loop, body=tuple(body)))

    def spell(self, b: Builder, product: Assign) -> None:
        """Append the loops of one product."""
        left, right = (self.element(a) for a in product.args)
        matrix_first = b.type(product.args[0]).rank == 2
        dtype = b.type(product.target).dtype
        h, i = (b.var(name, INDEX) for name in "hi")
        before, after, total = (b.var("s", Type(dtype)) for _ in range(3))
        with b.block() as line:
            factors = (left(b, (h, i)), right(b, (i,))) if matrix_first else (left(b, (i,)), right(b, (i, h)))
            b.add(Assign(after, "add", (before, b.emit("mul", *factors)), (), b.span))
        self.sums.append(total)
        count = b.shape(product.args[1])[0]
        carried = (Carry(before, scalar(0.0, dtype), after, total),)
        with b.block() as body:
            b.add(Loop(i, ZERO, count, ONE, carried, tuple(line), None, False, b.span))
            b.store(product.target, (h,), total)
        b.add(Loop(h, ZERO, b.shape(product.target)[0], ONE, (), tuple(body), None, False, b.span))

    def element(self, operand: Atom) -> Element:
        """How to load an element of an operand."""
        assert isinstance(operand, Var)
        match self.made.get(operand):
            case Load(array=array, index=index):

                def of_part(b: Builder, at: tuple[Atom, ...]) -> Var:
                    places = iter(at)
                    return b.load(array, tuple(_place(b, item, places) for item in index))

                return of_part
            case Assign(op="transpose", args=(Var() as array,)):
                return lambda b, at: b.load(array, at[::-1])
            case _:
                return lambda b, at: b.load(operand, at)


def _place(b: Builder, item: Item, places: Iterator[Atom]) -> Atom:
    """The place along one axis of an array, of the next place along those of a part of it."""
    if isinstance(item, Slice):
        return b.int("add", item.first, next(places))
    assert not isinstance(item, NewAxis)
    return item


def _is_matvec(fn: Func, stmt: Stmt) -> bool:
    """Whether a line multiplies a matrix and a vector of floats of one type, in this order or the other one."""
    if not isinstance(stmt, Assign) or stmt.op != "dot" or fn.types[stmt.target.name].rank != 1:
        return False
    types = {fn.type(a).dtype for a in (stmt.target, *stmt.args)}
    return len(types) == 1 and types <= set(_FLOATS) and all(fn.type(a).rank for a in stmt.args)


__all__ = ["spell_matvecs"]
