"""Uses of functions that take arrays apart and put them together."""

# ruff: noqa: E741
import numpy as np

from tests.support.usages import Usages

U = Usages()
use = U.use
rng = np.random.default_rng(7)
X, Y, V, C = rng.normal(size=(3, 4)), rng.normal(size=(3, 4)), rng.normal(size=6), rng.normal(size=(2, 3, 4))
I = np.array([2, 0, -1, 2])
NARROW = np.array([200, 100, 3], np.uint8)

use("broadcast_to", lambda v: np.broadcast_to(v, (2, 6)) * 2, V)
use("sliding_window_view", lambda v: np.lib.stride_tricks.sliding_window_view(v, 3) * np.arange(3.0), V)
use("sliding_window_view of a matrix", lambda x: np.lib.stride_tricks.sliding_window_view(x, (2, 3)) ** 2, X)
use("sliding_window_view along an axis", lambda x: np.lib.stride_tricks.sliding_window_view(x, 2, axis=-1) ** 2, X)
use(
    "sliding_window_view twice along an axis",
    lambda c: np.lib.stride_tricks.sliding_window_view(c, (2, 2), axis=(2, 2)) ** 2,
    C,
)
use("broadcast_to number", lambda v: np.broadcast_to(v, (2, 3)) * 2.0, 1.5)
use("broadcast_arrays", lambda v, w: np.broadcast_arrays(v, w), V, X[:, :1])
INNER = np.s_[1:-1, ::2]


def selected(x):
    rows, last = np.s_[::-1, 1:3], np.index_exp[-1]
    x = x.copy()
    x[rows] *= 2.0
    return x[INNER], x[last], x[np.s_[..., 0]], x[np.s_[[2, 0], 1]]


use("indices made beforehand", selected, X)
use("split", lambda v: np.split(v, 3), V)
use("split at", lambda x: np.split(x, [1, 3], axis=1), X)
use("array_split", lambda v: np.array_split(v, 4), V)
use("hsplit", lambda x: np.hsplit(x, 2), X)
use("vsplit", lambda x: np.vsplit(x, 3), X)
use("dsplit", lambda c: np.dsplit(c, 2), C)
use("dstack", lambda x, y: np.dstack((x, y)), X, Y)
use("dstack vectors", lambda v: np.dstack([v, 2 * v]), V)
use("block", lambda x, y: np.block([[x, y], [y, x]]), X, Y)
use("block row", lambda v, w: np.block([v, w]), V, V[:3])
use("rollaxis", lambda c: np.rollaxis(c, 2) * 1.0, C)
use("rollaxis before", lambda c: np.rollaxis(c, 1, 3) * 1.0, C)
for k in (-1, 0, 1, 2, 3):
    use(f"rot90 {k}", lambda x, k=k: np.rot90(x, k) * 1.0, X)
