"""The assignments that hand values over at the borders of regions: several at once, written one after the other."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass

from adcompiler.emit.syntax import LOAD, STORE, tuple_of


@dataclass(frozen=True, slots=True)
class Copy:
    """`target = value`, where the value reads the variables `reads`."""

    target: str
    value: ast.expr
    reads: frozenset[str]

    @property
    def changes(self) -> bool:
        """Whether it is more than `x = x`."""
        return not (isinstance(self.value, ast.Name) and self.value.id == self.target)


def parallel(copies: Sequence[Copy]) -> list[ast.stmt]:
    """Statements with the effect of assigning all targets at once.

    >>> a, b = ast.Name("a", LOAD), ast.Name("b", LOAD)
    >>> swap = parallel([Copy("a", b, frozenset("b")), Copy("b", a, frozenset("a"))])
    >>> ast.unparse(ast.Module(swap, [])).replace("(", "").replace(")", "")
    'a, b = b, a'
    """
    waiting = [c for c in copies if c.changes]
    done: list[ast.stmt] = []
    while waiting:
        free = [c for c in waiting if all(c.target not in other.reads for other in waiting if other is not c)]
        if not free:
            return [*done, assign([c.target for c in waiting], [c.value for c in waiting])]
        done.append(assign([free[0].target], [free[0].value]))
        waiting.remove(free[0])
    return done


def assign(targets: Sequence[str], values: Sequence[ast.expr]) -> ast.stmt:
    """`a = x`, or `a, b = x, y`; `a += x` where that is meant is up to the caller."""
    names = [ast.Name(t, STORE) for t in targets]
    return ast.Assign([tuple_of(names, STORE)], tuple_of(list(values), LOAD), lineno=0)
