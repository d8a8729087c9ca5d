"""A biquad filter, differentiated in its coefficients and its signal.

The output is kept by the function itself; the adjoint is the filter run backwards with two scalars carried.
"""

import numpy as np

from benchmarks.program import Program, hand


def iir_filter(b, a, signal, target):
    n = signal.shape[0]
    y = np.zeros(n)
    y[0] = b[0] * signal[0]
    y[1] = b[0] * signal[1] + b[1] * signal[0] - a[0] * y[0]
    for k in range(2, n):
        y[k] = b[0] * signal[k] + b[1] * signal[k - 1] + b[2] * signal[k - 2] - a[0] * y[k - 1] - a[1] * y[k - 2]
    loss = 0.0
    for k in range(n):
        loss += (y[k] - target[k]) ** 2
    return loss


@hand
def forward(b, a, signal, target, y):
    n = signal.shape[0]
    b0, b1, b2, a0, a1 = b[0], b[1], b[2], a[0], a[1]
    y[0] = b0 * signal[0]
    y[1] = b0 * signal[1] + b1 * signal[0] - a0 * y[0]
    loss = (y[0] - target[0]) ** 2 + (y[1] - target[1]) ** 2
    for k in range(2, n):
        y[k] = b0 * signal[k] + b1 * signal[k - 1] + b2 * signal[k - 2] - a0 * y[k - 1] - a1 * y[k - 2]
        loss += (y[k] - target[k]) ** 2
    return loss


@hand
def adjoint(b, a, signal, target):
    n = signal.shape[0]
    y, signal_bar = np.empty(n), np.empty(n)
    loss = forward(b, a, signal, target, y)
    b0, b1, b2, a0, a1 = b[0], b[1], b[2], a[0], a[1]
    p0 = p1 = p2 = q0 = q1 = 0.0
    next1 = next2 = 0.0
    for k in range(n - 1, 1, -1):
        g = 2.0 * (y[k] - target[k]) - a1 * next2 - a0 * next1
        p0 += g * signal[k]
        p1 += g * signal[k - 1]
        p2 += g * signal[k - 2]
        q0 -= g * y[k - 1]
        q1 -= g * y[k - 2]
        signal_bar[k] = b0 * g + b1 * next1 + b2 * next2
        next1, next2 = g, next1
    g = 2.0 * (y[1] - target[1]) - a1 * next2 - a0 * next1
    p0 += g * signal[1]
    p1 += g * signal[0]
    q0 -= g * y[0]
    signal_bar[1] = b0 * g + b1 * next1 + b2 * next2
    next1, next2 = g, next1
    g = 2.0 * (y[0] - target[0]) - a1 * next2 - a0 * next1
    p0 += g * signal[0]
    signal_bar[0] = b0 * g + b1 * next1 + b2 * next2
    return loss, (np.array([p0, p1, p2]), np.array([q0, q1]), signal_bar)


PROGRAM = Program(
    function=iir_filter,
    argnums=(0, 1, 2),
    primal=hand(iir_filter),
    adjoint=adjoint,
    inputs=lambda rng, n: (
        np.array([0.2, 0.4, 0.2]),
        np.array([-0.4, 0.2]),
        rng.normal(size=n),
        rng.normal(size=n),
    ),
    small=(12,),
    large=(100_000,),
    tape=lambda b, a, signal, target: 0,
)
