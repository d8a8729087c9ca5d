"""Transforms of signals: filters, convolutions, spectra, a wave equation solved by modes."""

import numpy as np

from tests.support.registry import program


def low_pass(signal, cutoff):
    """A signal without its high frequencies, against the signal."""
    spectrum = np.fft.rfft(signal)
    gain = 1.0 / (1.0 + (np.arange(len(spectrum)) / cutoff) ** 2)
    smooth = np.fft.irfft(spectrum * gain, n=len(signal))
    return np.sum((smooth - signal) ** 2)


program(low_pass, lambda rng: (rng.normal(size=9), 2.0), (0, 1))


def circular_convolution(x, kernel):
    return np.real(np.fft.ifft(np.fft.fft(x) * np.fft.fft(kernel, n=len(x))))


program(circular_convolution, lambda rng: (rng.normal(size=17), rng.normal(size=4)), (0, 1))


def log_periodogram(x):
    power = np.abs(np.fft.fft(x, norm="ortho")) ** 2
    return np.sum(np.log(1.0 + power) * np.fft.fftfreq(len(x), 0.5) ** 2)


program(log_periodogram, lambda rng: (rng.normal(size=12),))


def blurred_image(image, kernel):
    """The energy of an image blurred by a product of transforms."""
    spectrum = np.fft.fft2(image) * np.fft.fft2(kernel, s=image.shape)
    return np.sum(np.abs(np.fft.ifft2(spectrum)) ** 3)


program(blurred_image, lambda rng: (rng.normal(size=(4, 6)), rng.normal(size=(2, 3))), (0, 1))


def split_step(psi, potential, dt, steps):
    """A Schroedinger equation by split steps; the mean position."""
    n = len(psi)
    kinetic = np.exp(-0.5j * dt * (2.0 * np.pi * np.fft.fftfreq(n)) ** 2)
    for _ in range(steps):
        psi = np.exp(-1j * dt * potential) * psi
        psi = np.fft.ifft(kinetic * np.fft.fft(psi))
    density = np.abs(psi) ** 2
    return np.sum(np.arange(n) * density) / np.sum(density)


program(
    split_step,
    lambda rng: (rng.normal(size=8) + 1j * rng.normal(size=8), rng.normal(size=8), 0.3, 3),
    (0, 1, 2),
)


def columns_in_single(z):
    """Transforms down the columns in single precision."""
    moved = np.fft.fftshift(np.fft.fft(z, axis=0), axes=0)
    return np.sum(np.abs(moved[1:]) ** 2) / np.float32(z.size)


program(
    columns_in_single,
    lambda rng: ((rng.normal(size=(5, 3)) + 1j * rng.normal(size=(5, 3))).astype(np.complex64),),
)
