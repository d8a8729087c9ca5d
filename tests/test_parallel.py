"""Loops that threads share: which are, that nobody can tell, and what threads and exceptions do to each other."""

from __future__ import annotations

import math
import multiprocessing
import re
import threading
import zlib
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numba
import numpy as np
import pytest

import adcompiler as ad
from adcompiler.analysis.independence import Apart, Independence
from adcompiler.backend.cpu import python_function
from adcompiler.backend.runtime import threads
from adcompiler.compile import lowering
from adcompiler.emit import sharing
from adcompiler.emit.text import emit
from adcompiler.ir.verify import verify
from adcompiler.ir.walk import walk
from adcompiler.ir.wengert import Func, Loop
from adcompiler.optimise.machine.downward import hide_downward
from adcompiler.optimise.machine.reductions import mark_reductions
from adcompiler.optimise.machine.vector_calls import mark_lanes
from adcompiler.options import Options
from tests.support.cases import Case, interpreted
from tests.support.registry import Program, load_programs
from tests.support.trees import assert_same

# as plain Python cannot run them
FOR_THE_COMPILER = (mark_reductions, mark_lanes, hide_downward)


def three() -> int:
    """So many stretches, whatever the machine has; Numba's threads have begun."""
    assert numba.get_num_threads() > 0
    return 3


@pytest.fixture(autouse=True)
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """However little a loop has to do, threads share it."""
    monkeypatch.setattr(sharing, "WORTH", -1e300)
    monkeypatch.setattr(threads, "_allowed", three)


@pytest.fixture
def many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plain Python runs as many stretches as most loops here have iterations."""
    monkeypatch.setattr(threads, "parts", lambda work, size: 40)
    monkeypatch.setattr(threads, "ended", lambda: 0)


def shared(fn: Func) -> list[Loop]:
    """The loops of a function that threads share."""
    return [s for s in walk(fn.body) if isinstance(s, Loop) and s.share is not None]


def lowered(readable: Func) -> Func:
    """The lowered form that threads share, as plain Python can run it."""
    for stage in lowering(Options(target="parallel")):
        if stage not in FOR_THE_COMPILER:
            readable = stage(readable)
    return verify(readable)


def backwards(fn: Func) -> Callable[..., Any]:
    """The function as plain Python, in which the last stretch runs first."""
    ascending = r"(\n    for \w+ in )(range\(\w+\)):(\n        _guarded)"
    text, count = re.subn(ascending, r"\1reversed(\2):\3", emit(fn, "python"))
    assert count == len(shared(fn))
    return python_function(text, fn.name, keep=False)


def found_backwards(case: Case) -> tuple[Any, Any]:
    """What a program's gradient is, and what its stretches, run backwards, give."""
    args = case.program.args()
    view = case.or_refused(lambda: case.grad_of_loss.view(*args))
    fn = lowered(view.plan.compiled.stages["readable"])
    _, leaves = view.subject.find(view.subject.binder.values(args, {}))
    with interpreted():
        results = backwards(fn)(*view.instance.fresh(leaves))
        found = view.plan.make(results if view.plan.count > 1 else (results,))
        return case.grad_of_loss(*case.program.args()), found


def chosen() -> list[Any]:
    """All programs; a fixed few where `make test` runs."""
    few = [pytest.param(p, id=p.name) for p in load_programs()]
    return [
        p if zlib.crc32(str(p.id).encode()) % 20 == 0 else pytest.param(*p.values, marks=pytest.mark.slow, id=p.id)
        for p in few
    ]


@pytest.mark.parametrize("program", chosen())
@pytest.mark.usefixtures("many")
def test_stretches_may_run_in_any_order(program: Program) -> None:
    case = Case(program, plain=True)
    if case.is_structure:
        pytest.skip("several outputs")
    expected, found = found_backwards(case)
    assert_same(found, expected, rtol=1e-4 if case.is_single else 1e-9)


# -- proofs ------------------------------------------------------------------------------------------------------------


def recurrence(x):
    y = x.copy()
    for i in range(1, x.shape[0]):
        y[i] = np.sin(y[i - 1]) * y[i] + y[i - 1]
    return np.sum(y)


def rows_of_work(x):
    work = np.empty(x.shape[1])
    total = 0.0
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            work[j] = np.sin(x[i, j])
        for j in range(x.shape[1]):
            total += work[j] * work[x.shape[1] - 1 - j]
    return total


