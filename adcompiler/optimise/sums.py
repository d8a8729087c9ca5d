"""Adjoint arrays begin with their first term instead of zeros; copies that nobody can tell from their source go."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from adcompiler.ir.build import Builder, make_func
from adcompiler.ir.memory import Memory
from adcompiler.ir.walk import all_reads, map_blocks, rename, walk
from adcompiler.ir.wengert import Assign, Atom, Block, Branch, Func, Loop, Stmt, Store, Var, While
from adcompiler.optimise.substitution import Substitution


def begin_sums(fn: Func) -> Func:
    """Begin a sum with its first term.

    Before:  t_bar = zeros(n); t_bar[:] += y_bar; x_bar = t_bar * w
    After:   x_bar = y_bar * w

    Only for derivatives, where the sign of a zero means nothing.
    """
    pass_ = _Sums(Builder.of(fn), Memory(fn), frozenset())
    body = pass_.begun(fn.body)
    fn = make_func(fn.name, fn.params, body, fn.results, fn.types, fn.shapes, fn.doc)
    pass_ = _Sums(Builder.of(fn), Memory(fn), _distinct(fn))
    body = pass_.without_copies(fn.body)
    if not pass_.sources.known:
        return fn
    names = {v: pass_.sources(v) for v in pass_.sources.known}
    return pass_.sources.rebuilt(fn, rename(body, names), fn.types, fn.shapes)


@dataclass(slots=True)
class _Sums:
    b: Builder
    memory: Memory
    distinct: frozenset[Var]
    sources: Substitution = field(default_factory=Substitution)

    # -- first terms ---------------------------------------------------------------------------------------------

    def begun(self, block: Block) -> Block:
        """A block in which no array of zeros is added to before it is read."""
        lines: list[Stmt | None] = [map_blocks(s, self.begun) for s in block]
        for position, stmt in enumerate(block):
            if not isinstance(stmt, Assign) or stmt.op != "zeros" or not is_derivative(stmt.target):
                continue
            later = self.first_use(block, position, stmt.target)
            if later is None:
                continue
            store = block[later]
            if isinstance(store, Store) and self.covers(store, stmt.target):
                lines[position], lines[later] = self.first(stmt, store)
        return tuple(line for line in lines if line is not None)

    def first_use(self, block: Block, position: int, array: Var) -> int | None:
        """Where an array is next read or written."""
        return next((k for k in range(position + 1, len(block)) if array in all_reads((block[k],))), None)

    def covers(self, store: Store, array: Var) -> bool:
        """Whether a store adds to all elements of an array, and is the first to do so."""
        return store.add and store.array == array and store.index == self.b.everything(array) and store.value != array

    def first(self, zeros: Assign, store: Store) -> tuple[Stmt | None, Stmt]:
        """The two statements as a new array with the value stored."""
        value, array = store.value, zeros.target
        type, given = self.b.types[array.name], self.b.type(value)
        if given.rank == 0 and given.dtype == type.dtype:
            return None, Assign(array, "full", (value, *zeros.args), zeros.params, store.span)
        if given.dtype == type.dtype and self.b.shape(value) == self.b.shape(array):
            return None, Assign(array, "copy", (value,), (), store.span)
        return replace(zeros, op="empty"), replace(store, add=False)

    # -- copies --------------------------------------------------------------------------------------------------

    def without_copies(self, block: Block) -> Block:
        """A block without copies that are equal to their source for as long as they are read."""
        built: list[Stmt] = []
        for position, stmt in enumerate(block):
            if isinstance(stmt, Assign) and self.is_needless(stmt, block[position + 1 :]):
                self.sources.known[stmt.target] = stmt.args[0]
            elif isinstance(stmt, While):
                # names of the condition live on in the body, which is not the rest of its block
                built.append(replace(stmt, body=self.without_copies(stmt.body)))
            else:
                built.append(map_blocks(stmt, self.without_copies))
        return tuple(built)

    def is_needless(self, stmt: Assign, rest: Iterable[Stmt]) -> bool:
        """Whether the source of a copy may stand for it in the rest of the block."""
        if stmt.op != "copy" or self.memory.root(stmt.target) in self.distinct:
            return False
        source = stmt.args[0]
        assert isinstance(source, Var)
        replaced = {self.memory.root(v) for v in self.sources.known}
        if self.b.types[source.name] != self.b.types[stmt.target.name] or self.memory.root(source) in replaced:
            return False
        changed = False
        shown = self.memory.root(stmt.target)
        for line in rest:
            changed = changed or self.memory.changed([source], [line])
            if changed and any(self.memory.root(v) == shown for v in all_reads((line,))):
                return False
        return True


def is_derivative(var: Var) -> bool:
    """Whether a name holds an adjoint or a tangent."""
    return "_bar" in var.name or "_dot" in var.name


def _distinct(fn: Func) -> frozenset[Var]:
    """Classes of memory that are stored into, carried, yielded or returned: their identity matters."""
    memory = Memory(fn)
    found: list[Atom] = list(fn.results)
    for stmt in walk(fn.body):
        match stmt:
            case Store(array=array):
                found.append(array)
            case Loop(carried=carried) | While(carried=carried):
                found.extend(a for c in carried for a in (c.var, c.init, c.next, c.out))
            case Branch(outs=outs):
                found.extend(a for o in outs for a in (o.var, o.then, o.other))
            case _:
                pass
    return frozenset(memory.root(a) for a in found if isinstance(a, Var) and fn.types[a.name].rank)
