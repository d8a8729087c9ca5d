"""The state of lowering one function: the builder, the frames of inlined calls, and how nodes are dispatched."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from adcompiler.errors import ADCompilerError, Span
from adcompiler.frontend.refused.table import refusal
from adcompiler.frontend.state.captures import Captures
from adcompiler.frontend.state.choices import Choices
from adcompiler.frontend.state.list_growth import ListGrowth, Replaced
from adcompiler.frontend.state.met import Met
from adcompiler.frontend.state.restarts import NeedStatic, PathEnds
from adcompiler.frontend.state.scope import Definition, Frame, definition
from adcompiler.frontend.state.values import Value
from adcompiler.ir.build import Builder, Mark
from adcompiler.ir.types import Type
from adcompiler.ir.walk import blocks, defines, operands, walk, yields
from adcompiler.ir.wengert import Atom, Const, Stmt, Var
from adcompiler.signature import kind_of_record

if TYPE_CHECKING:
    from adcompiler.source import FunctionNode

State = tuple[dict[str, Value], ...]
Evaluate = Callable[["Lowering", Any, str], Value]
Execute = Callable[["Lowering", Any], None]
EXPRESSIONS: dict[type[ast.expr], Evaluate] = {}
STATEMENTS: dict[type[ast.stmt], Execute] = {}


def expression(*kinds: type[ast.expr]) -> Callable[[Evaluate], Evaluate]:
    """Register what evaluates these expressions."""

    def register(evaluate: Evaluate) -> Evaluate:
        EXPRESSIONS.update(dict.fromkeys(kinds, evaluate))
        return evaluate

    return register


def statement(*kinds: type[ast.stmt]) -> Callable[[Execute], Execute]:
    """Register what executes these statements."""

    def register(execute: Execute) -> Execute:
        STATEMENTS.update(dict.fromkeys(kinds, execute))
        return execute

    return register


class OpenRecursion(Protocol):
    """A recursive function while it is read."""

    def again(self, bound: Mapping[str, Value]) -> Value:
        """What a call inside it returns."""


class Lowering:
    """A function while its lines are built.

    Parameters
    ----------
    choices : Choices
        How it is read.
    kernel : bool
        Whether the function is a kernel, which threads of a GPU run.
    """

    def __init__(self, choices: Choices, kernel: bool) -> None:
        self.choices, self.kernel = choices, kernel
        # the arrays to whose elements threads of a kernel add at the same time, and where
        self.atomic: set[tuple[Var, Span | None]] = set()
        self.barriers = 0
        self.b = Builder()
        self.b.single_math = kernel
        self.entry: list[Stmt] = []
        self.captures = Captures(self.b, self.entry, choices.static)
        self.frames: list[Frame] = []
        # the tests of the branches that are open, each with the number of frames where it was opened
        self.tests: list[tuple[Atom | None, int]] = []
        self.calls = 0
        # how deep the calls of a function by itself have been, how often they have gone no deeper, and all calls before
        self.branches: dict[FunctionNode, tuple[int, int, int]] = {}
        self.recursions: dict[FunctionNode, OpenRecursion] = {}
        self.params: tuple[Var, ...] = ()
        # element types that carried names turned out to have, by loop and name: a start for its next pass
        self.learned: dict[tuple[object, ...], Type] = {}
        # the loops met so far, in the program and in the passes over loops that are open
        self.met = [Met(())]
        # integers that count: loop indices and carried names that grow by little, with their bits
        self.bits: dict[str, int] = {}
        # the first name of the user's for a value that the compiler named otherwise
        self.called: dict[str, str] = {}
        self.replaced = Replaced()
        self.lists = ListGrowth()
        # values that were read for an operation whose other operands are being evaluated
        self.pending: list[Value] = []
        # how a value is called, at the present place
        self.call: Callable[[Value, Sequence[Value]], Value]
        # whether the program calls a function for a GPU
        self.device = False
        # whether a loop runs over known numbers, and the loops that need a copy of their body for each
        self.repeats = False
        self.in_copies: set[ast.For] = set()

    def definition(self, node: FunctionNode) -> Definition:
        """What the text of a function says."""
        return definition(node, node in self.choices.tests_inside)

    def kind_of(self, record: type) -> str:
        """The kind of a sequence that is a record."""
        return "object" if record in self.choices.changing else kind_of_record(record)

    @property
    def frame(self) -> Frame:
        """The innermost inlined call."""
        return self.frames[-1]

    # -- dispatch ------------------------------------------------------------------------------------------------

    def eval(self, node: ast.expr, hint: str = "t") -> Value:
        """The value of an expression; `hint` names the result of its outermost operation."""
        before = self.b.span
        self.b.span = self.span(node)
        try:
            evaluate = EXPRESSIONS.get(type(node))
            if evaluate is None:
                raise refusal(type(node).__name__, self.b.span)
            return evaluate(self, node, hint)
        finally:
            self.b.span = before

    def exec(self, node: ast.stmt) -> None:
        """Execute a statement."""
        with self.b.at(self.span(node)):
            execute = STATEMENTS.get(type(node))
            if execute is None:
                raise refusal(type(node).__name__, self.b.span)
            execute(self, node)

    def span(self, node: ast.expr | ast.stmt) -> Span | None:
        """The place of a node of the innermost frame; inside the library, that of the user's call."""
        if self.frame.place is not None:
            return self.frame.place
        return self.frame.source.span(node) if hasattr(node, "lineno") else self.b.span

    def refuse(self, key: str, node: ast.AST | None = None, **words: object) -> ADCompilerError:
        """A refusal of the table of refused constructs, at a node or at the present place."""
        here = self.span(node) if isinstance(node, (ast.expr, ast.stmt)) else self.b.span
        return refusal(key, here, **words)

    def fail(self, exception: str, message: str) -> PathEnds:
        """Emit a check that always raises, and end the path: `raise low.fail(...)`."""
        self.b.check(Const(True), exception, message)
        return PathEnds()

    # -- state ---------------------------------------------------------------------------------------------------

    def save(self) -> State:
        """The names of all frames."""
        return tuple(dict(frame.env) for frame in self.frames)

    def restore(self, state: State) -> None:
        """Set the names of all frames."""
        for frame, env in zip(self.frames, state, strict=True):
            frame.env = dict(env)

    def rewind(self, mark: Mark, state: State) -> None:
        """Go back to an earlier place of the innermost block; hidden parameters stay."""
        self.b.rewind(replace(mark, taken=mark.taken | self.captures.names))
        self.bits = {name: size for name, size in self.bits.items() if name in self.b.names.taken}
        self.lists.shared = {var for var in self.lists.shared if var.name in self.b.names.taken}
        self.called = {name: user for name, user in self.called.items() if name in self.b.names.taken}
        self.restore(state)

    @contextmanager
    def arm(self, test: Atom | None = None) -> Iterator[list[Stmt]]:
        """Collect the lines of a block that runs only sometimes."""
        self.tests.append((test, len(self.frames)))
        with self.b.block() as lines:
            try:
                yield lines
            except NeedStatic as need:
                if need.roots is None:
                    need.roots = self.roots(need.atom)
                raise
            finally:
                self.tests.pop()

    # -- where a value comes from --------------------------------------------------------------------------------

    def roots(self, atom: Atom) -> frozenset[str]:
        """The names from which a value is computed that no open line computes: parameters, indices, carried names."""
        parents: dict[str, set[str]] = {}
        for lines in (self.entry, *self.b.stack):
            for stmt in walk(lines):
                read = {a.name for a in (*operands(stmt), *yields(stmt)) if isinstance(a, Var)}
                for var in defines(stmt):
                    parents.setdefault(var.name, set()).update(read)
                    if blocks(stmt):
                        parents[var.name] |= {f"region of {var.name}"}
        found: set[str] = set()
        queue = [atom.name] if isinstance(atom, Var) else []
        seen: set[str] = set()
        while queue:
            name = queue.pop()
            if name not in seen:
                seen.add(name)
                queue.extend(parents.get(name, ()))
                if name not in parents:
                    found.add(name)
        return frozenset(found)


def number_kind(type: Type) -> str:
    """ "b", "i", "u" or "f" of an element type."""
    return type.numpy.kind


__all__ = ["EXPRESSIONS", "STATEMENTS", "Lowering", "Sequence", "State", "expression", "number_kind", "statement"]
