"""Results in the form the user expects: Python's and NumPy's own types, and the structure of what they belong to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from adcompiler.errors import NotDifferentiable, TypeProblem
from adcompiler.gpu_arrays import form_of, is_gpu_type
from adcompiler.ir.types import Type
from adcompiler.ir.wengert import Func
from adcompiler.signature import (
    ArraySpec,
    OutLeaf,
    OutSeq,
    OutStatic,
    OutTree,
    ScalarSpec,
    SeqSpec,
    Spec,
    fields_of,
    items_of,
    record_of,
)

Make: TypeAlias = Callable[[Sequence[Any]], Any]
_WEAK: dict[str, Callable[[Any], Any]] = {"float64": float, "int64": int, "bool": bool, "complex128": complex}


@dataclass(frozen=True, slots=True)
class Item:
    """The result at a position, of this type; `boxed` into a 0-d array."""

    position: int
    type: Type
    boxed: bool = False


@dataclass(frozen=True, slots=True)
class Constant:
    """An object known before the call."""

    value: object


@dataclass(frozen=True, slots=True)
class Group:
    """A tuple, a list, a dictionary or a record of results."""

    kind: str
    items: tuple[Tree, ...]
    keys: tuple[object, ...] = ()
    record: type | None = None


Tree: TypeAlias = "Item | Constant | Group"


def pair(*items: Tree) -> Group:
    """A tuple of results."""
    return Group("tuple", items)


def maker(tree: Tree) -> Make:
    """What makes a value of this form out of the results of a compiled function."""
    match tree:
        case Constant(value):
            return lambda results: value
        case Item(position, type, boxed):
            if type.rank:
                return lambda results: results[position]
            if boxed:
                return lambda results: np.array(results[position], type.dtype)
            convert = _WEAK[type.dtype] if type.weak else type.numpy.type
            return lambda results: convert(results[position])
    made = [maker(item) for item in tree.items]
    if tree.kind == "dict":
        keys = tree.keys
        return lambda results: {key: make(results) for key, make in zip(keys, made, strict=True)}
    if tree.kind == "list":
        return lambda results: [make(results) for make in made]
    if (record := tree.record) is not None:
        return lambda results: record_of(record, [make(results) for make in made])
    return lambda results: tuple([make(results) for make in made])


def filled(tree: Tree, leaf: Callable[[int], Any]) -> Any:
    """A value of this form in which `leaf` gives what stands for each floating result; None for any other.

    >>> filled(pair(Item(2, Type("float64")), Constant("name")), lambda position: position + 1)
    (3, None)
    """
    match tree:
        case Item(position, type) if type.is_float:
            return leaf(position)
        case Group(kind, items, keys, record):
            made = [filled(item, leaf) for item in items]
            if record is not None:
                return record_of(record, made)
            return dict(zip(keys, made, strict=True)) if kind == "dict" else made if kind == "list" else tuple(made)
    return None


def spelled(tree: Tree, results: Sequence[str]) -> str:
    """The expression that makes a value of this form out of results that these expressions give.

    >>> spelled(pair(Item(0, Type("float64", weak=True)), Item(1, Type("float32"))), ["r", "s"])
    '(float(r), np.float32(s))'
    """
    match tree:
        case Constant(value):
            return repr(value)
        case Item(position, type, boxed):
            got = results[position]
            if type.rank:
                return got
            if boxed:
                return f"np.array({got}, np.{type.dtype})"
            return f"{_WEAK[type.dtype].__name__ if type.weak else 'np.' + type.numpy.type.__name__}({got})"
    items = [spelled(item, results) for item in tree.items]
    if tree.kind == "dict":
        return "{" + ", ".join(f"{key!r}: {item}" for key, item in zip(tree.keys, items, strict=True)) + "}"
    if tree.kind == "list":
        return f"[{', '.join(items)}]"
    return f"({', '.join(items)}{',' if len(items) == 1 else ''})"


def value_tree(out: OutTree, fn: Func) -> Tree:
    """What a function returns, in terms of the results of its Wengert list."""
    match out:
        case OutLeaf(position):
            return Item(position, fn.type(fn.results[position]))
        case OutStatic(value):
            return Constant(value)
        case OutSeq(kind, items, keys, record):
            return Group(kind, tuple(value_tree(item, fn) for item in items), keys, record)


def tangent_tree(out: OutTree, fn: Func, kept: dict[int, int]) -> Tree:
    """The tangent of what a function returns: that of result `p` is result `kept[p]`; None where there is none."""
    match out:
        case OutLeaf(position) if position in kept:
            return Item(kept[position], fn.type(fn.results[position]))
        case OutSeq(kind, items, keys, record):
            return Group(kind, tuple(tangent_tree(item, fn, kept) for item in items), keys, record)
    return Constant(None)


def positions(tree: Tree) -> tuple[int, ...]:
    """The positions of the floating results in a tree, in order."""
    match tree:
        case Item(position, type):
            return (position,) if type.is_float else ()
        case Group(items=items):
            return tuple(p for item in items for p in positions(item))
    return ()


# -- gradients ---------------------------------------------------------------------------------------------------------


def count(spec: Spec) -> int:
    """The number of run-time leaves of an argument."""
    return sum(map(count, spec.items)) if isinstance(spec, SeqSpec) else int(isinstance(spec, (ScalarSpec, ArraySpec)))


def floats(spec: Spec, start: int) -> Iterator[int]:
    """The parameters for the floating leaves of an argument whose first leaf is parameter `start`."""
    if isinstance(spec, SeqSpec):
        for item in spec.items:
            yield from floats(item, start)
            start += count(item)
    elif isinstance(spec, (ScalarSpec, ArraySpec)) and spec.type.is_float:
        yield start


def gradient_tree(value: Any, spec: Spec, start: int, where: dict[int, int]) -> Tree:
    """A gradient shaped as an argument: that of leaf `p` is result `where[p]`, of a passive leaf None.

    `value` tells 0-d arrays from numbers; it may be None.
    """
    if isinstance(spec, SeqSpec):
        below = [None] * len(spec.items) if value is None else items_of(value)
        items = []
        for item, of_item in zip(below, spec.items, strict=True):
            items.append(gradient_tree(item, of_item, start, where))
            start += count(of_item)
        return Group(spec.kind, tuple(items), spec.keys, spec.record)
    if isinstance(spec, (ScalarSpec, ArraySpec)) and spec.type.is_float and start in where:
        return Item(where[start], spec.type, isinstance(value, np.ndarray) and not value.ndim)
    return Constant(None)


# -- tangents and cotangents -------------------------------------------------------------------------------------------


def directions(given: Any, value: Any, label: str, what: str) -> Iterator[Any]:
    """The leaves of a tangent or cotangent of `value`, one for each floating leaf, converted to its type and shape.

    None stands for zero.
    """
    if isinstance(value, (tuple, list, dict)) or fields_of(type(value)) is not None:
        keys, fields = _keys(value), fields_of(type(value))
        if given is not None and (not isinstance(given, type(value)) or _keys(given) != keys):
            raise TypeProblem(
                f"the {what} of {label} is {_form(given)}, where {label} is {_form(value)}",
                None,
                f"give the {what} the structure of {label}",
            )
        parts = [None] * len(keys) if given is None else items_of(given)
        for key, part, item in zip(keys, parts, items_of(value), strict=True):
            yield from directions(part, item, f"{label}[{key!r}]" if fields is None else f"{label}.{key}", what)
    elif is_float(value):
        yield _direction(given, value, label, what)
    elif given is not None and given is not value and np.any(np.asarray(given, dtype=object) != 0):
        raise NotDifferentiable(
            f"{label} is {_form(value)} and has no {what}", None, f"give None or zeros as the {what} of {label}"
        )


def is_float(value: Any) -> bool:
    """Whether a leaf can have a derivative."""
    if is_gpu_type(type(value)):
        return form_of(value)[0].kind == "f"
    return isinstance(value, (float, complex)) or (
        isinstance(value, (np.ndarray, np.generic)) and value.dtype.kind in "fc"
    )


def _direction(given: Any, value: Any, label: str, what: str) -> Any:
    array = isinstance(value, (np.ndarray, np.generic))
    there = is_gpu_type(type(value))
    dtype, shape = form_of(value) if there else (value.dtype if array else np.dtype(type(value)), np.shape(value))
    if given is None:
        given = np.zeros(shape)
    if np.shape(given) != shape:
        raise TypeProblem(
            f"the {what} of {label} has shape {np.shape(given)}, where {label} has shape {shape}",
            None,
            f"give the {what} the shape {shape}",
        )
    if is_gpu_type(type(given)):
        return _on_gpu(given, dtype, label, what)
    if np.iscomplexobj(given) and dtype.kind != "c":
        raise TypeProblem(f"the {what} of {label} is complex, {label} is not", None, f"give the {what} real numbers")
    try:
        # of the same memory order as the value: the code was compiled for it
        made: Any = np.empty(shape, dtype) if there else np.empty_like(value, dtype=dtype, subok=False)
        made[...] = given
    except (TypeError, ValueError) as error:
        raise TypeProblem(f"the {what} of {label} is not made of numbers", None, f"give numbers of {dtype}") from error
    if shape:
        return made
    return made[()] if array else made.item()


def _on_gpu(given: Any, dtype: np.dtype[Any], label: str, what: str) -> Any:
    """A direction that lies on a GPU, as it is."""
    if form_of(given)[0] != dtype:
        raise TypeProblem(
            f"the {what} of {label} is an array of {form_of(given)[0]}, where {label} has {dtype}",
            None,
            f"give the {what} numbers of {dtype}",
        )
    return given


def _keys(value: Any) -> list[Any]:
    names = fields_of(type(value))
    return list(value) if isinstance(value, dict) else list(range(len(value)) if names is None else names)


def _form(value: Any) -> str:
    if fields_of(type(value)) is not None:
        return f"a {type(value).__name__}"
    if isinstance(value, (tuple, list, dict)):
        return f"a {type(value).__name__} of {len(value)}"
    if isinstance(value, np.ndarray):
        return f"an array of {value.dtype} and shape {value.shape}"
    return f"of type {type(value).__name__}"
