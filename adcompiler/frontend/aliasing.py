"""Arrays that several paths bind to one name, and writes that would make their memory matter.

A loop may carry an array, and a branch yield one, as a value: memory that nothing else sees, or that nothing
writes any more. Buffers that a loop swaps may be written. All else is refused: a later stage could not tell which
array a write changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from adcompiler.errors import Span
from adcompiler.frontend.syntax import refusal
from adcompiler.ir.ops import kind
from adcompiler.ir.walk import blocks, operands, yields
from adcompiler.ir.wengert import Assign, Atom, Block, Branch, Carry, Func, Load, Loop, Out, Stmt, Store, Var, While

Loops = tuple[int, ...]


@dataclass(slots=True)
class _Memory:
    """Where arrays are made, written and used; a view counts as what it is a view of."""

    fn: Func
    base: dict[Var, Var] = field(default_factory=dict)
    made: dict[Var, tuple[Stmt | None, Loops]] = field(default_factory=dict)
    writes: dict[Var, list[tuple[int, Loops]]] = field(default_factory=dict)
    uses: dict[Var, list[tuple[int, Loops]]] = field(default_factory=dict)
    spans: dict[int, Span | None] = field(default_factory=dict)
    regions: list[tuple[Loop | While | Branch, int, int, Loops]] = field(default_factory=list)

    def of(self, atom: Atom) -> Var:
        assert isinstance(atom, Var)
        return self.base.get(atom, atom)

    def is_fresh(self, array: Var, inside: int | None = None) -> bool:
        """Whether the array is new memory that an operation made, within the loop of that number where given."""
        stmt, loops = self.made.get(array, (None, ()))
        return isinstance(stmt, Assign) and (inside is None or inside in loops)

    def later(self, places: dict[Var, list[tuple[int, Loops]]], array: Var, last: int, around: Loops) -> bool:
        """Whether an array is written (used) after a place, or in another round of a loop around both."""
        own = self.made.get(array, (None, ()))[1]
        rounds = set(around) - set(own)
        return any(at > last or rounds & set(loops) for at, loops in places.get(array, ()))


def check_carried_arrays(fn: Func) -> None:
    """Refuse writes through a name that may be one array or another, and to an array that such a name may be."""
    memory = _Memory(fn)
    for param in fn.params:
        memory.made[param] = (None, ())
    _survey(memory, fn.body, 0, ())
    for region, first, last, loops in memory.regions:
        if isinstance(region, Branch):
            _check_branch(memory, region, last, loops)
        else:
            _check_loop(memory, region, first, last, loops)


def _survey(memory: _Memory, block: Block, at: int, loops: Loops) -> int:
    """Number the statements in order of the text; the next number."""
    for stmt in block:
        here, at = at, at + 1
        _note(memory, stmt, here, loops)
        if isinstance(stmt, (Loop, While, Branch)):
            memory.spans[here] = stmt.span
            inner = loops if isinstance(stmt, Branch) else (*loops, here)
            for nested in blocks(stmt):
                at = _survey(memory, nested, at, inner)
            if any(memory.fn.types[v.name].rank for v in _bound(stmt)):
                memory.regions.append((stmt, here, at, loops))
    return at


def _bound(stmt: Loop | While | Branch) -> Iterator[Var]:
    return (o.var for o in stmt.outs) if isinstance(stmt, Branch) else (c.var for c in stmt.carried)


def _note(memory: _Memory, stmt: Stmt, here: int, loops: Loops) -> None:
    types = memory.fn.types
    match stmt:
        case Load(target=target, array=array) if types[target.name].rank:
            memory.base[target] = memory.of(array)
        case Assign(target=target, op=op, args=args) if types[target.name].rank:
            if kind(op) == "view":
                memory.base[target] = memory.of(args[0])
            else:
                memory.made[target] = (stmt, loops)
        case Store(array=array):
            memory.writes.setdefault(memory.of(array), []).append((here, loops))
        case Branch(outs=outs):
            memory.made.update((o.var, (stmt, loops)) for o in outs)
        case Loop(carried=carried) | While(carried=carried):
            memory.made.update((c.var, (stmt, (*loops, here))) for c in carried)
            memory.made.update((c.out, (stmt, loops)) for c in carried)
        case _:
            pass
    if not isinstance(stmt, (Loop, While, Branch)):
        for atom in (*operands(stmt), *yields(stmt)):
            if isinstance(atom, Var) and types[atom.name].rank:
                memory.uses.setdefault(memory.of(atom), []).append((here, loops))


def _check_branch(memory: _Memory, stmt: Branch, last: int, loops: Loops) -> None:
    outs = list(_arrays(memory, stmt.outs))
    for arm in ([o.then for o in outs], [o.other for o in outs]):
        _check_apart(memory, stmt.span, [(memory.of(a), (o.var,)) for a, o in zip(arm, outs, strict=True)])
    for out in outs:
        sources = [memory.of(a) for a in (out.then, out.other)]
        written = memory.writes.get(out.var)
        for source in sources:
            if memory.later(memory.writes, source, last, loops):
                raise _refused(stmt.span, out.var)
            if written and (not memory.is_fresh(source) or memory.later(memory.uses, source, last, loops)):
                raise _refused(stmt.span, out.var)


def _check_loop(memory: _Memory, stmt: Loop | While, first: int, last: int, loops: Loops) -> None:
    carried = [c for c in stmt.carried if memory.fn.types[c.var.name].rank]
    vars = {c.var for c in carried}
    for ends in ([c.init for c in carried], [c.next for c in carried]):
        _check_apart(memory, stmt.span, [(memory.of(a), (c.var, c.out)) for a, c in zip(ends, carried, strict=True)])
    swapped = _swapped(memory, carried)
    for c in carried:
        written = any(
            memory.writes.get(v) for other in (swapped if c in swapped else [c]) for v in (other.var, other.out)
        )
        if c in swapped:
            _check_init(memory, c, first, last, loops, "uses" if written else "writes")
            continue
        for source in _sources(memory, c.next):
            if source == c.var or memory.is_fresh(source, first):
                continue
            handed_on = source in vars and sum(other.next == source for other in carried) == 1
            if (written and not handed_on) or memory.later(memory.writes, source, first, (*loops, first)):
                raise _refused(stmt.span, c.var)
        if written and not memory.is_fresh(memory.of(c.init)):
            raise _refused(stmt.span, c.var)
        if written:
            _check_init(memory, c, first, last, loops, "uses")
        elif memory.later(memory.writes, memory.of(c.init), first, loops):
            raise _refused(stmt.span, c.var)


def _check_apart(memory: _Memory, span: Span | None, named: list[tuple[Var, tuple[Var, ...]]]) -> None:
    """Two names that may be written must not be one array."""
    for source, names in named:
        if sum(other == source for other, _ in named) > 1 and any(memory.writes.get(name) for name in names):
            raise _refused(span, names[0])


def _check_init(memory: _Memory, c: Carry, first: int, last: int, loops: Loops, what: str) -> None:
    """The array that a name is at first must be used (or written) under no other name any more."""
    init, places = memory.of(c.init), memory.uses if what == "uses" else memory.writes
    span = memory.spans[first]
    if any(first < at < last for at, _ in places.get(init, ())) or memory.later(places, init, last, loops):
        raise _refused(span, c.var)


def _swapped(memory: _Memory, carried: list[Carry]) -> list[Carry]:
    """The carries that hand their arrays to one another, each to one."""
    found = list(carried)
    while True:
        vars, nexts = {c.var for c in found}, [c.next for c in found]
        kept = [c for c in found if c.next in vars and nexts.count(c.next) == 1 and c.var in nexts]
        if len(kept) == len(found):
            distinct = len({memory.of(c.init) for c in kept}) == len(kept)
            return [c for c in kept if distinct]
        found = kept


def _sources(memory: _Memory, atom: Atom) -> Iterable[Var]:
    """The arrays that a name may be, through the branches and loops that yield it."""
    found: set[Var] = set()
    queue = [memory.of(atom)]
    while queue:
        var = queue.pop()
        if var in found:
            continue
        found.add(var)
        stmt = memory.made.get(var, (None, ()))[0]
        if isinstance(stmt, Branch):
            queue += [memory.of(a) for o in stmt.outs if o.var == var for a in (o.then, o.other)]
        elif isinstance(stmt, (Loop, While)):
            queue += [memory.of(a) for c in stmt.carried if c.out == var for a in (c.init, c.next)]
    return {v for v in found if not isinstance(memory.made.get(v, (None, ()))[0], (Branch,))}


def _arrays(memory: _Memory, outs: Iterable[Out]) -> Iterator[Out]:
    return (o for o in outs if memory.fn.types[o.var.name].rank)


def _refused(span: Span | None, var: Var) -> Exception:
    return refusal("carried-array", span, name=var.name.rstrip("_0123456789"))
