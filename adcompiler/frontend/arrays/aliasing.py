"""Arrays that several paths bind to one name, and writes that would make their memory matter.

A loop may carry an array, and a branch yield one, as a value: later stages give each such name an adjoint of its own,
as if the array had been copied when it was handed on. That is exact as long as nothing tells the copy from the
array: after memory is handed from one name to another, a write through one of both must not be followed by a use of
the other. Handing an array on to a name that is used (written) later is itself such a use (write). Buffers that a
loop swaps have one name each at any time. A copy in a wider element type, which stands for an array where another path
has a wider one, is handed on as well; it may not be written at all, for the array may not hold what is stored.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass, field
from typing import NamedTuple

from adcompiler.errors import Span, TypeProblem
from adcompiler.frontend.refused.table import refusal
from adcompiler.ir.ops import kind
from adcompiler.ir.spelling import base_name, numbered_words
from adcompiler.ir.walk import blocks, operands
from adcompiler.ir.wengert import Assign, Atom, Block, Branch, Carry, Func, Load, Loop, Out, Stmt, Store, Var, While

Loops = tuple[int, ...]


class _Around(NamedTuple):
    """The loops around a statement, and the arms it is in: each branch's number, and which of its two."""

    loops: Loops = ()
    arms: tuple[tuple[int, int], ...] = ()

    def loop(self, number: int) -> _Around:
        """What is around the body of a loop."""
        return self._replace(loops=(*self.loops, number))

    def arm(self, number: int, which: int) -> _Around:
        """What is around an arm of a branch."""
        return self._replace(arms=(*self.arms, (number, which)))

    def excludes(self, other: _Around) -> bool:
        """Whether the two lie in the two arms of one branch."""
        return any((number, 1 - which) in other.arms for number, which in self.arms)


class _Place(NamedTuple):
    """A statement's number, what is around it, and where it hands an array on: the name that takes it."""

    at: int
    around: _Around
    to: Var | None = None


Places = dict[Var, list[_Place]]


@dataclass(slots=True)
class Memory:
    """Where arrays are made, written, used and handed on; a view counts as what it is a view of."""

    fn: Func
    unwritten: Set[Var]
    widened: Set[Var] = frozenset()
    base: dict[Var, Var] = field(default_factory=dict)
    made: dict[Var, tuple[Stmt | None, Loops]] = field(default_factory=dict)
    writes: Places = field(default_factory=dict)
    stores: list[tuple[Store, _Place]] = field(default_factory=list)
    uses: Places = field(default_factory=dict)
    handed: Places = field(default_factory=dict)
    regions: list[tuple[Loop | While | Branch, int, int, _Around]] = field(default_factory=list)

    def of(self, atom: Atom) -> Var:
        """The array of which a name is a view, or the name itself."""
        assert isinstance(atom, Var)
        return self.base.get(atom, atom)

    def is_fresh(self, array: Var, inside: int) -> bool:
        """Whether the array is new memory that an operation made within the loop of that number."""
        stmt, loops = self.made.get(array, (None, ()))
        return isinstance(stmt, Assign) and inside in loops

    def hand(self, source: Atom, taker: Var, at: int, around: _Around) -> None:
        """Note that an array gets another name."""
        if self.fn.types[taker.name].rank:
            self.handed.setdefault(self.of(source), []).append(_Place(at, around, taker))

    def hand_down(self) -> None:
        """Count handing an array on as a use (write) of it where its new name is used (written)."""
        for places in (self.writes, self.uses):
            agenda = list(places)
            givers: dict[Var, list[tuple[Var, _Place]]] = {}
            for source, all_handed in self.handed.items():
                for place in all_handed:
                    assert place.to is not None
                    givers.setdefault(place.to, []).append((source, place))
            while agenda:
                for source, place in givers.get(agenda.pop(), ()):
                    if source not in places:
                        agenda.append(source)
                    if place not in places.setdefault(source, []):
                        places[source].append(place)

    def later(self, places: Places, array: Var, after: _Place, but: tuple[Var, ...] = ()) -> bool:
        """Whether an array is written (used) after a place, or in another round of a loop around both.

        Handing it on to the names of `but` does not count.
        """
        own = self.made.get(array, (None, ()))[1]
        rounds = set(after.around.loops) - set(own)
        return any(
            ((at > after.at and not around.excludes(after.around)) or rounds & set(around.loops)) and to not in but
            for at, around, to in places.get(array, ())
        )


def check_carried_arrays(fn: Func, grown: Set[Var], widened: Set[Var]) -> None:
    """Refuse writes that tell the names apart which a loop or a branch gives to one array, or a `widened` copy.

    Appending to a list, whose arrays are `grown`, writes behind the items that any name can have: it counts as none.
    """
    memory = survey(fn, grown, widened)
    for copy in sorted(widened, key=lambda var: var.name):
        _check_widened(memory, copy)
    for region, first, last, around in memory.regions:
        if isinstance(region, Branch):
            _check_branch(memory, region, _Place(last, around))
        else:
            _check_loop(memory, region, _Place(first, around))


