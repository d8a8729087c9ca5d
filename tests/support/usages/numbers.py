"""Uses of reductions, order, statistics, sampled functions and special functions."""

# ruff: noqa: B008
import math

import numpy as np
import scipy.fft
import scipy.integrate
import scipy.special as sp

from tests.support.usages import Usages

U = Usages()
use = U.use
rng = np.random.default_rng(8)
X, Y, V, W, C = (rng.normal(size=s) for s in ((3, 4), (3, 4), 6, 6, (2, 3, 4)))
N = np.where(rng.uniform(size=(3, 4)) > 0.7, np.nan, X)
T = np.cumsum(rng.uniform(0.2, 1.0, 6))
P = rng.uniform(0.1, 0.9, 6)

# -- order
for axis in (None, 0, -1):
    use(f"sort {axis}", lambda x, a=axis: np.sort(x, axis=a), X)
    use(f"argsort {axis}", lambda x, a=axis: np.argsort(x, axis=a) * x[0, 0], X)
    use(f"median {axis}", lambda x, a=axis: np.median(x, axis=a), X)
    use(f"median kept {axis}", lambda x, a=axis: np.median(x, axis=a, keepdims=True), X[:, :3])
    use(f"quantile {axis}", lambda x, a=axis: np.quantile(x, 0.3, axis=a), X)
    use(f"percentile {axis}", lambda x, a=axis: np.percentile(x, [20.0, 65.0], axis=a, keepdims=True), X)
    for name in ("nanmax", "nanmin", "nanprod", "nanvar", "nanstd", "nanmean", "nansum"):
        use(f"{name} {axis}", lambda x, a=axis, f=getattr(np, name): f(x, axis=a), N)
    use(f"nanmedian {axis}", lambda x, a=axis: np.nanmedian(x, axis=a, keepdims=True), N)
    use(f"nanpercentile {axis}", lambda x, a=axis: np.nanpercentile(x, 35.0, axis=a), N)
    use(f"nancumsum {axis}", lambda x, a=axis: np.nancumsum(x, axis=a), N)
    for shape in ((3, 0), (0, 3)):
        use(f"sort {axis} of {shape}", lambda x, e, a=axis: np.sum(x) * np.sort(e, axis=a), X, np.ones(shape))
        use(f"argsort {axis} of {shape}", lambda x, e, a=axis: np.sum(x) * np.argsort(e, axis=a), X, np.ones(shape))
    use(f"logsumexp {axis}", lambda x, a=axis: sp.logsumexp(3 * x, axis=a), X)
    use(f"softmax {axis}", lambda x, a=axis: sp.softmax(3 * x, axis=a), X)
    use(f"log_softmax {axis}", lambda x, a=axis: sp.log_softmax(3 * x, axis=a), X)
    use(f"norm {axis}", lambda x, a=axis: np.linalg.norm(x, axis=a), X)
    use(f"vector_norm {axis}", lambda x, a=axis: np.linalg.vector_norm(x, axis=a, keepdims=True, ord=3), X)
use(
    "broadcast_shapes",
    lambda x, e: np.ones(np.broadcast_shapes(x.shape, (2, 1, 4), e.shape, ())) * x,
    X,
    np.ones((1, 1)),
)
use("median two axes", lambda c: np.median(c, axis=(0, 2)), C)
use("median kept two axes", lambda c: np.median(c, axis=(0, 2), keepdims=True), C)
for method in ("lower", "higher", "nearest", "midpoint", "inverted_cdf"):
    use(f"quantile {method}", lambda v, m=method: np.quantile(v, 0.35, method=m), V)
for method in ("interpolated_inverted_cdf", "hazen", "weibull", "median_unbiased", "normal_unbiased"):
    use(f"quantile {method}", lambda x, m=method: np.quantile(x, 0.35, axis=0, method=m), X)
    use(
        f"percentiles {method}",
        lambda v, q, m=method: np.percentile(v, q, method=m),
        V,
        np.array([1.0, 4.0, 41.0, 99.0]),
    )
use("quantile by q", lambda v, q: np.quantile(v, q), V, 0.35)


def sorted_in_place(v):
    w = v * 2.0
    w.sort()
    return w


