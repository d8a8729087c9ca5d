"""Lowers a function for some arguments and runs the lines with NumPy, as an independent meaning of them."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from adcompiler.frontend.lower import lower
from adcompiler.frontend.state.restarts import NotStatic
from adcompiler.ir.verify import verify
from adcompiler.outside import Lowered
from adcompiler.signature import (
    OutLeaf,
    OutStatic,
    OutTree,
    Spec,
    bind,
    entry_point,
    run_time_leaves,
    spec_of,
    with_static,
)
from adcompiler.source import source_of
from tests.support.interpret import run

RAISED = (ArithmeticError, AssertionError, LookupError, NameError, TypeError, ValueError)
Found = tuple[Lowered, tuple[Spec, ...], tuple[Any, ...]]


def lowered(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Found:
    """The function for the kinds of these arguments, with what must be known at compile time made constant."""
    values = bind(function, args, kwargs)
    specs = tuple(spec_of(value) for value in values)
    while True:
        try:
            found = lower(source_of(entry_point(function)[0]), specs)
        except NotStatic as need:
            specs = with_static(specs, values, need.positions)
        else:
            verify(found.func)
            return found, specs, values


def execute(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """What the lines of the function give for these arguments; written arguments are written."""
    found, specs, values = lowered(function, *args, **kwargs)
    leaves = [leaf for value, spec in zip(values, specs, strict=True) for leaf in run_time_leaves(value, spec)]
    before = [np.array(leaf, copy=True) for leaf in leaves]
    results = run(found.func, *leaves, *(capture.fetch() for capture in found.captures))
    for position, (old, leaf) in enumerate(zip(before, leaves, strict=True)):
        kept = np.array_equal(old, leaf, equal_nan=True)
        assert kept or position in found.written, f"parameter {position} is written"
    return assembled(found.out, results)


def assembled(tree: OutTree, results: tuple[Any, ...]) -> Any:
    """What the function returns, from the results of the lines."""
    match tree:
        case OutLeaf(position):
            return results[position]
        case OutStatic(value):
            return value
    items = [assembled(item, results) for item in tree.items]
    if tree.kind == "dict":
        return dict(zip(tree.keys, items, strict=True))
    return items if tree.kind == "list" else tuple(items)


def check(function: Callable[..., Any], *args: Any, kinds: bool = True) -> None:
    """The lines give what the plain function gives: values, writes to arguments, exceptions.

    With `kinds` the element types too, which differ where an integer and a float share a name.
    """
    plain, ours = copy.deepcopy(args), copy.deepcopy(args)
    with np.errstate(all="ignore"):
        try:
            expected = function(*plain)
        except RAISED as error:
            with pytest.raises(type(error)) as caught:
                execute(function, *ours)
            assert type(caught.value) is type(error)
            return
        equal(execute(function, *ours), expected, kinds)
    equal(ours, plain, kinds)


def equal(ours: Any, expected: Any, kinds: bool = True) -> None:
    """Equal to rounding, of the same structure and kinds."""
    if isinstance(expected, (tuple, list)):
        assert type(ours) is type(expected) and len(ours) == len(expected)
        for one, other in zip(ours, expected, strict=True):
            equal(one, other, kinds)
    elif isinstance(expected, dict):
        assert list(ours) == list(expected)
        equal(list(ours.values()), list(expected.values()), kinds)
    elif isinstance(expected, (int, float, np.generic, np.ndarray)):
        # a number that is Python's on one path and NumPy's on another is NumPy's
        assert isinstance(expected, np.ndarray) == isinstance(ours, np.ndarray), (ours, expected)
        assert not kinds or np.asarray(ours).dtype == np.asarray(expected).dtype, (ours, expected)
        np.testing.assert_allclose(ours, expected, rtol=1e-13, atol=1e-13)
    else:
        assert ours is expected or ours == expected
