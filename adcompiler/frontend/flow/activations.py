"""A recursive function as one loop: its stretches of lines, and its activations as rows of arrays.

The loop runs one stretch an iteration. What a stretch needs of another one of the same activation lies in the row of
the activation; where the function calls itself, the next row begins, with the stretch to which it returns.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from adcompiler.frontend.flow.segments import Enter, Fork, Go, Leave, Segment
from adcompiler.ir.build import ONE, ZERO, Builder, scalar
from adcompiler.ir.types import INDEX
from adcompiler.ir.walk import all_defs, all_reads, defines, rename
from adcompiler.ir.wengert import Atom, Branch, Carry, Const, Out, Var, While

# as many activations as Python has by default
DEPTH = 1000
_DONE = Const(-1)


class KeepsArray(Exception):
    """An array would have to be kept while an activation waits for another one."""


def run(b: Builder, parts: Sequence[Segment], params: Sequence[Var], args: Sequence[Atom], outs: Sequence[Var]) -> None:
    """Append the loop that runs a function; its results are `outs`.

    Parameters
    ----------
    b : Builder
        What is built into.
    parts : sequence of Segment
        The stretches of the function, the first of which is where it begins.
    params, args : sequence
        Its parameters, and their values in the first activation.
    outs : sequence of Var
        The names of the results, not defined yet.
    """
    machine = Machine(b, parts, params)
    machine.allocate()
    machine.put(ZERO, zip(params, args, strict=True))
    place, depth = b.var("place", INDEX), b.var("depth", INDEX)
    machine.depth, machine.results = depth, [b.like(v) for v in outs]
    with b.block() as condition:
        test = b.emit("ge", place, ZERO, hint="goes_on", weak=True)
    with b.block() as body:
        first, deep, *results = machine.among(place, 0, len(parts))
    carried = [Carry(place, ZERO, first, b.like(place)), Carry(depth, ZERO, deep, b.like(depth))]
    for var, after, out in zip(machine.results, results, outs, strict=True):
        type = b.type(var)
        nothing = Const(0) if type == INDEX else Const(False) if type.dtype == "bool" else scalar(0.0, type.dtype)
        carried.append(Carry(var, nothing, after, out))
    b.add(While(tuple(carried), tuple(condition), test, tuple(body), b.span))


@dataclass(slots=True)
class Machine:
    """Builds the iterations: `slots` are the columns of names that outlive a stretch, `rows` the arrays by type."""

    b: Builder
    parts: Sequence[Segment]
    params: Sequence[Var]
    slots: dict[Var, int] = field(default_factory=dict)
    rows: dict[str, Var] = field(default_factory=dict)
    depth: Var = field(init=False)
    results: list[Var] = field(init=False)
    returns: Var = field(init=False)

    # -- rows --------------------------------------------------------------------------------------------------------

    def allocate(self) -> None:
        """Append the arrays of activations."""
        own = {*self.params, *(v for part in self.parts for v in _own(part))}
        wanted = (v for part in self.parts for v in sorted(self.needed(part) & own, key=str))
        kept = list(dict.fromkeys((*self.params, *wanted)))
        if any(self.b.type(v).rank for v in kept):
            raise KeepsArray
        for dtype in dict.fromkeys(self.b.type(v).dtype for v in kept):
            names = [v for v in kept if self.b.type(v).dtype == dtype]
            self.slots |= {v: k for k, v in enumerate(names)}
            nothing = Const(0) if dtype == "int64" else Const(False) if dtype == "bool" else scalar(0.0, dtype)
            made = self.b.emit("full", nothing, Const(DEPTH), Const(len(names)), dtype=dtype, hint="activations")
            self.rows[dtype] = made
        self.returns = self.b.emit("full", _DONE, Const(DEPTH), dtype="int64", hint="returns")

    def needed(self, part: Segment) -> set[Var]:
        """The names that a stretch reads and does not make."""
        read = all_reads(part.lines) | {v for v in _ends(part) if isinstance(v, Var)}
        for v in all_defs(part.lines):
            read |= {a for a in self.b.shape(v) if isinstance(a, Var)}
        return read - all_defs(part.lines) - set(part.received)

    def put(self, depth: Atom, values: Iterable[tuple[Var, Atom]]) -> None:
        """Store values of names in the row of an activation, where they are read again."""
        for v, value in values:
            if v in self.slots:
                self.b.store(self.rows[self.b.type(v).dtype], (depth, Const(self.slots[v])), value)

    def get(self, v: Var) -> Var:
        """The value of a name in the row of the present activation."""
        type = self.b.type(v)
        found = self.b.load(self.rows[type.dtype], (self.depth, Const(self.slots[v])), v.name)
        return self.b.emit("cast", found, dtype=type.dtype, weak=True, hint=v.name) if type.weak else found

    # -- stretches ---------------------------------------------------------------------------------------------------

    def among(self, place: Var, start: int, stop: int) -> list[Atom]:
        """Append the stretch at `place`, one of some neighbours; the next place, depth and results."""
        if stop - start == 1:
            return self.stretch(self.parts[start])
        middle = (start + stop) // 2
        test = self.b.emit("lt", place, Const(middle), hint="earlier", weak=True)
        with self.b.block() as then:
            first = self.among(place, start, middle)
        with self.b.block() as other:
            second = self.among(place, middle, stop)
        outs = [
            Out(self.b.like(v), x, y) for v, x, y in zip((place, self.depth, *self.results), first, second, strict=True)
        ]
        self.b.add(Branch(test, tuple(then), tuple(other), tuple(outs), self.b.span))
        return [out.var for out in outs]

    def stretch(self, part: Segment) -> list[Atom]:
        """Append the lines of a stretch, and find what follows."""
        names: dict[Var, Atom] = dict(zip(part.received, self.results, strict=False))
        for v in sorted(self.needed(part), key=str):
            if v in self.slots:
                names[v] = self.get(v)
        for v in all_defs(part.lines):
            if self.b.shape(v):
                self.b.shapes[v.name] = tuple(names.get(a, a) if isinstance(a, Var) else a for a in self.b.shape(v))
        self.b.extend(rename(tuple(part.lines), names))

        def now(atom: Atom) -> Atom:
            return names.get(atom, atom) if isinstance(atom, Var) else atom

        self.put(self.depth, ((v, now(v)) for v in (*part.received, *_made(part))))
        self.put(self.depth, [(v, now(value)) for v, value in part.moves])
        match part.end:
            case Go(to):
                return [Const(to), self.depth, *self.results]
            case Fork(test, then, other):
                chosen = self.b.emit("where", now(test), Const(then), Const(other), hint="place", weak=True)
                return [chosen, self.depth, *self.results]
            case Enter(args, after, span):
                with self.b.at(span):
                    return self.enter([now(a) for a in args], after)
            case Leave(results):
                back = self.b.load(self.returns, (self.depth,), "place")
                caller = self.b.emit("cast", back, dtype="int64", weak=True, hint="place")
                return [caller, self.b.int("sub", self.depth, ONE, hint="depth"), *map(now, results)]

    def enter(self, args: Sequence[Atom], after: int) -> list[Atom]:
        """Append the beginning of another activation."""
        deeper = self.b.int("add", self.depth, ONE, hint="depth")
        failed = self.b.emit("ge", deeper, Const(DEPTH), hint="failed", weak=True)
        self.b.check(failed, "RecursionError", "maximum recursion depth exceeded")
        self.b.store(self.returns, (deeper,), Const(after))
        self.put(deeper, zip(self.params, args, strict=True))
        return [ZERO, deeper, *self.results]


def _made(part: Segment) -> Iterator[Var]:
    """The names that a stretch defines for what follows it."""
    return (v for stmt in part.lines for v in defines(stmt))


def _own(part: Segment) -> Iterator[Var]:
    """The names that belong to an activation."""
    yield from all_defs(part.lines)
    yield from part.received
    yield from (v for v, _ in part.moves)


def _ends(part: Segment) -> Iterator[Atom]:
    """What is read behind the lines of a stretch."""
    yield from (value for _, value in part.moves)
    match part.end:
        case Fork(test=test):
            yield test
        case Enter(args=args):
            yield from args
        case Leave(results=results):
            yield from results
        case Go():
            pass
