"""What a derivative records: its tapes, and their sizes in terms of the arguments."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from adcompiler.analysis.scope import Definition, definitions
from adcompiler.ir.walk import walk
from adcompiler.ir.wengert import Assign, Atom, Func, Grow, Loop, Var

_TAPE = re.compile(r"(.+)_tape(_\d+)?")
_INFIX = {"add": "+", "sub": "-", "mul": "*", "floordiv": "//"}


@dataclass(frozen=True, slots=True)
class Record:
    """One tape: the value of the primal that it holds, the bytes of an element, and its extents as text."""

    tape: Var
    name: str
    itemsize: int
    extents: tuple[str, ...]
    grows: bool

    @property
    def size(self) -> str:
        """The bytes as a product."""
        return " x ".join([f"{self.itemsize} B", *self.extents])


def records(primal: Func, fn: Func) -> Iterator[Record]:
    """The tapes of a derivative, which are none of the arrays of its primal.

    Parameters
    ----------
    primal, fn : Func
        A function, and a derivative of it in reverse mode, before or after its arrays were lowered to loops.
    """
    grown = {s.array for s in walk(fn.body) if isinstance(s, Grow)}
    defs = definitions(fn)
    for stmt in walk(fn.body):
        if not isinstance(stmt, Assign) or stmt.op != "empty":
            continue
        match = _TAPE.fullmatch(stmt.target.name)
        if match is not None and stmt.target.name not in primal.types:
            first, *rest = (operand(expression(defs, a)) for a in stmt.args)
            grows = stmt.target in grown
            first = "(as often as it is made)" if grows else first
            yield Record(stmt.target, match[1], fn.types[stmt.target.name].numpy.itemsize, (first, *rest), grows)


def expression(defs: Mapping[Var, Definition], atom: Atom) -> str:
    """An extent in terms of arguments, as Python would write it; a counted nest by its innermost loop."""
    stmt = defs[atom].stmt if isinstance(atom, Var) and atom in defs else None
    match stmt:
        case Assign(op="dim", args=args, params=params):
            return f"{args[0]}.shape[{dict(params)['axis']}]"
        case Assign(op=("add" | "sub" | "mul" | "floordiv") as op, args=args):
            a, b = (operand(expression(defs, x)) for x in args)
            return f"{a} {_INFIX[op]} {b}"
        case Assign(op=("maximum" | "minimum") as op, args=args):
            return f"{op[:3]}({', '.join(expression(defs, x) for x in args)})"
        case Loop(span=span) if span is not None:
            return f"iterations of line {span.line}"
        case _:
            return str(atom)


def operand(text: str) -> str:
    """A text in parentheses unless it is a name, a number or a call."""
    return text if re.fullmatch(r"[\w.]+(\[\d+\]|\([^()]*\))?", text) else f"({text})"


__all__ = ["Record", "records"]