use("sort in place", sorted_in_place, V)
use("partition", lambda v: np.partition(v, 2)[2], V)
use("searchsorted", lambda v: v[np.searchsorted(np.sort(v), [0.0, 0.5]) % 6], V)
use("searchsorted right", lambda t: np.searchsorted(t, t, side="right") * t, T)
use("digitize", lambda v: v * np.digitize(v, [-0.5, 0.0, 0.5]), V)
use("unique", lambda v, k: np.unique(k) * v[0], V, np.array([2, 1, 2, 3]))
use("unique counts", lambda v, k: v[np.unique(k, return_counts=True)[1]], V, np.array([3, 1, 3, 2]))
use(
    "unique all",
    lambda k: np.unique(k, return_index=True, return_inverse=True, return_counts=True),
    np.array([[3, 1], [3, 2]]),
)
use("isin", lambda v: np.where(np.isin(np.arange(6), [1, 4]), v, 0.0), V)
use("max initial", lambda v: np.max(v, initial=0.5), V)
use("min initial axis", lambda x: np.min(x, axis=0, initial=0.1), X)
use("sum initial", lambda v, s: np.sum(v, initial=s), V, 1.5)
use("prod initial", lambda x: x.prod(axis=1, initial=2.0), X)
use("sum where", lambda x: np.sum(x, axis=0, where=x > 0), X)
use("mean where", lambda x: np.mean(x, where=x > 0), X)
use("max where", lambda x: np.max(x, axis=1, where=x < 0.5, initial=-9.0), X)
use("any where", lambda x: np.any(x > 1, where=x < 0), X)

# -- out and ufunc methods


def with_out(x, y):
    z = np.zeros_like(x)
    np.multiply(x, y, out=z)
    np.add(z, x, z)
    np.divide(z, y, out=z, where=y > 0)
    w = np.empty(3)
    np.sum(z, axis=1, out=w)
    return z, w


use("out", with_out, X, Y)


def out_of_product(x, y):
    z = np.empty((3, 3), x.dtype)
    np.dot(x, y.T, out=z)
    np.exp(z, out=z)
    return z


use("out of dot", out_of_product, X, Y)
use(
    "divide where",
    lambda v: np.divide(1.0, v, out=np.zeros_like(v), where=np.array([False, True, True])),
    np.array([0.0, 2.0, -1.0]),
)
use("add.reduce", lambda x: np.add.reduce(x), X)
use("multiply.reduce", lambda x: np.multiply.reduce(x, axis=1), X)
use("maximum.reduce", lambda x: np.maximum.reduce(x, axis=None), X)
use("logaddexp.reduce", lambda x: np.logaddexp.reduce(x, axis=1), X)
use("add.accumulate", lambda x: np.add.accumulate(x, axis=1), X)
use("maximum.accumulate", lambda x: np.maximum.accumulate(x), X)
use("subtract.outer", lambda v, w: np.subtract.outer(v, w), V, W[:3])
use("multiply.outer", lambda x, w: np.multiply.outer(x, w), X, W[:3])


def at_each(v):
    z = np.ones(4)
    np.multiply.at(z, [0, 1, 0], v[:3])
    np.maximum.at(z, [2, 2], v[3:5])
    np.add.at(z, [3, 3], v[:2])
    return z


def at_rows(x):
    z = x * 1.0
    np.multiply.at(z, [0, 0], x[:2])
    np.sin.at(z, [1, 1])
    np.maximum.at(z, 0, 0.3)
    np.power.at(z[0], slice(0, 2), 2.0)
    np.negative.at(z[1], x[1] > 0.0)
    return z


use("at", at_each, V)
use("at of rows", at_rows, X)
use("cumulative_sum", lambda v: np.cumulative_sum(v, include_initial=True), V)
use("cumulative_prod", lambda x: np.cumulative_prod(x, axis=1), X)

