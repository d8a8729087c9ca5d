"""A recurrent network with gates (LSTM) over a long signal, in loops; the adjoint records gates and cells."""

import math

import numpy as np

from benchmarks.program import Program, hand, hand_sums


def long_memory(w, u, b, signal, target):
    cells = u.shape[1]
    h = np.zeros(cells)
    c = np.zeros(cells)
    gate = np.empty(4 * cells)
    loss = 0.0
    for t in range(signal.shape[0]):
        for k in range(4 * cells):
            drive = b[k] + w[k] * signal[t]
            for j in range(cells):
                drive += u[k, j] * h[j]
            gate[k] = drive
        total = 0.0
        for j in range(cells):
            keep = 1.0 / (1.0 + math.exp(-gate[j]))
            take = 1.0 / (1.0 + math.exp(-gate[cells + j]))
            give = 1.0 / (1.0 + math.exp(-gate[2 * cells + j]))
            c[j] = keep * c[j] + take * math.tanh(gate[3 * cells + j])
            h[j] = give * math.tanh(c[j])
            total += h[j]
        loss += (total / cells - target[t]) ** 2
    return loss / signal.shape[0]


@hand_sums
def adjoint(w, u, b, signal, target):
    steps, cells = signal.shape[0], u.shape[1]
    keep, take, give = np.empty((steps, cells)), np.empty((steps, cells)), np.empty((steps, cells))
    fresh, shown = np.empty((steps, cells)), np.empty((steps, cells))
    c, h = np.zeros((steps + 1, cells)), np.zeros((steps + 1, cells))
    error, gate = np.empty(steps), np.empty(4 * cells)
    loss = 0.0
    for t in range(steps):
        for k in range(4 * cells):
            drive = b[k] + w[k] * signal[t]
            for j in range(cells):
                drive += u[k, j] * h[t, j]
            gate[k] = drive
        total = 0.0
        for j in range(cells):
            keep[t, j] = 1.0 / (1.0 + math.exp(-gate[j]))
            take[t, j] = 1.0 / (1.0 + math.exp(-gate[cells + j]))
            give[t, j] = 1.0 / (1.0 + math.exp(-gate[2 * cells + j]))
            fresh[t, j] = math.tanh(gate[3 * cells + j])
            c[t + 1, j] = keep[t, j] * c[t, j] + take[t, j] * fresh[t, j]
            shown[t, j] = math.tanh(c[t + 1, j])
            h[t + 1, j] = give[t, j] * shown[t, j]
            total += h[t + 1, j]
        error[t] = total / cells - target[t]
        loss += error[t] ** 2
    w_bar, u_bar, b_bar = np.zeros(4 * cells), np.zeros((4 * cells, cells)), np.zeros(4 * cells)
    h_bar, c_bar, gate_bar = np.zeros(cells), np.zeros(cells), np.empty(4 * cells)
    for t in range(steps - 1, -1, -1):
        each = 2.0 * error[t] / (steps * cells)
        for j in range(cells):
            of_h = h_bar[j] + each
            of_c = c_bar[j] + of_h * give[t, j] * (1.0 - shown[t, j] ** 2)
            gate_bar[j] = of_c * c[t, j] * keep[t, j] * (1.0 - keep[t, j])
            gate_bar[cells + j] = of_c * fresh[t, j] * take[t, j] * (1.0 - take[t, j])
            gate_bar[2 * cells + j] = of_h * shown[t, j] * give[t, j] * (1.0 - give[t, j])
            gate_bar[3 * cells + j] = of_c * take[t, j] * (1.0 - fresh[t, j] ** 2)
            c_bar[j] = of_c * keep[t, j]
            h_bar[j] = 0.0
        for k in range(4 * cells):
            g = gate_bar[k]
            b_bar[k] += g
            w_bar[k] += g * signal[t]
            for j in range(cells):
                u_bar[k, j] += g * h[t, j]
                h_bar[j] += g * u[k, j]
    return loss / steps, (w_bar, u_bar, b_bar)


def network(rng, steps, cells):
    """Weights of a small network, a signal, and what is to be told of it."""
    signal = rng.normal(size=steps)
    weights = rng.normal(size=4 * cells), rng.normal(size=(4 * cells, cells)) / math.sqrt(cells), np.zeros(4 * cells)
    return *weights, signal, np.tanh(np.cumsum(signal) / math.sqrt(steps))


PROGRAM = Program(
    function=long_memory,
    argnums=(0, 1, 2),
    primal=hand(long_memory),
    adjoint=adjoint,
    inputs=network,
    small=(5, 3),
    large=(1000, 16),
    tape=lambda w, u, b, signal, target: 8 * signal.shape[0] * (7 * u.shape[1] + 1),
)
