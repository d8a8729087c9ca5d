"""The text of a user's function: its AST, and where each node stands in the user's file."""

from __future__ import annotations
import __future__

import ast
import hashlib
import inspect
import itertools
import linecache
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from types import CellType, CodeType, FunctionType

from adcompiler.errors import Span, UnsupportedSyntax

FunctionNode = ast.FunctionDef | ast.Lambda
_GIVE_TEXT = "put the function in a file, or pass its text: source='''def f(x): ...'''"
# arguments, generators and coroutines; the other flags say where the code was compiled, not what it does
_KIND_FLAGS = 0x0F | 0x20 | 0x80 | 0x200
# texts of files that other processes have, where they differ from those of this one
_KEPT: dict[str, list[tuple[str, ...]]] = {}
_FEW = 8


@dataclass(frozen=True, slots=True, eq=False)
class SourceFunc:
    """A Python function with its AST and its place in the user's file.

    Parameters
    ----------
    function : FunctionType
        The function itself.
    node : ast.FunctionDef or ast.Lambda
        Its definition.
    file : str
        The name of the file, as in tracebacks.
    lines : tuple of str
        The lines of the whole file.
    indent : int
        Columns that were taken off the text before it was parsed.
    place : Span, optional
        Of a text that is made for a user's function, where that function stands.
    """

    function: FunctionType
    node: FunctionNode
    file: str
    lines: tuple[str, ...]
    indent: int = 0
    place: Span | None = None

    def span(self, node: ast.expr | ast.stmt | ast.arg | ast.keyword) -> Span:
        """The place of a node, in characters of the user's file."""
        if self.place is not None:
            return self.place
        end_line, end_col = node.end_lineno or node.lineno, node.end_col_offset or node.col_offset
        return Span(
            self.file,
            node.lineno,
            self._column(node.lineno, node.col_offset),
            end_line,
            self._column(end_line, end_col),
        )

    def _column(self, line: int, offset: int) -> int:
        """A column of the file from the parser's, which counts bytes of UTF-8 after the indentation was taken off."""
        text = self.lines[line - 1] if line <= len(self.lines) else ""
        if text.isascii():
            return offset + self.indent
        return len(text[self.indent :].encode()[:offset].decode(errors="ignore")) + self.indent

    @property
    def name(self) -> str:
        """The function's own name; "lambda" for a lambda."""
        return self.node.name if isinstance(self.node, ast.FunctionDef) else "lambda_"

    @property
    def body(self) -> list[ast.stmt]:
        """The statements; the expression of a lambda as a `return`."""
        if isinstance(self.node, ast.FunctionDef):
            return self.node.body
        return [ast.copy_location(ast.Return(self.node.body), self.node.body)]

    @property
    def cells(self) -> dict[str, CellType]:
        """The closure's cells by name."""
        return dict(zip(self.function.__code__.co_freevars, self.function.__closure__ or (), strict=True))


def source_of(function: FunctionType, text: str | None = None) -> SourceFunc:
    """The definition of a function, matched with the code that runs.

    Parameters
    ----------
    function : FunctionType
        A plain Python function.
    text : str, optional
        Its text, where Python cannot give it.

    >>> import shlex
    >>> source_of(shlex.split).node.name
    'split'
    """
    return _of_text(function, text) if text is not None else _of_file(function)


def keep_text(file: str, lines: tuple[str, ...]) -> None:
    """Keep the text of a file as another process has it, for functions that come from there."""
    linecache.checkcache(file)
    here = tuple(linecache.getlines(file))
    if not here:
        linecache.cache[file] = (sum(map(len, lines)), None, list(lines), file)
    elif here != lines:
        _KEPT[file] = [lines, *(other for other in _KEPT.get(file, ()) if other != lines)][:_FEW]


def _of_file(function: FunctionType) -> SourceFunc:
    file = function.__code__.co_filename
    linecache.checkcache(file)
    texts = [tuple(linecache.getlines(file, function.__globals__)), *_KEPT.get(file, ())]
    if not any(texts):
        raise UnsupportedSyntax(f"Python cannot give the text of {function.__qualname__!r}", None, _GIVE_TEXT)
    for lines in texts:
        node = _node(function, lines)
        if node is not None:
            return SourceFunc(function, node, file, lines)
    raise _changed(function)


def _node(function: FunctionType, lines: tuple[str, ...]) -> FunctionNode | None:
    """The definition of a function in a file of these lines."""
    code = function.__code__
    try:
        found = _found(code.co_filename, "".join(lines), function)
    except SyntaxError:
        return None
    return next((node for node in found if _first_line(node) == code.co_firstlineno), None)


def _changed(function: FunctionType) -> UnsupportedSyntax:
    code = function.__code__
    if code.co_flags & (inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR):
        what, below = f"{function.__qualname__!r} is an async function", linecache.getlines(code.co_filename)
        decorators = itertools.takewhile(lambda line: "async def" not in line, below[code.co_firstlineno - 1 :])
        return UnsupportedSyntax(what, _whole(code, len(list(decorators))), "write def, without async")
    return UnsupportedSyntax(
        f"the file no longer holds the text of {function.__qualname__!r} that is running",
        _whole(code),
        "import the module again after editing it, or pass the function's text: source='''def f(x): ...'''",
    )


