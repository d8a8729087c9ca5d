"""What generated code is compiled to with fewer lines is what Numba makes of it."""

import gc

import numba
import numpy as np
import pytest
from numba.core import ir as numba_ir
from numba.core import ssa
from numba.core.compiler import StateDict, run_frontend
from numba.core.errors import ConstantInferenceError, NumbaWarning, TypingError, WarningsFixer
from numba.core.postproc import VariableLifetime
from numba.core.registry import cpu_target
from numba.core.runtime import _nrt_python, rtsys
from numba.core.transforms import canonicalize_cfg
from numba.core.typeinfer import TypeInferer
from numba.core.untyped_passes import ReconstructSSA

from adcompiler.backend import cpu
from adcompiler.backend.llvm.linking import Linked
from adcompiler.backend.passes.bytecode import Constants
from adcompiler.backend.passes.liveness import Lifetimes
from adcompiler.backend.passes.ssa import NamedValues
from adcompiler.backend.passes.type_inference import Answers, Inferer
from adcompiler.garbage_collector import uncollected

_TEXT = '''import numba as nb
import numpy as np


@nb.njit(error_model="numpy", nogil=True)
def plus(a, b):
    if b == 7:
        raise ValueError("seven")
    return a + b


def used(a, n, k, step, deep):
    """Elements, loops, new arrays, powers and comparisons of numbers."""
    made = np.empty((n, 3), dtype=np.bool_)
    sums = np.zeros(n)
    counts = np.zeros((2, n), dtype=np.int64)
    rows = a
    for i in range(n):
        for j in range(3):
            made[i, j] = a[i, j] > a[-1, -j]
        for j in range(2, -1, -1):
            sums[i] += a[i, j] ** 3 - a[i, np.uint64(j)] ** 2
    for i in range(k, n, step):
        counts[0, i] += i
        counts[-1, -i] = max(i, k) + min(i, 2)
        rows = a[i:, 1:] if deep else a.T
        sums[0] += rows[0, 0]
    for i in range(n, k, -2):
        counts[0, 0] += i
    for i in range(5):
        if i == 3:
            break
        for j in range(i):
            if j == 1:
                continue
            counts[1, 1] += 10 * i + j
    third = np.zeros((2, n, 3))
    for i in range(3):
        third[1, -1, i] = a[2][i] + 2.0 * a.T[i][1] + third[1, 0][i] - third.T[i, 0, 1]
        third[-1][2, i] += a[-k, i] * third.T[i].size
        third[0].T[i, -2] = a.T.shape[1] + a[1].T.size
    turned = third.reshape(n, k + 2, 2).transpose(1, 2, 0)
    turned[0, 1, k] += plus(turned[2, -1, -k], step)
    return made, sums, counts, max(a[0, 0], n), a[1, 1] ** k, third
'''


def _a(layout):
    a = np.arange(18.0).reshape(6, 3) % 5.0 - 1.25
    return {"C": a, "F": np.asfortranarray(a), "A": np.repeat(a, 2, axis=1)[:, ::2]}[layout]


@pytest.fixture(scope="module")
def compiled():
    return cpu.numba_function(_TEXT, "used", keep=False)


@pytest.fixture(scope="module")
def plain():
    scope = {}
    exec(_TEXT, scope)
    return scope["used"]


@pytest.mark.parametrize("layout", ["C", "F", "A"])
@pytest.mark.parametrize("step", [1, 2, 8, -1])
def test_results_are_those_of_python(compiled, plain, layout, step):
    args = (_a(layout), 6, 1, step, step > 1)
    cpu.specialise(compiled, args, None)
    for found, expected in zip(compiled(*args), plain(*args), strict=True):
        np.testing.assert_array_equal(found, expected)
        if isinstance(expected, np.ndarray):
            assert (found.dtype, found.ctypes.data % 64) == (expected.dtype, 0)


_LARGEST = 2**63 - 1


