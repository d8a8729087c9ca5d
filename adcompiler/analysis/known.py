"""What is known of integers at a place: loop ranges, tests passed, checks survived, and how names were computed."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeAlias

from adcompiler.analysis.affine import Affine
from adcompiler.analysis.conditions import Conditions, Conj, negated, symbols
from adcompiler.analysis.constraints import Form, feasible, symbol
from adcompiler.ir.wengert import Assign, Atom, Branch, Var

# a proof looks this many steps away from what is to be proven, at this many facts, and splits this many names
_STEPS = 3
_FACTS = 60
_SPLITS = 3

# under the guard, the name has the value
Choice: TypeAlias = "tuple[Conj, Form]"


@dataclass(slots=True)
class Scope:
    """What one block has added: forms that are not negative, and conjunctions that were found not to hold."""

    facts: list[Form] = field(default_factory=list)
    never: list[Conj] = field(default_factory=list)


@dataclass(slots=True)
class Known:
    """The facts of the open blocks, outermost first."""

    affine: Affine
    conditions: Conditions
    scopes: list[Scope] = field(default_factory=lambda: [Scope()])

    @contextmanager
    def scope(self, facts: Iterable[Form]) -> Iterator[None]:
        """A block in which more is known."""
        self.scopes.append(Scope(list(facts)))
        try:
            yield
        finally:
            self.scopes.pop()

    def learn(self, facts: Iterable[Form]) -> None:
        """Add to what is known in the innermost block."""
        self.scopes[-1].facts += [f for f in facts if f.terms and f not in self.scopes[-1].facts]

    # -- proofs --------------------------------------------------------------------------------------------------

    def impossible(self, conj: Conj, depth: int | None = None) -> bool:
        """Whether `conj` is proven never to hold with what the outermost `depth` blocks know."""
        nevers = [never for scope in self.scopes[:depth] for never in scope.never]
        if any(never <= conj for never in nevers):
            return True
        if self.contradiction(*self.gather(conj, depth)):
            return True
        names = symbols(conj)
        close = [never for never in nevers if any(s in names for s in symbols(never))]
        return any(self.implies(conj, never, depth) for never in close)

    def implies(self, conj: Conj, other: Conj, depth: int | None = None) -> bool:
        """Whether all of `other` is proven to hold where `conj` does."""
        system, splits = self.gather(conj, depth, other)
        return all(self.contradiction([*system, negated(f)], splits) for f in other)

    def reduced(self, conj: Conj, depth: int | None = None) -> Conj:
        """`conj` without the forms that follow from the others and from what is known."""
        for form in sorted(conj, key=lambda f: (len(f.terms), str(f)), reverse=True):
            rest = conj - {form}
            if self.implies(rest, frozenset({form}), depth):
                conj = rest
        return conj

    def contradiction(self, system: list[Form], splits: list[list[Conj]]) -> bool:
        """Whether a system has no solution in any of the combined cases."""
        if not feasible(system):
            return True
        return bool(splits) and all(self.contradiction([*system, *case], splits[1:]) for case in splits[0])

    def gather(self, conj: Conj, depth: int | None, other: Conj = frozenset()) -> tuple[list[Form], list[list[Conj]]]:
        """`conj` with the facts that have to do with it or with `other`, and the cases of names in them."""
        pool = [f for scope in self.scopes[:depth] for f in scope.facts]
        found, splits = sorted(conj, key=str), list[list[Conj]]()
        agenda = list(symbols(conj | other))
        seen = set(agenda)
        for _ in range(_STEPS):
            close = [f for f in pool if any(s in agenda for s, _ in f.terms)]
            pool = [f for f in pool if f not in close]
            near = list(close)
            for s in agenda:
                close += self.lore(s)
                cases = self.cases(s)
                near += [f for case in cases for f in case]
                if cases and len(splits) < _SPLITS:
                    splits.append(cases)
            found += close[: max(_FACTS - len(found), 0)]
            agenda = [s for s in symbols([*close, *near]) if s not in seen]
            seen.update(agenda)
        return found, splits

    # -- how a name was computed ---------------------------------------------------------------------------------

    def line(self, name: Hashable) -> Assign | None:
        """The line that defines an integer symbol."""
        if not isinstance(name, Var) or self.affine.fn.types[name.name].dtype != "int64":
            return None
        d = self.affine.defs.get(name)
        return d.stmt if d is not None and d.role == "line" and isinstance(d.stmt, Assign) else None

    def lore(self, name: Hashable) -> list[Form]:
        """Forms that the definition of a symbol makes non-negative."""
        if isinstance(name, tuple) and name[0] == "extent":
            return [symbol(name)]
        line, fn = self.line(name), self.affine.fn
        if line is None:
            return []
        v = symbol(name)
        if line.op in ("argmax", "argmin"):
            extents = fn.shape(line.args[0])
            return [v, self.affine.form(extents[0]).shift(-1) - v] if len(extents) == 1 else [v]
        if line.op == "cast":
            small = fn.type(line.args[0]).dtype in ("uint8", "uint16", "uint32", "bool")
            return [v] if small else []
        if not self.integers(line.args):
            return []
        forms = [self.affine.form(a) for a in line.args]
        match line.op:
            case "minimum":
                return [f - v for f in forms]
            case "maximum":
                return [v - f for f in forms]
            case "floordiv" if not forms[1].terms and forms[1].constant > 0:
                c = forms[1].constant
                return [forms[0].plus(v, -c), v.times(c).shift(c - 1) - forms[0]]
            case _:
                return []

    def cases(self, name: Hashable) -> list[Conj]:
        """Conjunctions of which one holds, by the definition of a symbol; empty where nothing is to be split."""
        line, v = self.line(name), symbol(name)
        if line is not None and line.op == "mod" and self.integers(line.args):
            divisor = self.affine.form(line.args[1])
            positive = frozenset({divisor.shift(-1), v, divisor.shift(-1) - v})
            return [positive, frozenset({divisor.times(-1), v.times(-1), v - divisor})]
        return [guard | {v - value, value - v} for guard, value in self.choices(name, exact=False) or ()]

    def choices(self, name: Hashable, exact: bool = True) -> list[Choice] | None:
        """The values that a symbol can have, each with the guard under which it has it; None where they are not known.

        Without `exact` a guard may be left out.
        """
        d = self.affine.defs.get(name) if isinstance(name, Var) else None
        if d is not None and isinstance(d.stmt, Branch):
            out = next(o for o in d.stmt.outs if o.var == name)
            return self.chosen(d.stmt.test, (out.then, out.other), exact)
        line = self.line(name)
        if line is None:
            return None
        if line.op == "where":
            return self.chosen(line.args[0], line.args[1:], exact)
        if line.op not in ("minimum", "maximum", "abs") or not self.integers(line.args):
            return None
        a = self.affine.form(line.args[0])
        b = a.times(-1) if line.op == "abs" else self.affine.form(line.args[1])
        if line.op == "minimum":
            return [(frozenset({b - a}), a), (frozenset({a - b}), b)]
        return [(frozenset({a - b}), a), (frozenset({b - a}), b)]

    def chosen(self, test: Atom, values: tuple[Atom, ...], exact: bool) -> list[Choice] | None:
        """The choices where a test decides between two values."""
        if not self.integers(values):
            return None
        found: list[Choice] = []
        for value, truth in zip(values, (True, False), strict=True):
            guards = self.conditions.exactly(test, truth)
            if guards is None and exact:
                return None
            found += [(guard, self.affine.form(value)) for guard in guards or [frozenset()]]
        return found

    def integers(self, atoms: Iterable[Atom]) -> bool:
        """Whether all atoms are integers without wrap-around that matters."""
        return all(self.affine.fn.type(a).dtype == "int64" and not self.affine.fn.type(a).rank for a in atoms)
