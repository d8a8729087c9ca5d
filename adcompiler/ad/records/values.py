"""What the reverse sweep can do to have a value of the primal: its sources, and the costs of each way."""

from __future__ import annotations

from dataclasses import dataclass, field

from adcompiler.ad.prepare import Prepared
from adcompiler.ad.trips import is_known
from adcompiler.analysis.affine import affine
from adcompiler.analysis.dependence import Dependence, everything
from adcompiler.analysis.scope import Definition, Path, sites
from adcompiler.ir.ops import kind
from adcompiler.ir.walk import index_atoms
from adcompiler.ir.wengert import (
    Assign,
    Atom,
    Branch,
    Const,
    Func,
    Index,
    Load,
    Loop,
    Store,
    Var,
    While,
    is_element,
)

NEVER = float("inf")

# costs in units of about half a nanosecond: an addition in a loop that is not bound by memory
RECORD = 4.0
# where arithmetic is nearly free beside memory, as in the threads of a GPU
FAR_RECORD = 32.0
LOCAL = 0.5
RELOAD = 1.0
# what the adjoint computes anyway, as the cosine is for a sine
SHARED = 0.1
_CHEAP = 0.5
_COSTS = {"div": 4.0, "sqrt": 5.0, "mod": 4.0, "floordiv": 4.0, "pow": 40.0, "where": 1.0, "cut": 1.5}
_TRANSCENDENTAL = frozenset(
    "sin cos tan arcsin arccos arctan arctan2 sinh cosh tanh arcsinh arccosh arctanh exp exp2 expm1 log log2 log10"
    " log1p cbrt hypot logaddexp erf erfc gamma lgamma fmod".split()
)
# the remainder of an index that goes once around
_TURN = 1.0
# an array operation touches many elements, in recording as in recomputing
_ARRAY = 64.0


