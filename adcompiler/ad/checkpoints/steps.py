"""One iteration of a loop as a function of its own: what it reads of the program around it, and what it changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from adcompiler.ad.checkpoints.state import lasting, passing
from adcompiler.ad.checkpoints.unmarked import stands_for_a_call
from adcompiler.ad.draws import refuse_repeated
from adcompiler.analysis.alias import aliases
from adcompiler.analysis.dependence import Dependence
from adcompiler.analysis.scope import Path
from adcompiler.errors import UnsupportedSyntax
from adcompiler.ir.build import make_func
from adcompiler.ir.dead import drop_dead
from adcompiler.ir.ops import kind
from adcompiler.ir.walk import all_defs, all_reads, as_var, map_blocks, walk
from adcompiler.ir.wengert import Assign, Atom, Block, Check, Func, Grow, Load, Loop, Print, Store, Var


@dataclass(frozen=True, slots=True)
class Step:
    """An iteration of a loop.

    Parameters
    ----------
    loop : Loop
        The loop.
    body : Block
        Its lines, after lines for the views that it uses of arrays from outside; without checks and prints, which
        have had their effect when it runs again.
    bases : tuple of Var
        The arrays from outside, views looked through.
    written : frozenset of Var
        Those of them into which it stores.
    scalars : tuple of Var
        The other names from outside.
    lasting : frozenset of Var
        The written arrays that are read again where they lie.
    passing : frozenset of Var
        The written arrays whose contents at the start of an iteration do not matter.
    """

    fn: Func
    loop: Loop
    body: Block
    bases: tuple[Var, ...]
    written: frozenset[Var]
    scalars: tuple[Var, ...]
    lasting: frozenset[Var]
    passing: frozenset[Var]

    @property
    def once(self) -> bool:
        """Whether the loop stands for one call, and makes a single trip."""
        return stands_for_a_call(self.loop)

    @property
    def carried_arrays(self) -> tuple[Var, ...]:
        """The names under which an iteration gets arrays from the one before."""
        return tuple(c.var for c in self.loop.carried if self.fn.types[c.var.name].rank)

    @property
    def memory(self) -> tuple[Var, ...]:
        """The arrays whose contents may be another at the next iteration."""
        return (*self.carried_arrays, *sorted(self.written - self.lasting, key=str))

    def func(self, results: Iterable[Atom]) -> Func:
        """The iteration as a function of everything that it reads."""
        params = (self.loop.index, *(c.var for c in self.loop.carried), *self.bases, *self.scalars)
        return make_func("step", params, self.body, tuple(results), self.fn.types, self.fn.shapes)


def step_of(over: Dependence, loop: Loop, path: Path) -> Step:
    """The iteration of a loop; refuses one that shares memory in a way that a kept state would not show."""
    fn = over.fn
    refuse_repeated(loop.body, "a loop whose iterations run again", loop.span)
    own = {loop.index, *(c.var for c in loop.carried), *all_defs(loop.body)}
    if any(isinstance(s, Grow) and s.array not in own for s in walk(loop.body)):
        # a kept state has the extents that arrays have before the loop
        what = "a list from before a checkpointed loop grows there by a number of items that is not known before it"
        raise UnsupportedSyntax(what, loop.span, "append to a list that the iteration makes, or write into an array")
    body = quiet(loop.body)
    used = {v for v in all_reads(body) | {c.next for c in loop.carried} if isinstance(v, Var)}
    arrays = {v for v in used - own if fn.types[v.name].rank}
    head, bases = views(over, arrays)
    inside = {*own, *all_defs(head)}
    names = used | all_reads(head) | inside
    extents = {a for v in names for a in fn.shape(v) if isinstance(a, Var)}
    scalars = {v for v in (names | extents) - inside if not fn.types[v.name].rank}
    stored = {over.memory.root(s.array) for s in walk(body) if isinstance(s, Store) and not fresh(over, s, own)}
    written = frozenset(v for v in bases if over.memory.root(v) in stored)
    last = lasting(over, written, path)
    own_only = passing(over, written - last, path)
    step = Step(fn, loop, (*head, *body), bases, written, tuple(sorted(scalars, key=str)), last, own_only)
    refuse_shared(over, step, stored)
    return step


def quiet(block: Block) -> Block:
    """A block without checks and prints."""
    return tuple(map_blocks(s, quiet) for s in block if not isinstance(s, (Check, Print)))


def views(over: Dependence, arrays: Iterable[Var]) -> tuple[Block, tuple[Var, ...]]:
    """The lines that make some arrays, as far as they are views, and the arrays that these are views of."""
    lines: dict[Var, Assign | Load] = {}
    bases: set[Var] = set()
    agenda = sorted(arrays, key=str)
    while agenda:
        v = agenda.pop()
        stmt = over.defs[v].stmt
        view = isinstance(stmt, Load) or (isinstance(stmt, Assign) and kind(stmt.op) == "view")
        if not view or over.defs[v].role != "line":
            bases.add(v)
        elif v not in lines:
            assert isinstance(stmt, (Assign, Load))
            lines[v] = stmt
            agenda.append(stmt.array if isinstance(stmt, Load) else as_var(stmt.args[0]))
    order = sorted(lines, key=lambda v: over.defs[v].path)
    return tuple(lines[v] for v in order), tuple(sorted(bases, key=str))


def refuse_shared(over: Dependence, step: Step, stored: set[Var]) -> None:
    """Raise UnsupportedSyntax where arrays that an iteration writes may share memory under several names."""
    fn, loop = step.fn, step.loop
    apart = aliases(replace(fn, body=without(fn.body, loop)))
    carried = [c for c in loop.carried if fn.types[c.var.name].rank]
    taken = [*step.bases, *(as_var(c.init) for c in carried if over.memory.root(c.var) in stored)]
    for k, v in enumerate(taken):
        if over.memory.root(v) in stored and any(apart.root(v) == apart.root(w) for w in taken[:k]):
            what = f"the array `{v}` is written in a checkpointed loop, and has another name there"
            raise UnsupportedSyntax(what, loop.span, "use one name, or start from a copy")
    for c in carried:
        if fn.shape(c.var) != fn.shape(c.init) and not step.once:
            what = f"the array `{c.var}` changes its size in a checkpointed loop"
            raise UnsupportedSyntax(what, loop.span, "give it its final size before the loop")
        if over.memory.root(c.var) in stored and not exchanged(over, step, c.var):
            what = f"the array `{c.var}` is written and handed on in a checkpointed loop"
            raise UnsupportedSyntax(what, loop.span, "write into one array, or make a new one in each iteration")


def exchanged(over: Dependence, step: Step, array: Var) -> bool:
    """Whether the carried arrays that may share memory with one only change places, and nothing else joins them."""
    root = over.memory.root
    alike = [c for c in step.loop.carried if step.fn.types[c.var.name].rank and root(c.var) == root(array)]
    return {c.next for c in alike} == {c.var for c in alike} and not any(root(v) == root(array) for v in step.bases)


def fresh(over: Dependence, store: Store, own: set[Var]) -> bool:
    """Whether a store only reaches an array that the same iteration has made."""
    base = over.base(store.array)
    return base in own and over.defs[base].role == "line"


def without(block: Block, loop: Loop) -> Block:
    """A block without one loop."""
    kept = (s for s in block if not (isinstance(s, Loop) and s.index == loop.index))
    return tuple(map_blocks(s, lambda b: without(b, loop)) for s in kept)


def pruned(fn: Func, memory: Iterable[Var]) -> Func:
    """A function without the lines that serve only the contents of some of its arrays; parameters that are read."""
    given = [v for v in fn.params if v in set(memory)]
    head = [Assign(v, "empty", fn.shape(v), (("dtype", fn.types[v.name].dtype),), None) for v in given]
    params = [p for p in fn.params if p not in given]
    swept = drop_dead(make_func(fn.name, params, (*head, *fn.body), fn.results, fn.types, fn.shapes))
    left = {s.target for s in swept.body if s in head and isinstance(s, Assign)}
    body = tuple(s for s in swept.body if s not in head)
    return make_func(
        fn.name, [p for p in fn.params if p not in given or p in left], body, fn.results, fn.types, fn.shapes
    )


def read(fn: Func) -> Iterator[Var]:
    """The parameters that a function reads, or whose contents it changes."""
    used = all_reads(fn.body) | {r for r in fn.results if isinstance(r, Var)}
    return (p for p in fn.params if p in used)
