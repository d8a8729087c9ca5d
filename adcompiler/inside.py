"""This package's own functions in a program that is compiled."""

from __future__ import annotations

import inspect
from dataclasses import replace

from adcompiler.api import grad, jvp, value_and_grad, vjp
from adcompiler.batching import batched, maps
from adcompiler.calls.binding import Argnums, argnums_of
from adcompiler.calls.inside.callee import Callee
from adcompiler.calls.inside.inner import Gradient, Product, tangent, with_pullback
from adcompiler.calls.inside.local import Local
from adcompiler.calls.inside.matrices import Matrix
from adcompiler.calls.inside.nesting import Outside
from adcompiler.calls.subject import subject
from adcompiler.custom import NO_STATE, checkpoint, checkpointed_range, run_again, stop_gradient
from adcompiler.errors import TypeProblem, UnsupportedSyntax
from adcompiler.frontend.batches.value import BatchedValue
from adcompiler.frontend.language.builtin_table import builtin
from adcompiler.frontend.language.reading import resolved
from adcompiler.frontend.library.registry import implements
from adcompiler.frontend.state.context import Lowering
from adcompiler.frontend.state.values import (
    Closure,
    DictValue,
    Object,
    Partial,
    Path,
    RangeValue,
    Seq,
    Static,
    Value,
    kind_of,
)
from adcompiler.ir.build import ONE, ZERO, Builder
from adcompiler.ir.types import INDEX
from adcompiler.ir.wengert import Atom, Budget, Const, Var
from adcompiler.matrices import MODES, hessian, jacobian
from adcompiler.options import Options
from adcompiler.products import hvp
from adcompiler.transformed import Function, Transformed, made_callable

_FIRST, _NO, _NONE, _AUTO = Const(0), Const(False), Static(None), Static("auto")


@implements(grad)
def _grad_inside(b: Builder, f: Value, argnums: Value = _FIRST, *, has_aux: Value = _NO) -> Value:
    return _inside(b, "grad", f, argnums, has_aux)


@implements(value_and_grad)
def _value_and_grad_inside(b: Builder, f: Value, argnums: Value = _FIRST, *, has_aux: Value = _NO) -> Value:
    return _inside(b, "value_and_grad", f, argnums, has_aux)


def _inside(b: Builder, kind: str, f: Value, argnums: Value, has_aux: Value) -> Value:
    """A transformed function as a value of the program."""
    numbers, flag = _numbers(b, kind, argnums), _flag(b, kind, has_aux)
    local = _local(f)
    if local is not None:
        return _held(Gradient(local, numbers, flag, kind == "value_and_grad"))
    known = _outer(b, kind, f)
    made = Transformed(kind, made_callable(kind, known), numbers, flag, Options.of(kind, {}))
    return Object(made, Path(("made", kind, id(known), made.key), kind, lambda: made))


def _held(made: object) -> Object:
    return Object(made, Path(("made", id(made)), type(made).__name__.lower(), lambda: made))


def _callee(b: Builder, kind: str, f: Value) -> Callee:
    """The function that a transformation is of."""
    local = _local(f)
    if local is not None:
        return local
    known = made_callable(kind, _outer(b, kind, f))
    return Outside(known, subject(known, Options.of(kind, {})))


def _local(f: Value) -> Local | None:
    """A function that the program makes, or a gradient or matrix of one."""
    if isinstance(f, Closure):
        return Local(f)
    made = f.value if isinstance(f, Object) else None
    if isinstance(made, (Gradient, Matrix)) and isinstance(made.callee, Local):
        return Local(made.callee.made, made.__lower_call__)
    return None


def _outer(b: Builder, kind: str, f: Value) -> object:
    if isinstance(f, (Static, Object)) and callable(f.value):
        return f.value
    raise UnsupportedSyntax(
        f"{kind} of a {kind_of(f)} that is made inside the program", b.span, "write a function or a lambda there"
    )


def _numbers(b: Builder, kind: str, argnums: Value) -> Argnums:
    try:
        return argnums_of(_known(argnums))
    except TypeError as error:
        raise TypeProblem(f"{kind}: {error}", b.span, "write numbers or names of arguments") from error


def _flag(b: Builder, kind: str, value: Value) -> bool:
    if (flag := _known(value)) in (True, False):
        return bool(flag)
    raise TypeProblem(f"has_aux of {kind} must be True or False", b.span, "write it out")


def _known(value: Value) -> object:
    match value:
        case Const(value=known) | Static(value=known):
            return known
        case Seq(items):
            return tuple(_known(item) for item in items)
    return None


@builtin(jvp)
def _jvp_inside(low: Lowering, args: list[Value], kwargs: dict[str, Value], hint: str) -> Value:
    """`jvp(f, primals, tangents)` in a program."""
    b, given = low.b, _bound(low, jvp, args, kwargs)
    primals = resolved(low, given["primals"])
    if not isinstance(primals, Seq):
        raise TypeProblem("jvp needs the arguments in a tuple", b.span, "write (x, y) for the arguments x and y")
    numbers = None if given["argnums"] == _NONE else _numbers(b, "jvp", given["argnums"])
    flag = _flag(b, "jvp", given["has_aux"])
    return tangent(low, _callee(b, "jvp", given["f"]), primals.items, resolved(low, given["tangents"]), numbers, flag)


