"""f-strings, `print` and warnings."""

from __future__ import annotations

import ast
import builtins
import sys
import warnings
from collections.abc import Iterator, Sequence
from itertools import chain

from adcompiler.frontend.language.builtin_table import builtin
from adcompiler.frontend.language.texts import Piece, printed, text_of, with_spec
from adcompiler.frontend.state.context import Lowering, expression
from adcompiler.frontend.state.values import Object, Static, Text, Value
from adcompiler.ir.wengert import STDERR, Const, Print, Var

_CONVERSIONS = {-1: "", ord("s"): "", ord("r"): ""}


@expression(ast.JoinedStr)
def formatted(low: Lowering, node: ast.JoinedStr, hint: str) -> Value:
    """An f-string, for `print`, `raise` and `assert`."""
    return text_of([piece for part in node.values for piece in _part(low, part)])


def _part(low: Lowering, part: ast.expr) -> Iterator[Piece]:
    if isinstance(part, ast.Constant):
        yield str(part.value)
        return
    assert isinstance(part, ast.FormattedValue)
    if part.conversion not in _CONVERSIONS:
        raise low.refuse("format", part.value)
    yield from with_spec(low, low.eval(part.value), "" if part.format_spec is None else _spec(low, part))


def _spec(low: Lowering, node: ast.FormattedValue) -> str:
    """A format specification, which is known at compile time."""
    assert isinstance(node.format_spec, ast.JoinedStr)
    text = text_of([piece for part in node.format_spec.values for piece in _part(low, part)])
    if not isinstance(text, Static):
        raise low.refuse("format", node.value)
    return str(text.value)


@builtin(builtins.print)
def print_(low: Lowering, args: list[Value], kwargs: dict[str, Value], hint: str) -> Value:
    """`print(*args, sep=" ", end="\\n")`: numbers, arrays and text."""
    marks = {"sep": " ", "end": "\n"}
    to = ""
    for key, value in kwargs.items():
        held = value.value if isinstance(value, (Static, Object)) else value
        if key in marks and (held is None or isinstance(held, str)):
            marks[key] = marks[key] if held is None else held
        elif key == "file" and (held is None or held is sys.stdout or held is sys.stderr):
            to = STDERR if held is sys.stderr else ""
        # what was printed is always handed on before the caller goes on
        elif key != "flush":
            raise low.refuse("print-options")
    between = [list(printed(low, arg)) for arg in args]
    pieces = [*chain.from_iterable([*items, marks["sep"]] for items in between[:-1]), *chain(*between[-1:])]
    plain = _separate(pieces) if marks["end"] == "\n" and not to else None
    low.b.add(_written(low, pieces, marks["end"], to) if plain is None else Print(plain, low.b.span))
    return Static(None)


@builtin(warnings.warn)
def warn(low: Lowering, args: list[Value], kwargs: dict[str, Value], hint: str) -> Value:
    """`warnings.warn(message, category)`; the place that the warning names is one of generated code."""
    names = ("message", "category", "stacklevel", "source")
    given = {**dict(zip(names, args, strict=False)), **kwargs}
    category = given.get("category", Static(None))
    held = (category.value or UserWarning) if isinstance(category, Static) else None
    known = isinstance(held, type) and issubclass(held, Warning) and getattr(builtins, held.__name__, None) is held
    text = given.get("message")
    if not (isinstance(text, Text) or (isinstance(text, Static) and isinstance(text.value, str))):
        raise low.refuse("warn")
    if len(args) > len(names) or not set(given) <= set(names) or not known:
        raise low.refuse("warn")
    assert isinstance(held, type)
    low.b.add(_written(low, list(printed(low, text)), "\n", held.__name__))
    return Static(None)


@builtin(sys.exit)
def exit_(low: Lowering, args: list[Value], kwargs: dict[str, Value], hint: str) -> Value:
    """Numba raises nothing that is no `Exception`."""
    raise low.refuse("exit")


def _written(low: Lowering, pieces: Sequence[Piece], end: str, to: str) -> Print:
    """The pieces as one text with places for the values."""
    text = "".join(_escaped(p) if isinstance(p, str) else f"{{{':' * bool(p[1])}{p[1]}}}" for p in pieces)
    return Print(tuple(p[0] for p in pieces if not isinstance(p, str)), low.b.span, text, end, to)


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
