"""Loops over ranges of 64-bit integers as two numbers in memory: the next index, and how many are left.

And what LLVM is told of all loops: it would write the body of one several times, and a second loop for the rest, which
takes up to a tenth of a compilation, and saves nothing.
"""

# mypy: disable-error-code="no-untyped-call"
from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core import ir as numba_ir

from adcompiler.backend.llvm.exits import raise_if, values_given

_LARGEST = 2**63 - 1


@dataclass(slots=True)
class Counter:
    """Where the iterator of a loop keeps its numbers.

    Parameters
    ----------
    following, left
        Addresses of the next index, and of the number of iterations left.
    step
        What is added to the index: a constant, or the address of a number.
    """

    following: Any
    left: Any
    step: Any = None

    @classmethod
    def make(cls, builder: Any) -> Counter:
        """Memory for an iterator; LLVM keeps it in registers."""
        return cls(*(_number(builder) for _ in range(2)))

    def begin(self, context: Any, builder: Any, start: Any, stop: Any, step: Any) -> None:
        """Iterate over `range(start, stop, step)`."""
        known = step.constant if isinstance(step, ir.Constant) else None
        builder.store(start, self.following)
        self.step = step if known is not None else _number(builder)
        if known is None:
            builder.store(step, self.step)
        if known == 1 and _is(start, 0):
            # below zero where there is nothing to do, which is as well as zero
            builder.store(stop, self.left)
        elif known == -1 and _is(stop, -1):
            builder.store(builder.add(start, ir.Constant(cgutils.intp_t, 1)), self.left)
        else:
            self._count(context, builder, start, stop, step, known)

    def _count(self, context: Any, builder: Any, start: Any, stop: Any, step: Any, known: int | None) -> None:
        """Write how many steps there are, of which only a constant is `known`."""
        zero = ir.Constant(cgutils.intp_t, 0)
        distance = builder.sub(stop, start)
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
        before = builder.basic_block
        with builder.if_then(is_one):
            index = builder.load(self.following)
            step = self.step if isinstance(self.step, ir.Constant) else builder.load(self.step)
            builder.store(builder.sub(left, ir.Constant(cgutils.intp_t, 1), flags=["nsw"]), self.left)
            builder.store(builder.add(index, step, flags=["nsw"]), self.following)
            then = builder.basic_block
        present = builder.phi(cgutils.intp_t)
        present.add_incoming(ir.Constant(cgutils.intp_t, ir.Undefined), before)
        present.add_incoming(index, then)
        return present, is_one


def _number(builder: Any) -> Any:
    """Memory for a number, which is written before it is read."""
    with builder.goto_entry_block():
        return builder.alloca(cgutils.intp_t)


def _is(end: Any, number: int) -> bool:
    """Whether an end of a range is known to be a number."""
    return isinstance(end, ir.Constant) and bool(end.constant == number)


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


def closing(graph: Any) -> set[Any]:
    """The labels of the blocks at whose end a loop begins again, in Numba's graph of them."""
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
    values = values_given(blocks)
    elsewhere = set[str]()
    for block in blocks.values():
        for line in block.body:
            if isinstance(line, numba_ir.Assign) and (
                isinstance(line.value, numba_ir.Var) or _does(line.value, "iternext")
            ):
                continue
            if not isinstance(line, numba_ir.Del):
                read = {v.name for v in line.list_vars()}
                elsewhere |= read - {line.target.name} if isinstance(line, numba_ir.Assign) else read
    made = {name: name for name, found in values.items() if len(found) == 1 and _does(found[0], "getiter")}
    found = _copies(made, values)
    unknown = {found[name] for name in elsewhere & found.keys()}
    for name, given in values.items():
        if name not in found:
            unknown |= {found[v.name] for v in given if isinstance(v, numba_ir.Var) and v.name in found}
    return {name: origin for name, origin in found.items() if origin not in unknown}


def _does(value: Any, op: str) -> bool:
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


class Counted:
    """Names whose values do not count from the end where they are indices.

    They are indices of loops that count from zero or above it, or down to it: LLVM finds that out from more lines.

    Parameters
    ----------
    blocks
        Of the function.
    made
        The names of iterators, each with the one by which it is made.
    typeof
        Gives the type of a name.
    """

    def __init__(self, blocks: Mapping[Any, Any], made: Mapping[str, str], typeof: Callable[[str], Any]) -> None:
        self._values, self._made, self._typeof = values_given(blocks), made, typeof
        self._known = {n for n, found in self._values.items() if all(map(self._index, found))}
        size = 0
        while size != len(self._known):
            size = len(self._known)
            self._known |= {name for name, found in self._values.items() if all(map(self._same, found))}

    def of(self, index: str, count: int) -> list[bool]:
        """For each of the numbers of an index whether it is one of these values."""
        found = self._values.get(index, [])
        if len(found) == 1 and _does(found[0], "build_tuple"):
            return [self._counts(item.name) for item in found[0].items]
        return [self._counts(index)] * count

    def _counts(self, name: str) -> bool:
        number = self._literal(name)
        return name in self._known or (number is not None and number >= 0)

    def _same(self, value: Any) -> bool:
        return self._index(value) or (isinstance(value, numba_ir.Var) and value.name in self._known)

    def _index(self, value: Any) -> bool:
        """Whether a value is the index of a loop, and of one of these."""
        steps = self._values.get(value.value.name, []) if _does(value, "pair_first") else []
        return bool(steps) and all(_does(step, "iternext") and self._from_zero(step.value.name) for step in steps)

    def _from_zero(self, iterator: str) -> bool:
        made = self._made.get(iterator)
        if made is None or self._typeof(made) != types.range_iter64_type:
            return False
        calls = self._values.get(self._values[made][0].value.name, [])
        return bool(calls) and all(_does(call, "call") and self._upward(call.args) for call in calls)

    def _upward(self, given: Iterable[Any]) -> bool:
        ends = [self._literal(one.name) for one in given]
        start, stop, step = (0, ends[0], 1) if len(ends) == 1 else (*ends, 1)[:3]
        if step is None:
            return False
        first = start if step > 0 else None if stop is None else stop + 1
        return first is not None and first >= 0

    def _literal(self, name: str) -> int | None:
        kind = self._typeof(name)
        return kind.literal_value if isinstance(kind, types.IntegerLiteral) else None
