"""Loop nests from a few lines of Python: each becomes a `Func`, through the index handlers of the frontend.

Arrays are parameters annotated with their rank, integers with `int`, integer arrays with `"ints"`. A name is bound
once; what changes is an array element. `for` over a range, `if`, `while`, `break` as last line of a loop, `print`.
"""

from __future__ import annotations

import ast
import textwrap

from adcompiler.frontend.arrays import indexing
from adcompiler.frontend.state.facts import lower_bound
from adcompiler.frontend.state.values import SliceValue, Value
from adcompiler.ir.build import ONE, ZERO, Builder
from adcompiler.ir.parse import BINARY, COMPARE, UNARY
from adcompiler.ir.types import INDEX, Type
from adcompiler.ir.wengert import Atom, Branch, Const, Func, Loop, Print, Stmt, Var, While


def nest(text: str) -> Func:
    """The function that `text` defines; without a `return` it returns nothing."""
    tree = ast.parse(textwrap.dedent(text)).body[0]
    assert isinstance(tree, ast.FunctionDef)
    return _Reader().function(tree)


class _Reader:
    def __init__(self) -> None:
        self.b = Builder()
        self.names: dict[str, Atom] = {}

    def function(self, tree: ast.FunctionDef) -> Func:
        params = [self.param(arg) for arg in tree.args.args]
        last = tree.body[-1]
        returns = isinstance(last, ast.Return)
        self.lines(tree.body[:-1] if returns else tree.body)
        return self.b.finish(tree.name, params, [self.value(last.value)] if returns else [])

    def param(self, arg: ast.arg) -> Var:
        b, kind = self.b, ast.unparse(arg.annotation)
        rank = 1 if kind == "'ints'" else 0 if kind == "int" else int(kind)
        type = INDEX if kind == "int" else Type("int64" if rank == 1 and kind == "'ints'" else "float64", rank)
        var = Var(b.names.fresh(arg.arg))
        b.types[var.name] = type
        b.own.add(var)
        if rank:
            b.shapes[var.name] = ()
            b.shapes[var.name] = tuple(b.emit("dim", var, axis=k, hint=f"n_{var}") for k in range(rank))
        self.names[arg.arg] = var
        return var

    # -- statements ----------------------------------------------------------------------------------------------

    def lines(self, body: list[ast.stmt]) -> None:
        for stmt in body:
            self.line(stmt)

    def block(self, body: list[ast.stmt]) -> tuple[Stmt, ...]:
        with self.b.block() as lines:
            self.lines(body)
        return tuple(lines)

    def line(self, stmt: ast.stmt) -> None:
        match stmt:
            case ast.Assign([ast.Name(name)], value):
                self.names[name] = self.value(value)
            case ast.Assign([ast.Subscript(ast.Name(name), items)], value):
                indexing.write(self.b, self.names[name], self.items(items), self.value(value))
            case ast.AugAssign(ast.Subscript(ast.Name(name), items), op, value):
                indexing.write(self.b, self.names[name], self.items(items), self.value(value), BINARY[type(op)])
            case ast.For():
                self.loop(stmt)
            case ast.While(test, body):
                with self.b.block() as condition:
                    found = self.value(test)
                self.b.add(While((), tuple(condition), found, self.block(body), None))
            case ast.If(test, body, orelse):
                found = self.value(test)
                self.b.add(Branch(found, self.block(body), self.block(orelse), (), None))
            case ast.Expr(ast.Call(ast.Name("print"), args)):
                self.b.add(Print(tuple(self.value(a) for a in args), None))
            case _:
                raise AssertionError(ast.unparse(stmt))

    def loop(self, stmt: ast.For) -> None:
        b, body = self.b, stmt.body
        bounds = [self.value(a) for a in stmt.iter.args]
        start, stop = (ZERO, bounds[0]) if len(bounds) == 1 else bounds[:2]
        step = bounds[2] if len(bounds) > 2 else ONE
        index = b.var(stmt.target.id, INDEX)
        low = lower_bound(b, start)
        if low is not None and step.value > 0:
            b.lower[index.name] = low
        self.names[stmt.target.id] = index
        until: Atom | None = None
        with b.block() as lines:
            leaving = isinstance(body[-1], ast.If) and isinstance(body[-1].body[0], ast.Break)
            self.lines(body[:-1] if leaving else body)
            if leaving:
                until = self.value(body[-1].test)
        b.add(Loop(index, start, stop, step, (), tuple(lines), until, False, None))

    # -- expressions ---------------------------------------------------------------------------------------------

    def items(self, tree: ast.expr) -> list[Value]:
        trees = tree.elts if isinstance(tree, ast.Tuple) else [tree]
        return [self.item(t) for t in trees]

    def item(self, tree: ast.expr) -> Value:
        if isinstance(tree, ast.Slice):
            return SliceValue(*(None if t is None else self.value(t) for t in (tree.lower, tree.upper, tree.step)))
        return self.value(tree)

    def value(self, tree: ast.expr) -> Atom:
        b = self.b
        match tree:
            case ast.Constant(value):
                return Const(value)
            case ast.UnaryOp(ast.USub(), ast.Constant(value)):
                return Const(-value)
            case ast.Name(name):
                return self.names[name]
            case ast.NamedExpr(ast.Name(name), value):
                self.names[name] = self.value(value)
                return self.names[name]
            case ast.BinOp(left, op, right):
                return b.emit(BINARY[type(op)], self.value(left), self.value(right))
            case ast.UnaryOp(op, operand):
                return b.emit(UNARY[type(op)], self.value(operand))
            case ast.Compare(left, [op], [right]):
                return b.emit(COMPARE[type(op)], self.value(left), self.value(right))
            case ast.BoolOp(op, [left, right]):
                name = "logical_and" if isinstance(op, ast.And) else "logical_or"
                return b.emit(name, self.value(left), self.value(right))
            case ast.Call(ast.Name("min" | "max" as name), [left, right]):
                return b.emit(f"{name}imum", self.value(left), self.value(right))
            case ast.Call(ast.Name("zeros" | "empty" as made), extents):
                return b.emit(made, *(self.value(e) for e in extents), dtype="float64", hint="a")
            case ast.Call(ast.Name("sum"), [array]):
                return b.emit("sum", self.value(array), axes=(0,), keepdims=False)
            case ast.Subscript(ast.Attribute(ast.Name(name), "shape"), ast.Constant(axis)):
                return b.shape(self.names[name])[axis]
            case ast.Subscript(ast.Name(name), items):
                return indexing.read(b, self.names[name], self.items(items))
        raise AssertionError(ast.unparse(tree))
