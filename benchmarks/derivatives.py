"""Matrices of derivatives, and products with them: each beside what its cost is measured by, with a bound.

The bounds are multiples of the time of the value, of a gradient, or of the same directions one after the other.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

import adcompiler as ad
from benchmarks.program import hand
from benchmarks.timing import interleave

OBSERVATIONS = 30_000
JOINTS, POSES = 28, 800
NODES = 20_000
DIRECTIONS = 16


def reprojection(cameras, points, weights, seen, features):
    """The errors of a bundle adjustment: 15 parameters for each pair of rows."""
    errors = np.empty((seen.shape[0], 2))
    for k in range(seen.shape[0]):
        cam, point = cameras[seen[k, 0]], points[seen[k, 1]]
        x, y, z = point[0] - cam[3], point[1] - cam[4], point[2] - cam[5]
        # a rotation by the vector of its axis, as long as its angle
        angle = math.sqrt(cam[0] ** 2 + cam[1] ** 2 + cam[2] ** 2)
        c, s = math.cos(angle), math.sin(angle)
        u, v, w = cam[0] / angle, cam[1] / angle, cam[2] / angle
        along = (u * x + v * y + w * z) * (1.0 - c)
        px = x * c + (v * z - w * y) * s + u * along
        py = y * c + (w * x - u * z) * s + v * along
        pz = z * c + (u * y - v * x) * s + w * along
        px, py = px / pz, py / pz
        r2 = px * px + py * py
        bent = 1.0 + cam[9] * r2 + cam[10] * r2 * r2
        errors[k, 0] = weights[k] * (cam[6] * bent * px + cam[7] - features[k, 0])
        errors[k, 1] = weights[k] * (cam[6] * bent * py + cam[8] - features[k, 1])
    return errors


def bundle(count: int) -> tuple[Any, ...]:
    """Cameras, points and weights, and what is seen of them."""
    rng = np.random.default_rng(0)
    cameras = rng.normal(size=(max(count // 600, 2), 11)) * 0.1
    cameras[:, :3] += 0.3
    cameras[:, 5] -= 5.0
    cameras[:, 6] += 1.0
    points = rng.normal(size=(max(count // 5, 3), 3))
    seen = np.stack([rng.integers(0, len(cameras), count), rng.integers(0, len(points), count)], 1)
    return cameras, points, rng.random(count), seen, rng.normal(size=(count, 2))


def arm(offsets, poses):
    """Where the tip of an arm is in each pose, if each joint has an offset: as in a calibration."""
    tips = np.empty((poses.shape[0], 3))
    for m in range(poses.shape[0]):
        x, y, z = 0.0, 0.0, 0.0
        # from the tip to the root: the joints turn about one axis after the other
        for k in range(offsets.shape[0] - 1, -1, -1):
            angle = poses[m, k] + offsets[k]
            c, s = math.cos(angle), math.sin(angle)
            z += 0.1
            x, y, z = y, c * z - s * x, s * z + c * x
        tips[m, 0], tips[m, 1], tips[m, 2] = x, y, z
    return tips


def energy(x):
    """Neighbours and second neighbours in a chain attract each other."""
    total = 0.0
    for i in range(x.shape[0] - 2):
        near, far = x[i + 1] - x[i], x[i + 2] - x[i]
        total += math.exp(-near * near) * math.sin(far) + math.sqrt(1.0 + far * far)
    return total


def driven(rates, steps):
    """A ring of oscillators, each of which has a rate of its own."""
    n = rates.shape[0]
    state, force = np.linspace(0.1, 1.0, n), np.empty(n)
    for _ in range(steps):
        for i in range(n):
            force[i] = math.sin(state[(i + 1) % n] - state[i]) + rates[i]
        for i in range(n):
            state[i] += 0.01 * force[i]
    return state


def one_by_one(rates: np.ndarray, steps: int) -> np.ndarray:
    """The columns of the Jacobian of `driven`, one direction after the other."""
    return np.stack([ad.jvp(driven, (rates, steps), (e, None))[1] for e in np.eye(rates.size)], 1)


@dataclass(frozen=True, slots=True)
class Case:
    """A derivative and the unit of its cost.

    Parameters
    ----------
    name, by
        What the derivative and the unit are.
    derivative, unit
        Calls of both.
    bound
        What the derivative's time by the unit's may be at most.
    """

    name: str
    by: str
    derivative: Callable[[], Any]
    unit: Callable[[], Any]
    bound: float


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds of a derivative and of its unit."""

    case: Case
    derivative: float
    unit: float

    @property
    def ratio(self) -> float:
        """The derivative's time by the unit's."""
        return self.derivative / self.unit


def cases(observations: int = OBSERVATIONS, poses: int = POSES, nodes: int = NODES) -> list[Case]:
    """What is measured."""
    rng = np.random.default_rng(1)
    seen = bundle(observations)
    blocks = ad.jacobian(reprojection, (0, 1, 2), mode="sparse")
    posed = rng.normal(size=JOINTS) * 0.1, rng.normal(size=(poses, JOINTS))
    x = rng.normal(size=nodes)
    gradient, product, hessian = ad.grad(energy), ad.hvp(energy), ad.hessian(energy, mode="sparse")
    rates = np.linspace(0.0, 1.0, DIRECTIONS), poses
    tangents = ad.jacobian(driven, mode="forward")
    return [
        Case(
            f"sparse Jacobian, {observations:,} blocks of 2 x 15",
            "value",
            partial(blocks, *seen),
            partial(hand(reprojection), *seen),
            7.0,
        ),
        Case(
            f"Jacobian, {JOINTS} inputs, {3 * poses:,} results",
            "value",
            partial(ad.jacobian(arm), *posed),
            partial(hand(arm), *posed),
            10.0,
        ),
        Case("product with a Hessian", "gradient", partial(product, x, x[::-1].copy()), partial(gradient, x), 3.0),
        Case(f"sparse Hessian, {nodes:,} rows", "gradient", partial(hessian, x), partial(gradient, x), 15.0),
        Case(
            f"{DIRECTIONS} directions at once",
            "one by one",
            partial(tangents, *rates),
            partial(one_by_one, *rates),
            0.25,
        ),
    ]


def run(budget: float = 1.5) -> Iterator[Cost]:
    """Measure each case; its patterns are known by then."""
    for case in cases():
        times = interleave({"derivative": case.derivative, "unit": case.unit}, budget)
        yield Cost(case, times["derivative"].least, times["unit"].least)