# -- statistics
use("histogram weights", lambda v, w: np.histogram(v, bins=4, range=(-2.0, 2.0), weights=w)[0], V, W)
use("histogram", lambda v: np.histogram(v, 3)[0], V)
use("histogram edges", lambda v: np.histogram(v, 3)[1], V)
use("histogram of bins", lambda v, w: np.histogram(v, np.array([-1.0, 0.0, 2.5]), weights=w, density=True)[0], V, W)
use("bincount", lambda w: np.bincount(np.array([0, 3, 1, 1, 3, 2]), weights=w, minlength=6), W)
use("bincount plain", lambda w: np.bincount(np.array([0, 3, 1])) * w[0], W)
use("cov", lambda x: np.cov(x), X)
use("cov of two", lambda v, w: np.cov(v, w, ddof=0), V, W)
use("cov columns", lambda x: np.cov(x, rowvar=False, bias=True), X)
use("cov vector", lambda v: np.cov(v), V)
use("cov weighted", lambda x, w: np.cov(x, aweights=w), X, P[:4])
use("cov weighted and counted", lambda x, w: np.cov(x, aweights=w, fweights=[1, 2, 0, 3], ddof=2), X, P[:4])
use(
    "cov counted",
    lambda v: np.cov(v, fweights=np.array([1, 2, 0, 3, 1, 1])) * np.cov(v, fweights=np.arange(6), ddof=0),
    V,
)
use("corrcoef", lambda x: np.corrcoef(x), X)
use("corrcoef of two", lambda v, w: np.corrcoef(v, w), V, W)
use("average and weight", lambda x, w: np.average(x, axis=0, weights=w, returned=True), X, P[:3])
use("average and count", lambda x: np.average(x, axis=1, returned=True), X)
use("average and count of all", lambda x: np.average(x, returned=True, keepdims=True), X)
use("average and count of a vector", lambda v: np.average(v, None, None, True), V)
use(
    "math.remainder",
    lambda v: math.remainder(5 * v[0], 0.7) * math.remainder(v[1], v[2]) + math.remainder(v[3], -9.0),
    V,
)
use("nansum where", lambda x: np.nansum(x, 0, where=np.arange(4) > 1, initial=2.0) * np.nansum(x), X)
use("var of a mean", lambda x: np.var(x, 0, mean=np.mean(x, 0, keepdims=True)) + np.std(x, mean=np.max(x)), X)
use("math.ldexp", lambda v: math.ldexp(v[0], 3) + math.ldexp(v[1], -2), V)
use("average", lambda x, w: np.average(x, axis=0, weights=w), X, P[:3])
use("ptp", lambda x: np.ptp(x, axis=1), X)

# -- sampled functions
use("trapezoid", lambda v: np.trapezoid(v), V)
use("trapezoid at", lambda v, t: np.trapezoid(v, t), V, T)
use("trapezoid dx", lambda x: np.trapezoid(x, dx=0.5, axis=0), X)
use("scipy trapezoid", lambda x, t: scipy.integrate.trapezoid(x, x=t[:3], axis=0), X, T)
use("cumulative_trapezoid", lambda v, t: scipy.integrate.cumulative_trapezoid(v, t, initial=0), V, T)
use("gradient", lambda v: np.gradient(v), V)
use("gradient spacing", lambda v, h: np.gradient(v, h, edge_order=2), V, 0.3)
use("gradient at", lambda v, t: np.gradient(v, t), V, T)
use("gradient at 2", lambda v, t: np.gradient(v, t, edge_order=2), V, T)
use("gradient matrix", lambda x: np.gradient(x), X)
use("gradient axis", lambda x, t: np.gradient(x, t[:4], axis=1), X, T)
use("ediff1d", lambda v: np.ediff1d(v, to_end=99.0, to_begin=[1.0, 2.0]), V)
use("unwrap", lambda v: np.unwrap(3 * v), V)
use("interp", lambda x, t, v: np.interp(x, t, v), np.array([0.1, 1.3, 2.2, 9.0]), T, V)
use("interp period", lambda x, t, v: np.interp(x, t, v, period=2.5), np.array([0.1, 1.3, 2.2, 9.0, -4.0]), T, V)
use("interp negative period", lambda x, t, v: np.interp(x, t, v, left=9.0, period=-1.7), 5.3, T, V)
use("interp number", lambda x, t, v: np.interp(x, t, v, left=-1.0), 1.3, T, V)
use("interp matrix", lambda x, t, v: np.interp(x, t, v, right=2.0), np.abs(X) * 2, T, V)
for mode in ("full", "same", "valid"):
    for m, n in ((6, 3), (3, 6), (6, 4), (4, 5)):
        use(f"convolve {mode} {m} {n}", lambda v, w, f=mode: np.convolve(v, w, f), V[:m], W[:n])
        use(f"correlate {mode} {m} {n}", lambda v, w, f=mode: np.correlate(v, w, f), V[:m], W[:n])
