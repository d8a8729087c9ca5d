"""What a loop only adds to: values it carries, and elements of arrays that become scalars while an inner loop runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from adcompiler.analysis.scope import Definition
from adcompiler.ir.walk import blocks, operands, walk, yields
from adcompiler.ir.wengert import Assign, Atom, Block, Branch, Carry, Func, Load, Loop, Stmt, Store, Var


@dataclass(slots=True)
class Additive:
    """Recognises sums.

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

    def carries(self, carry: Carry) -> bool:
        """Whether a loop only adds to a carried value: no term depends on the value."""
        return self.adds(carry.next, carry.var)

    def adds(self, value: Atom, origin: Var) -> bool:
        """Whether `value` is `origin` and terms that do not depend on it, and nothing else reads `origin`."""
        return 0 < self.uses[origin] == self.hits(value, origin)

    def hits(self, value: Atom, origin: Var) -> int:
        """How many of the reads of `origin` lie on the way to `value`; 0 where one of them is no addition."""
        if value == origin:
            return 1
        d = self.defs.get(value) if isinstance(value, Var) and self.uses[value] == 1 else None
        match None if d is None else d.stmt:
            case Assign(op="add", args=(a, b)):
                return self.hits(a, origin) or self.hits(b, origin)
            case Assign(op="sub", args=(a, _)):
                return self.hits(a, origin)
            case Loop(carried=carried) if d is not None and d.role == "out":
                carry = next(c for c in carried if c.out == value)
                return self.hits(carry.init, origin) if self.carries(carry) else 0
            case Branch(outs=outs):
                out = next(o for o in outs if o.var == value)
                arms = self.hits(out.then, origin), self.hits(out.other, origin)
                return sum(arms) if all(arms) else 0
            case _:
                return 0

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


__all__ = ["Additive"]
