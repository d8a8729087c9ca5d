"""Programs as a user of PyTorch writes them, where that is not the text which other libraries share."""

import torch
from torch.nn import functional


def burgers(u0, nu, dt, dx, steps):
    u, kernels = u0[None], u0.new_tensor([[[1.0, -2.0, 1.0]], [[-1.0, 0.0, 1.0]]])
    for _ in range(steps):
        bend, slope = functional.conv1d(u, kernels)
        change = nu * (dt / dx**2) * bend - dt / (2.0 * dx) * u[0, 1:-1] * slope
        u = u + functional.pad(change, (1, 1))
    return torch.sum(0.5 * dx * u**2)


def long_memory(w, u, b, signal, target):
    def gates(each):
        keep, take, give, fresh = each.chunk(4)
        return torch.cat([take, keep, fresh, give])

    network = torch.nn.LSTM(1, u.shape[1], dtype=u.dtype)
    names = "weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"
    given = gates(w)[:, None], gates(u), gates(b), torch.zeros_like(b)
    h, _ = torch.func.functional_call(network, dict(zip(names, given, strict=True)), (signal[:, None],))
    return functional.mse_loss(h.mean(dim=1), target)


def lotka_volterra(alpha, beta, h, steps):
    zero = torch.zeros_like(beta)
    rates = torch.stack([alpha, zero - 0.8])
    coupling = torch.stack([zero, -beta, zero + 0.3, zero]).reshape(2, 2)

    def slope(z):
        return z * torch.addmv(rates, coupling, z)

    z, states = rates.new_tensor([1.2, 0.7]), []
    for _ in range(steps):
        k1 = slope(z)
        k2 = slope(torch.add(z, k1, alpha=0.5 * h))
        k3 = slope(torch.add(z, k2, alpha=0.5 * h))
        k4 = slope(torch.add(z, k3, alpha=h))
        z = torch.add(z, torch.add(k1 + k4, k2 + k3, alpha=2.0), alpha=h / 6.0)
        states.append(z)
    x, y = torch.stack(states).T
    return h * torch.sum((x - y) ** 2)


def mlp_loops(w1, b1, w2, b2, x, label):
    hidden = torch.tanh(functional.linear(x, w1, b1))
    return functional.cross_entropy(functional.linear(hidden, w2, b2), label)


def sparse_matvec(data, x, indices, start):
    rows = torch.repeat_interleave(torch.diff(start))
    products = data * x.index_select(0, indices)
    return torch.sum(x.new_zeros(start.shape[0] - 1).index_add(0, rows, products) ** 2)


def triangular_solve(matrix, b):
    return torch.sum(torch.linalg.solve_triangular(matrix, b[:, None], upper=False) ** 2)


def viterbi(emission, transition):
    score, *gains = emission
    for gain in gains:
        score = torch.max(score[:, None] + transition, dim=0).values + gain
    return torch.max(score)


def wave_2d(speed2, u0, seen, steps):
    cross = u0.new_tensor([[[[0.0, 1.0, 0.0], [1.0, -4.0, 1.0], [0.0, 1.0, 0.0]]]])
    squared = functional.pad(speed2[1:-1, 1:-1], (1, 1, 1, 1))
    before = now = u0[None]
    for _ in range(steps):
        # on the border, where the speed is none, the two states before are the same
        before, now = now, 2.0 * now - before + squared * functional.conv2d(now, cross, padding=1)
    return 0.5 * torch.sum((now[0] - seen) ** 2)
