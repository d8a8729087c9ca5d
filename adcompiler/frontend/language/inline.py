"""Calls of the user's functions: each is inlined, with names of its own."""

from __future__ import annotations

import ast
import sysconfig
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import FunctionType

from adcompiler.errors import ADCompilerError, MissingRule, TypeProblem, counted, nearest
from adcompiler.frontend.arrays.outputs import delivered, without_out
from adcompiler.frontend.arrays.zero_dimensional import of_library
from adcompiler.frontend.flow.recursion import recursive
from adcompiler.frontend.language.blocks import run_block
from adcompiler.frontend.language.reading import constant
from adcompiler.frontend.library.registry import neutral_only, title
from adcompiler.frontend.state.context import Lowering
from adcompiler.frontend.state.liveness import BROKEN, CONTINUED, RESULT, RETURNED
from adcompiler.frontend.state.restarts import NeedStatic, Recurses
from adcompiler.frontend.state.scope import Definition, Frame, parameters
from adcompiler.frontend.state.values import Closure, DictValue, Maybe, Path, Seq, SliceValue, Static, Unset, Value
from adcompiler.ir.wengert import Const, Var
from adcompiler.source import FunctionNode, SourceFunc, source_of

#: Functions of the library that give 0-d arrays where others give numbers.
_ARRAYS = frozenset({"np.apply_along_axis", "np.cov", "np.i0", "np.piecewise", "np.select", "np.vectorize"})
_DEPTH = 80
_INSTALLED = tuple(sysconfig.get_paths()[kind] for kind in ("stdlib", "platstdlib", "purelib", "platlib"))
_CALLS = 5000
# a tree of so many branches and calls, those of other functions among them, runs as a loop rather than being inlined
_BRANCHES = 24
_UNROLLED = 200


def call_function(
    low: Lowering, function: FunctionType, args: Sequence[Value], kwargs: Mapping[str, Value], node: ast.AST
) -> Value:
    """A call of a plain Python function."""
    if function.__code__.co_flags & 0x220:
        raise low.refuse("Yield")
    source = source_of(function)
    low.captures.depend_on_code(function)
    spec = source.node.args
    held = function.__defaults__ or ()
    names = [a.arg for a in (*spec.posonlyargs, *spec.args)][len(spec.posonlyargs) + len(spec.args) - len(held) :]
    where = ("default", id(function))
    defaults = tuple(
        low.captures.value(value, Path((*where, name), name, lambda k=k: (function.__defaults__ or ())[k]))  # type: ignore[misc]
        for k, name, value in zip(range(-len(held), 0), names, held, strict=True)
    )
    kw = tuple(
        (name, low.captures.value(value, Path((*where, name), name, lambda n=name: (function.__kwdefaults__ or {})[n])))  # type: ignore[misc]
        for name, value in (function.__kwdefaults__ or {}).items()
    )
    bound = arguments(low, source.name, spec, defaults, dict(kw), args, kwargs)
    try:
        return _run(low, Frame(source, low.definition(source.node), None), bound, node)
    except ADCompilerError as error:
        if not _is_installed(source) or _is_installed(low.frame.source):
            raise
        place = f"{source.file}:{error.lineno}" if error.lineno else source.file
        what = f"{title(function)} has no derivative rule, and its text is outside the language: {error.what} ({place})"
        raise MissingRule(what, low.b.span, "write it with functions the language has") from error


def _is_installed(source: SourceFunc) -> bool:
    """Whether a function belongs to an installed package, whose lines tell a user little."""
    return source.file.startswith(_INSTALLED)


def call_definition(
    low: Lowering, function: FunctionType, args: Sequence[Value], kwargs: Mapping[str, Value], node: ast.AST, name: str
) -> Value:
    """A call of a library function that is written in the language: its lines stand at the call."""
    source = source_of(function)
    names = parameters(source.node.args)
    out, kwargs = without_out(low.b, name, kwargs)
    neutral_only(low.b, name, {key: value for key, value in kwargs.items() if key not in names})
    named = {key: value for key, value in kwargs.items() if key in names}
    held = function.__defaults__ or ()
    defaults = [constant(value) for value in held]
    kw = {key: constant(value) for key, value in (function.__kwdefaults__ or {}).items()}
    bound = arguments(low, name, source.node.args, defaults, kw, args, named)
    result = _run(low, Frame(source, low.definition(source.node), None, place=low.b.span), bound, node)
    return delivered(low.b, name, of_library(low.b, result, name in _ARRAYS), out)


def call_closure(
    low: Lowering, made: Closure, args: Sequence[Value], kwargs: Mapping[str, Value], node: ast.AST
) -> Value:
    """A call of a function defined inside the program."""
    name = made.node.name if isinstance(made.node, ast.FunctionDef) else "lambda"
    bound = arguments(low, name, made.node.args, made.defaults, dict(made.kw_defaults), args, kwargs)
    return run_closure(low, made, bound, node)


def run_closure(low: Lowering, made: Closure, bound: dict[str, Value], node: ast.AST) -> Value:
    """The value of a function defined inside the program, for these values of its parameters."""
    return _run(low, Frame(made.frame.source, low.definition(made.node), made.frame), bound, node)


def _run(low: Lowering, frame: Frame, bound: dict[str, Value], node: ast.AST) -> Value:
    frame.path = (*low.frame.path, id(node))
    frame.known = tuple(_signature(value) for value in bound.values())
    if frame.definition.node in low.choices.recursive:
        return recursive(low, frame, bound, _value)
    _check_recursion(low, frame)
    frame.env.update(bound)
    return _value(low, frame)


