"""A tour in one page: gradients, both modes, and the source that the compiler wrote.

Run it: `python examples/quickstart.py`.
"""

import math

import numpy as np

import adcompiler as ad


@ad.grad
def energy(x, stiffness):
    """The energy of a chain of springs of length one."""
    total = 0.0
    for i in range(len(x) - 1):
        stretch = x[i + 1] - x[i] - 1.0
        total += 0.5 * stiffness * stretch**2
    return total


def smooth(x, weight):
    """Neighbours averaged in place, from left to right; each result is read by the next."""
    y = x.copy()
    for i in range(1, len(y)):
        y[i] = (1.0 - weight) * y[i] + weight * math.sin(y[i - 1])
    return y


def main() -> None:
    x = np.array([0.0, 1.5, 2.0, 4.0])
    print("gradient of the energy:          ", energy(x, 2.0))
    print("its value:                       ", energy.primal(x, 2.0))

    value, (x_bar, stiffness_bar) = ad.value_and_grad(energy.function, argnums=(0, 1))(x, 2.0)
    print("value and both gradients:        ", value, x_bar, stiffness_bar)

    y, pullback = ad.vjp(smooth, x, 0.25)
    x_bar, weight_bar = pullback(np.ones_like(y))
    print("pullback of ones through smooth: ", x_bar.round(6), round(weight_bar, 6))

    _, y_dot = ad.jvp(smooth, (x, 0.25), (np.zeros_like(x), 1.0))
    print("tangent along the weight:        ", y_dot.round(6))
    print("both modes agree:                ", math.isclose(np.sum(y_dot), weight_bar, rel_tol=1e-12))

    print("\nThe Wengert list of the energy:\n")
    print(energy.wengert(x, 2.0))
    print("\nThe adjoint that the compiler wrote:\n")
    print(energy.adjoint_source(x, 2.0))


if __name__ == "__main__":
    main()
