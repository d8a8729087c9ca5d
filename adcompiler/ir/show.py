"""The Wengert list line by line, as the compiler sees it; what a broken invariant is reported with."""

from __future__ import annotations

from collections.abc import Iterator

from adcompiler.ir.wengert import (
    Assign,
    Atom,
    Block,
    Branch,
    Call,
    Carry,
    Check,
    Draw,
    Func,
    Grow,
    Index,
    Load,
    Loop,
    NewAxis,
    Note,
    Print,
    Slice,
    Stmt,
    Store,
    While,
)


def show(fn: Func) -> str:
    """The lines of a function, with the type of each parameter.

    >>> from adcompiler.ir.build import Builder
    >>> from adcompiler.ir.types import FLOAT
    >>> b = Builder()
    >>> x = b.var("x", FLOAT)
    >>> print(show(b.finish("f", [x], [b.emit("sin", x, hint="y")])))
    f(x: float)
        y = sin(x)
        return y
    """
    params = ", ".join(f"{p}: {fn.types.get(p.name)}" for p in fn.params)
    lines = [f"{fn.name}({params})", *_block(fn.body), f"    return {_atoms(fn.results)}"]
    return "\n".join(lines)


def _block(block: Block) -> Iterator[str]:
    for stmt in block:
        yield from (f"    {line}" for line in _lines(stmt))


def _lines(stmt: Stmt) -> Iterator[str]:
    match stmt:
        case Loop(index=i, start=start, stop=stop, step=step, carried=carried, body=body, until=until):
            tail = _next(carried) + ("" if until is None else f" until {until}")
            yield from _region(f"for {i} in {start}:{stop}:{step} {_first(carried)}", body, tail)
        case While(carried=carried, condition=condition, test=test, body=body):
            yield from _region(f"while {_first(carried)}", condition, f"test {test}")
            yield from _region("do", body, _next(carried))
        case Branch(test=test, then=then, other=other, outs=outs):
            yield from _region(f"if {test}", then, " ".join(f"{o.var}={o.then}" for o in outs))
            yield from _region("else", other, " ".join(f"{o.var}={o.other}" for o in outs))
        case _:
            yield show_line(stmt)


def _region(head: str, block: Block, tail: str) -> Iterator[str]:
    yield head.rstrip()
    yield from _block(block)
    yield f"    -> {tail}".rstrip()


def show_line(stmt: Stmt) -> str:
    """A statement that is no region."""
    match stmt:
        case Assign(target=target, op=op, args=args, params=params):
            return f"{target} = {op}({', '.join([*map(str, args), *(f'{k}={v}' for k, v in params)])})"
        case Load(target=target, array=array, index=index):
            return f"{target} = {array}[{_index(index)}]"
        case Store(array=array, index=index, value=value, add=add):
            return f"{array}[{_index(index)}] {'+=' if add else '='} {value}"
        case Check(failed=failed, exception=exception, message=message):
            return f"check {failed}: {exception}({message!r})"
        case Grow(array=array, row=row):
            return f"grow {array} to {row}"
        case Print(args=args):
            return f"print {', '.join(map(str, args))}"
        case Draw(target=target, generator=generator, method=method, args=args, size=size):
            return f"{target} = {generator}.{method}({', '.join(map(str, (*args, *size)))})"
        case Call(targets=targets, args=args):
            return f"{', '.join(map(str, targets))} = itself({', '.join(map(str, args))})"
        case Note(text=text):
            return f"# {text}"
    raise AssertionError(stmt)


def _index(index: Index) -> str:
    return ", ".join(_item(i) for i in index)


def _item(item: object) -> str:
    match item:
        case Slice(first=first, size=size, step=step):
            return f"{first}:+{size}" + ("" if step is None else f":{step}")
        case NewAxis():
            return "None"
        case _:
            return str(item)


def _first(carried: tuple[Carry, ...]) -> str:
    return " ".join(f"{c.var}={c.init}" for c in carried)


def _next(carried: tuple[Carry, ...]) -> str:
    return " ".join(f"{c.var}={c.next}, {c.out}" for c in carried)


def _atoms(atoms: tuple[Atom, ...]) -> str:
    return ", ".join(map(str, atoms))
