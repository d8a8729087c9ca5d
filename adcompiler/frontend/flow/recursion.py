"""Functions that call themselves until a run-time value ends it: read once, then run as one loop over activations."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from adcompiler.analysis.alias import aliases
from adcompiler.errors import Span
from adcompiler.frontend.flow.activations import KeepsArray, run
from adcompiler.frontend.flow.segments import cut
from adcompiler.frontend.state.context import Lowering, State
from adcompiler.frontend.state.forms import Broken, Form, Known, Optional, Parts, Scalar, joined, meet, same_value
from adcompiler.frontend.state.heap import inside
from adcompiler.frontend.state.leaves import build, coerce
from adcompiler.frontend.state.restarts import PathEnds
from adcompiler.frontend.state.scope import Frame
from adcompiler.frontend.state.values import Seq, Static, Value
from adcompiler.ir.build import make_func
from adcompiler.ir.types import Type
from adcompiler.ir.walk import all_defs, walk
from adcompiler.ir.wengert import Atom, Block, Call, Const, Grow, Var

Read = Callable[[Lowering, Frame], Value]
_PASSES = 24


class Again(Exception):
    """What was taken to hold of a recursive function does not: it is read again."""


def recursive(low: Lowering, frame: Frame, bound: Mapping[str, Value], read: Read) -> Value:
    """A call of a function that calls itself until a run-time value ends it; `read` reads its body in a frame."""
    open_ = low.recursions.get(frame.definition.node)
    if open_ is not None:
        return open_.again(bound)
    return Recursion(low, frame, bound, read).value()


@dataclass(slots=True)
class Recursion:
    """One recursive function while it is read.

    Parameters
    ----------
    low : Lowering
        The function around it.
    frame : Frame
        The outermost activation.
    bound : mapping
        The arguments of the outermost activation.
    read : callable
        Reads the body in a frame, and gives what it returns.
    types : dict
        The parameters that have another value in an inner activation: numbers of these types.
    form : Form, optional
        The form of the result; None while only the ends of the recursion are known.
    place : Span, optional
        Where the function calls itself.
    """

    low: Lowering
    frame: Frame
    bound: Mapping[str, Value]
    read: Read
    types: dict[str, Type] = field(default_factory=dict)
    form: Form | None = None
    place: Span | None = None

    def value(self) -> Value:
        """What the outermost activation returns."""
        low = self.low
        mark, state, changed = low.b.mark(), low.save(), len(low.replaced.before)
        for _ in range(_PASSES):
            try:
                lines, params, results = self.once()
                break
            except Again:
                low.rewind(mark, state)
        else:
            raise low.refuse("unsettled-loop")
        self.check(lines, state, low.replaced.before[changed:])
        low.restore(state)
        assert self.form is not None
        args: list[Atom] = []
        for name, type in self.types.items():
            coerce(low.b, self.bound[name], Scalar(type), args)
        outs: list[Var] = []
        value = build(low.b, self.form, self.name, outs)
        try:
            run(low.b, cut(low.b, lines, results), params, args, outs)
        except KeepsArray:
            raise low.refuse("recursion-keeps-array", name=self.name) from None
        return value

    @property
    def name(self) -> str:
        """The name of the function."""
        node = self.frame.definition.node
        return node.name if isinstance(node, ast.FunctionDef) else "lambda"

    # -- one reading -------------------------------------------------------------------------------------------------

    def once(self) -> tuple[Block, list[Var], list[Atom]]:
        """The lines of an activation, its parameters, and its results."""
        low, b = self.low, self.low.b
        params = [b.var(name, type) for name, type in self.types.items()]
        frame = replace(self.frame, env=dict(self.frame.env))
        frame.env.update({**self.bound, **dict(zip(self.types, params, strict=True))})
        node = frame.definition.node
        low.recursions[node] = self
        try:
            with low.arm() as lines:
                value = self.read(low, frame)
                self.returns(value)
                results: list[Atom] = []
                assert self.form is not None
                coerce(b, value, self.form, results)
        except PathEnds:
            with b.at(self.place):
                raise low.refuse("endless-recursion", name=self.name) from None
        finally:
            del low.recursions[node]
        return tuple(lines), params, results

    def returns(self, value: Value) -> None:
        """Take the form of a result into account."""
        found = self.form_of(value)
        if self.form is not None:
            found = meet(self.low.b, self.form, found, lambda x, y: None)
        if isinstance(found, Broken):
            raise self.low.refuse("mixed-values", reason=found.reason)
        if isinstance(found, Optional):
            raise self.low.refuse("recursion-result", name=self.name)
        if found != self.form:
            self.form = found
            raise Again

    def form_of(self, value: Value) -> Form:
        """The form of a result: numbers, arguments that are handed on as they are, nothing."""
        if is_number(self.low, value):
            assert isinstance(value, (Var, Const))
            return Scalar(self.low.b.type(value))
        if value == Static(None) or any(same_value(value, first) for first in self.bound.values()):
            return Known(value)
        if isinstance(value, Seq) and value.kind in ("tuple", "fixed"):
            keys = () if value.record is None else (value.record,)
            return Parts(value.kind, tuple(self.form_of(item) for item in value.items), keys)
        raise self.low.refuse("recursion-result", name=self.name)

    def again(self, bound: Mapping[str, Value]) -> Value:
        """A call from inside: its arguments, and names for its results."""
        low = self.low
        for name, value in bound.items():
            self.argument(name, value)
        if self.form is None:
            # the first reading finds what the ends of the recursion return
            self.place = low.b.span
            raise PathEnds
        args: list[Atom] = []
        for name, type in self.types.items():
            coerce(low.b, bound[name], Scalar(type), args)
        targets: list[Var] = []
        value = build(low.b, self.form, self.name, targets)
        low.b.add(Call(tuple(targets), tuple(args), id(self.frame.definition.node), low.b.span))
        return value

    def argument(self, name: str, value: Value) -> None:
        """Take an argument of a call from inside into account."""
        first, type = self.bound[name], self.types.get(name)
        if type is None and same_value(value, first):
            return
        if not (is_number(self.low, value) and is_number(self.low, first)):
            raise self.low.refuse("recursion-argument", argument=name, name=self.name)
        assert isinstance(value, (Var, Const))
        assert isinstance(first, (Var, Const))
        found = joined(self.low.b.type(first) if type is None else type, self.low.b.type(value))
        if found != type:
            self.types[name] = found
            raise Again

    # -- what must hold ----------------------------------------------------------------------------------------------

    def check(self, lines: Block, before: State, changed: Sequence[Value]) -> None:
        """Refuse a function that changes what is outside of it, or calls a recursive function around it."""
        low, own = self.low, all_defs(lines)
        lists = {id(part) for value in self.bound.values() for part in inside(value)}
        if any(id(old) in lists for old in changed):
            raise low.refuse("recursion-writes", name=self.name)
        for env, then in zip(low.save(), before, strict=True):
            if env.keys() != then.keys() or not all(same_value(env[key], then[key]) for key in env):
                raise low.refuse("recursion-writes", name=self.name)
        known = aliases(make_func("", (), lines, (), low.b.types, low.b.shapes))
        outer = {known.root(v) for v in known.roots if v not in own}
        node = id(self.frame.definition.node)
        for stmt in walk(lines):
            if isinstance(stmt, Grow) and known.root(stmt.array) in outer:
                raise low.refuse("recursion-writes", name=self.name)
            if isinstance(stmt, Call) and stmt.function != node:
                raise low.refuse("recursion-of-two", name=self.name)


def is_number(low: Lowering, value: Value) -> bool:
    """Whether a value is one number, known now or not."""
    if not isinstance(value, (Var, Const)):
        return False
    type = low.b.type(value)
    return not type.rank and not type.is_generator


__all__ = ["Recursion", "recursive"]
