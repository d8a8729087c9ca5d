"""Random functions of array lines: views, broadcasting, reductions, stores, loops and branches around them."""

from __future__ import annotations

import random
from typing import Any

import numpy as np

from adcompiler.ir.build import ONE, ZERO, Builder, Shape
from adcompiler.ir.types import BOOL, FLOAT, INDEX, Type
from adcompiler.ir.wengert import Atom, Branch, Carry, Const, Func, Index, Item, Loop, NewAxis, Out, Slice, Var

UNARY = ("sin", "exp", "neg", "abs", "tanh")
BINARY = ("add", "sub", "mul", "maximum", "minimum")
REDUCTIONS = ("sum", "max", "min", "prod", "argmax", "argmin", "any", "all")


class Generator:
    """Makes one function; `n` and `m` are extents known at run time only, of at least 2."""

    def __init__(self, seed: int) -> None:
        self.r = random.Random(seed)
        self.b = Builder()
        self.n, self.m = (self.b.var(name, INDEX) for name in "nm")
        self.params = [self.n, self.m]
        self.arrays: list[Var] = []
        self.scalars: list[Atom] = [Const(0.5), Const(-1.25), Const(2)]
        for k, extents in enumerate(
            [(self.n,), (self.n, self.m), (self.m, ONE), (ONE, self.n), (self.m, self.n), (Const(3),)]
        ):
            dtype = self.r.choice(["float64", "float64", "float32"])
            layout = self.r.choice("CCCFA") if len(extents) == 2 else "C"
            param = self.b.var(f"p{k}", Type(dtype, len(extents), layout=layout), extents)
            self.params.append(param)
            self.arrays.append(param)

    def make(self, length: int) -> Func:
        self.statements(length, 2)
        results = [a for a in self.arrays if a not in self.params][-4:] + [
            s for s in self.scalars if isinstance(s, Var)
        ][-3:]
        return self.b.finish("f", self.params, results)

    def arguments(self) -> tuple[Any, ...]:
        rng = np.random.default_rng(self.r.randrange(2**32))
        sizes = {self.n: 4, self.m: 3}
        args: list[Any] = [4, 3]
        for param in self.params[2:]:
            type = self.b.types[param.name]
            shape = [sizes[e] if isinstance(e, Var) else e.value for e in self.b.shape(param)]
            wide = rng.normal(size=[2 * s for s in shape]).astype(type.dtype)
            if type.layout == "A":
                args.append(wide[tuple(slice(None, None, 2) for _ in shape)])
            else:
                args.append(np.array(wide[tuple(slice(s) for s in shape)], order=type.layout))
        return tuple(args)

    # -- statements ----------------------------------------------------------------------------------------------

    def statements(self, length: int, depth: int) -> None:
        for _ in range(length):
            kinds = ["unary", "binary", "view", "view", "reduce", "store", "store", "other", "element"]
            if depth:
                kinds += ["loop", "branch"]
            getattr(self, self.r.choice(kinds))(*([depth] if depth and kinds[-1] == "branch" else []))

    def array(self) -> Var:
        return self.r.choice(self.arrays[-12:])

    def scalar(self) -> Atom:
        return self.r.choice(self.scalars[-6:])

    def value(self) -> Atom:
        return self.scalar() if self.r.random() < 0.3 else self.array()

    def unary(self, *_: int) -> None:
        array = self.floats(self.array())
        self.arrays.append(self.bounded(self.b.emit(self.r.choice(UNARY), array)))

    def floats(self, array: Var) -> Var:
        return array if self.b.types[array.name].is_float else self.b.emit("cast", array, dtype="float64")

    def bounded(self, array: Var) -> Var:
        """Values that stay finite however often they are used."""
        if self.r.random() < 0.5 or not self.b.types[array.name].is_float:
            return array
        return self.b.emit("tanh", array)

    def binary(self, *_: int) -> None:
        first, second = self.floats(self.array()), self.value()
        if not self.fits(self.b.shape(first), self.b.shape(second)):
            second = self.scalar()
        first_or_second = [first, second]
        self.r.shuffle(first_or_second)
        if self.r.random() < 0.2:
            test = self.b.emit("lt", *first_or_second)
            self.arrays.append(self.b.emit("where", test, *first_or_second))
        elif self.r.random() < 0.2:
            self.arrays.append(self.b.emit("cut", first, second))
        else:
            self.arrays.append(self.bounded(self.b.emit(self.r.choice(BINARY), *first_or_second)))

    def fits(self, a: Shape, b: Shape) -> bool:
        pairs = zip(a[::-1], b[::-1], strict=False)
        return all(x == y or ONE in (x, y) for x, y in pairs) and max(len(a), len(b)) <= 3

    def index(self, array: Var) -> Index:
        items: list[Item] = []
        for extent in self.b.shape(array):
            kind = self.r.randrange(6)
            if kind == 0:
                items.append(
                    self.r.choice([ZERO, Const(-1) if self.r.random() < 0.5 else self.b.int("sub", extent, ONE)])
                )
            elif kind == 1:
                items.append(Slice(ONE, None, None, ONE, self.b.int("sub", extent, ONE)))
            elif kind == 2:
                items.append(Slice(None, None, Const(-1), self.b.int("sub", extent, ONE), extent))
            elif kind == 3:
                half = self.b.int("floordiv", self.b.int("add", extent, ONE), Const(2))
                items.append(Slice(None, None, Const(2), ZERO, half))
            else:
                items.append(Slice(None, None, None, ZERO, extent))
        if self.r.random() < 0.2 and len(items) < 3:
            items.insert(self.r.randrange(len(items) + 1), NewAxis())
        return tuple(items)

    def view(self, *_: int) -> None:
        array = self.array()
        if self.r.random() < 0.3 and self.b.types[array.name].rank > 1:
            axes = list(range(self.b.types[array.name].rank))
            self.r.shuffle(axes)
            self.arrays.append(self.b.emit("transpose", array, axes=tuple(axes)))
            return
        found = self.b.load(array, self.index(array))
        if self.b.types[found.name].rank:
            if ZERO not in self.b.shape(found):
                self.arrays.append(found)
        else:
            self.number(found)

    def number(self, var: Var) -> None:
        type = self.b.types[var.name]
        if type.is_float:
            self.scalars.append(self.b.emit("tanh", var))
        elif type.dtype == "int64":
            self.scalars.append(self.b.emit("mod", var, Const(5)))

    def reduce(self, *_: int) -> None:
        array = self.floats(self.array())
        if ZERO in self.b.shape(array):
            return
        rank = self.b.types[array.name].rank
        op = self.r.choice(REDUCTIONS)
        count = self.r.choice([1, rank]) if op.startswith("arg") else self.r.randint(1, rank)
        axes = tuple(sorted(self.r.sample(range(rank), count)))
        found = self.b.emit(op, array, axes=axes, keepdims=self.r.random() < 0.4)
        if self.b.types[found.name].rank:
            self.arrays.append(found if op != "prod" else self.b.emit("tanh", found))
        else:
            self.number(found)

    def store(self, *_: int) -> None:
        array = self.array()
        index = self.index(array)
        region = self.b.view_type(array, index)[1]
        if not self.b.types[array.name].is_float:
            return
        value: Atom = self.scalar()
        candidates = [a for a in self.arrays if self.broadcasts(self.b.shape(a), region)]
        if candidates and self.r.random() < 0.8:
            chosen = self.r.choice(candidates)
            # what is stored is new, as the frontend makes it where memory may overlap
            if region:
                value = (
                    self.b.emit("tanh", self.floats(chosen)) if self.r.random() < 0.7 else self.b.emit("copy", chosen)
                )
        if not self.b.types[array.name].is_float or not self.b.type(value).dtype.startswith(("float", "int")):
            return
        self.b.store(array, index, value, add=self.r.random() < 0.4)

    def broadcasts(self, shape: Shape, region: Shape) -> bool:
        if len(shape) > len(region):
            return False
        return all(a == b or a == ONE for a, b in zip(shape[::-1], region[::-1], strict=False))

    def element(self, *_: int) -> None:
        array = self.array()
        index = tuple(self.r.choice([ZERO, Const(-1)]) for _ in self.b.shape(array))
        if self.r.random() < 0.5 and self.b.types[array.name].is_float:
            self.b.store(array, index, self.scalar(), add=self.r.random() < 0.5)
        else:
            self.number(self.b.load(array, index))

    def other(self, *_: int) -> None:
        array = self.array()
        shape = self.b.shape(array)
        kind = self.r.randrange(5)
        if kind == 0:
            self.arrays.append(self.b.emit("zeros", *shape, dtype="float64"))
        elif kind == 1:
            self.arrays.append(self.b.emit("full", self.scalar(), *shape, dtype="float64"))
        elif kind == 2:
            self.arrays.append(self.b.emit("arange", Const(0.5), Const(0.25), shape[-1], dtype="float64"))
        elif kind == 3 and len(shape) <= 2:
            others = [a for a in self.arrays if self.b.types[a.name].rank <= 2 and self.b.shape(a)[0] == shape[-1]]
            if others and self.b.types[array.name].is_float:
                product = self.b.emit("dot", array, self.floats(self.r.choice(others)))
                if self.b.types[product.name].rank:
                    self.arrays.append(self.b.emit("tanh", product))
                else:
                    self.number(product)
        else:
            self.arrays.append(self.b.emit("copy", array))

    # -- regions -------------------------------------------------------------------------------------------------

    def scoped(self, length: int, depth: int) -> None:
        arrays, scalars = list(self.arrays), list(self.scalars)
        self.statements(length, depth)
        self.inner_scalars = [s for s in self.scalars if s not in scalars]
        self.arrays, self.scalars = arrays, scalars

    def loop(self, depth: int = 1) -> None:
        i, s, out = self.b.var("i", INDEX), self.b.var("s", FLOAT), self.b.var("s", FLOAT)
        with self.b.block() as body:
            self.scalars.append(s)
            self.scoped(4, depth - 1)
            floats = [a for a in self.inner_scalars if isinstance(a, Var) and self.b.type(a).dtype == "float64"]
            new = self.b.emit("tanh", floats[-1] if floats else s)
        self.scalars.remove(s)
        self.b.add(Loop(i, ZERO, Const(2), ONE, (Carry(s, Const(0.5), new, out),), tuple(body), None, False, None))
        self.scalars.append(out)

    def branch(self, depth: int = 1) -> None:
        test = self.b.emit("lt", self.scalar(), Const(0.1))
        with self.b.block() as then:
            self.scoped(3, depth - 1)
        with self.b.block() as other:
            self.scoped(3, depth - 1)
        out = self.b.var("chosen", BOOL)
        self.b.add(Branch(test, tuple(then), tuple(other), (Out(out, Const(True), Const(False)),), None))
