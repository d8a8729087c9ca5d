"""Lists to which loops append: arrays that are made before the loop, with room for all that its iterations add.

Where that is not known, as before a `while`, the arrays grow with the list.

Python appends a reference, and these arrays hold copies. `check_grown_lists` refuses what would tell the two apart: a
write to what was appended, or to an item.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

from adcompiler.frontend.lists.item_forms import item_form, joint
from adcompiler.frontend.lists.memory import (
    arrays_of,
    as_item,
    check_length,
    filled,
    forms_of,
    is_list,
    length_of,
    put,
)
from adcompiler.frontend.lists.rows import item_at, leaves, listed
from adcompiler.frontend.state import heap
from adcompiler.frontend.state.context import Lowering
from adcompiler.frontend.state.extents import same_extent
from adcompiler.frontend.state.forms import Array, Form
from adcompiler.frontend.state.list_growth import Around, Plan, Product
from adcompiler.frontend.state.values import Growing, ListOf, Rows, Seq, Value
from adcompiler.ir.build import ONE, ZERO
from adcompiler.ir.wengert import Atom, Const, Load, Var

#: So many iterations, if their number is known, are written out one after the other.
FEW = 16
# how often the form of a list may change before it is settled
_ATTEMPTS = 8
# room for items of a list that grows in a loop of unknown length
_FIRST = Const(32)


class Grow(Exception):
    """A loop appends to a list that exists before it, which is therefore made anew with room for more.

    Parameters
    ----------
    around : Around
        The outermost loop that has the list.
    plan : Plan
        What is now known of the list.
    """

    def __init__(self, around: Around, plan: Plan) -> None:
        super().__init__()
        self.around, self.plan = around, plan


def build(low: Lowering, length: Atom | None, counts: bool, work: Callable[[Around], None], few: int = FEW) -> None:
    """Build a loop, again and again until its lists have room; one of `few` known iterations is to be written out."""
    mark, state = low.b.mark(), low.save()
    grows = not isinstance(length, Const) or (low.choices.grows_known and int(length.number) > few)
    held = {id(value): value for value in heap.held(low)}
    around = Around(length, counts, grows, len(low.lists.lengths), frozenset(low.b.names.taken), held)
    for _ in range(_ATTEMPTS * (1 + len(held))):
        low.lists.around.append(around)
        try:
            for plan in around.plans:
                _make_room(low, around, plan)
            work(around)
        except Grow as grow:
            if grow.around is not around:
                raise
            around.plans = [plan for plan in around.plans if plan.number != grow.plan.number] + [grow.plan]
            low.rewind(mark, state)
            continue
        finally:
            low.lists.around.pop()
        for plan in around.plans:
            _close(low, around, plan)
        low.lists.grew_known |= bool(around.plans) and isinstance(length, Const)
        return
    raise low.refuse("unsettled-loop")


# -- appending ---------------------------------------------------------------------------------------------------------


def append(low: Lowering, owner: Seq | Growing | ListOf | Rows, item: Value) -> Growing | None:
    """`owner.append(item)`; what the list is now, if its items lie in arrays."""
    item = as_item(low, item) if low.lists.around or not isinstance(owner, Seq) else item
    check_length(low, owner)
    for k, around in enumerate(low.lists.around):
        if isinstance(owner, Growing) and _plan(around, owner) is not None:
            return _store(low, _followed(low, low.lists.around[k:], owner), owner, item)
        if holds(around, owner):
            if around.grows:
                raise Grow(around, _planned(low, around, owner, item))
            if not isinstance(owner, Seq):
                raise low.refuse("loop-changes-list")
    if isinstance(owner, Seq):
        heap.change(low, owner, (*owner.items, item))
        return None
    if len(low.lists.lengths) > len(low.lists.around):
        # a `while`, or a comprehension: what was there before it is not known
        raise low.refuse("loop-changes-list")
    return _lengthen(low, owner, item)


def extend(low: Lowering, owner: Seq | Growing | ListOf | Rows, items: Sequence[Value]) -> None:
    """`owner.extend(items)`, of items whose number is known."""
    if isinstance(owner, Seq) and not any(around.grows and holds(around, owner) for around in low.lists.around):
        return heap.change(low, owner, (*owner.items, *items))
    for item in items:
        owner = append(low, owner, item) or owner


def become(low: Lowering, owner: Seq, after: Value) -> None:
    """Make a list another one, under all its names, as `*=` does."""
    if id(owner) in low.captures.lists:
        raise low.refuse("outer-list-changed")
    if any(around.grows and holds(around, owner) for around in low.lists.around):
        raise low.refuse("loop-changes-list")
    take_place(low, owner, after)


def _plan(around: Around, owner: Growing) -> Plan | None:
    return next((plan for plan in around.plans if plan.arrays == owner.arrays), None)


def _followed(low: Lowering, arounds: list[Around], owner: Growing) -> list[tuple[Around, Plan]]:
    """The plans that the loops around an append have of the list; those within the first follow its length."""
    found: list[tuple[Around, Plan]] = []
    for around in arounds:
        plan = _plan(around, owner)
        if plan is None:
            steps = Counter({_product(low, around) or (): 1})
            counted = around.length is not None
            raise Grow(around, Plan(owner, owner.form, steps, counted, owner.arrays, follows=True))
        found.append((around, plan))
    return found


def _product(low: Lowering, around: Around) -> Product | None:
    """How often the loops within one run together, if that is known before it."""
    within = low.lists.lengths[around.depth + 1 :]
    product = tuple(length for length in within if length is not None and around.knows(length))
    return product if len(product) == len(within) else None


def holds(around: Around, owner: Value) -> bool:
    """Whether a list exists before a loop."""
    if isinstance(owner, Seq):
        return id(owner) in around.held
    return any(is_list(value, arrays_of(owner)) for value in around.held.values())


def _planned(low: Lowering, around: Around, owner: Seq | Growing | ListOf | Rows, item: Value) -> Plan:
    """The first plan of a list: its items are like those it has, and like the one that is appended."""
    product = _product(low, around)
    known = around.length is not None and product is not None
    return Plan(owner, joint_form(low, owner, item), Counter({product or (): 1}), known, open=not known)


def joint_form(low: Lowering, owner: Seq | Growing | ListOf | Rows, item: Value | None) -> Form:
    """The form of the items of a list that is changed, and of another one."""
    if id(owner) in low.captures.lists:
        raise low.refuse("outer-list-changed")
    forms = [*([] if item is None else [item_form(low, item)]), *forms_of(low, owner)]
    form = forms[0]
    for other in forms[1:]:
        form = joint(low, form, other)
    return form


def _store(low: Lowering, plans: list[tuple[Around, Plan]], owner: Growing, item: Value) -> Growing:
    for around, plan in plans:
        product = _product(low, around)
        if product is not None and (around.length is not None or plan.open or plan.follows):
            plan.seen[product] += 1
        elif not plan.follows and not plan.open:
            raise Grow(around, replace(plan, open=True, counted=False))
    around, plan = plans[0]
    form = joint(low, plan.form, item_form(low, item))
    if form != plan.form:
        raise Grow(around, replace(plan, form=form))
    if plan.open:
        for array in plan.arrays:
            low.b.grow(array, owner.count)
    put(low, plan.arrays, owner.count, form, item)
    return _recount(low, plan, low.b.int("add", owner.count, ONE, hint="count"))


# -- taking away -------------------------------------------------------------------------------------------------------


def pop(low: Lowering, owner: Seq | Growing | ListOf | Rows) -> Value:
    """`owner.pop()`, of a list of numbers whose length is known only at run time."""
    forms = list(forms_of(low, owner))
    if not forms:
        raise low.refuse("empty-list-pop")
    check_length(low, owner)
    for k, around in enumerate(low.lists.around):
        if isinstance(owner, Growing) and (plan := _plan(around, owner)) is not None:
            if not plan.shrinks:
                raise Grow(around, replace(plan, shrinks=True, counted=False))
            _followed(low, low.lists.around[k:], owner)
            return _taken(low, plan, owner)
        if holds(around, owner):
            if not around.grows:
                raise low.refuse("loop-changes-list")
            form = joint_form(low, owner, None)
            raise Grow(around, Plan(owner, form, Counter({(): 1}), False, open=True, shrinks=True))
    if isinstance(owner, Seq) or len(low.lists.lengths) > len(low.lists.around):
        raise low.refuse("loop-changes-list")
    if not isinstance(owner, Growing):
        count = length_of(low, owner)
        now = Growing(filled(low, owner, forms[0], count), count, forms[0])
        take_place(low, owner, now)
        owner = now
    return _taken(low, Plan(owner, owner.form, arrays=owner.arrays), owner)


def pops(low: Lowering, owner: Seq) -> bool:
    """Whether a list whose items are known stands before a loop that runs as often as run-time values say."""
    return any(not isinstance(around.length, Const) and holds(around, owner) for around in low.lists.around)


def _taken(low: Lowering, plan: Plan, owner: Growing) -> Value:
    b = low.b
    b.check(b.emit("le", owner.count, ZERO, hint="none", weak=True), "IndexError", "pop from empty list")
    last = b.int("sub", owner.count, ONE, hint="count")
    found = item_at(low, owner, last)
    low.lists.shrunk.update(plan.arrays)
    _recount(low, plan, last)
    return found


def _recount(low: Lowering, plan: Plan, count: Atom) -> Growing:
    """Give the list another length, under all its names."""
    now = [value for value in heap.held(low) if isinstance(value, Growing) and value.arrays == plan.arrays]
    pending = (inner for value in low.pending for inner in heap.inside(value))
    for value in (*heap.held(low), *pending):
        if isinstance(value, (ListOf, Rows)) and _base(low, arrays_of(value)[0]) in plan.arrays:
            raise low.refuse("changed-while-read")
    after = Growing(plan.arrays, count, plan.form)
    heap.exchange(low, now, after)
    return after


def _base(low: Lowering, array: Var) -> Var:
    line = low.b.made.get(array.name)
    return line.array if isinstance(line, Load) else array


# -- around the loop ---------------------------------------------------------------------------------------------------


def _make_room(low: Lowering, around: Around, plan: Plan) -> None:
    """Put the list into arrays that have room for what the loop adds."""
    b = low.b
    if plan.follows:
        plan.owner = next(value for value in heap.held(low) if is_list(value, plan.arrays))
    step: Atom = ZERO
    for product, times in plan.steps.items():
        term: Atom = Const(times)
        for factor in product:
            term = b.int("mul", term, factor)
        step = b.int("add", step, term)
    plan.step, plan.count, plan.seen = step, length_of(low, plan.owner), Counter()
    if plan.follows:
        return
    if not plan.steps:
        room = plan.count
    elif plan.open or around.length is None:
        room = b.int("add", plan.count, _FIRST, hint="room")
    else:
        room = b.int("add", plan.count, b.int("mul", step, around.length), hint="room")
    for leaf in leaves(plan.form):
        if isinstance(leaf, Array) and not all(e is not None and around.knows(e) for e in leaf.extents):
            raise low.refuse("ragged-list")
    plan.arrays = filled(low, plan.owner, plan.form, room)
    if plan.copied:
        return
    take_place(low, plan.owner, Growing(plan.arrays, plan.count, plan.form))


def take_place(low: Lowering, owner: Value, new: Value) -> None:
    """Hold a list in other arrays, under all its names."""
    if isinstance(owner, Seq):
        heap.exchange(low, [owner], new)
        return
    arrays = arrays_of(owner)
    heap.exchange(low, [value for value in heap.held(low) if is_list(value, arrays)], new)


def _lengthen(low: Lowering, owner: Growing | ListOf | Rows, item: Value) -> Growing:
    """Append outside of the loops that have the list: in new arrays."""
    form = joint_form(low, owner, item)
    count = length_of(low, owner)
    arrays = filled(low, owner, form, low.b.int("add", count, ONE, hint="room"))
    put(low, arrays, count, form, item)
    after = Growing(arrays, low.b.shape(arrays[0])[0], form)
    take_place(low, owner, after)
    return after


def begin(low: Lowering, around: Around, number: Callable[[], Atom]) -> None:
    """At the begin of the body, in the iteration of that number: the lengths of lists that grow by the same steps."""
    for plan in around.plans:
        plan.seen = Counter()
        if plan.counted:
            assert plan.count is not None and plan.step is not None
            plan.begun = low.b.int("add", plan.count, low.b.int("mul", number(), plan.step), hint="count")
            _recount(low, plan, plan.begun)


def end(low: Lowering, around: Around) -> None:
    """At the end of the body: whether the lists have grown by what was planned."""
    b = low.b
    for plan in around.plans:
        if any(plan.seen[product] > plan.steps[product] for product in plan.seen):
            raise Grow(around, replace(plan, steps=plan.steps | plan.seen))
        if not plan.counted:
            continue
        assert plan.count is not None and plan.step is not None and plan.begun is not None
        grown = b.int("add", plan.begun, plan.step)
        now = [v.count for v in heap.held(low) if isinstance(v, Growing) and v.arrays == plan.arrays]
        if not around.counts or not all(same_extent(b, count, grown) for count in now):
            raise Grow(around, replace(plan, counted=False))
        _recount(low, plan, plan.count)


def _close(low: Lowering, around: Around, plan: Plan) -> None:
    """After the loop: the lists are as long as all iterations made them."""
    if not plan.steps and not plan.open and not plan.copied:
        now = next((value for value in heap.held(low) if is_list(value, plan.arrays)), None)
        if isinstance(now, Growing):
            take_place(low, now, listed(low, now))
    if plan.counted:
        assert plan.count is not None and plan.step is not None and around.length is not None
        added = low.b.int("mul", plan.step, around.length)
        now = low.b.int("add", plan.count, added, hint="count")
        room = low.b.shape(plan.arrays[0])[0]
        _recount(low, plan, room if same_extent(low.b, now, room) else now)