def survey(fn: Func, unwritten: Set[Var] = frozenset(), widened: Set[Var] = frozenset()) -> Memory:
    """Where the arrays of a function are made, written, used and handed on; stores into some do not count."""
    memory = Memory(fn, unwritten, widened)
    for param in fn.params:
        memory.made[param] = (None, ())
    end = _survey(memory, fn.body, 0, _Around())
    for result in fn.results:
        if isinstance(result, Var) and fn.types[result.name].rank:
            memory.uses.setdefault(memory.of(result), []).append(_Place(end, _Around()))
    memory.hand_down()
    return memory


def _survey(memory: Memory, block: Block, at: int, around: _Around) -> int:
    """Number the statements, and the ends of regions, in order of the text; the next number."""
    for stmt in block:
        here, at = at, at + 1
        _note(memory, stmt, here, around)
        if isinstance(stmt, (Loop, While, Branch)):
            for which, nested in enumerate(blocks(stmt)):
                inner = around.arm(here, which) if isinstance(stmt, Branch) else around.loop(here)
                at = _survey(memory, nested, at, inner)
            _note_handing(memory, stmt, here, at, around)
            if any(memory.fn.types[v.name].rank for v in _bound(stmt)):
                memory.regions.append((stmt, here, at, around))
            at += 1
    return at


def _note_handing(memory: Memory, stmt: Loop | While | Branch, first: int, last: int, around: _Around) -> None:
    """What a region gives other names: at its end, and what a loop carries also at its begin."""
    if isinstance(stmt, Branch):
        for out in _arrays(memory, stmt.outs):
            for which, source in enumerate((out.then, out.other)):
                memory.hand(source, out.var, last, around.arm(first, which))
        return
    for c in stmt.carried:
        if memory.fn.types[c.var.name].rank:
            for taker in (c.var, c.out):
                memory.hand(c.init, taker, first, around)
                memory.hand(c.next, taker, last, around.loop(first))


def _bound(stmt: Loop | While | Branch) -> Iterator[Var]:
    return (o.var for o in stmt.outs) if isinstance(stmt, Branch) else (c.var for c in stmt.carried)


def _note(memory: Memory, stmt: Stmt, here: int, around: _Around) -> None:
    types, loops = memory.fn.types, around.loops
    match stmt:
        case Load(target=target, array=array) if types[target.name].rank:
            memory.base[target] = memory.of(array)
        case Assign(target=target, op=op, args=args) if types[target.name].rank:
            if kind(op) == "view":
                memory.base[target] = memory.of(args[0])
            else:
                memory.made[target] = (stmt, loops)
            if target in memory.widened:
                memory.hand(args[0], target, here, around)
        case Store(array=array):
            memory.stores.append((stmt, _Place(here, around)))
            if array not in memory.unwritten:
                memory.writes.setdefault(memory.of(array), []).append(_Place(here, around))
        case Branch(outs=outs):
            memory.made.update((o.var, (stmt, loops)) for o in outs)
        case Loop(carried=carried) | While(carried=carried):
            memory.made.update((c.var, (stmt, (*loops, here))) for c in carried)
            memory.made.update((c.out, (stmt, loops)) for c in carried)
        case _:
            pass
    extents_only = isinstance(stmt, Assign) and kind(stmt.op) == "shape"
    if not isinstance(stmt, (Loop, While, Branch)) and not extents_only:
        for atom in operands(stmt):
            if isinstance(atom, Var) and types[atom.name].rank:
                memory.uses.setdefault(memory.of(atom), []).append(_Place(here, around))


def _check_widened(memory: Memory, copy: Var) -> None:
    """A copy in a wider element type is not written, nor, from then on, what it was made of."""
    stmt, _ = memory.made.get(copy, (None, ()))
    if not isinstance(stmt, Assign):
        return
    source = memory.of(stmt.args[0])
    place = next(place for place in memory.handed[source] if place.to == copy)
    if copy not in memory.writes and not memory.later(memory.writes, source, place):
        return
    narrow, wide = (memory.fn.types[var.name].dtype for var in (source, copy))
    taker = next((taker.to for taker in memory.handed.get(copy, ()) if taker.to is not None), copy)
    name = _written(memory, taker)
    raise TypeProblem(
        f"{name!r} holds an array of {narrow} on one path and one of {wide} on another, and is written",
        _write(memory, copy if copy in memory.writes else source, place) or stmt.span,
        f"let it be of {wide} from the start: np.array([1.0, 2.0]), or x.astype(np.{wide})",
    )


def _write(memory: Memory, array: Var, after: _Place) -> Span | None:
    """Where an array is written under any of its names: after a place, or else, in another round of a loop, before."""
    names = [array]
    for name in names:
        names += {taker.to for taker in memory.handed.get(name, ()) if taker.to is not None} - set(names)
    found = [
        (s, place) for s, place in memory.stores if memory.of(s.array) in names and s.array not in memory.unwritten
    ]
    later = [(s, place) for s, place in found if place.at > after.at]
    return next((s.span for s, _ in later or found), None)


