"""Loops whose iterations may run at the same time become functions of one iteration, which threads of a GPU call."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import NoReturn

from adcompiler.analysis.dependence import Dependence, dependence
from adcompiler.analysis.independence import Apart, Dependent, Independence
from adcompiler.analysis.scope import Frame, Path
from adcompiler.emit.device import unavailable
from adcompiler.errors import Span, UnsupportedSyntax
from adcompiler.ir.build import ONE, ZERO, Builder, make_func, neutral, with_body
from adcompiler.ir.kernel import Kernel, Written, host_arrays, is_alone
from adcompiler.ir.names import told
from adcompiler.ir.ops import kind
from adcompiler.ir.special import SPECIAL
from adcompiler.ir.types import INDEX
from adcompiler.ir.walk import all_defs, all_reads, free, map_blocks, rename, walk
from adcompiler.ir.wengert import (
    Assign,
    Atom,
    Block,
    Branch,
    Call,
    Check,
    Const,
    Func,
    Grow,
    Load,
    Loop,
    Note,
    Print,
    Stmt,
    Store,
    Var,
    While,
)
from adcompiler.optimise.parallel.flat import flat, nest
from adcompiler.optimise.parallel.own_rows import in_rows, own_rows
from adcompiler.optimise.parallel.running import running_sums
from adcompiler.optimise.parallel.singles import Singles, is_element, refuse_elements

_CANNOT = "target='cuda' cannot run this loop: "


def split(fn: Func) -> tuple[Func, tuple[Kernel | Written, ...]]:
    """The function with a call of a kernel in place of each loop that can be one, and the kernels, by their numbers.

    Raises UnsupportedSyntax where other statements work on the elements of arrays.
    """
    splitting = _Splitting(fn)
    host = splitting.host()
    if any(is_element(host, s) for s in walk(host.body)):
        # not every array is the device's then
        splitting = _Splitting(fn, host_arrays(host), splitting.found)
        host = splitting.host()
    return host, tuple(splitting.kernels)


class _Splitting:
    """Walks over what the host runs and takes the kernels out.

    The host stores and reads elements of the arrays of `kept` alone; of any where that is None.
    """

    def __init__(
        self, fn: Func, kept: frozenset[Var] | None = None, found: dict[Path, Apart | Dependent] | None = None
    ) -> None:
        self.fn, self.b, self.kept = fn, Builder.of(fn), kept
        self.proofs = Independence(dependence(fn), True, True)
        self.over = self.proofs.over
        self.kernels: list[Kernel | Written] = []
        self.sunk = sinkable(fn, self.over)
        self.found: dict[Path, Apart | Dependent] = {} if found is None else found

    def host(self) -> Func:
        """The function of the host."""
        host = with_body(self.fn, self.block(self.fn.body, (), ()), self.b)
        host = replace(host, body=without_unread(host))
        if self.kept is None:
            return host
        unread, count = frozenset[Var](), len(self.kernels)
        while True:
            del self.kernels[count:]
            body = Singles(host, self.b, self.kept, unread, self.single).block(host.body)
            found = with_body(host, body, self.b)
            found = replace(found, body=without_unread(found))
            calls = [s for s in walk(found.body) if isinstance(s, Call)]
            given = {v for s in calls if is_alone(self.kernels[s.function]) for v in s.targets}
            if given <= unread | (read := used(found)):
                return found
            unread |= given - read

    def block(self, block: Block, path: Path, frames: tuple[Frame, ...]) -> Block:
        """A block of the host."""
        found: list[Stmt] = []
        for position, stmt in enumerate(block):
            here = (*path, position)
            if isinstance(stmt, Loop):
                found += self.loop(stmt, here, frames)
            elif isinstance(stmt, (While, Branch)):
                found.append(self.region(stmt, here, frames))
            else:
                self.allow(stmt)
                found.append(stmt)
        return tuple(found)

    def loop(self, loop: Loop, path: Path, frames: tuple[Frame, ...]) -> list[Stmt]:
        """The call of the kernel that a loop becomes; a loop of the host around kernels where it cannot be one."""
        apart = self.apart(loop, path, frames)
        if isinstance(apart, Dependent):
            found = running_sums(self.over, loop, path, frames)
            if found:
                return self.added_up(loop, found)
            return [self.around(loop, path, frames, apart)]
        rows = own_rows(self.over, loop, path)
        loops = nest(self.proofs, loop, path, frames, apart)
        with self.b.block() as lines, self.b.at(loop.span):
            if len(loops.loops) > 1 and not rows:
                self.call(flat(self.b, loops), apart)
            else:
                self.call(replace(loop, body=in_rows(self.b, self.fn, loop.body, rows)), apart)
        return lines

    def added_up(self, loop: Loop, found: Sequence[tuple[Var, int]]) -> list[Stmt]:
        """The calls that running sums become, with the ranges of the elements that they change."""
        with self.b.block() as lines, self.b.at(loop.span):
            for array, shift in found:
                op = "add" if shift > 0 else "sub"
                ends = (self.b.int(op, a, Const(abs(shift))) if shift else a for a in (loop.start, loop.stop))
                self.b.add(Call((), (array, *ends, loop.step), len(self.kernels), loop.span))
                self.kernels.append(Written.RUNNING_SUM)
        return lines

    def apart(self, loop: Loop, path: Path, frames: tuple[Frame, ...]) -> Apart | Dependent:
        """What threads need of their own to share a loop, or why they cannot."""
        if path not in self.found:
            try:
                self.found[path] = self.proofs.apart(loop, path, frames)
            except Dependent as error:
                self.found[path] = error
        return self.found[path]

    def around(self, loop: Loop, path: Path, frames: tuple[Frame, ...], why: Dependent) -> Stmt:
        """A loop that the host runs."""
        if loop.items:
            self.refuse_items(loop, why)
        try:
            return self.region(loop, path, frames)
        except UnsupportedSyntax as error:
            inner, reason = error.what.removeprefix(_CANNOT), str(why)
            if inner != error.what and error.span != loop.span:
                reason = f"{reason}; nor the one in line {error.lineno}: {inner}"
            raise UnsupportedSyntax(
                _CANNOT + reason,
                loop.span or error.span,
                "write it on whole arrays, or as a batched function of independent items, or use target='cpu'",
            ) from None

    def refuse_items(self, loop: Loop, why: Dependent) -> NoReturn:
        """Refuse a batched function that no thread can run for an item, at the line that prevents it."""
        handing = handed_on(self.fn, loop)
        if handing is None:
            raise UnsupportedSyntax(
                f"target='cuda' cannot run this batched function: {why}",
                why.span or loop.span,
                "let an item write arrays of its own, or use target='cpu'",
            )
        array, span = told(handing[0].name, self.fn.types), handing[1]
        raise UnsupportedSyntax(
            f"{_CANNOT}it hands on array '{array}', and nothing proves that its length stays",
            span,
            "begin with an array of that length, or change it in place, y[:] = …, or use target='cpu'",
        )

    def region(self, stmt: Loop | While | Branch, path: Path, frames: tuple[Frame, ...]) -> Stmt:
        """A region that the host runs."""
        arms = iter(range(2))

        def visit(block: Block) -> Block:
            arm = next(arms)
            return self.block(block, (*path, arm), (*frames, Frame(path, stmt, arm)))

        made = map_blocks(stmt, visit)
        if isinstance(made, (Loop, While)) and self.kept is not None:
            refuse_elements(self.fn, made, self.kept)
        return made

    def allow(self, stmt: Stmt) -> None:
        """Refuse a statement that neither the host runs nor a kernel of one item."""
        rank = self.fn.types
        match stmt:
            case Note() | Check():
                return
            case Assign(op=op) if kind(op) in ("alloc", "view", "shape", "contract"):
                return
            case Assign(target=target, op=op) if not rank[target.name].rank and kind(op) == "elementwise":
                if op not in (*SPECIAL, "short", "split"):
                    return
            case Load() | Grow():
                return
            case Store(value=value) if not self.fn.shape(value):
                return
        raise unavailable(_what(self.fn, stmt), getattr(stmt, "span", None))

    # -- kernels -------------------------------------------------------------------------------------------------

    def call(self, loop: Loop, apart: Apart) -> None:
        """Append the call of a loop's kernel and what it joins to sums and extremes."""
        gathered = tuple(dict.fromkeys(map(self.over.base, apart.sums)))
        begun: dict[Var, Atom] = {
            c.var: neutral(op, self.fn.types[c.var.name].dtype) for c, op in zip(loop.carried, apart.folds, strict=True)
        }
        made = [d.stmt for d in map(self.over.defs.__getitem__, apart.own) if d.stmt is not None]
        results = [begun.get(c.next, c.next) if isinstance(c.next, Var) else c.next for c in loop.carried]
        item, given = self.item(loop.index, [*made, *rename(loop.body, begun)], results, gathered)
        totals = tuple(self.b.like(c.out, f"{c.out}_part") for c in loop.carried)
        self.kernels.append(Kernel(item, given, gathered, totals, apart.folds))
        args = (loop.start, loop.stop, loop.step, *given, *gathered)
        self.b.add(Call(totals, args, len(self.kernels) - 1, loop.span))
        for carry, part, op in zip(loop.carried, totals, apart.folds, strict=True):
            self.b.add(Assign(carry.out, op, (carry.init, part), (), loop.span))

    def single(self, lines: Sequence[Stmt], wanted: Sequence[Var]) -> None:
        """Append the call of a kernel of one item, which gives the values of some names."""
        index = self.b.var("item", INDEX)
        item, given = self.item(index, lines, wanted, ())
        # the extreme of one number is the number
        self.kernels.append(Kernel(item, given, (), tuple(wanted), ("maximum",) * len(wanted), alone=True))
        span = next((s.span for s in lines if not isinstance(s, Note) and s.span is not None), None)
        self.b.add(Call(tuple(wanted), (ZERO, ONE, ONE, *given), len(self.kernels) - 1, span))

    def item(
        self, index: Var, lines: Sequence[Stmt], results: Sequence[Atom], gathered: tuple[Var, ...]
    ) -> tuple[Func, tuple[Var, ...]]:
        """The function of one iteration, and what it is given."""
        wanted, sunk = self.wanted(tuple(lines), results), set[Var]()
        while not sunk.issuperset(more := {v for v in wanted if v in self.sunk}):
            sunk |= more
            first = [self.sunk[v] for v in sorted(sunk, key=self.place)]
            wanted = self.wanted((*first, *lines), results, sunk)
        lines = [*(self.sunk[v] for v in sorted(sunk, key=self.place)), *lines]
        wanted = [v for v in wanted if v not in sunk]
        given = tuple(v for v in wanted if v != index and v not in gathered)
        params = (index, *given, *gathered)
        name = f"{self.fn.name}_item_{len(self.kernels) + 1}"
        return make_func(name, params, tuple(lines), results, self.b.types, self.b.shapes), given

    def wanted(self, lines: Block, results: Sequence[Atom], known: Collection[Var] = ()) -> list[Var]:
        """The names that lines read from outside, with the extents of what is among them, in a fixed order."""
        inside = all_defs(lines)
        found = free(lines) | {r for r in results if isinstance(r, Var) and r not in inside} | set(known)
        found |= {a for v in (*found, *inside) for a in self.b.shape(v) if isinstance(a, Var) and a not in inside}
        return sorted(found, key=self.place)

    def place(self, var: Var) -> tuple[Path, str]:
        """Where a name is defined; the first of all places for one that was made here."""
        return self.over.defs[var].path if var in self.over.defs else (), str(var)


