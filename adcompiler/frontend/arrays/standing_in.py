"""Values that stand for one of another type: what would tell the one from the other is refused.

Where an array of integers on one path meets one of floats on another, an array of floats stands for both; numbers
likewise. Arithmetic of floats repeats that of the array to rounding, and so may what is computed from it be one of
integers still. Whatever depends on which of both it is, at run time, has no meaning in lines of one type: answers about
types given at compile time, writes, texts, and operations that integers do in another way. Of numbers only answers are
refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field, replace
from itertools import product

from adcompiler.errors import Span, TypeProblem
from adcompiler.ir.build import Builder
from adcompiler.ir.infer import infer
from adcompiler.ir.ops import kind
from adcompiler.ir.spelling import base_name, numbered_words
from adcompiler.ir.types import Type
from adcompiler.ir.walk import as_var, operands, walk
from adcompiler.ir.wengert import (
    Assign,
    Atom,
    Branch,
    Call,
    Const,
    Func,
    Load,
    Loop,
    Note,
    Print,
    Stmt,
    Store,
    Var,
    While,
)

#: Operations that integers do in another way than floats, where the result is one of integers.
_APART = frozenset({"floordiv", "mod", "fmod", "pow", "lshift", "rshift", "bitand", "bitor", "bitxor", "invert"})


@dataclass(slots=True)
class _Types:
    """The other types that values may have, by name, and of literals by identity."""

    fn: Func
    own: Mapping[str, Type]
    grown: Set[Var]
    begin: Set[Type]
    literals: Mapping[int, Type]
    others: dict[Var, set[Type]] = field(default_factory=dict)
    base: dict[Var, Var] = field(default_factory=dict)
    made: dict[Var, Span | None] = field(default_factory=dict)

    def of(self, atom: Atom) -> set[Type]:
        """The types a value may have instead of its own, as those of an element."""
        if isinstance(atom, Const):
            return {self.literals[id(atom)]} if id(atom) in self.literals else set()
        return self.others.get(atom, set())

    def fills(self, store: Store) -> bool:
        """Whether a store gives an array its first contents: that of one operation, or of a list that grows."""
        array = self.whole(store.array)
        return store.array in self.grown or (array in self.made and self.made[array] == store.span)

    def whole(self, array: Var) -> Var:
        """The array of which a name is a view, or the name itself."""
        while array in self.base:
            array = self.base[array]
        return array


def widened(b: Builder) -> set[Var]:
    """The arrays that stand for ones of another type."""
    return {atom for atom, _ in b.converted if isinstance(atom, Var) and b.type(atom).rank}


def check_standing_in(b: Builder, fn: Func, grown: Set[Var]) -> None:
    """Refuse a function whose result depends on which type the value has that another one stands for."""
    arrays = widened(b)
    if arrays:
        found = _spread(b, fn, grown, [(atom, of) for atom, of in b.converted if atom in arrays])
        for stmt in walk(fn.body):
            _check(found, stmt)
        _check_answers(b, found)
    if b.converted and b.asked:
        _check_answers(b, _spread(b, fn, grown, [(atom, of) for atom, of in b.converted if atom not in arrays]))


def _spread(b: Builder, fn: Func, grown: Set[Var], begin: list[tuple[Atom, Type]]) -> _Types:
    """The other types of all values computed from those of `begin`."""
    literals = {id(atom): of for atom, of in begin if isinstance(atom, Const)}
    numbers = not any(b.type(atom).rank for atom, _ in begin)
    types = _Types(fn, b.types, grown, set() if numbers else {of for _, of in begin}, literals)
    for atom, of in begin:
        if isinstance(atom, Var):
            types.others.setdefault(atom, set()).add(of)
    for stmt in walk(fn.body):
        if isinstance(stmt, Load) or (isinstance(stmt, Assign) and kind(stmt.op) == "view"):
            types.base[stmt.target] = as_var(next(operands(stmt)))
        elif isinstance(stmt, Assign):
            types.made[stmt.target] = stmt.span
    changed = True
    while changed:
        changed = False
        for stmt in walk(fn.body):
            for target, given in _given(types, stmt):
                new = given - types.of(target)
                if new and not (numbers and fn.types[target.name].rank):
                    types.others.setdefault(target, set()).update(new)
                    changed = True
    return types


def _given(types: _Types, stmt: Stmt) -> Iterator[tuple[Var, set[Type]]]:
    """The other types that a statement's results may have, by those of what it reads."""
    match stmt:
        case Assign(target=target):
            yield target, _results(types, stmt)
        case Load(target=target, array=array):
            yield target, types.of(array)
        case Store(array=array, value=value) if types.of(value) and types.fills(stmt):
            for name in {array, types.whole(array)}:
                yield name, {Type(of.dtype) for of in types.of(value)}
        case Branch(outs=outs):
            for out in outs:
                yield out.var, types.of(out.then) | types.of(out.other)
        case Loop(carried=carried) | While(carried=carried):
            for c in carried:
                yield c.var, types.of(c.init) | types.of(c.next)
                yield c.out, types.of(c.init) | types.of(c.next)


