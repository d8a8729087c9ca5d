"""A driven nonlinear recurrence. The states are kept by the function itself, so the reverse sweep reloads them.

The sine and cosine that the reverse sweep needs are recorded: the forward sweep waits for each sine
in turn, so a cosine beside it costs next to nothing.
"""

import math

import numpy as np

from benchmarks.program import Program, hand


def recurrence(u, a):
    n = u.shape[0]
    x = np.empty(n + 1)
    x[0] = 0.5
    for k in range(n):
        x[k + 1] = a * math.sin(x[k]) + u[k]
    loss = 0.0
    for k in range(n + 1):
        loss += x[k] ** 2
    return loss / n


@hand
def adjoint(u, a):
    n = u.shape[0]
    x, sine, cosine = np.empty(n + 1), np.empty(n), np.empty(n)
    x[0] = 0.5
    loss = 0.25
    for k in range(n):
        sine[k], cosine[k] = math.sin(x[k]), math.cos(x[k])
        x[k + 1] = a * sine[k] + u[k]
        loss += x[k + 1] * x[k + 1]
    u_bar = np.empty(n)
    a_bar = 0.0
    weight = 2.0 / n
    x_bar = weight * x[n]
    for k in range(n - 1, -1, -1):
        u_bar[k] = x_bar
        a_bar += x_bar * sine[k]
        x_bar = x_bar * a * cosine[k] + weight * x[k]
    return loss / n, (u_bar, a_bar)


PROGRAM = Program(
    function=recurrence,
    argnums=(0, 1),
    primal=hand(recurrence),
    adjoint=adjoint,
    inputs=lambda rng, n: (rng.normal(size=n), 0.9),
    small=(12,),
    large=(100_000,),
    tape=lambda u, a: 16 * u.shape[0],
)
