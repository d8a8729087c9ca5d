"""Each program is sound as plain Python, before it is used to judge a derivative."""

from collections.abc import Iterator

import numpy as np
import pytest

from tests.support.differences import along, directions
from tests.support.registry import Program, load_programs
from tests.support.trees import assert_finite, copied, leaves, noise, widened


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    with np.errstate(all="raise", under="ignore"):
        yield


@pytest.mark.parametrize("program", load_programs(), ids=lambda p: p.name)
def test_program_has_a_stable_difference_quotient(program: Program) -> None:
    args = program.args()
    out = program.function(*copied(args))
    assert leaves(out), "a program returns floating values"
    assert_finite(out)
    rng = np.random.default_rng(1)
    cotangent = noise(rng, widened(out))
    wide = widened(args)
    function, primals = program.function, tuple(wide[i] for i in program.argnums)

    def partial(*active: object) -> object:
        full = list(copied(wide))
        for i, value in zip(program.argnums, active, strict=True):
            full[i] = value
        return function(*full)

    estimates = [along(partial, primals, d, cotangent) for d in directions(rng, primals)]
    scale = max(abs(e.value) for e in estimates)
    assert np.isfinite(scale)
    assert scale > 0, "every direction is flat"
    assert max(e.error for e in estimates) <= 1e-8 * scale