def carried_work(x):
    work = np.zeros(x.shape[1])
    total = 0.0
    for i in range(x.shape[0]):
        for j in range(x.shape[1] - 1):
            work[j] = np.sin(x[i, j]) + work[j + 1]
        for j in range(x.shape[1]):
            total += work[j] * work[j]
    return total


def work_with_a_margin(x):
    n = x.shape[1]
    work = np.zeros(n + 2)
    total = 0.0
    for i in range(x.shape[0]):
        for j in range(n):
            work[j + 1] = np.sin(x[i, j])
        for j in range(n):
            total += np.exp(work[j] - work[j + 2])
    return total


def work_that_another_iteration_fills(x):
    n = x.shape[1]
    work = np.zeros(n + 2)
    total = 0.0
    for i in range(x.shape[0]):
        for j in range(min(i, n)):
            work[j + 1] = np.sin(x[i, j])
        for j in range(n):
            total += np.exp(work[j] - work[j + 2])
    return total


def scatter(x, k):
    out = np.zeros(x.shape[0])
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            out[k[i, j]] += np.sin(x[i, j]) * np.exp(x[i, j])
    return np.sum(out * out)


def not_only_added_to(x, k):
    out = np.zeros(x.shape[0])
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            out[k[i, j]] += np.sin(x[i, j]) * np.exp(x[i, j])
        out[0] = out[0] * 0.5 + np.cos(x[i, 0])
    return np.sum(out * out)


def in_place(x):
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            x[i, j] = math.log(x[i, j]) * 2.0 + math.exp(-x[i, j])
    return np.sum(x)


def decided_by_what_it_changes(x):
    y = np.cumsum(x[:, ::-1], axis=1)
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            y[i, j] = math.log(y[i, j]) * 2.0 + math.exp(-x[i, j])
    return np.sum(y)


def decided_by_what_it_reads(x):
    y = np.cumsum(x[:, ::-1], axis=1)
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            y[i, j] = y[i, j] * math.log(x[i, j]) * 2.0 + math.exp(-x[i, j])
    return np.sum(y)


def state_of_an_iteration(x):
    total = 0.0
    for i in range(x.shape[0]):
        y = x[i].copy()
        for _ in range(3):
            y = y + np.sin(y) * np.exp(-y)
        total += np.sum(y * y)
    return total


def leaves_early(x):
    total = 0.0
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            total += np.sin(x[i, j])
        if total > 1e6:
            break
    return total


def stops_at_a_row(x):
    total = 0.0
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            total += np.sin(x[i, j]) * np.exp(x[i, j])
        if x[i, 0] > 0.9:
            break
    return total


def running_sum(x):
    out = np.zeros(x.shape[0])
    total = 0.0
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            total += np.sin(x[i, j]) * np.exp(x[i, j])
        out[i] = total
    return np.sum(out * out)


def sum_so_far(x):
    out = np.zeros(x.shape[0])
    total = 0.0
    for i in range(x.shape[0]):
        out[i] = total
        for j in range(x.shape[1]):
            total += np.sin(x[i, j]) * np.exp(x[i, j])
    return np.sum(out * out)


def writes_what_the_caller_sees(x):
    y = np.cumsum(x[:, ::-1], axis=1)
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            x[i, j] = math.log(y[i, j]) * 2.0 + math.exp(-y[i, j])
    return np.sum(x)


def log_of_trips(x):
    log = np.zeros(64)
    total = 0.0
    for i in range(x.shape[0]):
        trip, s = 0, x[i, 0]
        while s < 4.0:
            log[trip] = s
            s = s * 1.5 + np.sin(s) * np.exp(-s)
            trip += 1
        for k in range(trip):
            total += log[k] * np.cos(log[k])
    return total


def log_of_other_trips(x):
    log = np.zeros(64)
    total = 0.0
    for i in range(x.shape[0]):
        trip, s = 0, x[i, 0]
        while s < 4.0:
            log[trip] = s
            s = s * 1.5 + np.sin(s) * np.exp(-s)
            trip += 1
        for k in range(trip + 1):
            total += log[k] * np.cos(log[k])
    return total


def conditional_sum(x):
    total = 0.0
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            if x[i, j] > 0.3:
                total += np.sin(x[i, j])
    return total


def largest(x):
    best = 0.0
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            best = max(best, np.sin(x[i, j]) * np.cos(x[i, j]))
    return best


def extremes(x):
    top, bottom = -np.inf, np.inf
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            wave = np.sin(x[i, j]) * np.cos(x[i, j]) + np.exp(x[i, j])
            top = np.maximum(top, wave)
            bottom = np.minimum(wave, bottom)
    return top - 2.0 * bottom


