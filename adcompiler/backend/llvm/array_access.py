"""The address of an array's element from those fields of the array that it depends on."""

# mypy: disable-error-code="no-untyped-call"
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.np.arrayobj import fix_integer_index

from adcompiler.backend.llvm.exits import raise_if


def element(builder: Any, value: Any, position: int) -> Any:
    """An element of a tuple or a structure, found where it was put in if that was in the same block."""
    found = value
    while isinstance(found, ir.instructions.InsertValue):
        if list(found.indices) == [position]:
            return found.operands[1]
        found = found.operands[0]
    return builder.extract_value(value, position)


def array_value(context: Any, builder: Any, kind: Any, fields: dict[str, Any]) -> Any:
    """An array from its fields, those left out being null."""
    model = context.data_model_manager[kind]
    value = ir.Constant(model.get_value_type(), None)
    for name, field in fields.items():
        value = builder.insert_value(value, field, model.get_field_position(name))
    return value


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields of an array that is a value, or that lies in memory.

    Parameters
    ----------
    builder
        Writes LLVM's lines.
    model
        Numba's, of the array's type.
    value, pointer
        One of these.
    """

    builder: Any
    model: Any
    value: Any
    pointer: Any

    def read(self, name: str, axis: int | None = None) -> Any:
        """A field, or one number of `shape` or `strides`."""
        places = [self.model.get_field_position(name), *([] if axis is None else [axis])]
        if self.value is None:
            return self.builder.load(cgutils.gep_inbounds(self.builder, self.pointer, 0, *places))
        found = self.value
        for place in places:
            found = element(self.builder, found, place)
        return found


def indices(context: Any, builder: Any, given: Any, wanted: Any, value: Any) -> list[tuple[Any, Any]] | None:
    """The types and values of the integers of an index; None where it has anything else."""
    if isinstance(wanted, types.Integer) and isinstance(given, types.Integer):
        return [(wanted, context.cast(builder, value, given, wanted))]
    if not isinstance(wanted, (types.UniTuple, types.Tuple)) or not isinstance(given, (types.UniTuple, types.Tuple)):
        return None
    if not all(isinstance(t, types.Integer) for t in (*wanted.types, *given.types)):
        return None
    pairs = enumerate(zip(given.types, wanted.types, strict=True))
    return [(to, context.cast(builder, element(builder, value, k), of, to)) for k, (of, to) in pairs]


def address(
    context: Any, builder: Any, kind: Any, fields: Fields, found: list[tuple[Any, Any]], counted: Sequence[bool]
) -> Any:
    """The address of an element, or of the first one at some first indices; negative indices count from the end.

    `counted` says of each whether it is known not to be negative.
    """
    whole: dict[int, Any] = {}

    def extent(axis: int) -> Any:
        if axis not in whole:
            whole[axis] = fields.read("shape", axis)
        return whole[axis]

    places = [
        _place(context, builder, t, value, None if counts or not t.signed else extent(axis))
        for axis, ((t, value), counts) in enumerate(zip(found, counted, strict=True))
    ]
    data = fields.read("data")
    if kind.layout not in ("C", "F"):
        offsets = [builder.mul(fields.read("strides", axis), place) for axis, place in enumerate(places)]
        return cgutils.pointer_add(builder, data, _sum(builder, offsets))
    offsets = []
    for axis, place in enumerate(places):
        for other in range(axis + 1, kind.ndim) if kind.layout == "C" else range(axis):
            place = builder.mul(place, extent(other))
        offsets.append(place)
    # axis by axis, the same at loads and stores: LLVM moves what an inner loop does not change out of it
    for offset in offsets:
        data = builder.gep(data, [offset])
    return data


def _place(context: Any, builder: Any, kind: Any, value: Any, extent: Any) -> Any:
    """An index as an integer of the machine; `extent` is that of its axis if it may count from the end."""
    if extent is not None:
        return fix_integer_index(context, builder, kind, value, extent)
    return context.cast(builder, value, kind, types.intp if kind.signed else types.uintp)


def _sum(builder: Any, offsets: list[Any]) -> Any:
    total: ir.Value = offsets[0]
    for offset in offsets[1:]:
        total = builder.add(total, offset)
    return total


def view(context: Any, builder: Any, result: Any, fields: Fields, data: Any, axes: Sequence[int]) -> Any:
    """An array over some axes of another one, in the order given, that begins at `data`."""
    extents, strides = ([fields.read(name, axis) for axis in axes] for name in ("shape", "strides"))
    return _over(context, builder, result, fields, data, extents, strides)


def reshaped(context: Any, builder: Any, result: Any, fields: Fields, extents: Sequence[Any]) -> Any:
    """The elements of an array in memory row by row under other extents; an error unless these are as many."""
    zero = ir.Constant(cgutils.intp_t, 0)
    wrong = [builder.icmp_signed("!=", reduce(builder.mul, extents), fields.read("nitems"))]
    wrong += [builder.icmp_signed("<", extent, zero) for extent in extents]
    raise_if(context, builder, wrong, "total size of new array must be unchanged")
    strides = [fields.read("itemsize")]
    for extent in extents[:0:-1]:
        strides.insert(0, builder.mul(strides[0], extent))
    return _over(context, builder, result, fields, fields.read("data"), extents, strides)


def _over(
    context: Any, builder: Any, result: Any, fields: Fields, data: Any, extents: Sequence[Any], strides: Sequence[Any]
) -> Any:
    """An array over memory of another one."""
    parts = {
        "meminfo": fields.read("meminfo"),
        "parent": fields.read("parent"),
        "nitems": reduce(builder.mul, extents),
        "itemsize": fields.read("itemsize"),
        "data": data,
        "shape": cgutils.pack_array(builder, extents, cgutils.intp_t),
        "strides": cgutils.pack_array(builder, strides, cgutils.intp_t),
    }
    return array_value(context, builder, result, parts)
