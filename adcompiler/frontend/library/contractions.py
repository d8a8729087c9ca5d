"""Sums of products over named axes: einsum, tensordot, and the products of more than two axes that are cases of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from adcompiler.errors import TypeProblem
from adcompiler.frontend.arrays.atoms import apply, as_array, as_atom, as_numpys, cast, joined
from adcompiler.frontend.arrays.regions import nest
from adcompiler.frontend.library.algebra import product
from adcompiler.frontend.library.attributes import transposed
from adcompiler.frontend.library.elementwise import copied
from adcompiler.frontend.library.reductions import FALSE, reduce
from adcompiler.frontend.library.registry import implements
from adcompiler.frontend.library.shape import reshaped, with_axes
from adcompiler.frontend.state.coerce import as_axis, as_int
from adcompiler.frontend.state.values import Seq, Static, Value
from adcompiler.ir.build import ONE, Builder
from adcompiler.ir.wengert import Atom, Const, Var

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
TWO, LAST = Const(2), Const(-1)


@dataclass(frozen=True, slots=True)
class Operand:
    """An array with a letter for each of its axes; a number has none."""

    value: Atom
    letters: str


def contract(b: Builder, operands: Sequence[Operand], out: str) -> Atom:
    """The sum of products over every letter that is not in `out`, two operands at a time from the left."""
    dtype = joined([b.type(o.value) for o in operands])
    operands = [Operand(cast(b, o.value, dtype), o.letters) for o in operands]
    left = operands[0]
    for k, right in enumerate(operands[1:], 2):
        later = set(out).union(*(o.letters for o in operands[k:]))
        left = _pair(b, left, right, later)
    return _ordered(b, _summed(b, left, set(out)), out)


def _pair(b: Builder, left: Operand, right: Operand, later: set[str]) -> Operand:
    """The product of two operands, summed over letters that nothing later needs."""
    left = _summed(b, left, later | set(right.letters))
    right = _summed(b, right, later | set(left.letters))
    shared = [c for c in left.letters if c in right.letters]
    inner = "".join(c for c in shared if c not in later)
    batch = "".join(c for c in shared if c in later)
    rows = "".join(c for c in left.letters if c not in shared)
    columns = "".join(c for c in right.letters if c not in shared)
    if inner and not batch and (max(len(left.letters), len(right.letters)) <= 2 or (rows and columns)):
        return _as_matrices(b, left, right, rows, inner, columns)
    order = batch + rows + columns + inner
    value = apply(b, "mul", _aligned(b, left, order), _aligned(b, right, order), hint="product")
    return _summed(b, Operand(value, order), later)


def _as_matrices(b: Builder, left: Operand, right: Operand, rows: str, inner: str, columns: str) -> Operand:
    """One product of matrices, the letters of each kind flattened to one axis."""
    x, y = (_ordered(b, o, order) for o, order in ((left, rows + inner), (right, inner + columns)))
    tall, wide = b.shape(x)[: len(rows)], b.shape(y)[len(inner) :]
    for here, there in zip(b.shape(x)[len(rows) :], b.shape(y)[: len(inner)], strict=True):
        b.same(here, there, "the extents of an axis that is summed over differ")
    flat = product(b, _flat(b, x, len(rows)), _flat(b, y, len(inner)))
    return Operand(reshaped(b, flat, (*tall, *wide)) if tall or wide else flat, rows + columns)


def _flat(b: Builder, x: Atom, split: int) -> Var:
    """At most two axes: those before `split` and those after it."""
    assert isinstance(x, Var)
    parts = [part for part in (b.shape(x)[:split], b.shape(x)[split:]) if part]
    if all(len(part) == 1 for part in parts):
        return x
    sizes: list[Atom] = []
    for part in parts:
        size: Atom = ONE
        for extent in part:
            size = b.int("mul", size, extent, hint="size")
        sizes.append(size)
    found = reshaped(b, x, tuple(sizes))
    assert isinstance(found, Var)
    return found


def _summed(b: Builder, operand: Operand, kept: set[str]) -> Operand:
    """The operand without the letters that are not kept."""
    axes = tuple(k for k, c in enumerate(operand.letters) if c not in kept)
    if not axes:
        return operand
    assert isinstance(operand.value, Var)
    value = added(b, operand.value, axes)
    return Operand(value, "".join(c for c in operand.letters if c in kept))


def added(b: Builder, products: Var, axes: tuple[int, ...]) -> Atom:
    """The sums of products along axes, of their element type: those of narrow integers wrap, of truth values is any."""
    return cast(b, reduce(b, "sum", products, axes, hint="total"), b.type(products).dtype)


def _ordered(b: Builder, operand: Operand, order: str) -> Atom:
    """The axes in another order: a view."""
    return transposed(b, operand.value, tuple(operand.letters.index(c) for c in order))


def _aligned(b: Builder, operand: Operand, order: str) -> Atom:
    """A view that broadcasts against others of the same order of letters."""
    value = _ordered(b, operand, "".join(c for c in order if c in operand.letters))
    missing = [k for k, c in enumerate(order) if c not in operand.letters]
    return with_axes(b, value, missing) if operand.letters and missing and isinstance(value, Var) else value


# -- einsum ------------------------------------------------------------------------------------------------------------


@implements(np.einsum)
def einsum(b: Builder, subscripts: Value, *operands: Value, optimize: Value = FALSE) -> Value:
    """Each operand's axes are named by letters, or numbers; those that the output lacks are summed over."""
    if isinstance(subscripts, Static) and isinstance(subscripts.value, str):
        spelt = subscripts.value
    else:
        spelt, operands = _spelt(b, (subscripts, *operands))
    arrays = [as_array(b, v) if _rank(b, v) else v for v in operands]
    ranks = [_rank(b, a) for a in arrays]
    terms, out = parse(b, spelt, ranks)
    found = []
    for array, letters in zip(arrays, terms, strict=True):
        assert isinstance(array, (Var, Const))
        found.append(_diagonal(b, array, letters))
    result = contract(b, found, out)
    if isinstance(result, Var) and b.type(result).rank and len(arrays) == 1 and isinstance(arrays[0], Var):
        result = copied(b, result)
        assert isinstance(result, Var)
        # NumPy gives a view where nothing is summed
        b.snapshots.append((result, arrays[0], b.span))
    return result


