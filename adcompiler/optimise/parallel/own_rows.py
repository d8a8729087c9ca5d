"""Arrays with a row for each item, of which every iteration sees its own row alone, become arrays of one item."""

from __future__ import annotations

from dataclasses import replace

from adcompiler.analysis.dependence import Dependence
from adcompiler.analysis.scope import Path
from adcompiler.ir.build import ONE, ZERO, Builder
from adcompiler.ir.walk import map_blocks, operands, walk, yields
from adcompiler.ir.wengert import Assign, Block, Func, Index, Load, Loop, Stmt, Store, Var


def own_rows(over: Dependence, loop: Loop, path: Path) -> list[Assign]:
    """The lines that make arrays of which only this loop reads or writes elements, in row `index` alone.

    The line and the loop stand in one block, so that the loop runs once for each such array.
    """
    fn = over.fn
    found = dict[Var, Assign]()
    for array, d in over.defs.items():
        made = d.stmt
        if isinstance(made, Assign) and made.op in ("empty", "zeros") and d.path[:-1] == path[:-1] and d.role == "line":
            found[array] = made
    kept = set(found) - {r for r in fn.results if isinstance(r, Var)}
    inside = {id(s) for s in walk(loop.body)}
    for stmt in walk(fn.body):
        used = {a for a in (*operands(stmt), *yields(stmt)) if isinstance(a, Var)} & kept
        if used and not (id(stmt) in inside and _in_row(stmt, loop.index)):
            kept -= used
    return [line for array, line in found.items() if array in kept and _is_used(loop, array)]


def _in_row(stmt: Stmt, index: Var) -> bool:
    """Whether a statement loads or stores in one row."""
    if isinstance(stmt, Store) and stmt.value == stmt.array:
        return False
    return isinstance(stmt, (Load, Store)) and stmt.index[0] == index and index not in stmt.index[1:]


def _is_used(loop: Loop, array: Var) -> bool:
    return any(isinstance(s, (Load, Store)) and s.array == array for s in walk(loop.body))


def in_rows(b: Builder, fn: Func, lines: Block, arrays: list[Assign]) -> Block:
    """Lines of an iteration that begin by making its rows, and use these."""
    rows = dict[Var, Var]()
    made: list[Stmt] = []
    for line in arrays:
        type, shape = fn.types[line.target.name], fn.shape(line.target)[1:] or (ONE,)
        row = rows[line.target] = b.var(line.target.name, type.array(len(shape)), shape)
        made.append(replace(line, target=row, args=shape))

    def index_of(index: Index) -> Index:
        return index[1:] or (ZERO,)

    def visit(block: Block) -> Block:
        return tuple(one(map_blocks(s, visit)) for s in block)

    def one(stmt: Stmt) -> Stmt:
        if isinstance(stmt, (Load, Store)) and stmt.array in rows:
            return replace(stmt, array=rows[stmt.array], index=index_of(stmt.index))
        return stmt

    return (*made, *visit(lines))