use("polyval", lambda v, x: np.polyval(v, x), V[:4], X)
use("polyval number", lambda v, x: np.polyval([v[0], 2.0, v[1]], x), V, 0.7)
use("polyder", lambda v: np.polyder(v, 2), V)
use("polyint", lambda v: np.polyint(v), V)
use("cross", lambda x, y: np.cross(x, y), X[:, :3], Y[:, :3])
use("cross vectors", lambda v, w: np.cross(v, w), V[:3], W[:3])
use("cross axis", lambda x, y: np.cross(x, y, axis=0), X, Y)
for window in ("hanning", "hamming", "blackman", "bartlett"):
    use(window, lambda v, f=getattr(np, window): v * f(6), V)

# -- functions of each element
use("sinc", lambda v: np.sinc(v), np.array([0.0, 1e-6, 0.3, -2.5]))
use("heaviside", lambda v: np.heaviside(v, 0.5) * v, V)
use("nan_to_num", lambda v: np.nan_to_num(v, nan=2.0), np.array([1.0, np.nan, np.inf]))
use("float_power", lambda v: np.float_power(v, 2), V)
use("logaddexp2", lambda v, w: np.logaddexp2(v, w), V, W)
use("ldexp", lambda v: np.ldexp(v, 3), V)
use("modf", lambda v: np.modf(3 * v), V)
use("divmod", lambda v: np.divmod(3 * v, 0.7), V)
use("select", lambda v, w: np.select([v > 0.5, w > 0], [v * w, w**2], default=v), V, W)
use("choose", lambda v, w: np.choose([0, 1, 0, 1, 1, 0], [v, w]), V, W)
use("piecewise", lambda v: np.piecewise(v, [v < -0.3, v > 0.4], [lambda t: t**2, 2.0, lambda t: np.sin(t)]), V)
use("isclose", lambda v: np.where(np.isclose(v, v[0]), v, 0.0), V)
use("allclose", lambda v: v[0] * np.allclose(v, v), V)
use("array_equal", lambda v, w: v if np.array_equal(v, w) else 2 * w, V, W)
use("signbit", lambda v: np.where(np.signbit(v), v, 2 * v), V)

# -- special functions
for (
    name
) in "expit log_expit ndtr log_ndtr exprel exp10 entr digamma gammaln gamma erf erfc logit rgamma factorial".split():
    if hasattr(sp, name):
        use(name, lambda p, f=getattr(sp, name): f(p), P)
        use(f"{name} number", lambda p, f=getattr(sp, name): f(p), 0.4)
for name in ("expit", "log_expit", "ndtr", "log_ndtr", "exprel"):
    use(f"{name} far", lambda p, f=getattr(sp, name): f(p), np.array([-30.0, -14.2, -3.0, 0.0, 5.0, 30.0]))
use("inv_boxcox", lambda y, p: sp.inv_boxcox(y, p) * sp.inv_boxcox(y, 1e-6 * p), P, 0.3)
use("boxcox of a number", lambda p, q: sp.boxcox(p, q) * sp.boxcox(p, 2) + sp.boxcox(p, 0), P, 0.3)
use("binom of a number", lambda p, q: sp.binom(p, 0.4) * sp.binom(q, 2), P, 0.3)
use("i0 of numpy", lambda v, p: np.i0(v) + np.i0(p), V, 0.7)
use("row of numbers", lambda p, q: np.r_[p, 1.0, 2] + np.sum(np.r_[p[:2], q]), P, 0.3)
use("loggamma", lambda p: sp.loggamma(p + 0.2) + np.nansum(sp.loggamma(-p)), P)
for name in (
    "xlogy",
    "xlog1py",
    "rel_entr",
    "kl_div",
    "huber",
    "pseudo_huber",
    "betaln",
    "beta",
    "boxcox",
    "binom",
    "poch",
):
    use(name, lambda p, q, f=getattr(sp, name): f(p, q), P, P[::-1] + 0.2)
use("xlogy zero", lambda p, q: sp.xlogy(p, q), np.array([0.0, 0.5]), np.array([0.5, 2.0]))
use("logsumexp weights", lambda x, b: sp.logsumexp(x, axis=1, b=b, keepdims=True), X, np.abs(Y))
for name in ("ndtri", "erfinv", "erfcinv"):
    use(name, lambda p, f=getattr(sp, name): f(p), np.array([0.05, 0.1, 0.3, 0.6, 0.95]))
use("zeta", lambda s, q: sp.zeta(s, q), 1.5 + P, 0.2 + P)
for order in (0, 1, 3):
    use(f"polygamma {order}", lambda p, n=order: sp.polygamma(n, p), P)
