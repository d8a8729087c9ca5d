"""Products with the negative of a number are taken away, instead of added.

The adjoint of a subtraction negates a cotangent, and multiplies it with one factor or several. Where a recurrence waits
for the product, it waits for the sign as well: Kepler's equation and Burgers' take a fiftieth less without it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from adcompiler.ir.build import Builder, with_body
from adcompiler.ir.walk import index_atoms, map_blocks, operands, walk, yields
from adcompiler.ir.wengert import Assign, Atom, Block, Func, Stmt, Store, Var

Uses = Mapping[Atom, Sequence[Stmt]]


def take_away(fn: Func) -> Func:
    """Subtract products of a number rather than add those of its negative.

    Before:  t = -g; y = x + t * a; s[i] += cut(t, b)
    After:   y = x - g * a; s[i] -= cut(g, b)

    Only where sums are all that becomes of the negative and its products. Every number is the same but for the sign of
    a zero that stands for a guarded product.
    """
    negatives = [s for s in walk(fn.body) if isinstance(s, Assign) and s.op == "neg" and _is_number(fn, s)]
    if not negatives:
        return fn
    b, uses, names = Builder.of(fn), _uses(fn), dict[Atom, Atom]()
    for stmt in negatives:
        products = _products(fn, stmt.target, uses, names)
        if products:
            names[stmt.target] = stmt.args[0]
            names |= {p: b.like(p) for p in products}
    if not names:
        return fn
    dropped = {s.target for s in negatives} & names.keys()
    body = _Written(b, names, dropped).block(fn.body)
    return with_body(fn, body, b)


def _is_number(fn: Func, stmt: Assign) -> bool:
    """Whether a line is of floats, none of them arrays."""
    types = [fn.type(a) for a in (stmt.target, *stmt.args)]
    return all(t.is_float and not t.rank and t.dtype == types[0].dtype for t in types)


def _uses(fn: Func) -> Uses:
    """The statements that read each name."""
    uses = defaultdict[Atom, list[Stmt]](list)
    for stmt in walk(fn.body):
        for a in (*operands(stmt), *yields(stmt)):
            uses[a].append(stmt)
    return uses


def _products(fn: Func, negative: Var, uses: Uses, taken: Mapping[Atom, Atom]) -> list[Var] | None:
    """The products that follow from a negative, if all of them end in sums; those of no other one are in them."""
    found, agenda, sums = list[Var](), [negative], set[Var]()
    while agenda:
        v = agenda.pop()
        if v in fn.results:
            return None
        for stmt in uses[v]:
            match stmt:
                case Assign(target=product) if _is_product(stmt, v) and _is_number(fn, stmt):
                    if product in taken or product in found:
                        return None
                    found.append(product)
                    agenda.append(product)
                case Assign(target=total) if _is_sum(stmt, v) and _is_number(fn, stmt):
                    if total in sums or not taken.keys().isdisjoint(stmt.args):
                        return None
                    sums.add(total)
                case Store(add=True, array=array, index=index) if v not in (array, *index_atoms(index)):
                    pass
                case _:
                    return None
    return found


def _is_product(stmt: Assign, v: Var) -> bool:
    """Whether a line is negative where a number is."""
    return stmt.args.count(v) == 1 and (stmt.op == "mul" or (stmt.op in ("cut", "div") and stmt.args[0] == v))


def _is_sum(stmt: Assign, v: Var) -> bool:
    """Whether a line adds a number, or takes it away."""
    return stmt.args.count(v) == 1 and (stmt.op == "add" or (stmt.op == "sub" and stmt.args[1] == v))


@dataclass(frozen=True, slots=True)
class _Written:
    """Writes blocks in which `names` have what the negatives of others stand for; these lines are `dropped`."""

    b: Builder
    names: Mapping[Atom, Atom]
    dropped: set[Var]

    def block(self, block: Block) -> Block:
        """A block, and the blocks in it."""
        with self.b.block() as lines:
            for stmt in block:
                self.statement(map_blocks(stmt, self.block))
        return tuple(lines)

    def statement(self, stmt: Stmt) -> None:
        """Append what stands for a statement."""
        names = self.names
        match stmt:
            case Assign(target=target) if target in self.dropped:
                pass
            case Assign(target=target, args=args) if target in names:
                own = names[target]
                assert isinstance(own, Var)
                self.b.add(replace(stmt, target=own, args=tuple(names.get(a, a) for a in args)))
            case Assign(op="add", args=(x, y)) if x in names or y in names:
                self.b.add(replace(stmt, op="sub", args=(y, names[x]) if x in names else (x, names[y])))
            case Assign(op="sub", args=(x, y)) if y in names:
                self.b.add(replace(stmt, op="add", args=(x, names[y])))
            case Store(value=value) if value in names:
                with self.b.at(stmt.span):
                    self.b.add(replace(stmt, value=self.b.emit("neg", names[value])))
            case _:
                self.b.add(stmt)


__all__ = ["take_away"]
