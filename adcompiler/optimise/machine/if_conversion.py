"""Branches between numbers as lines: both arms are computed, and one of the two results is taken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from adcompiler.emit.vector_functions import LANES
from adcompiler.ir.build import Builder, scalar
from adcompiler.ir.infer import infer
from adcompiler.ir.types import BOOL
from adcompiler.ir.walk import all_defs, all_reads, blocks, walk
from adcompiler.ir.wengert import Assign, Atom, Block, Branch, Check, Const, Note, Out, Stmt, Var
from adcompiler.optimise.machine.reductions import FLOATS

# what a processor computes in a few steps
_QUICK = frozenset(
    "add sub mul div neg abs sqrt cut where maximum minimum isnan isinf isfinite lt le gt ge eq ne "
    "logical_and logical_or logical_xor logical_not".split()
)
#: The parameter of a `where` line that stays one, where a choice is else printed as a branch.
CHOSEN = ("chosen", True)
# so many calls of functions are made where one arm might have had none
_MOST = 4


def without_branches(b: Builder, block: Block) -> Block | None:
    """Lines that do what lines and branches do; None where that is not the same, or takes much longer.

    Before:  if x > 0: check x < 9; y = log(x)
             else: y = -x
    After:   check x > 0 and x < 9; s = log(x if x > 0 else 1); t = -x; y = s if x > 0 else t

    A check is one of the arm it stands in. A function is called of one where its arm is not taken: calls for several
    numbers take much longer where it is not defined for one of them. Nothing else tells which arms were computed.
    What an arm makes is chosen without a jump, behind which LLVM would call the function, and of every number at last.
    """
    inside = [s for region in block for nested in blocks(region) for s in walk(nested)]
    calls = [s for s in inside if isinstance(s, Assign) and calls_function(b, s)]
    regions = [s for s in (*block, *inside) if blocks(s)]
    if len(calls) > _MOST or not all(isinstance(s, Branch) and _chooses(b, s) for s in regions):
        return None
    if not all(_is_plain(b, s) for s in inside if not isinstance(s, Branch)):
        return None
    arms = _Arms(b, all_defs(inside))
    with b.block() as lines:
        arms.block(block, ())
    return _needed(lines, arms.made)


def _needed(lines: Sequence[Stmt], arms: set[Var]) -> Block:
    """Lines without those of arms that no other one reads."""
    kept, read = list[Stmt](), set[Var]()
    for stmt in reversed(lines):
        if not isinstance(stmt, Assign) or stmt.target not in arms or stmt.target in read:
            kept.append(stmt)
            read |= all_reads([stmt])
    return tuple(reversed(kept))


def calls_function(b: Builder, line: Assign) -> bool:
    """Whether a line calls a function that there is for several numbers at once."""
    return line.op in LANES and all(b.type(a).dtype in FLOATS for a in (line.target, *line.args))


def _chooses(b: Builder, branch: Branch) -> bool:
    """Whether what a branch hands on can be chosen by a line."""
    return all(b.type(o.var).rank == 0 and _choice(b, o) == b.type(o.var) for o in branch.outs)


def _choice(b: Builder, out: Out) -> object:
    return infer("where", [BOOL, b.type(out.then), b.type(out.other)], {})


def _is_plain(b: Builder, stmt: Stmt) -> bool:
    """Whether a statement of an arm that is not taken has no effect, and takes a processor a few steps."""
    match stmt:
        case Assign(target=target, op=op, args=args):
            quick = op in _QUICK or op in LANES
            scalars = not any(b.type(a).rank or b.type(a).is_complex for a in args)
            return quick and scalars and b.type(target).dtype in (*FLOATS, "bool")
        case Check(values=values):
            return not values
        case _:
            return isinstance(stmt, Note)


#: The tests on the way to an arm, and what each was.
_Way = tuple[tuple[Atom, bool], ...]


@dataclass(slots=True)
class _Arms:
    b: Builder
    # what lines of arms, and those written for them, make
    made: set[Var]
    taken: dict[_Way, Atom] = field(default_factory=dict)
    # of a sum, each of its two terms and the other one
    terms: dict[Atom, dict[Atom, Atom]] = field(default_factory=dict)

    def block(self, block: Block, way: _Way) -> None:
        """Append the lines of an arm."""
        for stmt in block:
            with self.b.at(stmt.span if not isinstance(stmt, Note) else None):
                match stmt:
                    case Branch(test=test, then=then, other=other, outs=outs):
                        self.block(then, (*way, (test, True)))
                        self.block(other, (*way, (test, False)))
                        for o in outs:
                            self.choice(test, o)
                    case Check(failed=failed) if way:
                        both = self.b.emit("where", self.condition(way), failed, Const(False), hint="failed")
                        self.b.add(replace(stmt, failed=both))
                    case Assign(args=args) if way and calls_function(self.b, stmt):
                        self.b.add(replace(stmt, args=tuple(self.harmless(a, way) for a in args)))
                    case _:
                        self.b.add(stmt)
                if way and isinstance(stmt, Assign):
                    self.note(stmt)

    def note(self, line: Assign) -> None:
        """Note the terms of a sum, or of a difference."""
        dtypes = {self.b.type(a).dtype for a in (line.target, *line.args)}
        if len(dtypes) > 1 or not dtypes <= set(FLOATS):
            return
        if line.op == "add":
            first, second = line.args
            self.terms[line.target] = {first: second, second: first}
        elif line.op == "sub":
            first, second = line.args
            negative = self.b.emit("neg", second)
            self.made.add(negative)
            self.terms[line.target] = {first: negative}

    def choice(self, test: Atom, out: Out) -> None:
        """Append what a branch hands on: of two sums with a term in common, that term and one of the others.

        What a loop adds up remains a sum, of the terms that are chosen.
        """
        common = self.common(out) if self.b.type(out.var).dtype in FLOATS else None
        if common is None:
            self.b.add(Assign(out.var, "where", (test, out.then, out.other), (CHOSEN,), self.b.span))
            return
        term, then, other = common
        chosen = self.b.emit("where", test, then, other, chosen=True)
        line = Assign(out.var, "add", (term, chosen), (), self.b.span)
        self.b.add(line)
        self.note(line)

    def common(self, out: Out) -> tuple[Atom, Atom, Atom] | None:
        """A term of both values that a branch hands on, and what is added to it in either: perhaps nothing."""
        nothing = scalar(-0.0, self.b.type(out.var).dtype)
        then, other = ({**self.terms.get(a, {}), a: nothing} for a in (out.then, out.other))
        return next(((a, then[a], other[a]) for a in then if a in other and isinstance(a, Var)), None)

    def condition(self, way: _Way) -> Atom:
        """Whether an arm is taken."""
        if way not in self.taken:
            test, value = way[-1]
            here = test if value else self.b.emit("logical_not", test)
            self.taken[way] = self.b.emit("logical_and", self.condition(way[:-1]), here) if way[:-1] else here
        return self.taken[way]

    def harmless(self, arg: Atom, way: _Way) -> Atom:
        """What a function is called of."""
        if isinstance(arg, Const):
            return arg
        taken = self.condition(way)
        return self.b.emit("where", taken, arg, scalar(1.0, self.b.type(arg).dtype), hint=arg.name)


__all__ = ["calls_function", "without_branches"]
