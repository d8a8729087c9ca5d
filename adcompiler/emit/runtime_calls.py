"""Calls from generated code to `backend.runtime`: the text that defines them, for Numba and as plain Python."""

from __future__ import annotations

from collections.abc import Collection

from adcompiler.emit.casts import Dialect

#: Whether more bytes are needed than are free; keeps so many integers for the exception that follows.
SHORT, TELL = "_short", "_tell"
#: Into how many parts to share so much work, which adds to arrays of so many elements; and that threads have done it.
PARTS, ENDED = "_parts", "_ended"
#: Of fewer bytes nothing is asked.
MANY = 2.0**26
#: Text that declares how many threads BLAS has, `backend.runtime.blas_threads` says which function that is.
THREADS = '_threads = nb.types.ExternalFunction("adcompiler_threads", nb.intc())\n'

_PYTHON = '''
def _short(need):
    """Whether there are fewer than `need` bytes of free memory."""
    from adcompiler.backend.runtime.error_numbers import short

    return short(need)
'''
_PYTHON_PARTS = '''
def _parts(work, size):
    """Into how many parts to share so much work."""
    from adcompiler.backend.runtime import threads

    return threads.parts(work, size)


def _ended():
    """What threads shared has ended."""
    from adcompiler.backend.runtime import threads

    return threads.ended()
'''

# the linker knows what Python answers by these names
_NUMBA = {
    SHORT: f'{SHORT} = nb.types.ExternalFunction("adcompiler{SHORT}", nb.int64(nb.float64))\n',
    TELL: f'{TELL} = nb.types.ExternalFunction("adcompiler{TELL}", nb.int64(nb.int64, nb.int64, nb.int64))\n',
    PARTS: f'{PARTS} = nb.types.ExternalFunction("adcompiler{PARTS}", nb.int64(nb.float64, nb.float64))\n',
    ENDED: f'{ENDED} = nb.types.ExternalFunction("adcompiler{ENDED}", nb.int64())\n',
}
_ALONE = {
    SHORT: f"@nb.njit\ndef {SHORT}(need):\n    return False\n",
    TELL: f"@nb.njit\ndef {TELL}(count, one, other):\n    return 0\n",
    PARTS: f"@nb.njit\ndef {PARTS}(work, size):\n    return nb.get_num_threads()\n",
    ENDED: f"@nb.njit\ndef {ENDED}():\n    return 0\n",
}


def runtime_functions(called: Collection[str], dialect: Dialect) -> str:
    """The text that defines what of this is called."""
    if dialect == "python":
        texts = {SHORT: _PYTHON, PARTS: _PYTHON_PARTS}
        return "".join(f"{text}\n\n" for name, text in texts.items() if name in called)
    return "".join(f"\n{text}\n\n" for name, text in _NUMBA.items() if name in called)


def alone(text: str) -> str:
    """A text that does without this package: nothing is asked or told, and BLAS is taken to have several threads."""
    for name, own in _NUMBA.items():
        text = text.replace(own, _ALONE[name])
    return text.replace(THREADS, "@nb.njit\ndef _threads():\n    return 2\n")


__all__ = ["ENDED", "MANY", "PARTS", "SHORT", "TELL", "THREADS", "alone", "runtime_functions"]
