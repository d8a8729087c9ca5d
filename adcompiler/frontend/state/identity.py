"""Objects of which a meeting of paths makes two: what is one list in Python may then not be changed under one of them.

Where paths meet, a name that holds one list on one path and another list on the other gets a new list with the items of
either. As long as the old lists have names too, a change of one would have to be seen in the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from adcompiler.frontend.state.context import Lowering
from adcompiler.frontend.state.heap import doubles, identity, inside, link, parts
from adcompiler.frontend.state.values import Maybe, Value

Pairs = Iterable[tuple[Value, Value]]


def holds_object(values: Iterable[Value]) -> bool:
    """Whether one of the values is or holds a list, a dictionary or an object with attributes."""
    return any(identity(inner) is not None for value in values for inner in inside(value))


def split(pairs: Pairs) -> list[frozenset[object]]:
    """The groups of identities that are one object's; `pairs` are the values of names before and after a meeting."""
    after: dict[object, set[object]] = {}
    for old, new in pairs:
        for x, y in _side_by_side(old, new):
            if (name := identity(x)) is not None:
                after.setdefault(name, set()).add(identity(y))
    return [frozenset(found) for found in after.values() if len(found) > 1]


def note(low: Lowering, pairs: Pairs) -> None:
    """Remember which values stand for one object: `heap.exchange` refuses to change one of them alone."""
    kept = list(pairs)
    inner = [pair for old, new in kept for pair in _side_by_side(old, new)]
    for x, y in inner:
        before, after = identity(x), identity(y)
        if isinstance(before, tuple) and isinstance(after, tuple) and not low.lists.shared.isdisjoint(before):
            # what may be an item of a list stays that
            low.lists.shared.update(after)
    link(low, [*split(kept), *doubles(low, inner)], kept)


def _side_by_side(old: Value, new: Value) -> Iterator[tuple[Value, Value]]:
    """A value and what it became, and so for all that it holds."""
    old, new = (value.value if isinstance(value, Maybe) else value for value in (old, new))
    yield old, new
    before, after = parts(old), parts(new)
    if len(before) == len(after):
        for x, y in zip(before, after, strict=True):
            yield from _side_by_side(x, y)


__all__ = ["holds_object", "note", "split"]
