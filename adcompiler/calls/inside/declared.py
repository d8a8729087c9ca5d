"""Calls of functions with a declared derivative: the lines of the value, then one for each result that carries it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

from adcompiler.analysis.alias import aliases
from adcompiler.calls.inside.nesting import lowered_for
from adcompiler.calls.lowering import Lowering
from adcompiler.calls.subject import Subject
from adcompiler.errors import NotDifferentiable, Span, TypeProblem, UnsupportedSyntax
from adcompiler.frontend.state.context import Lowering as Program
from adcompiler.frontend.state.values import DictValue, ListOf, Seq, Static, Value
from adcompiler.ir.build import Builder, make_func
from adcompiler.ir.parse import Formula
from adcompiler.ir.walk import operands, walk
from adcompiler.ir.wengert import Assign, Atom, Const, Func, Note, Var
from adcompiler.optimise.lines.simplify import simplify
from adcompiler.rules.custom import Custom
from adcompiler.signature import OutLeaf, OutSeq, OutTree


def by_adjoint(low: Program, name: str, backward: Subject, out: Value, residuals: Value, args: Seq) -> Value:
    """The result `out` with the adjoint `backward(residuals, cotangent)`."""
    outs, inputs = floats(low.b, out), floats(low.b, args)
    if not outs or not inputs:
        return out
    lowering, atoms = lowered_for(low, backward, (residuals, only_floats(low.b, out)))
    tree = lowering.lowered.out
    if not isinstance(tree, OutSeq) or tree.kind != "tuple" or len(tree.items) != len(args.items):
        raise TypeProblem(
            f"the backward function of {name}() must return a tuple of {len(args.items)}",
            low.b.span,
            "return a cotangent, or None, for each argument",
        )
    rows = matched(low, name, tree, args)
    return attached(low, name, Linear.of(low, name, lowering, atoms, len(outs), rows), False, out, outs, inputs)


def by_tangent(low: Program, name: str, tangent: Subject, out: Value, args: Seq) -> Value:
    """The result `out` with the tangent of `tangent(primals, tangents)`, which gives a result and its tangent."""
    outs, inputs = floats(low.b, out), floats(low.b, args)
    if not outs or not inputs:
        return out
    lowering, atoms = lowered_for(low, tangent, (args, only_floats(low.b, args)))
    tree = lowering.lowered.out
    if not isinstance(tree, OutSeq) or tree.kind != "tuple" or len(tree.items) != 2:
        raise TypeProblem(
            f"the tangent function of {name}() must return a pair", low.b.span, "return out, tangent_of_out"
        )
    rows = matched(low, name, tree.items[1], out)
    return attached(low, name, Linear.of(low, name, lowering, atoms, len(inputs), rows), True, out, outs, inputs)


def by_formulas(low: Program, name: str, formulas: Mapping[str, Formula | None], out: Value, args: Seq) -> Value:
    """The number `out` with the partial derivatives that formulas over the arguments and `y` give; None is zero."""
    values = [v for v in (*args.items, out) if isinstance(v, (Var, Const)) and not low.b.type(v).rank]
    if len(values) <= len(formulas):
        raise TypeProblem(
            f"{name}() is declared by formulas: its arguments and its result must be numbers",
            low.b.span,
            "call it for each element, or declare its derivative with custom_jvp",
        )
    if not low.b.type(values[-1]).is_complex and any(low.b.type(v).is_complex for v in values):
        raise TypeProblem(
            f"{name}() is declared by formulas and gives a real number for a complex one: no formula is its derivative",
            low.b.span,
            "declare its tangent with custom_jvp",
        )
    b = Builder()
    # an argument of this name hides the result
    result = "y"
    while result in formulas:
        result += "_"
    params = {n: b.var(n, low.b.type(v)) for n, v in zip((*formulas, result), values, strict=True)}
    dots = {n: b.var(f"{n}_dot", b.type(params[n])) for n in formulas if b.type(params[n]).is_float}
    total: Atom = Const(0.0)
    for n, dot in dots.items():
        formula = formulas[n]
        if formula is not None:
            partial = formula.build(b, params)
            share = b.emit("mul", dot, partial)
            total = b.emit("sub" if formula.negative else "add", total, share)
    linear = Linear(b.finish(name, [*params.values(), *dots.values()], [total]), list(values), (0,))
    return attached(low, name, linear, True, out, floats(low.b, out), floats(low.b, args))


def refuse_writes(low: Program, name: str, of: Subject, args: Seq) -> None:
    """A declared derivative is one of the value: what the function writes has none."""
    if lowered_for(low, of, args.items)[0].lowered.written:
        raise UnsupportedSyntax(
            f"{name}() has a declared derivative and writes into an argument", low.b.span, "let it return a new array"
        )


def note_views(low: Program, of: Subject, args: Seq, result: Value) -> None:
    """Results are copies where the function gives an argument, or a view of one: refused where that could be seen."""
    lowering, atoms = lowered_for(low, of, args.items)
    fn = lowering.lowered.func
    memory, found = aliases(fn), floats(low.b, result)
    given = [r for r in fn.results if fn.type(r).is_float]
    for leaf, own in zip(found, given, strict=len(found) == len(given)):
        if not isinstance(leaf, Var) or not isinstance(own, Var) or not fn.type(own).rank:
            continue
        for param, atom in zip(fn.params, atoms, strict=True):
            if isinstance(atom, Var) and fn.types[param.name].rank and memory.root(param) == memory.root(own):
                low.b.snapshots.append((leaf, atom, low.b.span))


def without_derivative(low: Program, name: str, out: Value, args: Seq) -> Value:
    """The result `out`, whose derivative is refused where it is needed."""
    outs, inputs = floats(low.b, out), floats(low.b, args)
    made: dict[Atom, Value] = {}
    for position, atom in enumerate(outs):
        rule = Custom(name, None, True, (), 0, len(outs), position, _no_transpose)
        copy = low.b.emit("custom", atom, *outs, *inputs, hint=name, rule=rule)
        made[atom] = copy
        if isinstance(atom, Var) and low.b.type(atom).rank:
            low.b.snapshots.append((copy, atom, low.b.span))
    return mapped(out, lambda atom: made.get(atom, atom))


def _no_transpose() -> Func:
    raise AssertionError("the linear map is asked for first")


@dataclass(frozen=True, slots=True)
class Linear:
    """A user's linear map: a function of its context and of what it is linear in, with the results that count.

    Parameters
    ----------
    func : Func
        The map, of the context first.
    context : list of Var or Const
        The values of that.
    rows : tuple of int or None
        The results, by what they belong to.
    """

    func: Func
    context: list[Atom]
    rows: tuple[int | None, ...]

    @classmethod
    def of(
        cls, low: Program, name: str, lowering: Lowering, atoms: Sequence[Atom], count: int, rows: list[int | None]
    ) -> Linear:
        """The map of a user's function, whose arguments are its context, `count` directions, and what it captures."""
        fn, captured = lowering.lowered.func, len(lowering.lowered.captures)
        if lowering.lowered.written:
            raise UnsupportedSyntax(
                f"the derivative declared for {name}() writes into an argument", low.b.span, "work on a copy of it"
            )
        first = len(atoms) - captured - count
        params = [*fn.params[:first], *fn.params[first + count :], *fn.params[first : first + count]]
        chosen = [row for row in rows if row is not None]
        results = [fn.results[row] for row in chosen]
        func = simplify(make_func(fn.name, params, fn.body, results, fn.types, fn.shapes))
        numbers = tuple(None if row is None else chosen.index(row) for row in rows)
        return cls(func, [*atoms[:first], *atoms[first + count :]], numbers)


