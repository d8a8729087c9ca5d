"""Transformations that a program makes and calls itself: gradients, products, tangents and pullbacks."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from adcompiler.ad.draws import refuse_repeated
from adcompiler.calls.binding import Argnums, Place
from adcompiler.calls.inside.callee import Callee
from adcompiler.calls.inside.nesting import copied, fresh, result_value, run
from adcompiler.calls.inside.seeds import seeds
from adcompiler.calls.lowering import Lowering
from adcompiler.calls.planning import (
    Argument,
    gradient_plan,
    primal_plan,
    product_plan,
    pullback_plan,
    split,
    tangent_plan,
)
from adcompiler.calls.results import positions, value_tree
from adcompiler.errors import NotDifferentiable, TypeProblem, UnsupportedSyntax
from adcompiler.frontend.language.reading import resolved
from adcompiler.frontend.state.context import Lowering as Program
from adcompiler.frontend.state.facts import may_share
from adcompiler.frontend.state.values import Object, Path, Seq, Static, Value
from adcompiler.ir.build import Builder
from adcompiler.ir.inlining import inlined
from adcompiler.ir.wengert import Atom, Stmt, Var
from adcompiler.signature import OutTree


@dataclass(frozen=True, slots=True, eq=False)
class Gradient:
    """`grad` or `value_and_grad` of a function that the program makes."""

    callee: Callee
    argnums: Argnums
    has_aux: bool
    with_value: bool

    def __lower_call__(self, low: Program, args: Sequence[Value], kwargs: Mapping[str, Value], node: ast.AST) -> Value:
        """A call in the program."""

        def planned(lowering: Lowering) -> Any:
            return gradient_plan(lowering, self.callee.binder, None, self.argnums, self.has_aux, self.with_value)

        return run(low, self.callee, planned, args, kwargs)


@dataclass(frozen=True, slots=True, eq=False)
class Product:
    """`hvp` of a function."""

    callee: Callee
    argnums: Argnums
    has_aux: bool

    def __lower_call__(self, low: Program, args: Sequence[Value], kwargs: Mapping[str, Value], node: ast.AST) -> Value:
        """A call in the program, of which the last argument is the direction."""
        named, binder = dict(kwargs), self.callee.binder
        by_name = "v" in named and "v" not in binder.plain
        if not by_name and not args:
            raise TypeProblem("hvp needs a direction as its last argument", low.b.span, "pass a direction")
        given, v = (args, named.pop("v")) if by_name else (args[:-1], args[-1])
        direction = resolved(low, v)

        def planned(lowering: Lowering) -> Any:
            return product_plan(lowering, binder, None, self.argnums, self.has_aux)

        def moved(lowering: Lowering, atoms: list[Atom]) -> list[Atom]:
            arguments = [Argument(lowering, binder, None, p) for p in binder.places(self.argnums, lowering.final)]
            parts = _entries(low, direction, len(arguments)) if isinstance(self.argnums, tuple) else [direction]
            found = dict[int, Atom]()
            for argument, part in zip(arguments, parts, strict=True):
                found |= _moves(low.b, argument, part, atoms, "direction")
            return list(found.values())

        return run(low, self.callee, planned, given, named, moved)


def _entries(low: Program, given: Value, count: int) -> Sequence[Value]:
    if isinstance(given, Seq) and len(given.items) == count:
        return given.items
    what = f"{count} directions are needed in a tuple, one for each argument"
    raise TypeProblem(what, low.b.span, "give them the structure of the arguments")


def _moves(b: Builder, argument: Argument, given: Value, atoms: list[Atom], what: str) -> dict[int, Atom]:
    """The leaves of a direction by parameter."""
    tree = argument.gradient({p: p for p in argument.floats})
    return dict(seeds(b, given, tree, atoms.__getitem__, argument.label, what))


def tangent(
    low: Program, callee: Callee, primals: Sequence[Value], tangents: Value, argnums: Argnums | None, has_aux: bool
) -> Value:
    """`jvp` in a program."""
    binder = callee.binder
    lowering, atoms = callee.lowered(low, primals, {})
    if argnums is None:
        places: Sequence[Place] = binder.everything(len(primals))
        entries = _entries(low, tangents, len(places))
    else:
        places = binder.places(argnums, lowering.final)
        entries = _entries(low, tangents, len(places)) if isinstance(argnums, tuple) else [tangents]
    moves = dict[int, Atom]()
    for place, entry in zip(places, entries, strict=True):
        argument = Argument(lowering, binder, None, place)
        if argnums is not None:
            argument.required()
        if (given := resolved(low, entry)) != Static(None):
            moves |= _moves(low.b, argument, given, atoms, "tangent")
    plan = tangent_plan(lowering, tuple(moves), has_aux, binder.name)
    fn = plan.compiled.stages["derivative"]
    results = inlined(low.b, fn, [*fresh(low.b, lowering, atoms), *moves.values()])
    return result_value(low.b, plan.tree, results)


def with_pullback(low: Program, callee: Callee, args: Sequence[Value], argnums: Argnums | None, has_aux: bool) -> Value:
    """`vjp` in a program: the value, and what takes a cotangent of it to cotangents of the arguments."""
    b, binder = low.b, callee.binder
    lowering, atoms = callee.lowered(low, args, {})
    refuse_repeated(lowering.lowered.func.body, "a function whose pullback runs it again", b.span)
    out, aux = split(lowering, has_aux, binder.name)
    every = binder.everything(len(args))
    chosen = every if argnums is None else binder.places(argnums, lowering.final)
    for place in chosen if argnums is not None else ():
        argument = Argument(lowering, binder, None, place)
        argument.required()
        if place not in every:
            name = argument.label
            raise NotDifferentiable(f"argument '{name}' was not passed to vjp", b.span, f"pass {name} by position")
    plan = primal_plan(lowering)
    # the pullback does not see later changes of the arguments, nor does the value
    kept = [copied(b, a) if isinstance(a, Var) and b.type(a).rank else a for a in atoms]
    results = inlined(b, plan.compiled.stages["derivative"], fresh(b, lowering, atoms))
    results = [copied(b, r) if isinstance(r, Var) and _shares(b, r, atoms) else r for r in results]
    places = tuple(place if place in chosen else None for place in every)
    pullback = Pullback(callee, lowering, tuple(kept), tuple(results), places, out, b.stack[-1])
    value = result_value(b, plan.tree, results)
    held = Object(pullback, Path(("made", "pullback", id(pullback)), "pullback", lambda: pullback))
    if aux is None:
        return Seq((value, held))
    assert isinstance(value, Seq)
    return Seq((value.items[0], held, value.items[1]))


def _shares(b: Builder, result: Var, atoms: Sequence[Atom]) -> bool:
    if not b.type(result).rank:
        return False
    return any(isinstance(a, Var) and b.type(a).rank and may_share(b, result, a) for a in atoms)


@dataclass(frozen=True, slots=True, eq=False)
class Pullback:
    """The second result of `vjp` in a program; `block` holds the lines that made what it keeps."""

    callee: Callee
    lowering: Lowering
    kept: tuple[Atom, ...]
    results: tuple[Atom, ...]
    places: tuple[Place | None, ...]
    out: OutTree
    block: list[Stmt]

    def __lower_call__(self, low: Program, args: Sequence[Value], kwargs: Mapping[str, Value], node: ast.AST) -> Value:
        """A call in the program."""
        b, lowering = low.b, self.lowering
        if len(args) != 1 or kwargs:
            raise TypeProblem("a pullback takes one cotangent", b.span, "pass one value of the result's structure")
        if not any(self.block is block for block in b.stack):
            raise UnsupportedSyntax(
                "a pullback is called outside of the loop or branch that made it",
                b.span,
                "call it there, and keep its result",
            )
        plan = pullback_plan(lowering, self.callee.binder, None, self.places, self.out)
        tree = value_tree(self.out, lowering.interface)
        given = dict(seeds(b, resolved(low, args[0]), tree, self.results.__getitem__, "the result", "cotangent"))
        bars = [given[p] for p in sorted(positions(tree))]
        fn = plan.compiled.stages["derivative"]
        return result_value(b, plan.tree, inlined(b, fn, [*fresh(b, lowering, list(self.kept)), *bars]))
