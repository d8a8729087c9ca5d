"""Launching the adjoint of a kernel: its arguments, its work memory, and copies of what the kernel overwrote."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from adcompiler.backend.gpu.streams import current
from adcompiler.cuda.program import Program
from adcompiler.emit.device import NEEDS
from adcompiler.errors import TypeProblem
from adcompiler.gpu_arrays import by_dlpack, package_of

Array = Any
_FIRST_ROWS = 32
# of every GPU that kernels are compiled for
_BLOCKS = (2**31 - 1, 65535, 65535)
_THREADS = (1024, 1024, 64)


@dataclass(frozen=True, slots=True)
class Grid:
    """The blocks and threads of a launch, along three axes, and its stream."""

    blocks: tuple[int, int, int]
    block: tuple[int, int, int]
    stream: Any = 0

    @classmethod
    def of(cls, blocks: Any, block: Any, stream: Any = 0) -> Grid:
        """What stands between the brackets of a launch."""
        found = cls(_triple(blocks), _triple(block), stream)
        for what, counts, most in (("blocks", found.blocks, _BLOCKS), ("threads of a block", found.block, _THREADS)):
            for axis, count, limit in zip("xyz", counts, most, strict=True):
                if not 1 <= count <= limit:
                    raise ValueError(f"a launch has 1 to {limit} {what} along axis {axis}, not {count}")
        if math.prod(found.block) > _THREADS[0]:
            raise ValueError(f"a block has at most {_THREADS[0]} threads, not {math.prod(found.block)}")
        return found

    @property
    def axes(self) -> tuple[int, ...]:
        """The axes along which there are several threads."""
        return tuple(k for k in range(3) if self.blocks[k] * self.block[k] > 1)

    @property
    def threads(self) -> int:
        """How many threads there are."""
        return math.prod(self.blocks) * math.prod(self.block)

    def launch(self, kernel: Any) -> Callable[..., None]:
        """A kernel with this configuration, in the stream that is in use."""
        launched: Callable[..., None] = kernel[self.blocks, self.block, current()]
        return launched


def _triple(given: Any) -> tuple[int, int, int]:
    items = tuple(given) if isinstance(given, (tuple, list)) else (given,)
    if not 1 <= len(items) <= 3:
        raise TypeError(f"a launch has one, two or three axes, not {len(items)}")
    x, y, z = (*map(int, items), 1, 1)[:3]
    return x, y, z


@dataclass(slots=True)
class Workspace:
    """Copies of arrays that a kernel overwrites, as they were before it: its adjoint reads them.

    Parameters
    ----------
    positions : tuple of int
        The positions of the arrays among the arguments.
    copies : list
        The copies, once the kernel has been launched with this workspace.
    """

    positions: tuple[int, ...]
    copies: list[Array] = field(default_factory=list)

    def keep(self, args: Sequence[Any]) -> None:
        """Copy the arrays."""
        self.copies = [_copy(args[k]) for k in self.positions]

    def restored(self, args: Sequence[Any]) -> list[Any]:
        """The arguments with the arrays as they were."""
        found = list(args)
        for k, kept in zip(self.positions, self.copies, strict=True):
            found[k] = _copy(kept)
        return found


def _copy(array: Array) -> Array:
    """A copy of an array of the host or of the device."""
    if isinstance(array, np.ndarray):
        return array.copy()
    from adcompiler.backend.gpu.memory import copied

    return copied(_by_numba(array))


def _by_numba(array: Array) -> Array:
    """An array of the device as Numba's."""
    from adcompiler.backend.gpu.cuda import cuda

    return array if hasattr(array, "copy_to_host") else cuda.as_cuda_array(array)


