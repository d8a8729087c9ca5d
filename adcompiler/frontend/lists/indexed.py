"""Lists whose items are known one by one, where an index or the length is known only at run time: they lie in arrays.

A list that a loop writes lies in an array from before the loop on; one that a loop only reads is copied before it.
"""

from __future__ import annotations

from dataclasses import replace

from adcompiler.errors import ADCompilerError
from adcompiler.frontend.lists.growing import Grow, holds, joint_form, take_place
from adcompiler.frontend.lists.item_forms import item_form, joint
from adcompiler.frontend.lists.memory import check_own, filled, forms_of, length_of, put_behind
from adcompiler.frontend.lists.rows import listed
from adcompiler.frontend.state import heap
from adcompiler.frontend.state.context import Lowering
from adcompiler.frontend.state.facts import nonnegative
from adcompiler.frontend.state.forms import Array, Form, Parts, Scalar, joined
from adcompiler.frontend.state.leaves import coerce
from adcompiler.frontend.state.list_growth import Plan
from adcompiler.frontend.state.numbers import integer
from adcompiler.frontend.state.values import Growing, ListOf, Rows, Seq, Value
from adcompiler.ir.build import ZERO
from adcompiler.ir.types import Type
from adcompiler.ir.wengert import Atom, Const, Slice, Var


def is_number(low: Lowering, value: Value) -> bool:
    """Whether a value is a number, of Python's or of NumPy's."""
    return isinstance(value, (Var, Const)) and not low.b.type(value).rank and not low.b.type(value).is_generator


def of_numbers(low: Lowering, owner: Seq) -> bool:
    """Whether a sequence is a list of numbers."""
    return owner.kind == "list" and bool(owner.items) and all(is_number(low, item) for item in owner.items)


def repeated(low: Lowering, owner: Seq, times: Var) -> ListOf:
    """`[a, b] * times`, of numbers."""
    b, step = low.b, len(owner.items)
    form = joint_form(low, replace(owner), None)
    assert isinstance(form, Scalar)
    count = integer(low, times)
    count = count if nonnegative(b, count) else b.int("maximum", count, ZERO)
    array = b.emit("empty", b.int("mul", count, Const(step)), dtype=form.type.dtype, hint="items")
    found: list[Atom] = []
    for item in owner.items:
        coerce(b, item, form, found)
    for k, atom in enumerate(found):
        start, stride = (None, None) if step == 1 else (Const(k), Const(step))
        b.store(array, (Slice(start, None, stride, Const(k), count),), atom)
    return ListOf(array, form.type.weak)


def concatenated(low: Lowering, first: Value, second: Value) -> ListOf | Rows | None:
    """`first + second`, lists of which one has a length known only at run time; None where they are no lists."""
    lists = [v for v in (first, second) if isinstance(v, (ListOf, Rows)) or (isinstance(v, Seq) and v.kind == "list")]
    if len(lists) < 2 or all(isinstance(one, Seq) for one in lists):
        return None
    form, *others = (form for one in lists for form in forms_of(low, one))
    for other in others:
        form = joint(low, form, other)
    counts = [length_of(low, one) for one in lists]
    arrays = filled(low, lists[0], form, low.b.int("add", counts[0], counts[1]))
    put_behind(low, arrays, counts[0], form, lists[1])
    return listed(low, Growing(arrays, low.b.shape(arrays[0])[0], form))


def writable(low: Lowering, owner: Seq | ListOf, value: Value) -> ListOf:
    """A list of numbers in an array that can hold another number too, under all the names of the list."""
    if isinstance(owner, ListOf):
        check_own(low, owner)
    form = joint_form(low, owner, value)
    for around in low.lists.around:
        for plan in around.plans:
            if isinstance(owner, ListOf) and _lies_in(low, owner, plan.arrays):
                raise Grow(around, replace(plan, form=joint(low, plan.form, form)))
        if around.grows and holds(around, owner):
            raise Grow(around, Plan(owner, form, counted=False))
    if len(low.lists.lengths) > len(low.lists.around):
        raise low.refuse("loop-changes-list")
    arrays = filled(low, owner, form, length_of(low, owner))
    made = Growing(arrays, low.b.shape(arrays[0])[0], form)
    take_place(low, owner, made)
    found = listed(low, made)
    assert isinstance(found, ListOf)
    return found


def row_writable(low: Lowering, array: Var, value: Value) -> None:
    """Let the lists that are items of a list, and lie in an array, hold a number of another type too."""
    assert isinstance(value, (Var, Const))
    owner = next((v for v in heap.held(low) if isinstance(v, (Rows, Growing)) and v.arrays == (array,)), None)
    form = None if owner is None else owner.form
    if owner is None or not isinstance(form, Parts) or form.kind != "list of":
        raise low.refuse("list-write")
    (held,), (weak,) = form.items, form.keys
    assert isinstance(held, Array)
    type = joined(Type(held.type.dtype, weak=bool(weak)), low.b.type(value))
    wanted = Parts(form.kind, (replace(held, type=type.array(held.type.rank, held.type.layout)),), (type.weak,))
    for around in low.lists.around:
        for plan in around.plans:
            if plan.arrays == owner.arrays:
                raise Grow(around, replace(plan, form=wanted))
        if around.grows and holds(around, owner):
            raise Grow(around, Plan(owner, wanted, counted=False))
    if len(low.lists.lengths) > len(low.lists.around) or type.dtype != held.type.dtype:
        raise low.refuse("list-write")
    take_place(low, owner, Growing(owner.arrays, length_of(low, owner), wanted))


def _lies_in(low: Lowering, owner: ListOf, arrays: tuple[Var, ...]) -> bool:
    made = low.b.made.get(owner.array.name)
    return owner.array in arrays or getattr(made, "array", None) in arrays


def readable(low: Lowering, owner: Seq) -> ListOf | Rows | None:
    """A sequence that is read, in arrays; None if its items are not of one form."""
    form = _form(low, owner)
    if form is None:
        return None
    for around in low.lists.around:
        copy = next((plan for plan in around.plans if plan.copied and plan.owner is owner), None)
        if copy is not None:
            return listed(low, Growing(copy.arrays, Const(len(owner.items)), form))
        if around.grows and id(owner) in around.held:
            raise Grow(around, Plan(owner, form, counted=False, copied=True))
    count = Const(len(owner.items))
    return listed(low, Growing(filled(low, owner, form, count), count, form))


def _form(low: Lowering, owner: Seq) -> Form | None:
    """The form of all items; numbers must be of one type, to stay what they are."""
    try:
        forms = [item_form(low, item) for item in owner.items]
        for form in forms[1:]:
            if joint(low, forms[0], form) != forms[0]:
                return None
    except ADCompilerError:
        return None
    return forms[0] if forms else None
