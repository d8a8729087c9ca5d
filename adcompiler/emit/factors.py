"""Triangular factors of a matrix for Numba, kept for several systems: NumPy's `solve` throws them away."""

from __future__ import annotations

from string import Template

from adcompiler.emit.products import LETTERS
from adcompiler.emit.triangles import ONE_SIDED

# LAPACK counts columns first, so that a matrix in memory row by row is to it the transposed one: it exchanges columns,
# and the upper triangle has ones on its diagonal. Below a few rows its call costs more than the loops. All is written
# in loops over elements, since Numba needs a second and more for an assignment to a slice
_FACTORS = Template('''
def _${letter}lu(a):
    """A lower and an upper triangle whose product is the matrix with exchanged columns; below them the exchanges."""
    n = a.shape[0]
    f, total = np.empty((n + 1, n), dtype=a.dtype), a.dtype.type(0)
    for i in range(n):
        f[n, i] = i
        for j in range(min(n, a.shape[1])):
            f[i, j] = a[i, j]
            total += a[i, j] * 0
    if a.shape[1] != n or total != 0:
        for i in range(n):
            for j in range(n):
                f[i, j] = np.nan
        return f
    if n < 2 or f[0, n - 1] == 0 or f[n - 1, 0] == 0:
        done = np.zeros(1, dtype=np.bool_)
        _one_sided(f, done)
        if done[0]:
            return f
    if n > 40:
        order = np.empty(n, dtype=np.int32)
        _${letter}getrf(${kind}, n, n, f.ctypes, n, order.ctypes)
        for k in range(n):
            f[n, k] = order[k] - 1
        return f
    for k in range(n):
        p = k
        for j in range(k + 1, n):
            if abs(f[k, j]) > abs(f[k, p]):
                p = j
        f[n, k] = p
        if f[k, p] == 0:
            continue
        if p != k:
            for i in range(n):
                f[i, k], f[i, p] = f[i, p], f[i, k]
        for j in range(k + 1, n):
            f[k, j] /= f[k, k]
        for i in range(k + 1, n):
            m = f[i, k]
            for j in range(k + 1, n):
                f[i, j] -= m * f[k, j]
    return f
''')

_GETRF = Template(
    '\n_${letter}getrf = nb.types.ExternalFunction("numba_xxgetrf", nb.types.intc(nb.types.char, nb.types.intp, '
    "nb.types.intp,\n    nb.types.CPointer(nb.${dtype}), nb.types.intp, nb.types.CPointer(nb.int32)))\n"
)

_VECTOR = '''
def _lu_solve1(f, b):
    """The solution of a linear system from its factors."""
    n = b.size
    x = np.empty(n, dtype=b.dtype)
    for i in range(n):
        if f[i, i] == 0:
            raise np.linalg.LinAlgError("Singular matrix")
        m = b[i]
        for j in range(i):
            m -= f[i, j] * x[j]
        x[i] = m / f[i, i]
    for i in range(n - 1, -1, -1):
        m = x[i]
        for j in range(i + 1, n):
            m -= f[i, j] * x[j]
        x[i] = m
    for k in range(n - 1, -1, -1):
        p = np.int64(f[n, k].real)
        x[k], x[p] = x[p], x[k]
    return x
'''

_VECTOR_BACK = '''
def _lu_back1(f, b):
    """The solution of the transposed linear system from the factors."""
    n = b.size
    x = np.empty(n, dtype=b.dtype)
    for i in range(n):
        x[i] = b[i]
    for k in range(n):
        p = np.int64(f[n, k].real)
        x[k], x[p] = x[p], x[k]
    for j in range(n):
        m = x[j]
        for i in range(j + 1, n):
            x[i] -= m * f[j, i]
    for j in range(n - 1, -1, -1):
        if f[j, j] == 0:
            raise np.linalg.LinAlgError("Singular matrix")
        m = x[j] / f[j, j]
        x[j] = m
        for i in range(j):
            x[i] -= m * f[j, i]
    return x
'''

# four rows at a time, so that the row that is written is read once for four products; taken in by its callers, which
# call it in one place: the time of a compilation is that of the loops which run with vectors
_MINUS = '''
@nb.njit(error_model="numpy", nogil=True, forceinline=True)
def _minus(x, i, t, first, last):
    """Subtract rows of a matrix, times factors, from another row."""
    whole = last - (last - first) % 4
    for j in range(first, whole, 4):
        p, q, r, s = t[j], t[j + 1], t[j + 2], t[j + 3]
        for k in range(x.shape[1]):
            x[i, k] -= (p * x[j, k] + q * x[j + 1, k]) + (r * x[j + 2, k] + s * x[j + 3, k])
    for j in range(whole, last):
        p = t[j]
        for k in range(x.shape[1]):
            x[i, k] -= p * x[j, k]
'''