@builtin(vjp)
def _vjp_inside(low: Lowering, args: list[Value], kwargs: dict[str, Value], hint: str) -> Value:
    """`vjp(f, *args)` in a program."""
    given = _bound(low, vjp, args, kwargs)
    numbers = None if given["argnums"] == _NONE else _numbers(low.b, "vjp", given["argnums"])
    rest = given["args"]
    assert isinstance(rest, Seq)
    return with_pullback(
        low, _callee(low.b, "vjp", given["f"]), rest.items, numbers, _flag(low.b, "vjp", given["has_aux"])
    )


def _bound(low: Lowering, function: Function, args: list[Value], kwargs: dict[str, Value]) -> dict[str, Value]:
    """The arguments of a transformation by name."""
    try:
        bound = inspect.signature(function).bind(*args, **kwargs)
    except TypeError as error:
        raise TypeProblem(f"{function.__name__}() {error}", low.b.span, "call it with its arguments") from error
    if extra := bound.arguments.get("options"):
        what = f"the option {next(iter(extra))!r} of {function.__name__} inside a program"
        raise UnsupportedSyntax(what, low.b.span, "give options to the transformation of the whole program")
    found: dict[str, Value] = {"argnums": _NONE, "has_aux": _NO, **bound.arguments}
    found["args"] = Seq(tuple(bound.arguments.get("args", ())))
    return found


@implements(jacobian)
def _jacobian_inside(
    b: Builder, f: Value, argnums: Value = _FIRST, *, mode: Value = _AUTO, has_aux: Value = _NO
) -> Value:
    return _matrix(b, "jacobian", f, argnums, mode, has_aux)


@implements(hessian)
def _hessian_inside(
    b: Builder, f: Value, argnums: Value = _FIRST, *, mode: Value = _AUTO, has_aux: Value = _NO
) -> Value:
    return _matrix(b, "hessian", f, argnums, mode, has_aux)


def _matrix(b: Builder, kind: str, f: Value, argnums: Value, mode: Value, has_aux: Value) -> Value:
    chosen = _known(mode)
    if chosen not in MODES[kind] or chosen == "sparse":
        raise UnsupportedSyntax(f"{kind} of mode {chosen!r} inside a program", b.span, "use mode='auto' there")
    return _held(Matrix(_callee(b, kind, f), _numbers(b, kind, argnums), _flag(b, kind, has_aux), kind, str(chosen)))


@implements(hvp)
def _product_inside(b: Builder, f: Value, argnums: Value = _FIRST, *, has_aux: Value = _NO) -> Value:
    return _held(Product(_callee(b, "hvp", f), _numbers(b, "hvp", argnums), _flag(b, "hvp", has_aux)))


@implements(batched)
def _batched_inside(b: Builder, f: Value, in_axes: Value = _FIRST) -> Value:
    """A batched function as a value of the program."""
    axes = _axes(in_axes)
    if not maps(axes):
        raise TypeProblem(f"in_axes={axes!r} maps no axis", b.span, "give an axis to map over")
    made: object = BatchedValue(f, axes)
    if isinstance(f, (Static, Object)) and callable(f.value):
        made = batched(f.value, axes)
    return Object(made, Path(("made", "batched", id(made)), "batched", lambda: made))


def _axes(value: Value) -> object:
    """A structure of axes that is known at compile time."""
    match value:
        case DictValue(items):
            return {key: _axes(item) for key, item in items}
        case Seq(items):
            return tuple(map(_axes, items))
        case Const(value=known) | Static(value=known):
            return known
    return value


@implements(stop_gradient)
def _stop(b: Builder, x: Value) -> Value:
    match x:
        case Seq(items):
            return replace(x, items=tuple(_stop(b, item) for item in items))
        case DictValue(items):
            return DictValue(tuple((key, _stop(b, item)) for key, item in items))
        case Var() if b.type(x).is_float:
            stopped = b.emit("stop", x, hint=x.name)
            if b.type(x).rank:
                # the line copies: a program that writes where Python would see it is refused
                b.snapshots.append((stopped, x, b.span))
            return stopped
    return x


@implements(checkpoint)
def _checkpoint(b: Builder, f: Value) -> Value:
    return Partial(Static(run_again), (f,), ())


@implements(checkpointed_range)
def _checkpointed(b: Builder, n: Value, snapshots: Value = _NONE, memory: Value = _NONE) -> Value:
    stop = _integer(b, n, "the number of iterations")
    if snapshots != _NONE and memory != _NONE:
        raise TypeProblem("checkpointed_range() takes snapshots or memory, not both", b.span, "leave one out")
    if memory != _NONE:
        budget = Budget(_integer(b, memory, "memory"), "bytes")
    elif snapshots != _NONE:
        budget = Budget(_states(b, snapshots), "snapshots")
    else:
        budget = Budget(ZERO, "default")
    return RangeValue(ZERO, stop, ONE, budget)


def _states(b: Builder, snapshots: Value) -> Atom:
    """How many states are kept, one at least."""
    count = _integer(b, snapshots, "snapshots")
    if not isinstance(count, Const) or count.value < 1:  # type: ignore[operator]
        b.check(b.emit("lt", count, ONE, hint="none", weak=True), "ValueError", NO_STATE)
    return count


def _integer(b: Builder, value: Value, what: str) -> Atom:
    """An integer as a Python number."""
    if isinstance(value, (Var, Const)) and not b.type(value).rank and b.type(value).numpy.kind in "iu":
        if isinstance(value, Const):
            return Const(int(str(value.value)))
        return value if b.type(value) == INDEX else b.emit("cast", value, dtype="int64", weak=True, hint=value.name)
    raise TypeProblem(f"{what} of checkpointed_range() must be an integer", b.span, "pass an integer")
