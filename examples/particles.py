"""Particles that push each other apart while they fall, thrown so that they arrive on a circle.

A step is a kernel of `numba.cuda`: a thread moves one particle, which all others push. Its adjoint is another kernel.
The host launches a hundred of the one and then, backwards, a hundred of the other: that is the gradient of where the
particles arrive with respect to how each of them was thrown.

Run it on a machine with a GPU: `python examples/particles.py`. Elsewhere Numba's simulator runs a few particles:
`NUMBA_ENABLE_CUDASIM=1 python examples/particles.py --particles 6 --steps 10 --iterations 30`.
It saves a plot in `examples/output`.
"""

import argparse
import math
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numba import cuda

import adcompiler.cuda

HERE = Path(__file__).resolve().parent
#: How long the particles fly, how strongly they push, and how near they may come before that levels off.
TIME, PUSH, NEAR, GRAVITY = 1.0, 0.1, 0.01, 2.0


@adcompiler.cuda.kernel(active=("x", "v"), outputs=("x_next", "v_next"))
def step(x, v, h, x_next, v_next):
    """One particle moves for a time h: first its velocity changes, then its place."""
    i = cuda.grid(1)
    if i < x.shape[0]:
        ax, ay = 0.0, -GRAVITY
        for j in range(x.shape[0]):
            dx, dy = x[i, 0] - x[j, 0], x[i, 1] - x[j, 1]
            squared = dx * dx + dy * dy + NEAR
            push = PUSH / x.shape[0] / (squared * math.sqrt(squared))
            ax += push * dx
            ay += push * dy
        v_next[i, 0] = v[i, 0] + h * ax
        v_next[i, 1] = v[i, 1] + h * ay
        x_next[i, 0] = x[i, 0] + h * v_next[i, 0]
        x_next[i, 1] = x[i, 1] + h * v_next[i, 1]


class Flight:
    """The memory of the device for all steps, places and velocities, and how kernels are launched."""

    def __init__(self, start: np.ndarray, steps: int) -> None:
        self.steps, self.h, self.start = steps, TIME / steps, start
        self.x, self.v = (cuda.device_array((steps + 1, *start.shape), np.float64) for _ in range(2))
        threads = min(128, len(start))
        self.launch = -(-len(start) // threads), threads

    def forward(self, thrown: np.ndarray) -> np.ndarray:
        """Where the particles arrive."""
        self.x[0].copy_to_device(self.start)
        self.v[0].copy_to_device(thrown)
        for k in range(self.steps):
            step.forward[self.launch](self.x[k], self.v[k], self.h, self.x[k + 1], self.v[k + 1])
        return self.x[self.steps].copy_to_host()

    def back(self, arrived_bar: np.ndarray) -> np.ndarray:
        """The derivative with respect to how the particles were thrown, from that with respect to where they arrive."""
        x_bar, v_bar = (cuda.to_device(np.zeros((self.steps + 1, *self.start.shape))) for _ in range(2))
        x_bar[self.steps].copy_to_device(arrived_bar)
        for k in range(self.steps - 1, -1, -1):
            bar = {"x": x_bar[k], "v": v_bar[k], "x_next": x_bar[k + 1], "v_next": v_bar[k + 1]}
            step.adjoint[self.launch](self.x[k], self.v[k], self.h, self.x[k + 1], self.v[k + 1], bar=bar)
        return v_bar[0].copy_to_host()


def misfit(flight: Flight, thrown: np.ndarray, aims: np.ndarray) -> tuple[float, np.ndarray]:
    """Half the mean squared distance of the particles from their aims, and its gradient."""
    missed = flight.forward(thrown) - aims
    return 0.5 * float(np.sum(missed**2)) / len(aims), flight.back(missed / len(aims))


def checked(flight: Flight, thrown: np.ndarray, aims: np.ndarray) -> float:
    """The relative difference of the derivative along a direction from central differences."""
    way, h = np.cos(np.arange(thrown.size)).reshape(thrown.shape), 1e-5
    slope = float(np.sum(misfit(flight, thrown, aims)[1] * way))
    ahead, behind = (misfit(flight, thrown + sign * h * way, aims)[0] for sign in (1, -1))
    return abs(slope - (ahead - behind) / (2 * h)) / abs(slope)


def plot(flight: Flight, aims: np.ndarray) -> Path:
    axes = (figure := Figure(figsize=(5, 5), layout="constrained")).subplots()
    ways = flight.x.copy_to_host()
    axes.plot(ways[:, :, 0], ways[:, :, 1], color="tab:blue", linewidth=0.7)
    axes.plot(*ways[-1].T, "o", color="tab:blue", markersize=3)
    axes.plot(*aims.T, "o", color="tab:orange", markersize=7, fillstyle="none")
    axes.set_aspect("equal")
    path = HERE / "output" / "particles.png"
    path.parent.mkdir(exist_ok=True)
    figure.savefig(path, dpi=150)
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--particles", type=int, default=4096)
    parser.add_argument("--steps", type=int, default=100, help="steps of each flight")
    parser.add_argument("--iterations", type=int, default=200, help="steps of the descent")
    options = parser.parse_args()
    if not cuda.is_available():
        parser.exit(1, "numba.cuda finds no GPU: NUMBA_ENABLE_CUDASIM=1 runs its simulator\n")
    turns = 2 * np.pi * np.arange(options.particles) / options.particles
    aims = np.stack([np.cos(turns), 1.0 + np.sin(turns)], axis=1)
    start = np.stack([np.linspace(-0.5, 0.5, options.particles), np.zeros(options.particles)], axis=1)
    flight, thrown = Flight(start, options.steps), np.tile([0.0, 2.0], (options.particles, 1))
    print(f"relative difference of the gradient from central differences: {checked(flight, thrown, aims):.1e}")
    moved, first = np.zeros_like(thrown), misfit(flight, thrown, aims)[0]
    for _ in range(options.iterations):
        value, gradient = misfit(flight, thrown, aims)
        moved = 0.5 * moved - 0.4 * len(aims) * gradient
        thrown = thrown + moved
    print(f"misfit {first:.4f} -> {value:.2e} after {options.iterations} gradients through {options.steps} steps")
    print(f"saved {plot(flight, aims)}")


if __name__ == "__main__":
    main()
