"""Tangents and cotangents that a program computes, as the arguments of a derivative."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from adcompiler.calls.results import Group, Item, Tree
from adcompiler.errors import NotDifferentiable, TypeProblem
from adcompiler.frontend.arrays.atoms import as_atom
from adcompiler.frontend.state.values import DictValue, ListOf, Seq, Static, Value, kind_of
from adcompiler.ir.build import Builder, scalar
from adcompiler.ir.types import Type
from adcompiler.ir.wengert import Atom, Const, Var
from adcompiler.rules.shapes import zeros


def seeds(
    b: Builder, given: Value, tree: Tree, like: Callable[[int], Atom], label: str, what: str
) -> Iterator[tuple[int, Atom]]:
    """The leaves of a tangent or cotangent, one for each floating leaf of `tree`, with that leaf's position.

    Parameters
    ----------
    b : Builder
        Appends lines.
    given : Value
        The tangent or cotangent; None stands for zero.
    tree : Tree
        The form of what it belongs to.
    like : callable
        The value at a position, which has the shape that is needed.
    label, what : str
        What messages call the value and the direction.
    """
    match tree:
        case Item(position, type) if type.is_float:
            yield position, _seed(b, given, type, like(position), label, what)
        case Group(keys=keys, items=items):
            labels = [f"{label}[{key!r}]" for key in keys or range(len(items))]
            for part, item, name in zip(_parts(b, given, tree, label, what), items, labels, strict=True):
                yield from seeds(b, part, item, like, name, what)
        case _:
            if not _is_zero(given):
                raise NotDifferentiable(f"{label} has no {what}", b.span, f"give None as the {what} of {label}")


def _is_zero(given: Value) -> bool:
    return given == Static(None) or (isinstance(given, Const) and given.value == 0)


def _parts(b: Builder, given: Value, tree: Group, label: str, what: str) -> Sequence[Value]:
    if given == Static(None):
        return [given] * len(tree.items)
    match given:
        case Seq(items, kind, record) if (kind, record, len(items)) == (tree.kind, tree.record, len(tree.items)):
            return items
        case DictValue(pairs) if tree.kind == "dict" and tuple(key for key, _ in pairs) == tree.keys:
            return [value for _, value in pairs]
    raise TypeProblem(
        f"the {what} of {label} is of type {kind_of(given)}, where {label} is a {tree.kind} of {len(tree.items)}",
        b.span,
        f"give the {what} the structure of {label}",
    )


def _seed(b: Builder, given: Value, type: Type, like: Atom, label: str, what: str) -> Atom:
    if given == Static(None):
        return zero(b, type, like)
    atom = as_atom(b, given.array if isinstance(given, ListOf) else given, f"the {what} of {label}")
    have = b.type(atom)
    if have.rank != type.rank:
        raise TypeProblem(
            f"the {what} of {label} has rank {have.rank}, where {label} has rank {type.rank}",
            b.span,
            f"give the {what} the shape of {label}",
        )
    if have.is_complex and not type.is_complex:
        raise TypeProblem(f"the {what} of {label} is complex, {label} is not", b.span, f"give the {what} real numbers")
    for here, there in zip(b.shape(atom), b.shape(like), strict=True):
        b.same(here, there, f"the {what} of {label} has another shape than {label}")
    if not type.rank:
        if isinstance(atom, Const):
            return Const(atom.number) if type.weak else scalar(atom.number, type.dtype)
        return atom if have.dtype == type.dtype else b.emit("cast", atom, dtype=type.dtype, weak=type.weak)
    # in memory of its own: the derivative writes it
    made = zero(b, type, like)
    assert isinstance(made, Var)
    b.store(made, b.everything(made), atom if have.dtype == type.dtype else b.emit("cast", atom, dtype=type.dtype))
    return made


def zero(b: Builder, type: Type, like: Atom) -> Atom:
    """Zero in the shape of a value, in the memory order for which a function of it was lowered."""
    if type.rank:
        return zeros(b, type, b.shape(like), "seed")
    return Const(0.0) if type.weak and not type.is_complex else scalar(0.0, type.dtype)