def transposed(name: str, linear: Linear, forward: bool) -> Func:
    """The transposed map: also of a cotangent for each result; those of the arguments come last.

    It reads what it is the transpose in only if the map is not linear, which is refused.
    """
    # a function with a declared derivative may be called without one
    from adcompiler.ad.gradient import gradient

    fn, context = linear.func, len(linear.context)
    found = gradient(fn, range(context, len(fn.params)), "given")
    places = _reads(found, found.params[context : len(fn.params)])
    if not places:
        return found
    which, mode = ("tangent", "reverse") if forward else ("backward", "forward")
    raise NotDifferentiable(
        f"the {which} function of {name}() is not linear in its {'tangents' if forward else 'cotangent'}",
        places[0],
        f"{mode} mode needs the transpose of a linear map: only add such numbers, and multiply them by others",
    )


def _reads(fn: Func, given: Sequence[Var]) -> list[Span | None]:
    """Where a transposed map computes with `given`, and not only with their extents."""
    results = fn.results[len(fn.results) - len(given) :]
    alone = simplify(make_func(fn.name, fn.params, fn.body, results, fn.types, fn.shapes))
    lines = [s for s in walk(alone.body) if not isinstance(s, Note) and not (isinstance(s, Assign) and s.op == "dim")]
    return [line.span for line in lines if any(atom in given for atom in operands(line))]


