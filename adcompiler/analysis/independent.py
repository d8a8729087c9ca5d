"""Loops whose iterations may run at the same time, each with what it shares with the others."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from adcompiler.analysis.coverage import inside, is_add, is_work
from adcompiler.analysis.dependence import Dependence
from adcompiler.analysis.scope import Path
from adcompiler.ir.ops import OWN, kind
from adcompiler.ir.walk import blocks, operands, walk, yields
from adcompiler.ir.wengert import Assign, Atom, Block, Branch, Carry, Draw, Grow, Loop, Print, Stmt, Store, Var, While


@dataclass(frozen=True, slots=True)
class Sharing:
    """What the iterations of a loop share, of which no two touch the same memory otherwise.

    Parameters
    ----------
    gathered : tuple of Var
        Arrays from outside to which iterations add, and which none of them reads.
    private : tuple of Var
        Arrays from outside that each iteration writes before it reads them, and that nothing reads later.
    """

    gathered: tuple[Var, ...]
    private: tuple[Var, ...]


def sharing(over: Dependence, loop: Loop, path: Path) -> Sharing | str:
    """How the iterations of a loop can run at the same time, or why they cannot."""
    if loop.until is not None or loop.budget is not None:
        return "its iterations are not known before it runs"
    if any(isinstance(s, (Draw, Print)) for s in walk(loop.body)):
        return "it prints or draws random numbers"
    for carry in loop.carried:
        if over.fn.types[carry.var.name].rank or not is_sum(loop, carry):
            return f"an iteration needs '{carry.var}' of the one before"
    gathered, private = list[Var](), list[Var]()
    changed = {over.memory.root(s.array) for s in walk(loop.body) if isinstance(s, (Store, Grow))}
    for root in sorted(changed, key=str):
        outside = [v for v in names(over, root) if is_outside(over, v, path)]
        if not outside:
            continue
        if len(outside) == 1 and is_own(over, root, outside[0], path):
            private.append(outside[0])
            continue
        match touch(over, root, path):
            case "apart" if not is_grown(over, root):
                pass
            case "adds" if len(outside) == 1:
                gathered.append(outside[0])
            case _ if len(outside) == 1 and is_scratch(over, root, outside[0], path):
                private.append(outside[0])
            case _:
                return f"iterations may share elements of '{outside[0]}'"
    return Sharing(tuple(gathered), tuple(private))


def names(over: Dependence, root: Var) -> list[Var]:
    """The names of the arrays of a class, in the order of their definition."""
    found = [Var(n) for n, t in over.fn.types.items() if t.rank and over.memory.root(Var(n)) == root]
    return [v for v in found if v in over.defs]


def is_outside(over: Dependence, var: Var, loop: Path) -> bool:
    """Whether a name is defined outside the loop at `loop`."""
    return all(f.path != loop for f in over.defs[var].frames)


def is_grown(over: Dependence, root: Var) -> bool:
    """Whether the extents of an array change."""
    return any(isinstance(s, Grow) and over.memory.root(s.array) == root for s in walk(over.fn.body))


def touch(over: Dependence, root: Var, loop: Path) -> str:
    """Whether different iterations keep "apart" in an array, only make additions ("adds"), or may "meet"."""
    writes = [w for w in over.writes.get(root, ()) if inside(w, loop)]
    reads = [r for r in over.reads.get(root, ()) if inside(r, loop)]
    meet = any(over.across(w, other, loop) for k, w in enumerate(writes) for other in (*writes[k:], *reads))
    if not meet:
        return "apart"
    return "meet" if reads or not all(is_add(over.fn, w) for w in writes) else "adds"


def is_own(over: Dependence, root: Var, array: Var, loop: Path) -> bool:
    """Whether an array was made for records of one iteration, which serve no other."""
    made = over.defs[array].stmt
    uses = (*over.reads.get(root, ()), *over.writes.get(root, ()))
    return isinstance(made, Assign) and OWN in dict(made.params) and all(inside(access, loop) for access in uses)


def is_scratch(over: Dependence, root: Var, array: Var, loop: Path) -> bool:
    """Whether an array that the function makes only serves within iterations."""
    made = over.defs[array].stmt
    reads = [r for r in over.reads.get(root, ()) if inside(r, loop)]
    return isinstance(made, Assign) and kind(made.op) == "alloc" and is_work(over, root, reads, loop)


# -- sums -------------------------------------------------------------------------------------------------------------


def is_sum(loop: Loop, carry: Carry) -> bool:
    """Whether a loop does nothing with a carried number but add to it."""
    uses = Counter(a for s in walk(loop.body) for a in (*operands(s), *yields(s)) if isinstance(a, Var))
    uses.update(a for a in yields(loop) if isinstance(a, Var))
    return _leads(loop.body, carry.var, carry.next, uses)


def _leads(block: Block, value: Atom, end: Atom, uses: Counter[Var]) -> bool:
    """Whether additions in a block lead from a value to another, and nothing else reads it or what is between."""
    while value != end:
        if not isinstance(value, Var):
            return False
        following = next((after for s in block if (after := _after(s, value, uses)) is not None), None)
        if following is None:
            return False
        value = following
    return isinstance(value, Var) and uses[value] == 1


def _after(stmt: Stmt, value: Var, uses: Counter[Var]) -> Var | None:
    """What a statement makes of a value by additions, if it is all that reads it."""
    match stmt:
        case Assign(target=target, op="add" | "sub" as op, args=args) if value in args:
            return target if uses[value] == 1 and (op == "add" or args[0] == value) else None
        case Loop(carried=carried, body=body) | While(carried=carried, body=body):
            for c in carried:
                if c.init == value and uses[value] == 1 and _leads(body, c.var, c.next, uses):
                    return c.out
        case Branch(outs=outs):
            for o in outs:
                # each arm reads it once: an addition, or the value that the arm yields
                arms = Counter({**uses, value: uses[value] - 1})
                ends = zip(blocks(stmt), (o.then, o.other), strict=True)
                if uses[value] == 2 and all(_leads(block, value, end, arms) for block, end in ends):
                    return o.var
        case _:
            pass
    return None
