"""Gradients of checkpointed loops inside programs: their derivative is the tangent of the gradient, both ways.

Second derivatives are symmetric: the adjoint of a gradient along a cotangent is the tangent of the whole gradient along
it. A tangent of a checkpointed reverse sweep keeps as few states as that, where its adjoint would record all of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from adcompiler.calls.lowering import Lowering
from adcompiler.ir.build import Builder
from adcompiler.ir.inlining import inlined
from adcompiler.ir.walk import walk
from adcompiler.ir.wengert import Assign, Atom, Func, Loop, Var
from adcompiler.options import Derivative
from adcompiler.rules.custom import Custom, zero_like


def is_symmetric(lowering: Lowering, derivative: Derivative) -> bool:
    """Whether a derivative is the gradient of a number, of a function with checkpointed loops that is all real.

    A declared derivative need not be that of its function, and where one is stopped a gradient is none of a number.
    """
    fn = lowering.lowered.func
    lines = list(walk(fn.body))
    plain = derivative.mode == "reverse" and derivative.seeds == "one" and not (derivative.second or derivative.lanes)
    checkpointed = any(isinstance(s, Loop) and s.budget is not None for s in lines)
    if not plain or not checkpointed or lowering.lowered.written or len(fn.results) != 1:
        return False
    types = [fn.type(a) for a in (*fn.params, *fn.results)]
    if any(t.is_complex or t.is_generator for t in types):
        return False
    return not any(isinstance(s, Assign) and s.op in ("custom", "stop") for s in lines)


def gradient(b: Builder, lowering: Lowering, derivative: Derivative, atoms: Sequence[Atom]) -> list[Atom]:
    """The value and the gradient at the arguments `atoms`, each with its derivative by these."""
    pair = Pair(lowering, derivative)
    # what follows is all of the derivative
    given = [b.emit("stop", a) if isinstance(a, Var) and b.type(a).is_float else a for a in atoms]
    results = inlined(b, lowering.compiled(derivative).stages["derivative"], given)
    inputs, linear, made = [atoms[k] for k in pair.real], pair.linear(), list[Atom]()
    for position, atom in enumerate(results):
        rows, name = tuple(range(len(inputs))), pair.fn.name
        rule = Custom(name, linear, False, rows, len(atoms), len(results), position, pair.transposed)
        made.append(b.emit("custom", atom, *atoms, *results, *inputs, hint=str(atom), rule=rule))
    return made


class Pair:
    """The linear maps of cotangents and of tangents of a value and its gradient.

    Parameters
    ----------
    lowering : Lowering
        The function.
    derivative : Derivative
        Its gradient.
    """

    def __init__(self, lowering: Lowering, derivative: Derivative) -> None:
        self.fn, self.wrt = lowering.lowered.func, derivative.wrt
        self.real = tuple(k for k, p in enumerate(self.fn.params) if self.fn.type(p).is_float)
        twice = Derivative("reverse", self.real, "one", derivative.outputs, second=True)
        self.tangent = lowering.compiled(twice).stages["derivative"]

    def linear(self) -> Func:
        """Of a cotangent of the value and of each gradient, for each real argument one."""
        b, value_bar, bars = self._begun()
        given = dict(zip(self.wrt, bars, strict=True))
        _, grads, _, moved = self._found(b, [given.get(k) or zero_like(b, self.fn.params[k]) for k in self.real])
        totals = [b.emit("add", b.emit("mul", g, value_bar), m) for g, m in zip(grads, moved, strict=True)]
        return b.finish(self.fn.name, [*self.fn.params, value_bar, *bars], totals)

    def transposed(self) -> Func:
        """Of a tangent of each real argument, for the value and each gradient one, last; cotangents are not used."""
        b, value_bar, bars = self._begun()
        along = self._seeds(b, "dot", self.real)
        _, _, (value_dot,), moved = self._found(b, along)
        wanted = [moved[self.real.index(k)] for k in self.wrt]
        return b.finish(self.fn.name, [*self.fn.params, value_bar, *bars, *along], [value_dot, *wanted])

    def _begun(self) -> tuple[Builder, Var, list[Var]]:
        """A builder that knows the arguments with their extents, and the cotangents of the value and the gradient."""
        b = Builder.of(self.fn)
        dims = [s for s in self.fn.body if isinstance(s, Assign) and s.op == "dim"]
        b.extend([s for s in dims if s.args[0] in self.fn.params])
        return b, b.var("value_bar", self.fn.type(self.fn.results[0])), self._seeds(b, "bar", self.wrt)

    def _seeds(self, b: Builder, kind: str, positions: Sequence[int]) -> list[Var]:
        params = [self.fn.params[k] for k in positions]
        return [b.var(f"{p}_{kind}", self.fn.types[p.name], self.fn.shape(p)) for p in params]

    def _found(self, b: Builder, along: Sequence[Atom]) -> Iterator[list[Atom]]:
        """The value, the gradient by each real argument, and the tangents of both along a direction."""
        found = inlined(b, self.tangent, [*self.fn.params, *along])
        count = len(self.real)
        return (found[k : k + n] for k, n in ((0, 1), (1, count), (1 + count, 1), (2 + count, count)))
