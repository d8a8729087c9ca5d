"""The adjoint of an arm that was not taken is passed over: its cotangent is zero, which leaves everything as it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from adcompiler.ir.build import Builder, scalar, with_body
from adcompiler.ir.walk import map_blocks, walk
from adcompiler.ir.wengert import Assign, Atom, Block, Branch, Const, Func, Loop, Out, Stmt, Var
from adcompiler.optimise.lines.zero_cotangents import Nothing


def skip_untaken(fn: Func) -> Func:
    """Run the adjoint of a loop only where its cotangent is not the zero of an arm that was not taken.

    Before:  g = 2.0 if taken else 0.0; for j in range(n): x_bar[j] += g * w[j]; s = s + g * w[j]
    After:   g = 2.0 if taken else 0.0; if g != 0.0: for j in range(n): x_bar[j] += g * w[j]; s = s + g * w[j]
    """
    if not any(isinstance(s, Loop) for s in walk(fn.body)):
        return fn
    b = Builder.of(fn)

    def block(stmts: Block) -> Block:
        return _untaken(b, tuple(map_blocks(s, block) for s in stmts))

    return with_body(fn, block(fn.body), b)


def _untaken(b: Builder, block: Block) -> Block:
    """A block whose loops run where a number that a branch or a choice left zero is not zero."""
    last = max((k for k, s in enumerate(block) if isinstance(s, Loop)), default=0)
    chosen: list[tuple[Var, Nothing]] = []
    with b.block() as lines:
        for stmt in block[: last + 1]:
            found = next((v for v, nothing in chosen if nothing.passes(stmt)), None) if isinstance(stmt, Loop) else None
            b.add(stmt if found is None or not isinstance(stmt, Loop) else _guarded(b, stmt, found))
            for _, nothing in chosen:
                nothing.statement(stmt)
            chosen += [(v, Nothing(b, v)) for v in _zero_of_an_arm(b, stmt)]
    return (*lines, *block[last + 1 :])


def _zero_of_an_arm(b: Builder, stmt: Stmt) -> Iterator[Var]:
    """The numbers that are zero where one arm of a statement is taken."""
    match stmt:
        case Branch(outs=outs):
            for o in outs:
                if _is_nothing(o.then) != _is_nothing(o.other) and b.type(o.var).is_float:
                    yield o.var
        case Assign(target=target, op="where", args=(_, first, second)):
            if _is_nothing(first) != _is_nothing(second) and b.type(target).is_float and not b.type(target).rank:
                yield target
        case _:
            pass


def _is_nothing(atom: Atom) -> bool:
    return isinstance(atom, Const) and atom.value == 0


def _guarded(b: Builder, loop: Loop, chosen: Var) -> Branch:
    """A loop that runs where a number is not zero; what it carries is otherwise what it was."""
    some = b.emit("ne", chosen, scalar(0.0, b.type(chosen).dtype), hint="some", weak=True)
    ran = {c.out: b.like(c.out) for c in loop.carried}
    inside = replace(loop, carried=tuple(replace(c, out=ran[c.out]) for c in loop.carried))
    outs = tuple(Out(c.out, ran[c.out], c.init) for c in loop.carried)
    return Branch(some, (inside,), (), outs, loop.span)


__all__ = ["skip_untaken"]
