"""Discrete Fourier transforms: each is the transform of the rows of a matrix between changes of shape."""

from __future__ import annotations

from typing import Any

import numpy as np

from adcompiler.frontend.library.definitions import means, refuse
from adcompiler.frontend.library.fourier import rows_transformed


def complexes(x: Any) -> Any:
    """An array of complex numbers of the same precision."""
    x = np.asarray(x)
    if x.dtype == np.complex64 or x.dtype == np.complex128:
        return x
    return x.astype(np.complex64 if x.dtype == np.float32 else np.complex128)


def fitted(x: Any, n: Any) -> Any:
    """The last axis cut, or filled with zeros, to a length."""
    out = np.zeros((*x.shape[:-1], n), x.dtype)
    kept = min(n, x.shape[-1])
    out[..., :kept] = x[..., :kept]
    return out


def scale_of(n: Any, norm: Any, inverse: bool) -> Any:
    """The factor of a transform."""
    if norm == "ortho":
        return n**-0.5
    if norm is None or norm == "backward":
        return 1.0 / n if inverse else 1.0
    if norm == "forward":
        return 1.0 if inverse else 1.0 / n
    refuse(f"the norm {norm!r} of a Fourier transform", "use 'backward', 'ortho' or 'forward'")


def of_rows(x: Any, norm: Any, inverse: bool) -> Any:
    """The transform along the last axis."""
    n = x.shape[-1]
    if n < 1:
        raise ValueError("Invalid number of FFT data points (0) specified.")
    found = rows_transformed(x.copy().reshape(-1, n), inverse).reshape(x.shape)
    return found * scale_of(n, norm, inverse)


def along(x: Any, n: Any, axis: Any, norm: Any, inverse: bool) -> Any:
    """The transform along an axis."""
    rows = np.moveaxis(complexes(x), axis, -1)
    if n is not None:
        rows = fitted(rows, n)
    return np.moveaxis(of_rows(rows, norm, inverse), -1, axis)


def several(x: Any, s: Any, axes: Any) -> Any:
    """The axes of a transform, the last ones by default."""
    if axes is None:
        return tuple(range(np.ndim(x))) if s is None else tuple(range(-len(s), 0))
    return axes


def along_all(x: Any, s: Any, axes: Any, norm: Any, inverse: bool) -> Any:
    """The transform along several axes."""
    axes = several(x, s, axes)
    out = complexes(x)
    for k in tuple(range(len(axes))):
        out = along(out, None if s is None else s[k], axes[k], norm, inverse)
    return out


@means(np.fft.fft, "scipy.fft.fft")
def fft(a: Any, n: Any = None, axis: Any = -1, norm: Any = None) -> Any:
    """The transform of complex or real numbers."""
    return along(a, n, axis, norm, False)


@means(np.fft.ifft, "scipy.fft.ifft")
def ifft(a: Any, n: Any = None, axis: Any = -1, norm: Any = None) -> Any:
    """The inverse transform."""
    return along(a, n, axis, norm, True)


@means(np.fft.fft2, "scipy.fft.fft2")
def fft2(a: Any, s: Any = None, axes: Any = (-2, -1), norm: Any = None) -> Any:
    """The transform along two axes."""
    return along_all(a, s, axes, norm, False)


@means(np.fft.ifft2, "scipy.fft.ifft2")
def ifft2(a: Any, s: Any = None, axes: Any = (-2, -1), norm: Any = None) -> Any:
    """The inverse transform along two axes."""
    return along_all(a, s, axes, norm, True)


@means(np.fft.fftn, "scipy.fft.fftn")
def fftn(a: Any, s: Any = None, axes: Any = None, norm: Any = None) -> Any:
    """The transform along all axes, or along some."""
    return along_all(a, s, axes, norm, False)


@means(np.fft.ifftn, "scipy.fft.ifftn")
def ifftn(a: Any, s: Any = None, axes: Any = None, norm: Any = None) -> Any:
    """The inverse transform along all axes, or along some."""
    return along_all(a, s, axes, norm, True)


