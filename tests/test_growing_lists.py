"""Lists to which loops append hold copies: a program that would see that they are no references is refused."""

from __future__ import annotations

import numpy as np
import pytest

import adcompiler as ad
from adcompiler.frontend.lists.shrunk import check_shrunk_lists
from adcompiler.ir.build import ONE, ZERO, Builder
from adcompiler.ir.types import Type
from adcompiler.ir.wengert import Const, Slice
from tests.support.cases import interpreted


def added_to_in_place(x):
    h, hs = np.zeros(2), []
    for t in range(x.shape[0]):
        h += x[t]
        hs.append(h)
    return np.sum(np.stack(hs))


def written_after_it_is_appended(x):
    h, hs = np.zeros(2), []
    for t in range(x.shape[0]):
        h = h * 0.5 + x[t]
        hs.append(h)
        h[0] = 0.0
    return np.sum(np.stack(hs))


def written_on_one_path(x):
    h, hs = np.zeros(2), []
    for t in range(x.shape[0]):
        if x[t, 0] > 0:
            h = h * 0.5 + x[t]
        hs.append(h)
        h[1] = 2.0
    return np.sum(np.stack(hs))


def buffers_that_change_places(x):
    hs, u, v = [], x[0].copy(), x[1].copy()
    for t in range(x.shape[0]):
        v[0] = u[1] * 1.5 + x[t, 0]
        u, v = v, u
        hs.append(u)
    return np.sum(np.stack(hs))


def argument_written_later(x):
    hs = []
    for t in range(x.shape[0]):
        hs.append(x[t])
    x[0, 0] = 3.0
    return np.sum(np.stack(hs))


def view_of_what_changes(x):
    hs, a = [], np.zeros((2, 2))
    for t in range(x.shape[0]):
        v = a[1]
        hs.append(v)
        a[1, 0] = x[t, 0]
    return np.sum(np.stack(hs))


def item_written(x):
    hs, h = [], x[0]
    for t in range(x.shape[0]):
        hs.append(h)
        h = h * x[t]
    first = hs[0]
    first[1] = 5.0
    return np.sum(np.stack(hs))


def item_of_a_comprehension_written(x):
    rows = [row for row in x]
    rows[0][1] = 5.0
    return np.sum(x[0])


def items_written_in_a_loop(x):
    hs, h = [], x[0]
    for _ in range(x.shape[0]):
        hs.append(h)
        h = h * 2.0
        for h in hs:
            h[0] = 1.0
    return np.sum(np.stack(hs))


def written_in_the_next_round(x):
    h, hs, t = np.zeros(2), [], 0
    while t < x.shape[0]:
        h[0] = x[t, 1]
        hs.append(h)
        t += 1
    return np.sum(np.stack(hs))


def inside_a_gradient(x):
    return np.sum(ad.grad(added_to_in_place)(x))


def row_that_grows_after_it_is_appended(x):
    rows = []
    for t in range(x.shape[0]):
        row = [v * 2.0 for v in x[t]]
        rows.append(row)
        row.append(1.0)
    return rows[0][0]


def item_chosen_at_run_time_and_written(x):
    rows = [np.zeros(3), np.ones(3)]
    for i in range(x.shape[0]):
        rows[i % 2][i % 3] = x[i, 0]
    return rows[0][0] * rows[1][0]


def item_chosen_at_run_time_and_written_under_its_name(x):
    first = np.zeros(3)
    rows = [first, np.ones(3)]
    chosen = rows[x.shape[0] % 2]
    first[0] = x[0, 1]
    return chosen[0] ** 2


def one_of_two_lists_is_written(x):
    first, second = [], []
    for v in x[:, 0]:
        first.append(v)
        second.append(2.0 * v)
    chosen = first if x[0, 0] > 0 else second
    first[0] = 5.0 * x[1, 0]
    second[0] = 7.0 * x[1, 0]
    return chosen[0] ** 2


REFUSED = (
    added_to_in_place,
    written_after_it_is_appended,
    written_on_one_path,
    buffers_that_change_places,
    argument_written_later,
    view_of_what_changes,
    item_written,
    item_of_a_comprehension_written,
    items_written_in_a_loop,
    inside_a_gradient,
    row_that_grows_after_it_is_appended,
    written_in_the_next_round,
    one_of_two_lists_is_written,
    item_chosen_at_run_time_and_written,
    item_chosen_at_run_time_and_written_under_its_name,
)


def writes_an_item_of_an_item(x):
    rows = [[v, v * v] for v in x]
    rows[0][0] = x[1]
    return rows[0][0] * rows[1][1]


def puts_a_list_in_the_place_of_another(x):
    rows = [[v, v * v] for v in x]
    rows[0] = [x[1], 1.0]
    return rows[0][0] * rows[1][1]


def test_the_lists_in_a_list_are_written_but_not_exchanged():
    np.testing.assert_allclose(ad.grad(writes_an_item_of_an_item)(np.array([1.0, 2.0, 3.0])), [0.0, 12.0, 0.0])
    with pytest.raises(ad.UnsupportedSyntax, match="assignment of this value to an item of a list"):
        ad.grad(puts_a_list_in_the_place_of_another)(np.ones(3))