@dataclass(slots=True)
class Launched:
    """The adjoint of a kernel, compiled, with the lengths that its records had to have so far.

    `first` is the kernel that gathers, which runs once before the other one.
    """

    program: Program
    first: Any
    kernel: Any
    extents: Callable[..., tuple[int, ...]]
    needs: list[int] = field(default_factory=list)

    def run(self, grid: Grid, args: Callable[[], Sequence[Any]], bars: Sequence[Array]) -> None:
        """Run the adjoint; `args` gives the arguments as they were, of which a launch may change its own copies."""
        printed = self.program.printed
        given = self.given(args, bars)
        totals = [_zeros(grid.threads, _type_of(given[s.array])) for s in printed.sums]
        told = self.extents(*given)
        if self.first is not None:
            grid.launch(self.first)(*given)
        if not printed.unknown:
            grid.launch(self.kernel)(*given, *self.memory(grid, told), *totals)
        else:
            self.repeated(grid, args, bars, told, totals)
        named = dict(zip(self.names, given, strict=True))
        for found, total in zip(printed.sums, totals, strict=True):
            index = tuple(k if isinstance(k, int) else int(named[k]) for k in found.index)
            _add_to(given[found.array], index, total)

    def given(self, args: Callable[[], Sequence[Any]], bars: Sequence[Array]) -> list[Any]:
        """The arguments of the kernel, but for memory of threads."""
        found = args()
        return [*(found[k] for k in self.program.given), *self.program.outside, *bars]

    def repeated(
        self,
        grid: Grid,
        args: Callable[[], Sequence[Any]],
        bars: Sequence[Array],
        told: Sequence[int],
        totals: Sequence[Array],
    ) -> None:
        """Run the adjoint until all threads have memory enough for what they record."""
        unknown = self.program.printed.unknown
        self.needs = self.needs or [_FIRST_ROWS] * unknown
        done = _zeros(grid.threads, np.bool_)
        while True:
            report = _zeros(NEEDS + unknown, np.int64)
            # threads that had memory enough are done; the others may have changed what they read
            given = self.given(args, bars)
            grid.launch(self.kernel)(*given, report, done, *self.memory(grid, told), *totals)
            found = [int(n) for n in _to_host(report)[NEEDS:]]
            if not any(n > r for n, r in zip(found, self.needs, strict=True)):
                return
            self.needs = [max(2 * r, n) if n > r else r for n, r in zip(found, self.needs, strict=True)]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the parameters that are not memory of threads."""
        return tuple(inspect.signature(self.extents).parameters)

    def memory(self, grid: Grid, told: Sequence[int]) -> list[Array]:
        """The work arrays, with an element for each thread along their last axis."""
        known, needs = iter(told), iter(self.needs)
        found = []
        for dtype, axes in self.program.printed.work:
            extents = [next(known) for _ in axes]
            shape = [max(n if is_known else next(needs), 1) for n, is_known in zip(extents, axes, strict=True)]
            what = f"what {grid.threads} threads of {self.program.printed.title}() record"
            found.append(_empty((*shape, grid.threads), dtype, what))
        return found


def _type_of(array: Array) -> Any:
    return np.dtype(form_of(array)[1])


def _add_to(array: Array, index: tuple[int, ...], parts: Array) -> None:
    """Add up what threads have found, always in the same order, and add that to an element."""
    from adcompiler.backend.gpu.memory import add_to_element, folded

    add_to_element(array, index, folded(parts.reshape(1, parts.shape[0])))


def _empty(shape: tuple[int, ...], dtype: Any, what: str) -> Array:
    from adcompiler.backend.gpu.memory import empty

    return empty(shape, dtype, what)


def _zeros(length: int, dtype: Any) -> Array:
    from adcompiler.backend.gpu.memory import zeros

    return zeros((length,), dtype)


def _to_host(array: Array) -> Any:
    from adcompiler.backend.gpu.streams import to_host

    return to_host(array)


# -- arguments ---------------------------------------------------------------------------------------------------------


def form_of(value: Any) -> tuple[tuple[int, ...] | None, Any]:
    """The shape and element type of an array of any library; None for what is none."""
    face = getattr(value, "__cuda_array_interface__", None)
    if face is not None:
        return tuple(face["shape"]), face["typestr"]
    shape = getattr(value, "shape", None)
    return None if shape is None else tuple(shape), getattr(value, "dtype", None)


@contextmanager
def collected(bars: Sequence[Array], positions: Sequence[int]) -> Iterator[list[Array]]:
    """The adjoints with zeros in place of some of them, to which what stands there in the end is added.

    An argument that a kernel overwrites, and that is no output, has a cotangent of zero when the kernel ends, whatever
    its adjoint is to be added to.
    """
    found = [_like(a) if k in positions else a for k, a in enumerate(bars)]
    yield found
    for k in positions:
        _add(bars[k], found[k])


def _like(array: Array) -> Array:
    """Zeros of the host or of the device, like an array."""
    if isinstance(array, np.ndarray):
        return np.zeros_like(array)
    from adcompiler.backend.gpu.memory import zeros

    shape, dtype = form_of(array)
    assert shape is not None
    return zeros(shape, np.dtype(dtype))


def _add(array: Array, other: Array) -> None:
    """Add to an array of the host or of the device one like it."""
    if isinstance(array, np.ndarray):
        array += other
        return
    from adcompiler.backend.gpu.memory import add_into

    add_into(_by_numba(array), other)


def check_bars(names: Sequence[str], args: Mapping[str, Any], bar: Mapping[str, Array]) -> list[Array]:
    """The adjoints in the order of their names; raises where one is missing or does not fit its argument."""
    if set(bar) != set(names):
        wanted = ", ".join(f"{v}=…" for v in names)
        raise TypeError(f"adjoint() needs bar=dict({wanted}), not {', '.join(bar) or 'nothing'}")
    for name in names:
        (shape, dtype), (have, kind) = form_of(args[name]), form_of(bar[name])
        extents, element = shape or (1,), np.dtype(dtype or np.float64)
        if have != extents or kind is None or np.dtype(kind) != element:
            raise TypeProblem(
                f"the adjoint of '{name}' has shape {have} and type {kind}",
                None,
                f"give it shape {extents} and type {element}",
            )
    return [bar[name] for name in names]


def check_open(name: str, array: Any) -> None:
    """Raise for an array that is written and whose package may not allow that: JAX takes arrays for constant."""
    if by_dlpack(type(array)):
        raise TypeProblem(
            f"'{name}' is written, and is an array of {package_of(type(array))}",
            None,
            "pass an array of Numba, CuPy, PyTorch or NumPy",
        )


def check_apart(arrays: Mapping[str, Any], changed: Sequence[str]) -> None:
    """Raise where an array that is changed shares memory with another one."""
    spans = {name: span for name, array in arrays.items() if (span := _span(array)) is not None}
    for name in changed:
        for other in spans:
            if (
                name in spans
                and name != other
                and spans[name][0] < spans[other][1]
                and spans[other][0] < spans[name][1]
            ):
                raise TypeProblem(f"'{name}' and '{other}' share memory", None, "pass an array of its own for each")


def _span(array: Any) -> tuple[int, int] | None:
    """The addresses of an array's first byte and of the one after its last."""
    array = getattr(array, "_ary", array)
    if isinstance(array, np.ndarray):
        low, high = np.lib.array_utils.byte_bounds(array)
        return int(low), int(high)
    face = getattr(array, "__cuda_array_interface__", None)
    if face is None:
        return None
    size = np.dtype(face["typestr"]).itemsize
    strides = face.get("strides")
    if strides is None:
        return face["data"][0], face["data"][0] + math.prod(face["shape"]) * size
    reach = [(n - 1) * s for n, s in zip(face["shape"], strides, strict=True)]
    low, high = sum(min(r, 0) for r in reach), sum(max(r, 0) for r in reach)
    return face["data"][0] + low, face["data"][0] + high + size
