"""One signature of a transformed function: what was compiled for it, and how a call runs it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from adcompiler.call import (
    Binding,
    Place,
    Positions,
    active_leaves,
    at,
    fast_key,
    leaf_positions,
    like_argument,
    number_leaves,
    out_value,
    refuse_overlap,
    spec_at,
    specs_of,
)
from adcompiler.backend.cpu import python_function
from adcompiler.compile import Compiled, Options, Program, derivative
from adcompiler.errors import NotDifferentiable, Span
from adcompiler.frontend.lower import Lowered
from adcompiler.frontend.signature import (
    ArraySpec,
    OutLeaf,
    OutSeq,
    OutTree,
    ScalarSpec,
    SeqSpec,
    Spec,
    StaticSpec,
    run_time_leaves,
)
from adcompiler.ir.types import Type

Kind = Literal["primal", "grad", "value_and_grad", "vjp", "jvp"]
MODES: dict[Kind, str] = {"grad": "one", "value_and_grad": "one", "vjp": "given", "jvp": "forward"}


@dataclass(slots=True)
class Entry:
    """Code for one signature.

    Parameters
    ----------
    kind : str
        What the code computes.
    binding : Binding
        The definition's parameters.
    specs : tuple of Spec
        Of the parameters, constants of compile time included.
    lowered : Lowered
        The primal.
    places : tuple of tuple
        The arguments to differentiate.
    single : bool
        Whether the user named one argument rather than a tuple of them.
    has_aux : bool
        Whether the function returns (value, anything else).
    compiled : Compiled
        The code.
    constants : tuple
        Places of run-time arguments that were compiled in, with their values.
    """

    kind: Kind
    binding: Binding
    specs: tuple[Spec, ...]
    lowered: Lowered
    places: tuple[Place, ...]
    single: bool
    has_aux: bool
    compiled: Compiled
    constants: tuple[tuple[Place, Any], ...]
    positions: tuple[Positions, ...]
    wrt: tuple[int, ...]
    capture_keys: tuple[Any, ...]
    plain: bool = field(init=False)
    types: tuple[Type, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.plain = all(isinstance(s, ArraySpec) or (isinstance(s, ScalarSpec) and s.type.weak) for s in self.specs)
        func = self.lowered.func
        self.types = tuple(func.type(r) for r in func.results)

    # -- validity ------------------------------------------------------------------------------------------------

    def current(self, values: Sequence[Any]) -> bool:
        """Whether the code is still that of the program: constants, functions and kinds of captured values are the same."""
        for place, value in self.constants:
            if at(values, place) != value:
                return False
        if not all(guard.holds() for guard in self.lowered.guards):
            return False
        return not self.capture_keys or fast_key(self.captured()) == self.capture_keys

    def captured(self) -> tuple[Any, ...]:
        """The present values of hidden parameters."""
        return tuple(c.fetch() for c in self.lowered.captures)

    # -- running -------------------------------------------------------------------------------------------------

    def leaves(self, values: Sequence[Any], private: bool, captured: Sequence[Any] | None = None) -> list[Any]:
        """The parameters of the code; with `private`, those that it writes are copies.

        `captured` are the values of hidden parameters; None: the present ones.
        """
        if self.plain:
            found = list(values)
        else:
            found = [leaf for value, spec in zip(values, self.specs, strict=True) for leaf in run_time_leaves(value, spec)]
        if self.lowered.captures:
            found += [c[()] if isinstance(c, np.ndarray) and c.ndim == 0 else c for c in (self.captured() if captured is None else captured)]
        if self.lowered.written:
            refuse_overlap(found, [p.name for p in self.lowered.func.params], self.lowered.written)
            if private:
                for k in self.lowered.written:
                    found[k] = np.array(found[k], order="C")
        return found

    def run(
        self,
        values: Sequence[Any],
        extra: Sequence[Any] = (),
        private: bool = True,
        captured: Sequence[Any] | None = None,
    ) -> Sequence[Any]:
        """The results of the generated code; `extra` are cotangents or tangents."""
        args = [*self.leaves(values, private, captured), *extra]
        runner = self.compiled.runner or self.compiled.load(args)
        results = runner(*args)
        return results if len(self.compiled.func.results) != 1 else (results,)

    def call(self, values: Sequence[Any]) -> Any:
        """What a call of the transformed function returns."""
        if self.kind == "primal":
            return out_value(self.lowered.out, self.run(values, private=False), self.types)
        results = self.run(values)
        count = len(self.types)
        found = dict(zip(self.wrt, results[count:], strict=True))
        gradient = self.in_structure(values, found)
        if self.kind == "grad" and not self.has_aux:
            return gradient
        value = out_value(self.lowered.out, results[:count], self.types)
        return (gradient, value[1]) if self.kind == "grad" else (value, gradient)

    def in_structure(self, values: Sequence[Any], found: dict[int, Any]) -> Any:
        """Derivatives for each argument to differentiate: one, or a tuple as the user asked."""
        parts = [like_argument(at(values, place), at(self.positions, place), found) for place in self.places]
        return parts[0] if self.single else tuple(parts)

    def derivative_at(self, values: Sequence[Any], place: Place, found: dict[int, Any]) -> Any:
        """The derivative for an argument; None for one that is passive."""
        inside = any(place == p for p in self.places)
        return like_argument(at(values, place), at(self.positions, place), found) if inside else None

    @property
    def differentiable_out(self) -> OutTree:
        """The structure of what is differentiated: without aux."""
        if self.has_aux:
            assert isinstance(self.lowered.out, OutSeq)
            return self.lowered.out.items[0]
        return self.lowered.out

    def out_tangent(self, results: Sequence[Any]) -> Any:
        """The tangent of what is differentiated, in its structure."""
        floats = [k for k, t in enumerate(self.types) if t.is_float]
        tangents = dict(zip(floats, results[len(self.types) :], strict=True))
        every = [tangents.get(k, 0.0) for k in range(len(self.types))]
        types = [t if t.is_float else Type("float64", weak=True) for t in self.types]
        return out_value(self.differentiable_out, every, types)

    # -- compositions --------------------------------------------------------------------------------------------

    def as_primal(self) -> Lowered:
        """The transformed function as one to transform again."""
        func, lowered = self.compiled.func, self.lowered
        count = len(self.types)
        where = {leaf: OutLeaf(count + k) for k, leaf in enumerate(self.wrt)}
        parts = [shaped(spec_at(self.specs, p), at(self.positions, p), where) for p in self.places]
        gradient: OutTree = parts[0] if self.single else OutSeq("tuple", tuple(parts))
        if self.kind == "grad":
            assert isinstance(lowered.out, (OutLeaf, OutSeq))
            out = OutSeq("tuple", (gradient, lowered.out.items[1])) if isinstance(lowered.out, OutSeq) else gradient
        else:
            out = OutSeq("tuple", (lowered.out, gradient))
        return Lowered(func, lowered.captures, out, lowered.written, lowered.guards)


def shaped(spec: Spec, positions: Positions, where: dict[int, OutLeaf]) -> OutTree:
    """The structure of an argument with the results that hold its derivatives."""
    if isinstance(spec, SeqSpec):
        assert isinstance(positions, tuple)
        return OutSeq(spec.kind, tuple(shaped(s, p, where) for s, p in zip(spec.items, positions, strict=True)))
    assert isinstance(positions, int)
    return where[positions]


@dataclass(frozen=True, slots=True)
class NestedProgram:
    """A transformed function as the program of another transformation."""

    entry_for: Callable[[tuple[Any, ...]], Entry]
    span: Span
    options: Options

    def lowered_for(self, values: tuple[Any, ...], specs: tuple[Spec, ...]) -> tuple[Lowered, tuple[Spec, ...]]:
        """The primal for these arguments, and their specifications with constants."""
        entry = self.entry_for(values)
        return entry.as_primal(), entry.specs


def compile_entry(
    kind: Kind,
    program: Program | NestedProgram,
    binding: Binding,
    values: tuple[Any, ...],
    places: Callable[[tuple[Spec, ...]], tuple[tuple[Place, ...], bool]],
    has_aux: bool,
) -> Entry:
    """Lower and differentiate for the types of `values`; nothing is compiled before it runs."""
    original = specs_of(values, binding.order)
    lowered, specs = program.lowered_for(values, original)
    positions = number_leaves(specs)
    chosen, single = places(specs)
    wrt = tuple(
        leaf for p in chosen for leaf in active_leaves(spec_at(specs, p), at(positions, p), binding.label(p))
    )
    func = lowered.func
    if kind != "primal":
        outputs = loss_position(lowered, kind, has_aux, lambda: shape_of(lowered, program.span, values, specs))
        func = derivative(func, MODES[kind], wrt, outputs)
    compiled = Compiled(func, program.span, program.options.cache)
    constants = tuple((p, at(values, p)) for p in changed(original, specs))
    keys = fast_key(tuple(c.fetch() for c in lowered.captures))
    return Entry(
        kind, binding, specs, lowered, chosen, single, has_aux, compiled, constants, positions, wrt, keys
    )


def changed(before: Sequence[Spec], after: Sequence[Spec], place: Place = ()) -> Iterator[Place]:
    """The places of arguments that became constants."""
    for k, (a, b) in enumerate(zip(before, after, strict=True)):
        if isinstance(a, SeqSpec) and isinstance(b, SeqSpec):
            yield from changed(a.items, b.items, (*place, k))
        elif isinstance(b, StaticSpec) and not isinstance(a, StaticSpec):
            yield (*place, k)


def shape_of(lowered: Lowered, span: Span, values: Sequence[Any], specs: Sequence[Spec]) -> tuple[int, ...]:
    """The shape of what the function returns for these arguments."""
    leaves = [leaf for v, s in zip(values, specs, strict=True) for leaf in run_time_leaves(v, s)]
    copies = [np.array(leaf) if isinstance(leaf, np.ndarray) else leaf for leaf in leaves]
    primal = python_function(Compiled(lowered.func, span, False).readable, lowered.func.name, keep=False)
    results = primal(*copies, *(c.fetch() for c in lowered.captures))
    return np.shape(results[leaf_positions(lowered.out)[0]] if len(lowered.func.results) > 1 else results)


def loss_position(lowered: Lowered, kind: Kind, has_aux: bool, shape: Callable[[], tuple[int, ...]]) -> list[int]:
    """The result to differentiate; NotDifferentiable where a gradient needs a scalar and there is none."""
    out = lowered.out
    if has_aux:
        if not isinstance(out, OutSeq) or len(out.items) != 2:
            raise NotDifferentiable("with has_aux the function returns (value, aux)", None, "return a tuple of two")
        out = out.items[0]
    if kind not in ("grad", "value_and_grad"):
        return leaf_positions(out)
    if not isinstance(out, OutLeaf):
        raise NotDifferentiable(
            "the function returns several values: a gradient needs one scalar",
            None,
            "return the loss alone, use has_aux=True for (loss, aux), or vjp for several outputs",
        )
    func = lowered.func
    result = func.results[out.position]
    type = func.type(result)
    if type.rank:
        raise NotDifferentiable(
            f"the function returns an array of shape {shape()}: a gradient needs a scalar",
            None,
            "return a scalar such as its sum, or use vjp or jacobian",
        )
    if not type.is_float:
        raise NotDifferentiable(f"the function returns {type}: it has no derivative", None, "return a float")
    return [out.position]
