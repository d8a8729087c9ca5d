"""Calls from generated code to `backend.telling`: the text that defines them, for Numba and as plain Python."""

from __future__ import annotations

from collections.abc import Collection

from adcompiler.emit.casts import Dialect

#: Whether more bytes are needed than are free; keeps so many integers for the exception that follows.
SHORT, TELL = "_short", "_tell"
#: Of fewer bytes nothing is asked.
MANY = 2.0**26
#: Text that declares how many threads BLAS has, `backend.blas` says which function that is.
THREADS = '_threads = nb.types.ExternalFunction("adcompiler_threads", nb.intc())\n'

_PYTHON = '''
def _short(need):
    """Whether there are fewer than `need` bytes of free memory."""
    from adcompiler.backend.telling import short

    return short(need)
'''

# the linker knows what Python answers by these names
_NUMBA = {
    SHORT: f'{SHORT} = nb.types.ExternalFunction("adcompiler{SHORT}", nb.int64(nb.float64))\n',
    TELL: f'{TELL} = nb.types.ExternalFunction("adcompiler{TELL}", nb.int64(nb.int64, nb.int64, nb.int64))\n',
}
_ALONE = {
    SHORT: f"@nb.njit\ndef {SHORT}(need):\n    return False\n",
    TELL: f"@nb.njit\ndef {TELL}(count, one, other):\n    return 0\n",
}


def telling_functions(called: Collection[str], dialect: Dialect) -> str:
    """The text that defines what of this is called."""
    if dialect == "python":
        return f"{_PYTHON}\n\n" if SHORT in called else ""
    return "".join(f"\n{text}\n\n" for name, text in _NUMBA.items() if name in called)


def alone(text: str) -> str:
    """A text that does without this package: nothing is asked or told, and BLAS is taken to have several threads."""
    for name, own in _NUMBA.items():
        text = text.replace(own, _ALONE[name])
    return text.replace(THREADS, "@nb.njit\ndef _threads():\n    return 2\n")


__all__ = ["MANY", "SHORT", "TELL", "THREADS", "alone", "telling_functions"]
