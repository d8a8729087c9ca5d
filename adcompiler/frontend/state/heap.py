"""Lists of a length known at compile time, and dictionaries: changing one changes it under every name."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, TypeVar

from adcompiler.frontend.state.context import Lowering
from adcompiler.frontend.state.scope import Frame
from adcompiler.frontend.state.values import (
    Closure,
    DictValue,
    Growing,
    ListOf,
    Maybe,
    Method,
    Partial,
    Rows,
    Seq,
    Value,
    Zipped,
)

K = TypeVar("K")


def is_object(value: Value | None) -> bool:
    """Whether a value can be changed, and names hold it rather than a copy."""
    return isinstance(value, DictValue) or (isinstance(value, Seq) and value.kind in ("list", "object"))


def identity(value: Value) -> object:
    """What tells whether two values are one list, dictionary or object; None for what is no object."""
    match value:
        case Growing(arrays) | Rows(arrays):
            return arrays
        case ListOf(array):
            return (array,)
    return id(value) if is_object(value) else None


def change(low: Lowering, old: Seq | DictValue, items: tuple[Any, ...]) -> None:
    """Give the list or dictionary `old` other items."""
    if id(old) in low.captures.lists:
        raise low.refuse("outer-list-changed")
    new = DictValue(items) if isinstance(old, DictValue) else replace(old, items=items)
    if any(part is old for part in inside(new)):
        raise low.refuse("holds-itself")
    exchange(low, [old], new)


def exchange(low: Lowering, old: Sequence[Value], new: Value) -> None:
    """Put `new` wherever names, or what they hold, have one of these very objects."""
    if any(inner is one for value in low.pending for inner in inside(value) for one in old):
        raise low.refuse("changed-while-read")
    _check_single(low, old)
    low.replaced.before.extend(old)
    # the values stay alive with their replacements, so that no other value gets the identity of one
    made: dict[int, tuple[Value, Value]] = {id(one): (one, new) for one in old}
    for frame in low.frames:
        outer = frame
        while outer is not None:
            outer.env = {name: _replaced(value, made) for name, value in outer.env.items()}
            outer = outer.parent  # type: ignore[assignment]
    pairs = list(made.values())
    link(low, doubles(low, pairs), pairs)


def link(low: Lowering, groups: Sequence[frozenset[object]], values: object) -> None:
    """Remember identities that are one object's; they are identities as long as the values live."""
    if groups:
        low.replaced.alive.append(values)
    for group in groups:
        for name in group:
            low.replaced.split.setdefault(name, []).append(group)


def doubles(low: Lowering, pairs: Iterable[tuple[Value, Value]]) -> list[frozenset[object]]:
    """What becomes of a value that stands for the object of another one does so too."""
    names = ((identity(old), identity(new)) for old, new in pairs)
    return [frozenset((x, y)) for x, y in names if x in low.replaced.split and y is not None and y != x]


def are_doubles(low: Lowering, a: Value, c: Value) -> bool:
    """Whether two values may be one object, after a branch or a loop."""
    x, y = identity(a), identity(c)
    return x is not None and y is not None and x != y and y in _standing_for(low, {x})


def _standing_for(low: Lowering, names: set[object]) -> set[object]:
    """All identities that may be those of the objects of these identities."""
    seen, agenda = set(names), list(names)
    while agenda:
        for group in low.replaced.split.get(agenda.pop(), ()):
            agenda += group - seen
            seen |= group
    return seen


def _kept_by_closures(low: Lowering) -> Iterator[Value]:
    """What functions that have returned leave to the functions they have made: no path brings it back or forth."""
    running = set(map(id, low.frames))
    pending = (part for value in low.pending for part in inside(value))
    agenda = [v.frame for v in itertools.chain(held(low), pending) if isinstance(v, Closure)]
    agenda += [frame.parent for frame in low.frames if frame.parent is not None]
    seen = set[int]()
    while agenda:
        frame = agenda.pop()
        if frame.parent is not None:
            agenda.append(frame.parent)
        if id(frame) in seen or id(frame) in running:
            continue
        seen.add(id(frame))
        for value in frame.env.values():
            for part in inside(value):
                yield part
                if isinstance(part, Closure):
                    agenda.append(part.frame)


def _check_single(low: Lowering, old: Sequence[Value]) -> None:
    """Refuse the change of an object for which another value stands as well, where something holds that."""
    names = {identity(one) for one in old}
    if any(identity(value) in names for value in _kept_by_closures(low)):
        raise low.refuse("list-of-a-closure")
    others = _standing_for(low, names) - names
    if others:
        pending = (part for value in low.pending for part in inside(value))
        if any(identity(value) in others for value in itertools.chain(held(low), pending)):
            raise low.refuse("two-lists")


@contextmanager
def pending(low: Lowering) -> Iterator[list[Value]]:
    """Values that are appended here have been read, and are used only after what is evaluated next.

    They have no name under which a change would reach them: a list among them may not change.
    """
    mark = len(low.pending)
    try:
        yield low.pending
    finally:
        del low.pending[mark:]


def held(low: Lowering) -> Iterator[Value]:
    """Every value that a name holds, and all that it holds."""
    for frame in low.frames:
        outer: Frame | None = frame
        while outer is not None:
            for value in outer.env.values():
                yield from inside(value)
            outer = outer.parent


def inside(value: Value) -> Iterator[Value]:
    """The value, and all that it holds."""
    yield value
    for part in parts(value):
        yield from inside(part)


def parts(value: Value) -> tuple[Value, ...]:
    """The values that a value holds."""
    match value:
        case Seq(items):
            return items
        case DictValue(pairs):
            return tuple(item for _, item in pairs)
        case Zipped(_, zipped):
            return zipped
        case Maybe(inner):
            return (inner,)
        case Method(owner):
            return (owner,)
        case Partial(function, args, kwargs):
            return (function, *args, *(item for _, item in kwargs))
        case Closure(_, _, defaults, kw_defaults):
            return (*defaults, *(item for _, item in kw_defaults))
    return ()


def _replaced(value: Value, made: dict[int, tuple[Value, Value]]) -> Value:
    """The value with the changed list in it; what two names share they share afterwards."""
    if id(value) not in made:
        before = parts(value)
        after = [_replaced(part, made) for part in before]
        same = all(x is y for x, y in zip(before, after, strict=True))
        made[id(value)] = value, value if same else _with_parts(value, after)
    return made[id(value)][1]


def _with_parts(value: Value, new: Sequence[Value]) -> Value:
    match value:
        case Seq():
            return replace(value, items=tuple(new))
        case DictValue(pairs):
            return DictValue(_named(pairs, new))
        case Zipped(kind):
            return Zipped(kind, tuple(new))
        case Maybe():
            return replace(value, value=new[0])
        case Method():
            return replace(value, owner=new[0])
        case Partial(_, args, kwargs):
            return Partial(new[0], tuple(new[1 : 1 + len(args)]), _named(kwargs, new[1 + len(args) :]))
        case Closure(node, frame, defaults, kw_defaults):
            return Closure(node, frame, tuple(new[: len(defaults)]), _named(kw_defaults, new[len(defaults) :]))
    raise AssertionError(f"{value} has no parts")


def _named(pairs: tuple[tuple[K, Value], ...], new: Sequence[Value]) -> tuple[tuple[K, Value], ...]:
    return tuple((key, item) for (key, _), item in zip(pairs, new, strict=True))