def _spelt(b: Builder, given: tuple[Value, ...]) -> tuple[str, tuple[Value, ...]]:
    """Operands, each with a list of the numbers of its axes behind it, and perhaps one of the output: as letters."""

    def letter(number: Value) -> str:
        known = number.value if isinstance(number, (Const, Static)) else None
        if known is ...:
            return "..."
        if isinstance(known, int) and 0 <= known < len(LETTERS):
            return sorted(LETTERS)[known]
        raise TypeProblem("np.einsum needs numbers of axes that are known", b.span, "write them as in 'ij,jk->ik'")

    def letters(numbers: Value) -> str:
        if not isinstance(numbers, Seq):
            raise TypeProblem("np.einsum needs its subscripts as a string", b.span, "write them as in 'ij,jk->ik'")
        return "".join(map(letter, numbers.items))

    pairs = len(given) // 2
    spelt = ",".join(letters(numbers) for numbers in given[1 : 2 * pairs : 2])
    return spelt + (f"->{letters(given[-1])}" if len(given) % 2 else ""), given[0 : 2 * pairs : 2]


def _rank(b: Builder, value: Value) -> int:
    if isinstance(value, Seq):
        return 1 + _rank(b, value.items[0]) if value.items else 1
    return b.type(value).rank if isinstance(value, (Var, Const)) else 0


def parse(b: Builder, subscripts: str, ranks: Sequence[int]) -> tuple[list[str], str]:
    """The letters of each operand and of the output, `...` replaced by letters of their own."""
    left, arrow, out = subscripts.replace(" ", "").partition("->")
    terms = left.split(",")
    if len(terms) != len(ranks):
        raise TypeProblem(f"np.einsum of {len(ranks)} operands with {len(terms)} terms", b.span, "name each operand")
    spare = [c for c in reversed(LETTERS) if c not in subscripts]
    hidden = [rank - len(t.replace("...", "")) for t, rank in zip(terms, ranks, strict=True)]
    common = "".join(spare[: max([h for h, t in zip(hidden, terms, strict=True) if "..." in t], default=0)])
    named = [t.replace("...", common[len(common) - max(h, 0) :]) for t, h in zip(terms, hidden, strict=True)]
    if any(len(t) != rank or not (t.isalpha() or not t) for t, rank in zip(named, ranks, strict=True)):
        raise TypeProblem(f"{subscripts!r} does not fit the ranks of the operands", b.span, "name each axis once")
    if not arrow:
        every = "".join(terms).replace(".", "")
        out = ("..." if common else "") + "".join(sorted(c for c in set(every) if every.count(c) == 1))
    out = out.replace("...", common)
    if len(set(out)) < len(out) or not set(out) <= set("".join(named)):
        raise TypeProblem(
            f"the output of {subscripts!r} names an axis that no operand has", b.span, "name it there too"
        )
    return named, out


