"""Memory that packages hand to each other by DLPack: as others tell of it, and as it is told to others."""

from __future__ import annotations

import ctypes
import gc
import importlib
import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from adcompiler.dlpack import Taken, _lent, lend
from adcompiler.gpu_arrays import by_dlpack, is_gpu_type, package_of

PACKAGES = ["numpy", *(p for p in ("torch", "jax.numpy") if importlib.util.find_spec(p.partition(".")[0]))]
ARRAYS = [
    np.arange(6.0).reshape(2, 3),
    np.arange(6, dtype=np.float32)[1:4],
    np.arange(12).reshape(3, 4)[:, ::2],
    np.arange(6.0).reshape(2, 3).T,
    np.arange(5.0).reshape(1, 5, 1),
    np.array([True, False, True]),
    np.arange(4, dtype=np.uint8),
    np.array(3.0),
    np.zeros((0, 3)),
]


def seen(described: dict[str, Any]) -> Any:
    """The array that a description tells of."""
    dtype, shape = np.dtype(described["typestr"]), described["shape"]
    reach = described["strides"] or ()
    size = dtype.itemsize * (1 + sum((n - 1) * s for n, s in zip(shape, reach, strict=False)) + int(np.prod(shape)))
    memory = (ctypes.c_byte * max(size, 1)).from_address(described["data"][0])
    return np.ndarray(shape, dtype, memory, strides=described["strides"]).copy()


class Unversioned:
    """An array whose package knows of no versions."""

    def __init__(self, array: Any) -> None:
        self.array = array

    def __dlpack__(self, *, stream: int | None = None) -> Any:
        return self.array.__dlpack__(stream=stream)


@pytest.mark.parametrize("kind", [lambda a: a, Unversioned], ids=["versions", "none"])
@pytest.mark.parametrize("array", ARRAYS, ids=lambda a: f"{a.dtype} {a.shape}")
def test_memory_is_found_where_it_lies(array: Any, kind: Any) -> None:
    described = Taken(kind(array), None).__cuda_array_interface__
    if array.size:
        assert described["data"][0] == array.ctypes.data
        np.testing.assert_array_equal(seen(described), array)
    assert described["typestr"] == array.dtype.str and described["shape"] == array.shape
    assert (described["strides"] is None) == array.flags.c_contiguous


def test_memory_is_kept_while_it_is_taken() -> None:
    array = np.arange(1000.0)
    taken = Taken(array, None)
    del array
    gc.collect()
    np.testing.assert_array_equal(seen(taken.__cuda_array_interface__), np.arange(1000.0))


@pytest.mark.parametrize("package", PACKAGES)
def test_packages_take_memory_and_give_it_back(package: str) -> None:
    take, asked = importlib.import_module(package).from_dlpack, list[Any]()
    for dtype in (np.float32, np.int32, np.bool_):
        array = (np.arange(24) % 5).astype(dtype).reshape(2, 3, 4)
        found = lend(take, array, array.__array_interface__, (1, 0), asked.append)
        np.testing.assert_array_equal(np.asarray(found), array)
        # JAX copies memory of the machine that is not aligned to its liking
        assert len(_lent) == 1 or package == "jax.numpy"
        del found
        gc.collect()
        assert not _lent
    assert len(asked) == 3


def test_what_nobody_takes_is_given_back() -> None:
    array = np.ones(3)

    def fails(lender: Any) -> None:
        lender.__dlpack__()
        raise ValueError("no")

    for take, error in ((fails, ValueError), (lambda lender: lender.__dlpack__(copy=True), BufferError)):
        with pytest.raises(error):
            lend(take, array, array.__array_interface__, (1, 0), lambda stream: None)
        assert not _lent


def test_what_others_hold_when_python_ends_is_left_to_them(tmp_path: Path) -> None:
    """The holder, in a module of its own, lives longer than this package's."""
    (tmp_path / "holder.py").write_text("import threading\nheld = {}\n")
    lines = (
        "import holder",
        "import numpy as np",
        "from adcompiler.dlpack import lend",
        "x = np.arange(6.0)",
        "found = lend(np.from_dlpack, x, x.__array_interface__, (1, 0), lambda stream: None)",
        "class Cycle: pass",
        "holder.held[0] = found",
        "one = Cycle(); one.one, one.found = one, found",
    )
    (tmp_path / "ends.py").write_text("\n".join(lines))
    subprocess.run([sys.executable, "ends.py"], cwd=tmp_path, check=True)


def test_which_types_offer_it() -> None:
    class Both:
        __dlpack__ = __dlpack_device__ = None

    of_torch = type("Mine", (type("Tensor", (Both,), {"__module__": "torch"}),), {})
    assert by_dlpack(Both) and is_gpu_type(Both) and package_of(of_torch) == "torch"
    assert not any(map(by_dlpack, (of_torch, np.ndarray, np.matrix, float, np.float64)))
