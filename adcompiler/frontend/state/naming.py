"""Names for people: what the user assigns to a name carries that name in every text that is generated."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from adcompiler.ir.names import Names
from adcompiler.ir.walk import as_var, rename, walk
from adcompiler.ir.wengert import Assign, Atom, Func, Var

_NUMBER = re.compile(r"(_\d+)+$")


def bears(name: str, wanted: str) -> bool:
    """Whether a name is another with a number or without one.

    >>> bears("u_1", "u"), bears("zeros", "u")
    (True, False)
    """
    return _NUMBER.sub("", name) == wanted or name == wanted


def named(fn: Func, wanted: Mapping[str, str]) -> Func:
    """A function with names of its own lines replaced: `wanted` maps the compiler's name to the user's."""
    kept = {p.name for p in fn.params}
    names = Names(fn.types)
    hints = {Var(old): new for old, new in wanted.items() if old in fn.types and old not in kept}
    chosen: dict[Var, Atom] = {old: Var(names.fresh(new)) for old, new in hints.items()}
    for stmt in walk(fn.body):
        # a transpose carries the name of its array
        if isinstance(stmt, Assign) and stmt.op == "transpose" and stmt.args[0] in chosen and stmt.target not in chosen:
            hints[stmt.target] = f"{hints[as_var(stmt.args[0])]}_T"
            chosen[stmt.target] = Var(names.fresh(hints[stmt.target]))
    if not chosen:
        return fn

    def new(atom: Atom) -> Atom:
        return chosen.get(atom, atom) if isinstance(atom, Var) else atom

    def spelled(name: str) -> str:
        return as_var(new(Var(name))).name

    return replace(
        fn,
        body=rename(fn.body, chosen),
        results=tuple(map(new, fn.results)),
        types={spelled(name): type for name, type in fn.types.items()},
        shapes={spelled(name): tuple(map(new, shape)) for name, shape in fn.shapes.items()},
    )
