"""From a Python function and the specifications of its arguments to a typed Wengert list."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

# importing a module of evaluators enters them
from adcompiler.analysis.alias import aliases, written
from adcompiler.errors import ADCompilerError, TypeProblem
from adcompiler.frontend import expressions, statements
from adcompiler.frontend.arrays import snapshots, zero_dimensional
from adcompiler.frontend.arrays.aliasing import check_carried_arrays
from adcompiler.frontend.arrays.standing_in import check_standing_in, widened
from adcompiler.frontend.calls import call
from adcompiler.frontend.language import access, blocks, comprehensions, control, threads
from adcompiler.frontend.language.blocks import run_block
from adcompiler.frontend.language.inline import returned
from adcompiler.frontend.language.reading import resolved
from adcompiler.frontend.lists.grown import check_grown_lists
from adcompiler.frontend.lists.shrunk import check_shrunk_lists
from adcompiler.frontend.state.captures import parameter
from adcompiler.frontend.state.choices import Choices
from adcompiler.frontend.state.context import Lowering
from adcompiler.frontend.state.naming import named
from adcompiler.frontend.state.restarts import Changes, InArrays, NeedStatic, NotStatic, PathEnds, Recurses, TestChanges
from adcompiler.frontend.state.scope import Frame, parameters
from adcompiler.frontend.state.values import Conflict, DictValue, ListOf, Maybe, Path, Seq, Static, Value, kind_of
from adcompiler.ir.threads import SHARED
from adcompiler.ir.walk import walk
from adcompiler.ir.wengert import Atom, Check, Const, Var
from adcompiler.outside import Lowered
from adcompiler.signature import (
    OutLeaf,
    OutSeq,
    OutStatic,
    OutTree,
    SeqSpec,
    Spec,
    StaticSpec,
    fields_of,
    kind_of_record,
)
from adcompiler.source import SourceFunc

EVALUATORS = (access, blocks, comprehensions, control, expressions, statements)
_DEEP = 20_000
#: What tells of a function that it must be read in another way.
_RESTARTS = (InArrays, Recurses, TestChanges, Changes, NeedStatic)


def lower(source: SourceFunc, specs: Sequence[Spec], kernel: bool = False) -> Lowered:
    """Translate a function for arguments of these specifications, given in the order of its parameters.

    Raises `NotStatic` where run-time arguments must be known at compile time: compile again with them as constants.
    """
    choices = Choices()
    while True:
        low = Lowering(choices, kernel)
        try:
            with _deep_recursion():
                return _lowered(low, source, specs)
        except (*_RESTARTS, ADCompilerError) as problem:
            settled = _settled(low, problem)
            # each attempt that fails settles one thing more, of which there are so many
            if settled is None or settled == choices:
                raise
            choices = settled


def _settled(low: Lowering, problem: Exception) -> Choices | None:
    """What the next attempt begins with; None where no other one helps.

    What is refused of numbers that a loop reads may be done to known ones.
    """
    choices, found = low.choices, None
    try:
        found = _next(low, problem)
    except TypeProblem:
        if not low.repeats:
            raise
    if found is None and low.repeats:
        return Choices(static=choices.static, changing=choices.changing, added=choices.added, repeats=False)
    return found


def _next(low: Lowering, problem: Exception) -> Choices | None:
    choices = low.choices
    match problem:
        case InArrays():
            return replace(choices, in_arrays=True)
        case Recurses(node=node, ends=ends):
            return choices.recursing(node, ends)
        case TestChanges(node=node):
            return replace(choices, tests_inside=choices.tests_inside | {node})
        case Changes(record=record, name=None):
            return replace(choices, changing=choices.changing | {record})
        case Changes(record=record, name=str(name)):
            return replace(choices, added=tuple(dict.fromkeys((*choices.added, (record, name)))))
        case NeedStatic():
            return _known(low, problem)
        case _ if choices.ending:
            return choices.inlined()
        case _:
            # what is refused of a list of unknown length may be done to one of which all items are known
            return replace(choices, grows_known=False) if low.lists.grew_known else None


def _known(low: Lowering, need: NeedStatic) -> Choices | None:
    """What may be done about a number that must be known; raises where that is nothing."""
    choices = low.choices
    try:
        return replace(choices, static=choices.static | _to_make_static(low, need))
    except TypeProblem:
        if need.recursive is not None:
            return choices.recursing(need.recursive)
        if need.of_list and not choices.in_arrays:
            return replace(choices, in_arrays=True)
        if choices.ending:
            return choices.inlined()
        raise


@contextmanager
def _deep_recursion() -> Iterator[None]:
    """Inlined calls nest in the interpreter of the compiler: a deep program needs a deep stack."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, _DEEP))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


def _lowered(low: Lowering, source: SourceFunc, specs: Sequence[Spec]) -> Lowered:
    b = low.b
    frame = Frame(source, low.definition(source.node), None)
    low.frames.append(frame)
    low.call = lambda function, given: call(low, function, given, {}, low.frame.definition.node)
    b.span = source.span(source.node)
    params: list[Var] = []
    for name, spec in zip(parameters(source.node.args), specs, strict=True):
        frame.env[name] = _argument(low, name, spec, params)
    low.params = tuple(params)
    try:
        with _traced(low):
            run_block(low, frame.definition.body)
    except PathEnds:
        raised = next(s for s in reversed(list(walk(b.stack[0]))) if isinstance(s, Check) and s.failed == Const(True))
        b.span = raised.span
        raise low.refuse("always-raises", error=f"{raised.exception}: {raised.message}".rstrip(": ")) from None
    value = returned(frame)
    if isinstance(value, Maybe):
        raise low.refuse("returns-none", source.node)
    results: list[Atom] = []
    out = results_of(low, value, results)
    return _finished(low, source, params, results, out)


