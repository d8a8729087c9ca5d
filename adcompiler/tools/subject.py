"""What a check or a benchmark is about: a function, its plain meaning and the numbers it depends on."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from adcompiler.errors import NotDifferentiable, Span
from adcompiler.tools.trees import Path, fresh, is_active, leaves, spell, transform

Function = Callable[..., Any]
Argnums = int | str | Sequence[int | str] | None

#: One array for each leaf that moves, by the leaf's number.
Directions = Mapping[int, np.ndarray]


@dataclass(frozen=True, slots=True)
class Leaf:
    """A number or array with respect to which a function is differentiated.

    Parameters
    ----------
    place : tuple
        The path to it from the tuple of all arguments: the argument's number comes first.
    label : str
        What the user calls it.
    value : ndarray
        Its value.
    """

    place: Path
    label: str
    value: np.ndarray


@dataclass(frozen=True, slots=True)
class Subject:
    """A function at a point.

    Parameters
    ----------
    function : callable
        What the compiler differentiates.
    plain : callable
        What Python runs.
    args : tuple
        The point.
    positions : tuple of int
        The arguments to differentiate.
    leaves : tuple of Leaf
        Every active number or array in them.
    """

    function: Function
    plain: Function
    args: tuple[Any, ...]
    positions: tuple[int, ...]
    leaves: tuple[Leaf, ...]

    @property
    def name(self) -> str:
        """The function's name."""
        return name_of(self.plain)

    def run(self, args: tuple[Any, ...]) -> Any:
        """The plain function's result; the arguments are left alone and NumPy's warnings are not shown."""
        with np.errstate(all="ignore"):
            return self.plain(*fresh(args))

    def moved(self, directions: Directions, step: float) -> tuple[Any, ...]:
        """The arguments at a distance along a direction."""
        new = {self.leaves[i].place: self.leaves[i].value + step * array for i, array in directions.items()}
        moved: tuple[Any, ...] = transform(lambda at, old: like(old, new[at]) if at in new else old, self.args)
        return moved


def subject(function: Function, args: tuple[Any, ...], argnums: Argnums = None) -> Subject:
    """The function that `function` computes or differentiates, at a point; all active arguments by default."""
    program = differentiated(function)
    return subject_of(program, getattr(program, "py_func", program), args, argnums)


def subject_of(function: Function, plain: Function, args: tuple[Any, ...], argnums: Argnums) -> Subject:
    """The subject of a function whose plain meaning is another one."""
    names = parameter_names(plain, len(args))
    positions = active_positions(name_of(plain), names, args, argnums)
    found = tuple(
        Leaf((position, *path), spell(names[position], args[position], path), np.asarray(value))
        for position in positions
        for path, value in leaves(args[position])
        if is_active(value)
    )
    return Subject(function, plain, args, positions, found)


def differentiated(function: Function) -> Function:
    """The user's program behind `@grad`: a decorated function stands for the one it differentiates."""
    behind: Any = function
    while hasattr(behind, "adjoint_source"):
        behind = behind.__wrapped__
    return cast(Function, behind)


def name_of(function: Function) -> str:
    """The function's name, or that of its class."""
    return str(getattr(function, "__name__", type(function).__name__))


def parameter_names(function: Function, count: int) -> list[str]:
    """A name for each of `count` positional arguments, as the function's signature has it."""
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return [f"argument {i}" for i in range(count)]
    plain = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    rest = next((p.name for p in parameters if p.kind is p.VAR_POSITIONAL), "argument")
    return [plain[i] if i < len(plain) else f"{rest}[{i - len(plain)}]" for i in range(count)]


