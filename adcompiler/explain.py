"""What the compiler did of a function and why, in words: variables, records, loops, arrays, threads, time."""

from __future__ import annotations

import ast
import linecache
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from adcompiler.emit.folding import is_temporary
from adcompiler.emit.text import variable_names
from adcompiler.errors import Span
from adcompiler.inspect import Text, View, aligned, nested, text_of
from adcompiler.ir.ops import kind
from adcompiler.ir.spelling import base_name, numbered_words
from adcompiler.ir.walk import blocks, defines, walk
from adcompiler.ir.wengert import Assign, Block, Grow, Load, Loop, Stmt, Store, Var, While
from adcompiler.optimise.parallel.share import decisions

_RECORDED = "recorded: {}, since the reverse sweep reads it and computing it again would cost more"
_NOT_RECORDED = "not recorded: computed again, or still there, where the reverse sweep needs it"
_BESIDE = "its tangents are computed beside it"


def explain(view: View) -> Text:
    """A report of what the compiler did and why."""
    times = {"front end": view.instance.lowering.seconds, **view.plan.compiled.times}
    parts = {
        "arguments": list(_arguments(view)),
        "variables": list(_variables(view)),
        "records": list(_records(view)),
        "loops": list(_loops(view)),
        "arrays": list(_arrays(view)),
        "threads": list(_threads(view)),
        "time": [f"{stage}  {1e3 * took:.1f} ms" for stage, took in times.items()],
    }
    title = f"{view.subject.binder.name}: {view.mode}"
    if view.mode != view.plan.compiled.derivative.mode:
        title += ", since reverse mode would record the iterations of a loop"
    return Text("\n".join([title, *(text for head, lines in parts.items() for text in _section(head, lines))]))


def _section(head: str, lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield f"\n{head}"
        yield from (f"  {text}" for text in lines)


def _arguments(view: View) -> Iterator[str]:
    lowered, wrt = view.instance.lowering.lowered, view.plan.compiled.derivative.wrt
    captured = {capture.name for capture in lowered.captures}
    derived = view.plan.compiled.derivative.mode != "primal"
    rows = []
    for k, p in enumerate(view.primal.params):
        notes = ["differentiated" if k in wrt else "passive"]
        if p.name in captured:
            notes.append("held outside the function: its present value is passed at each call")
        if k in lowered.written:
            notes.append("written by the function: copied once a call" if derived else "written by the function")
        rows.append((str(p), str(view.primal.types[p.name]), ", ".join(notes)))
    yield from aligned(rows)


@dataclass(slots=True)
class _Variable:
    """What is said of one variable of the user's: names of the list differ where it is assigned more than once."""

    active: bool = False
    sizes: list[str] = field(default_factory=list)

    def fate(self, mode: str) -> str:
        """What becomes of its values."""
        if self.sizes:
            return _RECORDED.format(", and ".join(self.sizes))
        return "" if not self.active else _BESIDE if mode == "forward" else _NOT_RECORDED


def _variables(view: View) -> Iterator[str]:
    """The user's variables; of values without a name those that are recorded stand among the records."""
    if view.plan.compiled.derivative.mode == "primal":
        return
    fn, lively = view.primal, view.active
    words, found, unnamed = numbered_words(fn), dict[tuple[str, str], _Variable](), 0
    indices = {base_name(s.index.name, words) for s in walk(fn.body) if isinstance(s, Loop)}
    bound = _Bound()
    assigned = (s for s in walk(fn.body) if isinstance(s, (Assign, Load)))
    users = {base_name(s.target.name, words) for s in assigned if bound.names(s, words)} - indices
    sizes = dict[str, list[str]]()
    for name, size in view.recorded.items():
        sizes.setdefault(base_name(name, words), []).append(size)
    for stmt, _ in nested(fn.body):
        for v in defines(stmt):
            base = base_name(v.name, words)
            if base in users:
                variable = found.setdefault((base, str(fn.types[v.name])), _Variable(sizes=sizes.get(base, [])))
                variable.active |= v in lively
            elif v in lively and v.name not in view.recorded:
                unnamed += 1
    yield from aligned([(*k, "active" if v.active else "passive", v.fate(view.mode)) for k, v in found.items()])
    if unnamed:
        yield f"and {unnamed} values without a name, none of them recorded"


class _Bound:
    """What the statements of files bind, each file read once."""

    def __init__(self) -> None:
        self.files: dict[str, dict[int, set[str]] | None] = {}

    def names(self, line: Assign | Load, words: frozenset[str]) -> bool:
        """Whether what a line computes has the name of a variable that the user's statement binds there."""
        span = line.span
        if span is None or not span.text:
            return not is_temporary(line.target, span)
        if span.file not in self.files:
            self.files[span.file] = bound_names("".join(linecache.getlines(span.file)))
        lines = self.files[span.file]
        if lines is None:
            return not is_temporary(line.target, span)
        return base_name(line.target.name, words) in lines.get(span.line, ())


def bound_names(text: str) -> dict[int, set[str]] | None:
    r"""The names that the statements on each line of a program bind; None where it is not plain Python.

    >>> bound_names("y = (\n    t[0] * x.max()\n)\n")
    {1: {'y'}, 2: {'y'}, 3: {'y'}}
    """
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return None
    found: dict[int, set[str]] = {}
    for stmt in ast.walk(tree):
        if isinstance(stmt, ast.stmt):
            names = set(_bound(stmt))
            body = getattr(stmt, "body", None)
            last = body[0].lineno if body else stmt.end_lineno or stmt.lineno
            for line in range(stmt.lineno, last + 1):
                found.setdefault(line, set()).update(names)
    return found


def _bound(node: ast.AST) -> Iterator[str]:
    """The names bound in a statement, apart from the statements in it."""
    match node:
        case (
            ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()) | ast.MatchAs(name=str(name))
        ):
            yield name
        case ast.Subscript(value=ast.Name(id=name) | ast.Attribute(attr=name), ctx=ast.Store()):
            yield name
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.stmt):
            yield from _bound(child)


