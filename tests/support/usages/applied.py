"""Uses of functions that apply the user's functions, and that count places, sets and powers."""

import numpy as np

from tests.support.usages import Usages

U = Usages()
use = U.use
rng = np.random.default_rng(11)
X, Y, V = rng.normal(size=(3, 4)), rng.normal(size=(3, 4)), rng.normal(size=6)


@np.vectorize
def kinked(v):
    return v**3 if v < 0.4 else np.cos(v)


def changed(v, change):
    w = v * 2.0
    change(w)
    return w


use("apply_along_axis to numbers", lambda x: np.apply_along_axis(lambda r: np.sum(r * r), 0, x), X)
use("apply_along_axis to vectors", lambda x: np.apply_along_axis(lambda r: r * np.sum(r), 0, x), X)
use("apply_along_axis with more", lambda x, v: np.apply_along_axis(lambda r, q: r * q, 1, x, v[0]), X, V)
use("fromfunction", lambda v: np.fromfunction(lambda i, j: (i + 2 * j) * v[0], (2, 3)), V)
use("vectorize", lambda v: np.vectorize(lambda a, b: a * b if a > 0 else np.sin(a))(v, v[0]), V)
use("vectorize as a decorator", lambda x: kinked(x), X)
use("put", lambda x, v: changed(x, lambda w: np.put(w, [0, 7, 2], v[:2])), X, V)
use("place", lambda x, v: changed(x, lambda w: np.place(w, w > 0.1, v[:2])), X, V)
use("putmask", lambda x, v: changed(x, lambda w: np.putmask(w, w > 0.1, v[:5])), X, V)
use("lexsort", lambda v: v[np.lexsort((v, np.round(v)))], V)
use("unravel_index", lambda x: x[np.unravel_index(np.argmax(x), x.shape)], X)
use("ravel_multi_index", lambda v: v[np.ravel_multi_index((1, 2), (2, 3))] * v, V)
use("union1d", lambda v: np.union1d(v, v[:2] * 2.0), V)
use("intersect1d", lambda v: np.intersect1d(v, v[1:3]), V)
use("setdiff1d", lambda v: np.setdiff1d(v, v[1:3]), V)
use("polyadd", lambda v: np.polyadd(v, v[:3]), V)
use("polysub", lambda v: np.polysub(v[:3], v), V)
use("polyfit", lambda v: np.polyfit(np.arange(6.0), v, 2), V)
use("polyfit moving", lambda v: np.polyfit(v, np.arange(6.0) ** 2, 1, w=np.exp(v)), V)
