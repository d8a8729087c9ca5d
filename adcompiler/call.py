"""From Python arguments to the parameters of generated code, and from its results back to Python values."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

from adcompiler.compile import Callee
from adcompiler.errors import ADCompilerError, NotDifferentiable
from adcompiler.frontend.signature import (
    ArraySpec,
    OutLeaf,
    OutSeq,
    OutStatic,
    OutTree,
    ScalarSpec,
    SeqSpec,
    Spec,
    StaticSpec,
    spec_of,
)
from adcompiler.ir.types import Type

Positions: TypeAlias = "int | None | tuple[Positions, ...]"
Place: TypeAlias = "tuple[int, ...]"
# contiguity, alignment and whether the array may be written: each is another type for Numba
_FLAGS = 0x1 | 0x2 | 0x100 | 0x400
_PLAIN = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


@dataclass(slots=True)
class Binding:
    """How a call of the user's function fills the parameters of its definition.

    Parameters
    ----------
    callee : Callee
        The function and the arguments it already has.
    """

    callee: Callee
    signature: inspect.Signature = field(init=False)
    order: tuple[str, ...] = field(init=False)
    simple: int = field(init=False)

    def __post_init__(self) -> None:
        self.signature = inspect.signature(self.callee.function)
        kinds = inspect.Parameter
        params = list(self.signature.parameters.values())
        last = [p for p in params if p.kind in (kinds.VAR_POSITIONAL, kinds.VAR_KEYWORD)]
        self.order = tuple(p.name for p in [*(p for p in params if p not in last), *last])
        plain = all(p.kind in _PLAIN for p in params) and not self.callee.before and not self.callee.keywords
        # the number of arguments of a call that needs no binding
        self.simple = len(params) if plain else -1

    def values(self, args: tuple[Any, ...], keywords: dict[str, Any]) -> tuple[Any, ...]:
        """The values of the definition's parameters, in its order."""
        if not keywords and len(args) == self.simple:
            return args
        every = {**dict(self.callee.keywords), **keywords}
        bound = self.signature.bind(*self.callee.before, *args, **every)
        bound.apply_defaults()
        return tuple(bound.arguments[name] for name in self.order)

    def place(self, argnum: int | str, count: int) -> Place:
        """Where the argument numbered or named `argnum` of a call with `count` positional arguments is found."""
        if isinstance(argnum, str):
            if argnum not in self.order:
                raise TypeError(f"{self.callee.function.__name__}() has no argument {argnum!r}")
            return (self.order.index(argnum),)
        number = argnum if argnum >= 0 else argnum + max(count, len(self.positional()))
        names = self.positional()
        if 0 <= number < len(names):
            return (self.order.index(names[number]),)
        rest = [p.name for p in self.signature.parameters.values() if p.kind is inspect.Parameter.VAR_POSITIONAL]
        if rest and number >= len(names):
            return (self.order.index(rest[0]), number - len(names))
        raise TypeError(f"{self.callee.function.__name__}() has no argument number {argnum}")

    def positional(self) -> list[str]:
        """The names that the arguments of a call fill by position."""
        names = [p.name for p in self.signature.parameters.values() if p.kind in _PLAIN]
        taken = {name for name, _ in self.callee.keywords}
        return [name for name in names[len(self.callee.before) :] if name not in taken]

    def label(self, place: Place) -> str:
        """What the user calls an argument."""
        return self.order[place[0]] + "".join(f"[{k}]" for k in place[1:])


