"""Kepler's equation by Newton's method in a `while` loop, for each element of an array.

The adjoint joins both sweeps: its tape holds the three partial derivatives of each iteration for one
element. It grows outside the loop that fills it, since the number of iterations is not known beforehand.
"""

import math

import numpy as np

from benchmarks.program import Program, hand


def kepler_newton(m, e):
    total = 0.0
    for i in range(m.shape[0]):
        x = m[i]
        step = 1.0
        while abs(step) > 1e-12:
            step = (x - e * math.sin(x) - m[i]) / (1.0 - e * math.cos(x))
            x = x - step
        total += math.cos(x) * m[i]
    return total


@hand
def adjoint(m, e):
    m_bar = np.empty_like(m)
    e_bar = total = 0.0
    tape = np.empty((32, 3))
    for i in range(m.shape[0]):
        mean = m[i]
        x, step, k = mean, 1.0, 0
        while abs(step) > 1e-12:
            room = tape.shape[0]
            while abs(step) > 1e-12 and k < room:
                sine, cosine = math.sin(x), math.cos(x)
                slope = 1.0 / (1.0 - e * cosine)
                step = (x - e * sine - mean) * slope
                x -= step
                tape[k, 0] = slope
                tape[k, 1] = slope * (sine - cosine * step)
                tape[k, 2] = slope * step * e * sine
                k += 1
            if k == room:
                tape = np.concatenate((tape, np.empty_like(tape)))
        cosine = math.cos(x)
        total += cosine * mean
        x_bar, mean_bar = -math.sin(x) * mean, cosine
        for n in range(k - 1, -1, -1):
            mean_bar += x_bar * tape[n, 0]
            e_bar += x_bar * tape[n, 1]
            x_bar *= tape[n, 2]
        m_bar[i] = mean_bar + x_bar
    return total, (m_bar, e_bar)


PROGRAM = Program(
    function=kepler_newton,
    argnums=(0, 1),
    primal=hand(kepler_newton),
    adjoint=adjoint,
    inputs=lambda rng, n: (rng.uniform(0.1, 3.0, size=n), 0.6),
    small=(9,),
    large=(20_000,),
    tape=lambda m, e: 32 * 3 * 8,
)
