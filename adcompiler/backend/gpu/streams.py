"""The stream that work of a GPU is put into: it is done in order there, beside the work of other streams."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from adcompiler.critical import LOCK

_current: ContextVar[Any] = ContextVar("stream", default=0)
# the number of the stream that all others wait for, which other packages have too
_LEGACY = 1
# memory of others, with what tells that it is read no more
_kept: list[tuple[Any, Sequence[Any]]] = []


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
        from adcompiler.backend.gpu.cuda import cuda

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
    theirs = described.get("stream")
    return theirs is not None and theirs != number()


def number() -> int:
    """The stream of this thread as packages count streams between them."""
    mine = current()
    return int(mine) if mine else _LEGACY


def then(stream: int | None) -> None:
    """Let a stream, by its number, wait for what is in this one; -1 is none, None the one that all others wait for."""
    if stream == -1 or (stream or _LEGACY) == number():
        return
    from adcompiler.backend.gpu.cuda import cuda

    event = cuda.event(timing=False)
    event.record(current())
    event.wait(cuda.external_stream(stream or _LEGACY))


def keep(memory: Sequence[Any]) -> None:
    """Keep memory that others lend until what is in this stream is done: once it is theirs again, they may use it."""
    if not memory:
        return
    from adcompiler.backend.gpu.cuda import cuda

    event = cuda.event(timing=False)
    event.record(current())
    with LOCK:
        _kept[:] = [(done, held) for done, held in (*_kept, (event, memory)) if not done.query()]
