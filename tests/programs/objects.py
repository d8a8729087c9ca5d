"""Dataclasses: states of simulations whose attributes are assigned, layers of networks."""

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


class Adam:
    decay = (0.9, 0.99)

    def __init__(self, n, rate=0.1):
        self.m, self.v, self.steps = np.zeros(n), np.zeros(n), 0
        self.rate = rate

    def step(self, w, slope):
        self.steps += 1
        one, two = self.decay
        self.m = one * self.m + (1.0 - one) * slope
        self.v = two * self.v + (1.0 - two) * slope * slope
        mean, square = self.m / (1.0 - one**self.steps), self.v / (1.0 - two**self.steps)
        return w - self.rate * mean / (np.sqrt(square) + 1e-3)


def optimiser_of_a_plain_class(w, target, n):
    optimiser = Adam(len(w))
    for _ in range(n):
        w = optimiser.step(w, 2.0 * (w - target))
    return np.sum((w - target) ** 2)


program(optimiser_of_a_plain_class, lambda rng: (rng.uniform(1, 2, size=3), rng.uniform(-1, 0, size=3), 4), (0, 1))


class Running:
    n = 0
    mean = square = 0.0
    first = None

    def __init__(self):
        self.seen = []

    def push(self, x):
        self.n += 1
        d = x - self.mean
        self.mean += d / self.n
        self.square += d * (x - self.mean)
        return self

    def __getitem__(self, k):
        return (self.mean, self.square)[k]

    def __len__(self):
        return self.n


class Bounded(Running):
    most = 1.5

    def __init__(self, most):
        super().__init__()
        if most > 0:
            self.most = most
        for k in range(3):
            self.last = 0.5 * most * k

    def push(self, x):
        self.last *= x
        return super().push(min(x, self.most))


def running_statistics(x, most):
    low, high = Running(), Bounded(most)
    for v in x:
        if v > 0.5:
            high.push(v)
            high.seen += [v]
        else:
            low.push(v).push(v * v)
            low.first = v if low.first is None else low.first
    high.mean += high.seen.pop() * low.first
    return low[1] + high[0] * high.last + len(low) * low.mean


program(running_statistics, lambda rng: (np.array([0.3, 0.7, 0.95, 0.2, 0.6]) + rng.uniform(-0.05, 0.05, size=5), 0.8))


@dataclasses.dataclass(slots=True)
class Trace:
    scale: float
    seen: list = dataclasses.field(default_factory=list)
    total: float = dataclasses.field(init=False, default=0.0)

    def __post_init__(self):
        self.scale = self.scale**2

    def add(self, x):
        self.seen.append(x)
        self.total += self.scale * x


def trace_with_its_own_list(x, scale):
    a, b = Trace(scale), Trace(2.0)
    for v in x:
        a.add(v * v)
        b.add(v)
    c = dataclasses.replace(b, scale=a.total)
    return a.seen[1] * b.total + sum(b.seen) * c.scale


program(trace_with_its_own_list, lambda rng: (rng.normal(size=4), 0.7))


@dataclasses.dataclass
class Dense:
    """A layer of a network, which names what is applied to its sums."""

    weights: np.ndarray
    activation: str

    def __call__(self, x):
        sums = self.weights @ x
        return np.tanh(sums) if self.activation == "tanh" else sums


def network_of_objects(params, x):
    layers = [Dense(w, "tanh") for w in params[:-1]] + [Dense(params[-1], "none")]
    for layer in layers:
        x = layer(x)
    return np.sum(x * x)


def _weights(rng):
    return [rng.uniform(-1, 1, size=shape) for shape in ((4, 3), (5, 4), (2, 5))]


program(network_of_objects, lambda rng: (_weights(rng), rng.uniform(-1, 1, size=3)), (0, 1))
program(
    network_of_objects,
    lambda rng: (tuple(_weights(rng)), rng.uniform(-1, 1, size=3)),
    (0, 1),
    name="network_of_objects_in_a_tuple",
)


def lists_of_words_joined(s):
    words = ["square", "cube"]
    for word in words + words[:1]:
        s = s * s if word == "square" else s * s * s
    return s


program(lists_of_words_joined, lambda rng: (rng.uniform(0.5, 1.2),))


class Search:
    def __init__(self, start, best):
        self.start = start
        self.best = best

    def see(self, v):
        if self.best is None or v > self.best:
            self.best = v * v


def may_be_none_as_an_attribute(x, limit):
    """An attribute, an item and an entry that are given what may be None."""
    first = None
    if x[0] > limit:
        first = x[0] * 2.0
    search, items, table = Search(x[1], first), [first, x[2]], {"first": 1.0}
    items[1] = first
    table["first"] = first
    for v in x:
        search.see(v)
    found = 0.0 if search.best is None else search.best
    return found + (x[3] if items[1] is None else items[1] ** 2) + (1.0 if table["first"] is None else table["first"])


program(may_be_none_as_an_attribute, lambda rng: (np.array([0.4, 0.3, 1.3, 0.8]), 0.0), (0,))


def may_be_none_and_is(x):
    """The same where it is None."""
    return may_be_none_as_an_attribute(x, 10.0)


program(may_be_none_and_is, lambda rng: (np.array([0.4, 0.3, 1.3, 0.8]),), (0,))
