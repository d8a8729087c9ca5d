"""Two paths that meet again: each is built in a block of its own, then what they leave behind is joined."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from adcompiler.frontend.flow.joining import THE_VALUE, Arm, Joining, Key
from adcompiler.frontend.state.context import Lowering
from adcompiler.frontend.state.forms import same_value
from adcompiler.frontend.state.heap import inside, is_object, parts
from adcompiler.frontend.state.identity import holds_object, note
from adcompiler.frontend.state.liveness import FLAGS, ITERATED, RESULT
from adcompiler.frontend.state.restarts import PathEnds
from adcompiler.frontend.state.values import Maybe, Unset, Value, Zipped
from adcompiler.ir.wengert import Assign, Atom, Branch, Check, Const, Stmt, Var

Work = Callable[[], "Value | None"]


def run_arm(low: Lowering, work: Work, test: Atom, holds: bool) -> Arm:
    """Build the path on which the test holds, or does not; the names are afterwards as they were before."""
    state = low.save()
    with low.arm(test) as lines:
        arm = Arm(lines, state, None, False)
        narrowed = _narrow(low, test, holds)
        _run(low, arm, work)
    _widen(arm, narrowed)
    low.restore(state)
    return arm


def _narrow(low: Lowering, test: Atom, holds: bool) -> dict[str, tuple[Maybe, Value]]:
    """What may be missing is there, or not, on a path whose test says so."""
    line = low.b.made.get(test.name) if isinstance(test, Var) else None
    if isinstance(line, Assign) and line.op == "logical_not":
        test, holds = line.args[0], not holds
    env = low.frame.env
    found = {name: value for name, value in env.items() if isinstance(value, Maybe) and value.flag == test}
    narrowed = {name: (value, value.value if holds else value.absent) for name, value in found.items()}
    env.update({name: value for name, (_, value) in narrowed.items()})
    return narrowed


def _widen(arm: Arm, narrowed: dict[str, tuple[Maybe, Value]]) -> None:
    """Undo `_narrow` at the end of a path for the names that it has not assigned."""
    env = arm.state[-1]
    for name, (before, value) in narrowed.items():
        if name in env and same_value(env[name], value):
            env[name] = before


def resume(low: Lowering, arm: Arm, work: Work, test: Atom, holds: bool) -> None:
    """Build on at the end of a path."""
    state = low.save()
    low.restore(arm.state)
    low.tests.append((test, len(low.frames)))
    low.b.stack.append(arm.lines)
    try:
        narrowed = _narrow(low, test, holds)
        _run(low, arm, work)
        _widen(arm, narrowed)
    finally:
        low.b.stack.pop()
        low.tests.pop()
    low.restore(state)


def _run(low: Lowering, arm: Arm, work: Work) -> None:
    depth = len(low.frames)
    try:
        arm.value = work()
    except PathEnds:
        arm.dead = True
        del low.frames[depth:]
    arm.state = low.save()


def branch(low: Lowering, test: Atom, then: Work, other: Work, live: frozenset[str] | None, hint: str) -> Value | None:
    """`if test: then() else: other()`; a test known now selects. `live` are the names still read, None for all."""
    if isinstance(test, Const):
        return then() if test.value else other()
    return merge(low, test, run_arm(low, then, test, True), run_arm(low, other, test, False), live, hint)


def merge(low: Lowering, test: Atom, a: Arm, c: Arm, live: frozenset[str] | None, hint: str = "t") -> Value | None:
    """Join two finished paths: afterwards the names hold what holds on either path, and so does the value."""
    if a.dead or c.dead:
        return _one_path(low, test, a, c)
    pairs = list(differing(a, c, live))
    joining = Joining(low, a, c, _nested_lists(pairs))
    values = {key: joining.value(key, one, two, hint) for key, one, two in pairs}
    outs = joining.outs
    if a.lines or c.lines or outs:
        low.b.add(Branch(test, tuple(a.lines), tuple(c.lines), tuple(outs), low.b.span))
    low.restore(a.state)
    for (depth, name), value in values.items():
        if name != THE_VALUE:
            low.frames[depth].env[name] = value
    _note_split(low, a, c, values)
    _forget(low, a, c, live)
    return values.get((len(low.frames), THE_VALUE), a.value)


def _note_split(low: Lowering, a: Arm, c: Arm, values: dict[Key, Value]) -> None:
    """Remember which lists have become two."""
    if not holds_object(values.values()):
        return
    for arm in (a, c):
        names = (((d, name), value) for d, env in enumerate(arm.state) for name, value in env.items())
        pairs = [(value, values.get(key, value)) for key, value in names]
        result = values.get((len(low.frames), THE_VALUE))
        note(low, [*pairs, *([] if arm.value is None or result is None else [(arm.value, result)])])


def _one_path(low: Lowering, test: Atom, a: Arm, c: Arm) -> Value | None:
    """Where one path always raises, the other goes on without a branch around it."""
    dead, alive = (a, c) if a.dead else (c, a)
    lines = dead.lines
    if len(lines) == 1 and isinstance(lines[0], Check) and lines[0].failed == Const(True):
        failed = test if dead is a else low.b.emit("logical_not", test, hint="failed", weak=True)
        low.b.add(replace(lines[0], failed=failed))
    elif dead is a:
        low.b.add(Branch(test, tuple(lines), (), (), low.b.span))
    else:
        low.b.add(Branch(test, (), tuple(lines), (), low.b.span))
    if alive.dead:
        low.b.extend(alive.lines)
        raise PathEnds
    low.b.extend(alive.lines)
    low.restore(alive.state)
    return alive.value


def differing(a: Arm, c: Arm, live: frozenset[str] | None) -> Iterator[tuple[Key, Value | None, Value | None]]:
    """The names that are read again and hold other values on one path than on the other, and what both paths yield."""
    last = len(a.state) - 1
    for depth, (one, two) in enumerate(zip(a.state, c.state, strict=True)):
        for name in [*one, *(n for n in two if n not in one)]:
            x, y = one.get(name, Unset(name)), two.get(name, Unset(name))
            if not same_value(x, y) and (depth < last or live is None or name in live or name.startswith(ITERATED)):
                yield (depth, name), x, y
    if a.value is not None and c.value is not None and not same_value(a.value, c.value):
        yield (last + 1, THE_VALUE), a.value, c.value


def _forget(low: Lowering, a: Arm, c: Arm, live: frozenset[str] | None) -> None:
    """Unbind the names that differ and are not read again."""
    if live is not None:
        one, two = a.state[-1], c.state[-1]
        for name in {*one, *two} - live - FLAGS:
            if not name.startswith(ITERATED) and not same_value(one.get(name, Unset(name)), two.get(name, Unset(name))):
                low.frame.env.pop(name, None)
        for name in FLAGS - live:
            low.frame.env[name] = Unset(name) if name == RESULT else Const(False)


def _nested_lists(pairs: list[tuple[Key, Value | None, Value | None]]) -> bool:
    """Whether a list inside another structure has a second name: after the paths these would be two lists.

    What two names hold together on both paths they hold together afterwards.
    """
    objects = {(id(one), id(two)): k for k, (_, one, two) in enumerate(pairs) if is_object(one) and is_object(two)}
    pairs = [p for k, p in enumerate(pairs) if objects.get((id(p[1]), id(p[2])), k) == k]
    for found in ([one for _, one, _ in pairs], [two for _, _, two in pairs]):
        values = [part for value in found if value is not None for part in _unzipped(value)]
        inner = [id(item) for value in values for item in _lists_inside(value)]
        direct = [id(value) for value in values if is_object(value)]
        if len({*inner, *direct}) < len(inner) + len(set(direct)):
            return True
    return False


def _unzipped(value: Value) -> Iterator[Value]:
    """What `zip` and its like run over: it is joined like the values of names."""
    if isinstance(value, Zipped):
        for part in value.parts:
            yield from _unzipped(part)
    else:
        yield value


def _lists_inside(value: Value) -> Iterator[Value]:
    return (item for part in parts(value) for item in inside(part) if is_object(item))


def pure(lines: list[Stmt]) -> bool:
    """Whether lines can also run where their results are not wanted: arithmetic of scalars, no effect, no error."""
    return all(isinstance(s, Assign) for s in lines)
