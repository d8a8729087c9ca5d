"""What loops fold in any order: sums and extremes that they carry, and elements of arrays to which they only add."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from adcompiler.analysis.scope import Definition
from adcompiler.ir.walk import blocks, operands, walk, yields
from adcompiler.ir.wengert import Assign, Atom, Block, Branch, Carry, Func, Load, Loop, Stmt, Store, Var

#: Operations whose order of terms nobody observes: one of them all along, and NaN wins over any number.
FOLDS = ("add", "maximum", "minimum")


@dataclass(slots=True)
class Additive:
    """Recognises sums, and the largest and smallest of values.

    Parameters
    ----------
    defs : dict of Var to Definition
        Where the names of the function are defined.
    uses : Counter of Atom
        How often each is read.
    """

    defs: dict[Var, Definition]
    uses: Counter[Atom]

    @classmethod
    def of(cls, fn: Func, defs: dict[Var, Definition]) -> Additive:
        """Those of a function."""
        read = Counter(a for s in walk(fn.body) for a in (*operands(s), *yields(s)))
        return cls(defs, read + Counter(fn.results))

    def folds(self, carry: Carry) -> str | None:
        """The operation by which a loop joins terms to a carried value; None where one depends on the value."""
        return next((op for op in FOLDS if self.joins(carry.next, carry.var, op)), None)

    def adds(self, value: Atom, origin: Var) -> bool:
        """Whether `value` is `origin` and terms that do not depend on it, and nothing else reads `origin`."""
        return self.joins(value, origin, "add")

    def joins(self, value: Atom, origin: Var, op: str) -> bool:
        """Whether `value` is `origin` joined with terms that do not depend on it, and nothing else reads `origin`."""
        reads = self.way(value, origin, op)
        return reads is not None and all(self.uses[v] == count for v, count in reads.items())

    def way(self, value: Atom, origin: Var, op: str) -> Counter[Atom] | None:
        """The names on the way from `origin` to `value`, with how often it reads each; None where there is no way."""
        reads = Counter[Atom]()
        return reads if self.leads(value, origin, op, reads) else None

    def leads(self, value: Atom, origin: Var, op: str, reads: Counter[Atom]) -> bool:
        """Whether `origin` is joined with terms only, up to `value`; what that reads is counted where it is."""
        reads[value] += 1
        if value == origin or reads[value] > 1:
            return True
        d = self.defs.get(value) if isinstance(value, Var) else None
        match None if d is None else d.stmt:
            case Assign(op=found, args=(a, b)) if found == op:
                before = reads.copy()
                if self.leads(a, origin, op, reads):
                    return True
                reads.clear()
                reads.update(before)
                return self.leads(b, origin, op, reads)
            case Assign(op="sub", args=(a, _)) if op == "add":
                return self.leads(a, origin, op, reads)
            case Loop(carried=carried) if d is not None and d.role == "out":
                carry = next(c for c in carried if c.out == value)
                return self.folds(carry) == op and self.leads(carry.init, origin, op, reads)
            case Branch(outs=outs):
                out = next(o for o in outs if o.var == value)
                return all(self.leads(arm, origin, op, reads) for arm in (out.then, out.other))
            case _:
                return False

    def pairs(self, block: Block) -> Iterator[Stmt]:
        """Loads of an element with the stores that add to what was loaded: `s = a[i]; ...; a[i] = s + ...`.

        Whatever is stored into the element in between, and lost, depends on the contents of the array no more.
        """
        loads: dict[tuple[object, ...], Load] = {}
        for stmt in block:
            if isinstance(stmt, Load):
                loads[stmt.array, stmt.index] = stmt
            elif isinstance(stmt, Store) and not stmt.add:
                load = loads.get((stmt.array, stmt.index))
                if load is not None and self.adds(stmt.value, load.target):
                    yield from (load, stmt)
            for nested in blocks(stmt):
                yield from self.pairs(nested)


def is_sequential(loop: Loop) -> bool:
    """Whether an iteration waits for the one before, other than to add to a sum: such a loop is not vectorised."""
    sums: dict[Atom, Assign] = {s.target: s for s in loop.body if isinstance(s, Assign) and s.op in ("add", "sub")}
    read = Counter(a for s in walk(loop.body) for a in (*operands(s), *yields(s)))
    return any(c.next not in sums or c.var not in sums[c.next].args or read[c.var] != 1 for c in loop.carried)


__all__ = ["FOLDS", "Additive", "is_sequential"]
