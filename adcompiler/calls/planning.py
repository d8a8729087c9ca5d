"""What is computed at a call and how its results become the user's: the value, gradients, pullbacks, tangents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from adcompiler.calls.binding import Argnums, Binder, Place
from adcompiler.calls.instance import Instance, apart
from adcompiler.calls.lowering import Lowering
from adcompiler.calls.plan import Plan
from adcompiler.calls.results import (
    Constant,
    Tree,
    count,
    floats,
    gradient_tree,
    pair,
    positions,
    tangent_tree,
    value_tree,
)
from adcompiler.errors import NotDifferentiable
from adcompiler.ir.types import Type
from adcompiler.options import Derivative
from adcompiler.signature import ArraySpec, OutLeaf, OutSeq, OutTree, ScalarSpec, SeqSpec, Spec


def primal_plan(lowering: Lowering) -> Plan:
    """The function itself."""
    fn = lowering.interface
    return Plan(lowering.compiled(Derivative("primal")), value_tree(lowering.face.out, fn), len(fn.results))


def split(lowering: Lowering, has_aux: bool, name: str) -> tuple[OutTree, OutTree | None]:
    """What a function returns, and with `has_aux` the other thing it returns."""
    out = lowering.face.out
    if not has_aux:
        return out, None
    if not isinstance(out, OutSeq) or out.kind != "tuple" or len(out.items) != 2:
        raise NotDifferentiable(f"{name}() must return a pair with has_aux=True", lowering.span, "return value, aux")
    return out.items[0], out.items[1]


def gradient_plan(
    lowering: Lowering,
    binder: Binder,
    values: tuple[Any, ...] | None,
    argnums: Argnums,
    has_aux: bool,
    with_value: bool,
) -> Plan:
    """The gradient of a function that returns one number; `values` are arguments, where there are any."""
    fn = lowering.interface
    out, aux = split(lowering, has_aux, binder.name)
    position = number_position(lowering, values, binder.name, out, has_aux)
    arguments = [Argument(lowering, binder, values, place) for place in binder.places(argnums, lowering.final)]
    wrt = tuple(dict.fromkeys(p for a in arguments for p in a.required()))
    derivative = Derivative("reverse", wrt, "one", None if aux is None else (position,))
    where = {p: len(fn.results) + k for k, p in enumerate(wrt)}
    grads = [a.gradient(where) for a in arguments]
    tree = pair(*grads) if isinstance(argnums, tuple) else grads[0]
    value = value_tree(out, fn)
    if aux is not None:
        other = value_tree(aux, fn)
        tree = pair(pair(value, other), tree) if with_value else pair(tree, other)
    elif with_value:
        tree = pair(value, tree)
    return Plan(lowering.compiled(derivative), tree, len(fn.results) + len(wrt))


def product_plan(
    lowering: Lowering, binder: Binder, values: tuple[Any, ...] | None, argnums: Argnums, has_aux: bool
) -> Plan:
    """The tangent of the gradient of a function that returns one number."""
    fn = lowering.interface
    out, aux = split(lowering, has_aux, binder.name)
    position = number_position(lowering, values, binder.name, out, has_aux, "hvp")
    arguments = [Argument(lowering, binder, values, place) for place in binder.places(argnums, lowering.final)]
    wrt = tuple(dict.fromkeys(p for a in arguments for p in a.required()))
    real = sum(fn.type(result).is_float for result in fn.results)
    first = len(fn.results) + len(wrt) + real
    trees = [a.gradient({p: first + k for k, p in enumerate(wrt)}) for a in arguments]
    tree = pair(*trees) if isinstance(argnums, tuple) else trees[0]
    if aux is not None:
        tree = pair(tree, value_tree(aux, fn))
    derivative = Derivative("reverse", wrt, "one", None if aux is None else (position,), second=True)
    return Plan(lowering.compiled(derivative), tree, first + len(wrt))


def pullback_plan(
    lowering: Lowering, binder: Binder, values: tuple[Any, ...] | None, places: Sequence[Place | None], out: OutTree
) -> Plan:
    """The gradients for a cotangent that is given for each floating result of `out`."""
    fn = lowering.interface
    arguments = [None if place is None else Argument(lowering, binder, values, place) for place in places]
    wrt = tuple(dict.fromkeys(p for a in arguments if a is not None for p in a.floats))
    where = {p: len(fn.results) + k for k, p in enumerate(wrt)}
    grads = [Constant(None) if a is None or not a.floats else a.gradient(where) for a in arguments]
    derivative = Derivative("reverse", wrt, "given", tuple(sorted(positions(value_tree(out, fn)))))
    return Plan(lowering.compiled(derivative), pair(*grads), len(fn.results) + len(wrt))


def tangent_plan(lowering: Lowering, wrt: tuple[int, ...], has_aux: bool, name: str) -> Plan:
    """Value and tangent along a direction."""
    fn = lowering.interface
    out, aux = split(lowering, has_aux, name)
    real = [p for p, result in enumerate(fn.results) if fn.type(result).is_float]
    kept = {p: len(fn.results) + k for k, p in enumerate(real)}
    parts = [value_tree(out, fn), tangent_tree(out, fn, kept)]
    if aux is not None:
        parts.append(value_tree(aux, fn))
    return Plan(lowering.compiled(Derivative("forward", wrt)), pair(*parts), len(fn.results) + len(real))


class Argument:
    """An argument that is differentiated: its value, where there is one, and the parameters that are its leaves."""

    def __init__(self, lowering: Lowering, binder: Binder, values: tuple[Any, ...] | None, place: Place) -> None:
        self.label, self.lowering = binder.label(place), lowering
        self.spec, self.start = lowering.final[place[0]], sum(map(count, lowering.final[: place[0]]))
        self.value = None if values is None else values[place[0]]
        if len(place) == 2:
            assert isinstance(self.spec, SeqSpec)
            at = self.spec.keys.index(place[1]) if self.spec.keys else place[1]
            self.start += sum(map(count, self.spec.items[:at]))
            self.spec = self.spec.items[at]
            self.value = None if values is None else values[place[0]][place[1]]

    @property
    def floats(self) -> tuple[int, ...]:
        """The parameters that are its floating leaves."""
        return tuple(floats(self.spec, self.start))

    def type_of(self, position: int) -> Type:
        """The type of a parameter."""
        fn = self.lowering.interface
        return fn.type(fn.params[position])

    def required(self) -> tuple[int, ...]:
        """The same; there must be one."""
        if not self.floats:
            raise NotDifferentiable(
                f"argument '{self.label}' is {_described(self.spec)}: it has no derivative",
                self.lowering.span,
                f"{_as_floats(self.label, self.spec)}, or choose other argnums",
            )
        return self.floats

    def gradient(self, where: dict[int, int]) -> Tree:
        """The form of its gradient: that of leaf `p` is result `where[p]`."""
        return gradient_tree(self.value, self.spec, self.start, where)


def _described(spec: Spec) -> str:
    match spec:
        case SeqSpec(kind):
            return f"a {kind} without floats"
        case ArraySpec(element):
            return f"an array of {element.dtype}"
        case ScalarSpec(element):
            return f"of type {element}"
    return "None" if spec.value is None else f"of type {type(spec.value).__name__}"


def _as_floats(label: str, spec: Spec) -> str:
    match spec:
        case SeqSpec():
            return f"pass floats in {label}"
        case ArraySpec():
            return f"pass {label}.astype(float)"
    return f"pass {label} as a float"


# -- what `grad` can be asked of ---------------------------------------------------------------------------------------


def number_position(
    lowering: Lowering, values: tuple[Any, ...] | None, name: str, out: OutTree, has_aux: bool, asked: str = "grad"
) -> int:
    """The position of the one number that a function returns, as the transformation that is asked for needs it."""
    fn, needed = lowering.interface, f"{asked} needs a function that returns one number"
    others = "vjp or jacobian" if asked == "grad" else "jacobian(jacobian(f))"
    if isinstance(out, OutLeaf) and not (type := fn.type(fn.results[out.position])).rank:
        if type.is_complex:
            raise NotDifferentiable(
                f"{needed.replace('one', 'one real')}; {name}() returns a complex one",
                lowering.span,
                "return its .real, .imag or abs(), or use vjp",
            )
        return out.position
    if isinstance(out, OutLeaf):
        shape = _shape(lowering, values, out.position)
        found = f"an array of shape {shape}"
        fix = f"use {others} for its derivative, or return {'y[0]' if shape == '(1,)' else 'np.sum(y)'}"
    elif isinstance(out, OutSeq):
        found = f"a {out.kind} of {len(out.items)}"
        pairs = "use has_aux=True where only the first counts, or " if len(out.items) == 2 and not has_aux else ""
        fix = f"{pairs}use {others} for the derivative of each"
    else:
        found, fix = repr(out.value), "return the number to be differentiated"
    raise NotDifferentiable(f"{needed}; {name}() returns {found}", lowering.span, fix)


def _shape(lowering: Lowering, values: tuple[Any, ...] | None, position: int) -> str:
    """The shape of a result of these arguments; with names of extents where that is not known."""
    fn = lowering.interface
    names = f"({', '.join(map(str, fn.shape(fn.results[position])))})"
    captured = None if values is None else lowering.captured(values)
    if values is None or captured is None:
        return names
    instance = Instance(lowering, values)
    try:
        leaves = instance.fresh(apart(instance.leaves(values, captured)))
        return str(np.shape(primal_plan(instance.lowering).results(leaves)[position]))
    except (ArithmeticError, LookupError, ValueError, AssertionError):
        return names
