"""Where a run-time error belongs: generated code raises it, but the traceback ends at the user's line."""

from __future__ import annotations

import ast
import linecache
import os
import re
from types import TracebackType
from typing import TypeVar

from adcompiler.backend.runtime.error_numbers import told
from adcompiler.errors import NO_ROOM, Span, with_numbers
from adcompiler.ir.walk import walk
from adcompiler.ir.wengert import Check, Func, Note

# what generated code may raise: the exceptions of the user's program and of Python's own operations
RAISED = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    BufferError,
    ImportError,
    LookupError,
    MemoryError,
    NameError,
    OSError,
    RuntimeError,
    StopIteration,
    TypeError,
    ValueError,
)
_COMMENT = re.compile(r"\s*# ([^:]+):(\d+): ")
_DEFINITION = re.compile(r"(\s*)def (\w+)\(")
_ONE = re.compile(r"broadcast together: their extents differ: (1 and \d+|\d+ and 1)$")
_NOT_STRETCHED = (
    "an extent that is 1 only at run time is not stretched: take the element with [0], or write a literal 1"
)
E = TypeVar("E", bound=Exception)


def at_the_user_s_line(error: E, fn: Func) -> E:
    """The error, with a traceback that ends at the line of the program `fn` from which the raising line was made."""
    trace = error.__traceback__
    entries = [] if trace is None else _entries(trace)
    place = _place(entries[-1], error, fn) if entries else None
    _tell(error, fn, told())
    if place is None:
        return error
    made: TracebackType | None = _raised_at(place, _function(place))
    # the caller raises the error again, which enters its frame once more
    for entry in reversed(entries[1:]):
        made = TracebackType(made, entry.tb_frame, entry.tb_lasti, entry.tb_lineno)
    return error.with_traceback(made)


def _tell(error: Exception, fn: Func, numbers: tuple[int, ...]) -> None:
    """Put the numbers that machine code has told into the message."""
    message = str(error)
    if isinstance(error, MemoryError) and message.startswith(NO_ROOM) and numbers:
        what, *advice = message.split("; ", 1)
        error.args = ("; ".join([f"{what}: {numbers[0]} bytes are needed, {numbers[1]} are free", *advice]),)
    elif any(isinstance(s, Check) and s.values and s.message == message for s in walk(fn.body)):
        error.args = (with_numbers(message, numbers),)
    if _ONE.search(str(error)):
        error.args = (f"{error}; {_NOT_STRETCHED}",)


def _says(check: Check, message: str) -> bool:
    """Whether a check raises with this message, with or without numbers."""
    number = "\0"
    texts = (with_numbers(check.message, [number] * count) for count in range(len(check.values) + 1))
    return any(re.fullmatch(re.escape(text).replace(re.escape(number), r"-?\d+"), message) for text in texts)


def _entries(trace: TracebackType) -> list[TracebackType]:
    found: list[TracebackType] = []
    at: TracebackType | None = trace
    while at is not None:
        found.append(at)
        at = at.tb_next
    return found


def _place(entry: TracebackType, error: Exception, fn: Func) -> Span | None:
    """The stretch of the program that the nearest comment above a generated line names."""
    lines = linecache.getlines(entry.tb_frame.f_code.co_filename)[: entry.tb_lineno]
    comment = next((found for text in reversed(lines) if (found := _COMMENT.match(text))), None)
    if comment is None:
        return None
    line = int(comment[2])
    near = [s for s in walk(fn.body) if not isinstance(s, Note) and s.span and _is_at(s.span, comment[1])]
    if not near:
        return None
    raising = (s for s in near if isinstance(s, Check) and s.span and s.span.line == line)
    checks = {s.span for s in raising if s.span and _says(s, str(error))}
    if len(checks) == 1:
        return checks.pop()
    file = next(s.span.file for s in near if s.span)
    text = linecache.getline(file, line).rstrip("\n")
    return Span(file, line, len(text) - len(text.lstrip()), line, len(text))


def _is_at(span: Span, file: str) -> bool:
    return os.path.basename(span.file) == file


def _function(place: Span) -> str:
    """The name of the function around a place, by its text."""
    lines = linecache.getlines(place.file)[: place.line]
    indent = len(lines[-1]) - len(lines[-1].lstrip()) if lines else 0
    for text in reversed(lines):
        found = _DEFINITION.match(text)
        if found and (len(found[1]) < indent or text is lines[-1]):
            return found[2]
    return "<lambda>"


def _raised_at(place: Span, name: str) -> TracebackType:
    """A traceback of one frame, at a place of a file."""
    tree = ast.parse("raise place")
    first, last = linecache.getline(place.file, place.line), linecache.getline(place.file, place.end_line)
    for node in ast.walk(tree.body[0]):
        if isinstance(node, (ast.stmt, ast.expr)):
            # Python counts columns in bytes
            node.lineno, node.col_offset = place.line, len(first[: place.col].encode())
            node.end_lineno, node.end_col_offset = place.end_line, len(last[: place.end_col].encode())
    code = compile(tree, place.file, "exec").replace(co_name=name)
    try:
        exec(code, {"place": _Here})
    except _Here as here:
        trace = here.__traceback__
    assert trace is not None and trace.tb_next is not None
    return trace.tb_next


class _Here(Exception):
    """Raised to have a frame."""
