"""Determinants, inverses and cofactors from the triangular factors of a matrix, for Numba."""

from __future__ import annotations

from string import Template

from adcompiler.emit.functions.products import LETTERS

#: A matrix of fewer rows is solved with column by column: vectors would gain nothing.
FEW = 6

_SLOGDET = '''
def _slogdet(f):
    """The sign and the logarithm of a determinant from the factors of its matrix."""
    n, packed = f.shape[1], np.zeros(2, dtype=f.dtype)
    packed[0] = 1
    for k in range(n):
        packed[0] *= np.sign(f[k, k]) if f[n, k] == k else -np.sign(f[k, k])
        packed[1] += np.log(abs(f[k, k]))
    return packed
'''

_CLOGDET = '''
def _clogdet(f):
    """The sign and the complex logarithm of a determinant from the factors of its matrix."""
    n, packed = f.shape[1], np.zeros(2, dtype=f.dtype)
    size, angle = 0.0, 0.0
    for k in range(n):
        size += np.log(abs(f[k, k]))
        angle += math.atan2(f[k, k].imag, f[k, k].real) + (0.0 if f[n, k].real == k else np.pi)
    packed[0] = 0 if size == -np.inf else complex(np.cos(angle), np.sin(angle))
    packed[1] = complex(size, angle)
    return packed
'''

_DET = '''
def _det(f):
    """The determinant from the factors of a matrix."""
    n, found = f.shape[1], f.dtype.type(1)
    for k in range(n):
        found *= f[k, k] if f[n, k].real == k else -f[k, k]
    if found != 0 and abs(found) < np.inf:
        return found
    # a product of some of the factors may be too large or too small where that of all is not
    size, sign = 0.0, f.dtype.type(1)
    for k in range(n):
        length = abs(f[k, k])
        if length == 0:
            return f.dtype.type(0)
        size += np.log(length)
        sign *= (f[k, k] if f[n, k].real == k else -f[k, k]) / length
    return f.dtype.type(sign * np.exp(size))
'''

_INV = f'''
def _inv(f):
    """The inverse from the factors of a matrix."""
    x = np.zeros((f.shape[1], f.shape[1]), dtype=f.dtype)
    for k in range(f.shape[1]):
        x[k, k] = 1
    if f.shape[1] < {FEW}:
        _lu_columns(f, x)
    else:
        _lu_rows(f, x)
    return x
'''

_COFACTORS = Template('''
def _${letter}cofactors(a):
    """The cofactors of a matrix: the transposed inverse times the determinant where both are of ordinary size."""
    n = a.shape[0]
    f, found, total = _${letter}lu(a), np.empty((n, n), dtype=a.dtype), a.dtype.type(1)
    det = _det(f)
    if 1e-30 < abs(det) < 1e30:
        inv, total = _inv(f), a.dtype.type(0)
        for i in range(n):
            for j in range(n):
                found[i, j] = det * inv[j, i]
                total += found[i, j] * 0
    if total != 0:
        _cofactors_of_any(found, a)
    return found
''')

# where a pivot is zero all that is left is, since the largest element is taken: the two triangles have inverses even
# then, and of the diagonal matrix between them the cofactors are products
_COFACTORS_OF_ANY = '''
def _cofactors_of_any(found, a):
    """Write the cofactors of a matrix, from its triangular factors: finite where the determinant is zero."""
    n = a.shape[0]
    f, x, sign = np.empty((n, n), dtype=a.dtype), np.zeros((n, n), dtype=a.dtype), a.dtype.type(1)
    rows, columns = np.empty(n, dtype=np.int64), np.empty(n, dtype=np.int64)
    for i in range(n):
        rows[i], columns[i] = i, i
        for j in range(n):
            f[i, j] = a[i, j]
    for k in range(n):
        p, q, largest = k, k, abs(f[k, k])
        for i in range(k, n):
            for j in range(k, n):
                if abs(f[i, j]) > largest:
                    p, q, largest = i, j, abs(f[i, j])
        if p != k:
            sign = -sign
            rows[k], rows[p] = rows[p], rows[k]
            for j in range(n):
                f[k, j], f[p, j] = f[p, j], f[k, j]
        if q != k:
            sign = -sign
            columns[k], columns[q] = columns[q], columns[k]
            for i in range(n):
                f[i, k], f[i, q] = f[i, q], f[i, k]
        if f[k, k] == 0:
            continue
        for j in range(k + 1, n):
            f[k, j] /= f[k, k]
        for i in range(k + 1, n):
            m = f[i, k]
            for j in range(k + 1, n):
                f[i, j] -= m * f[k, j]
            f[i, k] = m / f[k, k]
    for i in range(n):
        x[i, i] = 1
        for j in range(i):
            m = f[i, j]
            for k in range(j + 1):
                x[i, k] -= m * x[j, k]
    for i in range(n - 1, -1, -1):
        others = sign
        for j in range(n):
            if j != i:
                others *= f[j, j]
        for k in range(n):
            x[i, k] *= others
        for j in range(i + 1, n):
            m = f[i, j]
            for k in range(n):
                x[i, k] -= m * x[j, k]
    for i in range(n):
        for k in range(n):
            found[rows[k], columns[i]] = x[i, k]
'''

#: Those that read nothing but the factors.
LOGARITHMS: dict[str, str] = {"_slogdet": _SLOGDET, "_clogdet": _CLOGDET}
#: The functions, by the names that texts use.
DETERMINANTS: dict[str, str] = {
    **{f"_{s}cofactors": _COFACTORS.substitute(letter=s) for s in LETTERS.values()},
    "_cofactors_of_any": _COFACTORS_OF_ANY,
    "_det": _DET,
    "_inv": _INV,
    **LOGARITHMS,
}

__all__ = ["DETERMINANTS", "FEW", "LOGARITHMS"]
