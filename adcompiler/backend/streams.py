"""The stream that work of a GPU is put into: it is done in order there, beside the work of other streams."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

_current: ContextVar[Any] = ContextVar("stream", default=0)
# the number of the stream that all others wait for, which other packages have too
_LEGACY = 1


def current() -> Any:
    """The stream of this thread: 0, which is Numba's default one, or a stream of Numba."""
    return _current.get()


@contextmanager
def on_stream(stream: Any) -> Iterator[None]:
    """Put the work of calls in a `with` block into a stream.

    Calls return before the device is done, but where they give numbers of the machine, or arrays of NumPy: for those
    they wait for this stream, and no other. What other streams write into arguments must be done by then, or be waited
    for by this stream.

    Parameters
    ----------
    stream : stream
        A stream of Numba, CuPy or PyTorch, or 0 for the default one.
    """
    pointer = getattr(stream, "cuda_stream", getattr(stream, "ptr", None))
    if pointer is not None:
        from adcompiler.backend.cuda import cuda

        stream = cuda.external_stream(pointer)
    token = _current.set(stream)
    try:
        yield
    finally:
        _current.reset(token)


def to_host(array: Any) -> Any:
    """An array of the device as one of NumPy, once the stream has written it."""
    stream = current()
    found = array.copy_to_host(stream=stream)
    if stream:
        stream.synchronize()
    return found


def waits_for(described: Mapping[str, Any]) -> bool:
    """Whether the array of another package may be written by another stream than this one."""
    theirs, mine = described.get("stream"), current()
    return theirs is not None and theirs != (int(mine) if mine else _LEGACY)
