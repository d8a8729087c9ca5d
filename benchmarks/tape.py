"""Bytes that a generated gradient records."""

import ast
import re
from typing import Any

from numba import njit

TAPE = re.compile(r"\w+_tape(_\d+)?")


def tape_bytes(gradient: Any, args: tuple[Any, ...]) -> int:
    """The bytes of all tapes at the end of one call of a transformed function.

    The compiled text is run with another result: the sum of the sizes of the arrays whose names mark them as tapes.
    """
    tree = ast.parse(gradient.lowered_source(*args))
    function = [node for node in tree.body if isinstance(node, ast.FunctionDef)][-1]
    total = " + ".join(["0", *(f"{name}.nbytes" for name in tapes(function))])
    returns = [node for node in ast.walk(function) if isinstance(node, ast.Return)]
    for node in returns:
        node.value = ast.parse(total, mode="eval").body
    names: dict[str, Any] = {}
    exec(compile(tree, "<tapes>", "exec"), names)
    return int(njit(error_model="numpy")(names[function.name])(*args))


def tapes(function: ast.FunctionDef) -> list[str]:
    """The names of arrays that are recorded into.

    Examples
    --------
    >>> tapes(ast.parse("def f(n):\\n    x_tape = np.empty(n)\\n    x_tape[0] = n").body[0])
    ['x_tape']
    """
    names = (node for node in ast.walk(function) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store))
    return sorted({node.id for node in names if TAPE.fullmatch(node.id)})
