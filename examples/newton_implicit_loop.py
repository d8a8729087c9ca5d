"""The gradient of a solution that a `while` loop finds: the friction factor of a pipe.

Colebrook's equation gives the friction factor of turbulent flow implicitly. The function solves it by Newton's method,
and the number of iterations depends on the data. The gradient goes through the loop; the implicit function theorem
gives the same derivatives by hand, as a check.

Run it: `python examples/newton_implicit_loop.py`.
"""

import argparse
import math

import adcompiler as ad


def friction(reynolds, roughness):
    """The Darcy friction factor f, from Colebrook's equation for s = 1 / sqrt(f)."""
    s = 8.0
    step = 1.0
    while abs(step) > 1e-12:
        inside = roughness / 3.7 + 2.51 * s / reynolds
        residual = s + 2.0 * math.log10(inside)
        slope = 1.0 + 2.0 * 2.51 / (reynolds * inside * math.log(10.0))
        step = residual / slope
        s -= step
    return 1.0 / s**2


def by_implicit_theorem(reynolds: float, roughness: float) -> tuple[float, float]:
    """Both derivatives by hand: s' = -(residual by the parameter) / (residual by s)."""
    s = 1.0 / math.sqrt(friction(reynolds, roughness))
    inside = roughness / 3.7 + 2.51 * s / reynolds
    scale = 2.0 / (math.log(10.0) * inside)
    slope = 1.0 + scale * 2.51 / reynolds
    s_reynolds = scale * 2.51 * s / reynolds**2 / slope
    s_roughness = -scale / 3.7 / slope
    return -2.0 / s**3 * s_reynolds, -2.0 / s**3 * s_roughness


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--flows", type=int, default=4, help="flows to solve for (default: 4)")
    flows = parser.parse_args().flows
    gradient = ad.value_and_grad(friction, argnums=("reynolds", "roughness"))
    print(f"{'Reynolds':>12} {'f':>10} {'df/dRe':>15} {'df/droughness':>15} {'difference':>11}")
    worst = 0.0
    for k in range(flows):
        reynolds, roughness = 10.0 ** (4 + k), 1e-4
        value, found = gradient(reynolds, roughness)
        expected = by_implicit_theorem(reynolds, roughness)
        error = max(abs(a - b) / abs(b) for a, b in zip(found, expected, strict=True))
        worst = max(worst, error)
        print(f"{reynolds:12.0f} {value:10.6f} {found[0]:15.6e} {found[1]:15.6e} {error:11.1e}")
    print(f"largest relative difference from the implicit function theorem: {worst:.1e}")
    print("\nThe reverse sweep over a loop whose length was not known:\n")
    print(gradient.adjoint_source(1e5, 1e-4))


if __name__ == "__main__":
    main()
