"""The Fourier transform of powers of two, in vectors: the text that defines it for Numba.

Real and imaginary parts lie apart, as planes of a matrix of eight columns or more. The columns are transformed side by
side, eight at a time, the matrix is turned by the rest of the angles and transposed, and its columns are transformed
again (Bailey's four steps). Rows are eight numbers longer than the matrix: powers of two apart, elements of many rows
would take each other's places in the cache.
"""

from __future__ import annotations

from string import Template

_COMPILED = '@nb.njit(error_model="numpy", nogil=True)'
_INLINED = '@nb.njit(error_model="numpy", nogil=True, inline="always")'

# the factors that have a pass
_RADICES = (8, 4, 2)

_LANES = '''
def _fft_lanes(builder):
    """How many numbers are computed at once, how their address is computed, and one number for all of them."""
    size = 8 if llvmlite.binding.get_host_cpu_features().get("avx512f") else 4
    number, bits = llvmlite.ir.DoubleType(), llvmlite.ir.IntType(32)
    vector, lanes = llvmlite.ir.VectorType(number, size), llvmlite.ir.VectorType(bits, size)

    def at(array, plane, index):
        index = builder.add(builder.mul(index.type(plane), builder.extract_value(array.shape, 1)), index)
        return builder.bitcast(builder.gep(array.data, [index]), vector.as_pointer())

    def splat(value):
        one = builder.insert_element(llvmlite.ir.Constant(vector, llvmlite.ir.Undefined), value, bits(0))
        return builder.shuffle_vector(one, one, llvmlite.ir.Constant(lanes, [0] * size))

    return size, at, splat


def _fft_times(builder, a, b):
    """The product of complex numbers."""
    def product(x, y):
        return builder.fmul(x, y, flags=("contract",))

    real = builder.fsub(product(a[0], b[0]), product(a[1], b[1]), flags=("contract",))
    return real, builder.fadd(product(a[0], b[1]), product(a[1], b[0]), flags=("contract",))


def _fft_of(builder, values):
    """The transform of two, four or eight complex numbers."""
    n = len(values)
    if n == 1:
        return values
    even, odd = _fft_of(builder, values[::2]), _fft_of(builder, values[1::2])
    for k in range(1, n // 2):
        if 4 * k == n:
            odd[k] = odd[k][1], builder.fneg(odd[k][0])
        else:
            angle = [f(-2.0 * math.pi * k / n) for f in (math.cos, math.sin)]
            angle = [llvmlite.ir.Constant(odd[k][0].type, [x] * odd[k][0].type.count) for x in angle]
            odd[k] = _fft_times(builder, odd[k], angle)
    return [tuple(map(one, a, b)) for one in (builder.fadd, builder.fsub) for a, b in zip(even, odd)]
'''

_STEP = '''
@nb.extending.intrinsic
def _fft_step(typing, x, y, place, apart, to, done, turns):
    """One step of a pass, for eight neighbours: values of `x` that are `apart`, to places of `y` that are `done`."""

    def call(context, builder, signature, args):
        source, target = [cgutils.create_struct_proxy(t)(context, builder, value=value)
                          for t, value in zip(signature.args[:2], args)]
        place, apart, to, done, turns = args[2:]
        size, at, splat = _fft_lanes(builder)
        turns = [splat(turn) for turn in cgutils.unpack_tuple(builder, turns)]

        def parts(array, begin, step, u):
            index = builder.add(begin, builder.mul(step, step.type(u)))
            return [at(array, plane, index) for plane in range(2)]

        for half in range(0, 8, size):
            begin, end = builder.add(place, place.type(half)), builder.add(to, to.type(half))
            values = [tuple(builder.load(p, align=8) for p in parts(source, begin, apart, u))
                      for u in range(len(turns) // 2 + 1)]
            for r, value in enumerate(_fft_of(builder, values)):
                if r > 0:
                    value = _fft_times(builder, value, turns[2 * r - 2:2 * r])
                for part, p in zip(value, parts(target, end, done, r)):
                    builder.store(part, p, align=8)
        return context.get_dummy_value()

    return nb.types.none(x, y, place, apart, to, done, turns), call
'''

