"""`scipy.stats`: densities and distribution functions of the families that likelihoods are written with."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from adcompiler.frontend.library.defined.inverses import erfcinv
from adcompiler.frontend.library.defined.norms import floats
from adcompiler.frontend.library.defined.special import betaln, log_ndtr, ndtr, xlog1py, xlogy
from adcompiler.frontend.library.definitions import means, refuse
from adcompiler.frontend.library.linalg import triangular
from adcompiler.frontend.library.primitives import gammaln

HALF_LOG_TAU = 0.5 * math.log(2 * math.pi)
LOG_PI = math.log(math.pi)
LOG_2 = math.log(2)
ROOT_2 = math.sqrt(2)


def standard(x: Any, loc: Any, scale: Any) -> Any:
    """The standardised variable; no number where the scale is not positive."""
    return (floats(x) - floats(loc)) / positive(scale)


def positive(scale: Any) -> Any:
    """A parameter that must be positive: no number where it is not."""
    scale = floats(scale)
    return np.where(scale > 0, scale, np.nan)


def inside(where: Any, z: Any, value: Any, otherwise: Any) -> Any:
    """The value within the support; NaN stays what it is."""
    return np.where(where | np.isnan(z), value, otherwise)


# -- the normal distribution and what is made of it --------------------------------------------------------------------


@means("scipy.stats.norm.logpdf")
def norm_logpdf(x: Any, loc: Any = 0, scale: Any = 1) -> Any:
    """The logarithm of the normal density."""
    z = standard(x, loc, scale)
    return -0.5 * z * z - HALF_LOG_TAU - np.log(floats(scale))


@means("scipy.stats.norm.pdf")
def norm_pdf(x: Any, loc: Any = 0, scale: Any = 1) -> Any:
    """The normal density."""
    return np.exp(norm_logpdf(x, loc, scale))


@means("scipy.stats.norm.cdf")
def norm_cdf(x: Any, loc: Any = 0, scale: Any = 1) -> Any:
    """The normal distribution function."""
    return ndtr(standard(x, loc, scale))


@means("scipy.stats.norm.sf")
def norm_sf(x: Any, loc: Any = 0, scale: Any = 1) -> Any:
    """One less the normal distribution function."""
    return ndtr(-standard(x, loc, scale))


@means("scipy.stats.norm.logcdf")
def norm_logcdf(x: Any, loc: Any = 0, scale: Any = 1) -> Any:
    """The logarithm of the normal distribution function."""
    return log_ndtr(standard(x, loc, scale))


@means("scipy.stats.norm.logsf")
def norm_logsf(x: Any, loc: Any = 0, scale: Any = 1) -> Any:
    """The logarithm of one less the normal distribution function."""
    return log_ndtr(-standard(x, loc, scale))


@means("scipy.stats.norm.ppf")
def norm_ppf(q: Any, loc: Any = 0, scale: Any = 1) -> Any:
    """The quantile of the normal distribution."""
    return floats(loc) - positive(scale) * ROOT_2 * erfcinv(2 * floats(q))


@means("scipy.stats.lognorm.logpdf")
def lognorm_logpdf(x: Any, s: Any, loc: Any = 0, scale: Any = 1) -> Any:
    """The logarithm of the density of an exponential of a normal variable."""
    z = standard(x, loc, scale)
    log_z = np.log(np.where(z > 0, z, 1))
    density = norm_logpdf(log_z, 0, s) - log_z - np.log(floats(scale))
    return inside(z > 0, z, np.where(np.isnan(z), np.nan, density), -np.inf)


@means("scipy.stats.halfnorm.logpdf")
def halfnorm_logpdf(x: Any, loc: Any = 0, scale: Any = 1) -> Any:
    """The logarithm of the density of the size of a normal variable."""
    z = standard(x, loc, scale)
    return inside(z >= 0, z, LOG_2 + norm_logpdf(x, loc, scale), -np.inf)


@means("scipy.stats.multivariate_normal.logpdf")
def multivariate_normal_logpdf(x: Any, mean: Any = None, cov: Any = 1, allow_singular: Any = False) -> Any:
    """The logarithm of the normal density of vectors, through the triangular factor of the covariance."""
    if allow_singular or np.ndim(cov) != 2:
        refuse("a covariance that is no positive definite matrix", "give it as a matrix")
    x = np.asarray(x).astype(np.float64)
    rows = np.atleast_2d(x if mean is None else x - mean)
    factor = np.linalg.cholesky(np.asarray(cov).astype(np.float64))
    z = triangular(factor, rows.T, True)
    found = -0.5 * np.sum(z * z, axis=0) - len(factor) * HALF_LOG_TAU - np.sum(np.log(np.diag(factor)))
    return found[0] if x.ndim == 1 else found


@means("scipy.stats.multivariate_normal.pdf")
def multivariate_normal_pdf(x: Any, mean: Any = None, cov: Any = 1, allow_singular: Any = False) -> Any:
    """The normal density of vectors."""
    return np.exp(multivariate_normal_logpdf(x, mean, cov, allow_singular))


# -- other distributions of real numbers -------------------------------------------------------------------------------


@means("scipy.stats.uniform.logpdf")
def uniform_logpdf(x: Any, loc: Any = 0, scale: Any = 1) -> Any:
    """The logarithm of the density of an interval."""
    z = standard(x, loc, scale)
    return inside((z >= 0) & (z <= 1), z, 0 * z - np.log(floats(scale)), -np.inf)


@means("scipy.stats.expon.logpdf")
def expon_logpdf(x: Any, loc: Any = 0, scale: Any = 1) -> Any:
    """The logarithm of the exponential density."""
    z = standard(x, loc, scale)
    return inside(z >= 0, z, -z - np.log(floats(scale)), -np.inf)


@means("scipy.stats.laplace.logpdf")
def laplace_logpdf(x: Any, loc: Any = 0, scale: Any = 1) -> Any:
    """The logarithm of the density that falls exponentially on both sides."""
    return -np.abs(standard(x, loc, scale)) - LOG_2 - np.log(floats(scale))


@means("scipy.stats.logistic.logpdf")
def logistic_logpdf(x: Any, loc: Any = 0, scale: Any = 1) -> Any:
    """The logarithm of the logistic density."""
    size = np.abs(standard(x, loc, scale))
    return -size - 2 * np.log1p(np.exp(-size)) - np.log(floats(scale))


@means("scipy.stats.cauchy.logpdf")
def cauchy_logpdf(x: Any, loc: Any = 0, scale: Any = 1) -> Any:
    """The logarithm of the Cauchy density."""
    z = standard(x, loc, scale)
    return -LOG_PI - np.log1p(z * z) - np.log(floats(scale))


@means("scipy.stats.t.logpdf")
def t_logpdf(x: Any, df: Any, loc: Any = 0, scale: Any = 1) -> Any:
    """The logarithm of Student's density."""
    z, df = standard(x, loc, scale), positive(df)
    half = 0.5 * (df + 1)
    factor = gammaln(half) - gammaln(0.5 * df) - 0.5 * (np.log(df) + LOG_PI)
    return factor - half * np.log1p(z * z / df) - np.log(floats(scale))


