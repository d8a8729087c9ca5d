"""Sparse Jacobians and Hessians: the same as dense ones, no entry missed, few directions, and patterns found again."""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from scipy import sparse

import adcompiler as ad
from adcompiler.calls.matrices import patterns, sparsity_loops
from adcompiler.calls.matrices.colours import Entries, groups
from adcompiler.calls.matrices.sparse import SparseMatrix
from adcompiler.emit.functions.sets import FIRST, LACKING, ROOM, UNION, UNITED
from tests.support.cases import interpreted
from tests.support.registry import PROGRAMS, load_programs
from tests.support.trees import leaves


def compared(function: Any, *args: Any, kind: str = "jacobian", argnums: Any = 0) -> tuple[Any, Any]:
    """The sparse matrix, and what computes it; it agrees with the dense one."""
    made = getattr(ad, kind)(function, argnums, mode="sparse")
    found, dense = made(*args), getattr(ad, kind)(function, argnums)(*args)
    assert isinstance(found, sparse.csr_matrix)
    np.testing.assert_allclose(found.toarray(), np.reshape(dense, found.shape), rtol=1e-10, atol=1e-12)
    (whole,) = (p for p in made.last[0].plans.values() if isinstance(p, SparseMatrix) and p.kind == kind)
    return found, whole


def directions(whole: SparseMatrix) -> int:
    assert whole.known is not None
    return sum(len({k for s in run.seeds[:-1] for k in np.ravel(s) if k in lanes(run)}) for run in whole.known.runs)


def lanes(run: Any) -> range:
    return range(run.seeds[-1])


@pytest.fixture
def plainly() -> Iterator[None]:
    with interpreted():
        yield


plain = pytest.mark.usefixtures("plainly")


@pytest.fixture
def x() -> np.ndarray:
    return np.random.default_rng(0).normal(size=60)


# -- patterns that are known --------------------------------------------------------------------------------------


def tridiagonal(x):
    r = x * x
    r[1:] += x[:-1] * 2.0
    r[:-1] -= np.sin(x[1:])
    return r


def arrow(x):
    r = x**2 * x[0]
    r[0] = np.sum(x**3)
    return r


def rosenbrock(x):
    s = 0.0
    for i in range(x.shape[0] - 1):
        s += 100.0 * (x[i + 1] - x[i] ** 2) ** 2 + (1.0 - x[i]) ** 2
    return s


def arrow_energy(x):
    return np.sum(x**4) + x[0] * np.sum(x[1:] ** 2)


def test_tridiagonal(x: np.ndarray) -> None:
    found, whole = compared(tridiagonal, x)
    assert found.nnz == 3 * x.size - 2 and directions(whole) == 3


@plain
def test_arrow(x: np.ndarray) -> None:
    found, whole = compared(arrow, x)
    assert found.nnz == 3 * x.size - 2 and directions(whole) == 3


@plain
def test_hessians(x: np.ndarray) -> None:
    found, whole = compared(rosenbrock, x, kind="hessian")
    assert found.nnz == 3 * x.size - 2 and directions(whole) == 3
    found, whole = compared(arrow_energy, x, kind="hessian")
    assert found.nnz == 3 * x.size - 2 and directions(whole) <= 3


def wide(x):
    return np.array([np.sum(x[:30]), np.sum(x[30:] ** 2)])


@plain
def test_rows_where_these_are_fewer(x: np.ndarray) -> None:
    found, whole = compared(wide, x)
    assert found.nnz == x.size and directions(whole) == 1


def bar(u, stiffness):
    """A row of elements, each of two nodes."""
    force = np.zeros_like(u)
    for e in range(u.shape[0] - 1):
        f = stiffness[e] * np.tanh(u[e + 1] - u[e])
        force[e] -= f
        force[e + 1] += f
    return force


def membrane(u, nodes, area):
    """Triangles that gather their nodes and scatter their forces."""
    force = np.zeros_like(u)
    for e in range(nodes.shape[0]):
        local = u[nodes[e]]
        mean = np.mean(local)
        for k in range(3):
            force[nodes[e, k]] += area[e] * (local[k] - mean) * (1.0 + mean**2)
    return force


