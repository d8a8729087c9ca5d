"""The score of the best path through a trellis: dynamic programming with a maximum.

The adjoint records where each maximum was taken and walks back along the one best path.
"""

import numpy as np

from benchmarks.program import Program, hand


def viterbi(emission, transition):
    steps, states = emission.shape
    score = emission[0].copy()
    new = np.empty(states)
    for t in range(1, steps):
        for j in range(states):
            best = score[0] + transition[0, j]
            for i in range(1, states):
                candidate = score[i] + transition[i, j]
                if candidate > best:
                    best = candidate
            new[j] = best + emission[t, j]
        for j in range(states):
            score[j] = new[j]
    best = score[0]
    for j in range(1, states):
        if score[j] > best:
            best = score[j]
    return best


@hand
def adjoint(emission, transition):
    steps, states = emission.shape
    origin = np.empty((steps, states), np.int32)
    score, new = emission[0].copy(), np.empty(states)
    for t in range(1, steps):
        for j in range(states):
            best, where = score[0] + transition[0, j], 0
            for i in range(1, states):
                candidate = score[i] + transition[i, j]
                if candidate > best:
                    best, where = candidate, i
            new[j] = best + emission[t, j]
            origin[t, j] = where
        score, new = new, score
    state = np.argmax(score)
    value = score[state]
    emission_bar, transition_bar = np.zeros((steps, states)), np.zeros((states, states))
    for t in range(steps - 1, 0, -1):
        emission_bar[t, state] = 1.0
        before = origin[t, state]
        transition_bar[before, state] += 1.0
        state = before
    emission_bar[0, state] = 1.0
    return value, (emission_bar, transition_bar)


PROGRAM = Program(
    function=viterbi,
    argnums=(0, 1),
    primal=hand(viterbi),
    adjoint=adjoint,
    inputs=lambda rng, steps, states: (rng.normal(size=(steps, states)), rng.normal(size=(states, states))),
    small=(5, 3),
    large=(2000, 20),
    tape=lambda emission, transition: 4 * emission.size,
)