@pytest.mark.parametrize(
    "ends",
    [
        *((_LARGEST - 4, _LARGEST, step) for step in (1, 2, 3, 4, 5)),
        *((4 - _LARGEST, -_LARGEST - 1, step) for step in (-1, -2, -3, -5)),
        *((_LARGEST - 10, _LARGEST, 2**62), (-_LARGEST - 1, _LARGEST, 2**62), (_LARGEST, -_LARGEST - 1, -(2**62))),
        *((_LARGEST, _LARGEST, 1), (_LARGEST, _LARGEST, 3), (-3, _LARGEST, -2)),
    ],
)
def test_ranges_up_to_the_last_number_and_across_all_of_them(ends):
    text = "import numba as nb\n\ndef visited(start, stop, step):\n    last = count = 0\n"
    text += "    for i in range(start, stop, {step}):\n        last = i\n        count += 1\n    return last, count\n"
    want = (range(*ends)[-1] if range(*ends) else 0), len(range(*ends))
    for step in ("step", str(ends[2])):
        assert cpu.numba_function(text.format(step=step), "visited", keep=False)(*ends) == want


@pytest.mark.parametrize(
    "ends", [(-_LARGEST - 1, _LARGEST, 1), (-5 * 10**18, 5 * 10**18, 1), (-1, _LARGEST, 1), (_LARGEST, -_LARGEST, -1)]
)
def test_ranges_longer_than_a_number_tells_run_until_they_are_left(ends):
    text = "import numba as nb\n\ndef visited(start, stop):\n    count = 0\n"
    text += "    for i in range({}, {}, {}):\n        if count == 3:\n            return i\n        count += 1\n"
    start, stop, step = ends
    for spelled in (("start", "stop"), (start, "stop"), ("start", stop), (start, stop)):
        made = cpu.numba_function(text.format(*spelled, step) + "    return 0\n", "visited", keep=False)
        assert made(start, stop) == start + 3 * step
        assert spelled != ("start", "stop") or made(stop, start) == 0


def test_what_cannot_be_made_is_an_error(compiled):
    with pytest.raises(ValueError, match="negative dimensions"):
        compiled(_a("C"), -1, 1, 1, False)
    with pytest.raises(ValueError, match="must not be zero"):
        compiled(_a("C"), 6, 1, 0, False)
    with pytest.raises((ValueError, MemoryError)):
        compiled(_a("C"), 2**62, 1, 1, False)
    with pytest.raises(ValueError, match="total size of new array"):
        compiled(_a("C"), 6, 2, 1, False)
    with pytest.raises(ValueError, match="seven"):
        compiled(_a("C"), 6, 1, 7, False)
    # the bytes of all are 2 to the power of 66, which a number of 64 bits would tell as none
    many = cpu.numba_function(
        "import numpy as np\n\ndef many(n):\n    return np.empty((n, 4)).shape\n", "many", keep=False
    )
    with pytest.raises(ValueError, match="array is too big"):
        many(2**61)
    inner = compiled.py_func.__globals__["plus"]
    assert inner.overloads and not any(made.library._finalized for made in inner.overloads.values())


def _left(function):
    """The pieces of memory that calls leave allocated."""
    a = _a("C")
    function(a, 6, 1, 2, True)
    _nrt_python.memsys_enable_stats()
    before = rtsys.get_allocation_stats()
    function(a, 6, 1, 2, True)
    between = rtsys.get_allocation_stats()
    with pytest.raises(ValueError, match="must not be zero"):
        function(a, 6, 1, 0, True)
    after = rtsys.get_allocation_stats()
    _nrt_python.memsys_disable_stats()
    return [now.alloc - then.alloc - (now.free - then.free) for then, now in ((before, between), (between, after))]


def test_memory_is_freed_where_numba_frees_it(compiled, plain):
    by_numba, found = _left(numba.njit(error_model="numpy")(plain)), _left(compiled)
    assert by_numba[0] == found[0] == 0
    # of an argument there is no further reference
    assert found[1] == by_numba[1] - 1


_RAISES = '''import numba as nb
import numpy as np


@nb.njit(error_model="numpy", nogil=True)
def first(a):
    return a[0]


def raises(a, n):
    """Errors between arrays that are made, looked at in part, given other values and given back."""
    b = np.zeros(n)
    if a[0] > 8.0:
        raise ValueError("eight")
    c = np.zeros((n, n))
    d = c[1]
    if a[0] > 4.0:
        raise ValueError("four")
    while first(d) < 2.0:
        b = d
        d = np.ones(n) + b
        if a[0] > 2.0:
            raise ValueError("two")
    a[1] += d[0]
    return a, b, c.T
'''


