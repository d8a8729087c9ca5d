"""The Fourier transform for Numba, which has none: right for every length, in time proportional to n log n."""

from __future__ import annotations

from adcompiler.emit.functions.butterflies import COLUMNS, PLANES

_COMPILED = '@nb.njit(error_model="numpy", nogil=True)'

_VECTOR = f'''
{_COMPILED}
def _fft_turns(n, sign):
    """The numbers exp(sign * 2j * pi * k / n) for k below n, as products of coarse turns and of fine ones."""
    turns = np.empty(n, dtype=np.complex128)
    width = np.int64(np.sqrt(n)) + 1
    fine = np.empty(width, dtype=np.complex128)
    for k in range(width):
        angle = 2.0 * np.pi * k / n
        fine[k] = complex(np.cos(angle), sign * np.sin(angle))
    for first in range(0, n, width):
        angle = 2.0 * np.pi * first / n
        coarse = complex(np.cos(angle), sign * np.sin(angle))
        for k in range(min(width, n - first)):
            turns[first + k] = coarse * fine[k]
    return turns


{_COMPILED}
def _fft_fours(x, y, turns, done, left):
    """A pass of `_fft_vector` for the factor four."""
    quarter = turns[turns.size // 4].imag
    for k in range(left):
        one, two, three = turns[k * done], turns[2 * k * done], turns[3 * k * done]
        for t in range(done):
            a, b = x[t + done * k], x[t + done * (k + left)]
            c, d = x[t + done * (k + 2 * left)], x[t + done * (k + 3 * left)]
            even, odd, across = a + c, a - c, b + d
            turned = complex(quarter * (d - b).imag, quarter * (b - d).real)
            place = t + 4 * done * k
            y[place] = even + across
            y[place + done] = (odd + turned) * one
            y[place + 2 * done] = (even - across) * two
            y[place + 3 * done] = (odd - turned) * three


{_COMPILED}
def _fft_vector(x, y, turns):
    """The transform of `x`, whose length has small factors only; `x` and `y` are overwritten, one is the result."""
    n = left = x.size
    done, p = 1, 2
    while left > 1:
        if left % 4 == 0:
            left //= 4
            _fft_fours(x, y, turns, done, left)
            x, y = y, x
            done *= 4
            continue
        while left % p:
            p += 1
        left //= p
        for k in range(left):
            for r in range(p):
                turn = turns[k * r * done]
                for t in range(done):
                    total = x[t + done * k]
                    for u in range(1, p):
                        total += x[t + done * (k + left * u)] * turns[(r * u) % p * (n // p)]
                    y[t + done * (p * k + r)] = total * turn
        x, y = y, x
        done *= p
    return x
'''

_MIXED = '''
@nb.njit(error_model="numpy", nogil=True)
def _fft_mixed(a, out, sign):
    """The transform of rows whose length has small factors only."""
    n = a.shape[1]
    turns = _fft_turns(n, sign)
    x, y = np.empty(n, dtype=np.complex128), np.empty(n, dtype=np.complex128)
    for i in range(a.shape[0]):
        for k in range(n):
            x[k] = a[i, k]
        found = _fft_vector(x, y, turns)
        for k in range(n):
            out[i, k] = found[k]
'''

_CHIRPED = '''
def _fft_chirped(a, out, sign):
    """The transform of each row of any length, as a convolution of a length that is a power of two."""
    n, size = a.shape[1], 64
    while size < 2 * n - 1:
        size *= 2
    chirp = np.empty(n, dtype=np.complex128)
    x, y = np.zeros((1, size), dtype=np.complex128), np.empty((1, size), dtype=np.complex128)
    kernel = np.empty((1, size), dtype=np.complex128)
    for k in range(n):
        angle = np.pi * ((k * k) % (2 * n)) / n
        chirp[k] = complex(np.cos(angle), sign * np.sin(angle))
        x[0, k] = chirp[k].conjugate()
        if k > 0:
            x[0, size - k] = x[0, k]
    _fft_wide(x, kernel, -1.0)
    for i in range(a.shape[0]):
        for k in range(size):
            x[0, k] = a[i, k] * chirp[k] if k < n else 0.0
        _fft_wide(x, y, -1.0)
        for k in range(size):
            x[0, k] = (y[0, k] * kernel[0, k]).conjugate()
        _fft_wide(x, y, -1.0)
        for k in range(n):
            out[i, k] = y[0, k].conjugate() * chirp[k] * (1.0 / size)
'''

_WIDE = '''
@nb.njit(error_model="numpy", nogil=True)
def _fft_wide(a, out, sign):
    """The transform of rows of a power of two from 64 on."""
    x, y, far, near, rows, columns = _fft_plan(a.shape[1])
    for i in range(a.shape[0]):
        for k in range(rows):
            for c in range(columns):
                value = a[i, k * columns + c]
                x[0, k * (columns + 8) + c] = value.real
                x[1, k * (columns + 8) + c] = -sign * value.imag
        found = _fft_planes(x, y, far, near, rows, columns)
        for k in range(columns):
            for c in range(rows):
                place = k * (rows + 8) + c
                out[i, k * rows + c] = complex(found[0, place], -sign * found[1, place])
'''

_FFT = '''
def _fft(a, inverse):
    """The Fourier transform of each row; the inverse one without its factor."""
    n, rest = a.shape[1], a.shape[1]
    sign = 1.0 if inverse else -1.0
    out = np.empty(a.shape, dtype=a.dtype)
    for p in (2, 3, 5, 7, 11, 13):
        while rest > 1 and rest % p == 0:
            rest //= p
    if rest > 1:
        _fft_chirped(a, out, sign)
        return out
    if n >= 64 and n & (n - 1) == 0:
        _fft_wide(a, out, sign)
        return out
    _fft_mixed(a, out, sign)
    return out
'''

#: The functions of these names, with what each of them consists of.
FFT: dict[str, str] = {
    "_fft": _FFT,
    "_fft_chirped": _CHIRPED,
    "_fft_columns": COLUMNS,
    "_fft_mixed": _VECTOR + _MIXED,
    "_fft_wide": PLANES + _WIDE,
}

__all__ = ["FFT"]
