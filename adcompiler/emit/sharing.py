"""A loop that threads share as functions of its own: a stretch of it, and the calls that run all stretches at once.

A thread's part makes the memory that the thread has for itself, and runs a stretch, which is compiled once for one
thread and for several. Numba's parallel loops lose exceptions: a part that ends with one leaves its mark unset, and the
loop is run again in one thread, where it raises what it raised before.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from adcompiler.emit.casts import Dialect
from adcompiler.emit.copies import assign
from adcompiler.emit.folding import Plan
from adcompiler.emit.reads import shown, tails
from adcompiler.emit.runtime_calls import ENDED, PARTS
from adcompiler.emit.syntax import STORE, call, compare, dtype_name, literal, name, tuple_of
from adcompiler.ir.walk import blocks, defines, inner
from adcompiler.ir.wengert import Const, Func, Loop, Stmt, Var

#: Less work than this, in additions, takes less time than to begin and end a loop of threads.
WORTH = 200000.0
_NJIT = '@nb.njit(error_model="numpy", nogil=True{})\n'
# a row of a processor's cache belongs to one thread at a time, and few accesses are at the end of an array this large
_APART, _LARGE = 128, 65536


def functions_of(number: int) -> tuple[str, ...]:
    """The functions of a shared loop: a stretch, a thread's, a guarded one, all in parallel, what is around them."""
    return tuple(f"_{name}_{number}" for name in ("stretch", "part", "guarded", "stretches", "shared"))


def read_outside(plan: Plan, stmt: Stmt) -> set[Var]:
    """The names that are printed in the blocks of a region and defined before it."""
    read, own = set[Var](), set(inner(stmt))
    for block, tail in zip(blocks(stmt), tails(stmt), strict=True):
        read |= plan.names(tail)
        for line in block:
            own |= set(defines(line))
            if not plan.skips(line):
                read |= plan.names(shown(line)) | read_outside(plan, line)
    return read - own