_BLOCK = '''
@nb.extending.intrinsic
def _fft_block(typing, x, y, place, columns, to, rows, turns, fine, k):
    """Turn a square of eight rows from row `k` on, and write it transposed."""

    def transposed(builder, rows):
        size = len(rows)
        lanes = llvmlite.ir.VectorType(llvmlite.ir.IntType(32), size)
        bit = size // 2
        while bit:
            for r in [r for r in range(size) if not r & bit]:
                pair = rows[r], rows[r | bit]
                low = [c + size - bit if c & bit else c for c in range(size)]
                high = [c + size if c & bit else c + bit for c in range(size)]
                rows[r], rows[r | bit] = [builder.shuffle_vector(*pair, llvmlite.ir.Constant(lanes, order))
                                          for order in (low, high)]
            bit //= 2
        return rows

    def call(context, builder, signature, args):
        source, target, near = [cgutils.create_struct_proxy(signature.args[k])(context, builder, value=args[k])
                                for k in (0, 1, 7)]
        place, columns, to, rows, turns, _, k = args[2:]
        size, at, splat = _fft_lanes(builder)
        turns = [splat(turn) for turn in cgutils.unpack_tuple(builder, turns)]

        def index(begin, step, times, more):
            return builder.add(builder.add(begin, builder.mul(step, step.type(times))), begin.type(more))

        for down in range(0, 8, size):
            for across in range(0, 8, size):
                block = []
                for r in range(down, down + size):
                    places = index(place, columns, r, across), index(builder.mul(k, k.type(8)), k.type(8), r, across)
                    value, angle = [[builder.load(at(array, plane, where), align=8) for plane in range(2)]
                                    for array, where in zip((source, near), places)]
                    angle = _fft_times(builder, angle, turns[2 * r:2 * r + 2])
                    block.append(_fft_times(builder, value, angle))
                for plane in range(2):
                    for c, column in enumerate(transposed(builder, [value[plane] for value in block])):
                        builder.store(column, at(target, plane, index(to, rows, across + c, down)), align=8)
        return context.get_dummy_value()

    return nb.types.none(x, y, place, columns, to, rows, turns, fine, k), call
'''

_PASS = Template('''
$inlined
def _fft_pass$p(x, y, far, columns, done, left):
    """A pass for the factor $p."""
    apart, f = columns + 8, far.shape[1] // ($p * left)
    for k in range(left):
        turns = ($turns)
        for d in range(done):
            for c in range(0, columns, 8):
                _fft_step(x, y, (d + done * k) * apart + c, done * left * apart,
                          (d + $p * done * k) * apart + c, done * apart, turns)
''')


def _pass(p: int) -> str:
    turns = ", ".join(f"far[{plane}, {r} * k * f]" for r in range(1, p) for plane in range(2))
    return _PASS.substitute(inlined=_INLINED, p=p, turns=turns)


_BRANCHES = "".join(
    f"""        {"if" if p == _RADICES[0] else "elif"} left % {p} == 0:
            p = {p}
            left //= p
            _fft_pass{p}(x, y, far, columns, done, left)
"""
    for p in _RADICES
)

_COLUMNS = f'''
{_COMPILED}
def _fft_columns(x, y, far, columns, left):
    """Transform the columns of a matrix of `left` rows; both arrays are overwritten, the first result has it."""
    done, p = 1, 1
    while left > 1:
{_BRANCHES}        done *= p
        x, y = y, x
    return x, y
'''

_PLANES = f'''
{_COMPILED}
def _fft_angles(n, count):
    """The numbers exp(-2j * pi * k / n) for k below `count`, as products of coarse turns and of fine ones."""
    width = np.int64(np.sqrt(count)) + 1
    fine = np.empty((2, width))
    for k in range(width):
        angle = 2.0 * np.pi * k / n
        fine[0, k], fine[1, k] = np.cos(angle), -np.sin(angle)
    angles = np.empty((2, count))
    for first in range(0, count, width):
        angle = 2.0 * np.pi * first / n
        re, im = np.cos(angle), -np.sin(angle)
        for k in range(min(width, count - first)):
            angles[0, first + k] = re * fine[0, k] - im * fine[1, k]
            angles[1, first + k] = re * fine[1, k] + im * fine[0, k]
    return angles


{_INLINED}
def _fft_plan(n):
    """Arrays for a transform, and angles: far ones, and of each row the eight nearest to zero."""
    rows, columns = 8, n // 8
    while rows < columns:
        rows, columns = rows * 2, columns // 2
    near, found = np.empty((2, 8 * rows)), _fft_angles(n, 7 * rows)
    for k in range(rows):
        for j in range(8):
            near[0, 8 * k + j], near[1, 8 * k + j] = found[0, j * k], found[1, j * k]
    size = max(rows * (columns + 8), columns * (rows + 8)) + 24
    return np.empty((2, size)), np.empty((2, size)), _fft_angles(n // 8, n // 8), near, rows, columns


{_INLINED}
def _fft_planes(x, y, far, near, rows, columns):
    """The transform of a matrix that is read row by row, with rows and columns exchanged; `x` is overwritten."""
    x, y = _fft_columns(x, y, far, columns, rows)
    for k in range(0, rows, 8):
        for j in range(0, columns, 8):
            l = j // 8
            turns = ({", ".join(f"far[{plane}, l * (k + {r})]" for r in range(8) for plane in range(2))})
            _fft_block(x, y, k * (columns + 8) + j, columns + 8, j * (rows + 8) + k, rows + 8, turns, near, k)
    return _fft_columns(y, x, far, rows, columns)[0]
'''

#: The function `_fft_columns`, with what it consists of.
COLUMNS = "\n".join([_STEP, _LANES, *map(_pass, _RADICES), _COLUMNS])
#: The functions `_fft_plan` and `_fft_planes`, of powers of two from 64 on.
PLANES = _BLOCK + _PLANES

__all__ = ["COLUMNS", "PLANES"]
