"""Texts made from compiled code: a statement on one line, the readable module, the stand-alone module."""

from __future__ import annotations

import inspect
import linecache

from adcompiler.compile import Compiled
from adcompiler.errors import Span
from adcompiler.ir.wengert import (
    Assign,
    Branch,
    Check,
    Grow,
    Index,
    Load,
    Loop,
    NewAxis,
    Print,
    Slice,
    Stmt,
    Store,
    While,
)


def spelled(stmt: Stmt) -> str:
    """One line for a statement, without its blocks."""
    match stmt:
        case Assign(target=target, op=op, args=args, params=params):
            extra = "".join(f", {k}={v}" for k, v in params)
            return f"{target} = {op}({', '.join(map(str, args))}{extra})"
        case Load(target=target, array=array, index=index):
            return f"{target} = {array}[{spelled_index(index)}]"
        case Store(array=array, index=index, value=value, add=add):
            return f"{array}[{spelled_index(index)}] {'+=' if add else '='} {value}"
        case Loop(index=index, start=start, stop=stop, step=step, carried=carried):
            carries = "; ".join(f"{c.var} from {c.init}, next {c.next}" for c in carried)
            return f"for {index} in range({start}, {stop}, {step})" + (f" carrying {carries}" if carries else "")
        case While(carried=carried):
            return "while, carrying " + "; ".join(f"{c.var} from {c.init}, next {c.next}" for c in carried)
        case Branch(test=test, outs=outs):
            return f"if {test}" + "".join(f"; {o.var} = {o.then} or {o.other}" for o in outs)
        case Check(failed=failed, exception=exception):
            return f"raise {exception} if {failed}"
        case Grow(array=array, row=row):
            return f"grow {array} to row {row}"
        case Print(args=args):
            return f"print({', '.join(map(str, args))})"
        case _:
            return ""


def spelled_index(index: Index) -> str:
    """The text of an index."""
    parts = []
    for item in index:
        match item:
            case Slice(start, stop, step):
                text = ":".join("" if a is None else str(a) for a in (start, stop))
                parts.append(text + ("" if step is None else f":{step}"))
            case NewAxis():
                parts.append("None")
            case _:
                parts.append(str(item))
    return ", ".join(parts)


def adjoint_module(compiled: Compiled) -> str:
    """The readable form."""
    return compiled.readable


def user_lines(span: Span) -> str:
    """The text of the user's function."""
    lines = linecache.getlines(span.file)[span.line - 1 : span.end_line]
    return inspect.cleandoc("".join(lines)) if lines else ""


def stand_alone(compiled: Compiled) -> str:
    """A module with the compiled form of the function, decorated for Numba."""
    text = compiled.text
    head = f"def {compiled.func.name}("
    decorated = text.replace(head, f'@nb.njit(error_model="numpy", nogil=True)\n{head}', 1)
    return decorated if "import numba as nb" in text else f"import numba as nb\n{decorated}"