@pytest.mark.parametrize("f", REFUSED, ids=lambda f: f.__name__)
def test_what_would_tell_copies_from_references_is_refused(f):
    with pytest.raises(ad.UnsupportedSyntax):
        ad.grad(f)(np.arange(1.0, 11.0).reshape(5, 2))


def test_arrays_of_a_list_have_one_shape():
    def f(x, n):
        parts = []
        for k in range(n):
            parts.append(x if k == 0 else x[:2])
        return np.sum(np.stack(parts))

    with interpreted(), pytest.raises((ValueError, ad.UnsupportedSyntax)):
        ad.grad(f)(np.ones(3), 2)


def test_a_loop_that_is_not_entered_leaves_an_empty_list():
    def f(x):
        hs = []
        for row in x:
            hs.append(row)
        return np.sum(np.stack(hs))

    with interpreted(), pytest.raises(ValueError, match="at least one array"):
        ad.grad(f)(np.ones((0, 3)))


def test_known_steps_are_not_written_out():
    def f(x):
        hs, h = [], x
        for _ in range(200):
            h = np.sin(h)
            hs.append(h)
        return np.sum(np.array(hs))

    assert len(ad.grad(f).adjoint_source(np.ones(3)).splitlines()) < 60


def growing_in_loops(steps):
    def f(x):
        hs = []
        for i in steps(18):
            t, k = x[i % 3], 0
            while k < 4:
                t, k = np.sin(t * 1.5) + 1.0, k + 1
                hs.append(t * x[0])
                if len(hs) > 2:
                    t = t + hs[-3] * 0.1 * hs[len(hs) // 2]
        return np.sum(np.array(hs) ** 2)

    return f


def test_derivatives_of_every_kind_of_a_list_that_grows_in_a_while():
    f, x, v = growing_in_loops(range), np.array([0.9, 0.4, 0.7]), np.array([1.0, 2.0, 3.0])
    with interpreted():
        gradient, hessian = ad.grad(f)(x), ad.hessian(f)(x)
        np.testing.assert_allclose(ad.grad(lambda x: np.sum(ad.grad(f)(x) * v))(x), hessian @ v, rtol=1e-10)
        np.testing.assert_allclose(ad.batched(ad.grad(f))(np.stack([x, x]))[1], gradient, rtol=1e-12)
        assert ad.gradcheck(f, x)


def test_an_empty_list_has_no_items_before_a_loop_appends_to_it():
    def f(x, n):
        values, total = [], 1.0 * x[0]
        for i in range(n):
            total += values[i]
            values.append(x[i])
        return total

    with interpreted():
        g = ad.grad(f)
        assert g.primal(np.ones(3), 0) == 1.0
        with pytest.raises(IndexError, match="list index out of range"):
            g(np.ones(3), 2)


@pytest.mark.parametrize("place", ["before", "after"])
def test_a_view_of_a_list_is_not_used_when_other_items_lie_there(place):
    b = Builder()
    x = b.var("x", Type("float64", 1), (Const(3),))
    items = b.emit("empty", Const(3), dtype="float64", hint="items")
    view = b.load(items, (Slice(None, Const(2), None, ZERO, Const(2)),), hint="view")
    total = b.emit("sum", view, axes=(0,), keepdims=False)
    b.store(items, (ONE,), b.load(x, (ZERO,)))
    total = b.emit("sum", view, axes=(0,), keepdims=False) if place == "after" else total
    fn = b.finish("f", [x], [total])
    if place == "before":
        check_shrunk_lists(fn, {items})
        return
    with pytest.raises(ad.UnsupportedSyntax, match="in an expression that has read it"):
        check_shrunk_lists(fn, {items})


def settled_in_each_iteration(steps):
    def f(x):
        total = x[0]
        for i in steps(18):
            hs, k = [x[i % 3]], 0
            while k < 2 * i:
                hs.append(np.sin(hs[-1] + 0.1 * total))
                k += 1
            total = 0.5 * total + hs[-1] * hs[len(hs) // 2]
        return total

    return f


def test_lists_in_checkpointed_loops():
    x = np.array([0.9, 0.4, 0.7])
    with interpreted():
        gradient = ad.grad(settled_in_each_iteration(range))(x)
        for made in (
            ad.grad(settled_in_each_iteration(ad.checkpointed_range)),
            ad.grad(settled_in_each_iteration(range), memory=512),
        ):
            np.testing.assert_allclose(made(x), gradient, rtol=1e-12)
        for refused in (
            ad.grad(growing_in_loops(ad.checkpointed_range)),
            ad.grad(growing_in_loops(range), memory=512),
        ):
            with pytest.raises(ad.UnsupportedSyntax, match="grows there"):
                refused(x)


def sorted_into_bins(x, n):
    bins = [[] for _ in range(18)]
    for i in range(n):
        for k in range(18):
            bins[k].append(x[i] * (k + 1.0))
    return sum(sum(b) for b in bins)


def test_a_loop_appends_to_any_number_of_lists():
    with interpreted():
        value, gradient = ad.value_and_grad(sorted_into_bins)(np.arange(3.0), 3)
    assert value == sorted_into_bins(np.arange(3.0), 3)
    assert np.array_equal(gradient, np.full(3, 171.0))
