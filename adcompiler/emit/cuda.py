"""The module that a GPU runs: for each kernel the function of an item and the kernel, then the host's function."""

from __future__ import annotations

import ast
import os
from collections.abc import Sequence
from dataclasses import dataclass

from adcompiler.emit.device import REPORT, ItemStatements, Work, unavailable
from adcompiler.emit.expressions import Expressions
from adcompiler.emit.folding import Plan, plan
from adcompiler.emit.messages import with_values
from adcompiler.emit.naming import python_names
from adcompiler.emit.printing import to_text
from adcompiler.emit.sharing import joined
from adcompiler.emit.statements import Statements, filled
from adcompiler.emit.syntax import call, compare, dtype_name, literal, name
from adcompiler.errors import Span
from adcompiler.ir.build import make_func, neutral
from adcompiler.ir.kernel import Kernel, Written, host_arrays
from adcompiler.ir.memory import memory_of
from adcompiler.ir.names import Names
from adcompiler.ir.ops import kind
from adcompiler.ir.walk import operands, walk
from adcompiler.ir.wengert import Assign, Atom, Call, Check, Const, Func, Grow, Load, Stmt, Store, Var, While

_HEAD = """import math
import numpy as np
from adcompiler.backend.gpu import device
from adcompiler.backend.gpu.cuda import FAST, cuda
from adcompiler.backend.gpu.device import Items
"""
_RESHAPING = "from adcompiler.backend.gpu.reshape import reshaping\n\nreshaped = reshaping()\n"
_RESERVED = frozenset(
    ("math", "np", "cuda", "device", "FAST", "Items", "reshaped", "reshaping", REPORT, "thread", "position", "done")
)


def emit_cuda(host: Func, kernels: Sequence[Kernel | Written], fastmath: bool) -> str:
    """The source of a module that defines the host's function, which takes and returns arrays of the device."""
    comments: list[str] = []
    body: list[ast.stmt] = []
    names = [k.value if isinstance(k, Written) else f"{host.name}_{n}" for n, k in enumerate(kernels, 1)]
    for title, kernel in zip(names, kernels, strict=True):
        if isinstance(kernel, Kernel):
            body += _Printer(kernel, title, comments, fastmath).all()
    body.append(_host(host, names, comments))
    text = to_text(ast.Module(body, []), comments).strip("\n")
    return f"{_HEAD}{_RESHAPING if ' reshaped(' in text else ''}\n\n{text}\n"


# -- the host ---------------------------------------------------------------------------------------------------------


class _HostExpressions(Expressions):
    """Prints lines of the host: arrays are made on the device, but for those that only the host uses."""

    kept: frozenset[Var] = frozenset()

    def _view(self, stmt: Assign) -> ast.expr:
        if stmt.op == "transpose":
            readers = [s for s in walk(self.fn.body) if stmt.target in operands(s)]
            if stmt.target in self.fn.results or not all(map(_reads_exchanged, readers)):
                raise unavailable("an exchange of axes outside of a batched function", stmt.span)
            return call("device.Transposed", self.atom(stmt.args[0]))
        return super()._view(stmt)

    def _product(self, stmt: Assign) -> ast.expr:
        return call("device.product", *map(self.atom, stmt.args))

    def _alloc(self, stmt: Assign) -> ast.expr:
        if stmt.target in self.kept:
            return super()._alloc(stmt)
        dtype = name(dtype_name(self.fn.types[stmt.target.name].dtype))
        args = list(map(self.atom, stmt.args))
        first = {"full": 1, "arange": 2}.get(stmt.op, 0)
        shape = ast.Tuple(args[first:], ast.Load())
        return call(f"device.{stmt.op}", shape, dtype, *args[:first])


def _reads_exchanged(stmt: Stmt) -> bool:
    """Whether a line of the host can read a matrix with its axes exchanged: a product, or another exchange."""
    return isinstance(stmt, Assign) and (kind(stmt.op) == "contract" or stmt.op == "transpose")


class _HostStatements(Statements):
    """Prints the statements of the host, with calls of kernels by their names."""

    kernels: Sequence[str] = ()

    def __post_init__(self) -> None:
        self.print = _HostExpressions(self.fn, self.plan, self.names, self.dialect, self.functions)
        self.print.kept = host_arrays(self.fn)

    def _strips(self, stmt: While) -> None:
        return None

    def _grow(self, stmt: Grow) -> ast.stmt:
        variable, row = self.names[stmt.array], self.print.atom(stmt.row)
        rows = ast.Subscript(name(f"{variable}.shape"), ast.Constant(0), ast.Load())
        made = ast.Assign([ast.Name(variable, ast.Store())], call("device.grown", name(variable), row), lineno=0)
        return ast.If(compare(row, ast.GtE(), rows), [made], [])

    def statement(self, stmt: Stmt) -> list[ast.stmt]:
        """One statement."""
        if not isinstance(stmt, Call):
            return super().statement(stmt)
        args = list(map(self.print.atom, stmt.args))
        made = call(self.kernels[stmt.function], *args)
        if not stmt.targets:
            return [ast.Expr(made)]
        targets: list[ast.expr] = [ast.Name(self.names[v], ast.Store()) for v in stmt.targets]
        return [ast.Assign([ast.Tuple(targets, ast.Store())], made, lineno=0)]


