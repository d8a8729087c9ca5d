"""From a syntax tree to text with comments; the text is parsed again and compared with the tree."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Sequence
from types import ModuleType

_MARKER = re.compile(r"^(\s*)__comment_(\d+)$", re.MULTILINE)
_MARKED = re.compile(r"^[ ]*__comment_\d+\n?", re.MULTILINE)


def _import_astor() -> ModuleType | None:
    """The printer astor, or None where it cannot run: Python 3.14 removed the node classes it names."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            import astor
    except (ImportError, AttributeError):
        return None
    return astor if hasattr(ast, "Str") else None


with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    _ASTOR = _import_astor()


def to_text(tree: ast.Module, comments: Sequence[str]) -> str:
    """The source of a module, each line `__comment_<n>` replaced by `# ` and the n-th comment."""
    printed = _print(tree)
    text = _MARKER.sub(lambda m: f"{m[1]}# {comments[int(m[2])]}", printed)
    assert _says(text, tree), f"the printed text is not the tree:\n{text}"
    return text


def _says(text: str, tree: ast.Module) -> bool:
    """Whether a text says what a tree without its comments does, as the standard library prints that."""
    again, plain = ast.parse(text), _MARKED.sub("", ast.unparse(ast.fix_missing_locations(tree)))
    # one tree may be printed in several ways, but has one dump
    return ast.unparse(again) == plain or ast.dump(again) == ast.dump(ast.parse(plain))


def _print(tree: ast.Module) -> str:
    if _ASTOR is None:
        return ast.unparse(ast.fix_missing_locations(tree)) + "\n"
    with warnings.catch_warnings():
        # astor names a node class of the past where it prints f-strings
        warnings.simplefilter("ignore", DeprecationWarning)
        # lines are kept short where they are made; breaking them here would only hide what is long
        text: str = _ASTOR.to_source(tree, pretty_string=_string, pretty_source="".join)
    return text


def _string(text: str, embedded: object, line: list[str], *_: object, **__: object) -> str:
    """A string literal: a docstring where it begins the line."""
    if "".join(map(str, line)).strip():
        return repr(text)
    escaped = text.replace("\\", "\\\\").replace('"', '\\"') if {"\\", '"'} & set(text) else text
    return f'"""{escaped}"""'
