"""Estimators and controllers as people write them: lists of states and dictionaries of parameters."""

import math
from typing import NamedTuple

import numpy as np

import adcompiler as ad
from tests.support.registry import program


class S(NamedTuple):
    """A mean and its covariance."""

    mean: np.ndarray
    cov: np.ndarray


def adam_on_a_dictionary(p, x, y, n):
    def loss(p):
        h = np.tanh(x @ p["W"] + p["b"])
        return np.mean((h @ p["v"] - y) ** 2)

    m = {k: np.zeros_like(v) for k, v in p.items()}
    s = {k: np.zeros_like(v) for k, v in p.items()}
    p = dict(p)
    losses = []
    for t in range(n):
        value, g = ad.value_and_grad(loss)(p)
        losses.append(value)
        for k in p:
            m[k] = 0.9 * m[k] + 0.1 * g[k]
            s[k] = 0.99 * s[k] + 0.01 * g[k] ** 2
            p[k] = p[k] - 0.1 * m[k] / (1 - 0.9 ** (t + 1)) / (np.sqrt(s[k] / (1 - 0.99 ** (t + 1))) + 1e-3)
    return losses[-1] + np.mean(np.array(losses))


program(
    adam_on_a_dictionary,
    lambda rng: (
        {"W": rng.normal(size=(2, 3)), "b": rng.normal(size=3), "v": rng.normal(size=3)},
        rng.normal(size=(4, 2)),
        rng.normal(size=4),
        3,
    ),
)


def kalman_with_lists(A, Q, ys):
    st = S(np.zeros(2), np.eye(2))
    means = []
    hist = []
    ll = 0.0
    for y in ys:
        m = A @ st.mean
        P = A @ st.cov @ A.T + Q
        K = P[:, 0] / (P[0, 0] + 0.1)
        r = y - m[0]
        ll -= 0.5 * (r**2 / (P[0, 0] + 0.1) + np.log(P[0, 0] + 0.1))
        st = S(m + K * r, P - np.outer(K, P[0]))
        means.append(st.mean)
        hist.append(st)
    return ll + np.sum(np.stack(means)[:, 1]) + np.trace(hist[-1].cov) + sum(s.mean[0] for s in hist)


program(kalman_with_lists, lambda rng: (np.array([[1.0, 0.1], [-0.1, 0.9]]), 0.1 * np.eye(2), rng.normal(size=4)))


def hidden_markov_with_a_list(logA, logB, obs):
    alphas = [logB[:, obs[0]]]
    for o in obs[1:]:
        prev = alphas[-1]
        alphas.append(np.log(np.sum(np.exp(prev[:, None] + logA), axis=0)) + logB[:, o])
    return np.log(np.sum(np.exp(alphas[-1])))


program(
    hidden_markov_with_a_list, lambda rng: (rng.normal(size=(3, 3)), rng.normal(size=(3, 4)), np.array([0, 2, 1, 3]))
)


def regulator_with_lists(K, A, B, x0, n):
    xs, us, x = [], [], x0
    for _ in range(n):
        u = -K @ x
        xs.append(x)
        us.append(u)
        x = A @ x + B @ u
    return sum(x @ x for x in xs) + 0.1 * sum(u @ u for u in us)


program(
    regulator_with_lists,
    lambda rng: (
        0.1 * rng.normal(size=(1, 2)),
        np.array([[1.0, 0.1], [0.0, 1.0]]),
        np.array([[0.0], [0.1]]),
        rng.normal(size=2),
        4,
    ),
)


def energy_of_places(x):
    total = 0.0
    for place in np.ndindex(*x.shape):
        total += x[place] ** 2 * (place[0] + 1)
    for (i, j, k), v in np.ndenumerate(x):
        if k == 1:
            continue
        total += np.sin(v) * i * (j + k)
    for i, j in np.ndindex((x.shape[0], 2)):
        total += x[i, j, 0] * x[i, 0, j]
    return total


program(energy_of_places, lambda rng: (rng.normal(size=(2, 3, 4)),))


def flat_matrix(x):
    a = x.copy()
    a.flat[:: a.shape[1] + 1] += 2.0
    a.flat[1] *= a.flat[-1]
    values = a[0].tolist()
    values.append(math.fsum(v * v for v in a.flat))
    return sum(v**3 for v in values) + math.fsum(values) + max(a.flat) + round(values[0], 1) * values[1]


program(flat_matrix, lambda rng: (rng.normal(size=(3, 3)),))