def test_an_error_gives_up_all_memory_and_arguments_stay_with_the_caller():
    raises = cpu.numba_function(_RAISES, "raises", keep=False)
    raises(np.ones(3), 2)
    _nrt_python.memsys_enable_stats()
    before = rtsys.get_allocation_stats()
    for first, message in ((9.0, "eight"), (5.0, "four"), (3.0, "two")):
        with pytest.raises(ValueError, match=message):
            raises(np.full(3, first), 2)
    for _ in range(3):
        a, b, c = raises(np.ones(3), 2)
        gc.collect()
        assert (a.tolist(), b.tolist(), c.tolist()) == ([1.0, 3.0, 1.0], [1.0, 1.0], [[0.0, 0.0], [0.0, 0.0]])
    del a, b, c
    after = rtsys.get_allocation_stats()
    _nrt_python.memsys_disable_stats()
    assert after.alloc - before.alloc == after.free - before.free > 9


def _inferred(kind, func_ir, args):
    # the first to ask lets Numba fill its tables
    cpu_target.typing_context.refresh()
    infer = kind(cpu_target.typing_context, func_ir, WarningsFixer(NumbaWarning))
    for index, (name, arg) in enumerate(zip(func_ir.arg_names, args, strict=True)):
        infer.seed_argument(name, index, numba.typeof(arg))
    infer.build_constraint()
    infer.propagate()
    return infer.unify()


def test_types_are_those_that_numba_finds(plain):
    func_ir = run_frontend(plain)
    _, expected, found = (
        _inferred(kind, func_ir, (_a("A"), 6, 1, 2, True)) for kind in (TypeInferer, TypeInferer, Inferer)
    )
    assert found == expected
    with pytest.raises(TypingError, match="No implementation of function"):
        _inferred(Inferer, run_frontend(lambda a: a + "one"), (_a("A"),))


def test_a_question_about_types_is_asked_once_and_one_about_a_constant_each_time():
    asked = []

    class Context:
        def resolve_function_type(self, func, args, kws):
            asked.append(args)
            return None if func == "unknown" else (func, args)

    answers, whole = Answers(Context()), numba.int64
    for _ in range(2):
        assert answers.resolve_function_type("f", (whole,), {}) == ("f", (whole,))
        assert answers.resolve_function_type("f", (numba.float64,), {}) == ("f", (numba.float64,))
        assert answers.resolve_function_type("unknown", (whole,), {}) is None
    assert len(asked) == 4
    for index in (1, True):
        assert type(answers.resolve_function_type("f", (whole, index), {})[1][1]) is type(index)


def test_constants_are_those_that_numba_finds(plain):
    """Indices of elements and stores, some of them constants, tuples of these, and tuples of others too."""
    func_ir = run_frontend(plain)
    lines = [line for block in func_ir.blocks.values() for line in block.body]
    values = [line.value for line in lines if isinstance(line, numba_ir.Assign)]
    indexed = [line for line in lines if isinstance(line, numba_ir.SetItem)]
    indexed += [value for value in values if isinstance(value, numba_ir.Expr) and value.op == "getitem"]
    found = []
    for asked in (func_ir, Constants(func_ir)):
        answers = []
        for line in indexed:
            try:
                answers.append(repr(asked.infer_constant(line.index)))
            except ConstantInferenceError:
                answers.append(None)
        found.append(answers)
    assert found[0] == found[1]
    assert None in found[0] and "0" in found[0] and "(1, 1)" in found[0]


