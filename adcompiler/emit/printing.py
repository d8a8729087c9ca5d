"""From a syntax tree to text with comments; the text is parsed again and compared with the tree."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Sequence
from types import ModuleType

from adcompiler.emit.statements import is_comment

_MARKER = re.compile(r"^(\s*)__comment_(\d+)$", re.MULTILINE)


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
    again = ast.dump(ast.parse(text))
    assert again == ast.dump(_plain(tree)), f"the printed text is not the tree:\n{text}"
    return text


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


def _plain(tree: ast.Module) -> ast.Module:
    """The tree without comments, as the standard library's printer writes it and the parser reads it."""
    bare = _WithoutComments().visit(ast.parse(ast.unparse(ast.fix_missing_locations(tree))))
    assert isinstance(bare, ast.Module)
    return bare


class _WithoutComments(ast.NodeTransformer):
    def visit_Expr(self, node: ast.Expr) -> ast.Expr | None:
        return None if is_comment(node) else node
