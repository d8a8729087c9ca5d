"""A network with one hidden layer and softmax cross-entropy, written as loops over the samples.

The samples are independent once the work arrays are private: the adjoint joins both sweeps and keeps
one sample's activations.
"""

import math

import numpy as np

from benchmarks.program import Program, hand, hand_sums


def mlp_loops(w1, b1, w2, b2, x, label):
    samples, inputs = x.shape
    width, classes = b1.shape[0], b2.shape[0]
    hidden = np.empty(width)
    logit = np.empty(classes)
    loss = 0.0
    for n in range(samples):
        for h in range(width):
            s = b1[h]
            for i in range(inputs):
                s += w1[h, i] * x[n, i]
            hidden[h] = math.tanh(s)
        biggest = -1e300
        for c in range(classes):
            s = b2[c]
            for h in range(width):
                s += w2[c, h] * hidden[h]
            logit[c] = s
            biggest = max(biggest, s)
        s = 0.0
        for c in range(classes):
            s += math.exp(logit[c] - biggest)
        loss += biggest + math.log(s) - logit[label[n]]
    return loss / samples


@hand
def layer(w, b, v, out):
    for h in range(w.shape[0]):
        s, row = b[h], w[h]
        for i in range(v.shape[0]):
            s += row[i] * v[i]
        out[h] = s


@hand
def softmax_bar(logit, label):
    """Replace the logits by their cotangents; the result is the cross-entropy."""
    biggest = np.max(logit)
    chosen, s = logit[label], 0.0
    for c in range(logit.shape[0]):
        logit[c] = math.exp(logit[c] - biggest)
        s += logit[c]
    for c in range(logit.shape[0]):
        logit[c] /= s
    logit[label] -= 1.0
    return biggest + math.log(s) - chosen


@hand_sums
def add_outer(g, v, w_bar):
    for i in range(v.shape[0]):
        w_bar[i] += g * v[i]


@hand
def adjoint(w1, b1, w2, b2, x, label):
    samples = x.shape[0]
    width, classes = b1.shape[0], b2.shape[0]
    hidden, hidden_bar, logit = np.empty(width), np.empty(width), np.empty(classes)
    w1_bar, b1_bar, w2_bar, b2_bar = np.zeros_like(w1), np.zeros_like(b1), np.zeros_like(w2), np.zeros_like(b2)
    loss = 0.0
    for n in range(samples):
        v = x[n]
        layer(w1, b1, v, hidden)
        for h in range(width):
            hidden[h] = math.tanh(hidden[h])
        layer(w2, b2, hidden, logit)
        loss += softmax_bar(logit, label[n])
        hidden_bar[:] = 0.0
        for c in range(classes):
            g = logit[c]
            b2_bar[c] += g
            add_outer(g, hidden, w2_bar[c])
            add_outer(g, w2[c], hidden_bar)
        for h in range(width):
            g = hidden_bar[h] * (1.0 - hidden[h] * hidden[h])
            b1_bar[h] += g
            add_outer(g, v, w1_bar[h])
    return loss / samples, (w1_bar / samples, b1_bar / samples, w2_bar / samples, b2_bar / samples)


PROGRAM = Program(
    function=mlp_loops,
    argnums=(0, 1, 2, 3),
    primal=hand(mlp_loops),
    adjoint=adjoint,
    inputs=lambda rng, samples, inputs, width, classes: (
        0.3 * rng.normal(size=(width, inputs)),
        rng.normal(size=width),
        0.3 * rng.normal(size=(classes, width)),
        rng.normal(size=classes),
        rng.normal(size=(samples, inputs)),
        rng.integers(0, classes, size=samples),
    ),
    small=(5, 3, 4, 3),
    large=(500, 64, 32, 10),
    tape=lambda w1, b1, w2, b2, x, label: 8 * b1.size,
)
