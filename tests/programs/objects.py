"""Dataclasses whose attributes are assigned: states of simulations."""

import dataclasses
import math

import numpy as np

import adcompiler as ad
from tests.support.registry import program


@dataclasses.dataclass
class Ball:
    x: float
    v: float

    def kick(self, dv):
        self.v += dv
        return self

    @property
    def energy(self):
        return 0.5 * self.v**2 + self.x


@dataclasses.dataclass
class Cloud:
    pos: np.ndarray
    vel: np.ndarray
    t: float = 0.0

    def step(self, dt):
        self.vel -= dt * self.pos
        self.pos = self.pos + dt * self.vel
        self.t += dt


def ball_with_attributes(x, v):
    b = Ball(x, v)
    for _ in range(20):
        b.v -= 0.1
        b.x += 0.1 * b.v
        if b.x < 0:
            b.x = -b.x
            b.v = -0.9 * b.v
    return b.x + b.energy


program(ball_with_attributes, lambda rng: (rng.uniform(0.5, 1.0), rng.uniform(0.1, 0.4)))


def cloud_of_particles(p, v):
    c = Cloud(p.copy(), v.copy())
    while c.t < 0.95:
        c.step(0.1)
    return (c.pos**2).sum() + c.t * c.vel[0]


program(cloud_of_particles, lambda rng: (rng.normal(size=3), rng.normal(size=3)))


def two_names_of_one_object(x):
    a = Ball(x, 2.0)
    b = a
    b.x = 3 * x
    c = dataclasses.replace(a)
    c.v = x * x
    a.kick(x).kick(1.0)
    held = (a, {"ball": c})
    held[1]["ball"].x += held[0].v
    return a.x * a.v + c.v * c.x + b.v


program(two_names_of_one_object, lambda rng: (rng.uniform(0.5, 1.0),))


def several_balls(x):
    balls = [Ball(x[i], 0.1 * i) for i in range(4)]
    for _ in range(3):
        for b in balls:
            b.v -= 0.1 * b.x
        for b in balls:
            b.x += b.v
    balls[0].x = 7.0 * balls[1].x
    return sum(b.energy for b in balls)


program(several_balls, lambda rng: (rng.normal(size=4),))


def copies_in_a_list(x):
    p, path = Ball(1.0, 0.0), []
    for v in x:
        p.x = p.x * v + 1
        path.append(dataclasses.replace(p))
    return path[-1].x + path[1].x ** 2


program(copies_in_a_list, lambda rng: (rng.normal(size=4),))


def object_under_checkpoints(x, n):
    b = Ball(x, 1.0)
    for _ in ad.checkpointed_range(n):
        b.v -= 0.1 * math.sin(b.x)
        b.x += 0.1 * b.v
    return b.x


program(object_under_checkpoints, lambda rng: (rng.uniform(0.5, 1.0), 12))


def copy_of_an_argument(b):
    c = dataclasses.replace(b)
    c.x = 3 * b.v
    c.v *= c.x
    return c.x * c.v + b.x


program(copy_of_an_argument, lambda rng: (Ball(rng.normal(), rng.normal()),))
