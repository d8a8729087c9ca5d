"""The end of a loop: what it carries, the flag that leaves it, and the names after it."""

from __future__ import annotations

from collections.abc import Callable

from adcompiler.frontend.flow.joining import readable
from adcompiler.frontend.state.forms import Form, Optional, handed_out, same_value
from adcompiler.frontend.state.identity import holds_object, note
from adcompiler.frontend.state.leaves import build, coerce
from adcompiler.frontend.state.liveness import BROKEN, CONTINUED, FLAGS, ITERATED, RESULT, RETURNED
from adcompiler.frontend.state.loop_parts import Built, Key, LoopState, at_end
from adcompiler.frontend.state.values import Conflict, Maybe, Unset, Value
from adcompiler.ir.build import ZERO
from adcompiler.ir.types import BOOL
from adcompiler.ir.wengert import Atom, Carry, Const, Var

Finish = Callable[[Built, "tuple[Carry, ...]", "Atom | None"], None]


def close(loop: LoopState, built: Built, finish: Finish) -> None:
    """Finish a loop whose forms hold; the names are afterwards those after the loop."""
    low = loop.low
    carries: list[Carry] = []
    after: dict[Key, Value] = {}
    exits = _exit_flag(loop, built)
    for key, form in loop.forms.items():
        first = loop.first_name(key)
        if first != key:
            after[key] = after[first]
            continue
        after[key] = _carry(loop, built, key, form, carries)
    flags = _carry_flags(loop, built, carries)
    if holds_object(after.values()):
        for end in (loop.state, *([built.end] if built.end else ())):
            note(low, loop.values(end, after))
    low.restore(loop.state)
    finish(built, tuple(carries), exits)
    for (depth, name), value in after.items():
        low.frames[depth].env[name] = value
    _forget(loop, built)
    low.frame.env.update(flags)


def _exit_flag(loop: LoopState, built: Built) -> Atom | None:
    """The flag, computed at the end of the body, that tells whether the loop is left there."""
    if built.end is None or loop.head.carried_flags:
        return None
    found = [built.end[-1].get(flag, Const(False)) for flag in (BROKEN, RETURNED)]
    flags = [flag for flag in found if isinstance(flag, (Var, Const)) and flag != Const(False)]
    if len(flags) < 2 or Const(True) in flags:
        return Const(True) if Const(True) in flags else flags[0] if flags else None
    with at_end(loop.low, built.lines):
        return loop.low.b.emit("logical_or", *flags, hint="left", weak=True)


def _carry(loop: LoopState, built: Built, key: Key, form: Form, carries: list[Carry]) -> Value:
    low, name = loop.low, key[1]
    new: list[Var] = []
    out = build(low.b, form, readable(name), new)
    inits: list[Atom] = []
    if key in loop.stretched and name in loop.head.after and not loop.head.runs and loop.head.length is not None:
        never = low.b.emit("le", loop.head.length, ZERO, hint="never", weak=True)
        low.b.check(never, "ValueError", f"the loop must run at least once for {name!r} to be an array")
    coerce(low.b, _present(loop.initial(key)), form, inits)
    nexts: list[Atom] = list(built.vars[key])
    end = built.value(key) if built.end is not None else None
    if built.end is not None and end is not None:
        nexts = []
        with at_end(loop.low, built.lines):
            coerce(low.b, _present(end), form, nexts)
    rows = zip(built.vars[key], inits, nexts, new, strict=True)
    carries.extend(Carry(var, init, after, done) for var, init, after, done in rows)
    if loop.head.runs and isinstance(form, Optional) and end is not None and nexts[0] == Const(True):
        assert isinstance(out, Maybe)
        return out.value
    return out


def _carry_flags(loop: LoopState, built: Built, carries: list[Carry]) -> dict[str, Value]:
    """Carry the flags that are read after the loop, and the value that a `return` in the loop gives."""
    low = loop.low
    after: dict[str, Value] = {RETURNED: Const(False), BROKEN: Const(False), CONTINUED: Const(False)}
    after[RESULT] = Unset(RESULT)
    if built.end is None:
        for var in built.flags.values():
            assert isinstance(var, Var)
            carries.append(Carry(var, Const(False), var, low.b.var("left", BOOL)))
        return after
    for flag in sorted(loop.head.exits):
        end = built.end[-1][flag]
        assert isinstance(end, (Var, Const))
        var = built.flags.get(flag) or low.b.var("left" if flag == BROKEN else "returned", BOOL)
        assert isinstance(var, Var)
        out = low.b.like(var)
        carries.append(Carry(var, Const(False), end, out))
        after[flag] = out
    if RETURNED in loop.head.exits:
        after[RESULT] = _carry_result(loop, built, carries)
    return after


def _carry_result(loop: LoopState, built: Built, carries: list[Carry]) -> Value:
    low = loop.low
    assert built.end is not None
    value = built.end[-1][RESULT]
    form = handed_out(low.b, value, loop.is_outer, loop.extent)
    entry: list[Var] = []
    out: list[Var] = []
    inits: list[Atom] = []
    nexts: list[Atom] = []
    build(low.b, form, "result", entry)
    after = build(low.b, form, "result", out)
    coerce(low.b, None, form, inits)
    with at_end(loop.low, built.lines):
        coerce(low.b, value, form, nexts)
    carries.extend(Carry(*row) for row in zip(entry, inits, nexts, out, strict=True))
    return after


def _forget(loop: LoopState, built: Built) -> None:
    """Mark the names that the body changes and that are not read after it, so that a mistake here is loud."""
    for name, value in (built.end[-1] if built.end else {}).items():
        if (
            name not in FLAGS
            and not name.startswith(ITERATED)
            and name not in loop.head.live
            and not same_value(value, loop.initial((-1, name)))
        ):
            loop.low.frame.env[name] = Conflict("its value does not outlive the loop")


def _present(value: Value) -> Value | None:
    return None if isinstance(value, Unset) else value