_MATRIX = '''
def _lu_solve2(f, b):
    """The solutions of a linear system from its factors for the columns of `b`."""
    n, count = b.shape
    x, t = np.empty((n, count), dtype=b.dtype), np.empty(n, dtype=b.dtype)
    for step in range(2 * n):
        down = step < n
        i = step if down else 2 * n - 1 - step
        first, last = (0, i) if down else (i + 1, n)
        for j in range(first, last):
            t[j] = f[i, j]
        if down:
            if f[i, i] == 0:
                raise np.linalg.LinAlgError("Singular matrix")
            for k in range(count):
                x[i, k] = b[i, k]
        _minus(x, i, t, first, last)
        if down:
            for k in range(count):
                x[i, k] /= f[i, i]
    for i in range(n - 1, -1, -1):
        p = np.int64(f[n, i].real)
        for k in range(count):
            x[i, k], x[p, k] = x[p, k], x[i, k]
    return x
'''

_MATRIX_BACK = '''
def _lu_back2(f, b):
    """The solutions of the transposed linear system from the factors for the columns of `b`."""
    n, count = b.shape
    x, t = np.empty((n, count), dtype=b.dtype), np.empty(n, dtype=b.dtype)
    for i in range(n):
        for k in range(count):
            x[i, k] = b[i, k]
    for i in range(n):
        p = np.int64(f[n, i].real)
        for k in range(count):
            x[i, k], x[p, k] = x[p, k], x[i, k]
    for step in range(2 * n):
        down = step < n
        i = step if down else 2 * n - 1 - step
        first, last = (0, i) if down else (i + 1, n)
        for j in range(first, last):
            t[j] = f[j, i]
        _minus(x, i, t, first, last)
        if not down:
            if f[i, i] == 0:
                raise np.linalg.LinAlgError("Singular matrix")
            for k in range(count):
                x[i, k] /= f[i, i]
    return x
'''

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

_INV = '''
def _inv(f):
    """The inverse from the factors of a matrix."""
    unit = np.zeros((f.shape[1], f.shape[1]), dtype=f.dtype)
    for k in range(f.shape[1]):
        unit[k, k] = 1
    return _lu_solve2(f, unit)
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

FACTORS: dict[str, str] = {
    **{f"_{s}cofactors": _COFACTORS.substitute(letter=s) for s in LETTERS.values()},
    "_cofactors_of_any": _COFACTORS_OF_ANY,
    "_det": _DET,
    "_inv": _INV,
    **{f"_{s}lu": _FACTORS.substitute(letter=s, kind=ord(s)) for s in LETTERS.values()},
    "_one_sided": ONE_SIDED,
    "_minus": _MINUS,
    "_lu_solve1": _VECTOR,
    "_lu_solve2": _MATRIX,
    "_lu_back1": _VECTOR_BACK,
    "_lu_back2": _MATRIX_BACK,
    "_slogdet": _SLOGDET,
    "_clogdet": _CLOGDET,
}
#: Declarations that stand before the functions of their names.
DECLARED: dict[str, str] = {f"_{s}lu": _GETRF.substitute(letter=s, dtype=d) for d, s in LETTERS.items()}

_PYTHON_LU = '''
def _lu(a):
    """Triangular factors as SciPy gives them above the rows that it exchanged."""
    if a.size == 0 or a.shape[0] != a.shape[1]:
        return np.full((a.shape[0] + 1, a.shape[0]), np.nan, a.dtype)
    getrf, = scipy.linalg.get_lapack_funcs(("getrf",), (a,))
    f, order, _ = getrf(a)
    return np.vstack((f, order.astype(a.dtype)))
'''
_PYTHON_SOLVE = '''
def _lu_solve(f, b, back):
    """The solution of a linear system from its factors; `back` of the transposed one."""
    if not np.all(np.diagonal(f)):
        raise np.linalg.LinAlgError("Singular matrix")
    order = f[-1].real.astype(int)
    return np.ascontiguousarray(scipy.linalg.lu_solve((f[:-1], order), b, int(back), check_finite=False))
'''
FOR_PYTHON: dict[str, str] = {
    "_lu": _PYTHON_LU,
    "_lu_solve": _PYTHON_SOLVE,
    "_slogdet": _SLOGDET,
    "_clogdet": _CLOGDET,
}

__all__ = ["DECLARED", "FACTORS", "FOR_PYTHON"]
