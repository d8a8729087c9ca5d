"""`verify` accepts well-formed Wengert lists and names the rule that a broken one breaks."""

from collections.abc import Callable
from dataclasses import replace
from types import MappingProxyType

import pytest

from adcompiler.ir.build import ONE, ZERO, Builder
from adcompiler.ir.show import show
from adcompiler.ir.types import BOOL, FLOAT, INDEX, Type
from adcompiler.ir.verify import verify
from adcompiler.ir.wengert import (
    Assign,
    Branch,
    Carry,
    Check,
    Const,
    Func,
    Grow,
    Load,
    Loop,
    Out,
    Slice,
    Store,
    Var,
    While,
)
from tests.support.small_programs import PROGRAMS, scalar, vector

BROKEN: dict[str, tuple[str, Callable[[], Func]]] = {}


def broken(message: str) -> Callable[[Callable[[], Func]], Callable[[], Func]]:
    def register(make: Callable[[], Func]) -> Callable[[], Func]:
        BROKEN[make.__name__] = (message, make)
        return make

    return register


@pytest.mark.parametrize("name", PROGRAMS)
def test_well_formed(name: str) -> None:
    fn = PROGRAMS[name]().fn
    assert verify(fn) is fn


@broken("y is defined twice")
def defined_twice() -> Func:
    b = Builder()
    x = scalar(b, "x")
    y = b.emit("sin", x, hint="y")
    b.add(Assign(y, "cos", (x,), (), None))
    return b.finish("f", [x], [y])


@broken("y has no type")
def without_type() -> Func:
    b = Builder()
    x = scalar(b, "x")
    fn = b.finish("f", [x], [b.emit("sin", x, hint="y")])
    return replace(fn, types=MappingProxyType({"x": FLOAT}))


@broken("z is read in the line of y and never defined")
def never_defined() -> Func:
    b = Builder()
    z = b.var("z", FLOAT)
    return b.finish("f", [], [b.emit("sin", z, hint="y")])


@broken("inner is read in the results before its definition or outside its block")
def read_outside_its_block() -> Func:
    b = Builder()
    x, test = scalar(b, "x"), scalar(b, "test", BOOL)
    with b.block() as then:
        inner = b.emit("sin", x, hint="inner")
    b.add(Branch(test, tuple(then), (), (), None))
    return b.finish("f", [x, test], [inner])


@broken("y is read in the line of t before its definition or outside its block")
def read_too_early() -> Func:
    b = Builder()
    x = scalar(b, "x")
    y = b.var("y", FLOAT)
    t = b.emit("cos", y)
    b.add(Assign(y, "sin", (x,), (), None))
    return b.finish("f", [x], [t])


@broken("the line of y: y is float where the line gives int")
def wrong_result_type() -> Func:
    b = Builder()
    n = scalar(b, "n", INDEX)
    y = b.var("y", FLOAT)
    b.add(Assign(y, "add", (n, n), (), None))
    return b.finish("f", [n], [y])


@broken("the line of y: bitand does not take float, float")
def no_such_operation() -> Func:
    b = Builder()
    x = scalar(b, "x")
    y = b.var("y", FLOAT)
    b.add(Assign(y, "bitand", (x, x), (), None))
    return b.finish("f", [x], [y])


@broken("the line of y: 2 indices for the 1 axes of x")
def too_many_indices() -> Func:
    b = Builder()
    x = vector(b, "x")
    y = b.var("y", Type("float64"))
    b.add(Load(y, x, (ZERO, ZERO), None))
    return b.finish("f", [x], [y])


@broken("k in the store into x is float, not an integer")
def an_index_that_is_no_integer() -> Func:
    b = Builder()
    x, k = vector(b, "x"), scalar(b, "k")
    b.add(Store(x, (k,), Const(1.0), False, None))
    return b.finish("f", [x, k], [])


@broken("the store into x: a value of rank 1 does not fit a region of rank 0")
def an_array_into_an_element() -> Func:
    b = Builder()
    x = vector(b, "x")
    b.add(Store(x, (ZERO,), x, False, None))
    return b.finish("f", [x], [])


@broken("the line of y: y is float64[:] where the line gives float64")
def a_view_that_is_an_element() -> Func:
    b = Builder()
    x = vector(b, "x")
    y = b.like(x, "y")
    b.add(Load(y, x, (ZERO,), None))
    return b.finish("f", [x], [y])