use("rot90 axes", lambda c: np.rot90(c, 1, (1, 2)) * 1.0, C)
use("meshgrid", lambda v, w: np.meshgrid(v, w), V[:3], V[3:5])
use("meshgrid ij", lambda v, w: np.meshgrid(v, w, indexing="ij"), V[:3], V[3:5])
use("meshgrid of three", lambda v, w: np.meshgrid(v, w, v), V[:3], V[3:5])
use("meshgrid sparse", lambda v, w: np.meshgrid(v, w, sparse=True), V[:3], V[3:5])
use("meshgrid of one", lambda v: np.meshgrid(v), V)
use("mgrid", lambda v: v[:3, None] * np.mgrid[0:3, 1:5][1] + np.mgrid[0:3, 1:5][0], V)
use("mgrid of one", lambda s: s * np.mgrid[0:2:0.5], 1.5)
use("r_", lambda v, x: np.r_[v, 1.0, x[0], 0:3], V, X)
use("c_", lambda v, w: np.c_[v, 2 * v, w], V, X.reshape(6, 2))
use("ogrid", lambda v: v[:3, None] * (np.ogrid[0:3, 1:5][0] + np.ogrid[0:3, 1:5][1]), V)
use("indices", lambda x: x * np.indices((3, 4))[1], X)
use("ix_", lambda x: x[np.ix_([0, 2], [1, 3, 3])], X)
use("tri", lambda x: x * np.tri(3, 4, -1), X)
use("tril_indices", lambda x: x[np.tril_indices(3, -1)], X)
use("triu_indices", lambda x: x[np.triu_indices(3, 1)], X)
use("triu_indices_from", lambda x: x[np.triu_indices_from(x)], X)
use("tril_indices_from", lambda x: x[np.tril_indices_from(x)], X)
use("diag_indices", lambda x: x[np.diag_indices(3)], X)
use("diagflat", lambda x: np.diagflat(x), X[:2, :2])
use("vander", lambda v: np.vander(v, 3), V)
use("vander increasing", lambda v: np.vander(v[:3], increasing=True), V)
use("logspace", lambda a, b: np.logspace(a, b, 5), 0.5, 1.5)
use("geomspace", lambda a, b: np.geomspace(a, b, 5), 0.5, 8.5)
use("take", lambda v: np.take(v, I), V)
use("take axis", lambda x: np.take(x, [2, 0, 2], axis=0), X)
use("take last axis", lambda c: c.take(I, axis=-1), C)
use("take matrix of places", lambda c: np.take(c, np.array([[0, 1], [2, 1]]), axis=1), C)
use("take one", lambda x: np.take(x, 1, axis=1), X)
use("take clip", lambda v: np.take(v, [-3, 2, 9], mode="clip"), V)
use("take wrap", lambda v: np.take(v, [-3, 2, 9], mode="wrap"), V)
use("take_along_axis", lambda x, y: np.take_along_axis(x, np.argsort(y, axis=1), axis=1), X, Y)
use("take_along_axis 0", lambda c, k: np.take_along_axis(c, k, axis=0), C, rng.integers(0, 2, (5, 3, 4)))
use("take_along_axis flat", lambda x, k: np.take_along_axis(x, k, axis=None), X, I)
use("take_along_axis vector", lambda x, k: np.take_along_axis(x, k, axis=0), V, I)


def put_along(x, y):
    z = x * 1.0
    np.put_along_axis(z, np.array([[1], [0], [3]]), y[:, :1], axis=1)
    return z


use("put_along_axis", put_along, X, Y)
use("compress", lambda x: np.compress([True, False, True], x, axis=0), X)
use("compress flat", lambda x: x.compress(np.array([1, 0, 1, 1])), X)
use("extract", lambda x: np.extract(X > 0, x), X)
use("flatnonzero", lambda x: x.ravel()[np.flatnonzero(X > 0)], X)
use("argwhere", lambda x: np.argwhere(X > 0) * x[0, 0], X)
use("delete", lambda v: np.delete(v, 2), V)
use("delete several", lambda x: np.delete(x, [0, 2], axis=1), X)
use("insert", lambda v: np.insert(v, 2, v[0]), V)
use("insert row", lambda x, y: np.insert(x, 1, y[0], axis=0), X, Y)


def fill(x, v):
    z = x * 2.0
    np.fill_diagonal(z, v[0])
    return z


use("fill_diagonal", fill, X, V)


def copy_to(x, y):
    z = np.zeros_like(x)
    np.copyto(z, x)
    np.copyto(z, y, where=y > 0)
    return z


use("copyto", copy_to, X, Y)
use("pad", lambda v: np.pad(v, 2), V)
use("pad value", lambda x, s: np.pad(x, ((1, 0), (0, 2)), constant_values=s), X, 0.5)
use("pad ramp", lambda x: np.pad(x, ((1, 2), (3, 0)), "linear_ramp", end_values=(0.5, -1.0)), X)
use("pad ramp to a number", lambda v, s: np.pad(v, 3, "linear_ramp", end_values=s), V, 0.5)
use("pad mean", lambda x: np.pad(x, ((1, 2), (3, 0)), "mean"), X)
use("pad extremes", lambda x: np.pad(x, (1, 2), "maximum") * np.pad(x, (2, 1), "minimum"), X)
use("pad median", lambda x: np.pad(x, ((1, 2), (3, 0)), "median"), X)
use("pad pair", lambda x: np.pad(x, (1, 2), "constant", constant_values=(1.0, 2.0)), X)
for mode in ("edge", "reflect", "symmetric", "wrap"):
    use(f"pad {mode}", lambda x, m=mode: np.pad(x, ((1, 2), (3, 0)), mode=m), X)
    use(f"pad {mode} far", lambda v, m=mode: np.pad(v, (9, 8), mode=m), V[:4])
