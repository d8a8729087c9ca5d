"""Lists of a length known at compile time: changing one changes it under every name."""

from __future__ import annotations

from dataclasses import replace

from adcompiler.frontend.context import Lowering
from adcompiler.frontend.values import Closure, DictValue, Maybe, Method, Partial, Seq, Value, Zipped


def change(low: Lowering, old: Seq, items: tuple[Value, ...]) -> None:
    """Give the list `old` other items."""
    if id(old) in low.captures.lists:
        raise low.refuse("outer-list-changed")
    new = replace(old, items=items)
    for frame in low.frames:
        outer = frame
        while outer is not None:
            outer.env = {name: _replaced(value, old, new) for name, value in outer.env.items()}
            outer = outer.parent  # type: ignore[assignment]


def _replaced(value: Value, old: Seq, new: Seq) -> Value:
    if value is old:
        return new
    match value:
        case Seq(items) if any(_holds(item, old) for item in items):
            return replace(value, items=tuple(_replaced(item, old, new) for item in items))
        case DictValue(pairs):
            return DictValue(tuple((key, _replaced(item, old, new)) for key, item in pairs))
        case Zipped(kind, parts):
            return Zipped(kind, tuple(_replaced(part, old, new) for part in parts))
        case Maybe(inner, flag, absent):
            return Maybe(_replaced(inner, old, new), flag, absent)
        case Method(owner, name):
            return Method(_replaced(owner, old, new), name)
        case Partial(function, args, kwargs):
            return Partial(function, tuple(_replaced(a, old, new) for a in args), kwargs)
        case Closure(node, frame, defaults, kw_defaults) if any(_holds(d, old) for d in defaults):
            return Closure(node, frame, tuple(_replaced(d, old, new) for d in defaults), kw_defaults)
    return value


def _holds(value: Value, old: Seq) -> bool:
    return value is old or (isinstance(value, Seq) and any(_holds(item, old) for item in value.items))
