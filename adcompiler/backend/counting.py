"""Loops over ranges of 64-bit integers as two numbers in memory: the next index, and how many are left.

And what LLVM is told of all loops: it would write the body of one several times, and a second loop for the rest, which
takes up to a tenth of a compilation, and saves nothing.
"""

# mypy: disable-error-code="no-untyped-call"
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from llvmlite import ir
from numba.core import cgutils
from numba.core import ir as numba_ir
from numba.core.analysis import compute_cfg_from_blocks

from adcompiler.backend.leaving import raise_if

_LARGEST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Counter:
    """Where the iterator of a loop keeps its numbers.

    Parameters
    ----------
    following, index, left, step
        Addresses of the next index, of the present one, of the number of iterations left, and of the step.
    """

    following: Any
    index: Any
    left: Any
    step: Any

    @classmethod
    def make(cls, builder: Any) -> Counter:
        """Memory for an iterator; LLVM keeps it in registers."""
        return cls(*(cgutils.alloca_once(builder, cgutils.intp_t) for _ in range(4)))

    def begin(self, context: Any, builder: Any, start: Any, stop: Any, step: Any) -> None:
        """Iterate over `range(start, stop, step)`."""
        builder.store(start, self.following)
        builder.store(step, self.step)
        zero = ir.Constant(cgutils.intp_t, 0)
        distance = builder.sub(stop, start)
        known = step.constant if isinstance(step, ir.Constant) else None
        ahead = builder.icmp_signed(">", stop, start)
        if known in (None, 0):
            raise_if(context, builder, [builder.icmp_signed("==", step, zero)], "range() arg 3 must not be zero")
        differ = builder.xor(ahead, builder.icmp_signed(">", step, zero))
        with builder.if_else(differ) as (empty, full):
            with empty:
                builder.store(zero, self.left)
            with full:
                count = _quotient(builder, distance, step, known, ahead)
                if (known == 1 and not _is_near(start, 0)) or (known == -1 and not _is_near(stop, -1)):
                    # the ends may be further apart than a number with a sign tells; nobody counts as far by ones
                    far = builder.icmp_signed("<", count, zero)
                    count = builder.select(far, ir.Constant(cgutils.intp_t, _LARGEST), count)
                builder.store(count, self.left)

    def advance(self, builder: Any) -> tuple[Any, Any]:
        """The next index, and whether there is one."""
        left = builder.load(self.left)
        is_one = builder.icmp_signed(">", left, ir.Constant(cgutils.intp_t, 0))
        # changed before the test, these numbers would cost registers in the loop
        with builder.if_then(is_one):
            index = builder.load(self.following)
            builder.store(index, self.index)
            builder.store(builder.sub(left, ir.Constant(cgutils.intp_t, 1), flags=["nsw"]), self.left)
            builder.store(builder.add(index, builder.load(self.step), flags=["nsw"]), self.following)
        return builder.load(self.index), is_one


def _is_near(end: Any, least: int) -> bool:
    """Whether the lower end of a range is known, and no less than that."""
    return isinstance(end, ir.Constant) and bool(end.constant >= least)


def _quotient(builder: Any, distance: Any, step: Any, known: int | None, ahead: Any) -> Any:
    """How many steps it takes to go that far; the distance is a number without a sign where there is another step."""
    if known in (1, -1):
        return distance if known == 1 else builder.neg(distance)
    length, size = (builder.select(ahead, x, builder.neg(x)) for x in (distance, step))
    uneven = builder.icmp_unsigned("!=", builder.urem(length, size), ir.Constant(cgutils.intp_t, 0))
    return builder.add(builder.udiv(length, size), builder.zext(uneven, cgutils.intp_t))


class _Loop(ir.MDValue):  # type: ignore[misc]
    """What LLVM knows a loop by: a node that has itself as its first part."""

    def __init__(self, module: Any, said: Any) -> None:
        super().__init__(module, (), str(len(module.metadata)))
        self.operands = (self, said)

    __eq__, __hash__ = object.__eq__, object.__hash__


def closing(blocks: Mapping[Any, Any]) -> set[Any]:
    """The labels of the blocks at whose end a loop begins again."""
    graph = compute_cfg_from_blocks(blocks)
    found = [(loop, label) for loop in graph.loops().values() for label, _ in graph.predecessors(loop.header)]
    return {label for loop, label in found if label in loop.body}


def write_once(branch: Any) -> None:
    """Mark the branch that closes a loop, so that LLVM writes the body as often as its vectors need it."""
    module = branch.module
    branch.set_metadata("llvm.loop", _Loop(module, module.add_metadata(["llvm.loop.unroll.runtime.disable"])))


def iterators(blocks: Mapping[Any, Any]) -> dict[str, str]:
    """The names that can only mean one iterator, and for each the name by which the iterator is made.

    Such a name is read by nothing but steps of the iterator and copies to other such names.
    """
    values: dict[str, list[Any]] = {}
    elsewhere = set[str]()
    for block in blocks.values():
        for line in block.body:
            if isinstance(line, numba_ir.Assign):
                values.setdefault(line.target.name, []).append(line.value)
                if isinstance(line.value, numba_ir.Var) or _is(line.value, "iternext"):
                    continue
            if not isinstance(line, numba_ir.Del):
                read = {v.name for v in line.list_vars()}
                elsewhere |= read - {line.target.name} if isinstance(line, numba_ir.Assign) else read
    made = {name: name for name, found in values.items() if len(found) == 1 and _is(found[0], "getiter")}
    found = _copies(made, values)
    unknown = {found[name] for name in elsewhere & found.keys()}
    for name, given in values.items():
        if name not in found:
            unknown |= {found[v.name] for v in given if isinstance(v, numba_ir.Var) and v.name in found}
    return {name: origin for name, origin in found.items() if origin not in unknown}


def _is(value: Any, op: str) -> bool:
    return isinstance(value, numba_ir.Expr) and value.op == op


def _copies(made: dict[str, str], values: dict[str, list[Any]]) -> dict[str, str]:
    """The names of iterators with those to which nothing else is copied."""
    found, size = dict(made), 0
    while size != len(found):
        size = len(found)
        for name, assigned in values.items():
            others = [v for v in assigned if not (isinstance(v, numba_ir.Var) and v.name == name)]
            origins = {found.get(v.name) if isinstance(v, numba_ir.Var) else None for v in others}
            if name not in found and len(origins) == 1 and None not in origins:
                found[name] = origins.pop()  # type: ignore[assignment]
    return found
