"""Whether the iterations of nested loops may run in another order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from adcompiler.analysis.access import Access
from adcompiler.analysis.dependence import Dependence
from adcompiler.analysis.scope import Path
from adcompiler.ir.walk import all_defs
from adcompiler.ir.wengert import Loop, Var


@dataclass(frozen=True, slots=True)
class Regrouping:
    """Questions about the loop at `path` of a function, as far as elements of arrays go."""

    over: Dependence
    loop: Loop
    path: Path

    def may_part(self, position: int) -> bool:
        """Whether what stands before a position of the body may run first, for all iterations, and what is behind last.

        What ran before something of an earlier part, in an earlier iteration, then runs behind it: the two must have no
        element in common.
        """
        depth = len(self.path) + 1
        for a, b in self._pairs(self.path):
            one, two = ((access.path[depth] > position) - (access.path[depth] < position) for access in (a, b))
            late, early = (a, b) if one > two else (b, a)
            if one != two and self.over.follows(late, early, self.path):
                return False
        return True

    def may_exchange(self, inner: Loop, path: Path) -> bool:
        """Whether the loop and the one at `path` in it, which is all it has in its body, may be exchanged.

        Two iterations run in the other order where both indices differ, one up, the other down. So an element must be
        touched with one index of the outer loop, or with one of the inner loop.
        """
        own = all_defs((self.loop,))
        return all(
            _is_of_one(a, b, inner.index, own) or not self.over.across(a, b, self.path) for a, b in self._pairs(path)
        )

    def _pairs(self, path: Path) -> Iterator[tuple[Access, Access]]:
        """The accesses of memory in a loop, a write and another one."""
        for root, writes in self.over.writes.items():
            here = [w for w in writes if _inside(w, path)]
            reads = [r for r in self.over.reads.get(root, ()) if _inside(r, path)] if here else []
            for position, write in enumerate(here):
                yield from ((write, other) for other in (*here[position:], *reads))


def _inside(access: Access, path: Path) -> bool:
    return len(access.path) > len(path) and access.path[: len(path)] == path


def _is_of_one(a: Access, b: Access, index: Var, own: set[Var]) -> bool:
    """Whether two accesses can only meet with one value of an index: it alone moves them both along an axis."""
    return a.base == b.base and any(
        form is not None
        and form == other
        and form.coefficient(index)
        and all(s == index or (isinstance(s, Var) and s not in own) for s, _ in form.terms)
        for form, other in zip(a.axes, b.axes, strict=True)
    )


__all__ = ["Regrouping"]
