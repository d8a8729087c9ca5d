"""A derivative rule: one declaration that says what a function is, who means it, and its partial derivatives."""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from adcompiler.errors import MissingRule
from adcompiler.ir.build import Builder
from adcompiler.ir.ops import OPS
from adcompiler.ir.parse import Formula, Memo, call, formula
from adcompiler.ir.wengert import Assign, Atom, Var
from adcompiler.rules.shapes import fit, spread


class Pull(Protocol):
    """The adjoint of a line: cotangent contributions of the wanted arguments.

    An elementwise contribution has the shape of the result, any other the shape of the argument; `y_bar` itself
    and a view of it may also be one, if they broadcast to that shape. With `guard` every partial derivative counts
    as unbounded.
    """

    def __call__(
        self, b: Builder, stmt: Assign, y_bar: Atom, wanted: Collection[int], guard: bool = False
    ) -> dict[int, Atom]:
        """Emit the contributions."""


class Push(Protocol):
    """The tangent of a line's target from those of its arguments; None is zero. An array it returns is new."""

    def __call__(self, b: Builder, stmt: Assign, dots: Sequence[Atom | None]) -> Atom | None:
        """Emit the tangent."""


@dataclass(frozen=True, slots=True)
class Domain:
    """The open interval from which a test samples an argument."""

    low: float = -2.0
    high: float = 2.0


@dataclass(frozen=True, slots=True)
class Pin:
    """A point at which a derivative is a convention, and the partial derivatives that are promised there."""

    at: Mapping[str, float]
    want: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Rule:
    """The derivative of an operation, in both modes.

    Parameters
    ----------
    op : str
        A name of `ir.ops.OPS`.
    text : str
        The operation as a person writes it, with the names of its arguments.
    names : tuple of str
        The differentiable arguments and those beside them, in order.
    pull, push : callable
        The adjoint and the tangent of one line.
    formulas : mapping
        The declared partial derivatives, for the documentation; empty where two functions build the lines.
    domains, pins :
        Where tests sample, and the values promised at special points.
    view : bool
        Whether the result shares memory with the first argument.
    """

    op: str
    text: str
    names: tuple[str, ...]
    pull: Pull = field(compare=False)
    push: Push = field(compare=False)
    formulas: Mapping[str, str] = field(default_factory=dict, compare=False)
    domains: Mapping[str, Domain] = field(default_factory=dict, compare=False)
    pins: tuple[Pin, ...] = field(default=(), compare=False)
    view: bool = False

    def __str__(self) -> str:
        return self.text


Terms = Mapping[int, Formula]
Choose = Callable[[Builder, Assign], tuple[Terms, Mapping[str, Atom]]]

RULES: dict[str, Rule] = {}
ZERO: set[str] = set()
MEANING: dict[object, str] = {}


def signature(text: str) -> tuple[str, tuple[str, ...]]:
    """The operation and the argument names of a declaration.

    >>> signature("a * b"), signature("sin(x)")
    (('mul', ('a', 'b')), ('sin', ('x',)))
    """
    found = call(ast.parse(text, mode="eval").body)
    if found is None or found[0] not in OPS:
        raise ValueError(f"{text!r} is not an operation of ir.ops")
    op, operands = found
    names = tuple(tree.id for tree in operands if isinstance(tree, ast.Name))
    if len(set(names) - {"y", "g"}) != len(operands):
        raise ValueError(f"the arguments of {text!r} must be different names other than y and g")
    return op, names


def rule(
    text: str,
    *callables: object,
    domain: Mapping[str, Domain] | None = None,
    pins: Sequence[Pin] = (),
    fixed: Sequence[str] = (),
    **formulas: str,
) -> Rule:
    """Declare an elementwise operation by its partial derivatives.

    A formula over the arguments and the result `y` is the partial derivative. A formula that mentions `g` is
    the whole term, linear in `g`: the cotangent times the partial in reverse, the tangent times it in forward;
    `cut(g, p)` is `g * p` for a partial that is unbounded, so that a zero `g` contributes zero.
    An argument without a formula has derivative zero; one of `fixed` has one, and is refused where it is needed.

    >>> from adcompiler.rules.table import lookup
    >>> lookup("sin").formulas
    {'x': 'cos(x)'}
    """
    op, names = signature(text)
    if unknown := set(formulas) - set(names):
        raise ValueError(f"{text!r} has no argument {sorted(unknown)}")
    terms = {i: formula(formulas[n], (*names, "y", "g")) for i, n in enumerate(names) if n in formulas}
    pull, push = elementwise(lambda b, stmt: (terms, arguments(names, stmt)))
    if fixed:
        pull, push = partial(_known_pull, op, names, fixed, pull), partial(_known_push, op, names, fixed, push)
    made = Rule(op, text, names, pull, push, formulas, domain or {}, tuple(pins))
    return register(made, *callables)


