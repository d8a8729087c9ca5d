"""What the compiler did of a function and why, in words: variables, records, loops, threads, time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from adcompiler.emit.folding import is_temporary
from adcompiler.emit.text import variable_names
from adcompiler.inspect import Text, View, aligned, nested, text_of
from adcompiler.ir.spelling import base_name, numbered_words
from adcompiler.ir.walk import defines, walk
from adcompiler.ir.wengert import Assign, Func, Load, Loop, Store, Var, While
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
    users = {base_name(v.name, words) for v in _assigned(fn)} - indices
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


def _assigned(fn: Func) -> Iterator[Var]:
    """The names of a function that stand in the user's lines."""
    for stmt in walk(fn.body):
        if isinstance(stmt, (Assign, Load)) and not is_temporary(stmt.target, stmt.span):
            yield stmt.target


def _records(view: View) -> Iterator[str]:
    """Each record by its name in the derivative: what it holds, its bytes, and the line of that."""
    readable = view.plan.compiled.stages["readable"]
    made = {s.target: s for s in walk(readable.body) if isinstance(s, (Assign, Load))}
    notes = dict[Var, tuple[str, str]]()
    for stmt in walk(readable.body):
        if isinstance(stmt, Store):
            value = made.get(stmt.value) if isinstance(stmt.value, Var) else None
            notes.setdefault(stmt.array, (_operation(value), text_of(stmt.span)))
    spelling, words, rows = variable_names(readable), numbered_words(view.primal), []
    for record in view.records:
        operation, line = notes.get(record.tape, ("", ""))
        holds = f"{record.name}{operation}" if operation else base_name(record.name, words)
        rows.append((spelling[record.tape], holds, record.size, line))
    yield from aligned(rows)


def _operation(stmt: Assign | Load | None) -> str:
    """What computes a value that has no name of the user's."""
    if stmt is None or not is_temporary(stmt.target, stmt.span):
        return ""
    made = stmt.op if isinstance(stmt, Assign) else f"{stmt.array}[...]"
    return "" if made == stmt.target.name else f" = {made}"


def _loops(view: View) -> Iterator[str]:
    """Each loop of the user with what has become of it."""
    made = [stmt for stmt, _ in nested(view.plan.compiled.stages["readable"].body) if isinstance(stmt, (Loop, While))]
    for stmt, depth in nested(view.primal.body):
        if isinstance(stmt, (Loop, While)):
            same = [s for s in made if s.span == stmt.span]
            yield "  " * depth + text_of(stmt.span).rstrip(":") + ": " + _fate(view, stmt, same)


def _fate(view: View, loop: Loop | While, made: Sequence[Loop | While]) -> str:
    if view.mode != "reverse":
        return "one loop"
    if len(made) < 2:
        return "value and adjoint in one loop" if made else "no longer there"
    first, last = made[0], made[-1]
    forwards = isinstance(first, Loop) and isinstance(last, Loop) and first.step == last.step
    return f"a loop for the value, then its adjoint in {'the same' if forwards else 'reverse'} order"


def _threads(view: View) -> Iterator[str]:
    """Which loops of the lowered form threads share, and why others are not shared."""
    compiled = view.plan.compiled
    if "unshared" in compiled.stages:
        decided = decisions(compiled.stages["unshared"], view.instance.lowering.of.options.fastmath)
        rows = dict.fromkeys((text_of(loop.span).rstrip(":"), why) for loop, why in decided if loop.span is not None)
        yield from aligned(list(rows))
