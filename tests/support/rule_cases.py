"""Small functions of one operation, for the tests of the rules: arguments to try and the lines around them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.linalg

from adcompiler.ir.build import ONE, Builder
from adcompiler.ir.ops import kind
from adcompiler.ir.special import SPECIAL
from adcompiler.ir.types import Type, type_of_value
from adcompiler.ir.wengert import Assign, Atom, Const, Func, Var
from adcompiler.rules.rule import Domain, Rule
from adcompiler.rules.table import pull, push


@dataclass(frozen=True)
class Case:
    """One line `op(*args, *extents, **params)` with values for its arguments."""

    label: str
    rule: Rule
    args: tuple[Any, ...]
    params: dict[str, Any]
    extents: tuple[int, ...] = ()

    @property
    def active(self) -> tuple[int, ...]:
        """The positions with a derivative: floats that the rule does not call constant."""
        constant = {"where": (0,), "copysign": (1,), "pinv": (1,), **FIXED}.get(self.rule.op, ())
        return tuple(k for k, arg in enumerate(self.args) if k not in constant and np.result_type(arg).kind in "fc")

    def with_args(self, args: Sequence[Any]) -> Case:
        return Case(self.label, self.rule, tuple(args), self.params, self.extents)

    def __str__(self) -> str:
        return f"{self.rule.op}-{self.label}"


#: Orders and parameters by which there is no rule.
FIXED = {name: tuple(range(count - 1)) for name, count in SPECIAL.items()}

#: Operations on factors, which stand for their matrix: differences of their elements say nothing.
ON_FACTORS = ("lu", "lu_solve", "slogdet")


# -- building --------------------------------------------------------------------------------------------------------


def type_of(value: Any) -> Type:
    """The type of an argument of a call."""
    if not isinstance(value, np.ndarray):
        return type_of_value(value)
    layout = "C" if value.flags.c_contiguous else "F" if value.flags.f_contiguous else "A"
    return Type(value.dtype.name, value.ndim, layout=layout)


class Small:
    """A function of one line, and what its rule makes of it."""

    def __init__(self, case: Case) -> None:
        self.case, self.b = case, Builder()
        self.extents: dict[int, Atom] = {1: ONE}
        self.params = [self.param(name, value) for name, value in self.named(case)]
        assert all(len(self.b.shape(p)) == np.ndim(v) for p, v in zip(self.params, case.args, strict=True))
        extents = [Const(n) for n in case.extents]
        self.target = self.b.emit(case.rule.op, *self.params, *extents, hint="r", **case.params)
        self.stmt = next(s for s in self.b.stack[0] if isinstance(s, Assign) and s.target == self.target)

    def named(self, case: Case) -> list[tuple[str, Any]]:
        names = [*case.rule.names, *(f"v{k}" for k in range(len(case.rule.names), len(case.args)))]
        return list(zip(names, case.args, strict=False))

    def param(self, name: str, value: Any) -> Var:
        """A parameter; equal extents are one name, an extent of one is a literal."""
        type = type_of(value)
        param = Var(self.b.names.fresh(name))
        self.b.types[param.name] = type
        if type.rank:
            self.b.shapes[param.name] = tuple(self.extent(param, axis, n) for axis, n in enumerate(value.shape))
        return param

    def extent(self, param: Var, axis: int, n: int) -> Atom:
        if n not in self.extents:
            self.extents[n] = self.b.emit("dim", param, axis=axis, hint=f"n{n}")
        return self.extents[n]

    def primal(self) -> Func:
        return self.b.finish("primal", self.params, [self.target])

    def pull(self, wanted: Sequence[int], guard: bool = False) -> Func:
        """Arguments and the result's cotangent in, contributions out."""
        y_bar = self.b.like(self.target, "y_bar")
        shares = pull(self.b, self.stmt, y_bar, wanted, guard)
        return self.b.finish("pull", [*self.params, y_bar], [shares.get(k, Const(0.0)) for k in wanted])

    def push(self, moved: Sequence[int]) -> Func:
        """Arguments and tangents of some in, the result and its tangent out."""
        dots = {k: self.b.like(self.params[k], f"{self.params[k]}_dot") for k in moved}
        dot = push(self.b, self.stmt, [dots.get(k) for k in range(len(self.stmt.args))])
        dot = Const(0.0) if dot is None else dot
        return self.b.finish("push", [*self.params, *dots.values()], [self.target, dot])


