"""Triangular matrices and systems for Numba."""

from __future__ import annotations

from string import Template

from adcompiler.emit.functions.products import LETTERS

_VECTOR = '''
def _solve_triangular1(a, b, lower):
    """The solution of a triangular system, row by row; the other triangle is not read."""
    x, n = b.copy(), a.shape[0]
    for step in range(n):
        i = step if lower else n - 1 - step
        first, last = (0, i) if lower else (i + 1, n)
        for j in range(first, last):
            x[i] -= a[i, j] * x[j]
        x[i] /= a[i, i]
    return x
'''

# what rows solved before mean to the next ones is a product of matrices. It is added to these, not subtracted: all that
# is computed is the solution of the opposite system
_MATRIX = Template('''
def _${letter}solve_triangular2(a, b, lower):
    """The solutions of a triangular system for the columns of `b`; the other triangle is not read."""
    n, count = b.shape
    x, t = np.empty((n, count), dtype=b.dtype), np.empty(n, dtype=b.dtype)
    for i in range(n):
        for k in range(count):
            x[i, k] = b[i, k]
    for begun in range(0, n, 32):
        first, last = (begun, min(begun + 32, n)) if lower else (max(n - begun - 32, 0), n - begun)
        if lower and begun > 0:
            _${letter}product_in_rows(x[first:last], a[first:last, :first], x[:first], True)
        elif begun > 0:
            _${letter}product_in_rows(x[first:last], a[first:last, last:], x[last:], True)
        for step in range(last - first):
            i = first + step if lower else last - 1 - step
            before, after = (first, i) if lower else (i + 1, last)
            for j in range(before, after):
                t[j] = -a[i, j]
            _minus(x, i, t, before, after)
            for k in range(count):
                x[i, k] /= -a[i, i]
    for i in range(n):
        for k in range(count):
            x[i, k] = -x[i, k]
    return x
''')

#: Before LAPACK factorises a matrix: a triangle needs no exchanges, unless quotients by a tiny element of its diagonal
#: might be infinite. A zero there stays, which rounding after exchanges might hide: the triangle is singular.
ONE_SIDED = '''
def _one_sided(f, done):
    """Say whether a matrix is a triangle, and factorise it where it is: a lower one is its own factor."""
    n, lower, upper = f.shape[1], True, True
    for i in range(n):
        for j in range(i if upper else 0):
            upper = upper and f[i, j] == 0
        for j in range(i + 1, n if lower else 0):
            lower = lower and f[i, j] == 0
        if not lower and not upper:
            return
    singular = False
    for i in range(n):
        singular = singular or f[i, i] == 0
    done[0] = lower or singular
    if done[0]:
        return
    for i in range(n):
        for j in range(i + 1, n):
            if abs(f[i, i]) < 1e-6 * abs(f[i, j]):
                return
    done[0] = True
    for i in range(n):
        for j in range(i + 1, n):
            if f[i, j] != 0:
                f[i, j] /= f[i, i]
'''

#: The functions, by the names that texts use.
TRIANGLES: dict[str, str] = {
    "_solve_triangular1": _VECTOR,
    **{f"_{s}solve_triangular2": _MATRIX.substitute(letter=s) for s in LETTERS.values()},
}

__all__ = ["ONE_SIDED", "TRIANGLES"]