def _records(view: View) -> Iterator[str]:
    """Each record by its name in the derivative: what it holds, its bytes, and the line of that."""
    readable = view.plan.compiled.stages["readable"]
    made = {s.target: s for s in walk(readable.body) if isinstance(s, (Assign, Load))}
    notes = dict[Var, tuple[Assign | Load | None, str]]()
    for stmt in walk(readable.body):
        if isinstance(stmt, Store):
            value = made.get(stmt.value) if isinstance(stmt.value, Var) else None
            notes.setdefault(stmt.array, (value, text_of(stmt.span)))
    spelling, words, bound, rows = variable_names(readable), numbered_words(view.primal), _Bound(), []
    for record in view.records:
        value, line = notes.get(record.tape, (None, ""))
        operation = "" if value is None or bound.names(value, words) else _operation(value, words)
        holds = f"{record.name}{operation}" if operation else base_name(record.name, words)
        rows.append((spelling[record.tape], holds, record.size, line))
    yield from aligned(rows)


def _operation(stmt: Assign | Load, words: frozenset[str]) -> str:
    """What computes a value that has no name of the user's."""
    made = stmt.op if isinstance(stmt, Assign) else f"{stmt.array}[...]"
    return "" if made == base_name(stmt.target.name, words) else f" = {made}"


def _loops(view: View) -> Iterator[str]:
    """Each loop of the user with what has become of it."""
    made = [stmt for stmt, _ in nested(view.plan.compiled.stages["readable"].body) if isinstance(stmt, (Loop, While))]
    for stmt, depth in nested(view.primal.body):
        if isinstance(stmt, (Loop, While)):
            same = [s for s in made if s.span == stmt.span]
            yield "  " * depth + text_of(stmt.span).rstrip(":") + ": " + _fate(view, stmt, same)


def _is_passive(view: View, loop: Loop | While) -> bool:
    """Whether a loop neither computes nor stores anything that has a derivative."""
    lines = list(walk((loop,)))
    stored = {s.array for s in lines if isinstance(s, (Store, Grow))}
    return not any(v in view.active for v in (*stored, *(v for s in lines for v in defines(s))))


def _fate(view: View, loop: Loop | While, made: Sequence[Loop | While]) -> str:
    if view.mode != "reverse":
        return "one loop"
    if len(made) < 2 and _is_passive(view, loop):
        return "value alone, since nothing in it is active" if made else "no longer there"
    if len(made) < 2:
        return "value and adjoint in one loop" if made else "no longer there"
    first, last = made[0], made[-1]
    forwards = isinstance(first, Loop) and isinstance(last, Loop) and first.step == last.step
    return f"a loop for the value, then its adjoint in {'the same' if forwards else 'reverse'} order"


def _arrays(view: View) -> Iterator[str]:
    """The loops that compute array statements, each with the lines that are fused in it, and products of matrices."""
    compiled = view.plan.compiled
    if not compiled.on_device:
        own = {s.span for s in walk(view.primal.body) if isinstance(s, (Loop, While))}
        counts = Counter(row for row in _computed(compiled.stages["lowered"].body, own) if row[0])
        yield from aligned([(at, what if n == 1 else f"{what}, {n} times") for (at, what), n in counts.items()])


def _computed(block: Block, own: Container[Span | None]) -> Iterator[tuple[str, str]]:
    """What computes the arrays of a block: the user's lines and how, outside of all loops but the user's own."""
    for stmt in block:
        if isinstance(stmt, Assign) and kind(stmt.op) == "contract":
            yield _lines_of([stmt]), "product of matrices"
        elif isinstance(stmt, Loop) and stmt.span not in own:
            deep = _depth(stmt)
            yield _lines_of(walk((stmt,))), "one loop" if deep == 1 else f"one nest of {deep} loops"
        else:
            for inner in blocks(stmt):
                yield from _computed(inner, own)


def _depth(stmt: Stmt) -> int:
    """How many loops are in each other."""
    inner = max((_depth(s) for block in blocks(stmt) for s in block), default=0)
    return inner + isinstance(stmt, (Loop, While))


def _lines_of(stmts: Iterable[Stmt]) -> str:
    """The numbers of the user's lines that statements come from."""
    spans = (getattr(s, "span", None) for s in stmts)
    return ", ".join(map(str, sorted({span.line for span in spans if span is not None and span.text})))


def _threads(view: View) -> Iterator[str]:
    """Which loops of the lowered form threads share, and why others are not shared."""
    compiled = view.plan.compiled
    if "unshared" in compiled.stages:
        decided = decisions(compiled.stages["unshared"], view.instance.lowering.of.options.fastmath)
        rows = dict.fromkeys((text_of(loop.span).rstrip(":"), why) for loop, why in decided if loop.span is not None)
        yield from aligned(list(rows))
