"""A sum of an elementwise expression. The adjoint joins both sweeps in one loop and stores nothing."""

import math

import numpy as np

from benchmarks.program import Program, hand


def elementwise_sum(x):
    s = 0.0
    for i in range(x.shape[0]):
        s += math.sin(x[i]) * math.exp(-(x[i] ** 2))
    return s


@hand
def adjoint(x):
    x_bar = np.empty_like(x)
    s = 0.0
    for i in range(x.shape[0]):
        v = x[i]
        sine, bell = math.sin(v), math.exp(-v * v)
        s += sine * bell
        x_bar[i] = bell * (math.cos(v) - 2.0 * v * sine)
    return s, x_bar


PROGRAM = Program(
    function=elementwise_sum,
    argnums=0,
    primal=hand(elementwise_sum),
    adjoint=adjoint,
    inputs=lambda rng, n: (rng.normal(size=n),),
    small=(20,),
    large=(100_000,),
    tape=lambda x: 0,
)
