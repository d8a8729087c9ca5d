"""Gradients with respect to a few numbers, in forward mode where reverse mode would record the iterations of loops.

Beside the primal run the tangents along each of the numbers: nothing is recorded, and nothing runs backwards. Both
modes have the same partial derivatives. They differ in what a cotangent of zero does to an unbounded one, which only
reverse mode sees: where its rules guard a factor, and in operations on whole matrices, forward mode is not taken.
"""

from __future__ import annotations

from collections.abc import Sequence

from adcompiler.ad.checkpoints.unmarked import opened, unmarked
from adcompiler.ad.forward import tangent
from adcompiler.ad.sweeps import Joint
from adcompiler.ir.build import Builder, scalar
from adcompiler.ir.ops import kind
from adcompiler.ir.walk import rename, walk
from adcompiler.ir.wengert import Assign, Atom, Const, Func, Loop, Var

# beside the primal, a direction takes 0.1 to 0.4 of its time on numbers, 0.7 to 1.5 on arrays; recording an iteration
# and running it backwards takes 0.6 to 3, and memory in proportion to the iterations
FEW = 3
FEW_WITH_ARRAYS = 2
_APART = ("custom", "opaque")
_SUFFIX = "_grad_forward"


def wins(joint: Joint) -> bool:
    """Whether forward mode gives the same gradient as this reverse mode, in less time and memory."""
    fn, b = joint.reverse.primal.func, joint.reverse.b
    numbers = all(not fn.types[p.name].rank and not fn.types[p.name].is_complex for p in joint.params)
    few = FEW_WITH_ARRAYS if any(b.type(v).rank for v in joint.reverse.active) else FEW
    if joint.seeded or not numbers or not 0 < len(joint.params) <= few:
        return False
    if not any(joint.decided.defs[v].loops for v in joint.decided.recorded):
        return False
    lines = [*walk(joint.sweep.lines), *walk(fn.body)]
    if any(isinstance(s, Loop) and s.budget is not None for s in lines):
        return False
    apart = (s for s in lines if isinstance(s, Assign) and (s.op == "cut" or s.op in _APART or kind(s.op) in _APART))
    return not any(s.op == "cut" or b.type(s.target).is_float for s in apart)


def forward_gradient(fn: Func, wrt: Sequence[int], outputs: Sequence[int] | None) -> Func:
    """The joint function, as `ad.gradient.gradient` makes it for a cotangent of one, in forward mode.

    Before:  def f(x, y): t = x * y; return t
    After:   def f_grad_forward(x, y): t_dx = y; t_dy = x; t = x * y; return t, t_dx, t_dy
    """
    position = next(k for k, r in enumerate(fn.results) if fn.type(r).is_float and (outputs is None or k in outputs))
    made = opened(fn)
    for k in wrt:
        made = tangent(made, [k], [position])
    count, params = len(fn.params), fn.params
    ones: dict[Var, Atom] = {seed: _one(made, seed) for seed in made.params[count:]}
    body = rename(made.body, ones)
    results = [ones.get(r, r) if isinstance(r, Var) else r for r in made.results]
    b = Builder.of(made)
    b.extend(body)
    slopes = [_like(b, slope, params[k]) for k, slope in zip(wrt, results[len(fn.results) :], strict=True)]
    names = ", ".join(str(params[k]) for k in wrt)
    doc = f"Value and gradient of `{fn.name}` with respect to {names}, in forward mode: nothing is recorded."
    found = b.finish(f"{fn.name}{_SUFFIX}", params, [*results[: len(fn.results)], *slopes], doc)
    return unmarked(found)


def is_ahead(fn: Func) -> bool:
    """Whether a gradient runs in forward mode."""
    return fn.name.endswith((_SUFFIX, f"{_SUFFIX}_tangent"))


def _one(fn: Func, seed: Var) -> Const:
    type = fn.types[seed.name]
    return Const(1.0) if type.weak else scalar(1.0, type.dtype)


def _like(b: Builder, slope: Atom, param: Var) -> Atom:
    """A gradient in the type of its parameter."""
    type, have = b.type(param), b.type(slope)
    if (type.dtype, type.weak) == (have.dtype, have.weak):
        return slope
    return b.emit("cast", slope, dtype=type.dtype, weak=type.weak, hint=f"{param}_grad")
