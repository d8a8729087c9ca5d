"""What a loop has kept is read from the loop, where the derivative needed it computed again from its index.

The derivative of a running maximum follows one line after the loop, which computes the value of the noted iteration
again (see `ad.choices`). The loop has the same value from the same lines: elements that nobody has changed since, and
numbers of that iteration.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from adcompiler.ir.build import ZERO, make_func
from adcompiler.ir.memory import Memory, memory_of
from adcompiler.ir.types import Type
from adcompiler.ir.walk import all_defs, map_blocks, rename, rename_extents, walk
from adcompiler.ir.wengert import Assign, Atom, Block, Branch, Carry, Const, Func, Load, Loop, Out, Stmt, Var

_NONE_YET = Const(-1)
_INDEX = ("the index",)


def read_kept(fn: Func) -> Func:
    """Take from a loop what a branch after it would compute again.

    Before:  last = -1; for i in range(n): t = x[i]; if t > best: best = t; last = i
             if last >= 0: most = x[last]
             else: most = the first best
    After:   the loop; most = best
    """
    if not any(isinstance(s, Loop) and any(c.init == _NONE_YET for c in s.carried) for s in walk(fn.body)):
        return fn
    pass_ = _Keeping(fn, memory_of(fn))
    body = pass_.block(fn.body)
    if not pass_.known:
        return fn
    results = [pass_.known.get(r, r) if isinstance(r, Var) else r for r in fn.results]
    shapes = rename_extents(fn.shapes, pass_.known)
    return make_func(fn.name, fn.params, rename(body, pass_.known), results, fn.types, shapes, fn.doc)


@dataclass(frozen=True, slots=True)
class _Kept:
    """A value that a loop keeps of one iteration: from which line on, and as what it leaves the loop."""

    loop: Loop
    note: Carry
    value: Atom
    carry: Carry
    lines: Mapping[Var, Stmt]


@dataclass(slots=True)
class _Keeping:
    fn: Func
    memory: Memory
    known: dict[Var, Atom] = field(default_factory=dict)

    def block(self, block: Block) -> Block:
        """A block in which branches yield nothing that a loop before them has kept."""
        done, lines = list[Stmt](), dict[Var, Stmt]()
        for stmt in block:
            inner = map_blocks(stmt, self.block)
            if isinstance(inner, Branch) and not inner.other:
                left = tuple(o for o in inner.outs if not self.taken(inner, o, done, lines))
                inner = replace(inner, outs=left)
            done.append(inner)
            if isinstance(inner, Assign):
                lines[inner.target] = inner
        return tuple(done)

    def taken(self, branch: Branch, out: Out, done: list[Stmt], lines: Mapping[Var, Stmt]) -> bool:
        """Whether a loop before a branch has the value of one of its results, which is noted then."""
        test = lines.get(branch.test) if isinstance(branch.test, Var) else None
        if not isinstance(test, Assign) or test.op != "ge" or test.args[1] != ZERO:
            return False
        for place, loop in enumerate(done):
            if isinstance(loop, Loop) and any(c.out == test.args[0] for c in loop.carried):
                return any(self.same(kept, branch, out, done[place:]) for kept in _all_kept(loop, test.args[0]))
        return False

    def same(self, kept: _Kept, branch: Branch, out: Out, since: list[Stmt]) -> bool:
        """Whether the branch computes what was kept, from elements that are as they were."""
        if kept.carry.init != out.other or self.type(kept.carry.out) != self.type(out.var):
            return False
        inside, read = all_defs([kept.loop]), set[Var]()
        arm = {s.target: s for s in branch.then if isinstance(s, (Assign, Load))}
        wanted = self.tree(out.then, arm, all_defs(branch.then), kept.note.out, set())
        found = self.tree(kept.value, kept.lines, inside, kept.loop.index, read)
        if found is None or found != wanted or self.memory.changed(read, (*since, *branch.then)):
            return False
        self.known[out.var] = kept.carry.out
        return True

    def tree(self, atom: Atom, lines: Mapping[Var, Stmt], own: set[Var], index: Atom, read: set[Var]) -> Hashable:
        """How a value follows from the index and from what stands outside; None where it does not."""
        if atom == index:
            return _INDEX
        if isinstance(atom, Const) or atom not in own:
            return atom
        stmt = lines.get(atom)
        if not isinstance(stmt, (Assign, Load)) or self.fn.types[atom.name].rank:
            return None
        if isinstance(stmt, Load):
            read.add(stmt.array)
            items = [a for a in stmt.index if isinstance(a, (Var, Const))]
            head: Hashable = ("load", stmt.array)
            if len(items) < len(stmt.index) or stmt.array in own:
                return None
        else:
            items, head = list(stmt.args), (stmt.op, stmt.params)
            if any(self.type(a).rank for a in items):
                return None
        below = tuple(self.tree(a, lines, own, index, read) for a in items)
        return None if None in below else (head, self.type(atom), below)

    def type(self, atom: Atom) -> Type:
        """The type of an atom."""
        return self.fn.type(atom)


def _all_kept(loop: Loop, note: Atom) -> Iterator[_Kept]:
    """What a loop keeps of just the iteration whose index it notes."""
    noted = next(c for c in loop.carried if c.out == note)
    if noted.init != _NONE_YET or not _counts_up(loop):
        return
    lines = {s.target: s for s in loop.body if isinstance(s, (Assign, Load))}
    for stmt in loop.body:
        if isinstance(stmt, Branch):
            for arm, block in enumerate((stmt.then, stmt.other)):
                ends = {o.var: ((o.then, o.other)[arm], (o.then, o.other)[1 - arm]) for o in stmt.outs}
                if ends.get(_var(noted.next)) == (loop.index, noted.var):
                    own = {s.target: s for s in block if isinstance(s, (Assign, Load))}
                    for c in loop.carried:
                        value, other = ends.get(_var(c.next), (c.var, None))
                        if c != noted and other == c.var:
                            yield _Kept(loop, noted, value, c, {**lines, **own})
    choice = lines.get(_var(noted.next))
    if isinstance(choice, Assign) and choice.op == "where" and choice.args[1:] == (loop.index, noted.var):
        for c in loop.carried:
            line = lines.get(_var(c.next))
            if c != noted and isinstance(line, Assign) and line.op == "where":
                if line.args[0] == choice.args[0] and line.args[2] == c.var:
                    yield _Kept(loop, noted, line.args[1], c, lines)


def _var(atom: Atom) -> Var:
    """A name, or one that there is not."""
    return atom if isinstance(atom, Var) else Var("")


def _counts_up(loop: Loop) -> bool:
    """Whether no index of a loop is negative, for all that its literals say."""
    return all(isinstance(a, Const) and isinstance(a.value, int) and a.value >= 0 for a in (loop.start, loop.step))


__all__ = ["read_kept"]