def mesh(n: int) -> np.ndarray:
    cells = [(i * n + j) for i in range(n - 1) for j in range(n - 1)]
    return np.array([t for c in cells for t in ((c, c + 1, c + n), (c + 1, c + n + 1, c + n))])


@plain
def test_finite_elements(x: np.ndarray) -> None:
    found, whole = compared(bar, x, np.linspace(1.0, 2.0, x.size - 1))
    assert found.nnz == 3 * x.size - 2 and directions(whole) == 3
    nodes = mesh(7)
    u, area = np.random.default_rng(1).normal(size=49), np.linspace(0.5, 1.0, len(nodes))
    found, whole = compared(membrane, u, nodes, area)
    together = sparse.coo_matrix((np.ones(9 * len(nodes)), (np.repeat(nodes, 3, 1).ravel(), np.tile(nodes, 3).ravel())))
    assert found.nnz == together.tocsr().nnz and directions(whole) <= 10


def projections(cameras, points, weights, seen):
    r = np.empty((seen.shape[0], 2))
    for k in range(seen.shape[0]):
        c, p = cameras[seen[k, 0]], points[seen[k, 1]]
        depth = c[2] + p[2] * c[3]
        r[k, 0] = weights[k] * (c[0] + p[0] / depth)
        r[k, 1] = weights[k] * (c[1] + p[1] / depth)
    return r


def test_bundles() -> None:
    rng = np.random.default_rng(2)
    seen = np.stack([rng.integers(0, 4, 50), rng.integers(0, 20, 50)], 1)
    args = rng.normal(size=(4, 4)) + 3.0, rng.normal(size=(20, 3)), rng.normal(size=50), seen
    made = ad.jacobian(projections, (0, 1, 2), mode="sparse")
    parts, dense = made(*args), ad.jacobian(projections, (0, 1, 2))(*args)
    for part, whole, each in zip(parts, dense, (3, 2, 1), strict=True):
        np.testing.assert_allclose(part.toarray(), whole.reshape(part.shape), rtol=1e-12)
        assert part.nnz <= 100 * each
    (whole,) = (p for p in made.last[0].plans.values() if isinstance(p, SparseMatrix))
    assert directions(whole) == 6


# -- constructs -----------------------------------------------------------------------------------------------------


def branches(x):
    y = np.zeros_like(x)
    for i in range(1, x.shape[0]):
        y[i] = x[i] * x[i - 1] if x[i] > 0.0 else x[0]
    return y


def repeated(x):
    y, k = np.zeros_like(x), 0
    while x[k] < 1.0 and k < x.shape[0] - 1:
        y[k] = x[k] ** 2 + (y[k - 1] if k > 50 else 0.0)
        k += 1
    return y


def overwritten(x):
    y = x * x[0]
    y[3:9] = 1.0
    y[5] = x[7]
    z = y.copy()
    y[:] = 0.0
    return z


def in_place(x):
    x[1:] += x[:-1]
    x[10] = x[11] * x[12]
    return x


def chosen(x):
    return np.where(x > 0.0, x[::-1], np.maximum(x, np.roll(x, 1)))


def indices_again(x):
    k = np.array([3, 3, 5, 3, 0])
    y = np.zeros(8)
    for i in range(5):
        y[k[i]] += x[i] * x[k[i]]
    y[[1, 1, 2]] = x[[10, 11, 12]]
    return y


def by_largest(x):
    return x * x[np.argmax(x)]


def sorted_values(x):
    return np.sort(x)[::2] * x[1]


def reshaped(x):
    m = x.reshape(6, 10)
    return (m.T[2:5] * m[0, 3]).sum(axis=0, keepdims=True) + np.cumsum(m, axis=1)[:, :1].T


def products(x):
    m = x.reshape(6, 10)
    return m @ np.ones((10, 2)) + np.ones((6, 3)) @ m[:3, :2]


def solved(x):
    return np.linalg.solve(np.eye(3) * 4.0 + x[:9].reshape(3, 3), x[9:12]) * x[20]


def scans(x):
    s, y = 0.0, np.empty_like(x)
    for i in range(x.shape[0]):
        s = 0.5 * s + x[i]
        y[i] = s if i % 2 else x[i]
    return y