def test_values_have_the_names_that_numba_gives_them(monkeypatch):
    """Those of values that meet are Numba's own already."""
    found, scope, violators = [], {}, ssa._find_defs_violators
    exec(_WALKS, scope)

    def of_the_text(blocks, graph):
        return [name for name in violators(blocks, graph) if not name.startswith("$phi")]

    monkeypatch.setattr(ssa, "_find_defs_violators", of_the_text)
    for step in (NamedValues, ReconstructSSA):
        func_ir = run_frontend(scope["walked"])
        func_ir.blocks = canonicalize_cfg(func_ir.blocks)
        for block in func_ir.blocks.values():
            block.body = [line for line in block.body if not isinstance(line, numba_ir.Del)]
        state = StateDict(func_ir=func_ir, locals={})
        step().run_pass(state)
        found.append([str(line) for _, block in sorted(func_ir.blocks.items()) for line in block.body])
    assert found[0] == found[1]
    assert sum("phi(" in line for line in found[0]) > 5


def test_values_end_where_numba_finds_that_they_end(plain):
    for function in (_wandering, plain):
        blocks = run_frontend(function).blocks
        found, expected = Lifetimes(blocks), VariableLifetime(blocks)
        assert found.livemap == expected.livemap
        assert found.deadmaps == expected.deadmaps
        assert len(set().union(*found.livemap.values())) > 5


def _wandering(a, n):
    total, last = 0.0, None
    if n > 2:
        some = a[2]
    for i in range(n):
        x = a[i]
        while x > 1.0:
            x *= 0.5
            if x == 0.75:
                continue
            total += x
        if total > 10.0:
            break
        last = x
    else:
        y = a[0]
        return y
    return last if n else total + some


def test_numbers_of_several_types():
    text = "def largest(a, b):\n    return max(a, b), min(a, b)\n"
    largest = cpu.numba_function(text, "largest", keep=False)
    for a, b in ((1, 2.5), (np.uint8(3), 2), (-1, 2), (2, 2)):
        assert largest(a, b) == (max(a, b), min(a, b))


def test_collection_is_on_again_after_compilations():
    assert gc.isenabled()
    first, second = uncollected(), uncollected()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert not gc.isenabled()
    second.__exit__(None, None, None)
    assert gc.isenabled()
    gc.disable()
    with uncollected():
        pass
    assert not gc.isenabled()
    gc.enable()


def test_a_function_of_a_text_is_compiled_once_for_constants_and_other_numbers():
    text = "import numba as nb\n\n\n@nb.njit\ndef less(a, b):\n    return a - b\n\n\n"
    text += "def use(x):\n    k = 1\n    while k < x:\n        k += less(x, 1) * less(2, k) + 9\n"
    text += "    return less(k, True)\n"
    use = cpu.numba_function(text, "use", keep=False)
    assert use(5) == 13
    assert [str(types) for types in use.py_func.__globals__["less"].overloads] == ["(int64, int64)", "(int64, bool)"]


_CHAIN = '''import numpy as np


def chain(a, n):
    """A loop that has no vectors."""
    total = 0.0
    for i in range(n):
        total = 0.5 * total + a[i]
    return total
'''


def test_the_body_of_a_loop_is_written_once():
    chain, scope = cpu.numba_function(_CHAIN, "chain", keep=False), {}
    exec(_CHAIN, scope)
    by_numba, counts = numba.njit(error_model="numpy")(scope["chain"]), []
    for function in (chain, by_numba):
        cpu.specialise(function, (np.ones(5), 3), None)
        (text,) = function.inspect_llvm().values()
        counts.append(text.count("fmul"))
        assert function(np.arange(5.0), 4) == scope["chain"](np.arange(5.0), 4)
    assert counts[0] == 1 < counts[1]


_WALKS = '''def walked(a, n, k):
    """Indices of loops that begin or end on either side of zero, some of which change their meaning on the way."""
    total = 0.0
    for i in range(n):
        total = 3.0 * total + a[i, 1]
    for i in range(k, n):
        total = 3.0 * total + a[i, i - 1]
    for i in range(-3, 2):
        total = 3.0 * total + a[i, i]
    for i in range(n - 1, -1, -1):
        total = 3.0 * total + a[i][0]
    for i in range(2, -4, -1):
        total = 3.0 * total + a[i, -1]
    j = k
    for i in range(2, n):
        total = 3.0 * total + a[j, i - 4]
        j = i
    for i in range(n):
        i = i - n
        total = 3.0 * total + a[i, 2]
    return total
'''


