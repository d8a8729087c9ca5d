"""The price and the Greeks of an Asian option, by Monte Carlo in a plain loop.

The payoff depends on the geometric mean of the price along each path. The gradient of the simulated price gives delta,
vega, rho and the slope in the strike at once; this option has a closed formula, which they are compared with.

Run it: `python examples/option_pricing.py`.
"""

import argparse
import math

import numpy as np

import adcompiler as ad

NAMES = ("delta", "vega", "rho", "strike")


def price(spot, volatility, rate, strike, years, normals):
    """The discounted mean payoff over the paths, one row of normal numbers a path."""
    paths, steps = normals.shape
    h = years / steps
    total = 0.0
    for p in range(paths):
        level = math.log(spot)
        mean = 0.0
        for k in range(steps):
            level += (rate - 0.5 * volatility**2) * h + volatility * math.sqrt(h) * normals[p, k]
            mean += level / steps
        payoff = math.exp(mean) - strike
        if payoff > 0.0:
            total += payoff
    return math.exp(-rate * years) * total / paths


def normal(d):
    """The probability that a standard normal number is below d."""
    return 0.5 * (1.0 + math.erf(d / math.sqrt(2.0)))


def closed_form(spot, volatility, rate, strike, years, steps):
    """The exact price: the geometric mean of lognormal prices is lognormal."""
    drift = (rate - 0.5 * volatility**2) * years * (steps + 1) / (2 * steps)
    spread = volatility * math.sqrt(years * (steps + 1) * (2 * steps + 1) / (6 * steps**2))
    d = (math.log(spot / strike) + drift) / spread
    forward = spot * math.exp(drift + 0.5 * spread**2)
    return math.exp(-rate * years) * (forward * normal(d + spread) - strike * normal(d))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--paths", type=int, default=200_000, help="simulated paths (default: 200000)")
    paths = parser.parse_args().paths
    market = (100.0, 0.25, 0.03, 102.0, 1.0)
    steps, batches = 24, 20
    wrt = tuple(range(len(NAMES)))
    simulated, exact = ad.value_and_grad(price, wrt), ad.value_and_grad(closed_form, wrt)
    rng = np.random.default_rng(7)
    rows = []
    for _ in range(batches):
        value, greeks = simulated(*market, rng.normal(size=(paths // batches, steps)))
        rows.append((value, *greeks))
    estimate, error = np.mean(rows, axis=0), np.std(rows, axis=0, ddof=1) / math.sqrt(batches)
    value, greeks = exact(*market, steps)
    print(f"{batches * (paths // batches)} paths of {steps} steps")
    print(f"{'':8} {'simulated':>12} {'std. error':>12} {'exact':>12} {'errors off':>11}")
    for name, found, spread, true in zip(("price", *NAMES), estimate, error, (value, *greeks), strict=True):
        print(f"{name:8} {found:12.5f} {spread:12.5f} {true:12.5f} {abs(found - true) / spread:11.2f}")
    inside = np.all(np.abs(estimate - (value, *greeks)) < 4.0 * error)
    print(f"all within four standard errors: {'yes' if inside else 'no'}")


if __name__ == "__main__":
    main()