@means("scipy.stats.gamma.logpdf")
def gamma_logpdf(x: Any, a: Any, loc: Any = 0, scale: Any = 1) -> Any:
    """The logarithm of the gamma density."""
    z, a = standard(x, loc, scale), positive(a)
    within = np.where(z >= 0, z, 1)
    density = xlogy(a - 1, within) - within - gammaln(a) - np.log(floats(scale))
    return inside(z >= 0, z, np.where(np.isnan(z), np.nan, density), -np.inf)


@means("scipy.stats.chi2.logpdf")
def chi2_logpdf(x: Any, df: Any, loc: Any = 0, scale: Any = 1) -> Any:
    """The logarithm of the density of a sum of squares."""
    return gamma_logpdf(x, 0.5 * floats(df), loc, 2 * floats(scale))


@means("scipy.stats.beta.logpdf")
def beta_logpdf(x: Any, a: Any, b: Any, loc: Any = 0, scale: Any = 1) -> Any:
    """The logarithm of the beta density."""
    z, a, b = standard(x, loc, scale), positive(a), positive(b)
    valid = (z >= 0) & (z <= 1)
    within = np.where(valid, z, 0.5)
    density = xlogy(a - 1, within) + xlog1py(b - 1, -within) - betaln(a, b) - np.log(floats(scale))
    return inside(valid, z, np.where(np.isnan(z), np.nan, density), -np.inf)


# -- distributions of whole numbers ------------------------------------------------------------------------------------


def counted(k: Any, valid: Any, logarithm: Any) -> Any:
    """The logarithm of a probability of whole numbers."""
    return np.where(valid & (k == np.floor(k)), logarithm, -np.inf)