@pytest.mark.parametrize("layout", ["C", "F", "A"])
def test_indices_count_from_the_end_wherever_they_are_negative(layout):
    walked, scope = cpu.numba_function(_WALKS, "walked", keep=False), {}
    exec(_WALKS, scope)
    a = np.hstack([_a("C"), _a("C") + 7])
    for k in (-4, -1, 0, 2):
        args = ({"C": a, "F": np.asfortranarray(a), "A": np.repeat(a, 2, axis=1)[:, ::2]}[layout], 6, k)
        assert walked(*args) == scope["walked"](*args)


@pytest.mark.parametrize(
    ("ends", "asks"),
    [
        ("n", 0),
        ("2, n", 0),
        ("n, -1, -1", 0),
        ("-1, n", 1),
        ("k, n", 1),
        ("n, k, -1", 1),
        ("n, -2, -1", 1),
    ],
)
def test_only_indices_that_may_be_negative_are_compared_with_zero(ends, asks, monkeypatch):
    lowered, original = [], Linked.add_ir_module
    monkeypatch.setattr(Linked, "add_ir_module", lambda self, made: (lowered.append(str(made)), original(self, made)))
    for index in ("i", "np.uint64(i)"):
        text = f"import numpy as np\n\ndef last(a, n, k):\n    found = 0.0\n    for i in range({ends}):\n"
        function = cpu.numba_function(f"{text}        found = a[{index}]\n    return found\n", "last", keep=False)
        function.compile(tuple(map(numba.typeof, (np.arange(9.0), 5, 1))))
    # the first module of a function has its lines, the second those that Python calls
    assert lowered[0].count("select") - lowered[2].count("select") == asks


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex64, np.complex128])
def test_products_of_vectors_are_those_of_numpy(dtype):
    text = "import numpy as np\n\ndef times(a, b):\n    return np.dot(a, b)\n"
    times = cpu.numba_function(text, "times", keep=False)
    rng = np.random.default_rng(0)
    for n in (0, 1, 7, 300):
        a, b = (rng.integers(-9, 10, (2, 2 * n)) * (1 if np.dtype(dtype).kind == "f" else 1 + 2j)).astype(dtype)
        for x, y in ((a[:n], b[:n]), (a[::2], b[n:]), (a[n:][::-1], b[::2])):
            assert times(x, y) == np.dot(x, y)
    with pytest.raises(ValueError, match="incompatible array sizes"):
        times(np.ones(3, dtype), np.ones(4, dtype))


_CALLS = '''import numba as nb
import numpy as np


@nb.njit(error_model="numpy", nogil=True)
def made(n, k):
    if k < 0:
        raise ValueError("made")
    a = np.empty(n)
    for i in range(n):
        a[i] = i + k
    return a


@nb.njit(error_model="numpy", nogil=True)
def ends(a, strict):
    if strict and a.size == 0:
        raise IndexError("ends")
    return a[:1], a.size > 1, a.size


@nb.njit(error_model="numpy", nogil=True)
def doubled(a):
    for i in range(a.size):
        a[i] *= 2.0


@nb.njit(error_model="numpy", nogil=True)
def larger(a, b):
    return a > b


def calls(n, k, strict):
    """Functions with results of several types, some of the same one."""
    a, b = made(n, k), made(n + 1, k + 1)
    doubled(a)
    first, more, size = ends(a, strict)
    total = first.size + size + b[-1]
    for i in range(3):
        c = made(i, k - i)
        if larger(b[0], c.size) and more:
            doubled(b)
            total += c.size
        a, c = c, a
    return a, b, first, total
'''


def test_calls_give_their_results_and_hand_on_exceptions():
    scope = {}
    exec(_CALLS, scope)
    calls = cpu.numba_function(_CALLS, "calls", keep=False)
    for args in ((4, 5, True), (1, 3, False), (0, 2, False)):
        for found, expected in zip(calls(*args), scope["calls"](*args), strict=True):
            np.testing.assert_array_equal(found, expected)
    for args, error in (((4, 1, True), "made"), ((4, -1, True), "made"), ((0, 5, True), "ends")):
        with pytest.raises((ValueError, IndexError), match=f"^{error}$"):
            calls(*args)
