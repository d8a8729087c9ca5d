"""Running sums: loops that add to each element of an array the one before it."""

from __future__ import annotations

from adcompiler.analysis.constraints import number, symbol
from adcompiler.analysis.dependence import Dependence
from adcompiler.analysis.scope import Frame, Path
from adcompiler.ir.ops import kind
from adcompiler.ir.wengert import Assign, Const, Load, Loop, Store, Var


def running_sums(over: Dependence, loop: Loop, path: Path, frames: tuple[Frame, ...]) -> list[tuple[Var, int]]:
    """The arrays in which a loop adds up, and how far an element lies from the index; none where it does anything else.

    The iterations of `for i in range(1, n): y[i] += y[i - 1]` wait for each other, and so they do in
    `for i in range(n - 1, 0, -1): y[i - 1] += y[i]`; but a sum of parts is the sum of the sums of parts.
    """
    if loop.carried or loop.until is not None or loop.step not in (Const(1), Const(-1)):
        return []
    here = (*frames, Frame(path, loop, 0))
    loads: dict[Var, Load] = {}
    found: dict[Var, tuple[Var, int]] = {}
    for stmt in loop.body:
        match stmt:
            case Load(target=target):
                loads[target] = stmt
            case Store(array=array, value=Var() as value, add=True) if value in loads:
                shift = _shift(over, loop, loads.pop(value), stmt, here)
                root = over.memory.root(array)
                if shift is None or root in found:
                    return []
                found[root] = array, shift
            case Assign(op=op) if kind(op) == "elementwise":
                pass
            case _:
                return []
    return [] if loads else list(found.values())


def _shift(over: Dependence, loop: Loop, load: Load, store: Store, frames: tuple[Frame, ...]) -> int | None:
    """How far what is stored into lies from the index, where it is the element after the one that is read."""
    array, at = store.array, (*frames[-1].path, 0, 0)
    if load.array != array or over.fn.types[array.name].rank != 1 or over.base(array) != array:
        return None
    before, place = (over.accesses.access(array, index, at, frames).axes[0] for index in (load.index, store.index))
    if before is None or place is None or place - before != over.affine.form(loop.step):
        return None
    shift = place - symbol(loop.index)
    return None if shift != number(shift.constant) else shift.constant


__all__ = ["running_sums"]