def _diagonal(b: Builder, x: Atom, letters: str) -> Operand:
    """A letter that names two axes of an operand means their common diagonal."""
    once = "".join(dict.fromkeys(letters))
    if once == letters:
        return Operand(x, letters)
    assert isinstance(x, Var)
    extents = []
    for c in once:
        here = [extent for extent, name in zip(b.shape(x), letters, strict=True) if name == c]
        for other in here[1:]:
            b.same(here[0], other, "the extents of the axes of a diagonal differ")
        extents.append(here[0])
    out = b.emit("empty", *extents, dtype=b.type(x).dtype, hint="diagonal")
    with nest(b, extents) as at:
        place = dict(zip(once, at, strict=True))
        b.store(out, at, b.load(x, tuple(place[c] for c in letters)))
    return Operand(out, once)


# -- tensordot and its relatives ---------------------------------------------------------------------------------------


@implements(np.tensordot, np.linalg.tensordot)
def tensordot(b: Builder, a: Value, other: Value, axes: Value = TWO) -> Value:
    """The sum of products over the last axes of one array and the first of another, or over named ones."""
    x, y = as_numpys(b, a), as_numpys(b, other)
    rank, other_rank = b.type(x).rank, b.type(y).rank
    if isinstance(axes, Seq) and len(axes.items) == 2:
        ours, theirs = (v.items if isinstance(v, Seq) else (v,) for v in axes.items)
        here = [as_axis(b, v, rank) for v in ours]
        there = [as_axis(b, v, other_rank) for v in theirs]
    else:
        count = as_int(b, axes, "the number of axes")
        here, there = list(range(rank - count, rank)), list(range(count))
    if len(here) != len(there) or len(set(here)) < len(here) or any(k < 0 for k in here) or len(there) > other_rank:
        raise TypeProblem("np.tensordot needs the same number of axes of both arrays", b.span, "name them in pairs")
    left, right = LETTERS[:rank], list(LETTERS[rank : rank + other_rank])
    for k, j in zip(here, there, strict=True):
        right[j] = left[k]
    out = [c for c in left if c not in right] + [c for c in right if c not in left]
    return contract(b, [Operand(x, left), Operand(y, "".join(right))], "".join(out))


@implements(np.dot, method="dot")
def dot(b: Builder, a: Value, other: Value) -> Value:
    """The last axis of one array with the last but one of another; a scalar multiplies."""
    return _last_with(b, a, other, -2)


@implements(np.inner)
def inner(b: Builder, a: Value, other: Value) -> Value:
    """The sum of products over the last axes; a scalar multiplies."""
    return _last_with(b, a, other, -1)


def _last_with(b: Builder, a: Value, other: Value, axis: int) -> Value:
    """The last axis of one array with an axis of another one, which a vector has no choice of."""
    x, y = as_atom(b, a), as_atom(b, other)
    if not (b.type(x).rank and b.type(y).rank):
        # a Python number counts as an array of its type
        return apply(b, "mul", *(cast(b, v, b.type(v).dtype) for v in (x, y)))
    if max(b.type(x).rank, b.type(y).rank) > 2:
        axis = axis if b.type(y).rank > 1 else -1
        return tensordot(b, x, y, Seq((LAST, Const(axis))))
    return product(b, as_array(b, x), as_array(b, transposed(b, y) if axis == -1 else y))


@implements(np.vecdot, np.linalg.vecdot)
def vecdot(b: Builder, x1: Value, x2: Value, *, axis: Value = LAST) -> Value:
    """The sum of products along an axis."""
    first = as_array(b, x1)
    if b.type(first).is_complex:
        raise TypeProblem("np.vecdot of complex numbers", b.span, "write np.sum(np.conj(x) * y, axis=-1)")
    value = apply(b, "mul", first, as_array(b, x2), hint="product")
    return added(b, value, (as_axis(b, axis, b.type(value).rank),))


@implements(np.kron)
def kron(b: Builder, a: Value, other: Value) -> Value:
    """The product of each element of one array with the whole of the other."""
    x, y = as_numpys(b, a), as_numpys(b, other)
    if not (isinstance(x, Var) and b.type(x).rank and isinstance(y, Var) and b.type(y).rank):
        return apply(b, "mul", x, y, hint="pairs")
    rank = max(b.type(x).rank, b.type(y).rank)
    x, y = (with_axes(b, v, range(rank - b.type(v).rank)) if b.type(v).rank < rank else v for v in (x, y))
    pairs = apply(
        b, "mul", with_axes(b, x, range(1, 2 * rank, 2)), with_axes(b, y, range(0, 2 * rank, 2)), hint="pairs"
    )
    shape = tuple(b.int("mul", m, n, hint="size") for m, n in zip(b.shape(x), b.shape(y), strict=True))
    return reshaped(b, pairs, shape)


__all__ = ["Operand", "contract"]
