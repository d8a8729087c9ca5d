"""Complex arguments of real losses, and complex intermediate values."""

import numpy as np
import scipy.linalg

from tests.support.registry import program


def _complex(rng, *shape):
    return rng.normal(size=shape) + 1j * rng.normal(size=shape)


def squared_modulus(z, w):
    return np.sum(np.abs(z * w) ** 2) + np.sum((z * np.conj(w)).real)


program(squared_modulus, lambda rng: (_complex(rng, 3), _complex(rng, 3)), (0, 1))


def phase_loss(z):
    total = 0.0
    for v in z:
        total += v.real**2 * v.imag + np.angle(v)
    return total


program(phase_loss, lambda rng: (_complex(rng, 3) + 2.0,))


def discrete_fourier_power(x):
    n = len(x)
    power = np.zeros(n)
    for k in range(n):
        s = 0.0 + 0.0j
        for t in range(n):
            s += x[t] * np.exp(-2j * np.pi * k * t / n)
        power[k] = s.real**2 + s.imag**2
    return power


program(discrete_fourier_power, lambda rng: (rng.normal(size=5),))


def quantum_expectation(psi, H):
    return (np.conj(psi) @ (H @ psi)).real / np.sum(np.abs(psi) ** 2)


def _hermitian(rng, n):
    h = _complex(rng, n, n)
    return h + h.conj().T


program(quantum_expectation, lambda rng: (_complex(rng, 3), _hermitian(rng, 3)), (0, 1))


def complex_iteration(c, n):
    z = 0j
    for _ in range(n):
        z = z * z + c
    return z.real + 2 * z.imag


program(complex_iteration, lambda rng: (0.2 + 0.3j, 4))


def escape_weight(c, steps):
    """How far each point of a Mandelbrot-like iteration gets before it escapes."""
    total = 0.0
    for k in range(len(c)):
        z = 0j
        for _ in range(steps):
            z = z**2 + c[k]
            if abs(z) > 2.0:
                break
        total += np.log(1.0 + abs(z) ** 2) / (k + 1)
    return total


program(escape_weight, lambda rng: (0.6 * _complex(rng, 6), 6))


def schroedinger_step(psi, potential, dt, steps):
    """Explicit steps of a wave function in a potential, and the mean position."""
    n = len(psi)
    place = np.arange(n) / n
    for _ in range(steps):
        spread = np.zeros(n, dtype=complex)
        spread[1:-1] = psi[2:] - 2.0 * psi[1:-1] + psi[:-2]
        half = psi + 0.5j * dt * (spread - potential * psi)
        psi = half / np.sqrt(np.sum(np.abs(half) ** 2))
    return np.sum(place * np.abs(psi) ** 2)


program(schroedinger_step, lambda rng: (_complex(rng, 7), rng.normal(size=7), 0.1, 4), (0, 1, 2))


def ladder_impedance(resistance, inductance, capacitance, omega):
    """The input impedance of a ladder network at several frequencies."""
    response = np.empty(len(omega))
    for k, w in enumerate(omega):
        z = 50.0 + 0j
        for r, ell, c in zip(resistance, inductance, capacitance, strict=True):
            z = r + 1j * w * ell + 1.0 / (1j * w * c + 1.0 / z)
        response[k] = abs((z - 50.0) / (z + 50.0))
    return response


program(ladder_impedance, lambda rng: (*rng.uniform(0.5, 2.0, (3, 4)), rng.uniform(0.5, 2.0, 3)), (0, 1, 2))


def contour_sum(centre, radius, n):
    """A residue by the trapezium rule on a circle."""
    total = 0j
    for k in range(n):
        turn = np.exp(2j * np.pi * k / n)
        z = centre + radius * turn
        total += np.exp(z) / (z * z + 1.0) * radius * turn
    return np.abs(total / n) ** 2


program(contour_sum, lambda rng: (0.2 + 0.7j, 0.9, 12), (0, 1))


