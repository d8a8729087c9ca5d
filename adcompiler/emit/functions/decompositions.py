"""Factors and spectra of matrices for Numba, by LAPACK."""

from __future__ import annotations

from string import Template

from adcompiler.emit.functions.products import for_all


def _packed(name: str, doc: str, body: str) -> str:
    return f'\ndef {name}(a):\n    """{doc}"""\n{body}'


# LAPACK itself where Numba has it: its `np.linalg.cholesky` and `eigh` walk through slices and iterators, and
# take most of a second to compile. LAPACK counts columns first: a matrix in memory row by row is to it the transposed
# one, of which it is to compute an upper factor
_CHOLESKY = Template('''
def _${letter}cholesky(a):
    """The lower triangular factor."""
    n = a.shape[0]
    if a.shape[1] != n:
        raise np.linalg.LinAlgError("Last 2 dimensions of the array must be square.")
    f = np.empty((n, n), dtype=a.dtype)
    for i in range(n):
        for j in range(n):
            f[i, j] = a[i, j]
    if n > 0 and _${letter}potrf(${kind}, 85, n, f.ctypes, n) != 0:
        raise np.linalg.LinAlgError("Matrix is not positive definite.")
    for i in range(n):
        for j in range(i + 1, n):
            f[i, j] = 0
    return f
''')
_POTRF = Template(
    '\n_${letter}potrf = nb.types.ExternalFunction("numba_xxpotrf", nb.types.intc(nb.types.char, nb.types.char, '
    "nb.types.intp,\n    nb.types.CPointer(nb.${dtype}), nb.types.intp))\n"
)

# what LAPACK gives by columns, as one array
_ABOVE = """    for j in range(n):
        packed[0, j] = values[j]
        for i in range(n):
            packed[i + 1, j] = vectors[j, i]
    return packed
"""

_EIGH = Template(
    '''
def _${letter}eigh(a, lower):
    """The eigenvalues of a symmetric matrix, of which one triangle is read, above its eigenvectors."""
    n = a.shape[0]
    if a.shape[1] != n:
        raise np.linalg.LinAlgError("Last 2 dimensions of the array must be square.")
    if not _finite(a):
        raise np.linalg.LinAlgError("Array must not contain infs or NaNs.")
    packed = np.empty((n + 1, n), dtype=a.dtype)
    vectors, values = np.empty((n, n), dtype=a.dtype), np.empty(n, dtype=np.${real})
    for i in range(n):
        for j in range(n):
            vectors[j, i] = a[i, j]
    if n > 0 and _${letter}evd(${kind}, 86, 76 if lower else 85, n, vectors.ctypes, n, values.ctypes) != 0:
        raise ValueError("Internal algorithm failed to converge.")
'''
    + _ABOVE
)
_EVD = Template(
    '\n_${letter}evd = nb.types.ExternalFunction("numba_ez_xxxevd", nb.types.intc(nb.types.char, nb.types.char, '
    "nb.types.char,\n    nb.types.intp, nb.types.CPointer(nb.${dtype}), nb.types.intp, "
    "nb.types.CPointer(nb.${real})))\n"
)

