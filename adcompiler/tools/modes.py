"""The two modes of differentiation behind one question: the derivative along a direction."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from adcompiler.api import jvp, value_and_grad, vjp
from adcompiler.errors import GradcheckFailed
from adcompiler.tools.subject import (
    Directions,
    Leaf,
    Objective,
    Subject,
    dot,
    inner,
    is_real_number,
    like,
    place_of,
)
from adcompiler.tools.trees import is_active, leaves, pick, transform

Options = Mapping[str, Any]


class Mode(Protocol):
    """A way to differentiate."""

    @property
    def name(self) -> str:
        """The mode as the user asks for it."""
        ...

    def along(self, directions: Directions) -> float:
        """The objective's derivative along a direction."""
        ...


@dataclass(frozen=True, slots=True)
class Reverse:
    """Reverse mode: one sweep gives the gradient with respect to every leaf."""

    out: Any
    gradients: tuple[np.ndarray, ...]

    @property
    def name(self) -> str:
        """The mode as the user asks for it."""
        return "reverse"

    def along(self, directions: Directions) -> float:
        """The gradient's inner product with the direction."""
        return math.fsum(dot(self.gradients[i], array) for i, array in directions.items())


@dataclass(frozen=True, slots=True)
class Forward:
    """Forward mode: one sweep a direction."""

    objective: Objective
    options: Options

    @property
    def name(self) -> str:
        """The mode as the user asks for it."""
        return "forward"

    def sweep(self, directions: Directions) -> tuple[Any, Any]:
        """The result and its tangent."""
        subject = self.objective.subject
        tangents = tangents_of(subject, directions)
        of_positions = tuple(tangents[i] for i in subject.positions)
        out, tangent = jvp(
            subject.function, call_args(subject), of_positions, argnums=subject.positions, **self.options
        )
        return out, tangent

    def result(self) -> Any:
        """The result alone."""
        return self.sweep({})[0]

    def along(self, directions: Directions) -> float:
        """The cotangent's inner product with the tangent."""
        return inner(self.objective.cotangent, self.sweep(directions)[1])


def reverse(objective: Objective, options: Options) -> Reverse:
    """The gradient by the call a user would make: `value_and_grad` of a number, `vjp` of anything else."""
    subject, args = objective.subject, call_args(objective.subject)
    if is_real_number(objective.out):
        out, swept = value_and_grad(subject.function, argnums=subject.positions, **options)(*args)
        gradients = dict(zip(subject.positions, swept, strict=True))
    else:
        out, pullback = vjp(subject.function, *args, argnums=subject.positions, **options)
        gradients = dict(enumerate(pullback(objective.cotangent)))
    return Reverse(out, tuple(checked(subject, leaf, pick(gradients, leaf.place)) for leaf in subject.leaves))


def checked(subject: Subject, leaf: Leaf, gradient: Any) -> np.ndarray:
    """A leaf's gradient as an array, when it has the leaf's shape and dtype and is finite."""
    array = np.asarray(gradient)
    if (array.shape, array.dtype) != (leaf.value.shape, leaf.value.dtype):
        raise GradcheckFailed(
            f"the gradient of {subject.name} with respect to {leaf.label} is {array.dtype}{list(array.shape)}, "
            f"where {leaf.label} is {leaf.value.dtype}{list(leaf.value.shape)}",
            place_of(subject.plain),
            "return from a custom rule what has the argument's shape and dtype",
        )
    if not np.isfinite(array).all():
        index = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        raise not_finite(subject, f"the gradient with respect to {entry_label(leaf.label, index)}", array[index])
    return array


def check_finite(subject: Subject, out: Any) -> None:
    """Raise where a result is infinite or not a number."""
    for _, leaf in leaves(out):
        if is_active(leaf) and not np.isfinite(leaf).all():
            raise not_finite(subject, "the value", np.asarray(leaf)[~np.isfinite(leaf)][0])


def check_value(objective: Objective, out: Any, rtol: float, noise: float) -> None:
    """Raise unless a compiled result is the plain function's to rounding."""
    subject = objective.subject
    check_finite(subject, out)
    plain = [leaf for _, leaf in leaves(objective.out) if is_active(leaf)]
    compiled = [leaf for _, leaf in leaves(out) if is_active(leaf)]
    if [np.shape(leaf) for leaf in plain] != [np.shape(leaf) for leaf in compiled]:
        raise GradcheckFailed("plain and compiled results differ in shape", place_of(subject.plain), REPORT)
    for a, b in zip(plain, compiled, strict=True):
        gap = np.max(np.abs(np.subtract(a, b)), initial=0.0)
        if gap > rtol * np.max(np.abs(a), initial=0.0) + 100 * noise:
            what = f"the compiled value of {subject.name} differs by {gap:.3g} from the plain function's"
            raise GradcheckFailed(what, place_of(subject.plain), REPORT)


def check_untouched(subject: Subject, before: tuple[Any, ...]) -> None:
    """Raise if a derivative call has changed the caller's arrays."""
    for (path, now), (_, then) in zip(leaves(subject.args), leaves(before), strict=True):
        if isinstance(now, np.ndarray) and not np.array_equal(now, then, equal_nan=is_active(now)):
            what = f"the derivative of {subject.name} changed argument {path[0]}"
            raise GradcheckFailed(what, place_of(subject.plain), REPORT)


REPORT = "this is an error of the compiler, unless the function depends on more than its arguments: please report it"


def not_finite(subject: Subject, what: str, value: Any) -> GradcheckFailed:
    """The error for a value or derivative that no difference can check."""
    return GradcheckFailed(
        f"{what} of {subject.name} is {value} at this point",
        place_of(subject.plain),
        "check at a point inside the domain, where the function is differentiable",
    )


def entry_label(label: str, index: tuple[int, ...]) -> str:
    """An entry as the user writes it."""
    return f"{label}[{', '.join(map(str, index))}]" if index else label


def call_args(subject: Subject) -> tuple[Any, ...]:
    """The arguments as the user gave them, strides and all; a random generator is copied, since a call advances it."""
    args: tuple[Any, ...] = transform(
        lambda _, leaf: copy.deepcopy(leaf) if isinstance(leaf, np.random.Generator) else leaf, subject.args
    )
    return args


def tangents_of(subject: Subject, directions: Directions) -> tuple[Any, ...]:
    """A tangent for each argument: the direction where it has one, zero elsewhere."""
    arrays = {subject.leaves[i].place: array for i, array in directions.items()}
    tangents: tuple[Any, ...] = transform(
        lambda at, leaf: like(leaf, arrays[at]) if at in arrays else zero(leaf), subject.args
    )
    return tangents


def zero(leaf: Any) -> Any:
    """Zero in the form of a number or an array; None for anything else."""
    if isinstance(leaf, np.ndarray | np.generic):
        return np.zeros_like(leaf)[()] if isinstance(leaf, np.generic) else np.zeros_like(leaf)
    return type(leaf)(0) if isinstance(leaf, bool | int | float | complex) else None