def phase_retrieval(x, rows, measured):
    """Amplitudes of linear measurements of a complex signal against those measured."""
    seen = rows @ x
    return np.mean((np.abs(seen) ** 2 - measured) ** 2)


program(
    phase_retrieval,
    lambda rng: (_complex(rng, 4), _complex(rng, 6, 4), rng.uniform(1, 2, 6)),
    (0, 1, 2),
)


def durand_kerner(coefficients, sweeps):
    """All roots of a monic polynomial at once, and how far apart they lie."""
    n = len(coefficients)
    roots = np.empty(n, dtype=np.complex128)
    for k in range(n):
        roots[k] = (0.4 + 0.9j) ** k
    for _ in range(sweeps):
        for k in range(n):
            value = 1.0 + 0j
            for c in coefficients:
                value = value * roots[k] + c
            others = 1.0 + 0j
            for m in range(n):
                if m != k:
                    others *= roots[k] - roots[m]
            roots[k] -= value / others
    return np.sum(np.abs(roots - roots.mean()) ** 2)


program(durand_kerner, lambda rng: (rng.normal(size=3), 5))


def complex_newton(c, start):
    """A cube root by Newton's method, until it no longer moves."""
    z = start
    for _ in range(60):
        step = (z**3 - c) / (3.0 * z**2)
        z = z - step
        if abs(step) < 1e-14:
            break
    return z.real - 0.5 * z.imag


program(complex_newton, lambda rng: (1.5 + 0.8j, 1.0 + 0.1j), (0,))


def beamformer(weights, angles, spacing):
    """The power that an array of sensors receives from several directions."""
    power = np.zeros(len(angles))
    for k in range(len(angles)):
        phase = 2.0 * np.pi * spacing * np.arange(len(weights)) * np.sin(angles[k])
        steering = np.exp(1j * phase)
        power[k] = np.abs(np.vdot(weights, steering)) ** 2
    return power


program(beamformer, lambda rng: (_complex(rng, 5), rng.normal(size=3), 0.4), (0, 1, 2))


def ar_spectral_density(phi, sigma, n):
    """The log spectral density of an autoregression, summed."""
    total = 0.0
    for k in range(n):
        z = np.exp(-1j * np.pi * k / n)
        transfer, power = 1.0 + 0j, 1.0 + 0j
        for p in phi:
            power *= z
            transfer -= p * power
        total += np.log(sigma**2 / np.abs(transfer) ** 2)
    return total / n


program(ar_spectral_density, lambda rng: (rng.uniform(-0.3, 0.3, 3), 1.3, 6), (0, 1))


