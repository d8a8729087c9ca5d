"""Adjoint arrays begin with their first term instead of zeros; copies that nobody can tell from their source go."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from adcompiler.ir.build import Builder, with_body
from adcompiler.ir.memory import Memory, memory_of
from adcompiler.ir.ops import kind
from adcompiler.ir.walk import all_defs, all_reads, map_blocks, rename
from adcompiler.ir.wengert import Assign, Block, Const, Func, Stmt, Store, Var, While
from adcompiler.optimise.lines.derivatives import Derivatives, derivatives
from adcompiler.optimise.lines.substitution import Substitution


def begin_sums(fn: Func) -> Func:
    """Begin a sum with its first term.

    Before:  t_bar = zeros(n); t_bar[:] += y_bar; x_bar = t_bar * w; y_bar[:] = 0.0; y_bar[:] += x_bar
    After:   x_bar = y_bar * w; y_bar[:] = x_bar

    Only for derivatives, where the sign of a zero means nothing.
    """
    sums = _Sums(Builder.of(fn), memory_of(fn), derivatives(fn))
    return _without_copies(with_body(fn, sums.begun(fn.body)))


def _without_copies(fn: Func) -> Func:
    """A function in which the source of a copy stands for it where nobody can tell."""
    memory = memory_of(fn)
    sums = _Sums(Builder.of(fn), memory, derivatives(fn))
    body = sums.without_copies(fn.body)
    if not sums.sources.known:
        return fn
    names = {v: sums.sources(v) for v in sums.sources.known}
    return sums.sources.rebuilt(fn, rename(body, names), fn.types, fn.shapes)


@dataclass(slots=True)
class _Sums:
    b: Builder
    memory: Memory
    bars: Derivatives
    sources: Substitution = field(default_factory=Substitution)

    # -- first terms ---------------------------------------------------------------------------------------------

    def begun(self, block: Block) -> Block:
        """A block in which no array of zeros is added to before it is read."""
        lines: list[Stmt | None] = [map_blocks(s, self.begun) for s in block]
        for position, stmt in enumerate(block):
            if isinstance(stmt, Store):
                later = self.filled_later(stmt, block, position)
                if later is not None:
                    lines[position], lines[later] = None, replace(lines[later], add=False)  # type: ignore[type-var]
                continue
            if not isinstance(stmt, Assign) or stmt.op != "zeros" or not self.bars.has(stmt.target):
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

    def filled_later(self, zeroing: Store, block: Block, position: int) -> int | None:
        """Where an array whose elements are set to zero is added to, with nothing in between that sees them."""
        array = zeroing.array
        nothing = isinstance(zeroing.value, Const) and zeroing.value.value == 0 and not zeroing.add
        if not nothing or not self.bars.has(array) or zeroing.index != self.b.everything(array):
            return None
        root = self.memory.root(array)
        for k in range(position + 1, len(block)):
            line = block[k]
            if isinstance(line, Store) and self.covers(line, array):
                return k if not isinstance(line.value, Var) or self.memory.root(line.value) != root else None
            if any(self.memory.root(v) == root for v in (*all_reads((line,)), *all_defs((line,)))):
                return None
        return None

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
            if isinstance(stmt, Assign) and self.is_needless(stmt, block[:position], block[position + 1 :]):
                self.sources.known[stmt.target] = stmt.args[0]
            elif isinstance(stmt, While):
                # names of the condition live on in the body, which is not the rest of its block
                built.append(replace(stmt, body=self.without_copies(stmt.body)))
            else:
                built.append(map_blocks(stmt, self.without_copies))
        return tuple(built)

    def is_needless(self, stmt: Assign, before: Block, after: Block) -> bool:
        """Whether the source of a copy may stand for it in the rest of the block."""
        if stmt.op != "copy":
            return False
        source = stmt.args[0]
        assert isinstance(source, Var)
        # reads of a dropped copy are reads of its source, which `memory` cannot tell
        replaced = {self.memory.root(v) for pair in self.sources.known.items() for v in pair if isinstance(v, Var)}
        if self.b.types[source.name] != self.b.types[stmt.target.name] or self.memory.root(source) in replaced:
            return False
        return self.is_left(source, before, after) or self.stays_equal(source, stmt.target, after)

    def is_left(self, source: Var, before: Block, after: Block) -> bool:
        """Whether an array is made in this block and nothing looks at its memory any more."""
        root = self.memory.root(source)
        made = any(isinstance(s, Assign) and s.target == source and kind(s.op) != "view" for s in before)
        return made and root not in self.memory.handed_on and not self.reads(root, after)

    def stays_equal(self, source: Var, copy: Var, after: Block) -> bool:
        """Whether a copy that is never changed is read only as long as its source does not change."""
        root = self.memory.root(copy)
        if root in self.memory.handed_on | self.memory.stored:
            return False
        for position, line in enumerate(after):
            if self.memory.changed([source], [line]):
                return not self.reads(root, after[position:])
        return True

    def reads(self, root: Var, stmts: Block) -> bool:
        """Whether statements read memory of a class."""
        return any(self.memory.root(v) == root for v in all_reads(stmts))
