"""Triangular factors of a matrix for Numba, kept for several systems: NumPy's `solve` throws them away."""

from __future__ import annotations

from string import Template

from adcompiler.emit.functions.determinants import DETERMINANTS, FEW, LOGARITHMS
from adcompiler.emit.functions.products import LETTERS
from adcompiler.emit.functions.triangles import ONE_SIDED

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
    finite = a.shape[1] == n and total == 0
    if finite and (n < 2 or f[0, n - 1] == 0 or f[n - 1, 0] == 0):
        done = np.zeros(1, dtype=np.bool_)
        _one_sided(f, done)
        if done[0]:
            return f
    if not finite or n > 40:
        _${letter}lu_otherwise(f, finite)
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

_OTHERWISE = Template('''
def _${letter}lu_otherwise(f, finite):
    """Factorise a matrix of many rows, or write that one has no factors."""
    n = f.shape[1]
    if not finite:
        for i in range(n):
            for j in range(n):
                f[i, j] = np.nan
        return
    order = np.empty(n, dtype=np.int32)
    _${letter}getrf(${kind}, n, n, f.ctypes, n, order.ctypes)
    for k in range(n):
        f[n, k] = order[k] - 1
''')

_GETRF = Template(
    '\n_${letter}getrf = nb.types.ExternalFunction("numba_xxgetrf", nb.types.intc(nb.types.char, nb.types.intp, '
    "nb.types.intp,\n    nb.types.CPointer(nb.${dtype}), nb.types.intp, nb.types.CPointer(nb.int32)))\n"
)

# loops over single elements, which take little time to compile
_COLUMNS = '''
def _lu_columns(f, x):
    """Solve a linear system from its factors in place, for one column after another."""
    n = f.shape[1]
    for c in range(x.shape[1]):
        for i in range(n):
            if f[i, i] == 0:
                raise np.linalg.LinAlgError("Singular matrix")
            m = x[i, c]
            for j in range(i):
                m -= f[i, j] * x[j, c]
            x[i, c] = m / f[i, i]
        for i in range(n - 1, -1, -1):
            m = x[i, c]
            for j in range(i + 1, n):
                m -= f[i, j] * x[j, c]
            x[i, c] = m
        for k in range(n - 1, -1, -1):
            p = np.int64(f[n, k].real)
            x[k, c], x[p, c] = x[p, c], x[k, c]
'''

_VECTOR = '''
def _lu_solve1(f, b):
    """The solution of a linear system from its factors."""
    x = np.empty((b.size, 1), dtype=b.dtype)
    for i in range(b.size):
        x[i, 0] = b[i]
    _lu_columns(f, x)
    return x.reshape(b.size)
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
    if n > 16:
        _lu_back_long(f, x)
        return x
    for j in range(n):
        m = x[j]
        for i in range(j):
            m -= x[i] * f[i, j]
        x[j] = m
    for j in range(n - 1, -1, -1):
        if f[j, j] == 0:
            raise np.linalg.LinAlgError("Singular matrix")
        m = x[j]
        for i in range(j + 1, n):
            m -= x[i] * f[i, j]
        x[j] = m / f[j, j]
    return x
'''

_LONG_BACK = '''
def _lu_back_long(f, x):
    """Solve the transposed linear system, without its exchanges, in place: a row of the factors after another."""
    n = x.size
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

_ROWS = '''
def _lu_rows(f, x):
    """Solve a linear system from its factors in place, for all columns at a time."""
    n, count = x.shape
    t = np.empty(n, dtype=x.dtype)
    for step in range(2 * n):
        down = step < n
        i = step if down else 2 * n - 1 - step
        first, last = (0, i) if down else (i + 1, n)
        if f[i, i] == 0:
            raise np.linalg.LinAlgError("Singular matrix")
        for j in range(first, last):
            t[j] = f[i, j]
        _minus(x, i, t, first, last)
        if down:
            for k in range(count):
                x[i, k] /= f[i, i]
    for i in range(n - 1, -1, -1):
        p = np.int64(f[n, i].real)
        for k in range(count):
            x[i, k], x[p, k] = x[p, k], x[i, k]
'''

_MATRIX = f'''
def _lu_solve2(f, b):
    """The solutions of a linear system from its factors for the columns of `b`."""
    x = np.empty(b.shape, dtype=b.dtype)
    for i in range(b.shape[0]):
        for k in range(b.shape[1]):
            x[i, k] = b[i, k]
    if b.shape[0] < {FEW} and b.size > 0:
        _lu_columns(f, x)
    else:
        _lu_rows(f, x)
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

FACTORS: dict[str, str] = {
    **DETERMINANTS,
    **{f"_{s}lu": _FACTORS.substitute(letter=s) for s in LETTERS.values()},
    **{f"_{s}lu_otherwise": _OTHERWISE.substitute(letter=s, kind=ord(s)) for s in LETTERS.values()},
    "_one_sided": ONE_SIDED,
    "_minus": _MINUS,
    "_lu_columns": _COLUMNS,
    "_lu_rows": _ROWS,
    "_lu_solve1": _VECTOR,
    "_lu_solve2": _MATRIX,
    "_lu_back1": _VECTOR_BACK,
    "_lu_back_long": _LONG_BACK,
    "_lu_back2": _MATRIX_BACK,
}
#: Declarations that stand before the functions of their names.
DECLARED: dict[str, str] = {f"_{s}lu_otherwise": _GETRF.substitute(letter=s, dtype=d) for d, s in LETTERS.items()}

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
    **LOGARITHMS,
}

__all__ = ["DECLARED", "FACTORS", "FOR_PYTHON"]
