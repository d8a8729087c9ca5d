"""Statements of the Wengert list as Python statements."""

from __future__ import annotations

import ast
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from adcompiler.emit.casts import Dialect
from adcompiler.emit.copies import Copy, assign, parallel
from adcompiler.emit.expressions import Expressions
from adcompiler.emit.folding import Plan
from adcompiler.emit.in_place import in_place, opposite
from adcompiler.emit.messages import formatted, with_values
from adcompiler.emit.reads import is_pure
from adcompiler.emit.runtime_calls import MANY, SHORT, TELL
from adcompiler.emit.sharing import Shared, read_outside
from adcompiler.emit.syntax import LOAD, STORE, call, compare, name
from adcompiler.errors import Span
from adcompiler.ir.ops import STORED
from adcompiler.ir.wengert import (
    Assign,
    Atom,
    Block,
    Branch,
    Call,
    Check,
    Const,
    Draw,
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
    is_whole,
)

COMMENT_WIDTH = 100


@dataclass(slots=True)
class Statements:
    """Prints blocks.

    A comment is a line `__comment_<n>` of its own, whose text is `comments[n]`: syntax trees hold no comments.
    """

    fn: Func
    plan: Plan
    names: Mapping[Var, str]
    dialect: Dialect
    functions: Mapping[str, str]
    origins: bool = True
    comments: list[str] = field(default_factory=list)
    line: tuple[str, int] | None = None
    extra: set[str] = field(default_factory=set)
    shared: list[ast.stmt] = field(default_factory=list)
    print: Expressions = field(init=False)

    def __post_init__(self) -> None:
        self.print = Expressions(self.fn, self.plan, self.names, self.dialect, self.functions)

    def body(self) -> list[ast.stmt]:
        """All statements of the function, the return included."""
        tree = self.block(self.fn.body)
        if self.fn.results:
            values = [self.print.atom(r) for r in self.fn.results]
            tree.append(ast.Return(values[0] if len(values) == 1 else ast.Tuple(values, ast.Load())))
        return tree

    def block(self, block: Block) -> list[ast.stmt]:
        """The statements of a block."""
        tree: list[ast.stmt] = []
        for stmt in block:
            if not self.plan.skips(stmt):
                tree += self._origin(getattr(stmt, "span", None))
                tree += self.statement(stmt)
        return tree

    def statement(self, stmt: Stmt) -> list[ast.stmt]:
        """One statement; a region may need several."""
        match stmt:
            case Assign(target=target) | Load(target=target):
                assert is_pure(stmt)
                return [self._assign(target, stmt)]
            case Store(value=value):
                product = self.plan.folded.get(value) if isinstance(value, Var) else None
                if isinstance(product, Assign) and STORED in product.params:
                    return [ast.Expr(self.print.stored(stmt, product))]
                return [self._store(stmt)]
            case Loop():
                return self._loop(stmt)
            case While():
                return self._while(stmt)
            case Branch():
                return self._branch(stmt)
            case Check():
                return [self._check(stmt)]
            case Grow():
                return [self._grow(stmt)]
            case Print():
                return self._print(stmt)
            case Draw():
                return [self._draw(stmt)]
            case Call():
                raise AssertionError("the front end leaves no call")
            case Note(text=text):
                # the next line says again where it is from
                self.line = None
                return [self._comment(text)]

    def _check(self, stmt: Check) -> ast.stmt:
        values = [self.print.atom(v) for v in stmt.values]
        told: list[ast.stmt] = []
        message: ast.expr = ast.Constant(stmt.message)
        if self.dialect == "numba" and values:
            # Numba takes a tenth of a second to compile an exception with numbers
            told = [ast.Expr(call(TELL, ast.Constant(len(values)), *values, *[ast.Constant(0)] * (2 - len(values))))]
        elif values:
            message = with_values(stmt.message, values)
        raised = ast.Raise(call(stmt.exception, message), None)
        return ast.If(self.print.atom(stmt.failed), [*told, raised], [])

    def _print(self, stmt: Print) -> list[ast.stmt]:
        pieces = [ast.Constant(a) if isinstance(a, str) else self.print.atom(a) for a in stmt.args]
        if stmt.text is None:
            return [ast.Expr(call("print", *pieces))]
        if self.dialect == "python":
            return [ast.Expr(formatted(stmt, pieces))]
        # Numba hands a number of single precision to Python as one of double precision
        types = [None if isinstance(a, str) else self.fn.type(a) for a in stmt.args]
        single = [t is not None and not t.rank and t.dtype == "float32" for t in types]
        own = [call("np.float32", piece) if s else piece for piece, s in zip(pieces, single, strict=True)]
        return [ast.With([ast.withitem(call("nb.objmode"))], [ast.Expr(formatted(stmt, own))])]

    def _draw(self, stmt: Draw) -> ast.stmt:
        values = [self.print.atom(a) for a in stmt.args]
        if stmt.size:
            values.append(ast.Tuple([self.print.atom(n) for n in stmt.size], ast.Load()))
        return assign([self.names[stmt.target]], [call(f"{self.names[stmt.generator]}.{stmt.method}", *values)])

    # -- lines ---------------------------------------------------------------------------------------------------

    def _assign(self, target: Var, stmt: Assign | Load) -> ast.stmt:
        return self._set(target, self.print.line(stmt))

    def _set(self, target: Var, value: ast.expr) -> ast.stmt:
        """`x = value`, or `x += rest` where the value is `x + rest`; never for arrays, which that would change."""
        variable = self.names[target]
        if not self.fn.types[target.name].rank:
            updated = in_place(ast.Name(variable, STORE), value)
            if updated is not None:
                return updated
        return assign([variable], [value])

    def _store(self, stmt: Store) -> ast.stmt:
        place: ast.Subscript | ast.Name = self.print.element(stmt.array, stmt.index, STORE)
        value = self.print.atom(stmt.value)
        name = place
        if self.dialect == "python" and all(is_whole(item) for item in stmt.index):
            # adding to an array by its name changes it in place, as adding to all of its elements does
            name = ast.Name(self.names[stmt.array], STORE)
        if not stmt.add:
            updated = in_place(name, value) if self.keeps_type(stmt) else None
            return updated or ast.Assign([place], value, lineno=0)
        place = name
        subtracted = opposite(value)
        if subtracted is not None:
            return ast.AugAssign(place, ast.Sub(), subtracted)
        return ast.AugAssign(place, ast.Add(), value)

    def keeps_type(self, stmt: Store) -> bool:
        """Whether a value is of the type of the elements, so that an operation in place casts nothing."""
        return self.fn.type(stmt.value).dtype == self.fn.types[stmt.array.name].dtype

    def _grow(self, stmt: Grow) -> ast.stmt:
        variable, at = self.names[stmt.array], self.print.atom(stmt.row)
        type = self.fn.types[stmt.array.name]
        rows, *extents = (ast.Subscript(name(f"{variable}.shape"), ast.Constant(k), LOAD) for k in range(type.rank))
        helper = f"_grow{type.rank}" if self.dialect == "numba" else "_grow"
        grown: list[ast.stmt] = [assign([variable], [call(helper, name(variable), at)])]
        if stmt.message:
            twice = ast.BinOp(ast.Constant(2), ast.Mult(), rows)
            longer = call("max", twice, ast.BinOp(at, ast.Add(), ast.Constant(1)))
            need: ast.expr = ast.Constant(float(type.numpy.itemsize))
            for factor in (longer, *extents):
                need = ast.BinOp(need, ast.Mult(), factor)
            size, error = self._unused("size"), call("MemoryError", ast.Constant(stmt.message))
            short = ast.BoolOp(ast.And(), [compare(name(size), ast.Gt(), ast.Constant(MANY)), call(SHORT, name(size))])
            grown = [assign([size], [need]), ast.If(short, [ast.Raise(error, None)], []), *grown]
        return ast.If(compare(at, ast.GtE(), rows), grown, [])

    # -- regions -------------------------------------------------------------------------------------------------

    def copies(self, pairs: Sequence[tuple[Var, Atom]]) -> list[ast.stmt]:
        """Hand over values at the border of a region."""
        tree = parallel([self._copy(target, source) for target, source in pairs])
        for position, stmt in enumerate(tree):
            if isinstance(stmt, ast.Assign) and isinstance(stmt.targets[0], ast.Name):
                variable = next(t for t, _ in pairs if self.names[t] == stmt.targets[0].id)
                tree[position] = self._set(variable, stmt.value)
        return tree

    def _copy(self, target: Var, source: Atom) -> Copy:
        reads = frozenset(self.names[v] for v in self.plan.names([source]))
        return Copy(self.names[target], self.print.atom(source), reads)

    def _loop(self, stmt: Loop) -> list[ast.stmt]:
        if stmt.share is not None:
            return self._shared(stmt)
        start, stop, step = (self.print.atom(a) for a in (stmt.start, stmt.stop, stmt.step))
        bounds = [start, stop, step]
        if stmt.step == Const(1):
            bounds = [stop] if stmt.start == Const(0) else [start, stop]
        tree = self.copies([(c.var, c.init) for c in stmt.carried])
        body = self.block(stmt.body) + self.copies([(c.var, c.next) for c in stmt.carried])
        if stmt.until is not None:
            body.append(ast.If(self.print.atom(stmt.until), [ast.Break()], []))
        if stmt.budget is not None and self.origins:
            tree.append(self._comment("checkpointed: reverse mode runs its iterations again"))
        index = ast.Name(self.names[stmt.index], STORE)
        tree.append(ast.For(index, call("range", *bounds), filled(body), [], lineno=0))
        return tree + self.copies([(c.out, c.var) for c in stmt.carried])

    def _shared(self, stmt: Loop) -> list[ast.stmt]:
        """A loop that threads share: its functions stand before that of the program."""
        assert stmt.share is not None
        number = sum(isinstance(s, ast.FunctionDef) for s in self.shared) // 4 + 1
        read = read_outside(self.plan, stmt)
        shared = Shared(self.fn, stmt, number, self.names, read, self.dialect, self._unused)
        atoms = (stmt.start, stmt.stop, stmt.share.work, *(c.init for c in stmt.carried))
        start, stop, work, *inits = map(self.print.atom, atoms)
        tree = shared.call(start, stop, work, inits)
        body = self.block(stmt.body) + self.copies([(c.var, c.next) for c in stmt.carried])
        self.shared += shared.functions(filled(body))
        self.line = None
        return tree

    def _while(self, stmt: While) -> list[ast.stmt]:
        strip = self._strips(stmt)
        if strip is not None:
            return self._strip_mined(stmt, *strip)
        tree = self.copies([(c.var, c.init) for c in stmt.carried])
        condition = self.block(stmt.condition)
        test = self.print.atom(stmt.test)
        body = self.block(stmt.body) + self.copies([(c.var, c.next) for c in stmt.carried])
        if _lines(condition):
            leave = ast.If(negated(test), [ast.Break()], [])
            tree.append(ast.While(ast.Constant(True), [*condition, leave, *body], []))
        else:
            tree.append(ast.While(test, filled(condition + body), []))
        return tree + self.copies([(c.out, c.var) for c in stmt.carried])

    def _strips(self, stmt: While) -> tuple[Block, Sequence[Grow], Block] | None:
        return strips(stmt)

    def _strip_mined(self, stmt: While, first: Block, grows: Sequence[Grow], rest: Block) -> list[ast.stmt]:
        """A loop with tapes that grow: an inner loop runs while there is room, so that it never rebinds an array.

        An array name that is assigned in a hot loop costs ten times (reference counts, and no vectorisation).
        """
        going, room = self._unused("going"), self._unused("room")
        before = self.copies([(c.var, c.init) for c in stmt.carried])
        head, condition = self.block(first), self.block(rest)
        full = compare(self.print.atom(grows[0].row), ast.GtE(), name(room))
        stop = [assign([going], [ast.Constant(False)]), ast.Break()]
        leave = ast.If(negated(self.print.atom(stmt.test)), stop, [])
        body = self.block(stmt.body) + self.copies([(c.var, c.next) for c in stmt.carried])
        inner = ast.While(ast.Constant(True), [*head, ast.If(full, [ast.Break()], []), *condition, leave, *body], [])
        arrays = dict.fromkeys(self.names[g.array] for g in grows)
        lengths = [ast.Subscript(name(f"{array}.shape"), ast.Constant(0), ast.Load()) for array in arrays]
        length = lengths[0] if len(lengths) == 1 else call("min", *lengths)
        longer = [self._grow(g) for g in grows]
        strip = [assign([room], [length]), inner, ast.If(name(going), longer, [])]
        outer = ast.While(name(going), strip, [])
        after = self.copies([(c.out, c.var) for c in stmt.carried])
        return [*before, assign([going], [ast.Constant(True)]), outer, *after]

    def _unused(self, hint: str) -> str:
        """A variable that no name of the function is printed as."""
        taken = {*self.names.values(), *self.extra}
        found = next(n for n in (hint, *(f"{hint}_{k}" for k in range(1, len(taken) + 2))) if n not in taken)
        self.extra.add(found)
        return found

    def _branch(self, stmt: Branch) -> list[ast.stmt]:
        test = self.print.atom(stmt.test)
        then = self.block(stmt.then) + self.copies([(o.var, o.then) for o in stmt.outs])
        other = self.block(stmt.other) + self.copies([(o.var, o.other) for o in stmt.outs])
        if not _lines(then) and not _lines(other):
            return []
        if not _lines(then):
            return [ast.If(negated(test), other, [])]
        return [ast.If(test, then, other if _lines(other) else [])]

    # -- comments ------------------------------------------------------------------------------------------------

    def _origin(self, span: Span | None) -> list[ast.stmt]:
        """A comment with the user's line, before the first statement of a run of statements from it."""
        if not self.origins or span is None or self.line == (span.file, span.line):
            return []
        self.line = (span.file, span.line)
        text = f"{os.path.basename(span.file)}:{span.line}: {span.text.strip()}".rstrip(": ")
        return [self._comment(text if len(text) <= COMMENT_WIDTH else f"{text[: COMMENT_WIDTH - 1]}…")]

    def _comment(self, text: str) -> ast.stmt:
        self.comments.append(" ".join(text.split()))
        return ast.Expr(name(f"__comment_{len(self.comments) - 1}"))


