"""Runs one small function twice: with NumPy, and as the lines the library and the index handlers build for it.

The function takes `np` as its first argument: NumPy itself, or a stand-in whose functions call the handlers.
"""

from __future__ import annotations

import inspect
import operator
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy

from adcompiler.errors import ADCompilerError, Span
from adcompiler.frontend.arrays import indexing
from adcompiler.frontend.arrays.atoms import apply
from adcompiler.frontend.library import catalogue
from adcompiler.frontend.state.values import Seq, SliceValue, Static, Value
from adcompiler.ir.build import ONE, Builder, Shape
from adcompiler.ir.types import Type, type_of_value
from adcompiler.ir.wengert import Atom, Const, Func, Var
from tests.support.interpret import run

SPAN = Span("<traced>", 1, 0, 1, 1)
OPERATORS = {
    "add": operator.iadd,
    "sub": operator.isub,
    "mul": operator.imul,
    "div": operator.itruediv,
    "floordiv": operator.ifloordiv,
    "mod": operator.imod,
    "pow": operator.ipow,
}


class Plain:
    """NumPy, with augmented assignment to `x[items]` as a function."""

    def __getattr__(self, name: str) -> Any:
        return getattr(numpy, name)

    @staticmethod
    def update(x: Any, items: Any, op: str, value: Any) -> None:
        x[items] = OPERATORS[op](x[items], value)


class Traced:
    """A value of the function being traced."""

    def __init__(self, b: Builder, value: Value) -> None:
        self.b, self.value = b, value

    def __getitem__(self, items: Any) -> Any:
        if isinstance(self.value, Seq):
            return Traced(self.b, self.value.items[items])
        return Traced(self.b, indexing.read(self.b, self.value, spread(items)))

    def __setitem__(self, items: Any, value: Any) -> None:
        indexing.write(self.b, self.value, spread(items), to_value(value), None)

    def __getattr__(self, name: str) -> Any:
        handler = catalogue.lookup_method(name)
        if handler is None:
            return wrap(self.b, catalogue.attribute(self.b, self.value, name))
        return lambda *args, **kwargs: call(self.b, handler, (self, *args), kwargs)

    def _binary(self, op: str, other: Any, swap: bool = False) -> Any:
        args = (self.value, to_value(other))
        return Traced(self.b, apply(self.b, op, *(reversed(args) if swap else args), weak=None))

    def __add__(self, other: Any) -> Any:
        return self._binary("add", other)

    def __radd__(self, other: Any) -> Any:
        return self._binary("add", other, True)

    def __sub__(self, other: Any) -> Any:
        return self._binary("sub", other)

    def __rsub__(self, other: Any) -> Any:
        return self._binary("sub", other, True)

    def __mul__(self, other: Any) -> Any:
        return self._binary("mul", other)

    def __gt__(self, other: Any) -> Any:
        return self._binary("gt", other)

    def __lt__(self, other: Any) -> Any:
        return self._binary("lt", other)

    def __iter__(self) -> Any:
        return iter([Traced(self.b, v) for v in self.value.items])


class Library:
    """Stands for NumPy: each function calls its handler."""

    def __init__(self, b: Builder) -> None:
        self.b = b

    def __getattr__(self, name: str) -> Any:
        member = getattr(numpy, name)
        return Member(self.b, member) if callable(member) or inspect.ismodule(member) else member

    def update(self, x: Traced, items: Any, op: str, value: Any) -> None:
        indexing.write(self.b, x.value, spread(items), to_value(value), op)


class Member:
    """A NumPy function or type."""

    def __init__(self, b: Builder, member: Any) -> None:
        self.b, self.member = b, member

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        handler = catalogue.lookup(self.member)
        if handler is None:
            raise catalogue.missing(self.b, self.member)
        return call(self.b, handler, args, kwargs)

    def __getattr__(self, name: str) -> Any:
        return Member(self.b, getattr(self.member, name))


