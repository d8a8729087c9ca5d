"""A function mapped over leading axes: a loop over items that fills an array for each result."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from adcompiler.frontend.batches.axes import Argument, Given, argument, count, item
from adcompiler.frontend.batches.results import allocated, form_of, store
from adcompiler.frontend.calls import call
from adcompiler.frontend.flow.looping import Loops
from adcompiler.frontend.language.inline import entered
from adcompiler.frontend.language.reading import resolved
from adcompiler.frontend.state.context import Lowering
from adcompiler.frontend.state.liveness import Liveness
from adcompiler.frontend.state.loop_parts import Built, Head
from adcompiler.frontend.state.overflow import index_bits
from adcompiler.frontend.state.scope import Definition, Frame
from adcompiler.frontend.state.values import Value
from adcompiler.ir.build import ONE, ZERO
from adcompiler.ir.types import INDEX
from adcompiler.ir.wengert import Atom, Carry, Loop, Var


@dataclass(frozen=True, slots=True)
class Batch:
    """A call of a batched function.

    Parameters
    ----------
    name : str
        What messages call it.
    function : Value
        The function of one item.
    args, kwargs
        Its arguments.
    node : ast.AST
        The call.
    """

    name: str
    function: Value
    args: Sequence[Argument]
    kwargs: Mapping[str, Argument]
    node: ast.AST

    def result(self, low: Lowering, index: Atom) -> Value:
        """The value for the item of a number."""
        args = [item(low, arg, index) for arg in self.args]
        kwargs = {key: item(low, arg, index) for key, arg in self.kwargs.items()}
        return resolved(low, call(low, self.function, args, kwargs, self.node))


def mapped(low: Lowering, name: str, function: Value, given: Sequence[Given], node: ast.AST) -> Value:
    """The results of a function for each item, stacked.

    Parameters
    ----------
    low : Lowering
        The program being built.
    name : str
        What messages call the function.
    function : Value
        The function of one item.
    given : sequence of Given
        The arguments.
    node : ast.AST
        The call.
    """
    with entered(low, _frame(low, node)):
        found = [argument(low, name, one) for one in given]
        args = [arg for one, arg in zip(given, found, strict=True) if one.keyword is None]
        kwargs = {one.keyword: arg for one, arg in zip(given, found, strict=True) if one.keyword is not None}
        return _filled(low, Batch(name, function, args, kwargs, node), count(low, name, found))


def _frame(low: Lowering, node: ast.AST) -> Frame:
    """A frame without names of its own."""
    wrapper = ast.Lambda(ast.arguments([], [], None, [], [], None, []), ast.Constant(None))
    known = Definition(wrapper, (), frozenset(), frozenset(), frozenset(), Liveness())
    return Frame(low.frame.source, known, low.frame, (*low.frame.path, id(node)))


def _filled(low: Lowering, batch: Batch, length: Atom) -> Value:
    b = low.b
    form = form_of(low, batch.name, lambda index: batch.result(low, index))
    out = allocated(b, form, length)
    index: list[Var] = []

    def body(built: Built) -> None:
        index[:] = [b.var("i", INDEX)]
        b.lower[index[0].name] = 0
        low.bits[index[0].name] = index_bits(low, ZERO, length)
        store(low, batch.name, out, batch.result(low, index[0]), index[0])

    def finish(built: Built, carried: tuple[Carry, ...], until: Atom | None) -> None:
        b.add(Loop(index[0], ZERO, length, ONE, carried, tuple(built.lines), until, False, b.span, items=True))

    nothing = frozenset[str]()
    head = Head(id(batch.node), nothing, frozenset(low.frame.env), nothing, set(), False, length, False)
    Loops(low, head, body, finish).run()
    return out
