"""The lines of one function inside another."""

from __future__ import annotations

from collections.abc import Sequence

from adcompiler.ir.build import Builder
from adcompiler.ir.walk import all_defs, rename
from adcompiler.ir.wengert import Assign, Atom, Func, Stmt, Var


def inlined(b: Builder, fn: Func, args: Sequence[Atom]) -> list[Atom]:
    """Append the lines of a function, with names of their own, and return its results."""
    names: dict[Var, Atom] = dict(zip(fn.params, args, strict=True))
    body = list[Stmt]()
    for stmt in fn.body:
        # an extent of an argument has a name already
        if isinstance(stmt, Assign) and stmt.op == "dim" and stmt.args[0] in fn.params:
            axis = dict(stmt.params)["axis"]
            assert isinstance(axis, int)
            names[stmt.target] = b.shape(names[fn.params[fn.params.index(stmt.args[0])]])[axis]
        else:
            body.append(stmt)
    own = sorted(all_defs(body), key=str)
    names |= {v: Var(b.names.fresh(v.name)) for v in own}
    for v in own:
        b.types[str(names[v])] = fn.types[v.name]
        if v.name in fn.shapes:
            shape = fn.shapes[v.name]
            b.shapes[str(names[v])] = tuple(names.get(a, a) if isinstance(a, Var) else a for a in shape)
    b.extend(rename(tuple(body), names))
    return [names.get(r, r) if isinstance(r, Var) else r for r in fn.results]
