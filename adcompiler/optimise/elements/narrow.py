"""Work arrays of which only the first few columns are ever read have no others; results get theirs at the end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from adcompiler.ir.build import ONE, ZERO, Builder, with_body
from adcompiler.ir.ops import kind
from adcompiler.ir.types import INDEX
from adcompiler.ir.walk import blocks, map_blocks, operands, walk, yields
from adcompiler.ir.wengert import Assign, Atom, Block, Const, Func, Load, Loop, Stmt, Store, Var, is_element

# more columns than this may be more memory than the array had, where the extent turns out to be small
MOST = 8


def narrow_arrays(fn: Func) -> Func:
    """Give an array whose reads are all in a few columns that many columns, known to the machine's compiler.

    Before:  x = empty(n, m); for i in range(n): for j in range(m): x[i, j] = p[i, j]; s += x[i, 0] * x[i, 1]
    After:   x = empty(n, 2); for i in range(n): for j in range(min(m, 2)): x[i, j] = p[i, j]; s += x[i, 0] * x[i, 1]

    The distance between two rows is then a constant, by which elements of a row are loaded together. A loop over all
    columns may end early where it does nothing but store into the array.

    A result that begins as zeros is gathered in an array of few columns, where loops come back to its elements.

    Before:  x_bar = zeros(n, m); for k in range(n): for i in range(n): x_bar[i, 1] += t; return x_bar
    After:   x_bar = zeros(n, 2); for k in range(n): for i in range(n): x_bar[i, 1] += t
             wide = zeros(n, m); for i in range(n): for j in range(min(m, 2)): wide[i, j] = x_bar[i, j]
             return wide
    """
    found = {a: f for a, f in _Accesses(fn).found.items() if f.worth_it()}
    if not found:
        return fn
    b = Builder.of(fn)
    for array, f in found.items():
        b.shapes[array.name] = (*fn.shape(array)[:-1], Const(f.columns))
    stops = {loop: f.columns for f in found.values() for loop in f.fills}
    body = _narrowed(b, fn.body, found, stops)
    wide = dict[Atom, Atom]()
    with b.block() as lines:
        for array in [a for a, f in found.items() if f.result]:
            wide[array] = _widened(b, array, fn.shape(array))
    return replace(with_body(fn, (*body, *lines), b), results=tuple(wide.get(a, a) for a in fn.results))


@dataclass(slots=True)
class _Found:
    """The columns that accesses of known columns need, whether there is a read, and the loops that fill the array.

    Of a `result`, whether a loop that is not one over its elements comes back to them.
    """

    columns: int = 0
    read: bool = False
    fills: list[Var] = field(default_factory=list)
    result: bool = False
    again: bool = False

    def worth_it(self) -> bool:
        """Whether fewer columns hold all that is read."""
        return self.read and self.columns <= MOST and (not self.result or (self.again and not self.fills))


class _Accesses:
    """The arrays that can be narrowed, as far as their accesses go."""

    def __init__(self, fn: Func) -> None:
        self.found = {s.target: _Found() for s in walk(fn.body) if isinstance(s, Assign) and _is_wide(fn, s)}
        made = {s.target: s.op for s in walk(fn.body) if isinstance(s, Assign) and s.target in self.found}
        self.drop([a for a in fn.results if isinstance(a, Var) and made.get(a) != "zeros"])
        for array in self.found.keys() & set(fn.results):
            self.found[array].result = True
        if self.found:
            self.block(fn.body, {})

    def drop(self, atoms: Sequence[Atom]) -> None:
        """Forget arrays that are used other than by elements."""
        for atom in atoms:
            if isinstance(atom, Var):
                self.found.pop(atom, None)

    def block(self, block: Block, loops: Mapping[Atom, Loop]) -> None:
        """Note the accesses of a block inside `loops`, by their indices."""
        for stmt in block:
            mine = stmt.array if isinstance(stmt, (Load, Store)) and is_element(stmt.index) else None
            self.drop([a for a in (*operands(stmt), *yields(stmt)) if a != mine])
            if isinstance(stmt, (Load, Store)) and stmt.array in self.found:
                self.access(stmt, loops)
            inside = {**loops, stmt.index: stmt} if isinstance(stmt, Loop) else loops
            for nested in blocks(stmt):
                self.block(nested, inside)

    def access(self, stmt: Load | Store, loops: Mapping[Atom, Loop]) -> None:
        """Note an access of one element."""
        found, item = self.found[stmt.array], stmt.index[-1]
        assert isinstance(item, (Var, Const))
        columns = _reached(item, loops.get(item))
        found.read |= isinstance(stmt, Load) or stmt.add
        found.again |= len(loops) > sum(isinstance(i, Var) for i in stmt.index)
        if columns is not None:
            found.columns = max(found.columns, columns)
        elif isinstance(stmt, Store) and item in loops and _only_fills(loops[item], stmt.array):
            found.fills.append(loops[item].index)
        else:
            del self.found[stmt.array]


def _is_wide(fn: Func, stmt: Assign) -> bool:
    """Whether a line makes an array with columns of which the number is not known."""
    return stmt.op in ("empty", "zeros") and len(stmt.args) > 1 and isinstance(fn.shape(stmt.target)[-1], Var)


def _reached(item: Atom, loop: Loop | None) -> int | None:
    """The number of first columns among which an index is for certain."""
    if loop is None:
        return _natural(item, 1)
    if loop.step == Const(-1) and isinstance(loop.stop, Const):
        return _natural(loop.start, 1) if loop.stop == Const(-1) or _natural(loop.stop) is not None else None
    return _natural(loop.stop) if _counts_up(loop) else None


def _natural(atom: Atom, more: int = 0) -> int | None:
    """A constant that is not negative, and so many more."""
    value = atom.value if isinstance(atom, Const) else None
    return value + more if isinstance(value, int) and value >= 0 else None


def _counts_up(loop: Loop) -> bool:
    return _natural(loop.start) is not None and loop.step == ONE


def _only_fills(loop: Loop, array: Var) -> bool:
    """Whether an iteration of a loop that counts up does nothing but store one column of an array."""
    if not _counts_up(loop) or loop.carried or loop.until is not None:
        return False
    return all(_is_quiet(s, array, loop.index) for s in loop.body)


def _is_quiet(stmt: Stmt, array: Var, column: Var) -> bool:
    match stmt:
        case Store(array=other, index=index):
            return other == array and index[-1] == column
        case Assign(op=op):
            return kind(op) == "elementwise"
        case _:
            return isinstance(stmt, Load) and stmt.array != array


def _narrowed(b: Builder, block: Block, found: Mapping[Var, _Found], stops: Mapping[Var, int]) -> Block:
    """A block with the arrays of fewer columns and the loops that fill these."""
    return tuple(s for stmt in block for s in _statements(b, stmt, found, stops))


def _statements(b: Builder, stmt: Stmt, found: Mapping[Var, _Found], stops: Mapping[Var, int]) -> Iterator[Stmt]:
    stmt = map_blocks(stmt, lambda nested: _narrowed(b, nested, found, stops))
    if isinstance(stmt, Assign) and stmt.target in found:
        stmt = replace(stmt, args=b.shape(stmt.target))
    elif isinstance(stmt, Loop) and stmt.index in stops:
        with b.block() as lines:
            stop = b.emit("minimum", stmt.stop, Const(stops[stmt.index]))
        yield from lines
        stmt = replace(stmt, stop=stop)
    yield stmt


def _widened(b: Builder, array: Var, extents: Sequence[Atom]) -> Var:
    """Append lines that make an array of these extents with the first columns of another one."""
    wide = b.emit("zeros", *extents, dtype=b.type(array).dtype, hint=str(array))
    columns = b.int("minimum", extents[-1], b.shape(array)[-1])
    indices = tuple(b.var("ijk"[min(axis, 2)], INDEX) for axis in range(len(extents)))
    with b.block() as lines:
        b.store(wide, indices, b.load(array, indices))
    for index, stop in zip(reversed(indices), (columns, *reversed(extents[:-1])), strict=True):
        lines = [Loop(index, ZERO, stop, ONE, (), tuple(lines), None, False, b.span)]
    b.extend(lines)
    return wide


__all__ = ["narrow_arrays"]
