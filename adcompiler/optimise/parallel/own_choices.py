"""Branches that choose one of two arrays copy it, so that a name always means one memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from adcompiler.analysis.dependence import dependence, everything
from adcompiler.analysis.scope import Path, sites
from adcompiler.ir.build import Builder, make_func
from adcompiler.ir.walk import all_defs, map_blocks, rename
from adcompiler.ir.wengert import Assign, Atom, Block, Branch, Func, Grow, Loop, Out, Stmt, Store, Var, While
from adcompiler.optimise.parallel.own_memory import is_made, within


def own_choices(fn: Func) -> Func:
    """Let a branch in a loop copy the array that it chooses, where nobody can tell the copy from the array.

    Before:  if a > 0: y = 2 * x; else: y = x
    After:   y = empty(2); if a > 0: y[:] = 2 * x; else: y[:] = x

    Nobody can tell if no element of such an array changes from then on, or if it was made in the branch itself.
    """
    while (found := _rewritten(fn)) is not fn:
        # what a branch chooses may be what another one has chosen
        fn = found
    return fn


def _rewritten(fn: Func) -> Func:
    """A function in which those branches copy of which that is known at once."""
    choices = _Choices(fn)
    body = choices.block(fn.body, (), False)
    if not choices.names:
        return fn
    body = rename(body, choices.names)
    results = [choices.names.get(r, r) if isinstance(r, Var) else r for r in fn.results]
    return make_func(fn.name, fn.params, body, results, choices.b.types, choices.b.shapes, fn.doc)


class _Choices:
    """Walks over blocks and rewrites branches in loops."""

    def __init__(self, fn: Func) -> None:
        self.fn, self.b, self.over = fn, Builder.of(fn), dependence(fn)
        self.names: dict[Var, Atom] = {}
        found = list(sites(fn.body))
        self.stores = [(s.array, path) for s, path, _ in found if isinstance(s, (Store, Grow))]
        self.loops = [path for s, path, _ in found if isinstance(s, (Loop, While))]

    def block(self, block: Block, path: Path, looped: bool) -> Block:
        """A block, perhaps in a loop."""
        with self.b.block() as lines:
            for position, stmt in enumerate(block):
                self.statement(stmt, (*path, position), looped)
        return tuple(lines)

    def statement(self, stmt: Stmt, path: Path, looped: bool) -> None:
        """One statement."""
        arm, looped = iter(range(2)), looped or isinstance(stmt, (Loop, While))
        made = map_blocks(stmt, lambda block: self.block(block, (*path, next(arm)), looped))
        chosen = [o for o in stmt.outs if self.legal(o, stmt, path)] if isinstance(stmt, Branch) and looped else []
        if not isinstance(made, Branch) or not chosen:
            self.b.add(made)
            return
        with self.b.at(made.span):
            for o in chosen:
                self.names[o.var] = self.made(o.var)
            then = self.copied(made.then, [(o.var, o.then) for o in chosen])
            other = self.copied(made.other, [(o.var, o.other) for o in chosen])
            outs = tuple(o for o in made.outs if o not in chosen)
            self.b.add(replace(made, then=then, other=other, outs=outs))

    def legal(self, out: Out, branch: Branch, path: Path) -> bool:
        """Whether an array is chosen whose extents are known before, and nobody can tell a copy from it."""
        if not self.fn.types[out.var.name].rank or not all_defs([branch]).isdisjoint(self.fn.shape(out.var)):
            return False
        root = self.over.memory.root(out.var)
        alone = all(o is out or self.over.memory.root(o.var) != root for o in branch.outs)
        arms = [(out.then, (*path, 0)), (out.other, (*path, 1))]
        return self.settled(out.var, path) or (alone and all(self.is_new(a, arm) for a, arm in arms))

    def settled(self, array: Var, path: Path) -> bool:
        """Whether no array of a class changes once a branch has chosen one."""
        root = self.over.memory.root(array)
        return all(self.over.memory.root(v) != root or self.earlier(v, at, path) for v, at in self.stores)

    def earlier(self, array: Var, at: Path, path: Path) -> bool:
        """Whether a store comes before the end of a branch, into an array that each turn of loops around both makes."""
        base = self.over.base(array)
        around = [place for place in self.loops if path[: len(place)] == at[: len(place)] == place]
        made = is_made(self.over.defs[base].stmt) and all(within(self.over, base, place) for place in around)
        return made and at < (*path, 2)

    def is_new(self, array: Atom, arm: Path) -> bool:
        """Whether an array was made in an arm of a branch."""
        assert isinstance(array, Var)
        made = self.over.defs[self.over.base(array)]
        return is_made(made.stmt) and made.path[: len(arm)] == arm

    def made(self, like: Var) -> Var:
        """A new array."""
        shape, type = self.fn.shape(like), self.fn.types[like.name]
        array = self.b.var(f"{like.name}_own", type.array(type.rank), shape)
        self.b.add(Assign(array, "empty", shape, (("dtype", type.dtype),), self.b.span))
        return array

    def copied(self, arm: Block, pairs: Sequence[tuple[Var, Atom]]) -> Block:
        """An arm that ends with copies."""
        with self.b.block() as lines:
            for stmt in arm:
                self.b.add(stmt)
            for target, source in pairs:
                own = self.names[target]
                assert isinstance(own, Var)
                if not self.is_nothing(source):
                    self.b.store(own, everything(self.fn, target), source)
        return tuple(lines)

    def is_nothing(self, array: Atom) -> bool:
        """Whether an array has no contents: it stands, perhaps with another length, where the other arm has one."""
        assert isinstance(array, Var)
        made = self.over.defs[array].stmt
        return (
            isinstance(made, Assign) and made.op == "empty" and array not in {self.over.base(v) for v, _ in self.stores}
        )


__all__ = ["own_choices"]
