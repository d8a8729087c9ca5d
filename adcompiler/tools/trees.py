"""Arguments and results as trees: tuples, lists, dicts, named tuples and dataclasses of numbers and arrays."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any

import numpy as np

Path = tuple[Any, ...]


def children(tree: Any) -> list[tuple[Any, Any]] | None:
    """The keys and values one level down; None at a leaf."""
    if isinstance(tree, dict):
        return list(tree.items())
    if isinstance(tree, tuple | list):
        return list(enumerate(tree))
    if is_dataclass(tree) and not isinstance(tree, type):
        return [(field.name, getattr(tree, field.name)) for field in fields(tree)]
    return None


def leaves(tree: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every leaf with its path, in order.

    >>> list(leaves({"w": (1.0, 2.0)}))
    [(('w', 0), 1.0), (('w', 1), 2.0)]
    """
    below = children(tree)
    if below is None:
        yield path, tree
        return
    for key, child in below:
        yield from leaves(child, (*path, key))


def pick(tree: Any, path: Path) -> Any:
    """The part of a tree at a path."""
    for key in path:
        tree = getattr(tree, key) if is_dataclass(tree) else tree[key]
    return tree


def spell(name: str, tree: Any, path: Path) -> str:
    """A path as its user writes it: `p["w"][0].x`."""
    for key in path:
        name += f".{key}" if is_dataclass(tree) else f"[{key!r}]"
        tree = pick(tree, (key,))
    return name


def transform(function: Callable[[Path, Any], Any], tree: Any, path: Path = ()) -> Any:
    """A tree of the same structure whose leaves are `function(path, leaf)`."""
    below = children(tree)
    if below is None:
        return function(path, tree)
    new = {key: transform(function, child, (*path, key)) for key, child in below}
    if isinstance(tree, dict):
        return type(tree)(new)
    if hasattr(tree, "_fields"):
        return type(tree)(*new.values())
    if isinstance(tree, tuple | list):
        return type(tree)(new.values())
    return replace(tree, **new)


def fresh(tree: Any) -> Any:
    """A copy whose arrays and random generators the called function may change."""
    return transform(lambda _, leaf: copy.deepcopy(leaf) if isinstance(leaf, MUTABLE) else leaf, tree)


MUTABLE = (np.ndarray, np.random.Generator)


def is_active(leaf: Any) -> bool:
    """Whether a leaf can have a derivative: real and complex floating-point numbers and arrays of them.

    >>> is_active(1.0), is_active(1), is_active(np.ones(2, np.float32))
    (True, False, True)
    """
    return isinstance(leaf, float | complex) or (
        isinstance(leaf, np.ndarray | np.generic) and np.issubdtype(leaf.dtype, np.inexact)
    )
