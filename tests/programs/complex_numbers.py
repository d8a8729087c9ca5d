"""Complex arguments of real losses, and complex intermediate values."""

import numpy as np

from tests.support.registry import program


def _complex(rng, *shape):
    return rng.normal(size=shape) + 1j * rng.normal(size=shape)


def squared_modulus(z, w):
    return np.sum(np.abs(z * w) ** 2) + np.sum((z * np.conj(w)).real)


program(squared_modulus, lambda rng: (_complex(rng, 3), _complex(rng, 3)), (0, 1), refusable=True)


def phase_loss(z):
    total = 0.0
    for v in z:
        total += v.real**2 * v.imag + np.angle(v)
    return total


program(phase_loss, lambda rng: (_complex(rng, 3) + 2.0,), refusable=True)


def discrete_fourier_power(x):
    n = len(x)
    power = np.zeros(n)
    for k in range(n):
        s = 0.0 + 0.0j
        for t in range(n):
            s += x[t] * np.exp(-2j * np.pi * k * t / n)
        power[k] = s.real**2 + s.imag**2
    return power


program(discrete_fourier_power, lambda rng: (rng.normal(size=5),), refusable=True)


def quantum_expectation(psi, H):
    return (np.conj(psi) @ (H @ psi)).real / np.sum(np.abs(psi) ** 2)


def _hermitian(rng, n):
    h = _complex(rng, n, n)
    return h + h.conj().T


program(quantum_expectation, lambda rng: (_complex(rng, 3), _hermitian(rng, 3)), (0, 1), refusable=True)


def complex_iteration(c, n):
    z = 0j
    for _ in range(n):
        z = z * z + c
    return z.real + 2 * z.imag


program(complex_iteration, lambda rng: (0.2 + 0.3j, 4), refusable=True)
