"""Which sums of an iteration are, for many iterations at once, products of matrices.

Each row of data passes through a matrix in two loops of its own: `s += w[h, i] * x[n, i]` for each `h`. Its adjoint
adds the row, times a number, to a row of another matrix.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from adcompiler.ir.build import ONE, ZERO, Builder
from adcompiler.ir.ops import kind
from adcompiler.ir.walk import all_defs, operands, walk, yields
from adcompiler.ir.wengert import (
    Assign,
    Atom,
    Branch,
    Carry,
    Check,
    Const,
    Func,
    Load,
    Loop,
    Note,
    Stmt,
    Store,
    Var,
    is_element,
)

# matrices of fewer elements, in loops between literals, stay in registers
_LARGE = 32
_FLOATS = ("float32", "float64")


@dataclass(frozen=True, slots=True)
class Nest:
    """Two loops of an iteration: `inner` in the body of `outer`, which stands at `place` of the iteration's."""

    place: int
    outer: Loop
    inner: Loop


@dataclass(frozen=True, slots=True)
class Gathered:
    """The sums of `matrix * row` over the inner loop, each of which is added to `into` once.

    They begin a carried number or are added to an element; `lines` of the inner loop do that. With `guarded`, an
    element of the row that is zero adds nothing.
    """

    nest: Nest
    matrix: Load
    row: Load
    into: Carry | Store
    lines: tuple[Stmt, ...]
    guarded: bool


@dataclass(frozen=True, slots=True)
class Spread:
    """`number` of the outer loop times `load` is added to the element of `store`, for each of the inner loop.

    The load is of a matrix and the element of a row, or the other way round. With `guarded`, a number that is zero
    adds nothing.
    """

    nest: Nest
    number: Atom
    load: Load
    store: Store
    guarded: bool

    @property
    def to_rows(self) -> bool:
        """Whether elements of a row are added to; otherwise those of a matrix, to which all rows add."""
        return _is_matrix(self.nest, self.load)


def row_products(fn: Func, loop: Loop) -> list[Gathered | Spread]:
    """The sums of an iteration that have the form of products; whether rows may be put together is not asked."""
    found = list[Gathered | Spread]()
    if loop.step not in (ONE, Const(-1)) or loop.until is not None or loop.budget is not None or loop.share is not None:
        return found
    nests = [nest for place, s in enumerate(loop.body) if isinstance(s, Loop) for nest in _nests(loop, place, s)]
    for nest in nests:
        lines = _Lines(fn, loop, nest)
        found += (*lines.gathered(), *lines.spread())
    arrays = set(map(id, own_arrays(loop).values())) if found else set()
    return found if found and all(id(s) in arrays or _is_plain(fn, s) for s in walk(loop.body)) else []


def own_arrays(loop: Loop) -> dict[Var, Assign]:
    """The arrays that each iteration makes for itself, all of the same extents, with the lines that make them."""
    made = all_defs((loop,))
    lines = (s for s in loop.body if isinstance(s, Assign) and s.op in ("empty", "zeros") and made.isdisjoint(s.args))
    return {s.target: s for s in lines}


def _nests(loop: Loop, place: int, outer: Loop) -> Iterator[Nest]:
    """The nests of two loops whose bounds are the same for all iterations, and that raise nothing."""
    inner = [s for s in outer.body if isinstance(s, Loop)]
    if not inner or any(isinstance(s, Check) for s in walk(outer.body)):
        return
    made = all_defs((loop,))
    if _is_range(outer, made) and _first_index(outer) == ZERO:
        for one in inner:
            if _is_range(one, made) and all(isinstance(s, (Assign, Load, Store)) for s in one.body):
                if not _is_small(outer, one):
                    yield Nest(place, outer, one)


def _is_range(loop: Loop, made: set[Var]) -> bool:
    """Whether a loop counts by one, between bounds known before, and never below zero."""
    plain = loop.until is None and loop.budget is None and loop.share is None and loop.step in (ONE, Const(-1))
    first = _first_index(loop)
    known = isinstance(first, Const) and isinstance(first.value, int) and first.value >= 0
    return plain and known and made.isdisjoint((loop.start, loop.stop))


def _is_small(*loops: Loop) -> bool:
    """Whether loops between literals run less often than pays."""
    trips = 1
    for loop in loops:
        start, stop = loop.start, loop.stop
        if not isinstance(start, Const) or not isinstance(stop, Const):
            return False
        assert isinstance(start.value, int) and isinstance(stop.value, int)
        trips *= abs(stop.value - start.value)
    return trips < _LARGE


def _first_index(loop: Loop) -> Atom | None:
    """The least index of a loop that counts up or down by one, where it is a literal."""
    if loop.step == ONE:
        return loop.start
    return Const(loop.stop.value + 1) if isinstance(loop.stop, Const) and isinstance(loop.stop.value, int) else None


def bounds(b: Builder, loop: Loop) -> tuple[Atom, Atom]:
    """The first index of a loop that counts up or down by one, and the one behind its last."""
    if loop.step == ONE:
        return loop.start, loop.stop
    return b.int("add", loop.stop, ONE), b.int("add", loop.start, ONE)