use("multigammaln", lambda a: sp.multigammaln(a, 3), 4.5)

# -- Fourier transforms
use("rfft2", lambda x: np.abs(np.fft.rfft2(x)), X)
use("irfft2", lambda x: np.fft.irfft2(np.fft.rfft2(x), s=(4, 6)), X)
use("rfftn", lambda c: np.fft.rfftn(c, s=(4, 3), axes=(0, 2), norm="ortho").imag, C)
use("irfftn", lambda c: np.fft.irfftn(c, norm="forward"), C)
use("scipy fft", lambda v: np.abs(scipy.fft.fft(v)) + scipy.fft.irfft(scipy.fft.rfft(v)), V)
use("linalg trace", lambda c: np.linalg.trace(c) + np.linalg.diagonal(c, offset=1)[:, 0], C)
use("hfft", lambda v: np.fft.hfft(v * (1 + 0.5j), n=9), V)
use("ihfft", lambda v: np.fft.ihfft(v, norm="ortho").imag, V)

# -- norms
use("matrix norm 1", lambda x: np.linalg.norm(x, 1), X)
use("matrix norm kept 1", lambda x: np.linalg.norm(x, 1, axis=(1, 0), keepdims=True), X)
use("matrix norm -1", lambda x: np.linalg.norm(x, -1), X)
use("matrix norm kept -1", lambda x: np.linalg.norm(x, -1, axis=(1, 0), keepdims=True), X)
use("matrix norm 2", lambda x: np.linalg.norm(x, 2), X)
use("matrix norm kept 2", lambda x: np.linalg.norm(x, 2, axis=(1, 0), keepdims=True), X)
use("matrix norm -2", lambda x: np.linalg.norm(x, -2), X)
use("matrix norm kept -2", lambda x: np.linalg.norm(x, -2, axis=(1, 0), keepdims=True), X)
use("matrix norm np.inf", lambda x: np.linalg.norm(x, np.inf), X)
use("matrix norm kept np.inf", lambda x: np.linalg.norm(x, np.inf, axis=(1, 0), keepdims=True), X)
use("matrix norm -np.inf", lambda x: np.linalg.norm(x, -np.inf), X)
use("matrix norm kept -np.inf", lambda x: np.linalg.norm(x, -np.inf, axis=(1, 0), keepdims=True), X)
use("matrix norm fro", lambda x: np.linalg.norm(x, "fro"), X)
use("matrix norm kept fro", lambda x: np.linalg.norm(x, "fro", axis=(1, 0), keepdims=True), X)
use("matrix norm nuc", lambda x: np.linalg.norm(x, "nuc"), X)
use("matrix norm kept nuc", lambda x: np.linalg.norm(x, "nuc", axis=(1, 0), keepdims=True), X)
for order in (0, 1, 2, 3, 1.5, np.inf, -np.inf):
    use(f"vector norm {order}", lambda v, o=order: np.linalg.norm(v, o), V)
    use(f"vector norm rows {order}", lambda x, o=order: np.linalg.norm(x, o, axis=1, keepdims=True), X)
use("norm of zero", lambda v: np.linalg.norm(v - v) + v[0], V)
use("matrix_norm", lambda c: np.linalg.matrix_norm(c), C)
use("cond", lambda x: np.linalg.cond(x[:, :3]), X)
use("cond 1", lambda x: np.linalg.cond(x[:, :3], 1), X)
use("matrix_rank", lambda x: np.linalg.matrix_rank(x) * x[0], X)
use("frexp", lambda v: np.frexp(v)[0] * np.frexp(v)[1], np.array([0.3, -5.0, 1.3, 3.9]))
use("modf of math", lambda s: np.modf(s)[0] * math.modf(s)[1] * math.frexp(s)[0], 2.7)
use("kaiser", lambda s: np.kaiser(5, s), 2.5)
use("i0", lambda s: np.i0(s), 1.2)
use("tolist of a matrix", lambda x: sum(sum(row) * row[0] for row in x.tolist()), rng.normal(size=(3, 2)))

# -- matrices that lie in an array of more axes
use("triangles of a stack", lambda c: np.triu(c, 1) * 2 + np.tril(c, -1), C)
use("diagonals", lambda c: np.diagonal(c, 1, 0, 2) + c.diagonal(axis1=-3, axis2=1)[0, 0], C)
use("traces", lambda c: np.trace(c, axis1=0, axis2=2) * c.trace(1, 2, 1).sum(), C)
use("dot of a stack", lambda c, x: np.dot(c, x.T) + c.dot(x[0])[:, :, None], C, X)
use("dot with a stack", lambda x, c: np.dot(x[:, :3], c[:, :, 1:]), X, C)
use("inner of stacks", lambda c, x: np.inner(c, x) * np.inner(c, c[0, 0])[..., None], C, X)