def _whole(code: CodeType, further: int = 0) -> Span:
    """The first line of a function, or one that is further down."""
    line = code.co_firstlineno + further
    text = linecache.getline(code.co_filename, line).rstrip()
    return Span(code.co_filename, line, len(text) - len(text.lstrip()), line, len(text))


def _of_text(function: FunctionType, text: str) -> SourceFunc:
    name = function.__code__.co_name
    dedented = textwrap.dedent(text)
    first = next((line for line in text.splitlines() if line.strip()), "")
    try:
        nodes = list(_walk(ast.parse(dedented)))
    except SyntaxError as error:
        raise UnsupportedSyntax(f"the text given as source is not Python: {error.msg}", None, _GIVE_TEXT) from error
    found = [node for node in nodes if _name(node) == name]
    if len(found) > 1:
        found = _found("<source>", dedented, function)
    if not found:
        raise UnsupportedSyntax(f"the text given as source does not define {name!r}", None, _GIVE_TEXT)
    file = f"<source of {name} {hashlib.sha256(text.encode()).hexdigest()[:8]}>"
    lines = text.splitlines(keepends=True)
    linecache.cache[file] = (len(text), None, lines, file)
    return SourceFunc(function, found[0], file, tuple(lines), len(first) - len(first.lstrip()))


def _walk(tree: ast.AST) -> Iterator[FunctionNode]:
    return (node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.Lambda)))


@lru_cache(maxsize=64)
def _definitions(file: str, text: str, flags: int) -> tuple[tuple[FunctionNode, CodeType], ...]:
    """Each function of a file with its code, matched by first line and name."""
    tree = ast.parse(text, file)
    codes = _compiled(tree, file, flags)
    nodes: dict[tuple[int, str], list[FunctionNode]] = {}
    for node in _walk(tree):
        nodes.setdefault((_first_line(node), _name(node)), []).append(node)
    if all(len(found) == 1 for found in nodes.values()):
        told_apart: list[dict[int, CodeType]] = []
    else:
        told_apart = [_numbered(ast.parse(text, file), file, flags, within) for within in (False, True)]
    pairs: list[tuple[FunctionNode, CodeType]] = []
    order = {node: k for k, node in enumerate(_walk(tree))}
    for key, found in nodes.items():
        if len(found) == 1:
            pairs.extend((found[0], code) for code in codes if (code.co_firstlineno, code.co_name) == key)
        else:
            pairs.extend((node, lines[order[node]]) for lines in told_apart for node in found if order[node] in lines)
    return tuple(pairs)


def _numbered(tree: ast.Module, file: str, flags: int, within: bool) -> dict[int, CodeType]:
    """The codes of the lambdas by their number in the tree, which they carry as their line: lines may be shared.

    `within` gives that line to all that is within one too: Python's code depends on what begins a line.
    """
    for number, node in enumerate(_walk(tree)):
        if isinstance(node, ast.Lambda):
            for part in ast.walk(node) if within else (node,):
                if isinstance(part, (ast.expr, ast.arg, ast.keyword)):
                    part.lineno = part.end_lineno = number + 1
                    part.col_offset = part.end_col_offset = 0
    return {code.co_firstlineno - 1: code for code in _compiled(tree, file, flags) if code.co_name == "<lambda>"}


def _compiled(tree: ast.Module, file: str, flags: int) -> list[CodeType]:
    return list(_codes(compile(tree, file, "exec", flags | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)))


def _name(node: FunctionNode) -> str:
    return node.name if isinstance(node, ast.FunctionDef) else "<lambda>"


def _first_line(node: FunctionNode) -> int:
    """The line that a code object gives as its first: that of a decorator where there is one."""
    if isinstance(node, ast.Lambda):
        return node.lineno
    return min([node.lineno, *(d.lineno for d in node.decorator_list)])


def _found(file: str, text: str, function: FunctionType) -> list[FunctionNode]:
    """The definitions in a text whose code is that of the function."""
    code = function.__code__
    flags = code.co_flags & __future__.annotations.compiler_flag
    return [node for node, compiled in _definitions(file, text, flags) if _same(compiled, code)]


def _codes(code: CodeType) -> Iterator[CodeType]:
    for const in code.co_consts:
        if isinstance(const, CodeType):
            yield const
            yield from _codes(const)


def _same(a: CodeType, b: CodeType) -> bool:
    """Whether two code objects do the same, wherever they stand."""
    if a.co_name == b.co_name and any(name.startswith("@py") for name in (*b.co_varnames, *b.co_names)):
        # pytest rewrites the assertions of test files before they are compiled
        return True
    if (
        (a.co_name, a.co_code, a.co_names, a.co_varnames, a.co_freevars, a.co_cellvars)
        != (b.co_name, b.co_code, b.co_names, b.co_varnames, b.co_freevars, b.co_cellvars)
        or (a.co_argcount, a.co_posonlyargcount, a.co_kwonlyargcount, a.co_flags & _KIND_FLAGS)
        != (b.co_argcount, b.co_posonlyargcount, b.co_kwonlyargcount, b.co_flags & _KIND_FLAGS)
        or len(a.co_consts) != len(b.co_consts)
    ):
        return False
    for x, y in zip(a.co_consts, b.co_consts, strict=True):
        if isinstance(x, CodeType) and isinstance(y, CodeType):
            if not _same(x, y):
                return False
        elif type(x) is not type(y) or (x != y if isinstance(x, frozenset) else repr(x) != repr(y)):
            return False
    return True