def unbroadcast(value: Any, like: Any) -> Any:
    """A contribution summed, or repeated, to the shape of its argument."""
    shape = np.shape(like)
    lead = np.ndim(value) - len(shape)
    if lead > 0:
        value = np.sum(value, axis=tuple(range(lead)))
    stretched = tuple(k for k, n in enumerate(np.shape(value)) if np.ndim(value) == len(shape) and n != shape[k] == 1)
    value = np.sum(value, axis=stretched, keepdims=True) if stretched else value
    return np.broadcast_to(value, shape)[()]


# -- arguments to try ------------------------------------------------------------------------------------------------


def draw(rng: np.random.Generator, domain: Domain, shape: tuple[int, ...] = (), dtype: str = "float64") -> Any:
    """Values of a domain; complex ones have a positive imaginary part."""
    if dtype.startswith("complex"):
        turned = rng.uniform(domain.low, domain.high, shape) + 1j * rng.uniform(0.3, 0.9, shape)
        return turned.astype(dtype) if shape else complex(turned) if dtype == "complex128" else np.complex64(turned)
    values = (
        rng.uniform(domain.low, domain.high, shape).astype(dtype) if shape else rng.uniform(domain.low, domain.high)
    )
    return values if shape or dtype == "float64" else np.dtype(dtype).type(values)


def filled(like: Any, values: Any) -> Any:
    """Values in a scalar or array of the type, shape and order of another."""
    if not isinstance(like, np.ndarray):
        return type(like)(values)
    made = np.empty_like(like)
    made[...] = values
    return made


def noise(rng: np.random.Generator, like: Any) -> Any:
    """Random values like another."""
    values = rng.normal(size=np.shape(like))
    if np.iscomplexobj(like):
        values = values + 1j * rng.normal(size=np.shape(like))
    return filled(like, values)


def arguments(rule: Rule, rng: np.random.Generator, shapes: Sequence[tuple[int, ...]], dtype: str = "float64") -> Any:
    """Arguments of an elementwise rule; the condition of `where` is a boolean."""
    found = [draw(rng, rule.domains.get(n, Domain()), s, dtype) for n, s in zip(rule.names, shapes, strict=True)]
    if rule.op == "where":
        found[0] = found[0].real > 0 if shapes[0] else bool(found[0].real > 0)
    return tuple(found)


def params_of(rule: Rule, dtype: str) -> dict[str, Any]:
    """What an elementwise operation needs beside its arguments."""
    return {"dtype": dtype} if rule.op == "cast" else {}


def elementwise_cases(rule: Rule, rng: np.random.Generator, dtype: str = "float64") -> Iterator[Case]:
    """Scalars, arrays, broadcasting, strides and Fortran order."""
    count, params = len(rule.names), params_of(rule, dtype)
    yield Case("scalar", rule, arguments(rule, rng, [()] * count, dtype), params)
    strong = tuple(
        np.dtype(type(a) if isinstance(a, bool) else dtype).type(a) for a in arguments(rule, rng, [()] * count)
    )
    yield Case("numpy scalar", rule, strong, params)
    yield Case("array", rule, arguments(rule, rng, [(3, 4)] * count, dtype), params)
    wide = arguments(rule, rng, [(6, 8)] * count, dtype)
    yield Case("strided", rule, tuple(a[::2, ::-2] for a in wide), params)
    yield Case("fortran", rule, tuple(np.asfortranarray(a) for a in wide), params)
    if count > 1:
        for label, pool in (("broadcast", [(3, 1), (4,), (2, 1, 1)]), ("with a scalar", [(), (2, 3), ()])):
            yield Case(label, rule, arguments(rule, rng, pool[:count], dtype), params)
            yield Case(f"{label} reversed", rule, arguments(rule, rng, pool[:count][::-1], dtype), params)


