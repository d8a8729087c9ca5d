"""Reading a name: what is not bound on every path is checked, what differs between paths is refused."""

from __future__ import annotations

import builtins

from adcompiler.errors import ADCompilerError, TypeProblem, nearest
from adcompiler.frontend.library.definitions import is_definition
from adcompiler.frontend.lists.rows import listed
from adcompiler.frontend.state.context import Lowering
from adcompiler.frontend.state.scope import Frame
from adcompiler.frontend.state.values import Conflict, Growing, Maybe, Object, Path, Seq, Static, Unset, Value
from adcompiler.ir.wengert import Const


def read_name(low: Lowering, name: str) -> Value:
    """The value of a name as an expression: a local, an enclosing function's, a global or a builtin."""
    frame: Frame | None = low.frame
    while frame is not None:
        if name in frame.definition.local:
            value = frame.env.get(name, Unset(name))
            if isinstance(value, Maybe) and isinstance(value.absent, Unset):
                unbound = low.b.emit("logical_not", value.flag, hint="unbound", weak=True)
                low.b.check(unbound, "UnboundLocalError", _unbound(name))
                frame.env[name] = value = value.value
            return _bound(low, name, value)
        frame = frame.parent
    return _outside(low, name)


def _bound(low: Lowering, name: str, value: Value) -> Value:
    match value:
        case Unset():
            raise low.fail("UnboundLocalError", _unbound(name))
        case Conflict():
            raise _conflict(low, repr(name), value)
    return value


def _conflict(low: Lowering, name: str, value: Conflict) -> ADCompilerError:
    if value.key:
        return low.refuse(value.key)
    return TypeProblem(
        f"{name} holds {value.reason}", low.b.span, "use a name for each of the two, or one type, as by float(x)"
    )


def _unbound(name: str) -> str:
    return f"cannot access local variable '{name}' where it is not associated with a value"


def _outside(low: Lowering, name: str) -> Value:
    source = low.frame.source
    cells, space = source.cells, source.function.__globals__
    if name in cells:
        cell = cells[name]
        path = Path(("cell", id(cell), name), name, lambda: cell.cell_contents)
        try:
            held = cell.cell_contents
        except ValueError:
            raise low.refuse("unknown-name", name=name, near="") from None
        return low.captures.value(held, path)
    if name in space and is_definition(source.function):
        return constant(space[name])
    if name in space:
        return low.captures.value(space[name], Path(("global", id(space), name), name, lambda: space[name]))
    if hasattr(builtins, name):
        held = getattr(builtins, name)
        low.captures.builtin(space, name)
        return Const(held) if isinstance(held, bool) else Static(held)
    raise low.refuse("unknown-name", name=name, near=nearest(name, {*low.frame.env, *cells, *space}))


def constant(held: object) -> Value:
    """An object that no program changes as a value."""
    if isinstance(held, (bool, int, float, complex)):
        return Const(held)
    return Seq(tuple(constant(item) for item in held)) if isinstance(held, tuple) else Static(held)


def resolved(low: Lowering, value: Value) -> Value:
    """A value that is used: where it may be None at run time, that is checked; a list that grows is what it is now."""
    value = present(low, value)
    return listed(low, value) if isinstance(value, Growing) else value


def opened(low: Lowering, value: Value) -> Value:
    """A value of which all items are used: a dictionary from outside is then one of the program."""
    if isinstance(value, Object) and type(value.value) is dict:
        return low.captures.table(value.value, value.path)
    return value


def present(low: Lowering, value: Value) -> Value:
    """A value that is used, or changed."""
    if isinstance(value, Maybe):
        missing = low.b.emit("logical_not", value.flag, hint="missing", weak=True)
        low.b.check(missing, "TypeError", "unsupported operand: 'NoneType'")
        return value.value
    if isinstance(value, Conflict):
        raise _conflict(low, "this", value)
    return value
