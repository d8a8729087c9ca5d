"""A function that the program makes, as a Wengert list of its own: what it finds around it are more arguments."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import FunctionType

from adcompiler.analysis.alias import aliases
from adcompiler.calls.binding import Binder
from adcompiler.calls.inside.nesting import run_time_atoms, value_spec
from adcompiler.calls.lowering import Lowering
from adcompiler.calls.origin import Origin
from adcompiler.errors import Span, UnsupportedSyntax
from adcompiler.frontend.arrays import snapshots
from adcompiler.frontend.language.inline import arguments, run_closure
from adcompiler.frontend.language.reading import resolved
from adcompiler.frontend.lists.grown import check_grown_lists
from adcompiler.frontend.lists.rows import listed
from adcompiler.frontend.lists.shrunk import check_shrunk_lists
from adcompiler.frontend.lower import results_of
from adcompiler.frontend.state.context import Lowering as Program
from adcompiler.frontend.state.context import State
from adcompiler.frontend.state.forms import same_value
from adcompiler.frontend.state.restarts import PathEnds
from adcompiler.frontend.state.scope import parameters
from adcompiler.frontend.state.values import Closure, DictValue, Growing, ListOf, Maybe, Rows, Seq, Value
from adcompiler.ir.build import make_func
from adcompiler.ir.walk import all_defs, all_reads
from adcompiler.ir.wengert import Assign, Atom, Const, Func, Stmt, Var
from adcompiler.options import Options
from adcompiler.outside import Lowered
from adcompiler.signature import OutTree, StaticSpec


class Local:
    """A function that the program makes.

    Parameters
    ----------
    made : Closure
        The function.
    through : callable, optional
        How a transformation of it, whose derivative is asked for, is called in the program.
    """

    def __init__(self, made: Closure, through: Callable[..., Value] | None = None) -> None:
        self.made, self.through = made, through
        self.name = made.node.name if isinstance(made.node, ast.FunctionDef) else "function"

    @cached_property
    def binder(self) -> Binder:
        """How its arguments are bound."""
        return Binder(_shell(self.name, self.made.node.args))

    def lowered(self, low: Program, args: Sequence[Value], kwargs: Mapping[str, Value]) -> tuple[Lowering, list[Atom]]:
        """Its Wengert list for these arguments, and the arguments of that list."""
        made = self.made
        given = [resolved(low, a) for a in args], {k: resolved(low, v) for k, v in kwargs.items()}
        bound = arguments(low, self.name, made.node.args, made.defaults, dict(made.kw_defaults), *given)
        bound = {name: bound[name] for name in parameters(made.node.args)}
        values = list(bound.values())
        specs = tuple(value_spec(low.b, value) for value in values)
        atoms = [atom for value, spec in zip(values, specs, strict=True) for atom in run_time_atoms(value, spec)]
        body = Body(low)
        out, results = body.build(self._result, made.node, dict(zip(bound, values, strict=True)))
        func, free = body.function(self.name, results)
        snapshots.check(low.b, func)
        del low.b.snapshots[body.marked :]
        known = aliases(func)
        written = frozenset(k for k, var in enumerate(func.params) if known.root(var) in known.stored)
        origin = Place(_shell(self.name, made.node.args), Options.of("grad", {}))
        origin.place = low.b.span
        return Lowering(origin, Lowered(func, (), out, written, ()), specs, specs, 0.0), [*atoms, *free]

    def _result(self, low: Program, own: dict[str, Value]) -> Value:
        """The value for these values of its parameters."""
        node, spec = self.made.node, self.made.node.args
        if self.through is None:
            return run_closure(low, self.made, own, node)
        args = [own[a.arg] for a in (*spec.posonlyargs, *spec.args)]
        kwargs = {a.arg: own[a.arg] for a in spec.kwonlyargs}
        if spec.vararg and isinstance(rest := own[spec.vararg.arg], Seq):
            args.extend(rest.items)
        if spec.kwarg and isinstance(named := own[spec.kwarg.arg], DictValue):
            kwargs |= {str(key): value for key, value in named.items}
        return self.through(low, args, kwargs, node)


class Place(Origin):
    """What stands for the function outside of the program: its name and its place."""

    place: Span | None = None

    @property
    def span(self) -> Span | None:
        """The place of the call."""
        return self.place


def _shell(name: str, spec: ast.arguments) -> FunctionType:
    """A function with these parameters and no lines."""
    plain = copy.deepcopy(spec)
    for arg in ast.walk(plain):
        if isinstance(arg, ast.arg):
            arg.annotation = None
    plain.defaults = [ast.Constant(None) for _ in plain.defaults]
    plain.kw_defaults = [None if d is None else ast.Constant(None) for d in plain.kw_defaults]
    scope: dict[str, FunctionType] = {}
    exec(f"def {name}({ast.unparse(plain)}):\n    pass\n", scope)
    return scope[name]


@dataclass(slots=True)
class Body:
    """The lines of a function that the program makes, apart from the program's.

    Parameters
    ----------
    low : Lowering
        The program being built.
    """

    low: Program
    params: list[Var] = field(default_factory=list)
    lines: list[Stmt] = field(default_factory=list)
    marked: int = 0

    def build(
        self, result: Callable[[Program, dict[str, Value]], Value], node: ast.AST, bound: Mapping[str, Value]
    ) -> tuple[OutTree, list[Atom]]:
        """Build the lines for these arguments; the form of the result and its leaves."""
        low = self.low
        before, self.marked = low.save(), len(low.b.snapshots)
        results: list[Atom] = []
        with low.arm() as self.lines:
            own = {name: self._argument(value) for name, value in bound.items()}
            try:
                value = result(low, own)
            except PathEnds:
                what = "a function that is differentiated always raises"
                raise UnsupportedSyntax(what, low.b.span, "return a value") from None
            if isinstance(value, Maybe):
                raise low.refuse("returns-none", node)
            out = results_of(low, value, results)
        if _changed(before, low.save()):
            raise UnsupportedSyntax(
                "a function that is differentiated changes a list of the program around it",
                low.b.span,
                "return what it computes",
            )
        low.restore(before)
        return out, results

    def _argument(self, value: Value) -> Value:
        """The argument as the function sees it: numbers and arrays are parameters of its own."""
        match value:
            case Var() | Const() if not isinstance(value_spec(self.low.b, value), StaticSpec):
                return self._parameter(value)
            case Growing():
                return self._argument(listed(self.low, value))
            case Rows(arrays, form):
                return Rows(tuple(self._parameter(array) for array in arrays), form)
            case ListOf(array, weak):
                return ListOf(self._parameter(array), weak)
            case Seq(items, kind, record):
                seq = Seq(tuple(self._argument(item) for item in items), kind, record)
                self.low.captures.lists[id(seq)] = seq
                return seq
            case DictValue(items):
                held = DictValue(tuple((key, self._argument(item)) for key, item in items))
                self.low.captures.lists[id(held)] = held
                return held
        return value

    def _parameter(self, value: Atom) -> Var:
        b = self.low.b
        type = b.type(value)
        if isinstance(value, Var) and not type.rank and not type.is_float and value not in self.params:
            # a number on which shapes may depend: where it comes from stays known
            self.params.append(value)
        else:
            self.params.append(b.var(str(value) if isinstance(value, Var) else "x", type, b.shape(value)))
        return self.params[-1]

    def function(self, name: str, results: Sequence[Atom]) -> tuple[Func, list[Var]]:
        """The function with what it finds around it as further parameters, which are the program's names."""
        b = self.low.b
        own = {*all_defs(self.lines), *self.params}
        used = {*own, *all_reads(self.lines), *(r for r in results if isinstance(r, Var))}
        used |= {e for v in used for e in b.shape(v) if isinstance(e, Var)}
        free = used - own
        arrays = [v for v in (*self.params, *sorted(free, key=str)) if b.type(v).rank]
        extents: dict[Var, Stmt] = {}
        for array in arrays:
            for axis, extent in enumerate(b.shape(array)):
                if isinstance(extent, Var) and extent in free:
                    extents.setdefault(extent, Assign(extent, "dim", (array,), (("axis", axis),), b.span))
        around = sorted(free - set(extents), key=str)
        body = (*extents.values(), *self.lines)
        made = make_func(name, [*self.params, *around], body, results, b.types, b.shapes)
        check_grown_lists(made, self.low.lists.grown)
        check_shrunk_lists(made, self.low.lists.shrunk, self.low.lists.grown)
        return made, around


def _changed(before: State, after: State) -> bool:
    """Whether names hold other values; one that may be missing may have been found to be there."""
    for one, other in zip(before, after, strict=True):
        for name, value in one.items():
            if not isinstance(value, Maybe) and not same_value(value, other.get(name, value)):
                return True
    return False