def zero(op: str, *callables: object) -> None:
    """Declare an operation whose derivative is zero wherever it exists."""
    if op not in OPS or op in ZERO or op in RULES:
        raise ValueError(f"{op!r} is unknown, or declared twice")
    ZERO.add(op)
    mean(op, *callables)


def register(made: Rule, *callables: object) -> Rule:
    """Enter a rule, and the Python callables and operators that mean its operation."""
    if made.op not in OPS or made.op in RULES or made.op in ZERO:
        raise ValueError(f"{made.op!r} is unknown, or declared twice")
    RULES[made.op] = made
    mean(made.op, *callables)
    return made


def mean(op: str, *callables: object) -> None:
    """Let Python callables and operator classes of `ast` mean an operation."""
    for meant in callables:
        if MEANING.setdefault(meant, op) != op:
            raise ValueError(f"{meant!r} means {MEANING[meant]!r} already")


def arguments(names: Sequence[str], stmt: Assign) -> dict[str, Atom]:
    """The atoms of a line under the names of its rule."""
    return {**dict(zip(names, stmt.args, strict=True)), "y": stmt.target}


def elementwise(choose: Choose) -> tuple[Pull, Push]:
    """Adjoint and tangent of an elementwise operation from the terms that `choose` gives for a line."""
    return partial(_pull, choose), partial(_push, choose)


def _known_pull(
    op: str,
    names: Sequence[str],
    fixed: Sequence[str],
    pull: Pull,
    b: Builder,
    stmt: Assign,
    y_bar: Atom,
    wanted: Collection[int],
    guard: bool = False,
) -> dict[int, Atom]:
    _check_known(b, op, [names[k] for k in wanted if names[k] in fixed])
    return pull(b, stmt, y_bar, wanted, guard)


def _known_push(
    op: str,
    names: Sequence[str],
    fixed: Sequence[str],
    push: Push,
    b: Builder,
    stmt: Assign,
    dots: Sequence[Atom | None],
) -> Atom | None:
    _check_known(b, op, [name for name, dot in zip(names, dots, strict=True) if dot is not None and name in fixed])
    return push(b, stmt, dots)


def _check_known(b: Builder, op: str, needed: Sequence[str]) -> None:
    """Refuse a derivative by an argument for which there is no formula."""
    if needed:
        raise MissingRule(
            f"scipy.special.{op} has no derivative rule by its parameter {' or '.join(needed)}",
            b.span,
            "where the parameter is meant to be a constant, pass ad.stop_gradient(…) of it",
        )


def _pull(
    choose: Choose, b: Builder, stmt: Assign, y_bar: Atom, wanted: Collection[int], guard: bool = False
) -> dict[int, Atom]:
    terms, names = choose(b, stmt)
    memo: Memo = {}
    found: dict[int, Atom] = {}
    for position in sorted(set(wanted) & set(terms)):
        term = terms[position]
        value = _term(b, term, {**names, "g": y_bar}, memo, guard)
        value = b.emit("neg", value) if term.negative else value
        found[position] = fit(b, value, b.type(stmt.args[position]).dtype)
    return found


def _push(choose: Choose, b: Builder, stmt: Assign, dots: Sequence[Atom | None]) -> Atom | None:
    terms, names = choose(b, stmt)
    memo: Memo = {}
    hint = f"{stmt.target}_dot"
    total: Atom | None = None
    live = [(terms[i], dot) for i, dot in enumerate(dots) if dot is not None and i in terms]
    for place, (term, dot) in enumerate(live):
        last = place == len(live) - 1
        alone = last and total is None and not term.negative
        value = _term(b, term, {**names, "g": dot}, memo, guard=False, hint=hint if alone else "t")
        name = hint if last else "t"
        if total is not None:
            total = b.emit("sub" if term.negative else "add", total, value, hint=name)
        else:
            total = b.emit("neg", value, hint=name) if term.negative else value
    return None if total is None else fresh(b, total, stmt.target, dots)


def _term(b: Builder, term: Formula, names: Mapping[str, Atom], memo: Memo, guard: bool, hint: str = "t") -> Atom:
    """The cotangent or tangent `g` times the partial derivative, up to the term's sign."""
    if term.reads("g"):
        return term.build(b, names, memo, hint)
    return b.emit("cut" if guard else "mul", names["g"], term.build(b, names, memo), hint=hint)


def fresh(b: Builder, value: Atom, target: Var, olds: Sequence[Atom | None]) -> Atom:
    """A tangent with the type and shape of its primal, in memory that no other tangent shares.

    A Python scalar has a Python scalar for a tangent, or products of both with arrays would differ in precision.
    """
    hint, type = f"{target}_dot", b.type(target)
    value = spread(b, fit(b, value, type.dtype, hint), b.shape(target), hint)
    if type.is_array:
        return b.emit("copy", value, hint=hint) if value in olds else value
    if b.type(value).weak == type.weak or not isinstance(value, Var):
        return value
    if value in olds:
        return b.emit("cast", value, dtype=type.dtype, weak=type.weak, hint=hint)
    b.types[value.name] = type
    return value