# -- results with names
S = X[:, :3] @ X[:, :3].T + np.eye(3)
use("named slogdet", lambda s: np.linalg.slogdet(s).logabsdet * np.linalg.slogdet(s).sign, S)
use("named eigh", lambda s: np.linalg.eigh(s).eigenvectors ** 2 @ np.linalg.eigh(s).eigenvalues, S)
use("named svd", lambda x: np.linalg.svd(x, full_matrices=False).S * np.linalg.svd(x).Vh[0] ** 2, X[:, :3])
use("named qr", lambda x: np.linalg.qr(x).Q @ np.linalg.qr(x).R ** 2, X.T)
use("pinv of a lower triangle", lambda x: np.linalg.pinv(x[:, :3], hermitian=True), X)

# -- what the element types decide
use("linspace of arrays", lambda v, w: np.linspace(v, w, 5), V, W)
use("linspace of an array and a number", lambda x, s: np.linspace(x, s, len(x), endpoint=False), X, 0.5)
use("linspace of a row and an array", lambda v, x: np.linspace(v[:4], x, 4) + np.linspace(x[0, 0], x, len(v) - 2), V, X)
use("linspace of integers", lambda v: np.linspace(-5, 5, 4, dtype=int) * v[:4], V)
use("dtype compared", lambda v: v * (2 if v.dtype == np.float64 else 3 if v.dtype == "f4" else 5), V)
use(
    "products of integers",
    lambda n, v: (n @ n.T).sum() * np.linalg.det(n[:3] + 0.5) * v,
    np.arange(12).reshape(4, 3),
    V,
)

# -- sums that begin with a number
use("sum of windows", lambda v, w: sum(w[k] * v[k : k + 4] for k in range(3)), V, W)
use("sum of blocks", lambda x: sum(x[i, j] * x[i : i + 2, j : j + 3] for i in range(2) for j in range(2)), X)

# -- other names and other places of what there is
M = (np.arange(12) % 5 != 1).reshape(3, 4)
use(
    "var where",
    lambda x: np.var(x, 0, where=M) + np.std(x, axis=0, ddof=0.5, where=M, keepdims=True) * x.std(where=M),
    X,
)
use("var where of nan", lambda x: np.var(x, axis=1, where=~np.isnan(x)) * np.std(x, where=M & ~np.isnan(x)), N)
use("var where of complex", lambda x, y: np.var(x + 1j * y, axis=0, ddof=1, where=M | True), X, Y)
use("einsum numbers", lambda x, y: np.einsum(x, [0, 1], y, [2, 1], [0, 2]) + np.einsum(x, [0, 1], y, [0, 1]), X, Y)
use("einsum numbers and rest", lambda c, x: np.einsum(c, [..., 7], x, [3, 7], [..., 3]), C, X)
use("var correction", lambda x: np.var(x, 0, correction=1) + np.std(x, axis=0, correction=2) * x.std(0, ddof=1), X)
use("new axes of a number", lambda v: np.concatenate([p[None] * k for k, p in enumerate(v)]) + v[2][..., None], V)
use(
    "kinds of types",
    lambda n, v: v * np.issubdtype(v.dtype, np.floating) * np.isrealobj(v) + np.issubdtype(n.dtype, np.floating),
    np.arange(6),
    V,
)
use("operands by name", lambda v, w: np.dot(b=v, a=w) + np.kron(a=v, b=w)[:6] + np.outer(a=v, b=w)[1], V, W)
NARROW = np.array([200, 100, 3, 255], np.uint8)
use("gradient at narrow integers", lambda v, k: np.gradient(v[:4], k) + np.gradient(k, k, edge_order=2), V, NARROW)
use("polysub of integers without signs", lambda k: np.polysub(k.astype(np.int64), k[1:]), NARROW)
use(
    "simpson at narrow integers",
    lambda v, k: scipy.integrate.simpson(v[:4], x=k) + scipy.integrate.simpson(v[:3], x=k[:3]),
    V,
    np.array([0, 100, 250, 300], np.int16),
)