def _results(types: _Types, stmt: Assign) -> set[Type]:
    args = [types.of(arg) for arg in stmt.args]
    if not any(args) or kind(stmt.op) == "shape":
        return set()
    if kind(stmt.op) == "alloc":
        # the element type of `full` and `arange` is by default that of what they are given
        return {Type(of.dtype) for each in args for of in each}
    own = types.fn.types[stmt.target.name]
    found = set[Type]()
    for given in product(*([None, *each] for each in args)):
        result = _inferred(types, stmt, given)
        if result is not None and result.dtype != own.dtype:
            found.add(Type(result.dtype, weak=result.weak))
    return found


def _inferred(types: _Types, stmt: Assign, given: tuple[Type | None, ...]) -> Type | None:
    """The type of a result where arguments have other types; None where NumPy has none."""
    args = [types.fn.type(arg) for arg in stmt.args]
    pairs = zip(args, given, strict=True)
    args = [a if g is None else replace(a, dtype=g.dtype, weak=g.weak and not a.rank) for a, g in pairs]
    try:
        return infer(stmt.op, args, dict(stmt.params))
    except TypeError:
        return None


def _check(types: _Types, stmt: Stmt) -> None:
    """Refuse a statement that does with one type what it does not with another."""
    told = next((atom for atom in operands(stmt) if isinstance(atom, Var) and types.of(atom)), None)
    what = ""
    match stmt:
        case Assign(op="custom"):
            what = "a declared derivative"
        case Assign(target=target, op=op) if op in _APART and not _is_power(stmt):
            what = "this operation" if any(of.numpy.kind in "iu" for of in types.of(target)) else ""
        case Store(array=array) if types.of(array) and not types.fills(stmt):
            what = "what a write leaves"
        case Print():
            what = "the text"
        case Call():
            what = "this call"
    if what and told is not None and not isinstance(stmt, Note):
        raise _refused(types, told, min(types.of(told), key=str), what, stmt.span)


def _is_power(stmt: Assign) -> bool:
    """Whether a line is a power that integers and floats have in common."""
    exponent = stmt.args[-1]
    return stmt.op == "pow" and isinstance(exponent, Const) and exponent.number >= 0


def _check_answers(b: Builder, types: _Types) -> None:
    for question in b.asked:
        # a name of a function that stands elsewhere, whose arguments may be any of the arrays
        elsewhere = question.of.name not in types.fn.types
        own = b.type(question.of)
        others = (types.begin if own.is_float else ()) if elsewhere else types.of(question.of)
        for of in others:
            other = replace(own, dtype=of.dtype, weak=of.weak and not own.rank)
            if question.answer(other) != question.answer(own):
                raise _refused(types, question.of, of, "what is asked of its type", question.span)


def _refused(types: _Types, var: Var, other: Type, what: str, span: Span | None) -> TypeProblem:
    own = types.own[var.name]
    held = f"{'an array' if own.rank else 'a number'} of {other.dtype}"
    name = base_name(var.name, numbered_words(types.fn))
    return TypeProblem(
        f"{name!r} holds {held} on one path and one of {own.dtype} on another: {what} depends on which",
        span,
        f"let it be of {own.dtype} from the start: 1.0, np.array([1.0, 2.0]), or x.astype(np.{own.dtype})",
    )


__all__ = ["check_standing_in", "widened"]