@dataclass(slots=True)
class Shared:
    """Prints one loop.

    Parameters
    ----------
    fn : Func
    loop : Loop
        With its `share`.
    number : int
        Which of the function's.
    names : mapping of Var to str
        The variables of the function.
    read : set of Var
        Those that the loop reads.
    dialect : {"python", "numba"}
        In plain Python one stretch runs after the other.
    unused : callable
        A variable like a hint that no name is printed as.
    """

    fn: Func
    loop: Loop
    number: int
    names: Mapping[Var, str]
    read: set[Var]
    dialect: Dialect
    unused: Callable[[str], str]

    @property
    def carried(self) -> list[str]:
        """The variables that the loop carries: sums and extremes."""
        return [self.names[c.var] for c in self.loop.carried]

    @property
    def folds(self) -> dict[str, str]:
        """The operation that joins terms to each variable that the loop carries."""
        share = self.loop.share
        assert share is not None
        return dict(zip(self.carried, share.folds, strict=True))

    @property
    def arrays(self) -> tuple[list[str], list[str]]:
        """The variables of the arrays of which each thread has its own: those added to, those of an iteration."""
        share = self.loop.share
        assert share is not None
        sums, own = ({self.names[v] for v in arrays if v in self.read} for arrays in (share.sums, share.own))
        return sorted(sums), sorted(own)

    @property
    def given(self) -> list[str]:
        """The variables that the loop reads."""
        return sorted({self.names[v] for v in self.read} - set(self.carried))

    @property
    def step(self) -> ast.expr:
        """The step, which is a literal."""
        assert isinstance(self.loop.step, Const)
        return literal(self.loop.step.value)

    def call(self, start: ast.expr, stop: ast.expr, work: ast.expr, inits: Sequence[ast.expr]) -> list[ast.stmt]:
        """The statements in place of the loop."""
        stretch, *_, shared = functions_of(self.number)
        parts, done = self.unused("parts"), self.unused("done")
        outs = [ast.Name(self.names[c.out], STORE) for c in self.loop.carried]
        given = [name(v) for v in self.given]
        size: ast.expr = ast.Constant(0.0)
        for variable in self.arrays[0]:
            size = ast.BinOp(size, ast.Add(), name(f"{variable}.size"))
        enough = compare(work, ast.Gt(), ast.Constant(WORTH))
        asked = ast.IfExp(enough, call(PARTS, work, size), ast.Constant(1))
        several = compare(name(parts), ast.Gt(), ast.Constant(1))
        if isinstance(self.loop.start, Const):
            # Numba compiles a function once more for a literal
            start = call("np.int64", start)
        together = call(shared, name(parts), start, self.trips(start, stop), *inits, *given)
        error = ast.Raise(call("MemoryError", ast.Constant("not enough memory for the arrays of a thread")), None)
        alone = call(stretch, start, stop, *inits, *given)
        one = ast.Assign([tuple_of(outs, STORE)], alone, lineno=0) if outs else ast.Expr(alone)
        return [
            assign([parts], [asked]),
            assign([done], [ast.Constant(False)]),
            ast.If(several, [ast.Assign([tuple_of([ast.Name(done, STORE), *outs], STORE)], together, lineno=0)], []),
            ast.If(ast.UnaryOp(ast.Not(), name(done)), [one, ast.If(several, [error], [])], []),
        ]

    def trips(self, start: ast.expr, stop: ast.expr) -> ast.expr:
        """How often the loop runs."""
        if self.loop.step == Const(1):
            return stop if self.loop.start == Const(0) else ast.BinOp(stop, ast.Sub(), start)
        return call("len", call("range", start, stop, self.step))

    def functions(self, body: list[ast.stmt]) -> list[ast.stmt]:
        """The functions; `body` is that of the loop."""
        first, last = self.unused("first"), self.unused("last")
        ends = [name(first), name(last), *([] if self.loop.step == Const(1) else [self.step])]
        loop = ast.For(ast.Name(self.names[self.loop.index], STORE), call("range", *ends), body, [], lineno=0)
        head = f"def {functions_of(self.number)[0]}({listed([first, last], self.carried, self.given)}):"
        (function,) = ast.parse(f"{self.compiled()}{head}\n    return {listed(self.carried)}").body
        assert isinstance(function, ast.FunctionDef)
        function.body[:0] = [loop]
        return [function, *ast.parse(self.around()).body]

    def around(self) -> str:
        """The functions that run stretches, as text."""
        _, mine, guarded, stretches, shared = functions_of(self.number)
        hints = ("part", "parts", "start", "trips", "done", "given")
        part, parts, start, trips, done, given = map(self.unused, hints)
        copies = {v: self.unused(f"{v}_parts") for v in (*self.carried, *self.arrays[0])}
        step = "" if self.loop.step == Const(1) else f" * {ast.unparse(self.step)}"
        ends = [f"{start} + {k} * {trips} // {parts}{step}" for k in (part, f"({part} + 1)")]
        passed = listed([parts, start, trips], copies.values(), self.given)
        return f"""
{self.compiled()}def {mine}({part}, {passed}):
{indented([*self.run(copies, ends, part, parts), f"return {part}"], 1)}

{self.compiled()}def {guarded}({done}, *{given}):
    try:
        {done}[{mine}(*{given})] = True
    except Exception:
        pass

{self.compiled(", parallel=True")}def {stretches}({done}, {passed}):
    for {part} in {"range" if self.dialect == "python" else "nb.prange"}({parts}):
        {guarded}({done}, np.int64({part}), {passed})

{self.compiled()}def {shared}({listed([parts, start, trips], self.carried, self.given)}):
    {done} = np.zeros({parts}, dtype=np.bool_)
{indented(self.made(copies, part, parts), 1)}
    {stretches}({done}, {passed})
    {ENDED}()
    for {part} in range({parts}):
        if not {done}[{part}]:
            return {listed(["False"], self.carried)}
    for {part} in range({parts}):
{indented(self.found(copies, part, parts) or ["pass"], 2)}
    return {listed(["True"], self.carried)}
"""

    def run(self, copies: Mapping[str, str], ends: Sequence[str], part: str, parts: str) -> list[str]:
        """Lines of a thread: memory of its own, then its stretch, on its copies of what all threads add to."""
        sums, own = self.arrays
        spaces = {v: self.unused(f"{v}_own") for v in own}
        private = {v: row(copies[v], part, parts) for v in sums} | {v: row(spaces[v], "0", "1") for v in own}
        begun = [f"{copies[v]}[{part}]" for v in self.carried]
        called = f"{functions_of(self.number)[0]}({listed(ends, begun, [private.get(v, v) for v in self.given])})"
        results = [listed(begun)] if begun else []
        return [*(f"{space} = {zeros(v, '1')}" for v, space in spaces.items()), " = ".join([*results, called])]

    def made(self, copies: Mapping[str, str], part: str, parts: str) -> list[str]:
        """Lines that make the copies of all threads."""
        extremes = [c for c in self.carried if self.folds[c] != "add"]
        return [
            *(f"{copies[c]} = np.zeros({parts}, dtype={self.dtype(c)})" for c in self.carried),
            *(f"for {part} in range({parts}): {copies[c]}[{part}] = {c}" for c in extremes),
            *(f"{copies[v]} = {zeros(v, parts)}" for v in self.arrays[0]),
        ]

    def found(self, copies: Mapping[str, str], part: str, parts: str) -> list[str]:
        """Lines that join what one thread has found to what is known."""
        return [
            *(joined(self.folds[c], c, f"{copies[c]}[{part}]") for c in self.carried),
            *(line for v in self.arrays[0] for line in self.added(v, row(copies[v], part, parts))),
        ]

    def compiled(self, options: str = "") -> str:
        """How a function is compiled."""
        return _NJIT.format(options) if self.dialect == "numba" else ""

    def dtype(self, variable: str) -> str:
        """The type of a value that the loop carries."""
        carry = next(c for c in self.loop.carried if self.names[c.var] == variable)
        return dtype_name(self.fn.types[carry.var.name].dtype)

    def added(self, variable: str, row: str) -> list[str]:
        """Lines that add a thread's copy to an array."""
        rank = next(self.fn.types[v.name].rank for v in self.read if self.names[v] == variable)
        at = [self.unused(f"i{k}") for k in range(rank)]
        own = self.unused("row")
        loops = [f"{'    ' * k}for {at[k]} in range({variable}.shape[{k}]):" for k in range(rank)]
        return [f"{own} = {row}", *loops, f"{'    ' * rank}{variable}[{listed(at)}] += {own}[{listed(at)}]"]