def call(b: Builder, handler: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    return wrap(b, handler(b, [to_value(a) for a in args], {k: to_value(v) for k, v in kwargs.items()}))


def wrap(b: Builder, value: Value) -> Any:
    return value.value if isinstance(value, Static) else Traced(b, value)


def spread(items: Any) -> list[Value]:
    return [to_value(i) for i in items] if isinstance(items, tuple) else [to_value(items)]


def to_value(value: Any) -> Value:
    match value:
        case Traced():
            return value.value
        case Member():
            return Static(value.member)
        case bool() | int() | float() | numpy.generic():
            return Const(value)
        case slice():
            return SliceValue(*(None if v is None else to_value(v) for v in (value.start, value.stop, value.step)))
        case tuple() | list():
            return Seq(tuple(to_value(v) for v in value), type(value).__name__)
    return Static(value)


def parameter(b: Builder, name: str, arg: Any) -> Var:
    if not isinstance(arg, numpy.ndarray):
        return b.var(name, type_of_value(arg))
    layout = "C" if arg.flags.c_contiguous else "F" if arg.flags.f_contiguous else "A"
    var = Var(b.names.fresh(name))
    b.types[var.name] = Type(arg.dtype.name, arg.ndim, layout=layout)
    shape: list[Atom] = [
        ONE if extent == 1 else b.emit("dim", var, axis=axis, hint=f"n_{name}") for axis, extent in enumerate(arg.shape)
    ]
    b.shapes[var.name] = tuple(shape)
    return var


def trace(fn: Callable[..., Any], *args: Any) -> tuple[Func, Any]:
    """The lines built for `fn` and the structure of its result (a Traced, a tuple of them, or a static object)."""
    b = Builder()
    b.span = SPAN
    params = [parameter(b, name, arg) for name, arg in zip("xyzwuv", args, strict=False)]
    b.own.update(params)
    out = fn(Library(b), *(Traced(b, p) for p in params))
    return b.finish("f", params, list(atoms(out))), out


def atoms(out: Any) -> list[Atom]:
    if isinstance(out, Traced):
        return atoms(out.value)
    if isinstance(out, Seq):
        return [a for item in out.items for a in atoms(item)]
    if isinstance(out, (tuple, list)):
        return [a for item in out for a in atoms(item)]
    return [out] if isinstance(out, (Var, Const)) else []


def flat(out: Any) -> list[Any]:
    return [v for item in out for v in flat(item)] if isinstance(out, (tuple, list)) else [out]


def outcome(fn: Callable[..., Any], args: Sequence[Any]) -> list[Any] | type[BaseException]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return flat(fn(Plain(), *args))
        except Exception as error:
            return type(error)


def same_bits(ours: Any, theirs: Any, rtol: float) -> None:
    """Type, shape and value agree; the type of a scalar counts too (float or np.float64)."""
    if isinstance(theirs, numpy.ndarray) and theirs.ndim == 0:
        theirs = theirs[()]
    assert type(ours) is type(theirs), (ours, theirs)
    ours, theirs = numpy.asarray(ours), numpy.asarray(theirs)
    assert (ours.dtype, ours.shape) == (theirs.dtype, theirs.shape), (ours, theirs)
    if theirs.dtype.kind == "f":
        numpy.testing.assert_allclose(ours, theirs, rtol=rtol, atol=rtol)
    else:
        numpy.testing.assert_array_equal(ours, theirs)


def compare(fn: Callable[..., Any], *args: Any, rtol: float = 1e-6) -> Func | None:
    """`fn` gives the same values and leaves the same in its arguments, or raises the same, in both runs."""
    ours, theirs = keep_layout(args), keep_layout(args)
    with numpy.errstate(all="ignore"):
        want = outcome(fn, theirs)
    if isinstance(want, type):
        refused(fn, args, want)
        return None
    func, _ = trace(fn, *args)
    got = run(func, *ours)
    assert len(got) == len(want), (got, want)
    for mine, plain in zip(got, want, strict=True):
        same_bits(mine, plain, rtol if numpy.asarray(plain).dtype == numpy.float32 else min(rtol, 1e-12))
    for mine, plain in zip(ours, theirs, strict=True):
        same_bits(mine, plain, rtol)
    return func


def refused(fn: Callable[..., Any], args: Sequence[Any], want: type[BaseException]) -> None:
    """Where NumPy raises, the compiler refuses, or the lines raise the same."""
    try:
        func, _ = trace(fn, *args)
    except ADCompilerError as error:
        assert error.span == SPAN and error.fix
        return
    try:
        run(func, *keep_layout(args))
    except want:
        return
    raise AssertionError(f"no {want.__name__} was raised")


def keep_layout(args: Sequence[Any]) -> list[Any]:
    """Copies with the strides of the originals, reversed and skipping ones too."""
    return [relaid(a) if isinstance(a, numpy.ndarray) else a for a in args]


def relaid(a: Any) -> Any:
    if a.flags.c_contiguous or a.flags.f_contiguous:
        return a.copy(order="K")
    # every second element of a larger array: neither order is contiguous
    wide = numpy.zeros(tuple(2 * n + 1 for n in a.shape), a.dtype)
    view = wide[tuple(slice(1, 2 * n + 1, 2) for n in a.shape)]
    view[...] = a
    return view


__all__ = ["Library", "Plain", "Shape", "Traced", "compare", "refused", "trace"]