def array_cases(rule: Rule, rng: np.random.Generator, dtype: str = "float64") -> Iterator[Case]:
    """The operations of whole arrays, each with its own arguments."""

    def some(*shape: int) -> Any:
        return draw(rng, Domain(0.3, 2.0), shape, dtype)

    match rule.op:
        case "copy":
            for label, x in (("vector", some(5)), ("strided", some(6, 4)[::2, ::-1])):
                yield Case(label, rule, (x,), {})
        case "full":
            yield Case("matrix", rule, (draw(rng, Domain(), (), dtype),), {"dtype": dtype}, (3, 2))
        case "arange":
            start, step = draw(rng, Domain(), (), dtype), draw(rng, Domain(), (), dtype)
            yield Case("five", rule, (start, step), {"dtype": dtype}, (5,))
        case "transpose":
            yield Case("matrix", rule, (some(3, 4),), {"axes": (1, 0)})
            yield Case("cube", rule, (some(2, 3, 4),), {"axes": (2, 0, 1)})
        case "reshape":
            yield Case("split", rule, (some(3, 4),), {}, (2, 6))
        case "dot":
            for a, c in (((4,), (4,)), ((3, 4), (4,)), ((4,), (4, 3)), ((2, 3), (3, 4))):
                yield Case(f"{len(a)}-{len(c)}", rule, (some(*a), some(*c)), {})
            yield Case("views", rule, (some(4, 6)[::2, ::-1], some(4, 6).T), {})
        case "fft":
            for inverse in (False, True) if dtype.startswith("complex") else ():
                yield Case(f"inverse {inverse}", rule, (some(3, 5),), {"inverse": inverse})
        case op if kind(op) == "opaque":
            yield from matrix_cases(rule, rng, dtype)
        case _:
            for shape, axes in (((5,), (0,)), ((3, 4), (0, 1)), ((3, 4), (1,)), ((2, 3, 4), (0, 2)), ((1, 3), (0,))):
                for keepdims in (False, True):
                    label = f"{shape} over {axes}{' kept' if keepdims else ''}"
                    yield Case(label, rule, (some(*shape),), {"axes": axes, "keepdims": keepdims})
            yield Case("strided", rule, (some(6, 8)[::2, ::-2],), {"axes": (1,), "keepdims": False})


def matrix_cases(rule: Rule, rng: np.random.Generator, dtype: str = "float64") -> Iterator[Case]:
    """Matrices of full rank whose eigenvalues and singular values lie apart, in several layouts."""

    def square(n: int) -> Any:
        return (rng.normal(size=(n, n)) / 3 + np.diag(np.arange(1.0, n + 1))).astype(dtype)

    def right(*shape: int) -> Any:
        return rng.normal(size=shape).astype(dtype)

    a, odd = square(4), square(3)
    layouts = (("C", a), ("Fortran", np.asfortranarray(a)), ("turned", a[::-1, ::-1]), ("odd", odd))
    match rule.op:
        case "solve_triangular":
            for label, matrix in layouts:
                for lower in (True, False):
                    params = {"lower": lower}
                    yield Case(f"{label} vector {lower}", rule, (matrix, right(len(matrix))), params)
                    yield Case(f"{label} matrix {lower}", rule, (matrix, right(len(matrix), 2)), params)
        case "lu_solve" | "slogdet":
            f = np.vstack(scipy.linalg.lu_factor(a)).astype(dtype)
            for back in (False, True) if rule.op == "lu_solve" else (None,):
                params = {} if back is None else {"back": back}
                for shape in ((4,), (4, 2)) if rule.op == "lu_solve" else (None,):
                    yield Case(f"{shape} {back}", rule, (f,) if shape is None else (f, right(*shape)), params)
        case "pinv":
            for shape in ((5, 3), (3, 5), (3, 3)):
                yield Case(f"{shape}", rule, ((right(*shape) + 2 * np.eye(*shape)).astype(dtype), 1e-6), {})
        case "qr" | "svd":
            for shape in ((5, 3), (3, 3)) if rule.op == "qr" else ((5, 3), (3, 5), (3, 3)):
                x = (right(*shape) / 4 + np.diag(np.arange(1.0, 8.0))[: shape[0], : shape[1]]).astype(dtype)
                yield Case(f"{shape}", rule, (x,), {})
                yield Case(f"{shape} Fortran", rule, (np.asfortranarray(x),), {})
        case "cholesky" | "eigh":
            # the signs that the robust driver gives vectors jump, so that differences say nothing
            ways: list[dict[str, Any]] = [{}]
            if rule.op == "eigh":
                ways = [{"lower": lower, "robust": False} for lower in (True, False)]
            for (label, matrix), params in itertools.product(layouts, ways):
                x = (matrix @ matrix.T / 4 + np.eye(len(matrix))).astype(dtype)
                yield Case(" ".join([label, *(name for name in params if params[name])]), rule, (x,), params)
        case _:
            for label, matrix in layouts:
                yield Case(label, rule, (matrix,), {})


def cases(rule: Rule, rng: np.random.Generator, dtype: str = "float64") -> Iterator[Case]:
    """Every case of a rule."""
    return (elementwise_cases if kind(rule.op) == "elementwise" else array_cases)(rule, rng, dtype)