@means("scipy.stats.poisson.logpmf")
def poisson_logpmf(k: Any, mu: Any, loc: Any = 0) -> Any:
    """The logarithm of the probability of a number of independent events."""
    k = floats(k) - loc
    mu = np.where(floats(mu) >= 0, mu, np.nan)
    n = np.where(k >= 0, k, 0)
    return counted(k, k >= 0, xlogy(n, mu) - gammaln(n + 1) - mu)


@means("scipy.stats.binom.logpmf")
def binom_logpmf(k: Any, n: Any, p: Any, loc: Any = 0) -> Any:
    """The logarithm of the probability of a number of successes."""
    k, n, p = floats(k) - loc, floats(n), floats(p)
    p = np.where((p >= 0) & (p <= 1), p, np.nan)
    valid = (k >= 0) & (k <= n)
    hits = np.where(valid, k, 0)
    ways = gammaln(n + 1) - gammaln(hits + 1) - gammaln(n - hits + 1)
    return counted(k, valid, ways + xlogy(hits, p) + xlog1py(n - hits, -p))


@means("scipy.stats.bernoulli.logpmf")
def bernoulli_logpmf(k: Any, p: Any, loc: Any = 0) -> Any:
    """The logarithm of the probability of one success or failure."""
    return binom_logpmf(k, 1, p, loc)


@means("scipy.stats.geom.logpmf")
def geom_logpmf(k: Any, p: Any, loc: Any = 0) -> Any:
    """The logarithm of the probability that the first success is the one of this number."""
    k, p = floats(k) - loc, floats(p)
    p = np.where((p > 0) & (p <= 1), p, np.nan)
    n = np.where(k >= 1, k, 1)
    return counted(k, k >= 1, np.log(p) + xlog1py(n - 1, -p))


@means("scipy.stats.nbinom.logpmf")
def nbinom_logpmf(k: Any, n: Any, p: Any, loc: Any = 0) -> Any:
    """The logarithm of the probability of a number of failures before the n-th success."""
    k, n, p = floats(k) - loc, positive(n), floats(p)
    p = np.where((p > 0) & (p <= 1), p, np.nan)
    failed = np.where(k >= 0, k, 0)
    ways = gammaln(n + failed) - gammaln(failed + 1) - gammaln(n)
    return counted(k, k >= 0, ways + n * np.log(p) + xlog1py(failed, -p))


# -- densities and probabilities from their logarithms -----------------------------------------------------------------


@means("scipy.stats.lognorm.pdf")
def lognorm_pdf(x: Any, s: Any, loc: Any = 0, scale: Any = 1) -> Any:
    """The density of an exponential of a normal variable."""
    return np.exp(lognorm_logpdf(x, s, loc, scale))


@means("scipy.stats.expon.pdf")
def expon_pdf(x: Any, loc: Any = 0, scale: Any = 1) -> Any:
    """The exponential density."""
    return np.exp(expon_logpdf(x, loc, scale))


@means("scipy.stats.expon.cdf")
def expon_cdf(x: Any, loc: Any = 0, scale: Any = 1) -> Any:
    """The exponential distribution function."""
    z = standard(x, loc, scale)
    return -np.expm1(-np.where(z < 0, 0, z))


@means("scipy.stats.t.pdf")
def t_pdf(x: Any, df: Any, loc: Any = 0, scale: Any = 1) -> Any:
    """Student's density."""
    return np.exp(t_logpdf(x, df, loc, scale))


@means("scipy.stats.gamma.pdf")
def gamma_pdf(x: Any, a: Any, loc: Any = 0, scale: Any = 1) -> Any:
    """The gamma density."""
    return np.exp(gamma_logpdf(x, a, loc, scale))


@means("scipy.stats.beta.pdf")
def beta_pdf(x: Any, a: Any, b: Any, loc: Any = 0, scale: Any = 1) -> Any:
    """The beta density."""
    return np.exp(beta_logpdf(x, a, b, loc, scale))


@means("scipy.stats.poisson.pmf")
def poisson_pmf(k: Any, mu: Any, loc: Any = 0) -> Any:
    """The probability of a number of independent events."""
    return np.exp(poisson_logpmf(k, mu, loc))


@means("scipy.stats.binom.pmf")
def binom_pmf(k: Any, n: Any, p: Any, loc: Any = 0) -> Any:
    """The probability of a number of successes."""
    return np.exp(binom_logpmf(k, n, p, loc))
