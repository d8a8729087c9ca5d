"""Arrays that a loop hands on get memory of their own, so that a name always means one memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from adcompiler.analysis.dependence import Dependence, dependence
from adcompiler.analysis.scope import Path, sites
from adcompiler.ir.build import Builder, make_func
from adcompiler.ir.ops import kind
from adcompiler.ir.walk import map_blocks, operands, rename, yields
from adcompiler.ir.wengert import Assign, Atom, Block, Carry, Func, Grow, Loop, Stmt, Store, Var, While
from adcompiler.optimise.parallel.items import over_elements

# after every statement of a block
_END = 1 << 60


def own_memory(fn: Func) -> Func:
    """Let a loop copy the arrays that it hands on, where nobody can tell the copies from the arrays.

    Before:  y = x; for s in range(n): z = empty(2); z[0] = y[1]; z[1] = y[0]; y = z
    After:   y = empty(2); y[:] = x; for s in range(n): z = empty(2); z[0] = y[1]; z[1] = y[0]; y[:] = z

    Nobody can tell if no element of such an array changes once the loop has it: each is written where it was made, in
    the same iteration, and before it is handed on. Nor if nothing uses the array under another name from then on.
    """
    owning = _Owning(fn)
    body = rename(owning.block(fn.body, ()), owning.names)
    results = [owning.names.get(r, r) if isinstance(r, Var) else r for r in fn.results]
    return make_func(fn.name, fn.params, body, results, owning.b.types, owning.b.shapes, fn.doc)


class _Owning:
    """Walks over blocks and rewrites loops that hand arrays on."""

    def __init__(self, fn: Func) -> None:
        self.fn, self.b, self.over = fn, Builder.of(fn), dependence(fn)
        self.names: dict[Var, Atom] = {}
        self.stores = [(s, path, frames) for s, path, frames in sites(fn.body) if isinstance(s, (Store, Grow))]
        self.uses: dict[Var, list[Path]] = {}
        self.around: dict[Path, Path | None] = {}
        for stmt, path, frames in sites(fn.body):
            if isinstance(stmt, (Loop, While)):
                self.around[path] = next((f.path for f in reversed(frames) if f.is_loop), None)
            for atoms, at in ((operands(stmt), path), (yields(stmt), (*path, _END))):
                for a in atoms:
                    if isinstance(a, Var) and fn.types[a.name].rank:
                        self.uses.setdefault(a, []).append(at)

    def block(self, block: Block, path: Path) -> Block:
        """A block with the loops in it rewritten."""
        with self.b.block() as lines:
            for position, stmt in enumerate(block):
                self.statement(stmt, (*path, position))
        return tuple(lines)

    def statement(self, stmt: Stmt, path: Path) -> None:
        """One statement."""
        arm = iter(range(2))
        made = map_blocks(stmt, lambda block: self.block(block, (*path, next(arm))))
        if isinstance(made, (Loop, While)) and isinstance(stmt, (Loop, While)):
            arrays = [c for c in stmt.carried if self.fn.types[c.var.name].rank]
            if arrays and all(self.legal(c, stmt, path) for c in arrays):
                with self.b.at(stmt.span):
                    self.rewrite(made, arrays, path)
                return
        self.b.add(made)

    def legal(self, carry: Carry, loop: Loop | While, path: Path) -> bool:
        """Whether the extents of an array stay, and nobody can tell a copy from it."""
        if any(isinstance(a, Var) and within(self.over, a, path) for a in self.fn.shape(carry.var)):
            return False
        root = self.over.memory.root(carry.var)
        return self.unchanged(root) or self.taken_over(root, loop, path)

    def taken_over(self, root: Var, loop: Loop | While, path: Path) -> bool:
        """Whether the arrays of a class are used under no name from outside once a loop has them."""
        around, out = self.around[path], {c.out for c in loop.carried}
        for name in self.class_of(root):
            if name in out or within(self.over, name, path):
                continue
            uses = [at for at in self.uses.get(name, ()) if at != path]
            if around is None or within(self.over, name, around):
                if any(at > path for at in uses):
                    return False
            elif any(at != around and at[: len(around)] == around for at in uses):
                return False
        return not any(isinstance(s, Grow) and self.over.memory.root(s.array) == root for s, _, _ in self.stores)

    def class_of(self, root: Var) -> list[Var]:
        """The names of the arrays of a class."""
        return [v for v in self.over.defs if self.fn.types[v.name].rank and self.over.memory.root(v) == root]

    def unchanged(self, root: Var) -> bool:
        """Whether no element changes once a loop has the array."""
        over = self.over
        for store, at, frames in self.stores:
            if over.memory.root(store.array) != root:
                continue
            base = over.base(store.array)
            made = over.defs[base]
            if isinstance(store, Grow) or not is_made(made.stmt) or made.role != "line":
                return False
            around = [f.path for f in made.loops]
            if around != [f.path for f in frames if f.is_loop][: len(around)]:
                return False
            if any(at > there for there in self.handed(base)):
                return False
        return True

    def handed(self, base: Var) -> list[Path]:
        """The loops that begin with an array."""
        return [
            path
            for stmt, path, _ in sites(self.fn.body)
            if isinstance(stmt, (Loop, While))
            for c in stmt.carried
            if isinstance(c.init, Var) and self.fn.types[c.init.name].rank and self.over.base(c.init) == base
        ]

    def rewrite(self, loop: Loop | While, arrays: Sequence[Carry], path: Path) -> None:
        """Append a loop that copies the arrays."""
        own = {c.var: self.made(c.var, c.var) for c in arrays}
        for c in arrays:
            self.copy(own[c.var], c.init)
            self.names |= {c.var: own[c.var], c.out: own[c.var]}
        with self.b.block() as last:
            self.hand_on([(own[c.var], c) for c in arrays if c.next != c.var], path)
        kept = tuple(c for c in loop.carried if c not in arrays)
        self.b.add(replace(loop, carried=kept, body=(*loop.body, *last)))

    def hand_on(self, pairs: Sequence[tuple[Var, Carry]], path: Path) -> None:
        """Append the copies at the end of an iteration: what is in the old arrays is set aside first."""
        aside = {c.var: self.made(c.next, c.var) for _, c in pairs if not self.is_new(c.next, path)}
        for _, c in pairs:
            if c.var in aside:
                self.copy(aside[c.var], c.next)
        for own, c in pairs:
            self.copy(own, aside.get(c.var, c.next))

    def is_new(self, array: Atom, path: Path) -> bool:
        """Whether an array was made in the loop at `path`."""
        assert isinstance(array, Var)
        base = self.over.base(array)
        return is_made(self.over.defs[base].stmt) and within(self.over, base, path)

    def made(self, like: Atom, shaped: Var) -> Var:
        """A new array."""
        assert isinstance(like, Var)
        shape, type = self.fn.shape(shaped), self.fn.types[like.name]
        array = self.b.var(f"{like.name}_own", type.array(type.rank), shape)
        self.b.add(Assign(array, "empty", shape, (("dtype", type.dtype),), self.b.span))
        return array

    def copy(self, to: Var, source: Atom) -> None:
        """Append a copy of all elements."""
        assert isinstance(source, Var)
        over_elements(self.b, self.b.shape(to), lambda i: self.b.store(to, i, self.b.load(source, i)))


def is_made(stmt: Stmt | None) -> bool:
    """Whether a statement gives memory that no other array has."""
    return isinstance(stmt, Assign) and kind(stmt.op) != "view"


def within(over: Dependence, var: Var, path: Path) -> bool:
    """Whether a name is defined in the loop at `path`."""
    found = over.defs.get(var)
    return found is not None and any(f.path == path for f in found.frames)


__all__ = ["own_memory"]
