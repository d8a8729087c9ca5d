"""Ways out of a function: what it gives up on them, and errors of which all have one way.

Numba writes the end of each variable into each way out, and counts references to what callers keep alive anyway: in a
function with many arrays and tests of memory that is a tenth of the lines.
"""

# mypy: disable-error-code="no-untyped-call"
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from typing import Any
from weakref import WeakKeyDictionary

from numba import types
from numba.core import ir as numba_ir
from numba.core.callconv import RETCODE_USEREXC

# by functions of LLVM and messages the block that raises the error
_REFUSALS: WeakKeyDictionary[Any, dict[str, Any]] = WeakKeyDictionary()


def raise_if(
    context: Any, builder: Any, failed: Sequence[Any], message: str, error: type[Exception] = ValueError
) -> None:
    """Raise an error if one of some conditions holds: for each message a function has one block that does."""
    blocks = _REFUSALS.setdefault(builder.function, {})
    if message not in blocks:
        blocks[message] = builder.append_basic_block("refused")
        with builder.goto_block(blocks[message]):
            context.call_conv.return_user_exc(builder, error, (message,))
    fine = builder.append_basic_block("fine")
    builder.cbranch(reduce(builder.or_, failed), blocks[message], fine).set_weights([1, 99])
    builder.position_at_end(fine)


def borrowed(blocks: Mapping[Any, Any]) -> dict[str, str]:
    """The names that mean an argument wherever they are read, with its name; the caller keeps it alive."""
    return {
        name: found[0].name
        for name, found in values_given(blocks).items()
        if len(found) == 1 and isinstance(found[0], numba_ir.Arg)
    }


def values_given(blocks: Mapping[Any, Any]) -> dict[str, list[Any]]:
    """What each name is given."""
    values: dict[str, list[Any]] = {}
    for line in assignments(blocks.values()):
        values.setdefault(line.target.name, []).append(line.value)
    return values


def assignments(blocks: Iterable[Any]) -> Iterable[Any]:
    """The lines of some blocks that give names their values."""
    return (line for block in blocks for line in block.find_insts(numba_ir.Assign))


class Exit:
    """Where the errors that a text raises leave a function, after what is in memory is given up.

    A variable that is not in use holds null, for which giving it up does nothing.

    Parameters
    ----------
    lower
        What writes the function.
    """

    def __init__(self, lower: Any) -> None:
        self.lower = lower
        self.names: dict[str, None] = {}
        self.block: Any = None

    def leave(self, block: Any) -> None:
        """Write a block that ends with an error."""
        lower, raised = self.lower, block.terminator
        kept = [line for line in block.body[:-1] if not self._shared(line)]
        lower.lower_lines(block, kept)
        name = lower.func_ir.func_id.func_name
        lower.call_conv.set_static_user_exc(
            lower.builder, raised.exc_class, raised.exc_args, loc=raised.loc, func_name=name
        )
        if self.block is None:
            self.block = lower.function.append_basic_block("leave")
        lower.builder.branch(self.block)

    def _shared(self, line: Any) -> bool:
        """Note an array in memory that ends at a line; False for any other line, as of a block's own values."""
        if not isinstance(line, numba_ir.Del) or type(self.lower.typeof(line.value)) is not types.Array:
            return False
        if line.value in self.lower._singly_assigned_vars and line.value not in self.lower.holders:
            return False
        self.names[line.value] = None
        return True

    def finish(self) -> None:
        """Write the way out, when all that leads there is written."""
        if self.block is None:
            return
        lower = self.lower
        lower.builder.position_at_end(self.block)
        for name in self.names:
            if name not in lower.borrowed:
                lower.release(name)
        lower.call_conv._return_errcode_raw(lower.builder, RETCODE_USEREXC)
