"""Integer names as linear forms over loop indices and values that stay what they are."""

from __future__ import annotations

from dataclasses import dataclass, field

from adcompiler.analysis.constraints import Form, number, symbol
from adcompiler.analysis.scope import Definition, definitions
from adcompiler.ir.once import once
from adcompiler.ir.wengert import Assign, Atom, Const, Func, Var


@dataclass(slots=True)
class Affine:
    """The linear forms of a function's integer names; a name that is not linear is a symbol of its own."""

    fn: Func
    defs: dict[Var, Definition]
    memo: dict[Var, Form] = field(default_factory=dict)

    def form(self, atom: Atom) -> Form:
        """The form of an integer atom."""
        if isinstance(atom, Const):
            return number(int(atom.value)) if isinstance(atom.value, int) else symbol(("constant", str(atom)))
        if atom not in self.memo:
            self.memo[atom] = self.derive(atom)
        return self.memo[atom]

    def derive(self, v: Var) -> Form:
        """The form of a name from its defining line."""
        d = self.defs.get(v)
        # arithmetic of smaller integers wraps around
        if d is None or not isinstance(d.stmt, Assign) or d.role != "line" or self.fn.types[v.name].dtype != "int64":
            return symbol(v)
        args = d.stmt.args
        match d.stmt.op:
            case "add":
                return self.form(args[0]) + self.form(args[1])
            case "sub":
                return self.form(args[0]) - self.form(args[1])
            case "neg":
                return self.form(args[0]).times(-1)
            case "mul":
                a, b = self.form(args[0]), self.form(args[1])
                if not a.terms:
                    return b.times(a.constant)
                if not b.terms:
                    return a.times(b.constant)
            case "dim" if isinstance(args[0], Var):
                # an extent by its array and axis: two lines may ask for the same one
                return symbol(("extent", args[0].name, dict(d.stmt.params)["axis"]))
            case _:
                pass
        return symbol(v)

    def unclipped(self, size: Form) -> Form:
        """A size as if it could be negative: not a sum of sizes, of which the others would then be smaller."""
        name = next((s for s, _ in size.terms if size == symbol(s)), None)
        d = self.defs.get(name) if isinstance(name, Var) else None
        if d is not None and isinstance(d.stmt, Assign) and d.stmt.op == "maximum" and d.stmt.args[1] == Const(0):
            return self.form(d.stmt.args[0])
        return size


@once
def affine(fn: Func) -> Affine:
    """Linear forms for a function."""
    return Affine(fn, definitions(fn))


__all__ = ["Affine", "affine"]
