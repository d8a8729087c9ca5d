"""Sines and cosines that are recorded together, and those that are not recorded at all."""

import math

import numpy as np
import pytest

import adcompiler as ad
from tests.programs.recurrences import cosines_in_an_arm, sines_and_a_factor, sines_until_it_is_small


def sine_of_each(x):
    s = 0.0
    for k in range(x.shape[0]):
        s += math.sin(x[k]) * x[k]
    return s


def tangents(u, a):
    x = 0.5
    for k in range(u.shape[0]):
        x = a * math.tan(x) + u[k]
    return x


def sines_without_a_factor(u):
    x = 0.5
    for k in range(u.shape[0]):
        x = math.sin(x) + u[k]
    return x


def without_comments(text):
    return "\n".join(line for line in text.splitlines() if "#" not in line)


def both_sweeps(function, *args):
    source = ad.grad(function, argnums=tuple(k for k, a in enumerate(args) if not isinstance(a, int)))
    forward, _, reverse = source.adjoint_source(*args).partition("reverse sweep")
    return without_comments(forward), without_comments(reverse)


U = np.linspace(-0.5, 0.5, 5)


@pytest.mark.parametrize(
    "function,args",
    [(sines_and_a_factor, (U, 0.9)), (sines_until_it_is_small, (1.2, 0.9)), (cosines_in_an_arm, (U, 0.9))],
)
def test_the_partner_of_what_is_recorded_is_recorded(function, args):
    forward, reverse = both_sweeps(function, *args)
    assert "sin(" in forward
    assert "cos(" in forward
    assert "cos(" not in reverse
    assert "sin(" not in reverse


@pytest.mark.parametrize("function,args", [(sine_of_each, (U,)), (sines_without_a_factor, (U,))])
def test_where_nothing_of_the_kind_is_recorded_nothing_is_added(function, args):
    source = without_comments(ad.grad(function).adjoint_source(*args))
    assert "cos_tape" not in source
    assert source.count("cos(") == 1


def test_other_functions_have_no_partner():
    assert "sin" not in ad.grad(tangents, argnums=(0, 1)).adjoint_source(U, 0.9)


def test_float32():
    u = U.astype(np.float32)
    value, (u_bar, a_bar) = ad.value_and_grad(sines_and_a_factor, argnums=(0, 1))(u, np.float32(0.9))
    wanted, (u_want, a_want) = ad.value_and_grad(sines_and_a_factor, argnums=(0, 1))(U, 0.9)
    np.testing.assert_allclose(value, wanted, rtol=1e-5)
    np.testing.assert_allclose(u_bar, u_want, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(a_bar, a_want, rtol=1e-4)