def fast_key(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """What tells calls of different compiled code apart, quickly made."""
    return tuple(map(_key, values))


def _key(value: Any) -> Any:
    kind = type(value)
    if kind is float:
        return float
    if kind is np.ndarray and value.ndim:
        return value.dtype, value.flags.num & _FLAGS, tuple([extent == 1 for extent in value.shape])
    return spec_of(value)


def specs_of(values: Sequence[Any], names: Sequence[str]) -> tuple[Spec, ...]:
    """The specifications of arguments; what is outside the language is refused by its name."""
    result = []
    for value, name in zip(values, names, strict=True):
        try:
            result.append(spec_of(value))
        except ADCompilerError as error:
            raise type(error)(f"argument `{name}`: {error.what}", error.span, error.fix) from None
    return tuple(result)


def number_leaves(specs: Sequence[Spec]) -> tuple[Positions, ...]:
    """For each argument the positions of its run-time leaves among the parameters of the generated code."""
    count = -1

    def one(spec: Spec) -> Positions:
        nonlocal count
        if isinstance(spec, SeqSpec):
            return tuple(one(item) for item in spec.items)
        if isinstance(spec, StaticSpec):
            return None
        count += 1
        return count

    return tuple(one(spec) for spec in specs)


def at(tree: Any, place: Place) -> Any:
    """The part of a structure at a place."""
    for k in place:
        tree = tree[k]
    return tree


def spec_at(specs: Sequence[Spec], place: Place) -> Spec:
    """The specification at a place."""
    spec = specs[place[0]]
    for k in place[1:]:
        assert isinstance(spec, SeqSpec)
        spec = spec.items[k]
    return spec


def active_leaves(spec: Spec, positions: Positions, label: str) -> Iterator[int]:
    """The positions of the float leaves of an argument; NotDifferentiable names one that is none."""
    match spec:
        case ScalarSpec(type) | ArraySpec(type):
            if not type.is_float:
                raise NotDifferentiable(
                    f"the argument `{label}` is of type {type}: there is no derivative with respect to it",
                    None,
                    "pass a float, or leave it out of argnums",
                )
            assert isinstance(positions, int)
            yield positions
        case SeqSpec(kind, items):
            assert isinstance(positions, tuple)
            for k, (item, position) in enumerate(zip(items, positions, strict=True)):
                yield from active_leaves(item, position, f"{label}[{k}]")
        case StaticSpec(value):
            raise NotDifferentiable(
                f"the argument `{label}` is {type(value).__name__}: there is no derivative with respect to it",
                None,
                "pass a float, or leave it out of argnums",
            )


def like_argument(value: Any, positions: Positions, leaves: dict[int, Any]) -> Any:
    """Derivatives in the structure and with the types of an argument."""
    if isinstance(positions, tuple):
        return type(value)(like_argument(v, p, leaves) for v, p in zip(value, positions, strict=True))
    assert isinstance(positions, int)
    found = leaves[positions]
    if type(value) is float:
        return float(found)
    if isinstance(value, np.ndarray):
        return np.asarray(found, value.dtype) if value.ndim == 0 else found
    return type(value)(found)


def out_value(tree: OutTree, results: Sequence[Any], types: Sequence[Type]) -> Any:
    """What the user's function returns, from the results of the generated code."""
    match tree:
        case OutLeaf(position):
            return python_value(results[position], types[position])
        case OutStatic(value):
            return value
        case OutSeq("dict", items, keys):
            return {k: out_value(i, results, types) for k, i in zip(keys, items, strict=True)}
        case OutSeq(kind, items):
            values = [out_value(item, results, types) for item in items]
            return tuple(values) if kind == "tuple" else values
    raise AssertionError(tree)


_PYTHON: dict[str, Callable[[Any], Any]] = {"bool": bool, "int64": int, "float64": float}


def python_value(value: Any, type: Type) -> Any:
    """A result with the type that Python would give it: Numba returns every float as Python's."""
    if type.rank:
        return value
    return _PYTHON[type.dtype](value) if type.weak else type.numpy.type(value)


def leaf_positions(tree: OutTree) -> list[int]:
    """The positions of the results in an output, in order."""
    match tree:
        case OutLeaf(position):
            return [position]
        case OutSeq(_, items):
            return [p for item in items for p in leaf_positions(item)]
        case _:
            return []


def cotangents(tree: OutTree, given: Any, out: Any, types: Sequence[Type]) -> Iterator[Any]:
    """The cotangent of each float result, in the result's dtype; TypeError where structure or shape differ."""
    match tree:
        case OutLeaf(position):
            if types[position].is_float:
                yield _cotangent(given, out, types[position])
        case OutSeq("dict", items, keys):
            for key, item in zip(keys, items, strict=True):
                yield from cotangents(item, given[key], out[key], types)
        case OutSeq(kind, items):
            if not isinstance(given, (tuple, list)) or len(given) != len(items):
                raise TypeError(f"the cotangent must be a {kind} of {len(items)}, as the output is")
            for item, one, value in zip(items, given, out, strict=True):
                yield from cotangents(item, one, value, types)
        case _:
            pass


def _cotangent(given: Any, out: Any, type: Type) -> Any:
    if np.shape(given) != np.shape(out):
        raise TypeError(f"the cotangent has shape {np.shape(given)}, the output has shape {np.shape(out)}")
    if type.rank:
        return np.array(given, dtype=type.dtype, order="C")
    return float(given) if type.dtype == "float64" else type.numpy.type(given)


def refuse_overlap(leaves: Sequence[Any], names: Sequence[str], written: frozenset[int]) -> None:
    """Raise where memory that the function writes is passed a second time."""
    for k in sorted(written):
        for other, leaf in enumerate(leaves):
            if other == k or (other in written and other < k) or not isinstance(leaf, np.ndarray):
                continue
            if np.may_share_memory(leaves[k], leaf) and np.shares_memory(leaves[k], leaf):
                raise ADCompilerError(
                    f"`{names[k]}`, which the function writes, shares memory with `{names[other]}`",
                    None,
                    "pass a copy of one of them",
                )


def is_float(spec: Spec) -> bool:
    """Whether every leaf of an argument can carry a derivative."""
    match spec:
        case ScalarSpec(type) | ArraySpec(type):
            return type.is_float
        case SeqSpec(items=items):
            return bool(items) and all(map(is_float, items))
        case _:
            return False


def tangent_leaves(value: Any, tangent: Any, label: str) -> Iterator[Any]:
    """The tangents of the leaves of an argument, in their dtypes; TypeError where structure or shape differ."""
    if isinstance(value, (tuple, list)):
        if not isinstance(tangent, (tuple, list)) or len(tangent) != len(value):
            raise TypeError(f"the tangent of `{label}` must be a sequence of {len(value)}, as the argument is")
        for k, (one, dot) in enumerate(zip(value, tangent, strict=True)):
            yield from tangent_leaves(one, dot, f"{label}[{k}]")
        return
    if np.shape(value) != np.shape(tangent):
        raise TypeError(f"the tangent of `{label}` has shape {np.shape(tangent)}, the argument {np.shape(value)}")
    if isinstance(value, np.ndarray) and value.ndim:
        yield np.array(tangent, dtype=value.dtype, order="C")
    else:
        yield float(tangent) if type(value) is float else value.dtype.type(tangent)
