"""The log-likelihood of a hidden Markov model, by the forward algorithm with a normalisation at each step.

The adjoint records the normalised probabilities, their norms and the likelihoods of what is observed.
"""

import math

import numpy as np

from benchmarks.program import Program, hand, hand_sums


def hidden_markov(start, transition, score):
    steps, states = score.shape
    alpha = np.empty(states)
    new = np.empty(states)
    total = 0.0
    for t in range(steps):
        norm = 0.0
        for j in range(states):
            if t == 0:
                reached = start[j]
            else:
                reached = 0.0
                for i in range(states):
                    reached += alpha[i] * transition[i, j]
            new[j] = reached * math.exp(score[t, j])
            norm += new[j]
        for j in range(states):
            alpha[j] = new[j] / norm
        total += math.log(norm)
    return total


@hand_sums
def adjoint(start, transition, score):
    steps, states = score.shape
    alpha, likely, norms = np.empty((steps, states)), np.empty((steps, states)), np.empty(steps)
    reached = np.empty(states)
    total = 0.0
    for t in range(steps):
        if t == 0:
            for j in range(states):
                reached[j] = start[j]
        else:
            for j in range(states):
                reached[j] = 0.0
            for i in range(states):
                before = alpha[t - 1, i]
                for j in range(states):
                    reached[j] += before * transition[i, j]
        norm = 0.0
        for j in range(states):
            likely[t, j] = math.exp(score[t, j])
            alpha[t, j] = reached[j] * likely[t, j]
            norm += alpha[t, j]
        for j in range(states):
            alpha[t, j] /= norm
        norms[t] = norm
        total += math.log(norm)
    start_bar, transition_bar = np.zeros(states), np.zeros((states, states))
    score_bar, alpha_bar, reached_bar = np.empty((steps, states)), np.zeros(states), np.empty(states)
    for t in range(steps - 1, -1, -1):
        inner = 0.0
        for j in range(states):
            inner += alpha_bar[j] * alpha[t, j]
        rate = 1.0 / norms[t]
        for j in range(states):
            new_bar = (alpha_bar[j] + 1.0 - inner) * rate
            reached_bar[j] = new_bar * likely[t, j]
            score_bar[t, j] = new_bar * alpha[t, j] * norms[t]
        if t == 0:
            for j in range(states):
                start_bar[j] = reached_bar[j]
        else:
            for i in range(states):
                before, back = alpha[t - 1, i], 0.0
                for j in range(states):
                    transition_bar[i, j] += before * reached_bar[j]
                    back += transition[i, j] * reached_bar[j]
                alpha_bar[i] = back
    return total, (start_bar, transition_bar, score_bar)


def model(rng, steps, states):
    """Probabilities that sum to one, and scores of what is observed."""
    start, transition = rng.uniform(0.1, 1.0, states), rng.uniform(0.1, 1.0, (states, states))
    return start / start.sum(), transition / transition.sum(axis=1, keepdims=True), rng.normal(size=(steps, states))


PROGRAM = Program(
    function=hidden_markov,
    argnums=(0, 1, 2),
    primal=hand(hidden_markov),
    adjoint=adjoint,
    inputs=model,
    small=(5, 3),
    large=(2000, 16),
    tape=lambda start, transition, score: 16 * score.size + 8 * score.shape[0],
)
