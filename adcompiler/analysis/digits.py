"""Indices of flattened arrays, `(i * n + j) * m + k`, as the digits that they are made of: i, j and k.

Where each digit but the first is less than its radix, and none is negative, equal indices have equal digits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from adcompiler.analysis.affine import Affine
from adcompiler.analysis.constraints import Form, feasible, number, symbol
from adcompiler.ir.wengert import Assign, Atom, Const

# by the symbols that are multiplied, in a fixed order, their factor
Polynomial = Mapping[tuple[Hashable, ...], int]

# an index of more terms, or of products of more symbols, is not taken apart
TERMS = 16
DEGREE = 4


@dataclass(frozen=True, slots=True)
class Digits:
    """The digits of an index, the first of them of any size, and the radices of the others."""

    forms: tuple[Form, ...]
    radices: tuple[Form, ...]


def digits(affine: Affine, index: Atom, known: Sequence[Form]) -> Digits | None:
    """The digits of an index where forms of `known` are not negative; None where that proves none.

    >>> from adcompiler.ir.types import INDEX
    >>> from adcompiler.ir.wengert import Func, Var
    >>> i, j, m, row, at = map(Var, ("i", "j", "m", "row", "at"))
    >>> lines = (Assign(row, "mul", (i, m), (), None), Assign(at, "add", (row, j), (), None))
    >>> fn = Func("f", (i, j, m), lines, (), {v.name: INDEX for v in (i, j, m, row, at)}, {})
    >>> from adcompiler.analysis.scope import definitions
    >>> inside = [symbol(i), symbol(j), symbol(m).shift(-1) - symbol(j)]
    >>> digits(Affine(fn, definitions(fn)), at, inside).radices == (symbol(m),)
    True
    """
    found = _polynomial(affine, index)
    if found is None or all(len(symbols) < 2 for symbols in found):
        return None
    return _taken_apart(found, known)


def _polynomial(affine: Affine, atom: Atom) -> Polynomial | None:
    """An index as a sum of products of symbols; None where that has too many terms."""
    line = _line(affine, atom)
    if line is None or line.op not in ("add", "sub", "mul", "neg"):
        return _of_form(affine.form(atom))
    parts = [_polynomial(affine, a) for a in line.args]
    if any(part is None for part in parts):
        return None
    one, other = parts[0], parts[-1]
    assert one is not None and other is not None
    total = Counter[tuple[Hashable, ...]]()
    if line.op == "mul":
        for a, m in one.items():
            for b, n in other.items():
                total[tuple(sorted((*a, *b), key=str))] += m * n
    else:
        sign = {"add": 1, "sub": -1, "neg": 0}[line.op]
        for symbols, c in one.items():
            total[symbols] += c if sign else -c
        for symbols, c in other.items():
            total[symbols] += sign * c
    kept = {symbols: c for symbols, c in total.items() if c}
    return kept if len(kept) <= TERMS and all(len(s) <= DEGREE for s in kept) else None


def _line(affine: Affine, atom: Atom) -> Assign | None:
    d = None if isinstance(atom, Const) else affine.defs.get(atom)
    if d is None or d.role != "line" or not isinstance(d.stmt, Assign):
        return None
    # arithmetic of smaller integers wraps around
    return d.stmt if affine.fn.types[d.stmt.target.name].dtype == "int64" else None


def _of_form(form: Form) -> Polynomial:
    found: dict[tuple[Hashable, ...], int] = {(s,): c for s, c in form.terms}
    return found | {(): form.constant} if form.constant else found


def _as_form(polynomial: Polynomial) -> Form:
    """A polynomial that is linear, as a form."""
    form = number(polynomial.get((), 0))
    for symbols, c in polynomial.items():
        form = form.plus(symbol(symbols[0]), c) if symbols else form
    return form


def _taken_apart(found: Polynomial, known: Sequence[Form]) -> Digits | None:
    """The digits of a polynomial."""
    products = [symbols for symbols in found if len(symbols) > 1]
    if not products:
        first = _as_form(found)
        return None if feasible([*known, first.times(-1).shift(-1)]) else Digits((first,), ())
    for radix in sorted(set.intersection(*map(set, products)), key=str):
        for above, last in _divided(found, radix):
            if feasible([*known, last.times(-1).shift(-1)]) or feasible([*known, last - symbol(radix)]):
                continue
            if (head := _taken_apart(above, known)) is not None:
                return Digits((*head.forms, last), (*head.radices, symbol(radix)))
    return None


def _divided(found: Polynomial, radix: Hashable) -> Iterator[tuple[Polynomial, Form]]:
    """The ways to write a polynomial as a multiple of a symbol and a linear rest."""
    above, rest = dict[tuple[Hashable, ...], int](), dict[tuple[Hashable, ...], int]()
    for symbols, c in found.items():
        if len(symbols) > 1:
            position = symbols.index(radix)
            above[symbols[:position] + symbols[position + 1 :]] = c
        else:
            rest[symbols] = c
    last, times = _as_form(rest), rest.get((radix,), 0)
    if times:
        more = {**above, (): above.get((), 0) + times}
        yield {symbols: c for symbols, c in more.items() if c}, last.plus(symbol(radix), -times)
    yield above, last


__all__ = ["Digits", "digits"]