def quantum_gates(theta, layers):
    """Rotations and entangling gates on two qubits; the expectation of Z on the first."""
    state = np.zeros(4, dtype=complex)
    state[0] = 1.0
    k = 0
    for _ in range(layers):
        for qubit in range(2):
            stride = 1 + qubit
            c, s = np.cos(theta[k] / 2), -1j * np.sin(theta[k] / 2)
            for i in range(4):
                if (i // stride) % 2 == 0:
                    a, b = state[i], state[i + stride]
                    state[i] = c * a + s * b
                    state[i + stride] = s * a + c * b
            k += 1
        state[3] *= np.exp(1j * theta[k])
        k += 1
    probability = np.abs(state) ** 2
    return probability[0] + probability[1] - probability[2] - probability[3]


program(quantum_gates, lambda rng: (rng.normal(size=9), 3))


def transfer_eigenvalue(coupling, field, steps):
    """The largest eigenvalue of an Ising transfer matrix with a complex field, by power iteration."""
    transfer = np.empty((2, 2), dtype=complex)
    spins = (1.0, -1.0)
    for i in range(2):
        for j in range(2):
            transfer[i, j] = np.exp(coupling * spins[i] * spins[j] + 0.5 * field * (spins[i] + spins[j]))
    v = np.ones(2, dtype=complex)
    for _ in range(steps):
        w = transfer @ v
        v = w / np.sqrt(np.sum(np.abs(w) ** 2))
    return np.log(np.abs(np.vdot(v, transfer @ v)))


program(transfer_eigenvalue, lambda rng: (0.7, 0.3 + 0.2j, 8), (0, 1))


def hermitian_energy_single(psi, hopping):
    """A chain's energy in single precision: nothing widens it."""
    energy = np.float32(0.0)
    for k in range(len(psi) - 1):
        energy += 2.0 * (hopping * psi[k].conjugate() * psi[k + 1]).real
    return energy / np.sum(np.abs(psi) ** 2)


program(
    hermitian_energy_single,
    lambda rng: (_complex(rng, 5).astype(np.complex64), np.complex64(0.6 + 0.3j)),
    (0, 1),
)


def resonator_chain(z, gains):
    """A recursive filter with complex poles, in place, over a view."""
    y = z.copy()
    inner = y[1:]
    for k in range(len(inner)):
        inner[k] += gains[k % len(gains)] * y[k]
    y[::2] *= 1j
    return np.sum(y.real**2) - np.sum(np.imag(y[::-1]) * y.real)


program(resonator_chain, lambda rng: (_complex(rng, 6), 0.5 * _complex(rng, 2)), (0, 1))


def moebius(z, a, b, c, d):
    return (a * z + b) / (c * z + d)


def circles(points, a, b):
    """Points moved by a chain of Moebius transformations, through a helper."""
    total = 0.0
    for p in points:
        w = moebius(moebius(p, a, b, 1.0, 2.0), 1j, 0.5, b, 1.5)
        total += w.real * np.angle(w + 3.0)
    return total


program(circles, lambda rng: (_complex(rng, 4), 1.0 + 0.4j, 0.3 - 0.2j), (0, 1, 2))


def matrix_exponential_trace(h, t):
    """Unitary evolution by a Taylor series; how much of the first state stays."""
    n = h.shape[0]
    term = np.eye(n, dtype=complex)
    whole = term.copy()
    for k in range(1, 9):
        term = term @ (-1j * t * h) / k
        whole += term
    return np.abs(whole[0, 0]) ** 2 + np.trace(whole).real


program(matrix_exponential_trace, lambda rng: (0.5 * _hermitian(rng, 3), 0.8), (0, 1))


def complex_gaussian_likelihood(a, z):
    """Samples of a complex normal distribution: two triangles of a Hermitian matrix, of which one is read."""
    covariance = a @ a.conj().T + np.eye(a.shape[0])
    factor, lower = scipy.linalg.cho_factor(covariance, lower=True)
    whitened = scipy.linalg.cho_solve((factor, lower), z)
    return np.sum(np.log(np.diag(factor).real)) + 0.5 * (np.conj(z) @ whitened).real


program(complex_gaussian_likelihood, lambda rng: (_complex(rng, 3, 3), _complex(rng, 3)), (0, 1))


def band_energies(hopping, phase):
    """Eigenvalues of two Hermitian matrices, which share a triangle."""
    n = len(hopping)
    h = np.zeros((2, n, n), dtype=complex)
    for i in range(n):
        h[:, i, i] = np.cos(1.0 * i)
        h[:, i, i - 1] = hopping[i] * np.exp(1j * phase * i)
    values = np.linalg.eigvalsh(h)
    return values[0, 0] + values[1, 1] * np.linalg.eigvalsh(h[0], UPLO="U")[2]


program(band_energies, lambda rng: (_complex(rng, 4), 0.4), (0, 1))


def hyperbolic_areas(z):
    """Inverse hyperbolic functions on all sides of their cuts, and powers of two."""
    total = np.sum(np.abs(np.arcsinh(z) + np.arccosh(z) * np.exp2(z)) ** 2)
    for w in (z[0], np.conj(z[0]), -z[0], 1j * z[1]):
        total += (np.arcsinh(w) * np.arccosh(1.0 - w)).real
    return total


program(hyperbolic_areas, lambda rng: (_complex(rng, 4),))