@means(np.fft.rfft, "scipy.fft.rfft")
def rfft(a: Any, n: Any = None, axis: Any = -1, norm: Any = None) -> Any:
    """The first half of the transform of real numbers; the other half is its conjugate."""
    a = np.asarray(a)
    if a.dtype == np.complex64 or a.dtype == np.complex128:
        refuse("np.fft.rfft of complex numbers", "use np.fft.fft, or take a real part")
    found = np.moveaxis(along(a, n, axis, norm, False), axis, -1)
    return np.moveaxis(found[..., : found.shape[-1] // 2 + 1].copy(), -1, axis)


@means(np.fft.irfft, "scipy.fft.irfft")
def irfft(a: Any, n: Any = None, axis: Any = -1, norm: Any = None) -> Any:
    """The real numbers whose transform begins with these."""
    half = np.moveaxis(complexes(a), axis, -1)
    length = 2 * (half.shape[-1] - 1) if n is None else n
    kept = length // 2 + 1
    half = fitted(half, kept)
    whole = np.zeros((*half.shape[:-1], length), half.dtype)
    whole[..., :kept] = half[..., :length]
    whole[..., kept:] = np.conj(half[..., 1 : length - kept + 1])[..., ::-1]
    return np.moveaxis(of_rows(whole, norm, True).real.copy(), -1, axis)


@means(np.fft.rfftn, "scipy.fft.rfftn")
def rfftn(a: Any, s: Any = None, axes: Any = None, norm: Any = None) -> Any:
    """The transform of real numbers along several axes, half of it along the last one."""
    axes = several(a, s, axes)
    out = rfft(a, None if s is None else s[-1], axes[-1], norm)
    for k in tuple(range(len(axes) - 1)):
        out = along(out, None if s is None else s[k], axes[k], norm, False)
    return out


@means(np.fft.irfftn, "scipy.fft.irfftn")
def irfftn(a: Any, s: Any = None, axes: Any = None, norm: Any = None) -> Any:
    """The real numbers whose transform along several axes begins with these."""
    axes, out = several(a, s, axes), complexes(a)
    for k in tuple(range(len(axes) - 1)):
        out = along(out, None if s is None else s[k], axes[k], norm, True)
    return irfft(out, None if s is None else s[-1], axes[-1], norm)


@means(np.fft.rfft2, "scipy.fft.rfft2")
def rfft2(a: Any, s: Any = None, axes: Any = (-2, -1), norm: Any = None) -> Any:
    """The transform of real numbers along two axes, half of it along the last one."""
    return rfftn(a, s, axes, norm)


@means(np.fft.irfft2, "scipy.fft.irfft2")
def irfft2(a: Any, s: Any = None, axes: Any = (-2, -1), norm: Any = None) -> Any:
    """The real numbers whose transform along two axes begins with these."""
    return irfftn(a, s, axes, norm)


def turned_about(norm: Any) -> Any:
    """The norm of the transform in the other direction."""
    if norm is None or norm == "backward":
        return "forward"
    return "backward" if norm == "forward" else norm


@means(np.fft.hfft, "scipy.fft.hfft")
def hfft(a: Any, n: Any = None, axis: Any = -1, norm: Any = None) -> Any:
    """The real transform of numbers of which the second half is the conjugate of the first."""
    return irfft(np.conj(complexes(a)), n, axis, turned_about(norm))


@means(np.fft.ihfft, "scipy.fft.ihfft")
def ihfft(a: Any, n: Any = None, axis: Any = -1, norm: Any = None) -> Any:
    """The inverse of `hfft`."""
    return np.conj(rfft(a, n, axis, turned_about(norm)))


def places(x: Any, axes: Any) -> Any:
    """The axes as a tuple."""
    if axes is None:
        return tuple(range(np.ndim(x)))
    return axes if isinstance(axes, tuple) else (axes,)


@means(np.fft.fftshift, "scipy.fft.fftshift")
def fftshift(x: Any, axes: Any = None) -> Any:
    """The frequency zero moved to the middle."""
    out = np.asarray(x)
    for axis in places(out, axes):
        out = np.roll(out, out.shape[axis] // 2, axis=axis)
    return out


@means(np.fft.ifftshift, "scipy.fft.ifftshift")
def ifftshift(x: Any, axes: Any = None) -> Any:
    """The frequency zero moved back to the start."""
    out = np.asarray(x)
    for axis in places(out, axes):
        out = np.roll(out, -(out.shape[axis] // 2), axis=axis)
    return out


@means(np.fft.fftfreq, "scipy.fft.fftfreq")
def fftfreq(n: Any, d: Any = 1.0) -> Any:
    """The frequencies of a transform, the negative ones last."""
    k = np.arange(n)
    return np.where(k < (n + 1) // 2, k, k - n) * (1.0 / (n * d))


@means(np.fft.rfftfreq, "scipy.fft.rfftfreq")
def rfftfreq(n: Any, d: Any = 1.0) -> Any:
    """The frequencies of a transform of real numbers."""
    return np.arange(n // 2 + 1) * (1.0 / (n * d))
