"""Records of numbers that another array keeps as well are read from there.

What an iteration records, and stores into an array whose contents are recorded too, would be kept twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from adcompiler.analysis.constraints import Form
from adcompiler.analysis.coverage import reaches
from adcompiler.analysis.dependence import Dependence, dependence
from adcompiler.analysis.scope import Frame, Path, sites
from adcompiler.ir.build import Builder, with_body
from adcompiler.ir.walk import map_blocks, operands, walk, yields
from adcompiler.ir.wengert import Assign, Atom, Block, Const, Func, Index, Load, Loop, Store, Var, is_element


@dataclass(frozen=True, slots=True)
class Double:
    """The store into a record, and another store of the same number, whose element is never overwritten.

    Of each index of that element, `places` has the axis of the record that it follows, None for a fixed one, and what
    is added to it.
    """

    record: Store
    other: Store
    places: tuple[tuple[int | None, int], ...]


def read_doubles(fn: Func) -> Func:
    """Drop a record of what another array keeps.

    Before:  for t in range(m): for i in range(n): r[t, i] = v; a[t + 1, i] = v
             for t in range(m): for i in range(n): x[i] += r[t, i]
    After:   for t in range(m): for i in range(n): a[t + 1, i] = v
             for t in range(m): for i in range(n): x[i] += a[t + 1, i]

    The loops that read the record stand behind those that write it.
    """
    while True:
        found = next(_doubles(fn), None)
        if found is None:
            return fn
        b = Builder.of(fn)
        body = _without(b, fn.body, found)
        fn = with_body(fn, body, b)


def _doubles(fn: Func) -> Iterator[Double]:
    """The records that are kept twice."""
    records = _records(fn)
    over: Dependence | None = None
    for block, path, frames in _bodies(fn) if records else ():
        stores = [(k, s) for k, s in enumerate(block) if isinstance(s, Store) and not s.add and is_element(s.index)]
        for at, store in stores:
            for there, other in stores if store.array in records else ():
                if other.array == store.array or other.value != store.value:
                    continue
                over = over or dependence(fn)
                places = _places(over, store, other, (*path, at), frames)
                if places is not None and over.lasting(other, (*path, there), frames):
                    yield Double(store, other, places)


def _bodies(fn: Func) -> Iterator[tuple[Block, Path, tuple[Frame, ...]]]:
    """The bodies of loops."""
    for stmt, path, frames in sites(fn.body):
        if isinstance(stmt, Loop):
            yield stmt.body, (*path, 0), (*frames, Frame(path, stmt, 0))


def _records(fn: Func) -> set[Var]:
    """Arrays of the top level that one store fills, and of which only elements are loaded."""
    found = {s.target for s in fn.body if isinstance(s, Assign) and s.op == "empty"} - set(fn.results)
    filled = set[Var]()
    for stmt in walk(fn.body):
        used = {a for a in (*operands(stmt), *yields(stmt)) if isinstance(a, Var)}
        if isinstance(stmt, Store) and stmt.array not in filled:
            filled.add(stmt.array)
            used -= {stmt.array}
        elif isinstance(stmt, Load) and is_element(stmt.index):
            used -= {stmt.array}
        found -= used
    return found & filled


def _places(
    over: Dependence, record: Store, other: Store, path: Path, frames: tuple[Frame, ...]
) -> tuple[tuple[int | None, int], ...] | None:
    """Where the element of another array lies, in terms of that of the record; None where no offsets tell."""
    fn = over.fn
    one, two = (over.accesses.access(s.array, s.index, path, frames) for s in (record, other))
    made = over.defs.get(two.base)
    if two.base != other.array or made is None or made.frames or None in one.axes:
        return None
    if fn.types[record.array.name].dtype != fn.types[other.array.name].dtype:
        return None
    reads = over.reads.get(over.memory.root(record.array), ())
    if any(None in read.axes or not reaches(over, one, read) for read in reads):
        return None
    axes = {Form(form.terms, 0): (axis, form.constant) for axis, form in enumerate(one.axes) if form and form.terms}
    found = list[tuple[int | None, int]]()
    for form in two.axes:
        if form is None or (form.terms and Form(form.terms, 0) not in axes):
            return None
        axis, offset = axes.get(Form(form.terms, 0), (None, 0))
        found.append((axis, form.constant - offset))
    # elements that lie side by side in the record do so in the other array
    order = [axis for axis, _ in found if axis is not None]
    return tuple(found) if order and found[-1][0] is not None and order == sorted(order) else None


def _without(b: Builder, block: Block, found: Double) -> Block:
    """A block that does without a record."""
    with b.block() as lines:
        for stmt in block:
            if stmt is found.record or (isinstance(stmt, Assign) and stmt.target == found.record.array):
                continue
            if isinstance(stmt, Load) and stmt.array == found.record.array:
                with b.at(stmt.span):
                    index = tuple(_item(b, stmt.index, axis, offset) for axis, offset in found.places)
                b.add(replace(stmt, array=found.other.array, index=index))
            else:
                b.add(map_blocks(stmt, lambda inner: _without(b, inner, found)))
    return tuple(lines)


def _item(b: Builder, index: Index, axis: int | None, offset: int) -> Atom:
    """One index of the element that holds a recorded number."""
    if axis is None:
        return Const(offset)
    item = index[axis]
    assert isinstance(item, (Var, Const))
    return b.int("add", item, Const(offset))


__all__ = ["read_doubles"]
