"""The array programs as a user of PyTorch writes them: what it writes into arrays is cloned or joined first."""

import torch
from torch.nn import functional


def kalman(f, h, q, r, observed):
    x, p = observed.new_zeros(f.shape[0]), torch.eye(f.shape[0], dtype=f.dtype)
    loss = 0.0
    for y in observed:
        x = f @ x
        p = f @ p @ f.T + q
        s = h @ p @ h.T + r
        innovation = y - h @ x
        loss = loss + 0.5 * (innovation @ torch.linalg.solve(s, innovation) + torch.log(torch.linalg.det(s)))
        gain = p @ h.T @ torch.linalg.inv(s)
        x = x + gain @ innovation
        p = p - gain @ h @ p
    return loss


def gaussian_process(log_length, log_noise, x, y):
    d = x[:, None] - x[None, :]
    k = torch.exp(-0.5 * (d / torch.exp(log_length)) ** 2) + torch.exp(log_noise) * torch.eye(len(x), dtype=x.dtype)
    low = torch.linalg.cholesky(k)
    alpha = torch.cholesky_solve(y[:, None], low)[:, 0]
    return 0.5 * y @ alpha + torch.sum(torch.log(torch.diag(low)))


def pca(x, keep):
    centred = x - x.mean(dim=0)
    _, vectors = torch.linalg.eigh(centred.T @ centred / x.shape[0])
    top = vectors[:, -keep:]
    return torch.mean((centred - centred @ top @ top.T) ** 2)


def least_squares(a, b):
    x = torch.linalg.solve(a.T @ a, a.T @ b)
    return torch.sum((a @ x - b) ** 2) + 0.1 * torch.sum(x**2)


def chain(x, y):
    a = torch.sin(x) * y + torch.exp(-x * x)
    b = torch.tanh(a) / (1.0 + y * y)
    return torch.sum(b * torch.sqrt(1.0 + a * a))


def black_scholes(spot, strike, time, rate, volatility):
    spread = volatility * torch.sqrt(time)
    d1 = (torch.log(spot / strike) + (rate + 0.5 * volatility**2) * time) / spread
    cdf1, cdf2 = torch.special.ndtr(d1), torch.special.ndtr(d1 - spread)
    return torch.sum(spot * cdf1 - strike * torch.exp(-rate * time) * cdf2)


def gravity(x, v, mass, dt, steps):
    for _ in range(steps):
        d = x[None, :, :] - x[:, None, :]
        inverse = (torch.sum(d**2, dim=2) + 0.01) ** -1.5
        v = v + dt * torch.sum(mass[None, :, None] * inverse[:, :, None] * d, dim=1)
        x = x + dt * v
    return 0.5 * torch.sum(mass[:, None] * v**2)


def soft_histogram(x, centres, width):
    weight = torch.softmax(-0.5 * ((x[:, None] - centres[None, :]) / width) ** 2, dim=1)
    share = weight.mean(dim=0)
    return -torch.sum(share * torch.log(share))


def mlp(w1, b1, w2, b2, x, labels):
    return functional.cross_entropy(torch.tanh(x @ w1 + b1) @ w2 + b2, labels)


def mlp_wide(w1, b1, w2, b2, x, target):
    return functional.mse_loss(torch.relu(x @ w1 + b1) @ w2 + b2, target)


def convolution(image, kernel, bias):
    out = functional.conv2d(image[None, None], kernel[None, None], bias[None])
    return torch.mean(torch.relu(out) ** 2)


def max_pool(image):
    return torch.sum(functional.max_pool2d(image[None], 2) ** 2)


def attention(x, wq, wk, wv, heads):
    n, width = x.shape
    q, k, v = ((x @ w).reshape(n, heads, width // heads).transpose(0, 1)[None] for w in (wq, wk, wv))
    return torch.mean(functional.scaled_dot_product_attention(q, k, v, is_causal=True) ** 2)


def transformer_block(x, wq, wk, wv, wo, w1, w2, gamma):
    width = x.shape[1:]
    y = functional.layer_norm(x, width, gamma)
    mixed = functional.scaled_dot_product_attention(*((y @ w)[None] for w in (wq, wk, wv)), is_causal=True)[0]
    x = x + mixed @ wo
    hidden = functional.gelu(functional.layer_norm(x, width, gamma) @ w1, approximate="tanh")
    return torch.mean((x + hidden @ w2) ** 2)


def logsumexp_rows(x):
    return torch.sum(torch.logsumexp(x, dim=1))


def softmax_cross_entropy(logits, labels):
    return functional.cross_entropy(logits, labels)


def layer_norm(x, gamma, beta, target):
    return functional.mse_loss(functional.layer_norm(x, x.shape[1:], gamma, beta), target)


def batch_norm(x, gamma, beta, target):
    y = functional.batch_norm(x, None, None, gamma, beta, training=True)
    return functional.mse_loss(torch.relu(y), target)


def k_means(points, centres):
    distance = torch.sum((points[:, None, :] - centres[None, :, :]) ** 2, dim=2)
    return torch.mean(torch.amin(distance, dim=1))


def logistic_regression(w, b, x, y):
    return functional.binary_cross_entropy_with_logits(x @ w + b, y) + 0.01 * torch.sum(w**2)


def correlation(x):
    z = x - x.mean(dim=0)
    z = z / torch.sqrt(torch.sum(z**2, dim=0))
    return torch.sum(torch.abs(z.T @ z) ** 3)


def heat(u0, conductivity, steps):
    u, inner = u0, conductivity[1:-1, 1:-1]
    for _ in range(steps):
        flow = u[2:, 1:-1] + u[:-2, 1:-1] + u[1:-1, 2:] + u[1:-1, :-2] - 4.0 * u[1:-1, 1:-1]
        middle = torch.cat([u[1:-1, :1], u[1:-1, 1:-1] + inner * flow, u[1:-1, -1:]], dim=1)
        u = torch.cat([middle[:1], middle, middle[-1:]])
    return torch.sum(u**2)


def wave(u0, speed, dt, steps):
    before, now = u0, u0
    squared = (dt * speed[1:-1]) ** 2
    for _ in range(steps):
        bend = functional.pad(squared * (now[2:] - 2.0 * now[1:-1] + now[:-2]), (1, 1))
        before, now = now, 2.0 * now - before + bend
    return torch.mean(now**2)


def fft_filter(signal, gain, target):
    filtered = torch.fft.irfft(torch.fft.rfft(signal) * gain, signal.shape[0])
    return torch.mean((filtered - target) ** 2)


def shortest_paths(weight):
    distance = weight
    for k in range(weight.shape[0]):
        distance = torch.minimum(distance, distance[:, k, None] + distance[k])
    return torch.mean(distance)