def attached(
    low: Program, name: str, linear: Linear, forward: bool, out: Value, outs: list[Atom], inputs: list[Atom]
) -> Value:
    """The results, each with its derivative."""
    if not outs or not inputs:
        return out
    b, made = low.b, dict[Atom, Var]()
    transpose = cache(lambda: transposed(name, linear, forward))
    for position, atom in enumerate(outs):
        rule = Custom(name, linear.func, forward, linear.rows, len(linear.context), len(outs), position, transpose)
        hint = atom.name if isinstance(atom, Var) else name
        made[atom] = b.emit("custom", atom, *linear.context, *outs, *inputs, hint=hint, rule=rule)
        if isinstance(atom, Var) and b.type(atom).rank:
            # the line copies: a program that writes where Python would see it is refused
            b.snapshots.append((made[atom], atom, b.span))
    return mapped(out, lambda atom: made.get(atom, atom))


def matched(low: Program, name: str, tree: OutTree, value: Value) -> list[int | None]:
    """For each floating leaf of a value the number of the result that belongs to it; None where there is none."""
    match value:
        case Var() | Const():
            return [_row(low, name, tree)] if low.b.type(value).is_float else []
        case Seq(items):
            parts = items
        case DictValue(pairs):
            parts = tuple(item for _, item in pairs)
        case _:
            return []
    if not isinstance(tree, OutSeq):
        if isinstance(tree, OutLeaf):
            raise _mismatch(low, name)
        return [None] * len(floats(low.b, value))
    if len(tree.items) != len(parts):
        raise _mismatch(low, name)
    return [row for item, part in zip(tree.items, parts, strict=True) for row in matched(low, name, item, part)]


def _row(low: Program, name: str, tree: OutTree) -> int | None:
    if isinstance(tree, OutSeq):
        raise _mismatch(low, name)
    return tree.position if isinstance(tree, OutLeaf) else None


def _mismatch(low: Program, name: str) -> TypeProblem:
    return TypeProblem(
        f"the derivative declared for {name}() has another structure than what it belongs to",
        low.b.span,
        "return tuples, lists and dictionaries as the arguments have them, and None for what has no derivative",
    )


# -- structures --------------------------------------------------------------------------------------------------------


def floats(b: Builder, value: Value) -> list[Atom]:
    """The floating numbers and arrays of a structure, in order."""
    return [atom for atom in _leaves(value) if b.type(atom).is_float]


def _leaves(value: Value) -> Iterator[Atom]:
    match value:
        case Var() | Const():
            yield value
        case Seq(items):
            for item in items:
                yield from _leaves(item)
        case DictValue(pairs):
            for _, item in pairs:
                yield from _leaves(item)
        case ListOf(array):
            yield array


def mapped(value: Value, change: Callable[[Atom], Value]) -> Value:
    """A structure of the same form with other leaves."""
    match value:
        case Var() | Const():
            return change(value)
        case Seq(items):
            return replace(value, items=tuple(mapped(item, change) for item in items))
        case DictValue(pairs):
            return DictValue(tuple((key, mapped(item, change)) for key, item in pairs))
    return value


def only_floats(b: Builder, value: Value) -> Value:
    """The structure of a tangent or cotangent: None where a leaf is no float."""
    return mapped(value, lambda atom: atom if b.type(atom).is_float else Static(None))
