"""The names of one function while its statements are read, and what is known of the function before."""

from __future__ import annotations

import ast
import copy
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from adcompiler.errors import Span
from adcompiler.frontend.state.liveness import BROKEN, CONTINUED, RETURNED, Liveness, assigned, declared, has, liveness
from adcompiler.frontend.state.matching import MatchAsIf, has_match
from adcompiler.frontend.state.values import Value
from adcompiler.ir.wengert import Const
from adcompiler.source import FunctionNode, SourceFunc


@dataclass(frozen=True, slots=True, eq=False)
class Definition:
    """What the text of a function says about its names.

    Parameters
    ----------
    body : sequence of statements
        The expression of a lambda is a `return`.
    local : frozenset of str
        Its own names: parameters and what it assigns.
    outer : frozenset of str
        Names declared `global` or `nonlocal`.
    shared : frozenset of str
        Those declared `nonlocal`: a function around it has them.
    live : Liveness
        Which names are still read.
    """

    node: FunctionNode
    body: Sequence[ast.stmt]
    local: frozenset[str]
    outer: frozenset[str]
    shared: frozenset[str]
    live: Liveness


@lru_cache(maxsize=1024)
def definition(node: FunctionNode, tests_inside: bool = False) -> Definition:
    """The definition of a function or a lambda; `tests_inside` puts the tests of its `while` loops inside these."""
    if isinstance(node, ast.Lambda):
        body: Sequence[ast.stmt] = [ast.copy_location(ast.Return(node.body), node.body)]
    else:
        body = node.body
    if any(isinstance(n, ast.While) and (tests_inside or _binds(n.test)) for s in body for n in ast.walk(s)):
        body = [_TestsInside(tests_inside).visit(copy.deepcopy(stmt)) for stmt in body]
    if has_match(body):
        body = MatchAsIf().visit(copy.deepcopy(ast.Module(list(body), []))).body
    outer, shared = (frozenset(declared(body, kind)) for kind in ((ast.Global, ast.Nonlocal), (ast.Nonlocal,)))
    local = frozenset(assigned(body)) | frozenset(parameters(node.args))
    return Definition(node, body, local - outer, outer, shared, liveness(body))


def _binds(test: ast.expr) -> bool:
    return any(isinstance(n, ast.NamedExpr) for n in ast.walk(test))


class _TestsInside(ast.NodeTransformer):
    """`while test: body` as `while True: if not test: break; body`, where the test binds a name, or everywhere."""

    def __init__(self, everywhere: bool) -> None:
        self.everywhere = everywhere

    def visit_While(self, node: ast.While) -> ast.AST:
        self.generic_visit(node)
        if not (self.everywhere or _binds(node.test)) or has(node.orelse, ast.Break) or has(node.orelse, ast.Continue):
            return node
        leave = ast.If(ast.UnaryOp(ast.Not(), node.test), [*node.orelse, ast.Break()], [])
        loop = ast.While(ast.Constant(True), [leave, *node.body], [])
        for made in (leave, leave.test, leave.body[-1], loop, loop.test):
            ast.copy_location(made, node.test)
        return ast.copy_location(loop, node)


def parameters(args: ast.arguments) -> list[str]:
    """The names of the parameters in the order of a function's variables, `*args` and `**kwargs` last."""
    plain = [a.arg for a in (*args.posonlyargs, *args.args, *args.kwonlyargs)]
    return [*plain, *(a.arg for a in (args.vararg, args.kwarg) if a)]


@dataclass(slots=True, eq=False)
class Frame:
    """A function while it is being inlined.

    Parameters
    ----------
    source : SourceFunc
        Where its text stands, and its globals and closure.
    definition : Definition
        What its text says.
    parent : Frame or None
        The frame of the function around it, where it is a nested function.
    path : tuple
        The calls that led here: equal for the same place of the program.
    env : dict
        The values of its names.
    known : tuple
        The arguments that are known at compile time: they tell whether a recursion makes progress.
    place : Span or None
        Where the user calls a library function that is written in the language: its lines stand there.
    """

    source: SourceFunc
    definition: Definition
    parent: Frame | None
    path: tuple[int, ...] = ()
    env: dict[str, Value] = field(default_factory=lambda: dict.fromkeys((RETURNED, BROKEN, CONTINUED), Const(False)))
    known: tuple[object, ...] = ()
    place: Span | None = None

    def live_after(self, stmt: ast.stmt) -> frozenset[str]:
        """The names that may be read after a statement."""
        live = self.definition.live
        return live.after.get(stmt, frozenset()) | live.always
