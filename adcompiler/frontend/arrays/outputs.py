"""`out=` and `where=` of NumPy's functions: the result stored into an array that exists."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from adcompiler.errors import TypeProblem
from adcompiler.frontend.arrays.atoms import apply, as_atom
from adcompiler.frontend.arrays.indexing import write
from adcompiler.frontend.state.coerce import is_none
from adcompiler.frontend.state.values import Seq, Static, Value
from adcompiler.ir.build import Builder
from adcompiler.ir.wengert import Const, Var

EVERYWHERE = Const(True)


def without_out(b: Builder, name: str, kwargs: Mapping[str, Value]) -> tuple[Var | None, dict[str, Value]]:
    """The array of the argument `out`, and the other arguments."""
    rest = dict(kwargs)
    out = rest.pop("out", None)
    if isinstance(out, Seq) and len(out.items) == 1:
        out = out.items[0]
    if out is None or is_none(out):
        return None, rest
    if isinstance(out, (Var, Const)) and not b.type(out).rank:
        raise TypeProblem(f"a 0-d array as the argument 'out' of {name}", b.span, f"assign the result of {name}")
    if not isinstance(out, Var):
        raise TypeProblem(f"the argument 'out' of {name} must be an array", b.span, f"assign the result of {name}")
    return out, rest


def delivered(
    b: Builder, name: str, result: Value, out: Var | None, where: Value = EVERYWHERE, exact: bool = True
) -> Value:
    """The result, or `out` with the result stored into it where the mask says so; `exact` forbids broadcasting."""
    masked = not (isinstance(where, (Const, Static)) and where.value is True)
    if out is None:
        if masked:
            raise TypeProblem(f"{name} with where= needs out=", b.span, "give an array, which keeps the other elements")
        return result
    value = as_atom(b, result)
    if exact:
        if b.type(value).rank != b.type(out).rank:
            raise TypeProblem(f"the argument 'out' of {name} has another rank", b.span, "assign the result instead")
        for here, there in zip(b.shape(value), b.shape(out), strict=True):
            b.same(here, there, f"the argument 'out' of {name} has another shape")
    if not np.can_cast(b.type(value).dtype, b.type(out).dtype, "same_kind"):
        raise TypeProblem(
            f"the result of {name} is {b.type(value).dtype} and does not fit an array of {b.type(out).dtype}",
            b.span,
            "give an array of the result's type",
        )
    if masked:
        value = apply(b, "where", as_atom(b, where), value, out)
    write(b, out, [Static(Ellipsis)], value, None)
    return out


__all__ = ["delivered", "without_out"]
