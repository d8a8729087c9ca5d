"""Views that count no reference of their own never outlive the memory they are in, and all memory is given up."""

import gc

import numpy as np
import pytest
from numba.core.runtime import _nrt_python, rtsys

from adcompiler.backend import cpu
from adcompiler.backend.llvm import variables

_TEXT = """import numba as nb
import numpy as np


@nb.njit(error_model="numpy", nogil=True)
def spoiled(n):
    over = np.empty((n, n))
    for i in range(n):
        for j in range(n):
            over[i, j] = 99.0
    return over[0, 0]


@nb.njit(error_model="numpy", nogil=True)
def filled(n):
    made = np.empty((n, n))
    for i in range(n):
        for j in range(n):
            made[i, j] = 10.0 * i + j
    return made


"""

_BODIES = {
    "rows_of_a_longer_lived_matrix": """
    b = filled(n)
    total = 0.0
    for i in range(n):
        row = b[i]
        turned = b.T
        total += row[1] - turned[0, i] + spoiled(n)
    return total + b[1, 1]
""",
    "a_view_after_the_last_mention_of_its_matrix": """
    b = filled(n)
    row = b[1]
    return spoiled(n) + row[2]
""",
    "a_view_after_another_matrix_has_the_name": """
    b = filled(n)
    row = b[1]
    b = filled(n)
    b[1, 2] = 5.0
    return spoiled(n) + row[2] + b[1, 2]
""",
    "a_view_after_the_matrix_was_read_in_a_branch": """
    b = filled(n)
    row = b[1]
    found = 0.0
    if a[0, 0] > 1.0:
        found = b[2, 2]
    else:
        found = spoiled(n)
    return spoiled(n) + row[2] + found
""",
    "a_view_after_the_matrix_was_read_in_its_block": """
    b = filled(n)
    turned = b.T
    found = b[2, 2]
    return found + spoiled(n) + turned[2, 1]
""",
    "views_of_views": """
    b = filled(n)
    turned = b.T
    same = turned
    row = same[1]
    other = same.T
    found = other[1, 2] + spoiled(n)
    return found + row[2] + b[0, 1]
""",
    "views_of_views_that_outlive_the_matrix": """
    b = filled(n)
    turned = b.T
    same = turned
    row = same[1]
    found = spoiled(n) + b[0, 1]
    return found + row[2] + spoiled(n) + same[1, 1]
""",
    "views_of_a_view_after_its_matrix_is_given_up": """
    b = filled(n)
    turned = b.T
    found = 0.0
    for i in range(n):
        found += spoiled(n)
    row = turned[1]
    same = row
    found += spoiled(n)
    return found + row[2] + same[1]
""",
    "a_matrix_of_each_iteration": """
    total = 0.0
    kept = a[0]
    for i in range(n):
        b = filled(n)
        row = b[i]
        column = b.T[i]
        total += row[1] + kept[1] + spoiled(n)
        if i == 2:
            continue
        total += column[1] + b[0, 0]
        kept = row
    return total + kept[2] + spoiled(n)
""",
    "a_loop_that_is_left": """
    b = filled(n)
    row = b[0]
    for i in range(n):
        row = b[i]
        turned = b.T
        total = row[1] + spoiled(n)
        if turned[0, i] > 15.0:
            return row, total
    return b[0], 0.0
""",
    "results_that_are_views": """
    b = filled(n)
    row = b[1]
    turned = b.T
    other = a[1]
    found = b[0, 0] + spoiled(n)
    return row, turned, other, a.T, found
""",
    "a_row_in_a_tuple": """
    b = filled(n)
    row = b[1]
    both = (row, b.T)
    found = b[0, 0] + spoiled(n)
    return both[0][1] + both[1][2, 1] + found
""",
    "a_row_of_a_copy_of_rows": """
    places = np.array([1, 2])
    rows = a[places]
    row = rows[0]
    found = spoiled(2) + np.full((2, 4), 99.0)[0, 0]
    return found + row[0] + row[1]
""",
    "a_row_of_the_rows_that_a_test_selects": """
    b = filled(4)
    rows = b[b[:, 0] > 5.0]
    row = rows.T[1]
    found = b[1, 1] + np.full((3, 4), 98.0)[0, 0]
    return found + row[0] + row[1] + b[0, 1]
""",
    "parts_by_slices_and_new_axes": """
    b = filled(n)
    corner = b.T[1:, ..., ::-1]
    column = corner[1]
    deep = b[None, 1]
    row = deep[0]
    found = column[0] + row[2] + spoiled(n)
    return found + b[1, 1], column, row[:2]
""",
    "an_argument_whose_name_has_other_values": """
    b = filled(n)
    if n > 2:
        row = b[2]
    else:
        for i in range(4):
            if i == 0:
                return a.copy(), b[1]
            a = a.T
    both = filled(n), filled(n), filled(n), filled(n)
    return a.copy(), both[0][1]
""",
    "arrays_before_an_error": """
    b = filled(n)
    if n > 3:
        c = filled(n)
        row = c[1]
        other = b[2]
        a[0, 0] = row[1] + other[1] + spoiled(n)
        raise ValueError("large")
    return b[0, 1]
""",
    "views_and_errors": """
    b = filled(n)
    row = b[1]
    turned = a.T
    if n > 3:
        found = row[1] + turned[1, 0] + spoiled(n)
        if found > 5.0:
            raise ValueError("large")
    return b[0, 1]
""",
}


