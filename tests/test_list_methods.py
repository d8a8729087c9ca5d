"""Methods of lists: what they do where Python's raise, and what is refused of lists of arrays."""

from __future__ import annotations

import numpy as np
import pytest

import adcompiler as ad
from tests.support.cases import interpreted

X = np.array([2.0, 3.0, 5.0])


def test_nothing_is_taken_from_an_empty_list():
    def f(x):
        stack, total = [x[0]], 0.0
        while total < 10.0:
            total += stack.pop()
        return total

    with interpreted(), pytest.raises(IndexError, match="pop from empty list"):
        ad.grad(f)(np.ones(2))


def test_no_item_is_taken_from_a_place_that_a_list_has_not():
    def f(x, k):
        values = [(v, 2.0) for v in x]
        del values[0]
        taken = values.pop(k)
        values.insert(9, taken)
        return values[0][0] * values[1][0] * values[1][1]

    x = np.array([2.0, 3.0, 5.0])
    with interpreted():
        g = ad.grad(f)
        for k in (0, 1, -1, -2):
            assert g.primal(x, k) == f(x, k)
            assert g(x, k).sum() == 16.0
        for k in (2, -3):
            with pytest.raises(IndexError, match="pop index out of range"):
                g(x, k)


def places(x, wanted, start, stop):
    values, known = [v * 1.0 for v in x], (3, 4, 3, 5)
    return x[0] * values.index(wanted, start, stop) + known.index(3, 1) + list(known).index(3, -2, -1)


def test_an_item_is_looked_for_between_two_places():
    with interpreted():
        g = ad.grad(places)
        for k in range(3):
            for start in range(-5, 5):
                for stop in range(-5, 5):
                    if k in range(3)[start:stop]:
                        assert g.primal(X, X[k], start, stop) == places(X, X[k], start, stop)
                        continue
                    with pytest.raises(ValueError, match="the item is not in list"):
                        g.primal(X, X[k], start, stop)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda q: q.index(9.0), ValueError, "^9.0 is not in list"),
        (lambda q: q.remove(9.0), ValueError, r"^list.remove\(x\): x not in list"),
        (lambda q: [4, 5].remove(6), ad.UnsupportedSyntax, r"list.remove\(x\): x not in list"),
        (lambda q: (4, 5).index(4, 1), ad.UnsupportedSyntax, r"tuple.index\(x\): x not in tuple"),
        (lambda q: q.insert(1), ad.TypeProblem, r"^insert\(\) does not take 1 arguments"),
        (lambda q: [1.0].append(), ad.TypeProblem, r"^append\(\) does not take 0 arguments"),
        (lambda q: q.pop(index=1), ad.TypeProblem, r"^pop\(\) takes no keyword arguments"),
        (lambda q: tuple(q), ad.UnsupportedSyntax, r"^tuple\(\) of values whose number is known only at run time"),
        (lambda q: sorted(q, key=lambda v: np.array([1.0, v])), ad.TypeProblem, "by keys that are not numbers"),
    ],
)
def test_messages_are_like_those_of_python(call, error, message):
    def f(x):
        values = [v * 1.0 for v in x]
        call(values)
        return x[0]

    with interpreted(), pytest.raises(error, match=message):
        ad.grad(f)(X)


ARRAYS = (
    lambda q, x: q.pop(),
    lambda q, x: q.pop(0),
    lambda q, x: q.insert(0, x),
    lambda q, x: q.remove(x),
    lambda q, x: q.clear(),
    lambda q, x: q.reverse(),
    lambda q, x: q.sort(key=np.sum),
)


@pytest.mark.parametrize("change", ARRAYS)
def test_arrays_stay_in_their_places(change):
    def f(x):
        queue = [v * x for v in x]
        change(queue, x)
        return queue[0][0]

    with pytest.raises(ad.UnsupportedSyntax, match=r"\(\).* of a list of arrays, lists or objects whose length"):
        ad.grad(f)(X)


@pytest.mark.parametrize("known", [False, True])
def test_arrays_that_are_sorted_are_items_of_both_lists(known):
    def f(x, written):
        rows = [x * 3.0, x * 2.0] if known else [v * x for v in x]
        ordered = sorted(rows, key=np.sum)
        if written == "item":
            ordered[0][0] = 7.0
        if written == "row":
            rows[0][0] = 7.0
        return rows[0][0] + 2.0 * ordered[0][1]

    with interpreted():
        assert ad.grad(f).primal(X, "") == f(X, "")
        for written in ("item", "row"):
            with pytest.raises(ad.UnsupportedSyntax, match="written"):
                ad.grad(f)(X, written)
        with pytest.raises(ad.UnsupportedSyntax, match="items other than numbers"):
            ad.grad(lambda x: sorted([v * x[:1] for v in x])[0][0])(X)


def test_a_list_of_which_items_are_taken_may_not_hold_arrays():
    def f(x):
        hs, k = [x * 2.0], 0
        while k < 3:
            h = hs.pop()
            hs.append(h * x)
            k += 1
        return np.sum(hs[0])

    with pytest.raises(ad.UnsupportedSyntax):
        ad.grad(f)(np.ones(2))


def in_order(x, down):
    pairs = [(v, (i * 7 % 3, v * v)) for i, v in enumerate(x)]
    pairs.sort(key=lambda pair: x[pair[1][0]] < 1.5, reverse=down)
    total = sum(v * w * (k + 1.0) for k, (v, (_, w)) in enumerate(pairs))
    pairs.sort(reverse=down)
    first, second = sorted([(x[1], 1, 2.0), (x[1] * 1.0, 0, 3.0)], reverse=down)
    total += first[0] * first[2] + second[0] * second[2] * 3.0
    return total + sum(v * (w + n) * (k + 1.0) for k, (v, (n, w)) in enumerate(pairs))


def test_equal_items_stay_in_their_order():
    x = np.array([2.0, 1.0, 2.0, 3.0, 1.0, 2.0, 0.5])
    distinct = x + 0.01 * np.arange(7.0)
    with interpreted():
        g = ad.grad(in_order)
        for down in (False, True):
            assert g.primal(x, down) == pytest.approx(in_order(x, down), rel=1e-13)
            assert ad.gradcheck(lambda x, down=down: in_order(x, down), distinct)
        with pytest.raises(ValueError, match="NaN"):
            g(np.array([1.0, np.nan]), False)
