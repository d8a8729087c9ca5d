"""The parts of a loop written in turn: what they hand on lies in rows, an element for each iteration."""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import dataclass, field, replace

from adcompiler.analysis.scope import Path, block_at
from adcompiler.ir.build import ONE, ZERO, Builder, with_body
from adcompiler.ir.walk import all_defs, all_reads, map_blocks, operands, rename, walk
from adcompiler.ir.wengert import Assign, Atom, Block, Branch, Carry, Check, Func, Load, Loop, Stmt, Store, Var
from adcompiler.optimise.elements.fission import Parts, greatest
from adcompiler.optimise.lines.rewritten_loops import with_loops_anew


def in_turn(fn: Func, parts: Parts) -> Func:
    """A function in which the parts of a loop run one after the other.

    Of the middle part and the loop, a loop in a loop, the middle part becomes the outer one; a branch, which takes the
    same arm in all iterations, becomes the choice of a loop.
    """
    b, home = Builder.of(fn), _home(fn, parts)
    rows = _Rows(b, parts)
    with b.at(parts.loop.span):
        lines = list(rows.lines())

    def write(b: Builder, loop: Loop, path: Path) -> None:
        if path == home:
            b.extend(rows.made)
        if path == parts.path:
            b.extend(lines)
        else:
            b.add(map_blocks(loop, lambda inner: with_loops_anew(b, inner, {parts.path}, write, (*path, 0))))

    body = with_loops_anew(b, fn.body, {home, parts.path}, write)
    return with_body(fn, body, b)


def _home(fn: Func, parts: Parts) -> Path:
    """The outermost loop around the parts before which the length of a row is known; no branch is left for it."""
    found, home = greatest(parts.loop), parts.path
    while len(home) > 1:
        around = block_at(fn, home[:-2])[home[-3]]
        if not isinstance(around, Loop) or around.parallel or (found and found[0] in all_defs((around,))):
            break
        home = home[:-2]
    return home


@dataclass(slots=True)
class _Rows:
    """What stands for a loop; `rows` are the elements that hold what one part hands to another."""

    b: Builder
    parts: Parts
    made: list[Stmt] = field(default_factory=list)
    rows: dict[Var, Store] = field(init=False)

    def __post_init__(self) -> None:
        stmt, kept = self.parts.stmt, self.parts.kept
        names = {c.out: c.var for c in stmt.carried} if isinstance(stmt, Loop) else {o.var: o.var for o in stmt.outs}
        self.rows = {name: kept[result] for result, name in names.items() if result in kept}

    def lines(self) -> Iterator[Stmt]:
        """What stands for the loop."""
        parts, stmt = self.parts, self.parts.stmt
        last = self.run((*self.results(), *parts.behind), parts.last)
        middle = self.exchanged(stmt) if isinstance(stmt, Loop) else self.chosen(stmt)
        begins = [self.put(c.var, c.init) for c in stmt.carried] if isinstance(stmt, Loop) else []
        handed = [self.put(v, v) for v in parts.handed if v in self.rows]
        first = replace(parts.loop, carried=parts.first, body=(*parts.before, *begins, *handed))
        if parts.first or any(isinstance(s, (Store, Check)) for s in walk(first.body)):
            yield first
        yield from middle
        yield from last

    def results(self) -> list[Load]:
        """What the last part reads of the middle one."""
        parts, stmt = self.parts, self.parts.stmt
        used = all_reads(parts.behind) | {c.next for c in parts.last}
        if isinstance(stmt, Loop):
            return [self.get(c.out, c.var) for c in stmt.carried if c.out in used]
        return [self.get(o.var, o.var) for o in stmt.outs if o.var in used]

    def exchanged(self, inner: Loop) -> Block:
        """The inner loop around the one that is parted; what it carries lies in a row."""
        arrive = [self.get(c.var, c.var) for c in inner.carried]
        leave = [self.put(c.var, c.next) for c in inner.carried]
        return (replace(inner, carried=(), body=self.run((*arrive, *inner.body, *leave))),)

    def chosen(self, branch: Branch) -> Block:
        """The branch around two loops; what it yields lies in a row."""
        outs = [o for o in branch.outs if o.var in self.rows]
        then = self.run((*branch.then, *(self.put(o.var, o.then) for o in outs)))
        other = self.run((*branch.other, *(self.put(o.var, o.other) for o in outs)))
        test = self.head({branch.test})
        fresh = {s.target: self.b.like(s.target) for s in test}
        return rename((*test, replace(branch, then=then, other=other, outs=())), fresh)

    def run(self, lines: Block, carried: tuple[Carry, ...] = ()) -> Block:
        """The loop with these lines as its body, at whose beginning they get what earlier parts hand on."""
        if not lines:
            return ()
        head = self.head(all_reads(lines) | {c.next for c in carried})
        loop = replace(self.parts.loop, carried=carried, body=(*head, *lines))
        return rename((loop,), {v: self.b.like(v) for v in (loop.index, *(s.target for s in head))})

    def head(self, reads: Set[Atom]) -> list[Load | Assign]:
        """The lines that get the names which earlier parts hand on."""
        needed, again = {*reads}, list[Load | Assign]()
        for line in reversed(list(self.parts.again.values())):
            if line.target in needed:
                again.insert(0, line)
                needed.update(operands(line))
        return [*(self.get(v, v) for v in self.parts.handed if v in needed and v not in self.parts.again), *again]

    def get(self, target: Var, name: Var) -> Load:
        """Load the value of a name in this iteration."""
        row = self.row(name)
        return Load(target, row.array, row.index, self.b.span)

    def put(self, name: Var, value: Atom) -> Store:
        """Keep the value of a name in this iteration."""
        return replace(self.row(name), value=value)

    def row(self, name: Var) -> Store:
        """The store that keeps the value of a name in each iteration."""
        if name not in self.rows:
            found = greatest(self.parts.loop)
            assert found is not None
            with self.b.block() as lines:
                end = self.b.int("add", found[0], ONE) if found[1] else found[0]
                extent = self.b.int("maximum", end, ZERO)
                array = self.b.emit("empty", extent, dtype=self.b.type(name).dtype, hint=f"{name}_row")
            self.rows[name] = Store(array, (self.parts.loop.index,), name, False, self.b.span)
            self.made += lines
        return self.rows[name]


__all__ = ["in_turn"]
