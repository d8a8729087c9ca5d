"""Arguments and results as trees: floats and float arrays are the leaves, the rest is structure."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np


def is_leaf(x: Any) -> bool:
    """Tell whether `x` is a real or complex number or array."""
    if isinstance(x, np.ndarray | np.generic):
        return x.dtype.kind in "fc"
    return isinstance(x, float | complex)


def leaves(tree: Any) -> list[Any]:
    """Return the floating leaves of `tree` from left to right."""
    found: list[Any] = []

    def visit(leaf: Any) -> Any:
        found.append(leaf)
        return leaf

    rebuilt(tree, visit)
    return found


def rebuilt(tree: Any, change: Callable[[Any], Any]) -> Any:
    """Return `tree` with `change` applied to each floating leaf."""
    if is_leaf(tree):
        return change(tree)
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return type(tree)(*(rebuilt(x, change) for x in tree))
    if isinstance(tree, tuple | list):
        return type(tree)(rebuilt(x, change) for x in tree)
    if isinstance(tree, dict):
        return {key: rebuilt(x, change) for key, x in tree.items()}
    if dataclasses.is_dataclass(tree) and not isinstance(tree, type):
        fields = {f.name: rebuilt(getattr(tree, f.name), change) for f in dataclasses.fields(tree)}
        return dataclasses.replace(tree, **fields)
    return tree


def noise(rng: np.random.Generator, tree: Any) -> Any:
    """Return a tree like `tree` with normal random leaves of the same shapes and types."""

    def draw(leaf: Any) -> Any:
        values = rng.normal(size=np.shape(leaf))
        if np.iscomplexobj(leaf):
            values = values + 1j * rng.normal(size=np.shape(leaf))
        if isinstance(leaf, np.ndarray | np.generic):
            return np.asarray(values).astype(leaf.dtype)[()] if np.ndim(leaf) == 0 else values.astype(leaf.dtype)
        return type(leaf)(values)

    return rebuilt(tree, draw)


def widened(tree: Any) -> Any:
    """Return a copy of `tree` in double precision, every array owning its memory and its layout."""

    def widen(leaf: Any) -> Any:
        if not isinstance(leaf, np.ndarray | np.generic):
            return leaf
        wide = np.array(leaf, dtype=np.result_type(leaf.dtype, np.float64))
        return wide if isinstance(leaf, np.ndarray) else wide[()]

    return copied(rebuilt(tree, widen))


def copied(tree: Any) -> Any:
    """Return `tree` with every array copied, integer and boolean arrays too, and random generators."""
    if isinstance(tree, np.random.Generator):
        return copy.deepcopy(tree)
    if isinstance(tree, np.ndarray):
        return tree.copy(order="K")
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return type(tree)(*(copied(x) for x in tree))
    if isinstance(tree, tuple | list):
        return type(tree)(copied(x) for x in tree)
    if isinstance(tree, dict):
        return {key: copied(x) for key, x in tree.items()}
    if dataclasses.is_dataclass(tree) and not isinstance(tree, type):
        return dataclasses.replace(tree, **{f.name: copied(getattr(tree, f.name)) for f in dataclasses.fields(tree)})
    return tree


def inner(a: Any, b: Any) -> float:
    """Return the real inner product of two trees of the same structure."""
    pairs = list(zip(leaves(a), leaves(b), strict=True))
    for x, y in pairs:
        assert np.shape(x) == np.shape(y), f"leaves of shapes {np.shape(x)} and {np.shape(y)}"
    return float(sum(np.vdot(x, y).real for x, y in pairs))


def arrays(tree: Any) -> Iterator[np.ndarray[Any, Any]]:
    """Yield every array of `tree`, passive ones included."""
    if isinstance(tree, np.ndarray):
        yield tree
    elif isinstance(tree, tuple | list):
        for x in tree:
            yield from arrays(x)
    elif isinstance(tree, dict):
        yield from arrays(list(tree.values()))
    elif dataclasses.is_dataclass(tree) and not isinstance(tree, type):
        yield from arrays([getattr(tree, f.name) for f in dataclasses.fields(tree)])


def assert_finite(tree: Any) -> None:
    """Fail when a leaf of `tree` holds a NaN or an infinity."""
    for leaf in leaves(tree):
        assert np.isfinite(leaf).all(), f"not finite: {leaf}"


def assert_same(a: Any, b: Any, rtol: float) -> None:
    """Fail unless the leaves of `a` and `b` agree to `rtol` of the largest entry of `b`; finiteness comes first."""
    assert_finite(a)
    assert_finite(b)
    for x, y in zip(leaves(a), leaves(b), strict=True):
        assert np.shape(x) == np.shape(y), f"shape {np.shape(x)} where {np.shape(y)} is expected"
        scale = float(np.max(np.abs(y), initial=0.0))
        np.testing.assert_allclose(x, y, rtol=rtol, atol=rtol * scale)
