"""Calls from generated code to `backend.telling`: the text that defines them, for Numba and as plain Python."""

from __future__ import annotations

from collections.abc import Collection

from adcompiler.emit.casts import Dialect

#: Whether more bytes are needed than are free: in the generated text, and for the linker.
SHORT = "_short"
SYMBOL = f"adcompiler{SHORT}"
#: Of fewer bytes nothing is asked.
MANY = 2.0**26

_PYTHON = '''
def _short(need):
    """Whether there are fewer than `need` bytes of free memory."""
    from adcompiler.backend.telling import short

    return short(need)
'''

_NUMBA = f'''
{SHORT} = nb.types.ExternalFunction("{SYMBOL}", nb.int64(nb.float64))
'''


def telling_functions(called: Collection[str], dialect: Dialect) -> str:
    """The text that defines what of this is called."""
    if SHORT not in called:
        return ""
    return f"{_PYTHON if dialect == 'python' else _NUMBA}\n\n"


def alone(text: str) -> str:
    """A text that does without this package: nothing is asked."""
    return text.replace(_NUMBA.strip(), f"@nb.njit\ndef {SHORT}(need):\n    return False")


__all__ = ["MANY", "SHORT", "SYMBOL", "alone", "telling_functions"]
