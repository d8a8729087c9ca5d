"""Lines of the adjoint that the primal has as well, as the cosine where a program takes sine and cosine of a number.

The adjoint then refers to the primal's name: whether the value is recorded or computed again is decided once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from adcompiler.analysis.scope import Path, sites
from adcompiler.ir.build import Builder
from adcompiler.ir.wengert import Assign, Atom, Func, Params, Stmt, Var

Line = tuple[str, tuple[Atom, ...], Params]


class PrimalLines:
    """The scalar lines of a function, with the block in which each stands."""

    def __init__(self, fn: Func) -> None:
        self.places: dict[Line, list[tuple[Path, Var]]] = {}
        for stmt, path, _ in sites(fn.body):
            if isinstance(stmt, Assign) and is_scalar(stmt, fn.types[stmt.target.name].rank):
                self.places.setdefault((stmt.op, stmt.args, stmt.params), []).append((path[:-1], stmt.target))

    def at(self, line: Line, path: Path) -> Var | None:
        """The name of an equal line in the block of the statement at `path` or in one around it."""
        return next((v for block, v in self.places.get(line, ()) if path[: len(block)] == block), None)

    def reuse(self, b: Builder, lines: Sequence[Stmt], path: Path) -> Mapping[Atom, Atom]:
        """Append `lines` of the adjoint of the statement at `path`; the names that stand for those left out.

        Lines that use such a name are made again, since a Python number may have taken the place of NumPy's.
        """
        names: dict[Atom, Atom] = {}
        for stmt in lines:
            if not isinstance(stmt, Assign) or not is_scalar(stmt, b.type(stmt.target).rank):
                b.extend(lines)
                return {}
        for stmt in lines:
            assert isinstance(stmt, Assign)
            there = self.at((stmt.op, stmt.args, stmt.params), path)
            if there is not None and b.type(there).dtype == b.type(stmt.target).dtype:
                names[stmt.target] = there
            elif names.keys().isdisjoint(stmt.args):
                b.add(stmt)
            else:
                args = (names.get(a, a) for a in stmt.args)
                names[stmt.target] = b.emit(stmt.op, *args, hint=str(stmt.target), weak=None, **dict(stmt.params))
        return names


def is_scalar(stmt: Assign, rank: int) -> bool:
    """Whether a line computes a scalar by a rule of arithmetic; `rank` is that of its target."""
    return rank == 0 and stmt.op not in ("dim", "cast")
