"""A transformed function called in a program that is compiled: its Wengert list becomes part of the program's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from adcompiler.calls.binding import Binder
from adcompiler.calls.inside import symmetric
from adcompiler.calls.inside.callee import Callee
from adcompiler.calls.lowering import Lowering
from adcompiler.calls.plan import Plan
from adcompiler.calls.results import Constant, Item, Tree
from adcompiler.calls.subject import Subject
from adcompiler.errors import ADCompilerError, TypeProblem, UnsupportedSyntax
from adcompiler.frontend.arrays.zero_dimensional import is_box
from adcompiler.frontend.language.reading import resolved
from adcompiler.frontend.state.captures import parameter
from adcompiler.frontend.state.context import Lowering as Program
from adcompiler.frontend.state.facts import may_share
from adcompiler.frontend.state.restarts import NeedStatic, NotStatic
from adcompiler.frontend.state.values import DictValue, ListOf, Object, Path, Seq, Static, Value
from adcompiler.ir.build import ONE, Builder
from adcompiler.ir.inlining import inlined
from adcompiler.ir.types import Type
from adcompiler.ir.wengert import Atom, Const, Var
from adcompiler.outside import Capture
from adcompiler.signature import ArraySpec, ScalarSpec, SeqSpec, Spec, StaticSpec


def call(
    low: Program,
    owner: object,
    of: Subject,
    planned: Callable[[Lowering], Plan],
    args: Sequence[Value],
    kwargs: Mapping[str, Value],
) -> Value:
    """The value of a call of a transformed function.

    Parameters
    ----------
    low : Lowering
        The program being built.
    owner : object
        The transformed function.
    of : Subject
        The function it was made of.
    planned : callable
        Gives the derivative to compute for a lowered form of that function.
    args, kwargs
        The arguments.
    """
    return run(low, Outside(owner, of), planned, args, kwargs)


@dataclass(frozen=True, slots=True)
class Outside:
    """A function from outside the program.

    Parameters
    ----------
    owner : object
        What the program calls.
    of : Subject
        The function it was made of.
    """

    owner: object
    of: Subject

    @property
    def binder(self) -> Binder:
        """How its arguments are bound."""
        return self.of.binder

    def lowered(self, low: Program, args: Sequence[Value], kwargs: Mapping[str, Value]) -> tuple[Lowering, list[Atom]]:
        """Its Wengert list for these arguments, and the arguments of that list."""
        given = [resolved(low, a) for a in args], {k: resolved(low, v) for k, v in kwargs.items()}
        return lowered_for(low, self.of, bound_values(low, self.owner, self.of, *given))


def run(
    low: Program,
    callee: Callee,
    planned: Callable[[Lowering], Plan],
    args: Sequence[Value],
    kwargs: Mapping[str, Value],
    seeded: Callable[[Lowering, list[Atom]], list[Atom]] = lambda lowering, atoms: [],
) -> Value:
    """The value of a derivative of a function at these arguments.

    Parameters
    ----------
    low : Lowering
        The program being built.
    callee : Callee
        The function.
    planned : callable
        Gives the derivative to compute for a lowered form of the function.
    args, kwargs
        The arguments.
    seeded : callable
        Gives the directions for a lowered form of the function and its arguments.
    """
    lowering, atoms = callee.lowered(low, args, kwargs)
    plan = planned(lowering)
    fn = plan.compiled.stages["derivative"]
    directions = seeded(lowering, atoms)
    derivative = plan.compiled.derivative
    if symmetric.is_symmetric(lowering, derivative):
        return result_value(low.b, plan.tree, symmetric.gradient(low.b, lowering, derivative, atoms))
    given = atoms if derivative.mode == "primal" else fresh(low.b, lowering, atoms)
    return result_value(low.b, plan.tree, inlined(low.b, fn, [*given, *directions]))


def lowered_for(low: Program, of: Subject, values: Sequence[Value]) -> tuple[Lowering, list[Atom]]:
    """A function lowered for these values of its parameters, and the arguments of its Wengert list."""
    specs = tuple(value_spec(low.b, value) for value in values)
    atoms = [atom for value, spec in zip(values, specs, strict=True) for atom in run_time_atoms(value, spec)]
    try:
        lowering = of.lowering(specs)
    except NotStatic as need:
        known = atoms[min(need.positions)]
        assert isinstance(known, Var), "literals that must be known are specified as constants"
        raise NeedStatic(known, "a number that decides what is computed", low.b.span, "write a literal") from None
    low.device |= lowering.face.device
    low.captures.depend_on_code(of.binder.entry)
    for k, guard in enumerate(lowering.lowered.guards):
        low.captures.guards.setdefault(("inside", id(lowering), k), guard)
    return lowering, [*atoms, *(captured_by(low, lowering, capture) for capture in lowering.lowered.captures)]


def bound_values(
    low: Program, owner: object, of: Subject, args: Sequence[Value], kwargs: Mapping[str, Value]
) -> tuple[Value, ...]:
    """The values of the parameters, with what the function brings along and its defaults."""
    binder = of.binder

    def held(what: object, *key: object) -> Value:
        return low.captures.value(what, Path(("bound", id(owner), *key), str(key[-1]), lambda: what))

    first = [held(value, "first", k) for k, value in enumerate(binder.first)]
    named = {key: held(value, "named", key) for key, value in binder.named.items()}
    try:
        bound = binder.signature.bind(*first, *args, **{**named, **kwargs})
    except TypeError as error:
        fix = f"its arguments are: {', '.join(binder.signature.parameters) or 'none'}"
        raise TypeProblem(f"{binder.name}() {error}", low.b.span, fix) from error
    given = set(bound.arguments)
    bound.apply_defaults()
    values = {k: v if k in given else held(v, "default", k) for k, v in bound.arguments.items()}
    for name in binder.variadic:
        value = bound.arguments[name]
        values[name] = Seq(tuple(value)) if name == binder.star else DictValue(tuple(value.items()))
    return tuple(values[name] for name in (*binder.plain, *binder.variadic))


def value_spec(b: Builder, value: Value) -> Spec:
    """What is known of a value at compile time."""
    match value:
        case Const(value=literal):
            boxed = is_box(b, value)
            return ScalarSpec(value.type, boxed) if value.type.is_float else StaticSpec(literal)
        case Var() | ListOf():
            atom = value if isinstance(value, Var) else value.array
            known_type = b.type(atom)
            ones = tuple(extent == ONE for extent in b.shape(atom))
            return ArraySpec(known_type, ones) if known_type.rank else ScalarSpec(known_type, is_box(b, atom))
        case Static(value=known) | Object(value=known):
            return StaticSpec(known)
        case Seq(items, kind):
            return SeqSpec(kind, tuple(value_spec(b, item) for item in items), record=value.record)
        case DictValue(items):
            return SeqSpec("dict", tuple(value_spec(b, item) for _, item in items), tuple(key for key, _ in items))
    raise UnsupportedSyntax(
        f"an argument of a transformed function is a {value.__class__.__name__.lower()}",
        b.span,
        "pass numbers, arrays, tuples or lists",
    )


def run_time_atoms(value: Value, spec: Spec) -> list[Atom]:
    """The run-time leaves of a value."""
    match value, spec:
        case _, StaticSpec():
            return []
        case Seq(items), SeqSpec(items=specs):
            return [atom for item, of_item in zip(items, specs, strict=True) for atom in run_time_atoms(item, of_item)]
        case DictValue(items), SeqSpec(items=specs):
            return [
                atom for (_, item), of_item in zip(items, specs, strict=True) for atom in run_time_atoms(item, of_item)
            ]
        case ListOf(array), _:
            return [array]
    assert isinstance(value, (Var, Const))
    return [value]


def captured_by(low: Program, lowering: Lowering, capture: Capture) -> Atom:
    """What the function captures is captured by the program too."""
    key = ("inside", id(lowering), capture.name)
    if key not in low.captures.captured:
        var = parameter(low.b, capture.spec, capture.name, low.entry)
        low.captures.captured[key] = Capture(var.name, capture.fetch, capture.spec, capture.key), var
    return low.captures.captured[key][1]


def fresh(b: Builder, lowering: Lowering, atoms: list[Atom]) -> list[Atom]:
    """The arguments with copies of the arrays that the function writes."""
    found = list(atoms)
    for k in sorted(lowering.lowered.written):
        array = atoms[k]
        assert isinstance(array, Var)
        for other, atom in enumerate(atoms):
            if other != k and isinstance(atom, Var) and b.type(atom).rank and may_share(b, array, atom):
                names = lowering.lowered.func.params
                raise ADCompilerError(
                    f"'{names[k]}' and '{names[other]}' may share memory, and the function writes into '{names[k]}'",
                    b.span,
                    "pass a copy of one of them",
                )
        found[k] = copied(b, array)
    return found


def copied(b: Builder, array: Var) -> Atom:
    """A copy in the memory order for which the function was lowered."""
    if b.type(array).layout != "F" or b.type(array).rank < 2:
        return b.emit("copy", array, hint=array.name)
    axes = tuple(reversed(range(b.type(array).rank)))
    return b.emit("transpose", b.emit("copy", b.emit("transpose", array, axes=axes)), axes=axes, hint=array.name)


def result_value(b: Builder, tree: Tree, results: Sequence[Atom]) -> Value:
    """The results in the form the program sees."""
    match tree:
        case Constant(value):
            return Static(value)
        case Item(position, type):
            return typed(b, results[position], type)
    items = [result_value(b, item, results) for item in tree.items]
    return (
        DictValue(tuple(zip(tree.keys, items, strict=True)))
        if tree.kind == "dict"
        else Seq(tuple(items), tree.kind, tree.record)
    )


def typed(b: Builder, atom: Atom, type: Type) -> Atom:
    """A scalar that is Python's own where the argument is."""
    if type.rank or b.type(atom).weak == type.weak:
        return atom
    return b.emit("cast", atom, dtype=type.dtype, weak=type.weak, hint=str(atom) if isinstance(atom, Var) else "t")