CONSTRUCTS = [branches, repeated, overwritten, in_place, chosen, indices_again, by_largest, sorted_values, reshaped]
CONSTRUCTS += [products, solved, scans]


@pytest.mark.parametrize("function", CONSTRUCTS)
def test_constructs(function: Any, x: np.ndarray) -> None:
    with interpreted():
        found, _ = compared(function, x.copy())
        assert found.nnz < 0.6 * np.prod(found.shape)
        compared(lambda v: np.sum(function(v) ** 2), x.copy(), kind="hessian")


@ad.custom_vjp
def declared(x):
    return np.sum(x**2) * x[0]


def declared_forward(x):
    return np.sum(x**2) * x[0], x


def declared_backward(x, bar):
    made = bar * x
    made[0] = bar * np.sum(x) ** 2
    return (made,)


declared.defvjp(declared_forward, declared_backward)


@plain
def test_declared_derivatives_need_not_be_symmetric(x: np.ndarray) -> None:
    found, whole = compared(lambda v: declared(v) + np.sum(v**3), x, kind="hessian")
    assert abs(found - found.T).max() > 0.1 and directions(whole) == x.size


# -- found again ------------------------------------------------------------------------------------------------------


def test_a_pattern_is_found_again_where_values_decide_it(x: np.ndarray) -> None:
    made = ad.jacobian(branches, mode="sparse")
    for values in (x, -x, x[::-1].copy(), np.append(x, 1.0)):
        np.testing.assert_array_equal(made(values).toarray(), ad.jacobian(branches)(values))


def test_a_pattern_that_no_value_decides_is_kept(x: np.ndarray) -> None:
    made = ad.jacobian(tridiagonal, mode="sparse")
    made(x)
    (whole,) = (p for p in made.last[0].plans.values() if isinstance(p, SparseMatrix))
    before = whole.known
    np.testing.assert_array_equal(made(x + 1.0).toarray(), ad.jacobian(tridiagonal)(x + 1.0))
    assert whole.known is before and whole.finder.read == ()
    made(x[1:])
    assert whole.known is not before


def roots(x):
    y = np.empty_like(x)
    for i in range(1, x.shape[0]):
        y[i] = math.sqrt(x[i] * x[i]) / math.log(2.0 + abs(x[i - 1]))
    y[0] = x[0]
    return y


@plain
def test_where_a_number_has_no_value_is_left_to_the_derivative(x: np.ndarray) -> None:
    _, whole = compared(roots, x)
    assert whole.finder.read == ()
    with pytest.raises(ValueError, match="math domain error"):
        ad.jacobian(lambda v: np.array([math.sqrt(v[0])]), mode="sparse")(-np.abs(x) - 1.0)


