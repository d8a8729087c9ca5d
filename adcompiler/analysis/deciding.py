"""Numbers whose last bit may decide something: which way a test goes, an index, or whether a function has a value.

A quotient that is rounded once more than the source rounds it is as good as the other one where it goes into sums,
products and their like alone. It is not where it is compared, rounded to a whole number, or under a root: `x / h` is 1
where `x` is `h`, and a number beside 1 has another integer part, and no arc sine.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from adcompiler.ir.memory import memory_of
from adcompiler.ir.ops import kind
from adcompiler.ir.walk import blocks, operands, walk, yields
from adcompiler.ir.wengert import Assign, Atom, Branch, Const, Func, Load, Loop, Note, Stmt, Store, Var, While

# functions that are smooth for all arguments: a little more in an argument is a little more in the value. A guard is
# one: it asks whether a cotangent is zero, which a quotient by a number of ordinary size is with its numerator
_SMOOTH = frozenset(
    "add sub mul neg pos sin cos exp tanh arctan sinh cosh cut where copy stop full sum dot transpose reshape".split()
)
# tests of how large a number is, which a quotient by a number of ordinary size is where the product is
_SIZES = frozenset(("isfinite", "isinf", "isnan"))


def deciding(fn: Func) -> frozenset[Var]:
    """The names on whose last bit a decision may depend, arrays by the representatives of `memory_of(fn)`."""
    memory = memory_of(fn)

    def name(atom: Atom) -> Var | None:
        return None if isinstance(atom, Const) else memory.root(atom) if fn.types[atom.name].rank else atom

    found, made = set[Var](), dict[Var, list[Var]]()
    for stmt in walk(fn.body):
        found |= {v for a in _asked(stmt) if (v := name(a))}
        for target, sources in _flows(stmt):
            if (to := name(target)) is not None:
                made.setdefault(to, []).extend(v for a in sources if (v := name(a)))
    agenda = list(found)
    while agenda:
        new = set(made.get(agenda.pop(), ())) - found
        found |= new
        agenda.extend(new)
    return frozenset(found)


def _asked(stmt: Stmt) -> Iterator[Atom]:
    """What a statement takes a decision from, or does something with that is not smooth."""
    match stmt:
        case Assign(op="div", args=args):
            yield args[1]
        case Assign(op="where", args=args):
            yield args[0]
        case Assign(op="pow", args=(base, power)):
            # a whole power is a product
            whole = isinstance(power, Const) and isinstance(power.value, int) and power.value >= 0
            yield from () if whole else (base, power)
        case Assign(op=op) if op in _SMOOTH or op in _SIZES or kind(op) in ("alloc", "shape"):
            pass
        case Load(index=index) | Store(index=index):
            yield from (a for a in operands(stmt) if a in index)
        case Loop(until=until, start=start, stop=stop, step=step):
            yield from (a for a in (start, stop, step, until) if a is not None)
        case Branch(test=test) | While(test=test):
            yield test
        case Note():
            pass
        case _:
            yield from operands(stmt)


def _flows(stmt: Stmt) -> Iterator[tuple[Atom, Iterable[Atom]]]:
    """What a statement computes, and from what; an array has all that is stored into it."""
    match stmt:
        case Assign(op=op, target=target, args=args):
            yield target, () if op in _SIZES else args
        case Load(target=target, array=array):
            yield target, (array,)
        case Store(array=array, value=value):
            yield array, (value,)
        case Loop(carried=carried) | While(carried=carried):
            for c in carried:
                yield c.var, (c.init, c.next)
                yield c.out, (c.var, c.next, c.init)
        case Branch(outs=outs):
            for o in outs:
                yield o.var, (o.then, o.other)
        case _:
            assert not blocks(stmt) and not list(yields(stmt))


__all__ = ["deciding"]
