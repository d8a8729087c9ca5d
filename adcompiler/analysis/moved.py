"""Buffers that a loop or a branch takes over: their memory may have only the carried name from then on.

Carried arrays are differentiated as values handed from iteration to iteration. That is exact as long as an array which
is written under its carried name is not also used under the name it came from.
"""

from __future__ import annotations

from adcompiler.analysis.dependence import Dependence
from adcompiler.analysis.scope import Path, sites
from adcompiler.errors import UnsupportedSyntax
from adcompiler.ir.walk import operands, yields
from adcompiler.ir.wengert import Assign, Atom, Branch, Loop, Store, Var, While


def refuse_shared(over: Dependence) -> None:
    """Raise UnsupportedSyntax where a taken-over buffer is written and also used under its first name."""
    written = {over.base(s.array) for s, _, _ in sites(over.fn.body) if isinstance(s, Store)}
    for stmt, path, _ in sites(over.fn.body):
        if not isinstance(stmt, (Loop, While, Branch)):
            continue
        for names, sources in taken(stmt):
            if written.isdisjoint(names):
                continue
            for source in sources:
                owner = over.base(source) if isinstance(source, Var) and over.fn.types[source.name].rank else None
                if owner is not None and (used(over, owner, path, stmt) or owner in over.fn.results):
                    what = f"the array `{source}` is written under another name, `{names[0]}`, and used under its own"
                    raise UnsupportedSyntax(what, stmt.span, f"start from a copy: {names[0]} = {source}.copy()")


def taken(stmt: Loop | While | Branch) -> list[tuple[list[Var], list[Atom]]]:
    """For each array that a region takes over: its new names, and what it may be."""
    match stmt:
        case Loop(carried=carried) | While(carried=carried):
            return [([c.var, c.out], [c.init]) for c in carried]
        case Branch(outs=outs):
            return [([o.var], [o.then, o.other]) for o in outs]


def used(over: Dependence, owner: Var, region: Path, taker: Loop | While | Branch) -> bool:
    """Whether the memory of `owner` is used by name after it was taken over: for a loop, also inside it."""
    for stmt, path, _ in sites(over.fn.body):
        within = isinstance(taker, Branch) and path[: len(region)] == region
        if path <= region or within or (isinstance(stmt, Assign) and stmt.op == "dim"):
            continue
        arrays = (a for a in (*operands(stmt), *yields(stmt)) if isinstance(a, Var) and over.fn.types[a.name].rank)
        if any(over.base(a) == owner for a in arrays):
            return True
    return False