def _check_branch(memory: Memory, stmt: Branch, end: _Place) -> None:
    outs = list(_arrays(memory, stmt.outs))
    for arm in ([o.then for o in outs], [o.other for o in outs]):
        _check_apart(memory, stmt.span, [(memory.of(a), (o.var,)) for a, o in zip(arm, outs, strict=True)])
    for out in outs:
        written = out.var in memory.writes
        for source in {memory.of(a) for a in (out.then, out.other)}:
            if memory.later(memory.writes, source, end):
                raise _refused(memory, stmt.span, out.var)
            if written and memory.later(memory.uses, source, end):
                raise _refused(memory, stmt.span, out.var)


def _check_loop(memory: Memory, stmt: Loop | While, begin: _Place) -> None:
    carried = [c for c in stmt.carried if memory.fn.types[c.var.name].rank]
    for ends in ([c.init for c in carried], [c.next for c in carried]):
        _check_apart(memory, stmt.span, [(memory.of(a), (c.var, c.out)) for a, c in zip(ends, carried, strict=True)])
    swapped = _swapped(memory, carried)
    for c in carried:
        group = swapped if c in swapped else [c]
        written = any(v in memory.writes for other in group for v in (other.var, other.out))
        if c not in swapped:
            _check_next(memory, stmt.span, c, carried, begin, written)
        _check_init(memory, stmt.span, c, begin, memory.uses if written else memory.writes)


def _check_next(
    memory: Memory, span: Span | None, c: Carry, carried: list[Carry], begin: _Place, written: bool
) -> None:
    """What an iteration hands on is new, or what it was given, or another carried array that nothing else is then."""
    first = begin.at
    body = _Place(first, begin.around.loop(first))
    for source in _sources(memory, c.next, first):
        if source == c.var or memory.is_fresh(source, first):
            continue
        takers = sum(source in _sources(memory, other.next, first) for other in carried)
        handed_on = any(source == other.var for other in carried) and takers == 1
        again = memory.later(memory.writes, source, body, but=(c.var, c.out))
        if (written and not handed_on) or again:
            raise _refused(memory, span, c.var)


def _check_apart(memory: Memory, span: Span | None, named: list[tuple[Var, tuple[Var, ...]]]) -> None:
    """Two names that may be written must not be one array."""
    for source, names in named:
        if sum(other == source for other, _ in named) > 1 and any(name in memory.writes for name in names):
            raise _refused(memory, span, names[0])


def _check_init(memory: Memory, span: Span | None, c: Carry, begin: _Place, places: Places) -> None:
    """The array that a name is at first must be used (or written) under no other name any more."""
    if memory.later(places, memory.of(c.init), begin):
        raise _refused(memory, span, c.var)


def _swapped(memory: Memory, carried: list[Carry]) -> list[Carry]:
    """The carries that hand their arrays to one another, each to one."""
    found = list(carried)
    while True:
        vars, nexts = {c.var for c in found}, [c.next for c in found]
        kept = [c for c in found if c.next in vars and nexts.count(c.next) == 1 and c.var in nexts]
        if len(kept) == len(found):
            distinct = len({memory.of(c.init) for c in kept}) == len(kept)
            return [c for c in kept if distinct]
        found = kept


def _sources(memory: Memory, atom: Atom, first: int) -> set[Var]:
    """The arrays that a name may be, through branches, loops and what the loops inside that of number `first` carry."""
    found, seen, queue = set[Var](), set[Var](), [memory.of(atom)]
    while queue:
        var = queue.pop()
        if var in seen:
            continue
        seen.add(var)
        stmt, loops = memory.made.get(var, (None, ()))
        if isinstance(stmt, Branch):
            queue += [memory.of(a) for o in stmt.outs if o.var == var for a in (o.then, o.other)]
        elif isinstance(stmt, (Loop, While)) and (c := _carry(stmt, var, first in loops[:-1])) is not None:
            queue += [memory.of(c.init), memory.of(c.next)]
        else:
            found.add(var)
    return found


def _carry(loop: Loop | While, var: Var, inside: bool) -> Carry | None:
    """What a loop carries and leaves as `var`, or `inside` hands from one iteration to the next under that name."""
    return next((c for c in loop.carried if c.out == var or (inside and c.var == var)), None)


def _arrays(memory: Memory, outs: Iterable[Out]) -> Iterator[Out]:
    return (o for o in outs if memory.fn.types[o.var.name].rank)


def _refused(memory: Memory, span: Span | None, var: Var) -> Exception:
    return refusal("carried-array", span, name=_written(memory, var))


def _written(memory: Memory, var: Var) -> str:
    """A name as the program has it."""
    return base_name(var.name, numbered_words(memory.fn))