def _what(fn: Func, stmt: Stmt) -> str:
    """What a statement is that a host does not run."""
    match stmt:
        case Assign(op="lu" | "lu_solve" | "inv" | "slogdet" | "argsort" as op):
            return f"'{op}' outside of a batched function"
        case Assign(op=op) if kind(op) == "opaque":
            return f"'{op}'"
        case Assign(target=target, args=args) if any(fn.type(a).is_complex for a in (target, *args)):
            return "complex numbers"
        case Assign(op="split" | "short"):
            return "checkpointed loops"
        case Assign(op=op):
            return f"'{op}'"
        case Store():
            return "a store of an array"
        case Print():
            return "a print"
        case _:
            return "random draws"


def handed_on(fn: Func, loop: Loop) -> tuple[Var, Span | None] | None:
    """An array that a region in a loop hands on, and the place of that region."""
    for stmt in walk(loop.body):
        match stmt:
            case Loop(carried=handed) | While(carried=handed) | Branch(outs=handed):
                array = next((c.var for c in handed if fn.types[c.var.name].rank), None)
                if array is not None:
                    return array, stmt.span
    return None


def sinkable(fn: Func, over: Dependence) -> dict[Var, Stmt]:
    """The host's lines that kernels run themselves: views, and numbers computed from elements that never change."""
    found: dict[Var, Stmt] = {}

    def visit(block: Block) -> None:
        for stmt in block:
            match stmt:
                case Load(target=target, array=array):
                    if fn.types[target.name].rank or over.memory.root(array) not in over.memory.stored:
                        found[target] = stmt
                case Assign(target=target, op=op, args=args) if kind(op) == "view":
                    found[target] = stmt
                case Assign(target=target, op=op, args=args) if kind(op) == "elementwise" and op != "short":
                    if not fn.types[target.name].rank and any(a in found for a in args):
                        found[target] = stmt
                case Branch(then=then, other=other):
                    visit(then)
                    visit(other)
                case Loop(body=body) | While(body=body):
                    visit(body)
                case _:
                    pass

    visit(fn.body)
    return found


def without_unread(fn: Func) -> Block:
    """The lines of a host without those that only its kernels read."""
    while (kept := _kept(fn.body, used(fn))) != fn.body:
        fn = replace(fn, body=kept)
    return fn.body


def used(fn: Func) -> set[Var]:
    """The names that lines read, or that a function gives, and the extents of these."""
    read = all_reads(fn.body) | {r for r in fn.results if isinstance(r, Var)}
    return read | {a for v in read for a in fn.shape(v) if isinstance(a, Var)}


def _kept(block: Block, read: set[Var]) -> Block:
    lines = (map_blocks(s, lambda b: _kept(b, read)) for s in block)
    return tuple(s for s in lines if not isinstance(s, (Assign, Load)) or s.target in read)


__all__ = ["split"]
