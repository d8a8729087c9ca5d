"""Rows that pass through matrices in loops of their own do so together, some rows at a time.

Each row by itself moves all of a matrix through the processor. A batch of rows does so once, by the product of two
matrices, and keeps what each of its rows needs later in the fastest cache.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from adcompiler.analysis.independence import Apart, Dependent, Independence
from adcompiler.analysis.scope import Path, sites
from adcompiler.ir.build import ONE, Builder, with_body
from adcompiler.ir.memory import Memory, memory_of
from adcompiler.ir.walk import all_defs, all_reads, defines, free, walk
from adcompiler.ir.wengert import Assign, Block, Carry, Check, Func, Load, Loop, Stmt, Store, Var
from adcompiler.optimise.lines.rewritten_loops import with_loops_anew
from adcompiler.optimise.lowering.batchcode import write_batches
from adcompiler.optimise.lowering.batchrows import Batched, Group
from adcompiler.optimise.lowering.matvecs import spell_matvecs
from adcompiler.optimise.lowering.rowwise import Gathered, Spread, own_arrays, row_products


def run_in_batches(fn: Func) -> Func:
    """Compute products of a matrix with rows, one in each iteration, for some iterations at once.

    Before:  for n in range(rows): for h in range(m): s = b[h]; for i in range(k): s += w[h, i] * x[n, i]
                                                      y[n, h] = tanh(s)
    After:   for batch in range((rows + 63) // 64):
                 begin = 64 * batch; end = min(begin + 64, rows)
                 p[:end - begin] = x[begin:end] @ w.T
                 for n in range(begin, end): for h in range(m): s = b[h] + p[n - begin, h]
                                                                y[n, h] = tanh(s)

    An iteration is cut before such a product and behind one that it adds to a matrix; each part then runs for all rows
    of a batch. That iterations are independent is proven; what serves within one of them is there for each row of a
    batch. Sums are gathered in another order.
    """
    return _in_batches(fn, lambda memory, loop, apart: True)


def run_in_shared_batches(fn: Func) -> Func:
    """The same where threads may share the batches: each iteration writes arrays of its own, or only adds to others.

    That batches write other rows of a matrix is not proven: of such a loop threads share the iterations.
    """
    return _in_batches(fn, _may_be_shared)


def _may_be_shared(memory: Memory, loop: Loop, apart: Apart) -> bool:
    gathered = {memory.root(v) for v in (*apart.sums, *apart.own, *own_arrays(loop))}
    return all(memory.root(s.array) in gathered for s in walk(loop.body) if isinstance(s, Store))


def _in_batches(fn: Func, fits: Callable[[Memory, Loop, Apart], bool]) -> Func:
    """A function with loops in batches; products of NumPy count in the loops where all become such of batches."""
    spelled, sums = spell_matvecs(fn)
    while True:
        chosen = _chosen(spelled, fits)
        taken = {
            c.out
            for batched in chosen.values()
            for p in batched.products
            if isinstance(p, Gathered) and isinstance(c := p.into, Carry)
        }
        kept = {path for path, of in sums.items() if of <= taken}
        if len(kept) == len(sums):
            return _written(spelled, chosen)
        spelled, sums = spell_matvecs(fn, kept)


def _chosen(fn: Func, fits: Callable[[Memory, Loop, Apart], bool]) -> dict[Path, Batched]:
    """The loops to run in batches, by their places."""
    found = [(*site, row_products(fn, site[0])) for site in sites(fn.body) if isinstance(site[0], Loop)]
    found = [site for site in found if site[3]]
    chosen = dict[Path, Batched]()
    if not found:
        return chosen
    proofs, memory = Independence.of(fn, True), memory_of(fn, apart=True)
    for loop, path, frames, products in found:
        assert isinstance(loop, Loop)
        try:
            apart = proofs.apart(loop, path, frames)
        except Dependent:
            continue
        batched = _Candidate(fn, memory, proofs, loop, apart).batched(products)
        if batched is not None and fits(memory, loop, apart):
            chosen[path] = batched
    return chosen


def _written(fn: Func, chosen: dict[Path, Batched]) -> Func:
    """A function with the chosen loops in batches."""
    if not chosen:
        return fn
    b = Builder.of(fn)

    def write(b: Builder, loop: Loop, path: Path) -> None:
        write_batches(b, chosen[path])

    return with_body(fn, with_loops_anew(b, fn.body, chosen, write), b)


@dataclass(frozen=True, slots=True)
class _Candidate:
    fn: Func
    memory: Memory
    proofs: Independence
    loop: Loop
    apart: Apart

    def batched(self, products: Sequence[Gathered | Spread]) -> Batched | None:
        """How the loop runs in batches; None where it does not."""
        fit = [p for p in products if self.is_product(p)]
        groups = self.groups(fit) if fit else ()
        if not groups or not self.may_part(groups):
            return None
        own = {v: made for v in self.apart.own if (made := self.made(v)) is not None}
        if len(own) < len(self.apart.own):
            return None
        inside, needed = own_arrays(self.loop), {v for p in fit for v in _rows_of(p)}
        several = {v for v in (*own, *inside) if sum(self.uses(group.lines, v) for group in groups) > 1}
        rows = {v: made for v, made in (own | inside).items() if v in needed | several}
        return Batched(self.loop, groups, rows, {v: made for v, made in own.items() if v not in rows})

    def made(self, array: Var) -> Assign | None:
        """The line that makes an array of one iteration, if as many can be made for a batch."""
        line = self.proofs.over.defs[array].stmt
        return line if isinstance(line, Assign) and line.op in ("empty", "zeros") else None

    def is_product(self, found: Gathered | Spread) -> bool:
        """Whether a sum may be computed for all rows before, or behind, the loops in which it stands."""
        if isinstance(found, Gathered):
            stays = self.is_constant(found.matrix.array) and self.is_row(found.row.array)
            return stays and not self.changed(found.row.array, found) and self.is_alone(found)
        if not found.to_rows:
            row, sums = found.load.array, found.store.array
            return self.is_row(row) and not self.changed(row, found) and sums in self.apart.sums
        matrix, rows = found.load.array, found.store.array
        return self.is_constant(matrix) and self.is_row(rows) and self.touched(found.nest.outer, rows) == 1

    def is_constant(self, array: Var) -> bool:
        """Whether an array is the same for all iterations."""
        return array not in all_defs((self.loop,)) and not self.memory.changed((array,), self.loop.body)

    def is_row(self, array: Var) -> bool:
        """Whether an array is one of an iteration, or has a row for each."""
        inside, alone = array in all_defs((self.loop,)), self.fn.types[array.name].rank == 1
        return alone if inside else (array in self.apart.own) == alone

    def changed(self, array: Var, found: Gathered | Spread) -> bool:
        """Whether the two loops of a product change an array."""
        return self.memory.changed((array,), (found.nest.outer,))

    def is_alone(self, found: Gathered) -> bool:
        """Whether the inner loop does nothing else with the element that it adds to."""
        return isinstance(found.into, Carry) or self.touched(found.nest.inner, found.into.array) == 1

    def touched(self, stmt: Stmt, array: Var) -> int:
        """How often a statement, those in it included, names an array's memory."""
        return sum(self.memory.overlap(s.array, array) for s in walk((stmt,)) if isinstance(s, (Load, Store)))

    def uses(self, lines: Block, array: Var) -> bool:
        """Whether lines make, read or write an array."""
        return any(self.touched(s, array) or array in defines(s) for s in lines)

    def groups(self, products: Sequence[Gathered | Spread]) -> tuple[Group, ...]:
        """The lines of an iteration, cut before the loops that need a product and behind those that make one.

        None where a part needs a sum as it was before an earlier part added to it.
        """
        loop = self.loop
        before = {p.nest.place for p in products if isinstance(p, Gathered)}
        behind = {p.nest.place + 1 for p in products if isinstance(p, Spread)}
        cuts = sorted({0, len(loop.body), *before, *behind})
        groups, earlier, arrays = list[Group](), set[Var](), own_arrays(loop)
        latest, past = {c.out: c.var for c in loop.carried}, set[Var]()
        for start, stop in pairwise(cuts):
            lines = loop.body[start:stop]
            if not past.isdisjoint(free(lines)):
                return ()
            made, needed = all_defs(lines), all_reads(loop.body[stop:])
            carried = tuple(self.joined(latest, made, needed))
            taken = (free(lines) & earlier).difference(arrays, (c.var for c in carried))
            mine = tuple(p for p in products if start <= p.nest.place < stop)
            groups.append(Group(lines, carried, tuple(sorted(taken, key=str)), mine))
            earlier |= made
            past |= {c.var for c in carried}
        return tuple(groups)

    def joined(self, latest: dict[Var, Var], made: set[Var], needed: set[Var]) -> Iterator[Carry]:
        """What lines that make some names carry: from the `latest` sum to the one that is `needed` behind them."""
        for c, op in zip(self.loop.carried, self.apart.folds, strict=True):
            ways = (v for v in made if v in needed or v == c.next)
            for v in (v for v in ways if self.proofs.additive.way(v, c.var, op)):
                yield Carry(latest[c.out], c.init, v, c.out)
                latest[c.out] = v

    def may_part(self, groups: Sequence[Group]) -> bool:
        """Whether each group of lines may run for some iterations before the next one does."""
        taken = {v for group in groups for v in group.taken}
        if any(self.fn.types[v.name].rank or self.fn.types[v.name].is_complex for v in taken):
            return False
        checks = sum(any(isinstance(s, Check) for s in walk(group.lines)) for group in groups)
        # which of two that fail is told depends on the order, and the caller sees what was stored before
        seen = any(isinstance(s, Store) and not self.memory.own(s.array) for s in walk(self.loop.body))
        return checks == 0 or (checks == 1 and self.loop.step == ONE and not seen)


def _rows_of(found: Gathered | Spread) -> Iterator[Var]:
    """The arrays of one iteration that a product reads or adds to as matrices."""
    if isinstance(found, Gathered):
        yield found.row.array
    else:
        yield from (found.load.array, found.store.array)


__all__ = ["run_in_batches", "run_in_shared_batches"]