def _host(fn: Func, kernels: Sequence[str], comments: list[str]) -> ast.stmt:
    printed = plan(fn)
    # a kernel may change what an element read before it was
    printed = Plan(printed.needed, {v: s for v, s in printed.folded.items() if not isinstance(s, Load)})
    names = python_names(fn, printed, _RESERVED | {fn.name})
    statements = _HostStatements(fn, printed, names, "python", {}, comments=comments)
    statements.kernels = kernels
    body = statements.body()
    doc: list[ast.stmt] = [ast.Expr(ast.Constant(fn.doc))] if fn.doc else []
    return function_of(fn.name, [p.name for p in fn.params], [*doc, *body])


def function_of(title: str, params: Sequence[str], body: list[ast.stmt]) -> ast.FunctionDef:
    """A function of these parameters."""
    arguments = ast.arguments(
        posonlyargs=[], args=[ast.arg(p) for p in params], kwonlyargs=[], kw_defaults=[], defaults=[]
    )
    return ast.FunctionDef(title, arguments, filled(body), [], lineno=0)


# -- kernels ----------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Printer:
    """Prints what belongs to one kernel."""

    kernel: Kernel
    title: str
    comments: list[str]
    fastmath: bool

    def all(self) -> list[ast.stmt]:
        """The function of an item, the kernel, its helpers on the host, and what calls it."""
        fn = self.kernel.item
        printed = plan(fn)
        names = python_names(fn, printed, _RESERVED | {self.named("item")})
        lines = on_the_host(fn)
        known = frozenset(s.target for s in lines) | set(fn.params[1:])
        statements = ItemStatements(fn, printed, names, self.comments, known)
        statements.gathered = self.kernel.gathered
        free = Names({*_RESERVED, *names.values()})
        flags = {v: free.fresh(f"{v}_own") for v in self.kernel.added}
        statements.flags = {statements.memory.root(v): flag for v, flag in flags.items()}
        body = statements.whole()
        work, params = statements.item.work, [p.name for p in fn.params]
        given = [params[0], REPORT, *params[1:], *(w.name for w in work), *flags.values()]
        function = function_of(self.named("item"), given, body)
        function.decorator_list = [self.jit(device=ast.Constant(True))]
        made = [function, self.launched(work), self.extents(lines, work)]
        if statements.item.checks:
            made.append(self.raising(statements.item.checks))
        return [*made, *ast.parse(self.items(work, bool(statements.item.checks))).body]

    def named(self, part: str) -> str:
        """The name of one of the functions."""
        return f"{self.title}_{part}"

    def jit(self, **options: ast.expr) -> ast.expr:
        """A decorator: what is to be fast must be so in the kernel and in what it calls."""
        if self.fastmath:
            options["fastmath"] = name("FAST")
        return call("cuda.jit", **options) if options else name("cuda.jit")

    def items(self, work: Sequence[Work], checks: bool) -> str:
        """The line that makes what the host calls."""
        fn, given = self.kernel.item, self.kernel.given
        changed = {s.array for s in walk(fn.body) if isinstance(s, Store)}
        memory = memory_of(fn)
        classes = {memory.root(v) for v in changed}
        facts = {
            "kernel": self.named("kernel"),
            "extents": self.named("extents"),
            "check": self.named("check") if checks else None,
            "work": tuple((fn.types[w.array.name].dtype, w.known) for w in work),
            "totals": tuple((op, fn.type(r).dtype) for op, r in zip(self.kernel.folds, fn.results, strict=True)),
            "given": len(given),
            "adds": tuple(v in self.kernel.added for v in self.kernel.gathered),
            "stored": tuple(k for k, v in enumerate(given) if fn.types[v.name].rank and memory.root(v) in classes),
        }
        texts = [f"{k}={v if k in ('kernel', 'extents', 'check') else repr(v)}" for k, v in facts.items()]
        return f"{self.title} = Items({', '.join(texts)})"

    def launched(self, work: Sequence[Work]) -> ast.stmt:
        """The kernel: a thread takes items that are as far apart as there are threads, and keeps its own totals."""
        fn, given = self.kernel.item, [v.name for v in self.kernel.given]
        free = Names({*_RESERVED, *(p.name for p in fn.params), *(w.name for w in work)})
        first, last, start, step = (free.fresh(hint) for hint in ("first", "last", "start", "step"))
        totals = [free.fresh(str(v)) for v in self.kernel.totals]
        terms, parts = [[free.fresh(f"{v}_{hint}") for v in totals] for hint in ("item", "threads")]
        folds = self.kernel.folds
        gathered = [(v.name, fn.types[v.name].rank) for v in self.kernel.gathered]
        own = [*gathered, *((w.name, len(w.known)) for w in work)]
        args = [f"{start} + position * {step}", REPORT, *given]
        added = [(v.name, fn.types[v.name].rank) for v in self.kernel.added]
        for v, rank in own:
            place = f"thread % {v}.shape[{rank}]" if (v, rank) in added else "thread"
            args.append(f"{v}[{':, ' * rank}{place}]")
        args += [f"{v}.shape[{rank}] > 1" for v, rank in added]
        params = [first, last, start, step, REPORT, *given, *(v for v, _ in own), *parts]
        begun = [
            ast.unparse(literal(neutral(op, fn.type(r).dtype).value)) for op, r in zip(folds, fn.results, strict=True)
        ]
        text = [
            f"def {self.named('kernel')}({', '.join(params)}):",
            "    thread = cuda.grid(1)",
            *(f"    {v} = {first}" for v, first in zip(totals, begun, strict=True)),
            f"    for position in range({first} + thread, {last}, cuda.gridsize(1)):",
            f"        {', '.join(['done', *terms])} = {self.named('item')}({', '.join(args)})",
            "        if not done:",
            f"            cuda.atomic.min({REPORT}, 0, position)",
            "            break",
            *(f"        {joined(op, v, term)}" for op, v, term in zip(folds, totals, terms, strict=True)),
            *(f"    {part}[thread] = {v}" for v, part in zip(totals, parts, strict=True)),
        ]
        made = ast.parse("\n".join(text)).body[0]
        assert isinstance(made, ast.FunctionDef)
        made.decorator_list = [self.jit()]
        return made

    def extents(self, lines: Sequence[Assign], work: Sequence[Work]) -> ast.stmt:
        """The function that tells the extents of work arrays, -1 for those that no line of the host can tell."""
        fn, unknown = self.kernel.item, Const(-1)
        shapes = [zip(fn.shape(w.array), w.known, strict=True) for w in work]
        results = [extent if known else unknown for shape in shapes for extent, known in shape]
        told = make_func(
            self.named("extents"), fn.params[1:], without_dead(lines, results), results, fn.types, fn.shapes
        )
        printed = plan(told)
        statements = Statements(told, printed, python_names(told, printed, _RESERVED), "python", {}, False)
        body = statements.block(told.body)
        values: list[ast.expr] = [statements.print.atom(r) for r in results]
        return function_of(told.name, [p.name for p in told.params], [*body, ast.Return(ast.Tuple(values, ast.Load()))])

    def raising(self, checks: Sequence[Check]) -> ast.stmt:
        """The function that raises the exception of a check."""
        body: list[ast.stmt] = []
        for number, check in enumerate(checks, 1):
            values: list[ast.expr] = [name("one"), name("other")][: len(check.values)]
            message = with_values(check.message, values) if values else ast.Constant(check.message)
            lines = [*comment(check.span, self.comments), ast.Raise(call(check.exception, message), None)]
            body.append(ast.If(compare(name("number"), ast.Eq(), ast.Constant(number)), lines, []))
        return function_of(self.named("check"), ["number", "one", "other"], body)


def comment(span: Span | None, comments: list[str]) -> list[ast.stmt]:
    """The comment that names a line of the user's."""
    if span is None:
        return []
    comments.append(f"{os.path.basename(span.file)}:{span.line}: {span.text.strip()}")
    return [ast.Expr(name(f"__comment_{len(comments) - 1}"))]


def on_the_host(fn: Func) -> list[Assign]:
    """The lines at the beginning of an item that the host can run before it: of numbers that are the same for all."""
    known = set(fn.params[1:])
    found = []
    for stmt in fn.body:
        if (
            isinstance(stmt, Assign)
            and kind(stmt.op) in ("elementwise", "shape")
            and not fn.types[stmt.target.name].rank
        ):
            if all(isinstance(a, Const) or a in known for a in stmt.args):
                found.append(stmt)
                known.add(stmt.target)
    return found


def without_dead(lines: Sequence[Assign], results: Sequence[Atom]) -> tuple[Assign, ...]:
    """The lines that lead to the results."""
    wanted, kept = set(results), []
    for stmt in reversed(lines):
        if stmt.target in wanted:
            kept.append(stmt)
            wanted |= set(stmt.args)
    return tuple(reversed(kept))
