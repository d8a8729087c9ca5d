"""The logarithm of a sum of exponentials by functions that every compiler knows."""

from __future__ import annotations

import math
from dataclasses import replace

from adcompiler.ir.build import Builder, respelled, scalar
from adcompiler.ir.wengert import Assign, Func


def spell_logaddexp(fn: Func) -> Func:
    """Say what `logaddexp` of two numbers is.

    Before:  y = logaddexp(a, b)
    After:   y = a + log(2) if a == b else max(a, b) + log1p(exp(-abs(a - b)))
    """
    return respelled(fn, lambda stmt: stmt.op == "logaddexp", logaddexp)


def logaddexp(b: Builder, stmt: Assign) -> None:
    """Append `log(exp(x) + exp(y))`, by NumPy's formula without its branches; equal infinities have no difference."""
    x, y = stmt.args
    larger = b.emit("where", b.emit("gt", x, y), x, y)
    apart = b.emit("neg", b.emit("abs", b.emit("sub", x, y)))
    beyond = b.emit("log1p", b.emit("exp", apart))
    doubled = b.emit("add", x, scalar(math.log(2.0), b.type(stmt.target).dtype))
    total = b.emit("add", larger, beyond)
    b.add(replace(stmt, op="where", args=(b.emit("eq", x, y), doubled, total), params=()))


__all__ = ["logaddexp", "spell_logaddexp"]