def _text(body: str) -> str:
    return _TEXT + "def taken(a, n):\n" + body.replace("\n\n", "\n").lstrip("\n") + "\n"


def _results(function, a, n):
    try:
        found = function(a, n)
    except ValueError as error:
        return [str(error)]
    return [np.array(x) for x in (found if isinstance(found, tuple) else (found,))]


@pytest.mark.parametrize("name", _BODIES)
@pytest.mark.parametrize("n", [3, 4])
def test_views_hold_what_python_has_in_them_and_all_memory_is_given_up(name, n):
    text, a, scope = _text(_BODIES[name]), np.arange(16.0).reshape(4, 4), {}
    exec(text, scope)
    compiled = cpu.numba_function(text, "taken", keep=False)
    _results(compiled, a, n)
    _nrt_python.memsys_enable_stats()
    before = rtsys.get_allocation_stats()
    found = [_results(compiled, a, n) for _ in range(3)]
    gc.collect()
    after = rtsys.get_allocation_stats()
    _nrt_python.memsys_disable_stats()
    for results in found:
        for one, expected in zip(results, _results(scope["taken"], a, n), strict=True):
            np.testing.assert_array_equal(one, expected)
    assert after.alloc - before.alloc == after.free - before.free >= 6


def _lent(monkeypatch, body):
    """The views of a function that count no reference."""
    made, plain = [], variables.lent
    monkeypatch.setattr(variables, "lent", lambda *given: made.append(plain(*given)) or made[-1])
    # another text, which has not been compiled yet
    _results(cpu.numba_function(_text(body) + "# again\n", "taken", keep=False), np.arange(16.0).reshape(4, 4), 4)
    return {name.split(".")[0] for names in made for name in names if not name.startswith("$")}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("rows_of_a_longer_lived_matrix", {"row", "turned"}),
        ("a_view_after_the_last_mention_of_its_matrix", set()),
        ("a_view_after_the_matrix_was_read_in_a_branch", set()),
        ("a_view_after_the_matrix_was_read_in_its_block", set()),
        ("views_of_views", {"turned", "same", "row", "other"}),
        ("views_of_a_view_after_its_matrix_is_given_up", set()),
        ("results_that_are_views", {"other"}),
        ("a_row_of_a_copy_of_rows", set()),
    ],
)
def test_views_of_what_lives_longer_count_no_reference(monkeypatch, name, expected):
    assert _lent(monkeypatch, _BODIES[name]) == expected
