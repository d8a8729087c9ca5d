"""Integer linear constraints, and whether they can hold together: Fourier-Motzkin elimination with integer tightening.

A constraint is a linear form that must not be negative. Infeasible is a proof; feasible may be an artefact of the
rationals. Source: H. P. Williams, "Fourier-Motzkin elimination extension to integer programming problems", 1976; the
tightening of constants after division by the common divisor is Pugh's (the Omega test, 1991).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Set
from dataclasses import dataclass
from functools import lru_cache
from math import gcd

# a system that grows past this many constraints counts as feasible
LIMIT = 200


@dataclass(frozen=True, slots=True)
class Form:
    """`constant + sum(coefficient * symbol)` with integer coefficients, none of them zero."""

    terms: tuple[tuple[Hashable, int], ...]
    constant: int

    @classmethod
    def make(cls, terms: Mapping[Hashable, int], constant: int) -> Form:
        """A form in canonical order."""
        kept = [term for term in terms.items() if term[1]]
        if len(kept) > 1:
            kept.sort(key=_spelling)
        return cls(tuple(kept), constant)

    def __add__(self, other: Form) -> Form:
        return self.plus(other, 1)

    def __sub__(self, other: Form) -> Form:
        return self.plus(other, -1)

    def plus(self, other: Form, factor: int) -> Form:
        """`self + factor * other`."""
        constant = self.constant + factor * other.constant
        if not other.terms:
            return Form(self.terms, constant)
        terms = dict(self.terms)
        for symbol, c in other.terms:
            terms[symbol] = terms.get(symbol, 0) + factor * c
        return Form.make(terms, constant)

    def times(self, factor: int) -> Form:
        """`factor * self`."""
        return Form(tuple((s, factor * c) for s, c in self.terms) if factor else (), factor * self.constant)

    def shift(self, by: int) -> Form:
        """`self + by`."""
        return Form(self.terms, self.constant + by)

    def coefficient(self, symbol: Hashable) -> int:
        """The coefficient of a symbol."""
        return next((c for s, c in self.terms if s == symbol), 0)

    def rename(self, names: Mapping[Hashable, Hashable]) -> Form:
        """The form with symbols replaced."""
        terms: dict[Hashable, int] = {}
        for s, c in self.terms:
            new = names.get(s, s)
            terms[new] = terms.get(new, 0) + c
        return Form.make(terms, self.constant)


def _spelling(term: tuple[Hashable, int]) -> str:
    return str(term[0])


def number(value: int) -> Form:
    """A constant form."""
    return Form((), value)


def symbol(name: Hashable) -> Form:
    """A form that is one symbol."""
    return Form(((name, 1),), 0)


def feasible(constraints: Iterable[Form], equalities: Iterable[Form] = ()) -> bool:
    """Whether all `constraints` can be non-negative while all `equalities` are zero; False is a proof.

    >>> i, n = symbol("i"), symbol("n")
    >>> feasible([i, n.shift(-1) - i, i.times(-1).shift(-1)])
    False
    """
    system, rest = set(constraints), list(equalities)
    while rest:
        equal = rest.pop()
        divisor = gcd(*(c for _, c in equal.terms)) if equal.terms else 0
        if not equal.terms or equal.constant % divisor:
            if equal.constant:
                return False
            continue
        unit = next(((s, c) for s, c in equal.terms if abs(c) == divisor), None)
        if unit is None:
            system |= {equal, equal.times(-1)}
            continue
        equal = Form(tuple((s, c // divisor) for s, c in equal.terms), equal.constant // divisor)
        name, sign = unit[0], unit[1] // divisor
        # name = -sign * (the rest of the form)
        value = (equal.plus(symbol(name), -sign)).times(-sign)
        system = {_substitute(f, name, value) for f in system}
        rest = [_substitute(f, name, value) for f in rest]
    return _eliminate(frozenset(system))


def _substitute(form: Form, name: Hashable, value: Form) -> Form:
    c = form.coefficient(name)
    return form if c == 0 else form.plus(symbol(name), -c).plus(value, c)


def _tighten(form: Form) -> Form:
    divisor = gcd(*(c for _, c in form.terms))
    if divisor <= 1:
        return form
    return Form(tuple((s, c // divisor) for s, c in form.terms), form.constant // divisor)


@lru_cache(maxsize=4096)
def _eliminate(system: frozenset[Form]) -> bool:
    """Whether constraints can hold together: the same ones are asked for at each pass over a function."""
    return _shrunk(system)


def _shrunk(system: Set[Form]) -> bool:
    while True:
        strongest: dict[tuple[tuple[Hashable, int], ...], int] = {}
        for form in system:
            if not form.terms:
                if form.constant < 0:
                    return False
                continue
            form = _tighten(form)
            strongest[form.terms] = min(form.constant, strongest.get(form.terms, form.constant))
        if not strongest:
            return True
        if len(strongest) > LIMIT:
            return True
        forms = [Form(t, c) for t, c in strongest.items()]
        system = _without(forms, _cheapest(forms))


def _cheapest(forms: list[Form]) -> Hashable:
    """The symbol whose elimination makes the fewest constraints."""
    lower: dict[Hashable, int] = {}
    upper: dict[Hashable, int] = {}
    for form in forms:
        for s, c in form.terms:
            side = lower if c > 0 else upper
            side[s] = side.get(s, 0) + 1
    costs = {s: lower.get(s, 0) * upper.get(s, 0) for s in (*lower, *upper)}
    least = min(costs.values())
    return min((s for s, cost in costs.items() if cost == least), key=str)


def _without(forms: list[Form], name: Hashable) -> set[Form]:
    """The shadow of a system along one symbol."""
    lower, upper, rest = list[tuple[int, Form]](), list[tuple[int, Form]](), set[Form]()
    for form in forms:
        c = form.coefficient(name)
        if c > 0:
            lower.append((c, form))
        elif c < 0:
            upper.append((-c, form))
        else:
            rest.add(form)
    for a, low in lower:
        for b, high in upper:
            rest.add(low.times(b).plus(high, a))
    return rest
