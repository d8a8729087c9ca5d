"""Work arrays of which only the first few columns are ever read have no others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from adcompiler.ir.build import ONE, Builder, with_body
from adcompiler.ir.ops import kind
from adcompiler.ir.walk import blocks, map_blocks, operands, walk, yields
from adcompiler.ir.wengert import Assign, Atom, Block, Const, Func, Load, Loop, Stmt, Store, Var
from adcompiler.optimise.elements.sharing import is_element

# more columns than this may be more memory than the array had, where the extent turns out to be small
MOST = 8


def narrow_arrays(fn: Func) -> Func:
    """Give an array whose reads are all in a few columns that many columns, known to the machine's compiler.

    Before:  x = empty(n, m); for i in range(n): for j in range(m): x[i, j] = p[i, j]; s += x[i, 0] * x[i, 1]
    After:   x = empty(n, 2); for i in range(n): for j in range(min(m, 2)): x[i, j] = p[i, j]; s += x[i, 0] * x[i, 1]

    The distance between two rows is then a constant, by which elements of a row are loaded together. A loop over all
    columns may end early where it does nothing but store into the array.
    """
    found = {a: f for a, f in _Accesses(fn).found.items() if f.read and f.columns <= MOST}
    if not found:
        return fn
    b = Builder.of(fn)
    for array, f in found.items():
        b.shapes[array.name] = (*fn.shape(array)[:-1], Const(f.columns))
    stops = {loop: f.columns for f in found.values() for loop in f.fills}
    body = _narrowed(b, fn.body, found, stops)
    return with_body(fn, body, b)


@dataclass(slots=True)
class _Found:
    """The columns that accesses of known columns need, whether there is a read, and the loops that fill the array."""

    columns: int = 0
    read: bool = False
    fills: list[Var] = field(default_factory=list)


class _Accesses:
    """The arrays that can be narrowed, as far as their accesses go."""

    def __init__(self, fn: Func) -> None:
        self.found = {s.target: _Found() for s in walk(fn.body) if isinstance(s, Assign) and _is_wide(fn, s)}
        self.drop(fn.results)
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
        found.read |= isinstance(stmt, Load)
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


__all__ = ["narrow_arrays"]