def _value(low: Lowering, frame: Frame) -> Value:
    """What the body of a function returns, read in a frame that has its arguments."""
    with entered(low, frame):
        run_block(low, frame.definition.body)
        return returned(frame)


@contextmanager
def entered(low: Lowering, frame: Frame) -> Iterator[None]:
    """Make `frame` the innermost one."""
    low.calls += 1
    if low.calls > _CALLS:
        open_ = [f.definition for f in low.frames]
        if frame.definition in open_:
            raise Recurses(frame.definition.node)
        raise low.refuse("too-many-calls", count=_CALLS)
    depth = len(low.frames)
    if frame.place is None and low.frames:
        frame.place = low.frame.place
    low.frames.append(frame)
    try:
        yield
    finally:
        del low.frames[depth:]


def returned(frame: Frame) -> Value:
    """What a function has returned at the end of its body; None where it has not."""
    flag, value = frame.env.get(RETURNED, Const(False)), frame.env.get(RESULT, Unset(RESULT))
    for name in (RETURNED, RESULT, BROKEN, CONTINUED):
        frame.env.pop(name, None)
    if flag == Const(True):
        return value
    if flag == Const(False) or value == Static(None):
        return Static(None)
    assert isinstance(flag, Var)
    return Maybe(value, flag, Static(None))


# -- recursion ---------------------------------------------------------------------------------------------------------


def _signature(value: Value) -> object:
    """What is known of an argument at compile time."""
    match value:
        case Const():
            return value
        case Static(value=held):
            return id(held)
        case Seq(items):
            return tuple(_signature(item) for item in items)
        case SliceValue(start, stop, step):
            return tuple(None if part is None else _signature(part) for part in (start, stop, step))
        case Closure(node):
            return id(node)
    return "run time"


def _check_recursion(low: Lowering, frame: Frame) -> None:
    """Find a recursion that only run-time values can end, or that goes deep; one of known values is unrolled."""
    nested = [k for k, f in enumerate(low.frames) if f.definition is frame.definition]
    if len(nested) >= _DEPTH:
        raise Recurses(frame.definition.node)
    # functions that different calls have made of one text, as in a chain of them, are different ones
    again = [k for k in nested if low.frames[k].parent is frame.parent]
    _count_branches(low, frame.definition.node, len(again))
    if not again:
        return
    if any(low.frames[k].known == frame.known for k in again):
        since = again[-1]
        for test, depth in low.tests:
            if depth > since and isinstance(test, Var):
                raise NeedStatic(
                    test, "what ends this recursion", low.b.span, "write it as a loop", frame.definition.node
                )
        raise Recurses(frame.definition.node)


def _count_branches(low: Lowering, node: FunctionNode, depth: int) -> None:
    """Find a recursion that branches into so many calls that their lines would take long to compile."""
    start = 0, 0, low.calls
    deepest, branches, since = low.branches.get(node, start) if depth else start
    if depth and depth <= deepest:
        branches += 1
    if branches > _BRANCHES and low.calls - since > _UNROLLED and node not in low.choices.unrolled:
        raise Recurses(node, ends=True)
    low.branches[node] = max(depth, deepest), branches, since


# -- arguments ---------------------------------------------------------------------------------------------------------


def arguments(
    low: Lowering,
    name: str,
    spec: ast.arguments,
    defaults: Sequence[Value],
    kw_defaults: Mapping[str, Value],
    args: Sequence[Value],
    kwargs: Mapping[str, Value],
) -> dict[str, Value]:
    """The parameters of a function bound to the arguments of a call."""
    positional = [a.arg for a in (*spec.posonlyargs, *spec.args)]
    named = {a.arg for a in (*spec.args, *spec.kwonlyargs)}
    bound: dict[str, Value] = dict(zip(positional, args, strict=False))
    if len(args) > len(positional) and not spec.vararg:
        given = f"{len(args)} {'was' if len(args) == 1 else 'were'} given"
        raise _wrong(low, spec, f"{name}() takes {counted(len(positional), 'positional argument')} but {given}")
    extra: list[tuple[object, Value]] = []
    for key, value in kwargs.items():
        if key in named and key in bound:
            raise _wrong(low, spec, f"{name}() got multiple values for argument '{key}'")
        if key in named:
            bound[key] = value
        elif spec.kwarg:
            extra.append((key, value))
        else:
            raise _wrong(low, spec, f"{name}() got an unexpected keyword argument '{key}'", key)
    for key, value in zip(positional[len(positional) - len(defaults) :], defaults, strict=True):
        bound.setdefault(key, value)
    for key, value in kw_defaults.items():
        bound.setdefault(key, value)
    if spec.vararg:
        bound[spec.vararg.arg] = Seq(tuple(args[len(positional) :]))
    if spec.kwarg:
        bound[spec.kwarg.arg] = DictValue(tuple(extra))
    absent = [key for key in parameters(spec) if key not in bound]
    if absent:
        raise _wrong(low, spec, f"{name}() missing required argument: '{absent[0]}'")
    return bound


def _wrong(low: Lowering, spec: ast.arguments, what: str, key: str = "") -> TypeProblem:
    known = parameters(spec)
    return TypeProblem(what, low.b.span, f"its arguments are: {', '.join(known) or 'none'}{nearest(key, known)}")


__all__ = [
    "Definition",
    "SourceFunc",
    "arguments",
    "call_closure",
    "call_definition",
    "call_function",
    "entered",
    "returned",
    "run_closure",
]
