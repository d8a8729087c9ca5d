"""Guards against factors that no iteration changes ask once whether the factor is finite, instead of in each iteration.

A guard keeps a factor that is no finite number from a cotangent of zero. Zero times a finite number is zero.
"""

from __future__ import annotations

from dataclasses import replace

from adcompiler.ir.build import Builder, scalar, with_body
from adcompiler.ir.wengert import Assign, Atom, Const, Func
from adcompiler.optimise.lines.versioning import Upfront, lines_of


def drop_guards(fn: Func) -> Func:
    """Multiply without a guard in innermost loops that are entered with a finite factor.

    Before:  for i in range(n): x[i] += cut(g[i], c)
    After:   odd = not isfinite(c)
             for i in range(n): x[i] += 0 if odd and g[i] == 0 else g[i] * c

    In adjoints, where guards are, the sign of a zero may differ.
    """
    taken = {s.target for s in lines_of(fn, "cut") if _fits(fn, s)}
    if not taken:
        return fn
    b = Builder.of(fn)
    body = _Unguarded(b, taken).block(fn.body)
    return with_body(fn, body, b)


def _fits(fn: Func, stmt: Assign) -> bool:
    """Whether a guard is of numbers of one real type, by a name."""
    types = {fn.type(a) for a in (stmt.target, *stmt.args)}
    return len({t.dtype for t in types}) == 1 and not any(
        t.rank or t.is_complex or isinstance(stmt.args[1], Const) for t in types
    )


class _Unguarded(Upfront):
    def prepared(self, by: Atom, dtype: str) -> tuple[Atom, Atom | None]:
        """The factor, and whether it needs a guard."""
        return by, self.b.emit("logical_not", self.b.emit("isfinite", by), hint="odd")

    def line(self, stmt: Assign, number: Atom, odd: Atom | None) -> None:
        """Append a product that is guarded only if the factor needs it."""
        assert odd is not None
        cotangent, zero = stmt.args[0], scalar(0.0, self.b.type(stmt.target).dtype)
        nothing = self.b.emit("logical_and", odd, self.b.emit("eq", cotangent, zero), hint="nothing")
        product = self.b.like(stmt.target)
        self.b.add(replace(stmt, target=product, op="mul"))
        self.b.add(replace(stmt, op="where", args=(nothing, zero, product)))


__all__ = ["drop_guards"]