@contextmanager
def _traced(low: Lowering) -> Iterator[None]:
    try:
        yield
    except NeedStatic as need:
        if need.roots is None:
            need.roots = low.roots(need.atom)
        raise


def _argument(low: Lowering, name: str, spec: Spec, params: list[Var]) -> Value:
    match spec:
        case SeqSpec(kind="dict", items=items, keys=keys):
            made = (_argument(low, f"{name}_{key}", item, params) for key, item in zip(keys, items, strict=True))
            table = DictValue(tuple(zip(keys, made, strict=True)))
            low.captures.lists[id(table)] = table
            return table
        case SeqSpec(kind, items, _, record):
            parts = fields_of(record) or () if record else range(len(items))
            made = (_argument(low, f"{name}_{part}", item, params) for part, item in zip(parts, items, strict=True))
            seq = Seq(tuple(made), kind if record is None else low.kind_of(record), record)
            low.captures.lists[id(seq)] = seq
            return seq
        case StaticSpec(value):
            if isinstance(value, (int, float)) or hasattr(value, "dtype"):
                return access.literal(value)
            path = Path(("object", id(value)), name, lambda: value)
            held = low.captures.value(value, path)
            low.captures.guards.pop(path.key, None)
            return held
    params.append(parameter(low.b, spec, name, low.entry))
    return params[-1]


def results_of(low: Lowering, value: Value, results: list[Atom]) -> OutTree:
    """The form of what a function returns; its leaves are added to `results`."""
    match value:
        case Var() if low.b.type(value).is_generator:
            raise low.refuse("returns-object", kind="random generator")
        case Var() | Const():
            results.append(value)
            return OutLeaf(len(results) - 1)
        case Seq(record=type() as record) if fields_of(record) is None:
            raise low.refuse("returns-object", kind=record.__name__)
        case Seq(items, _, record):
            kind = value.name if record is None else kind_of_record(record)
            return OutSeq(kind, tuple(results_of(low, item, results) for item in items), record=record)
        case DictValue(items):
            found = tuple(results_of(low, item, results) for _, item in items)
            return OutSeq("dict", found, tuple(key for key, _ in items))
        case Static(value=held):
            return OutStatic(held)
        case ListOf():
            raise low.refuse("returns-list")
        case Conflict(reason):
            raise low.refuse("mixed-values", reason=reason)
        case Maybe():
            return results_of(low, resolved(low, value), results)
    raise low.refuse("returns-object", kind=kind_of(value))


def _finished(low: Lowering, source: SourceFunc, params: list[Var], results: list[Atom], out: OutTree) -> Lowered:
    captured = list(low.captures.captured.values())
    every = (*params, *(var for _, var in captured))
    low.b.stack[0][:0] = low.entry
    for atom in results:
        if isinstance(atom, Const) and type(atom.value) is int and not -(2**63) <= atom.value < 2**63:
            raise low.refuse("long-integer", value=atom.value)
    doc = ast.get_docstring(source.node) if isinstance(source.node, ast.FunctionDef) else None
    func = low.b.finish(source.name, every, results, doc or "")
    snapshots.check(low.b, func)
    check_carried_arrays(func, low.lists.grown, widened(low.b))
    check_standing_in(low.b, func, low.lists.grown)
    check_grown_lists(func, low.lists.grown)
    check_shrunk_lists(func, low.lists.shrunk, low.lists.grown)
    zero_dimensional.check(low.b, func, low.lists.grown)
    root, stored = aliases(func).root, written(func)
    changed = frozenset(k for k, var in enumerate(every) if var in stored)
    together = threads.added_together(func, low.atomic, low.captures.of_kind(SHARED))
    atomic = frozenset(k for k, var in enumerate(every) if root(var) in together)
    guards = low.captures.every_guard()
    captures = tuple(capture for capture, _ in captured)
    return Lowered(named(func, low.called), captures, out, changed, guards, low.device, atomic)


def _to_make_static(low: Lowering, need: NeedStatic) -> frozenset[tuple[object, ...]]:
    """The captures to make constants; for parameters `NotStatic`; a refusal where neither would help."""
    roots = need.roots if need.roots is not None else low.roots(need.atom)
    captured = {var.name: key for key, (_, var) in low.captures.captured.items()}
    positions = {var.name: k for k, var in enumerate(low.params)}
    types = [low.b.type(Var(name)) for name in roots if name in positions or name in captured]
    discrete = not any(type.is_float or type.rank or type.is_generator for type in types)
    if not roots or not discrete or not all(name in positions or name in captured for name in roots):
        raise TypeProblem(
            f"{need.what} must be known when the function is compiled, and this one is computed at run time",
            need.span,
            need.fix,
        )
    found = frozenset(positions[name] for name in roots if name in positions)
    if found:
        raise NotStatic(found)
    return frozenset(captured[name] for name in roots)
