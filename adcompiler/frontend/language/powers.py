"""Powers of Python's own numbers: integers, floats, and an error where Python gives a complex number."""

from __future__ import annotations

from adcompiler.frontend.arrays.atoms import apply
from adcompiler.frontend.state.context import Lowering
from adcompiler.frontend.state.overflow import checked
from adcompiler.frontend.state.values import Value
from adcompiler.ir.wengert import Atom, Const, Var


def weak_power(low: Lowering, a: Atom, c: Atom, hint: str) -> Value:
    """`a ** c` of Python numbers: an integer, a float, or an error where Python gives a complex number."""
    b = low.b
    if b.type(a).is_complex or b.type(c).is_complex:
        return _complex_power(low, a, c, hint)
    if not b.type(a).is_float and not b.type(c).is_float:
        return _integer_power(low, a, c, hint)
    base = a if b.type(a).is_float else _as_float(low, a)
    _check_power(low, base, c)
    if isinstance(c, Const) and isinstance(c.value, int):
        c = Const(int(c.value))
    result = apply(b, "pow", base, c, hint=hint, weak=True)
    _check_range(low, result, base, c)
    return result


def _complex_power(low: Lowering, a: Atom, c: Atom, hint: str) -> Value:
    """A power of which one part is complex; zero has powers with a positive real part alone."""
    b = low.b
    harmless = isinstance(c, Const) and not isinstance(c.value, complex) and c.value >= 0  # type: ignore[operator]
    if not harmless:
        zero = b.emit("eq", a, Const(0.0), hint="zero", weak=True)
        message = "0.0 to a negative or complex power"
        b.check(_both(low, zero, b.emit("ne", c, Const(0.0), weak=True)), "ZeroDivisionError", message)
    result = apply(b, "pow", a, c, hint=hint, weak=True)
    b.check(b.emit("isinf", result, hint="infinite", weak=True), "OverflowError", "complex exponentiation")
    return result


def _check_range(low: Lowering, result: Atom, base: Atom, exponent: Atom) -> None:
    """An infinity from finite numbers is an error for Python's own floats; `x * x` gives infinity."""
    if not isinstance(result, Var) or (isinstance(exponent, Const) and -1 < float(exponent.number) <= 1):
        return
    failed: Atom = low.b.emit("isinf", result, hint="infinite", weak=True)
    for atom in (base, exponent):
        if isinstance(atom, Var) and low.b.type(atom).is_float:
            finite = low.b.emit("isfinite", atom, hint="finite", weak=True)
            failed = low.b.emit("logical_and", failed, finite, hint="failed", weak=True)
    low.b.check(failed, "OverflowError", "Numerical result out of range")


def _as_float(low: Lowering, atom: Atom) -> Atom:
    if isinstance(atom, Const):
        return Const(float(atom.number))
    return low.b.emit("cast", atom, dtype="float64", weak=True, hint=atom.name)


def _check_power(low: Lowering, base: Atom, exponent: Atom) -> None:
    b = low.b
    negative_exponent = _test(low, "lt", exponent)
    if negative_exponent != Const(False):
        zero = _both(low, negative_exponent, _test(low, "eq", base))
        _check(low, zero, "ZeroDivisionError", "0.0 cannot be raised to a negative power")
    whole = isinstance(exponent, Const) and float(exponent.number).is_integer()
    if not whole and b.type(exponent).is_float:
        broken: Atom = Const(True)
        if isinstance(exponent, Var):
            broken = b.emit("ne", exponent, b.emit("floor", exponent, weak=True), hint="broken", weak=True)
        _check(
            low,
            _both(low, broken, _test(low, "lt", base)),
            "ValueError",
            "a negative number to a fractional power is complex",
        )


def _test(low: Lowering, op: str, atom: Atom) -> Atom:
    """A comparison with zero."""
    zero: Atom = Const(0.0) if low.b.type(atom).is_float else Const(0)
    if isinstance(atom, Const):
        return Const(bool(atom.number < 0 if op == "lt" else atom.number == 0))
    return low.b.emit(op, atom, zero, hint="test", weak=True)


def _both(low: Lowering, a: Atom, c: Atom) -> Atom:
    if Const(False) in (a, c):
        return Const(False)
    if Const(True) in (a, c):
        return c if a == Const(True) else a
    return low.b.emit("logical_and", a, c, hint="test", weak=True)


def _check(low: Lowering, failed: Atom, exception: str, message: str) -> None:
    if failed == Const(True):
        raise low.fail(exception, message)
    if failed != Const(False):
        low.b.check(failed, exception, message)


def _integer_power(low: Lowering, a: Atom, c: Atom, hint: str) -> Value:
    b = low.b
    if isinstance(c, Const):
        exponent = c.value
        assert isinstance(exponent, int)
        if exponent < 0:
            return weak_power(low, _as_float(low, a), Const(float(exponent)), hint)
        if exponent == 0:
            return Const(1)
        result = a
        for bit in bin(exponent)[3:]:
            result = checked(low, "mul", result, result, hint)
            if bit == "1":
                result = checked(low, "mul", result, a, hint)
        return result
    negative = b.emit("lt", c, Const(0), hint="negative", weak=True)
    b.check(negative, "ValueError", "an integer to a negative run-time power is a float: write float(n) ** k")
    size = b.emit("pow", _as_float(low, b.emit("abs", a, weak=True)), c, hint="size", weak=True)
    large = b.emit("ge", size, Const(2.0**63), hint="large", weak=True)
    b.check(large, "OverflowError", "this integer leaves 64 bits")
    return apply(b, "pow", a, c, hint=hint, weak=True)