@broken("m has rank 2 and 1 extents")
def extents_that_are_missing() -> Func:
    b = Builder()
    m = Var("m")
    b.types["m"], b.shapes["m"] = Type("float64", 2), (ONE,)
    return b.finish("f", [m], [])


@broken("the extent n of y is not defined where y is")
def an_extent_from_elsewhere() -> Func:
    b = Builder()
    n = b.var("n", INDEX)
    y = b.var("y", Type("float64", 1), (n,))
    b.add(Assign(y, "zeros", (Const(3),), (("dtype", "float64"),), None))
    b.add(Assign(n, "add", (ONE, ONE), (), None))
    return b.finish("f", [], [y])


def counted(b: Builder, carry: Carry, until: object = None, step: Const = ONE) -> None:
    b.add(Loop(b.var("i", INDEX), ZERO, Const(3), step, (carry,), (), until, False, None))


@broken("s is float and receives 0, which is int")
def a_carry_of_two_types() -> Func:
    b = Builder()
    s, out = b.var("s", FLOAT), b.var("s_out", FLOAT)
    counted(b, Carry(s, ZERO, s, out))
    return b.finish("f", [], [out])


@broken("later is read in the end of the loop over i and never defined")
def a_next_value_from_nowhere() -> Func:
    b = Builder()
    s, out = b.var("s", FLOAT), b.var("s_out", FLOAT)
    counted(b, Carry(s, Const(0.0), b.var("later", FLOAT), out))
    return b.finish("f", [], [out])


@broken("the loop over i: the step is zero")
def a_step_of_zero() -> Func:
    b = Builder()
    s, out = b.var("s", FLOAT), b.var("s_out", FLOAT)
    counted(b, Carry(s, Const(0.0), s, out), step=ZERO)
    return b.finish("f", [], [out])


@broken("the loop over i: the condition s is float, not bool")
def an_exit_on_a_number() -> Func:
    b = Builder()
    s, out = b.var("s", FLOAT), b.var("s_out", FLOAT)
    counted(b, Carry(s, Const(0.0), s, out), until=s)
    return b.finish("f", [], [out])


@broken("a While: the condition x is float, not bool")
def a_test_that_is_a_number() -> Func:
    b = Builder()
    x = scalar(b, "x")
    b.add(While((), (), x, (), None))
    return b.finish("f", [x], [])


@broken("r is float and receives 1, which is int")
def arms_of_two_types() -> Func:
    b = Builder()
    test = scalar(b, "test", BOOL)
    r = b.var("r", FLOAT)
    b.add(Branch(test, (), (), (Out(r, Const(1.0), ONE),), None))
    return b.finish("f", [test], [r])


@broken("a Check: the condition x is float, not bool")
def a_check_of_a_number() -> Func:
    b = Builder()
    x = scalar(b, "x")
    b.add(Check(x, "ValueError", "no", None))
    return b.finish("f", [x], [])


@broken("the growth of x: x is not an array")
def growth_of_a_scalar() -> Func:
    b = Builder()
    x = scalar(b, "x")
    b.add(Grow(x, ONE, None))
    return b.finish("f", [x], [])


@broken("size in the line of y is float, not an integer")
def a_size_that_is_no_integer() -> Func:
    b = Builder()
    x, size = vector(b, "x"), scalar(b, "size")
    y = b.var("y", Type("float64", 1), (size,))
    b.add(Load(y, x, (Slice(None, size, None, ZERO, size),), None))
    return b.finish("f", [x, size], [y])


@pytest.mark.parametrize("name", BROKEN)
def test_broken(name: str) -> None:
    message, make = BROKEN[name]
    with pytest.raises(AssertionError) as error:
        verify(make())
    first, *lines = str(error.value).splitlines()
    assert first.startswith(message)
    assert lines[0].startswith("f(") and lines[-1].lstrip().startswith("return")


def test_the_listing_shows_every_statement() -> None:
    listing = "\n".join(show(make().fn) for make in PROGRAMS.values())
    for part in ("for i in 0:", "-> ", "while ", "test ", "do", "if ", "else", "grow ", "print ", "check ", "] += "):
        assert part in listing