def zeros(array: str, parts: str) -> str:
    """Copies of an array for so many threads, with room around each, so that they share no row of a cache.

    Nor do they with what else lies in memory, which may be another thread's.
    """
    rows = f"2 * ({_APART} // max({array}.nbytes, 1) + 1) * ({array}.nbytes < {_LARGE}) + 1"
    return f"np.zeros(({parts} * ({rows}),) + {array}.shape, dtype={array}.dtype)"


def row(copies: str, part: str, parts: str) -> str:
    """The copy of a thread: the row in the middle of the thread's."""
    return f"{copies}[(2 * {part} + 1) * ({copies}.shape[0] // {parts}) // 2]"


def joined(op: str, total: str, part: str) -> str:
    """The line that joins what one thread has found to what is known; NaN wins over any number.

    >>> joined("add", "s", "p"), joined("maximum", "s", "p")
    ('s += p', 's = p if p > s or p != p else s')
    """
    if op == "add":
        return f"{total} += {part}"
    return f"{total} = {part} if {part} {'>' if op == 'maximum' else '<'} {total} or {part} != {part} else {total}"


def listed(*several: Iterable[str]) -> str:
    """Texts with commas between them."""
    return ", ".join(text for texts in several for text in texts)


def indented(lines: Sequence[str], depth: int) -> str:
    """Lines under a head."""
    return "\n".join(f"{'    ' * depth}{line}" for line in lines)


__all__ = ["WORTH", "Shared", "functions_of", "joined", "read_outside"]