@dataclass(slots=True)
class Planner:
    """The primal with what is known about each name."""

    primal: Prepared
    fn: Func
    defs: dict[Var, Definition]
    overwrites: Dependence
    joined: frozenset[Path]
    computed: frozenset[tuple[str, tuple[Atom, ...]]]
    record: float = RECORD
    reloads: dict[Var, Load] = field(default_factory=dict)
    later: dict[Var, Var] = field(default_factory=dict)

    def find_reloads(self) -> None:
        """Scalars that the statement after them stores into an element that keeps them; loads that a copy repeats."""
        for stmt, path, frames in sites(self.fn.body):
            match stmt:
                case Store(array=array, value=Var() as v, add=False) if not self.fn.types[v.name].rank:
                    undone = self.overwrites.memory.root(array) in self.primal.restored
                    whole = undone or not is_element(stmt.index)
                    there = not self.perishes(array) and self.overwrites.defs[v].frames == frames != ()
                    same = self.fn.types[array.name].dtype == self.fn.types[v.name].dtype
                    if not whole and there and same and self.overwrites.lasting(stmt, path, frames, self.joined):
                        self.reloads[v] = Load(v, array, stmt.index, stmt.span)
                case _:
                    pass
        self.reloads.update(self.primal.copies)

    def home(self, v: Var) -> Path | None:
        """The innermost loop around the definition of `v`; None at the top level."""
        loops = self.defs[v].loops
        return loops[-1].path if loops else None

    def ready(self, v: Var) -> bool:
        """Whether `v` is simply there in the reverse sweep: a top-level name, an index, a trip count."""
        d = self.defs[v]
        return not d.frames or d.role == "index" or v in self.primal.counters or self.is_buffer(v)

    def is_buffer(self, v: Var) -> bool:
        """Whether `v` is one of the buffers that a loop exchanges and the reverse sweep exchanges back."""
        d = self.defs[v]
        if not self.fn.types[v.name].rank or d.role != "carry" or not isinstance(d.stmt, (Loop, While)):
            return False
        return self.overwrites.memory.root(v) in self.primal.restored and self.overwrites.exchanges(d.stmt)

    def sources(self, v: Var) -> tuple[Atom, ...] | None:
        """What `v` is recomputed from; None where it cannot be."""
        d = self.defs[v]
        if v in self.reloads:
            return (self.reloads[v].array, *index_atoms(self.reloads[v].index))
        if v in self.later:
            return (self.later[v],)
        match d.stmt:
            case Assign(op=op, args=args) if d.role == "line":
                reads = [a for a in args if isinstance(a, Var) and self.fn.types[a.name].rank]
                made = self.fn.types[v.name].rank and kind(op) != "view" and self.stored(v)
                lost = kind(op) not in ("view", "shape") and any(self.lost(a, everything(self.fn, a), v) for a in reads)
                return None if made or lost else args
            case Load(array=array, index=index):
                atoms = (array, *index_atoms(index))
                return None if not self.fn.types[v.name].rank and self.lost(array, index, v) else atoms
            case Branch(test=test, outs=outs) if not self.fn.types[v.name].rank:
                out = next(o for o in outs if o.var == v)
                return (test, out.then, out.other)
            case _:
                return None

    def stored(self, v: Var) -> bool:
        """Whether anything is stored into the memory of an array."""
        return self.overwrites.written(v)

    def perishes(self, array: Var) -> bool:
        """Whether an array is written and lives in a region, so that the reverse sweep cannot refer to its memory."""
        base = self.overwrites.base(array)
        return bool(self.defs[base].frames) and not self.is_buffer(base) and self.stored(array)

    def lost(self, array: Var, index: Index, reader: Var) -> bool:
        """Whether the line that defines `reader` would find other contents in the reverse sweep."""
        path, frames = self.defs[reader].path, self.overwrites.defs[reader].frames
        if self.perishes(array):
            return True
        if self.overwrites.memory.root(array) in self.primal.restored:
            return self.overwrites.spoiled(array, index, path, frames)
        return self.overwrites.overwritten(array, index, path, frames, self.joined)

    def handed_on(self, kept: set[Var]) -> dict[Var, Var]:
        """Scalars of which the next iteration records what it gets: they are in the next row of that tape.

        The loops must have tapes with an axis each; the last one has a row more.
        """
        found: dict[Var, Var] = {}
        for v in sorted(kept, key=str):
            d = self.defs[v]
            if (
                d.role != "carry"
                or self.fn.types[v.name].rank
                or not all(is_known(f.region, self.defs) for f in d.loops)
            ):
                continue
            assert isinstance(d.stmt, Loop)
            after = next(c.next for c in d.stmt.carried if c.var == v)
            if isinstance(after, Var) and self.home(after) == self.home(v) and self.defs[after].role != "carry":
                found[after] = v
        return {after: v for after, v in found.items() if after not in self.reloads}

    def compute_cost(self, v: Var) -> float:
        """The cost of computing `v` once from its sources."""
        stmt = self.defs[v].stmt
        if not isinstance(stmt, Assign) or v in self.reloads or v in self.later:
            return RELOAD
        if (stmt.op, stmt.args) in self.computed:
            return SHARED
        many = any(self.fn.type(a).rank for a in (v, *stmt.args)) and kind(stmt.op) not in ("view", "shape")
        one = 12.0 if stmt.op in _TRANSCENDENTAL else _COSTS.get(stmt.op, _CHEAP)
        if stmt.op == "mod" and self.turns(stmt):
            one = _TURN
        if stmt.op == "pow" and isinstance(stmt.args[1], Const) and stmt.args[1].value in (2, 3):
            one = 2 * _CHEAP
        if kind(stmt.op) in ("contract", "opaque"):
            one = 32.0 if kind(stmt.op) == "contract" else 256.0
        return one * (_ARRAY if many else 1.0)

    def turns(self, stmt: Assign) -> bool:
        """Whether a remainder is that of a loop's index, as for neighbours on a ring: mostly it needs no division."""
        if self.fn.types[stmt.target.name].dtype != "int64" or self.fn.types[stmt.target.name].rank:
            return False
        terms = affine(self.fn).form(stmt.args[0]).terms
        return any(isinstance(s, Var) and self.defs[s].role == "index" for s, _ in terms)

    def extents_of(self, kept: set[Var]) -> set[Var]:
        """The extents, computed in an arm of a branch, of arrays that the branch hands out."""
        arrays = [v for v in kept if self.fn.types[v.name].rank and not self.defs[v].loops]
        return {a for v in arrays for a in self.fn.shape(v) if isinstance(a, Var) and self.defs[a].frames}

    def record_cost(self, v: Var) -> float:
        """The cost of storing `v` and loading it again."""
        type, d = self.fn.types[v.name], self.defs[v]
        if type.rank and d.role in ("line", "out") and self.stored(v):
            return NEVER
        if not d.loops:
            return LOCAL
        return self.record * (type.numpy.itemsize / 8) * (_ARRAY if type.rank else 1.0)