@plain
@pytest.mark.parametrize("kind", ["jacobian", "hessian"])
def test_a_pattern_of_another_course_is_refused(x: np.ndarray, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def function(v):
        y = branches(v)
        return y if kind == "jacobian" else np.sum(y**3)

    found = patterns.Finder.sets

    def moved(self, fresh, columns):
        # as if comparisons with zero had ended otherwise
        return found(self, lambda: [-fresh()[0]], columns)

    monkeypatch.setattr(patterns.Finder, "sets", moved)
    with pytest.raises(ad.NotDifferentiable, match="last bits"):
        getattr(ad, kind)(function, mode="sparse")(x)


def test_integers_decide_a_pattern(x: np.ndarray) -> None:
    made = ad.jacobian(lambda v, k: v[k] * v[:3], mode="sparse")
    for k in (np.array([0, 1, 2]), np.array([9, 9, 9])):
        np.testing.assert_array_equal(made(x, k).toarray(), ad.jacobian(lambda v, k: v[k] * v[:3])(x, k))


def test_a_matrix_may_be_changed(x: np.ndarray) -> None:
    made = ad.jacobian(tridiagonal, mode="sparse")
    first = made(x)
    first.data[:] = 0.0
    first.eliminate_zeros()
    first.indices[:] = 0
    np.testing.assert_array_equal(made(x).toarray(), ad.jacobian(tridiagonal)(x))


# -- large sets -------------------------------------------------------------------------------------------------------


def totals(x):
    y = x.copy()
    y[0] = np.sum(x)
    y[1] = np.sum(x[::2]) + y[0] * 0.0
    return y


@plain
@pytest.mark.parametrize("size", [300, 1000, 3000])
def test_rows_of_many_columns(size: int) -> None:
    found, whole = compared(totals, np.linspace(0.0, 1.0, size))
    assert found.nnz <= 3 * size and directions(whole) <= 4


def test_little_room_for_sets(x: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    grown = []

    def little(width: int, room: int) -> Any:
        grown.append(room)
        return patterns_new(width, width + 2 + len(grown) * 8)

    patterns_new = patterns.new_sets
    monkeypatch.setattr(patterns, "new_sets", little)
    with interpreted():
        found, _ = compared(lambda v: tridiagonal(v), x)
        assert found.nnz == 3 * x.size - 2 and len(grown) > 2
        monkeypatch.setattr(patterns, "WORDS", 0)
        grown.clear()
        found, _ = compared(lambda v: scans(v), x)
        assert len(grown) == 1 and found.nnz > 1.2 * np.count_nonzero(found.toarray())


# -- forms and mistakes -----------------------------------------------------------------------------------------------


@plain
def test_structures(x: np.ndarray) -> None:
    def parts(x, k):
        return {"scaled": k * x, "pair": (np.sum(x) ** 2, x[:3] * x[0])}

    found = ad.jacobian(parts, ("x", "k"), mode="sparse")(x, 3.0)
    dense = ad.jacobian(parts, ("x", "k"))(x, 3.0)
    for a, b in zip(
        (*found["scaled"], *found["pair"][0], *found["pair"][1]),
        (*dense["scaled"], *dense["pair"][0], *dense["pair"][1]),
        strict=True,
    ):
        np.testing.assert_allclose(a.toarray().reshape(np.shape(b)), b, rtol=1e-12)
    (xx, xk), (kx, kk) = ad.hessian(lambda x, k: k * np.sum(x**2), (0, 1), mode="sparse")(x, 3.0)
    assert xx.shape == (60, 60) and xk.shape == (60, 1) and kx.shape == (1, 60) and kk.shape == (1, 1)
    np.testing.assert_array_equal(xk.toarray(), kx.toarray().T)


@plain
def test_numbers_and_single_precision() -> None:
    assert ad.jacobian(lambda a: a * a, mode="sparse")(3.0).toarray() == [[6.0]]
    assert ad.jacobian(lambda a: 2.0 * a, mode="sparse")(np.zeros(0)).shape == (0, 0)
    found = ad.jacobian(lambda a: a * a, mode="sparse")(np.array([1.0, 2.0], np.float32))
    assert found.dtype == np.float32 and found.toarray().tolist() == [[2.0, 0.0], [0.0, 4.0]]
    constant = ad.jacobian(lambda a: np.ones(3), mode="sparse")(np.zeros(2))
    assert constant.shape == (3, 2) and constant.nnz == 0


@plain
def test_aux_and_inspection(x: np.ndarray) -> None:
    found, aux = ad.jacobian(lambda x: (tridiagonal(x), x[0]), has_aux=True, mode="sparse")(x)
    np.testing.assert_array_equal(found.toarray(), ad.jacobian(tridiagonal)(x))
    assert aux == x[0]
    assert "_union" in ad.jacobian(tridiagonal, mode="sparse").adjoint_source(x)
    with pytest.raises(ad.NotDifferentiable, match="returns no float"):
        ad.jacobian(lambda a: a.shape[0], mode="sparse")(x)


# -- parts ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(12))
def test_directions_keep_entries_apart(seed: int) -> None:
    rng = np.random.default_rng(seed)
    dense = rng.random((rng.integers(1, 40), rng.integers(1, 40))) < rng.choice([0.05, 0.2, 0.6])
    dense[rng.integers(len(dense))] |= bool(seed % 2)
    dense[:, rng.integers(dense.shape[1])] |= bool(seed % 3)
    matrix = sparse.csr_matrix(dense)
    matrix.sort_indices()
    entries = Entries(matrix.indptr, matrix.indices, dense.shape[1])
    for rows in (False, True):
        for peeled in (False, True):
            served = np.zeros(matrix.nnz, int)
            for group in groups(entries, rows, peeled, True):
                served[group.served] += 1
                lines, across = entries.rows[group.served], entries.columns[group.served]
                seeded, found = (lines, across) if group.side == "rows" else (across, lines)
                # what a direction gives for a line is one entry: no other of its seeds has one there
                full = dense.T if group.side == "rows" else dense
                for line, seed_ in zip(found, seeded, strict=True):
                    together = np.flatnonzero(group.colours == group.colours[seed_])
                    assert np.count_nonzero(full[line, together]) == 1
            assert (served == 1).all()


@pytest.mark.parametrize("width", [40, 600, 2000])
def test_unions(width: int) -> None:
    names: dict[str, Any] = {}
    exec(UNITED + UNION, names)
    rng, sets = np.random.default_rng(width), patterns.new_sets(width, 1 << 14)
    known = [(0, frozenset[int]()), *((2 + k, frozenset([k])) for k in range(width))]
    for _ in range(6000):
        # mostly neighbours, so that sets are met again; one set with many others, which share what is remembered
        first = int(rng.integers(len(known)))
        near = int(rng.integers(max(0, first - 5), min(len(known), first + 5)))
        second = near if rng.random() < 0.7 else 3
        (a, left), (b, right) = known[first], known[second]
        known.append((names["_union"](a, b, sets), left | right))
    assert not sets[LACKING]
    ids = np.array([number for number, _ in known])
    begins, columns = sparsity_loops.members(ids, sets, FIRST, int(sets[ROOM]), width, 1 << 30)
    for row, (_, expected) in enumerate(known):
        found = columns[begins[row] : begins[row + 1]].tolist()
        assert found == (sorted(expected) if len(found) < width else list(range(width)))
    full = np.diff(begins) == width
    assert not full.any() or width == 600 or all(len(s) == width for (_, s), f in zip(known, full, strict=True) if f)
    assert sparsity_loops.members(ids, sets, FIRST, int(sets[ROOM]), width, 10)[0][-1] == -1


def shifted(x):
    x[1:] += x[:-1]
    return x


@plain
def test_what_is_added_is_read_first(x: np.ndarray) -> None:
    found, _ = compared(shifted, x)
    assert found.nnz == 2 * x.size - 1


# -- whole programs --------------------------------------------------------------------------------------------------

SAMPLE = [p.name for p in load_programs() if zlib.crc32(p.name.encode()) % 11 == 2]


def matrices(tree: Any) -> list[Any]:
    """The sparse matrices in a structure."""
    if isinstance(tree, (tuple, list)):
        return [m for part in tree for m in matrices(part)]
    if isinstance(tree, dict):
        return [m for part in tree.values() for m in matrices(part)]
    return [tree]


@pytest.mark.parametrize("kind", ["jacobian", "hessian"])
@pytest.mark.parametrize("name", SAMPLE)
def test_whole_programs(name: str, kind: str) -> None:
    program, transform = PROGRAMS[name], getattr(ad, kind)
    with interpreted(), np.errstate(all="ignore"):
        try:
            dense = transform(program.function, program.argnums)(*program.args())
        except ad.ADCompilerError:
            return
        sparse = transform(program.function, program.argnums, mode="sparse")
        if any(np.iscomplexobj(part) for part in (*program.args(), *leaves(dense))):
            with pytest.raises(ad.NotDifferentiable, match="complex"):
                sparse(*program.args())
            return
        found = sparse(*program.args())
    expected, made = leaves(dense), matrices(found)
    assert len(expected) == len(made) > 0
    for a, b in zip(expected, made, strict=True):
        single = "float32" in {np.asarray(a).dtype.name, *(str(getattr(x, "dtype", "")) for x in program.args())}
        got = b.toarray().reshape(np.shape(a))
        np.testing.assert_allclose(got, a, rtol=1e-3 if single else 1e-9, atol=1e-4 if single else 1e-10)