use("np.matrix_transpose", lambda c: np.matrix_transpose(c) * 1.0, C)
use(".mT", lambda c: c.mT * 1.0, C)
use("resize", lambda v: np.resize(v, (3, 5)), V)
use("repeat", lambda x: (np.repeat(x, 3), np.repeat(x, 2, axis=0), x.repeat(2, axis=-1)), X)
use("repeat strided", lambda x: np.repeat(x[::-1, ::2], 2, axis=1), X)
use("repeat of each", lambda v: np.repeat(v[:3], [2, 0, 3]), V)
use("tile none", lambda v: np.tile(v, (2, 2)), V)
use("append", lambda x, y: np.append(x, y, axis=0), X, Y)

# -- numbers are arrays without axes, and integers stay integers
use("ascontiguousarray of a number", lambda v: (np.ascontiguousarray(v[0]), np.asfortranarray(v[1])), V)
use("flip and roll of a number", lambda v: (np.flip(v[0]), np.roll(v[1], 2), np.flip(v) * np.flip(2.0)), V)
use("kron with a number", lambda v: (np.kron(v[0], v[1]), np.kron(2.0, v), np.kron(v, v[0])), V)
use("tensordot with a number", lambda v: (np.tensordot(v[0], v, 0), np.tensordot(v, 2.0, axes=0)), V)
use("outer with a number", lambda v: (np.add.outer(-1.5, v), np.multiply.outer(v, 2.0)), V)
use("outer of a number and integers", lambda k: (np.add.outer(2, k), np.subtract.outer(k, 100)), NARROW)
use(
    "sums of narrow products",
    lambda k: (np.einsum("i->", k), np.einsum("i,i", k, k), np.einsum("i,j->j", k, k)),
    NARROW,
)
use("sums of truth values", lambda k: (np.einsum("i->", k > 3), np.einsum("i,j->i", k > 3, k > 2)), NARROW)
use("vecdot of narrow integers", lambda k: np.vecdot(k.reshape(1, -1), k), NARROW)
use("nan_to_num of integers", lambda k: (np.nan_to_num(k), np.nan_to_num(7), np.nan_to_num(k > 3)), NARROW)
use("nanmax of integers", lambda k: (np.nanmax(k), np.nanmin(k, axis=0, keepdims=True)), NARROW)
use("linspace between integers and floats", lambda v, k: np.linspace(k, v[:3], 4), V, NARROW)
use("average with narrow weights", lambda k, v: np.average(k[:3], weights=k[:3]) * v, NARROW, V)
use("linspace from a literal", lambda v: (np.linspace(0, v, 4), np.linspace(v[0], 1, 3)), V)
use("intersect1d of two types", lambda k: np.intersect1d(k, k.astype(np.int64)), NARROW)
use("asarray of a number of Python's", lambda s, k: np.asarray(s) * np.float32(k), 0.1, 3)
use("quotient by asarray of zero", lambda k: 1 / np.asarray(k - k), 3)
use(
    "quantile at a number of Python's",
    lambda x, s: (np.quantile(x, s), np.percentile(x, 30), np.quantile(x, 0.5)),
    V,
    0.3,
)
use("stack of a type", lambda x, y: np.stack([x, y], dtype=np.complex128).real, X, Y)
use("stack of numbers of a type", lambda v: np.stack([v[0], v[1]], dtype=np.complex128).real, V)
use("hstack of a type", lambda x, y: np.hstack([x, y], dtype=np.complex128).real, X, Y)
use("vstack of a type", lambda x, v: np.vstack([x, v[:4]], dtype=np.complex128).real, X, V)
use("trace of a type", lambda x: np.trace(x, dtype=np.complex128).real, X)
use("trace of narrow integers", lambda n: np.trace(n[:, None] * np.ones((1, 3), np.uint8), dtype=np.float64), NARROW)
use("linspace and step", lambda a, b: np.linspace(a, b, 5, retstep=True), 0.5, 2.0)
use("linspace and step, open", lambda a, b: np.linspace(a, b, 5, endpoint=False, retstep=True), 0.5, 2.0)
use("linspace along an axis", lambda x, y: np.linspace(x, y, 3, axis=-1), X, Y)
use("linspace along the second axis", lambda x, y: np.linspace(x, y, 3, axis=1, retstep=True), X, Y)
use("stack of integers as floats", lambda n: np.stack([n, n[::-1]], dtype=np.float32), NARROW)
use("infinities", lambda x: (np.isposinf(x), np.isneginf(x)), np.array([1, -np.inf, np.inf, np.nan]))
use("whether a number is infinite", lambda v: (np.isposinf(v[0]), np.isneginf(v[0] - np.inf)), V)
