"""Sequences scored in logarithms, images moved onto each other, and a density that a chain of maps gives."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import logsumexp

from tests.support.registry import program


def alignment_score(logits: Any, labels: Any) -> Any:
    """The probability of a labelling, summed over alignments: most states are impossible at first."""
    scores = logits - logsumexp(logits, axis=1)[:, None]
    extended = np.zeros(2 * len(labels) + 1, dtype=int)
    extended[1::2] = labels
    alpha = np.full(len(extended), -np.inf)
    alpha[0], alpha[1] = scores[0, 0], scores[0, extended[1]]
    for t in range(1, len(scores)):
        new = alpha.copy()
        new[1:] = np.logaddexp(new[1:], alpha[:-1])
        skips = (extended[2:] != 0) & (extended[2:] != extended[:-2])
        new[2:] = np.where(skips, np.logaddexp(new[2:], alpha[:-2]), new[2:])
        alpha = new + scores[t, extended]
    return -np.logaddexp(alpha[-1], alpha[-2])


program(alignment_score, lambda rng: (rng.normal(size=(5, 4)), np.array([1, 2, 1])))


def optical_flow(before: Any, after: Any, alpha: float) -> Any:
    """How far each point of an image has moved; the means of neighbours are a generator's sum."""
    n, m = before.shape
    dx = 0.5 * (np.roll(before, -1, 1) - np.roll(before, 1, 1))
    dy = 0.5 * (np.roll(before, -1, 0) - np.roll(before, 1, 0))
    u, v = np.zeros_like(before), np.zeros_like(before)
    kernel = np.array([[1, 2, 1], [2, 0, 2], [1, 2, 1]]) / 12
    for _ in range(3):
        wide = np.pad(np.stack((u, v)), ((0, 0), (1, 1), (1, 1)), mode="symmetric")
        mu, mv = sum(kernel[a, b] * wide[:, a : a + n, b : b + m] for a in range(3) for b in range(3))
        c = (dx * mu + dy * mv + after - before) / (alpha**2 + dx**2 + dy**2)
        u, v = mu - dx * c, mv - dy * c
    return np.stack((u, v))


program(optical_flow, lambda rng: (rng.normal(size=(4, 5)), rng.normal(size=(4, 5)), 0.5), (0, 1, 2))


def coupling_layers(x: Any, layers: Any) -> Any:
    """The log-likelihood under maps of one half of the variables by the other, whose halves change places."""
    volume = np.zeros(x.shape[0])
    for n, layer in enumerate(layers):
        kept, moved = np.split(x, 2, axis=1) if n % 2 == 0 else np.split(x[:, ::-1], [2], axis=1)
        scale = np.tanh(kept @ layer["scale"] + layer["bias"])
        moved = moved * np.exp(scale) + kept @ layer["shift"]
        volume += scale.sum(1)
        x = np.concatenate((moved, kept), axis=-1)
    return (-0.5 * (x**2).sum(1) - x.shape[1] / 2 * np.log(2 * np.pi) + volume).mean()


def _layers(rng: np.random.Generator) -> list[dict[str, Any]]:
    return [
        {"scale": rng.normal(size=(2, 2)), "shift": rng.normal(size=(2, 2)), "bias": rng.normal(size=2)}
        for _ in range(3)
    ]


program(coupling_layers, lambda rng: (rng.normal(size=(3, 4)), _layers(rng)), (0, 1))
