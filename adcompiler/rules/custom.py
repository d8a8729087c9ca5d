"""Derivatives that a user declares: a linear map given as a function, whose transpose is derived from it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from adcompiler.errors import MissingRule, TypeProblem, UnsupportedSyntax
from adcompiler.ir.build import Builder, scalar
from adcompiler.ir.inlining import inlined
from adcompiler.ir.walk import walk
from adcompiler.ir.wengert import Assign, Atom, Const, Draw, Func, Var
from adcompiler.rules.rule import Rule, fresh, register
from adcompiler.rules.shapes import zeros


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Custom:
    """The derivative of one result of a function with a declared derivative.

    The line is `y = custom(y_value, *context, *outs, *inputs)`: all results `outs`, of which `y_value` is number
    `position`, and the floating arguments `inputs`.

    Parameters
    ----------
    name : str
        The function.
    linear : Func or None
        Of the context and a tangent for each input, or of the context and a cotangent for each result. None where the
        declared derivative has called the function again and again: there is none of so high an order.
    forward : bool
        Which of the two.
    rows : tuple of int or None
        Where the results of `linear` belong: the number of each result's tangent, or for each input its cotangent's.
    context, outs : int
        How many names of the line are context, and how many results.
    position : int
        Which result the line is.
    transpose : callable
        Gives the transposed map of `linear`: it takes cotangents of all its results too, and returns these last.
    """

    name: str
    linear: Func | None
    forward: bool
    rows: tuple[int | None, ...]
    context: int
    outs: int
    position: int
    transpose: Callable[[], Func]

    def __repr__(self) -> str:
        return f"custom({self.name}, {self.linear!r}, {self.forward}, {self.rows}, {self.position})"

    def parts(self, stmt: Assign) -> tuple[tuple[Atom, ...], tuple[Atom, ...], tuple[Atom, ...]]:
        """Context, results and inputs of a line."""
        first = 1 + self.context
        return stmt.args[1:first], stmt.args[first : first + self.outs], stmt.args[first + self.outs :]

    @property
    def first(self) -> int:
        """The position of the first input in the line."""
        return 1 + self.context + self.outs

    def known(self, b: Builder) -> Func:
        """The linear map; a `MissingRule` where the order of the derivative is too high."""
        if self.linear is None:
            raise MissingRule(
                f"{self.name}() has a declared derivative of order one and two, and a higher one is needed",
                b.span,
                f"differentiate the function itself, or call what does not change the derivative of {self.name}()",
            )
        for stmt in walk(self.linear.body):
            if isinstance(stmt, Draw):
                what = f"the derivative that is declared of {self.name}() draws random numbers"
                raise UnsupportedSyntax(what, stmt.span, "let the function draw, and hand on what it drew")
        return self.linear

    def applied(self, b: Builder, context: Sequence[Atom], given: Sequence[Atom]) -> list[Atom | None]:
        """The results of the linear map, in the order of `rows`."""
        linear = self.known(b)
        found = inlined(b, linear, typed(b, linear, [*context, *given]))
        return [None if row is None else found[row] for row in self.rows]

    def transposed(
        self, b: Builder, context: Sequence[Atom], like: Sequence[Atom], given: Sequence[Atom]
    ) -> list[Atom]:
        """The results of the transposed map; `like` are what the linear map's own arguments belong to."""
        results = self.known(b).results
        fn, owners = self.transpose(), {row: k for k, row in enumerate(self.rows) if row is not None}
        seeds = [given[owners[row]] for row in range(len(results))]
        found = inlined(b, fn, typed(b, fn, [*context, *(zero_like(b, a) for a in like), *seeds]))
        return found[len(found) - len(like) :]


def zero_like(b: Builder, atom: Atom) -> Atom:
    """A tangent of zero."""
    type = b.type(atom)
    return zeros(b, type, b.shape(atom), "zero") if type.rank else scalar(0.0, type.dtype)


def typed(b: Builder, fn: Func, args: Sequence[Atom]) -> list[Atom]:
    """Arguments of the types for which a function was built."""
    found = list[Atom]()
    for param, arg in zip(fn.params, args, strict=True):
        want, have = fn.types[param.name], b.type(arg)
        if have.dtype != want.dtype or (not want.rank and have.weak != want.weak and isinstance(arg, Var)):
            weak = {} if want.rank else {"weak": want.weak}
            arg = b.emit("cast", arg, dtype=want.dtype, hint=param.name, **weak)
        elif want.rank and want.layout == "C" and have.layout != "C":
            arg = b.emit("copy", arg, hint=param.name)
        found.append(arg)
    return found


def declared(stmt: Assign) -> Custom:
    """What was declared of a line."""
    found = dict(stmt.params)["rule"]
    assert isinstance(found, Custom)
    return found


def pull(b: Builder, stmt: Assign, y_bar: Atom, wanted: Collection[int], guard: bool = False) -> dict[int, Atom]:
    """The cotangents of the inputs."""
    of = declared(stmt)
    context, outs, inputs = of.parts(stmt)
    bars = [conjugate(b, y_bar) if k == of.position else zero_like(b, out) for k, out in enumerate(outs)]
    if of.forward:
        shares: Sequence[Atom | None] = of.transposed(b, context, inputs, bars)
    else:
        shares = of.applied(b, context, bars)
    found = {of.first + k: share for k, share in enumerate(shares) if share is not None and of.first + k in wanted}
    for position, share in found.items():
        fits(b, of, share, stmt.args[position])
    return {position: conjugate(b, share) for position, share in found.items()}


def push(b: Builder, stmt: Assign, dots: Sequence[Atom | None]) -> Atom | None:
    """The tangent of the result."""
    of = declared(stmt)
    context, outs, inputs = of.parts(stmt)
    given = dots[of.first :]
    if all(dot is None for dot in given):
        return None
    tangents = [zero_like(b, a) if dot is None else dot for a, dot in zip(inputs, given, strict=True)]
    if of.forward:
        tangent = of.applied(b, context, tangents)[of.position]
    else:
        tangent = of.transposed(b, context, outs, tangents)[of.position]
    if tangent is None:
        return None
    fits(b, of, tangent, stmt.target)
    return fresh(b, tangent, stmt.target, dots)


def conjugate(b: Builder, atom: Atom) -> Atom:
    """A cotangent of the rules from one of the user's, or back: see `rules.parts`."""
    return b.emit("conj", atom) if b.type(atom).is_complex else atom


def fits(b: Builder, of: Custom, share: Atom, like: Atom) -> None:
    """Check that what the user's function returns has the shape of what it belongs to, and is real where that is."""
    if b.type(share).is_complex and not b.type(like).is_complex:
        raise TypeProblem(
            f"the derivative declared for {of.name}() is complex where what it belongs to is real",
            b.span,
            "return its .real there",
        )
    have, want = b.shape(share), b.shape(like)
    message = f"the derivative declared for {of.name}() returns an array of another shape than that of its argument"
    if len(have) != len(want):
        # a number stands for an array of it
        if have:
            b.check(Const(True), "ValueError", message)
        return
    for x, y in zip(have, want, strict=True):
        b.same(x, y, message)


register(Rule("custom", "custom(value, *context, *outs, *inputs)", (), pull, push))
