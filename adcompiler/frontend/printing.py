"""Text made of values: f-strings, `str.format` and `print`."""

from __future__ import annotations

import ast
import builtins
import string
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import TypeAlias

from adcompiler.frontend.builtin_table import builtin
from adcompiler.frontend.context import Lowering, expression
from adcompiler.frontend.reading import resolved
from adcompiler.frontend.values import DictValue, ListOf, Maybe, Seq, Static, Value, kind_of
from adcompiler.ir.wengert import Const, Print, Var

_CONVERSIONS = {-1: "", ord("s"): "", ord("r"): ""}


@expression(ast.JoinedStr)
def formatted(low: Lowering, node: ast.JoinedStr, hint: str) -> Value:
    """An f-string, for `print`, `raise` and `assert`: text and values side by side."""
    return Seq(tuple(_part(low, part) for part in node.values), "text")


def _part(low: Lowering, part: ast.expr) -> Value:
    if isinstance(part, ast.Constant):
        return Static(part.value)
    assert isinstance(part, ast.FormattedValue)
    if part.conversion not in _CONVERSIONS:
        raise low.refuse("format", part.value)
    value = low.eval(part.value)
    if part.format_spec is None:
        return value.value if isinstance(value, Maybe) else value
    return with_spec(low, value, _spec(low, part))


def _spec(low: Lowering, node: ast.FormattedValue) -> str:
    """A format specification, which is known at compile time."""
    assert isinstance(node.format_spec, ast.JoinedStr)
    pieces = [_part(low, part) for part in node.format_spec.values]
    if not all(isinstance(piece, (Static, Const)) for piece in pieces):
        raise low.refuse("format", node.value)
    return "".join(str(piece.value) for piece in pieces if isinstance(piece, (Static, Const)))


def with_spec(low: Lowering, value: Value, spec: str) -> Value:
    """A value to be printed as a format specification says."""
    held = resolved(low, value)
    match held:
        case Static(value=known) | Const(value=known):
            return Static(format(known, spec))
        case Var() if not low.b.type(held).rank or not spec:
            return Seq((held, Static(spec)), "formatted")
    raise low.refuse("print-object", kind=kind_of(held))


def format_text(low: Lowering, text: str, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
    """`text.format(*args, **kwargs)`."""
    found: list[Value] = []
    for count, (before, field, spec, conversion) in enumerate(string.Formatter().parse(text)):
        found.append(Static(before))
        if field is None:
            continue
        named = DictValue(tuple((str(k), v) for k, v in enumerate(args)) + tuple(kwargs.items()))
        value = named.get(field or str(count))
        if value is None or conversion not in (None, "s", "r") or "{" in (spec or ""):
            raise low.refuse("format")
        found.append(with_spec(low, value, spec or ""))
    return Seq(tuple(found), "text")


@builtin(builtins.print)
def print_(low: Lowering, args: list[Value], kwargs: dict[str, Value], hint: str) -> Value:
    """`print(*args, sep=" ", end="\\n")`: numbers, arrays and text."""
    marks = {"sep": " ", "end": "\n"}
    for key, value in kwargs.items():
        held = value.value if isinstance(value, Static) else value
        if key in marks and (held is None or isinstance(held, str)):
            marks[key] = marks[key] if held is None else held
        # what was printed is always handed on before the caller goes on
        elif key != "flush":
            raise low.refuse("print-options")
    between = [list(_printed(low, arg)) for arg in args]
    pieces = [*chain.from_iterable([*items, marks["sep"]] for items in between[:-1]), *chain(*between[-1:])]
    plain = _separate(pieces) if marks["end"] == "\n" else None
    if plain is None:
        text = "".join(_escaped(p) if isinstance(p, str) else f"{{{':' * bool(p[1])}{p[1]}}}" for p in pieces)
        values = tuple(p[0] for p in pieces if not isinstance(p, str))
        low.b.add(Print(values, low.b.span, text, marks["end"]))
    else:
        low.b.add(Print(plain, low.b.span))
    return Static(None)


Piece: TypeAlias = "str | tuple[Var | Const, str]"


def _escaped(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


def _separate(pieces: Sequence[Piece]) -> tuple[str | Var | Const, ...] | None:
    """The arguments of a `print` without options that prints the same, or None."""
    joined: list[str | Var | Const] = [""]
    for piece in pieces:
        if isinstance(piece, str):
            joined[-1] = f"{joined[-1]}{piece}"
        elif piece[1]:
            return None
        else:
            joined += [piece[0], ""]
    if len(joined) == 1:
        return tuple(joined)
    first, *middle, last = joined[::2]
    texts = [f" {first}" if first else " ", *middle, f"{last} " if last else " "]
    if not all(isinstance(t, str) and t.startswith(" ") and t.endswith(" ") for t in texts):
        return None
    joined[::2] = [str(t)[1:-1] for t in texts]
    return tuple(item for item in joined if item != "" or not isinstance(item, str))


def _printed(low: Lowering, value: Value) -> Iterator[Piece]:
    match value:
        case Var() | Const():
            yield value, ""
        case Static(value=held):
            yield str(held)
        case ListOf(array):
            yield array, ""
        case Seq((Var() | Const() as item, Static(value=str() as spec)), kind="formatted"):
            yield item, spec
        case Seq(items, kind="text"):
            for part in items:
                yield from _printed(low, part)
        case Seq(items, kind=("tuple" | "list") as kind):
            yield "(" if kind == "tuple" else "["
            for position, part in enumerate(items):
                yield from [", "] * (position > 0)
                yield from _printed(low, part)
            yield ",)" if (kind, len(items)) == ("tuple", 1) else ")" if kind == "tuple" else "]"
        case _:
            raise low.refuse("print-object", kind=kind_of(value))
