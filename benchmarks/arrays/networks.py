"""Layers of neural networks."""

import numpy as np

from benchmarks.arrays.program import ArrayProgram


def mlp(w1, b1, w2, b2, x, labels):
    hidden = np.tanh(x @ w1 + b1)
    z = hidden @ w2 + b2
    z = z - z.max(axis=1, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    return -np.mean(log_p[np.arange(len(labels)), labels])


def mlp_wide(w1, b1, w2, b2, x, target):
    hidden = np.maximum(x @ w1 + b1, 0.0)
    return np.mean((hidden @ w2 + b2 - target) ** 2)


def convolution(image, kernel, bias):
    h, w = image.shape
    p, q = kernel.shape
    out = np.zeros((h - p + 1, w - q + 1)) + bias
    for i in range(p):
        for j in range(q):
            out += kernel[i, j] * image[i : h - p + 1 + i, j : w - q + 1 + j]
    return np.mean(np.maximum(out, 0.0) ** 2)


def max_pool(image):
    top = np.maximum(image[0::2, 0::2], image[0::2, 1::2])
    bottom = np.maximum(image[1::2, 0::2], image[1::2, 1::2])
    return np.sum(np.maximum(top, bottom) ** 2)


def attention(x, wq, wk, wv, heads):
    n, width = x.shape
    size = width // heads
    q = (x @ wq).reshape(n, heads, size).transpose(1, 0, 2)
    k = (x @ wk).reshape(n, heads, size).transpose(1, 0, 2)
    v = (x @ wv).reshape(n, heads, size).transpose(1, 0, 2)
    scores = q @ k.transpose(0, 2, 1) / np.sqrt(size)
    scores = np.where(np.tril(np.ones((n, n))) > 0.0, scores, -1e9)
    weight = np.exp(scores - scores.max(axis=2, keepdims=True))
    weight = weight / weight.sum(axis=2, keepdims=True)
    out = (weight @ v).transpose(1, 0, 2).reshape(n, width)
    return np.mean(out**2)


def normalised(x, gamma):
    centred = x - x.mean(axis=-1, keepdims=True)
    return gamma * centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-5)


def transformer_block(x, wq, wk, wv, wo, w1, w2, gamma):
    n, width = x.shape
    y = normalised(x, gamma)
    scores = (y @ wq) @ (y @ wk).T / np.sqrt(width)
    scores = np.where(np.arange(n)[:, None] >= np.arange(n)[None, :], scores, -np.inf)
    weight = np.exp(scores - scores.max(axis=1, keepdims=True))
    weight = weight / weight.sum(axis=1, keepdims=True)
    x = x + weight @ (y @ wv) @ wo
    hidden = normalised(x, gamma) @ w1
    hidden = 0.5 * hidden * (1.0 + np.tanh(0.7978845608 * (hidden + 0.044715 * hidden**3)))
    return np.mean((x + hidden @ w2) ** 2)


def layers(rng, *shapes):
    return tuple(rng.normal(size=shape) / np.sqrt(shape[0]) for shape in shapes)


def mlp_inputs(rng, n, size, hidden, classes):
    w1, w2, x = layers(rng, (size, hidden), (hidden, classes), (n, size))
    return w1, np.zeros(hidden), w2, np.zeros(classes), np.sqrt(n) * x, rng.integers(0, classes, n)


def mlp_wide_inputs(rng, n, size, hidden, out):
    w1, w2, x, target = layers(rng, (size, hidden), (hidden, out), (n, size), (n, out))
    return w1, np.full(hidden, 0.1), w2, np.zeros(out), x, target


def convolution_inputs(rng, n, size):
    return rng.normal(size=(n, n)), rng.normal(size=(size, size)), 0.1


def max_pool_inputs(rng, n):
    return (rng.normal(size=(n, n)),)


def attention_inputs(rng, n, heads, size):
    width = heads * size
    return (*layers(rng, (n, width), (width, width), (width, width), (width, width)), heads)


def transformer_inputs(rng, n, width):
    square = [(width, width)] * 4
    return (*layers(rng, (n, width), *square, (width, 4 * width), (4 * width, width)), np.ones(width))


PROGRAMS = (
    ArrayProgram(mlp, (0, 1, 2, 3), mlp_inputs, (3, 2, 4, 3), (32, 16, 32, 10), (128, 32, 64, 10), "network"),
    ArrayProgram(
        mlp_wide, (0, 1, 2, 3), mlp_wide_inputs, (3, 2, 4, 3), (64, 128, 128, 64), (256, 512, 512, 256), "gemm"
    ),
    ArrayProgram(convolution, (0, 1, 2), convolution_inputs, (5, 3), (28, 3), (256, 5), "stencil"),
    ArrayProgram(max_pool, 0, max_pool_inputs, (4,), (28,), (512,), "stencil"),
    ArrayProgram(attention, (0, 1, 2, 3), attention_inputs, (4, 2, 2), (16, 4, 8), (128, 8, 16), "network"),
    ArrayProgram(transformer_block, tuple(range(8)), transformer_inputs, (3, 4), (16, 32), (128, 128), "network"),
)