def strips(stmt: While) -> tuple[Block, Sequence[Grow], Block] | None:
    """What comes before tapes grow, the growing, and the rest of the condition; None where no tapes grow together."""
    at = [k for k, s in enumerate(stmt.condition) if isinstance(s, Grow)]
    grows = [s for s in stmt.condition if isinstance(s, Grow)]
    if not at or at != list(range(at[0], at[0] + len(at))) or len({g.row for g in grows}) > 1:
        return None
    if not all(isinstance(s, Assign) for s in stmt.condition[: at[0]]):
        return None
    return stmt.condition[: at[0]], grows, stmt.condition[at[0] + len(at) :]


def is_comment(stmt: ast.stmt) -> bool:
    """Whether a statement stands for a comment."""
    match stmt:
        case ast.Expr(value=ast.Name(id=id)):
            return id.startswith("__comment_")
        case _:
            return False


def _lines(tree: Sequence[ast.stmt]) -> bool:
    return any(not is_comment(s) for s in tree)


def filled(tree: list[ast.stmt]) -> list[ast.stmt]:
    """A body that Python accepts: not empty, and not of comments alone."""
    return tree if _lines(tree) else [*tree, ast.Pass()]


def negated(test: ast.expr) -> ast.expr:
    """`not test`, with a double negation dropped."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return test.operand
    return ast.UnaryOp(ast.Not(), test)