def extreme_so_far(x):
    top, total = -np.inf, 0.0
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            top = np.maximum(top, np.sin(x[i, j]) * np.cos(x[i, j]))
        total += top
    return total


def extreme_of_a_sum(x):
    top = 0.0
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            top = np.maximum(top, np.sin(x[i, j]) * np.cos(x[i, j])) + 0.1
    return top


X = np.random.default_rng(0).uniform(0.1, 1.0, size=(12, 9))
K = np.random.default_rng(1).integers(0, 12, size=(12, 9))


@pytest.mark.parametrize(
    ("function", "args", "outermost"),
    [
        (recurrence, (X[:, 0],), False),
        (rows_of_work, (X,), True),
        (carried_work, (X,), False),
        (work_with_a_margin, (X,), True),
        (work_that_another_iteration_fills, (X[::-1],), False),
        (scatter, (X, K), True),
        (not_only_added_to, (X, K), False),
        (in_place, (X,), False),
        (decided_by_what_it_changes, (X,), False),
        (decided_by_what_it_reads, (X,), True),
        (state_of_an_iteration, (X,), True),
        (leaves_early, (X,), False),
        (stops_at_a_row, (X,), False),
        (running_sum, (X,), False),
        (sum_so_far, (X,), False),
        (writes_what_the_caller_sees, (X,), False),
        (log_of_trips, (X,), True),
        (log_of_other_trips, (X,), False),
        (conditional_sum, (X,), True),
        (largest, (X,), False),
        (extremes, (X,), True),
        (extreme_so_far, (X,), False),
        (extreme_of_a_sum, (X,), False),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
@pytest.mark.usefixtures("many")
def test_loops_are_shared_where_iterations_are_independent(
    function: Callable[..., Any], args: tuple[Any, ...], outermost: bool
) -> None:
    view = ad.grad(function, cache=False).primal.view(*(a.copy() for a in args))
    fn = lowered(view.plan.compiled.stages["readable"])
    found = any("for i in" in loop.span.text for loop in shared(fn) if loop.span)
    assert found == outermost, ad.grad(function, target="parallel").primal.explain(*args)
    with interpreted():
        value = backwards(fn)(*(a.copy() for a in args))
    np.testing.assert_allclose(np.ravel(value)[0], function(*(a.copy() for a in args)), rtol=1e-12)


def roots(m, e):
    total = 0.0
    for i in range(m.shape[0]):
        x, step = m[i], 1.0
        while abs(step) > 1e-12:
            step = (x - e * np.sin(x) - m[i]) / (1.0 - e * np.cos(x))
            x = x - step
        total += np.cos(x) * m[i]
    return total


@pytest.mark.usefixtures("many")
def test_records_of_a_while_in_an_iteration_are_its_own() -> None:
    expected, found = found_backwards(Case(Program("roots", roots, lambda _: (X[0], 0.3), (0, 1), False), plain=True))
    assert_same(found, expected, rtol=1e-10)
    explained = ad.grad(roots, (0, 1), target="parallel", cache=False).explain(X[0], 0.3)
    assert re.search(r"for i in range.* threads, each with its own .*tape", explained)


@pytest.mark.parametrize(
    ("function", "args"), [(recurrence, (X[:, 0],)), (carried_work, (X,)), (not_only_added_to, (X, K))]
)
@pytest.mark.usefixtures("many")
def test_without_the_proof_the_order_shows(
    function: Callable[..., Any], args: tuple[Any, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Independence, "apart", lambda _, loop, *__: Apart((), (), ("add",) * len(loop.carried)))
    view = ad.grad(function, cache=False).primal.view(*args)
    fn = lowered(view.plan.compiled.stages["readable"])
    with interpreted():
        found = backwards(fn)(*args)
    assert not np.isclose(np.ravel(found)[0], function(*args))


# -- compiled ----------------------------------------------------------------------------------------------------------


def item(w, x, k):
    h = np.zeros(4)
    for j in range(4):
        h[j] = math.log(w[k] * x[j]) * w[j]
    return np.sum(h) * h[0]


def total(w, x, k):
    return np.sum(ad.batched(item, in_axes=(None, 0, 0))(w, x, k))


W = np.array([1.0, 1.5, 0.5, 2.0])
ITEMS = np.random.default_rng(2).uniform(1.0, 2.0, size=(60, 4))
CHOICES = np.random.default_rng(3).integers(0, 4, size=60)


@pytest.fixture(scope="module")
def parallel() -> Any:
    """A function of which threads share the loop over items: its value, and its gradient by what items share."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sharing, "WORTH", -1e300)
        patch.setattr(threads, "_allowed", three)
        made = ad.value_and_grad(total, (0, 1), target="parallel", cache=False)
        made(W, ITEMS, CHOICES)
    return made


@pytest.fixture(scope="module")
def expected() -> Any:
    with interpreted():
        return ad.value_and_grad(total, (0, 1), cache=False)(W, ITEMS, CHOICES)


def test_threads_give_what_one_thread_gives(parallel: Any, expected: Any) -> None:
    found = parallel(W, ITEMS, CHOICES)
    assert_same(found, expected, rtol=1e-12)
    for _ in range(5):
        again = parallel(W, ITEMS, CHOICES)
        assert again[0] == found[0]
        assert all(np.array_equal(a, b) for a, b in zip(again[1], found[1], strict=True))
    assert "nb.prange(" in parallel.lowered_source()
    assert re.search(r"threads, each with its own .*w_bar", parallel.explain())


@pytest.mark.parametrize("shape", [(1,), (8,), (13,), (16,), (17,), (8, 4), (64, 40), (2, 8191 // 2)])
def test_the_copies_of_threads_share_no_row_of_a_cache(shape: tuple[int, ...]) -> None:
    """Two threads that add to neighbouring rows take as long as one: 128 bytes lie between what they write."""
    array, parts = np.zeros(shape), 3
    scope = {"np": np, "array": array, "parts": parts}
    scope["copies"] = copies = eval(sharing.zeros("array", "parts"), scope)
    rows = [eval(sharing.row("copies", str(k), "parts"), scope) for k in range(parts)]
    assert all(row.shape == array.shape for row in rows)
    starts = [row.__array_interface__["data"][0] for row in rows]
    begin = copies.__array_interface__["data"][0]
    before, after = begin + 128, begin + copies.nbytes - array.nbytes - 128
    assert starts == sorted(starts) and before <= starts[0] and starts[-1] <= after
    assert all(second - first >= array.nbytes + 128 for first, second in pairwise(starts))
    assert not copies.any()


def test_extremes_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharing, "WORTH", -1e300)
    monkeypatch.setattr(threads, "_allowed", three)
    value = ad.grad(extremes, target="parallel", cache=False).primal
    assert value(X) == pytest.approx(extremes(X), rel=1e-14)
    assert "nb.prange(" in value.lowered_source()
    for row in (0, 7, 11):
        odd = X.copy()
        odd[row, 3] = np.nan
        assert np.isnan(value(odd))


def test_exceptions_of_threads_are_those_of_the_first_item(parallel: Any, expected: Any) -> None:
    for wrong, error in ((4, IndexError), (-1, None)):
        choices = CHOICES.copy()
        choices[[37, 52]] = wrong
        items = ITEMS.copy()
        items[52, 1] = -1.0
        with pytest.raises(error or ValueError) as caught:
            parallel(W, items, choices)
        with pytest.raises(error or ValueError) as plain:
            total(W, items, choices)
        assert type(caught.value) is type(plain.value)
    assert_same(parallel(W, ITEMS, CHOICES), expected, rtol=1e-12)


def test_calls_from_several_threads(parallel: Any, expected: Any) -> None:
    found: list[Any] = []

    def calls() -> None:
        found.extend(parallel(W, ITEMS, CHOICES) for _ in range(20))

    callers = [threading.Thread(target=calls) for _ in range(4)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert len(found) == 80
    for one in found:
        assert_same(one, expected, rtol=1e-12)


# other libraries in the process, and Python itself, warn of any fork beside threads
@pytest.mark.filterwarnings("ignore:.*fork.*")
@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="no fork")
def test_a_forked_process_runs_one_thread(parallel: Any, expected: Any) -> None:
    parallel(W, ITEMS, CHOICES)
    context = multiprocessing.get_context("fork")
    results = context.Queue()
    process = context.Process(target=lambda: results.put((threads.parts(1e9, 0.0), parallel(W, ITEMS, CHOICES)[0])))
    process.start()
    count, value = results.get(timeout=60)
    process.join(60)
    assert process.exitcode == 0
    assert count == 1
    np.testing.assert_allclose(value, expected[0], rtol=1e-12)


def test_a_work_queue_has_one_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "_is_queue", lambda: True)
    assert [threads.parts(1e6, 0.0) for _ in range(2)] == [3, 1]
    threads.ended()
    assert threads.parts(1e6, 0.0) == 3
    threads.ended()
    # arrays of each thread that take longer to fill and to add up than the loop
    assert threads.parts(1e6, 1e6) == 1