# the driver that SciPy chooses: the signs of its vectors hang on rounding, so that it is asked how much memory it
# wants, as SciPy asks it
_EIGH_ROBUST = Template(
    '''
def _${letter}eigh_robust(a, lower):
    """The eigenvalues of a symmetric matrix above its eigenvectors, by relatively robust representations."""
    n = a.shape[0]
    if a.shape[1] != n:
        raise ValueError("expected square matrix")
    if not _finite(a):
        raise ValueError("array must not contain infs or NaNs")
    packed = np.empty((n + 1, n), dtype=a.dtype)
    columns, vectors = np.empty((n, n), dtype=a.dtype), np.empty((n, n), dtype=a.dtype)
    values, none, work = np.empty(n, dtype=a.dtype), np.zeros(1, dtype=a.dtype), np.empty(1, dtype=a.dtype)
    for i in range(n):
        for j in range(n):
            columns[j, i] = a[i, j]
    vector, whole = np.full(1, 86, np.uint8), np.full(1, 65, np.uint8)
    triangle = np.full(1, 76 if lower else 85, np.uint8)
    size, found, failed = np.full(1, n, np.int32), np.zeros(1, np.int32), np.zeros(1, np.int32)
    support, integers = np.empty(2 * n, np.int32), np.empty(1, np.int32)
    room, places = np.full(1, -1, np.int32), np.full(1, -1, np.int32)
    for _ in range(2 if n > 0 else 0):
        _${letter}evr(vector.ctypes, whole.ctypes, triangle.ctypes, size.ctypes, columns.ctypes, size.ctypes,
                      none.ctypes, none.ctypes, size.ctypes, size.ctypes, none.ctypes, found.ctypes,
                      values.ctypes, vectors.ctypes, size.ctypes, support.ctypes, work.ctypes, room.ctypes,
                      integers.ctypes, places.ctypes, failed.ctypes)
        if room[0] == -1:
            room[0], places[0] = int(work[0]), integers[0]
            work, integers = np.empty(room[0], dtype=a.dtype), np.empty(places[0], np.int32)
    if failed[0] != 0:
        raise np.linalg.LinAlgError("Internal Error.")
'''
    + _ABOVE
)
_EVR = Template(
    '\nllvmlite.binding.add_symbol(\n    "lapack_${letter}syevr",\n    nb.extending.get_cython_function_address('
    '"scipy.linalg.cython_lapack", "${letter}syevr"),\n)\n'
    '_${letter}evr = nb.types.ExternalFunction("lapack_${letter}syevr", nb.void(*[nb.types.voidptr] * 21))\n'
)

_QR = _packed(
    "_qr",
    "Q above R.",
    """    q, r = np.linalg.qr(a)
    packed = np.empty((a.shape[0] + a.shape[1], a.shape[1]), dtype=a.dtype)
    for j in range(a.shape[1]):
        for i in range(a.shape[0]):
            packed[i, j] = q[i, j]
        for i in range(a.shape[1]):
            packed[a.shape[0] + i, j] = r[i, j]
    return packed
""",
)
_SVD = _packed(
    "_svd",
    "The left vectors, the singular values and the right vectors below each other.",
    """    u, s, vh = np.linalg.svd(a, False)
    m, n = a.shape
    packed = np.empty((m + 1 + n, s.size), dtype=a.dtype)
    for j in range(s.size):
        for i in range(m):
            packed[i, j] = u[i, j]
        packed[m, j] = s[j]
        for i in range(n):
            packed[m + 1 + i, j] = vh[j, i]
    return packed
""",
)
_PINV = '''
def _pinv(a, rcond):
    """The pseudo-inverse."""
    return _by_rows(np.linalg.pinv(a, rcond))
'''
_BY_ROWS = '''
def _by_rows(a):
    """A copy of a matrix in memory row by row: LAPACK leaves columns, and what BLAS cannot read is packed."""
    rows = np.empty(a.shape, dtype=a.dtype)
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            rows[i, j] = a[i, j]
    return rows
'''

_FINITE = '''
def _finite(a):
    """Whether every element is finite."""
    total = a.dtype.type(0)
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            total += a[i, j] * 0
    return total == 0
'''


#: Those that need an address which the text that has them tells LLVM.
ROBUST: dict[str, str] = {name: text for name, text in for_all("eigh_robust", _EIGH_ROBUST).items() if name[1] in "sd"}
#: The functions by their names; results of several parts lie below each other.
DECOMPOSITIONS: dict[str, str] = {
    **for_all("cholesky", _CHOLESKY),
    **for_all("eigh", _EIGH),
    **ROBUST,
    "_by_rows": _BY_ROWS,
    "_finite": _FINITE,
    "_pinv": _PINV,
    "_qr": _QR,
    "_svd": _SVD,
}
#: Declarations that stand before the functions of their names.
DECLARED: dict[str, str] = {**for_all("cholesky", _POTRF), **for_all("eigh", _EVD), **for_all("eigh_robust", _EVR)}

__all__ = ["DECLARED", "DECOMPOSITIONS", "ROBUST"]
