"""Uses of `scipy.stats` and `scipy.integrate`, and of NumPy's windows and points of quadrature."""

import numpy as np
import scipy.integrate
import scipy.stats as st

from tests.support.usages import Usages

U = Usages()
use = U.use
X = np.array([-1.5, 0.2, 0.7, 30.0])
P = np.array([0.05, 0.3, 0.9])
K = np.array([0, 1, 3, -1])
A = np.array([[2.0, 0.3], [0.3, 1.0]])
Y = np.array([[1.0, 3.0, 2.0, 5.0, 4.0, 2.5], [0.1, 0.7, 0.2, 0.4, 1.3, 0.6]])
PLACES = np.array([0.0, 0.5, 1.1, 1.5, 2.6, 3.0])


def within(logarithms):
    """What is finite: the differences of infinities are no numbers."""
    return np.where(np.isinf(logarithms), -1.0, logarithms)


use("norm.logpdf", lambda x, m, s: st.norm.logpdf(x, m, s), X, 0.3, 1.2)
use("norm.logpdf scales", lambda x, s: st.norm.logpdf(x, scale=s), X, np.array([1.0, 2.0, 0.5, 3.0]))
use("norm.pdf", lambda x, s: st.norm.pdf(x, loc=0.1, scale=s), X[:3], 2.0)
use("norm.cdf", lambda x, m: st.norm.cdf(x, m), X[:3], 0.4)
use("norm.sf and logsf", lambda x, m: st.norm.sf(x, m) + st.norm.logsf(x, m), X, 0.4)
use("norm.logcdf", lambda x, s: st.norm.logcdf(x, scale=s), 10 * X, 0.9)
use("norm.ppf", lambda q, m, s: st.norm.ppf(q, m, s), P, 0.2, 1.5)
use("lognorm.logpdf", lambda x, s, c: within(st.lognorm.logpdf(x, s, 0.1, c)), X, 0.8, 2.0)
use("lognorm.pdf", lambda x, s: st.lognorm.pdf(x, s), X, 0.8)
use("halfnorm.logpdf", lambda x, s: within(st.halfnorm.logpdf(x, scale=s)), X, 1.7)
use("multivariate_normal", lambda x, m, c: st.multivariate_normal.logpdf(x, m, c), X[:2], P[:2], A)
use("multivariate_normal rows", lambda x, c: st.multivariate_normal.pdf(x, None, c), X.reshape(2, 2) / 10, A)
use("uniform.logpdf", lambda x, s: within(st.uniform.logpdf(x, -1.0, s)), X, 2.5)
use("expon", lambda x, s: st.expon.logpdf(x[1:], scale=s) + st.expon.pdf(x, 0.1, s)[1:], X, 1.3)
use("expon.cdf", lambda x, s: st.expon.cdf(x, scale=s), X, 1.3)
use("laplace.logpdf", lambda x, m, s: st.laplace.logpdf(x, m, s), X, 0.1, 1.3)
use("logistic.logpdf", lambda x, m, s: st.logistic.logpdf(x, m, s), X, 0.1, 1.3)
use("cauchy.logpdf", lambda x, m, s: st.cauchy.logpdf(x, m, s), X, 0.1, 1.3)
use("t", lambda x, d, s: st.t.logpdf(x, d, 0.1, s) + st.t.pdf(x, d), X, 4.5, 1.3)
use("gamma", lambda x, a, s: st.gamma.logpdf(x, a, scale=s)[1:] + st.gamma.pdf(x, a)[1:], X, 2.5, 1.3)
use("gamma outside", lambda x, a: within(st.gamma.logpdf(x, a)), X, 2.5)
use("chi2.logpdf", lambda x, d: within(st.chi2.logpdf(x, d)), X, 3.5)
use("beta", lambda q, a, b: st.beta.logpdf(q, a, b) + st.beta.pdf(q, a, b), P, 2.5, 1.3)
use("beta outside", lambda x, a: within(st.beta.logpdf(x, a, 2.0)), X, 2.5)
use("poisson", lambda m: within(st.poisson.logpmf(K, m)) + st.poisson.pmf(K, m), 1.7)
use("binom", lambda p: within(st.binom.logpmf(K, 4, p)) + st.binom.pmf(K, 5, p), 0.3)
use("bernoulli.logpmf", lambda p: st.bernoulli.logpmf(K[:2], p), 0.3)
use("geom.logpmf", lambda p: within(st.geom.logpmf(K, p)), 0.3)
use("nbinom.logpmf", lambda n, p: within(st.nbinom.logpmf(K, n, p)), 3.0, 0.3)
use("simpson odd", lambda y: scipy.integrate.simpson(y[:, :5], dx=0.2), Y)
use("simpson even", lambda y, x: scipy.integrate.simpson(y, x=x), Y, PLACES)
use("simpson axis", lambda y: scipy.integrate.simpson(y.T, axis=0), Y)
use("simpson of two", lambda y: scipy.integrate.simpson(y[0, :2], dx=0.2), Y)
use("windows", lambda x: x[:3] * (np.hanning(3) + np.hamming(3)) + np.blackman(3) * np.bartlett(3), X)
use("window of one", lambda x: x * np.hanning(1)[0] + np.sum(np.hamming(0)), X)
use("leggauss", lambda a: np.sum(np.polynomial.legendre.leggauss(5)[1] * a), 0.7)


def hermite(a):
    points, weights = np.polynomial.hermite.hermgauss(6)
    return np.sum(weights * np.cos(a * points))


use("hermgauss", hermite, 0.7)

SIX = np.array([0.3, -1.2, 0.8, 1.9, -0.4, 0.6])
use(
    "histogram2d",
    lambda v, u: np.histogram2d(np.arange(6.0) % 4, np.arange(6.0), (2, 3), weights=v)[0] * u[0],
    SIX,
    SIX,
)
use("add.reduceat", lambda v: np.add.reduceat(v, [0, 3, 2, 5]), SIX)
use("maximum.reduceat", lambda x: np.maximum.reduceat(x, np.array([0, 2])), SIX)
