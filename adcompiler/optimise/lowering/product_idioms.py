"""Products of matrices that a program writes as three loops are computed as what they are.

Three loops move each number of a matrix through the processor many times; a product holds a tile of the result in
registers. The adjoint of one such nest is two more of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from adcompiler.analysis.access import Access
from adcompiler.analysis.dependence import Dependence, dependence
from adcompiler.analysis.scope import Frame, Path, sites
from adcompiler.ir.build import ONE, ZERO, Builder, with_body
from adcompiler.ir.walk import all_defs, map_blocks, walk
from adcompiler.ir.wengert import (
    Assign,
    Atom,
    Block,
    Branch,
    Check,
    Const,
    Draw,
    Func,
    Grow,
    Load,
    Loop,
    Print,
    Slice,
    Store,
    Var,
    While,
)
from adcompiler.optimise.lowering.rowwise import bounds

_FLOATS = ("float32", "float64")


@dataclass(frozen=True, slots=True)
class Product:
    """`store` adds `left[p, r] * right[r, q]` to element `p, q`, in three loops over these indices.

    The outermost loop stands at `place` of the function's body. The product is added `first` or after it.
    """

    store: Store
    left: Load
    right: Load
    loops: tuple[Loop, ...]
    place: int
    first: bool


def recognise_products(fn: Func) -> Func:
    """Add products of matrices at once, which are gathered by loops over their elements.

    Before:  for i in range(n): for k in range(p): for j in range(m): c[i, j] += a[i, k] * b[k, j]
                                for j in range(m): s += c[i, j]
    After:   t = a @ b; for i in range(n): for j in range(m): c[i, j] += t[i, j]
             for i in range(n): for j in range(m): s += c[i, j]

    Each sum is gathered in another order. That nobody sees an element before its sum is complete, or adds to it in
    between, is proven; and the factors do not change while the loops run.
    """
    if not any(isinstance(s, Loop) and len(_nested(s)) > 1 for s in fn.body):
        return fn
    over = dependence(fn)
    found = next((p for k, s in enumerate(fn.body) if isinstance(s, Loop) for p in _products(over, k, s)), None)
    return fn if found is None else recognise_products(_rewritten(fn, found))


def _nested(loop: Loop) -> list[Loop]:
    """The loops in a loop that have loops in them, or are in such a one."""
    inner = [s for s in loop.body if isinstance(s, Loop)]
    return [s for one in inner for s in walk((one,)) if isinstance(s, Loop)]


# -- finding ------------------------------------------------------------------------------------------------------


def _products(over: Dependence, place: int, loop: Loop) -> Iterator[Product]:
    """The products in a loop of the top level."""
    stays = (While, Check, Print, Draw, Grow)
    if len(_nested(loop)) < 2 or any(isinstance(s, stays) for s in walk(loop.body)):
        return
    lines = {s.target: s for s in walk(loop.body) if isinstance(s, (Assign, Load))}
    for stmt, path, frames in sites((loop,)):
        loops = tuple(f.region for f in frames if isinstance(f.region, Loop))
        if isinstance(stmt, Store) and stmt.add and len(frames) == len(loops) == 3 and _are_ranges(loops):
            factors = _factors(over.fn, stmt, lines)
            here, around = (place, *path[1:]), tuple(replace(f, path=(place, *f.path[1:])) for f in frames)
            if factors is None or {r.index for r in loops} != {*stmt.index, *factors[0].index}:
                continue
            if not {stmt.array, *(f.array for f in factors)} & all_defs((loop,)):
                for first in _places(over, stmt, factors, here, around):
                    yield Product(stmt, *factors, loops, place, first)


def _are_ranges(loops: tuple[Loop, ...]) -> bool:
    """Whether loops pass over each index between bounds that are known before the first of them."""
    own = all_defs(loops)
    plain = all(r.until is None and r.budget is None and r.step in (ONE, Const(-1)) for r in loops)
    return plain and not own & {a for r in loops for a in (r.start, r.stop)}


def _factors(fn: Func, store: Store, lines: dict[Var, Assign | Load]) -> tuple[Load, Load] | None:
    """The elements `[p, r]` and `[r, q]`, in either order of their axes, of which a product is added at `p, q`."""
    line = lines.get(store.value) if isinstance(store.value, Var) else None
    if not isinstance(line, Assign) or line.op != "mul" or len(store.index) != 2:
        return None
    factors = [lines.get(a) if isinstance(a, Var) else None for a in line.args]
    for left, right in (factors, factors[::-1]):
        if not isinstance(left, Load) or not isinstance(right, Load) or len(left.index) != 2 or len(right.index) != 2:
            continue
        (p, q), shared = store.index, set(left.index) & set(right.index)
        types = {fn.type(a).dtype for a in (store.array, left.array, right.array)}
        if p in left.index and q in right.index and p != q and len(shared) == 1 and not shared & {p, q}:
            return (left, right) if len(types) == 1 and types <= set(_FLOATS) else None
    return None


def _places(
    over: Dependence, store: Store, factors: tuple[Load, Load], path: Path, frames: tuple[Frame, ...]
) -> Iterator[bool]:
    """Whether a product may be added before the loops, and whether behind them."""
    here = over.accesses.access(store.array, store.index, path, frames)
    others = [over.accesses.access(f.array, f.index, path, frames) for f in factors]
    if any(axis is None for access in (here, *others) for axis in access.axes):
        return
    roots = {over.memory.root(f.array) for f in factors}
    if any(_inside(w, path) for root in roots for w in over.writes.get(root, ())):
        return
    root = over.memory.root(store.array)
    touched = [a for accesses in (over.writes, over.reads) for a in accesses.get(root, ()) if a.path != path]
    touched = [a for a in touched if _inside(a, path)]
    if not any(over.meets_later(a, here) for a in touched):
        yield True
    elif not any(over.meets_later(here, a) for a in touched):
        yield False


def _inside(access: Access, path: Path) -> bool:
    return access.path[0] == path[0]


# -- rewriting ----------------------------------------------------------------------------------------------------


def _rewritten(fn: Func, found: Product) -> Func:
    b, loop = Builder.of(fn), fn.body[found.place]

    def without(block: Block) -> Block:
        return tuple(map_blocks(s, without) for s in block if s is not found.store)

    with b.block() as body:
        b.extend(fn.body[: found.place])
        if found.first:
            _add(b, found)
        b.add(map_blocks(loop, without))
        if not found.first:
            _add(b, found)
        b.extend(fn.body[found.place + 1 :])
    return with_body(fn, tuple(body), b)


def _add(b: Builder, found: Product) -> None:
    """Add the product, where each loop has an iteration: only then are all elements known to be there."""
    span = found.store.span
    with b.at(span):
        ranges = {r.index: bounds(b, r) for r in found.loops}
        runs: Atom | None = None
        for start, stop in ranges.values():
            one = b.emit("lt", start, stop, hint="runs", weak=True)
            runs = one if runs is None else b.emit("logical_and", runs, one, hint="runs")
        assert runs is not None
        with b.block() as then:
            (p, q), left, right = found.store.index, found.left, found.right
            factors = [
                _matrix(b, left, ranges, left.index[0] == p),
                _matrix(b, right, ranges, right.index[1] == q),
            ]
            _add_elements(b, found.store, b.emit("dot", *factors, hint="product"), ranges)
        b.add(Branch(runs, tuple(then), (), (), span))


def _matrix(b: Builder, load: Load, ranges: dict[Var, tuple[Atom, Atom]], as_it_is: bool) -> Var:
    """The part of a matrix over which the indices of a load pass."""
    index = []
    for item, whole in zip(load.index, b.everything(load.array), strict=True):
        assert isinstance(item, Var) and isinstance(whole, Slice)
        start, stop = ranges[item]
        part = Slice(start, stop, None, start, b.int("sub", stop, start))
        index.append(whole if (part.first, part.size) == (ZERO, whole.size) else part)
    matrix = b.view(load.array, tuple(index), hint=load.array.name)
    return matrix if as_it_is else b.emit("transpose", matrix, axes=(1, 0), hint=load.array.name)


def _add_elements(b: Builder, store: Store, product: Var, ranges: dict[Var, tuple[Atom, Atom]]) -> None:
    """Loops that add a product to its place."""
    at = [b.like(i) for i in store.index if isinstance(i, Var)]
    starts = [ranges[i][0] for i in store.index if isinstance(i, Var)]
    rows, columns = b.shape(product)
    with b.block() as inner:
        places = tuple(b.int("add", start, i) for start, i in zip(starts, at, strict=True))
        b.store(store.array, places, b.load(product, tuple(at)), add=True)
    with b.block() as outer:
        b.add(Loop(at[1], ZERO, columns, ONE, (), tuple(inner), None, False, b.span))
    b.add(Loop(at[0], ZERO, rows, ONE, (), tuple(outer), None, False, b.span))


__all__ = ["recognise_products"]