def active_positions(function: str, names: list[str], args: tuple[Any, ...], argnums: Argnums) -> tuple[int, ...]:
    """The numbers of the arguments to differentiate; asking for one without a derivative is an error."""
    active = tuple(i for i, arg in enumerate(args) if any(is_active(leaf) for _, leaf in leaves(arg)))
    if argnums is None:
        if not active:
            raise NotDifferentiable(f"{function} has no floating-point argument", None, "pass floats or float arrays")
        return active
    wanted = (argnums,) if isinstance(argnums, int | str) else tuple(argnums)
    positions = tuple(names.index(n) if isinstance(n, str) and n in names else n for n in wanted)
    for position in positions:
        if isinstance(position, str) or not -len(args) <= position < len(args):
            raise NotDifferentiable(
                f"{function} has no argument {position!r}", None, f"choose among {', '.join(names)}"
            )
        if position % len(args) not in active:
            what = f"argument {position} ({names[position]}) of {function} is not floating-point"
            raise NotDifferentiable(what, None, "leave it out of argnums, or pass floats")
    return tuple(int(position) % len(args) for position in positions)


def like(old: Any, new: np.ndarray) -> Any:
    """New numbers in the form of the old: a float, a NumPy scalar, or an array of the same dtype and order."""
    if isinstance(old, np.ndarray):
        same = np.empty_like(old)
        same[...] = new
        return same
    return old.dtype.type(new) if isinstance(old, np.generic) else type(old)(new)


@dataclass(frozen=True, slots=True)
class Objective:
    """A real number made of a function's result: its inner product with a cotangent.

    Parameters
    ----------
    subject : Subject
        The function at a point.
    out : object
        Its result there.
    cotangent : object
        A tree of the same structure.
    """

    subject: Subject
    out: Any
    cotangent: Any

    @property
    def value(self) -> float:
        """The number at the point."""
        return inner(self.cotangent, self.out)

    def along(self, directions: Directions) -> Callable[[float], float]:
        """The number as a function of the distance along a direction; NaN outside the domain."""

        def value(step: float) -> float:
            try:
                return inner(self.cotangent, self.subject.run(self.subject.moved(directions, step)))
            except (ArithmeticError, ValueError):
                return math.nan

        return value


def objective(of: Subject, rng: np.random.Generator) -> Objective:
    """The subject's result paired with 1 if it is a number, with a random cotangent otherwise."""
    out = of.run(of.args)
    if is_real_number(out):
        return Objective(of, out, like(out, np.array(1.0)))
    return Objective(of, out, transform(lambda _, leaf: cotangent(rng, leaf), out))


def is_real_number(out: Any) -> bool:
    """Whether a result is one real number, so that `grad` applies."""
    return is_active(out) and np.ndim(out) == 0 and not np.iscomplexobj(out)


def cotangent(rng: np.random.Generator, leaf: Any) -> Any:
    """Random numbers in the form of a result; zero for a passive one."""
    if not is_active(leaf):
        return np.zeros_like(leaf) if isinstance(leaf, np.ndarray) else 0
    return like(leaf, noise_like(leaf, rng))


def noise_like(leaf: Any, rng: np.random.Generator) -> np.ndarray:
    """Random numbers, complex for a complex leaf, in double precision."""
    noise = np.asarray(rng.normal(size=np.shape(leaf)))
    return noise + 1j * rng.normal(size=np.shape(leaf)) if np.iscomplexobj(leaf) else noise


def inner(a: Any, b: Any) -> float:
    """The real inner product of two trees, over the leaves that are active in both."""
    pairs = zip(leaves(a), leaves(b), strict=True)
    return math.fsum(dot(x, y) for (_, x), (_, y) in pairs if is_active(x) and is_active(y))


def dot(a: Any, b: Any) -> float:
    """Real part of the inner product of two arrays, in double precision."""
    wide = np.result_type(np.asarray(a), np.asarray(b), np.float64)
    return float(np.vdot(np.asarray(a, wide), np.asarray(b, wide)).real)


def place_of(function: Function) -> Span | None:
    """Where a function is defined, if Python knows."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    if code is None:
        return None
    first = Span(code.co_filename, code.co_firstlineno, 0, code.co_firstlineno, 1)
    return Span(first.file, first.line, len(first.text) - len(first.text.lstrip()), first.line, len(first.text))
