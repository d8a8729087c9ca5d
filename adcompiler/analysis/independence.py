"""Which loops threads may share: no iteration needs, or changes, what another one makes.

Three ways lead around memory that several iterations touch: what they only add to is gathered in a copy for each
thread; what each iteration fills before it reads it, or leaves as zeros, each thread has of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from adcompiler.analysis.access import Access
from adcompiler.analysis.additive import Additive
from adcompiler.analysis.course import decisive
from adcompiler.analysis.coverage import covered, covers, inside, is_add, settled
from adcompiler.analysis.dependence import Dependence, dependence, everything, shared
from adcompiler.analysis.logs import is_log
from adcompiler.analysis.scope import Definition, Frame, Path, block_at
from adcompiler.errors import Span
from adcompiler.ir.names import told
from adcompiler.ir.ops import OWN, kind
from adcompiler.ir.walk import all_defs, free, walk
from adcompiler.ir.wengert import Assign, Carry, Check, Const, Draw, Func, Grow, Load, Loop, Print, Stmt, Store, Var


class Dependent(Exception):
    """Why the iterations of a loop depend on each other, and the line that shows it, if it is one."""

    def __init__(self, why: str, span: Span | None = None) -> None:
        super().__init__(why)
        self.span = span


@dataclass(frozen=True, slots=True)
class Apart:
    """What each thread has of its own of a loop.

    Parameters
    ----------
    sums, own : tuple of Var
        The arrays to which the loop only adds, and those of one iteration.
    folds : tuple of str
        The operation that joins terms to each value that the loop carries.
    """

    sums: tuple[Var, ...]
    own: tuple[Var, ...]
    folds: tuple[str, ...]


@dataclass(slots=True)
class Independence:
    """Proves the iterations of loops independent.

    Parameters
    ----------
    over : Dependence
        The accesses of the function.
    reassociate : bool
        Whether sums may be gathered in another order.
    reports : bool
        Whether an exception waits until the loop has ended, so that no iteration runs again after one.
    """

    over: Dependence
    reassociate: bool
    reports: bool = False
    additive: Additive = field(init=False)
    params: frozenset[Var] = field(init=False)
    owners: dict[Var, list[Definition]] = field(default_factory=dict)

    @classmethod
    def of(cls, fn: Func, reassociate: bool) -> Independence:
        """Proofs for a function."""
        return cls(dependence(fn), reassociate)

    def __post_init__(self) -> None:
        self.additive = Additive.of(self.over.fn, self.over.defs)
        self.params = frozenset(self.over.memory.root(p) for p in self.over.fn.params)
        for v, d in self.over.defs.items():
            if self.over.fn.types[v.name].rank and d.role in ("param", "line") and not is_view(d.stmt):
                self.owners.setdefault(self.over.memory.root(v), []).append(d)

    def apart(self, loop: Loop, path: Path, frames: tuple[Frame, ...]) -> Apart:
        """The arrays that threads need of their own to share a loop; raises Dependent where they cannot."""
        if loop.until is not None or not isinstance(loop.step, Const):
            raise Dependent("it may end early")
        if any(isinstance(s, (Print, Draw)) for s in walk(loop.body)):
            raise Dependent("it prints or draws")
        folds = tuple(map(self.fold, loop.carried))
        memory = _Memory(self, loop, path, frames)
        found = {root: memory.ways(root) for root in sorted(self.over.writes, key=str)}
        ways = {base: way for root in found for base, way in found[root].items()}
        made = all_defs([loop])
        if any(array not in made and ways.get(array) != "own" for array in memory.grown):
            raise Dependent("it records what no count tells")
        if not self.reports and any(may_raise(s) for s in walk(loop.body)):
            self.raises_again([root for root in found if "shared" in found[root].values()], loop, path)
        names: dict[Var, list[Var]] = {}
        for v in sorted((v for v in free([loop]) if self.over.fn.types[v.name].rank), key=str):
            names.setdefault(self.over.base(v), []).append(v)
        if any(way != "shared" and base not in names for base, way in ways.items()):
            raise Dependent("it exchanges arrays")
        sums, own = (tuple(v for base in ways if ways[base] == way for v in names[base]) for way in ("sums", "own"))
        return Apart(sums, own, folds)

    def fold(self, carry: Carry) -> str:
        """The operation that joins terms to a carried value; raises Dependent where a term depends on it."""
        array = self.over.fn.types[carry.var.name].rank > 0
        op = self.additive.folds(carry) if self.reassociate and not array else None
        if op is None:
            raise Dependent(f"an iteration needs '{self.told(carry.var)}' of the one before")
        return op

    def told(self, var: Var) -> str:
        """What the program calls a name."""
        return told(var.name, self.over.fn.types)

    def raises_again(self, changed: Sequence[Var], loop: Loop, path: Path) -> None:
        """Raise where the loop, run again after an exception, may not raise it again, or the caller sees its traces."""
        decisions = decisive(loop, self.over.memory)
        for root in changed:
            reads = [r for r in self.over.reads.get(root, ()) if inside(r, path)]
            again = root not in decisions or all(covered(self.over, read, path) for read in reads)
            if root in self.params or not again:
                raise Dependent(f"an exception in it would find '{self.told(root)}' changed")


@dataclass(slots=True)
class _Memory:
    of: Independence
    loop: Loop
    path: Path
    frames: tuple[Frame, ...]
    pairs: frozenset[int] = field(init=False)
    grown: frozenset[Var] = field(init=False)

    def __post_init__(self) -> None:
        self.grown = frozenset(s.array for s in walk(self.loop.body) if isinstance(s, Grow))
        self.pairs = frozenset(map(id, self.of.additive.pairs(self.loop.body)))

    def ways(self, root: Var) -> dict[Var, str]:
        """What threads do with the arrays of a class that the loop writes: "shared", "sums" or "own"."""
        over = self.of.over
        writes, reads = (
            [a for a in accesses.get(root, ()) if inside(a, self.path)] for accesses in (over.writes, over.reads)
        )
        if not writes or all(any(f.path == self.path for f in d.frames) for d in self.of.owners[root]):
            return {}
        for write in writes:
            if any(a.base != write.base and self.meets(write, a) for a in (*writes, *reads)):
                raise self.dependent(root, write)
        return {base: self.way(root, base, writes, reads) for base in sorted({w.base for w in writes}, key=str)}

    def meets(self, one: Access, other: Access) -> bool:
        """Whether statements may touch one element, under different names, in any iterations of the loop."""
        over = self.of.over
        if over.made_anew(one.base, other.base) or over.made_anew(other.base, one.base):
            return False
        common = [f for f in shared(one.frames, other.frames) if f.is_loop]
        return over.across(one, other, self.path) or over.meet(one, other, common, None)

    def way(self, root: Var, base: Var, all_writes: list[Access], all_reads: list[Access]) -> str:
        """What threads do with one array; raises Dependent."""
        over = self.of.over
        writes, reads = ([a for a in accesses if a.base == base] for accesses in (all_writes, all_reads))
        pairs = ((w, o) for k, w in enumerate(writes) for o in (*writes[k:], *reads))
        meeting = next((w for w, o in pairs if over.across(w, o, self.path)), None)
        if meeting is None:
            return "shared"
        if all(self.is_addition(a) for a in (*writes, *reads)):
            if self.of.reassociate:
                return "sums"
        elif (writes, reads) == (all_writes, all_reads) and self.is_own(root, base, writes, reads):
            return "own"
        raise self.dependent(root, meeting)

    def dependent(self, root: Var, write: Access) -> Dependent:
        """What is raised where iterations touch one element, and one of them writes it."""
        stmt = block_at(self.of.over.fn, write.path)[write.path[-1]]
        return Dependent(f"iterations meet in '{self.of.told(root)}'", getattr(stmt, "span", None))

    def is_addition(self, access: Access) -> bool:
        """Whether an access is one of an addition to an element."""
        stmt = block_at(self.of.over.fn, access.path)[access.path[-1]]
        return is_add(self.of.over.fn, access) or id(stmt) in self.pairs

    def is_own(self, root: Var, array: Var, writes: list[Access], reads: list[Access]) -> bool:
        """Whether an array, alone in its class, serves within iterations alone."""
        over = self.of.over
        if root in {over.memory.root(r) for r in over.fn.results if isinstance(r, Var)}:
            return False
        made = over.defs[array].stmt
        outer = [v for v in free([self.loop]) if over.fn.types[v.name].rank and over.memory.root(v) == root]
        if outer != [array] or not isinstance(made, Assign) or kind(made.op) != "alloc":
            return False
        if len(reads) != len(over.reads.get(root, ())):
            return False
        if OWN in dict(made.params) and len(writes) == len(over.writes[root]):
            # made for records, of which each iteration reads its own
            return True
        if is_log(over, writes, reads, self.path):
            return True
        adds = [w for w in writes if is_add(over.fn, w)]
        if array in self.grown:
            # its extents change, on which all other proofs rely
            return False
        if all(covered(over, access, self.path) for access in (*reads, *adds)):
            return len(adds) == sum(is_add(over.fn, w) for w in over.writes[root])
        alone = len(writes) == len(over.writes[root])
        if not alone or made.op != "zeros":
            return False
        return all(settled(over, a, self.path) for a in (*reads, *adds)) or self.is_left_zero(array, writes)

    def is_left_zero(self, array: Var, writes: list[Access]) -> bool:
        """Whether the last store into an array, in each iteration, sets all of it to zero."""
        over = self.of.over
        last = max(writes, key=lambda w: w.path)
        # position of the statement right in the loop that holds a write
        depth = len(self.path) + 1
        if any(w.path[: depth + 1] == last.path[: depth + 1] for w in writes if w is not last):
            return False
        stmt = block_at(over.fn, last.path)[last.path[-1]]
        if not isinstance(stmt, Store) or stmt.add or not isinstance(stmt.value, Const) or stmt.value.value != 0:
            return False
        end = (*self.path, 0, len(self.loop.body))
        frames = (*self.frames, Frame(self.path, self.loop, 0))
        whole = over.accesses.access(array, everything(over.fn, array), end, frames)
        return covers(over, last, whole, self.path)


def may_raise(stmt: Stmt) -> bool:
    """Whether a statement may end the function, for another reason than memory that is not there."""
    return isinstance(stmt, Check) or (isinstance(stmt, Assign) and kind(stmt.op) == "opaque")


def is_view(stmt: Stmt | None) -> bool:
    """Whether a line gives memory of another array a name."""
    return isinstance(stmt, Load) or (isinstance(stmt, Assign) and kind(stmt.op) == "view")


__all__ = ["Apart", "Dependent", "Independence"]