def _is_plain(fn: Func, stmt: Stmt) -> bool:
    """Whether a statement computes, loads and stores numbers alone, one by one."""
    match stmt:
        case Assign(target=target, op=op, args=args):
            return kind(op) == "elementwise" and not any(fn.type(a).rank for a in (target, *args))
        case Load(index=index) | Store(index=index):
            return is_element(index)
        case Loop(carried=carried):
            return stmt.share is None and not any(fn.types[c.var.name].rank for c in carried)
        case Branch(outs=outs):
            return not any(fn.types[o.var.name].rank for o in outs)
        case _:
            return isinstance(stmt, (Check, Note))


def _is_matrix(nest: Nest, access: Load | Store) -> bool:
    return len(access.index) == 2 and set(access.index) == {nest.outer.index, nest.inner.index}


@dataclass(slots=True)
class _Lines:
    """The lines of an inner loop, for the questions what they add up."""

    fn: Func
    loop: Loop
    nest: Nest

    def gathered(self) -> Iterator[Gathered]:
        """The sums over the inner loop."""
        body, inside = self.nest.inner.body, all_defs((self.nest.inner,))
        read = Counter(a for s in (self.nest.inner, *body) for a in (*operands(s), *yields(s)))
        made = {s.target: s for s in body if isinstance(s, (Assign, Load))}
        for c in self.nest.inner.carried:
            line = made.get(c.next) if isinstance(c.next, Var) else None
            if not isinstance(line, Assign) or line.op not in ("add", "sub") or read[c.var] != 1 or read[c.next] != 1:
                continue
            before, term = line.args if line.args[0] == c.var or line.op == "sub" else line.args[::-1]
            product = made.get(term) if isinstance(term, Var) and before == c.var else None
            if isinstance(product, Assign) and read[product.target] == 1 and product.op == "mul":
                yield from self.factors(product, made, c, (line, product))
        for s in body:
            if isinstance(s, Store) and s.add and inside.isdisjoint(s.index) and self.alone(s):
                product = made.get(s.value) if isinstance(s.value, Var) and read[s.value] == 1 else None
                if isinstance(product, Assign) and product.op in ("mul", "cut"):
                    yield from self.factors(product, made, s, (s, product))

    def factors(
        self, product: Assign, made: dict[Var, Assign | Load], into: Carry | Store, lines: tuple[Stmt, ...]
    ) -> Iterator[Gathered]:
        """A sum whose terms are elements of a matrix times those of a row, in this order or the other one."""
        loads = [made.get(a) if isinstance(a, Var) else None for a in product.args]
        guarded = product.op == "cut"
        for row, matrix in (loads,) if guarded else (loads, loads[::-1]):
            if isinstance(row, Load) and isinstance(matrix, Load) and _is_matrix(self.nest, matrix):
                target = into.array if isinstance(into, Store) else into.out
                if self.is_row(row) and self.alike(row.array, matrix.array, target):
                    yield Gathered(self.nest, matrix, row, into, lines, guarded)
                    return

    def spread(self) -> Iterator[Spread]:
        """What is added to elements of the inner loop."""
        inner = self.nest.inner
        made = {s.target: s for s in inner.body if isinstance(s, (Assign, Load))}
        for s in inner.body:
            line = made.get(s.value) if isinstance(s, Store) and isinstance(s.value, Var) else None
            if not isinstance(s, Store) or not s.add or not isinstance(line, Assign) or not self.alone(s):
                continue
            if line.op in ("mul", "cut"):
                guarded = line.op == "cut"
                for number, other in (line.args,) if guarded else (line.args, line.args[::-1]):
                    load = made.get(other) if isinstance(other, Var) else None
                    if number not in made and isinstance(load, Load) and self.fits(number, load, s):
                        yield Spread(self.nest, number, load, s, guarded)
                        break

    def fits(self, number: Atom, load: Load, store: Store) -> bool:
        """Whether a row is added to rows of a matrix, or those of a matrix to a row."""
        if number in {c.var for c in self.nest.inner.carried} or not isinstance(number, Var):
            return False
        ways = _is_matrix(self.nest, load) and self.is_row(store), self.is_row(load) and _is_matrix(self.nest, store)
        return any(ways) and self.alike(load.array, store.array, number)

    def is_row(self, access: Load | Store) -> bool:
        """Whether an access is of a row: of an array of one iteration, or of the row of a matrix that belongs to it."""
        if len(access.index) == 1:
            return access.index == (self.nest.inner.index,)
        return len(access.index) == 2 and set(access.index) == {self.loop.index, self.nest.inner.index}

    def alike(self, *of: Var) -> bool:
        """Whether all are floats of one type."""
        types = {self.fn.types[v.name].dtype for v in of}
        return len(types) == 1 and types <= set(_FLOATS)

    def alone(self, store: Store) -> bool:
        """Whether nothing else in the inner loop touches an array of this name."""
        touched = [s for s in self.nest.inner.body if isinstance(s, (Load, Store)) and s.array == store.array]
        return len(touched) == 1


__all__ = ["Gathered", "Nest", "Spread", "bounds", "own_arrays", "row_products"]
