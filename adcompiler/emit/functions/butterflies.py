"""The Fourier transform of powers of two, in vectors: the text that defines it for Numba.

Real and imaginary parts lie apart, as planes of a matrix of eight columns or more. The columns are transformed side by
side, eight at a time, the matrix is turned by the rest of the angles and transposed, and its columns are transformed
again (Bailey's four steps). Rows are eight numbers longer than the matrix: powers of two apart, elements of many rows
would take each other's places in the cache.
"""

from __future__ import annotations

_COMPILED = '@nb.njit(error_model="numpy", nogil=True)'
_INLINED = '@nb.njit(error_model="numpy", nogil=True, inline="always")'

# the factors that have a pass
_RADICES = (8, 4, 2)

_LANES = '''
def _fft_lanes(builder):
    """How many numbers are computed at once, their address, and one number for all of them."""
    size = 8 if llvmlite.binding.get_host_cpu_features().get("avx512f") else 4
    number, bits = llvmlite.ir.DoubleType(), llvmlite.ir.IntType(32)
    vector, lanes = llvmlite.ir.VectorType(number, size), llvmlite.ir.VectorType(bits, size)

    def address(array, plane, index):
        index = builder.add(builder.mul(index.type(plane), builder.extract_value(array.shape, 1)), index)
        return builder.gep(array.data, [index])

    def at(array, plane, index):
        return builder.bitcast(address(array, plane, index), vector.as_pointer())

    def splat(array, plane, index):
        value = builder.load(address(array, plane, index))
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

_PASS = '''
@nb.extending.intrinsic(prefer_literal=True)
def _fft_pass(typing, x, y, far, columns, done, left, factor):
    """A pass for a factor: eight neighbours at a time, values of `x` that are apart turn and meet in places of `y`."""
    factor = factor.literal_value

    def call(context, builder, signature, args):
        source, target, angles = [cgutils.create_struct_proxy(t)(context, builder, value=value)
                                  for t, value in zip(signature.args[:3], args)]
        columns, done, left = args[3:6]
        size, at, splat = _fft_lanes(builder)
        number = columns.type
        add, times = [(lambda a, b, one=one: one(a, b, flags=("nsw",))) for one in (builder.add, builder.mul)]
        apart = add(columns, number(8))
        nearest = builder.sdiv(builder.extract_value(angles.shape, 1), times(left, number(factor)))
        far_apart, after = times(times(done, left), apart), times(done, apart)

        def step(begin, end, turns):
            values = [tuple(builder.load(at(source, plane, add(begin, times(far_apart, number(u)))), align=8)
                            for plane in range(2)) for u in range(factor)]
            for r, value in enumerate(_fft_of(builder, values)):
                if r > 0:
                    value = _fft_times(builder, value, turns[r - 1])
                for plane in range(2):
                    builder.store(value[plane], at(target, plane, add(end, times(after, number(r)))), align=8)

        with cgutils.for_range(builder, left) as outer:
            k = outer.index
            turn = times(nearest, k)
            turns = [[splat(angles, plane, times(turn, number(r))) for plane in range(2)]
                     for r in range(1, factor)]
            with cgutils.for_range(builder, done) as inner:
                begin = times(add(inner.index, times(done, k)), apart)
                end = times(add(inner.index, times(times(done, k), number(factor))), apart)
                with cgutils.for_range(builder, builder.sdiv(columns, number(8))) as eight:
                    for half in range(0, 8, size):
                        here = add(times(eight.index, number(8)), number(half))
                        step(add(begin, here), add(end, here), turns)
        return context.get_dummy_value()

    return nb.types.none(x, y, far, *[nb.intp] * 3, nb.types.literal(factor)), call
'''

_BLOCK = '''
@nb.extending.intrinsic
def _fft_block(typing, x, y, far, near, rows, columns, k, j):
    """Turn a square of eight rows, from row `k` and column `j` on, and write it transposed."""

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
        source, target, far, near = [cgutils.create_struct_proxy(t)(context, builder, value=value)
                                     for t, value in zip(signature.args[:4], args)]
        rows, columns, k, j = args[4:]
        size, at, splat = _fft_lanes(builder)
        number = k.type
        columns, rows = [builder.add(extent, number(8)) for extent in (columns, rows)]
        place, to = builder.add(builder.mul(k, columns), j), builder.add(builder.mul(j, rows), k)
        steps = [builder.mul(builder.ashr(j, number(3)), builder.add(k, number(r))) for r in range(8)]
        turns = [[splat(far, plane, step) for plane in range(2)] for step in steps]

        def index(begin, step, times, more):
            return builder.add(builder.add(begin, builder.mul(step, step.type(times))), begin.type(more))

        for down in range(0, 8, size):
            for across in range(0, 8, size):
                block = []
                for r in range(down, down + size):
                    places = index(place, columns, r, across), index(builder.mul(k, k.type(8)), k.type(8), r, across)
                    value, angle = [[builder.load(at(array, plane, where), align=8) for plane in range(2)]
                                    for array, where in zip((source, near), places)]
                    angle = _fft_times(builder, angle, turns[r])
                    block.append(_fft_times(builder, value, angle))
                for plane in range(2):
                    for c, column in enumerate(transposed(builder, [value[plane] for value in block])):
                        builder.store(column, at(target, plane, index(to, rows, across + c, down)), align=8)
        return context.get_dummy_value()

    return nb.types.none(x, y, far, near, *[nb.intp] * 4), call
'''

_BRANCHES = "".join(
    f"""        {"if" if p == _RADICES[0] else "elif"} left % {p} == 0:
            p = {p}
            left //= p
            _fft_pass(x, y, far, columns, done, left, {p})
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
            _fft_block(x, y, far, near, rows, columns, k, j)
    return _fft_columns(y, x, far, rows, columns)[0]
'''

#: The function `_fft_columns`, with what it consists of.
COLUMNS = "\n".join([_PASS, _LANES, _COLUMNS])
#: The functions `_fft_plan` and `_fft_planes`, of powers of two from 64 on.
PLANES = _BLOCK + _PLANES

__all__ = ["COLUMNS", "PLANES"]
