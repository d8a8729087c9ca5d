"""Text made of values: pieces of text, and numbers and arrays with their formats."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Callable, Iterator, Mapping, Sequence

from adcompiler.frontend.language.reading import read_name, resolved
from adcompiler.frontend.state.context import Lowering
from adcompiler.frontend.state.values import ListOf, Seq, Static, Text, Value, kind_of
from adcompiler.ir.wengert import Atom, Const, Var

Piece = str | tuple[Atom, str]

# as C and the operator % write them
_PERCENT = re.compile(r"%(?:%|([-+ #0]*)(\d*)(\.\d+)?([sdifFeEgGx]))")
# `!s`, `!r` and `!a` in an f-string
_CONVERSIONS: dict[int, Callable[[object], str]] = {ord("s"): str, ord("r"): repr, ord("a"): ascii}


def text_of(pieces: Sequence[Piece]) -> Value:
    """A text of pieces: a string of Python's where no value is known only at run time."""
    known = [piece for piece in pieces if isinstance(piece, str)]
    return Static("".join(known)) if len(known) == len(pieces) else Text(tuple(pieces))


def printed(low: Lowering, value: Value) -> Iterator[Piece]:
    """The pieces that `print` writes of a value."""
    match value:
        case Var() | Const():
            yield value, ""
        case Static(value=held):
            yield str(held)
        case ListOf(array):
            yield array, ""
        case Text(pieces):
            yield from pieces
        case Seq(items, name=("tuple" | "list") as kind):
            yield "(" if kind == "tuple" else "["
            for position, part in enumerate(items):
                yield from [", "] * (position > 0)
                yield from printed(low, part)
            yield ",)" if (kind, len(items)) == ("tuple", 1) else ")" if kind == "tuple" else "]"
        case _:
            raise low.refuse("print-object", kind=kind_of(value))


def with_spec(low: Lowering, value: Value, spec: str) -> Iterator[Piece]:
    """A value as a format specification says."""
    held = resolved(low, value)
    match held:
        case Static(value=known) | Const(value=known):
            yield format(known, spec)
        case Var() if low.b.type(held).rank:
            if spec:
                raise low.refuse("print-object", kind="array with a format")
            # the array may be written before the text is printed
            yield low.b.emit("copy", held), ""
        case Var():
            yield held, spec
        case _ if not spec:
            yield from printed(low, held)
        case _:
            raise low.refuse("print-object", kind=kind_of(held))


def format_text(low: Lowering, text: str, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
    """`text.format(*args, **kwargs)`."""
    named = {**{str(k): value for k, value in enumerate(args)}, **kwargs}
    found: list[Piece] = []
    for count, (before, field, spec, conversion) in enumerate(string.Formatter().parse(text)):
        found.append(before)
        if field is None:
            continue
        value = named.get(field or str(count))
        if value is None or conversion not in (None, "s", "r") or "{" in (spec or ""):
            raise low.refuse("format")
        found.extend(with_spec(low, value, spec or ""))
    return text_of(found)


def text_operation(low: Lowering, op: str, a: Value, c: Value) -> Value | None:
    """`a + c`, `a * c` and `a % c` where one is a text, or None."""
    one, two = (list(v.pieces) if isinstance(v, Text) else _string(v) for v in (a, c))
    if op == "add" and one is not None and two is not None:
        return text_of([*one, *two])
    if op == "mul" and one is not None and isinstance(c, Const) and isinstance(c.value, int):
        return text_of(one * c.value)
    if op == "mod" and isinstance(a, Static) and isinstance(a.value, str):
        return _percent_text(low, a.value, c)
    return None


def _string(value: Value) -> list[Piece] | None:
    return [value.value] if isinstance(value, Static) and isinstance(value.value, str) else None


def _percent_text(low: Lowering, text: str, value: Value) -> Value:
    """`text % value`."""
    values = list(value.items) if isinstance(value, Seq) and value.kind == "tuple" else [value]
    found: list[Piece] = []
    end = 0
    for mark in _PERCENT.finditer(text):
        found.append(text[end : mark.start()])
        end = mark.end()
        if mark[0] == "%%":
            found.append("%")
        elif not values:
            raise low.fail("TypeError", "not enough arguments for format string")
        else:
            found += _percent(low, mark, resolved(low, values.pop(0)))
    if "%" in text[end:]:
        raise low.refuse("format")
    if values:
        raise low.fail("TypeError", "not all arguments converted during string formatting")
    return text_of([*found, text[end:]])


def _percent(low: Lowering, mark: re.Match[str], value: Value) -> list[Piece]:
    flags, width, precision, kind = (part or "" for part in mark.groups())
    if isinstance(value, Static) and isinstance(value.value, str):
        return [mark[0] % value.value]
    number = isinstance(value, (Var, Const)) and not low.b.type(value).rank
    if not number or (kind == "s" and (flags or width or precision)) or "#" in flags:
        raise low.refuse("format")
    assert isinstance(value, (Var, Const))
    if isinstance(value, Const):
        return [mark[0] % value.value]
    if kind in "dix" and low.b.type(value).is_float:
        raise low.refuse("format")
    sign = "+" if "+" in flags else " " if " " in flags else ""
    align = "<" if "-" in flags else ""
    zero = "0" if "0" in flags and not align and width else ""
    return [(value, "" if kind == "s" else f"{align}{sign}{zero}{width}{precision}{'d' if kind == 'i' else kind}")]


# -- what exceptions say -----------------------------------------------------------------------------------------------


def message_of(low: Lowering, node: ast.expr) -> str:
    """A message as text; values known only at run time stand as they are written."""
    return "".join(_said(low, node))


def _said(low: Lowering, node: ast.expr) -> Iterator[str]:
    match node:
        case ast.Constant(value=value):
            yield str(value)
        case ast.JoinedStr(values=values):
            for part in values:
                yield from _said(low, part)
        case ast.FormattedValue(value=ast.Name(id=name), conversion=how, format_spec=None) if isinstance(
            held := read_name(low, name), (Const, Static)
        ):
            yield _CONVERSIONS.get(how, format)(held.value)
        case ast.FormattedValue(value=value):
            yield "{" + ast.unparse(value) + "}"
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            yield from _said(low, left)
            yield from _said(low, right)
        case ast.BinOp(left=left, op=ast.Mod()):
            yield from _said(low, left)
        case ast.Call(func=ast.Attribute(value=value, attr="format")):
            yield from _said(low, value)
        case ast.Name(id=name):
            held = read_name(low, name)
            yield str(held.value) if isinstance(held, (Const, Static)) else "{" + name + "}"
        case _:
            yield "{" + ast.unparse(node) + "}"
