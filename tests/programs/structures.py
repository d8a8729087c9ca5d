"""Arguments and results that are tuples, lists, dictionaries, named tuples and data classes."""

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from tests.support.registry import program


def mlp_from_a_list(params, x, y):
    a = x
    for W, b in params[:-1]:
        a = np.tanh(a @ W + b)
    W, b = params[-1]
    return np.mean((a @ W + b - y) ** 2)


def _layers(rng, sizes):
    return [(rng.normal(size=(m, n)), rng.normal(size=n)) for m, n in pairwise(sizes)]


program(mlp_from_a_list, lambda rng: (_layers(rng, (2, 3, 3, 1)), rng.normal(size=(4, 2)), rng.normal(size=(4, 1))))


def regression_from_a_dict(params, x, y):
    prediction = params["w"] * x + params["b"]
    return np.sum((prediction - y) ** 2) + params["decay"] * params["w"] ** 2


program(
    regression_from_a_dict,
    lambda rng: ({"w": 0.7, "b": -0.2, "decay": 0.1}, rng.normal(size=4), rng.normal(size=4)),
)


class Gaussian(NamedTuple):
    """A user's named tuple."""

    mean: float
    scale: float


def likelihood_of_a_named_tuple(g, x):
    z = (x - g.mean) / g.scale
    return -0.5 * np.sum(z * z) - len(x) * np.log(g.scale)


program(likelihood_of_a_named_tuple, lambda rng: (Gaussian(0.3, 1.4), rng.normal(size=5)), (0, 1))


@dataclass
class Oscillator:
    """A user's data class."""

    mass: float
    stiffness: float
    state: np.ndarray


def energy_of_a_dataclass(o):
    x, v = o.state
    return 0.5 * o.mass * v**2 + 0.5 * o.stiffness * x**2


program(energy_of_a_dataclass, lambda rng: (Oscillator(1.2, 3.4, rng.normal(size=2)),))


def tuple_of_arrays(pair, scale):
    a, b = pair
    return np.dot(a, b) * scale + pair[0][1]


program(tuple_of_arrays, lambda rng: ((rng.normal(size=3), rng.normal(size=3)), 1.7), (0, 1))


def several_outputs(x, y):
    total = x * y
    return total.sum(), total * x, x[0] / y[1]


program(several_outputs, lambda rng: (rng.normal(size=3), rng.uniform(1, 2, size=3)), (0, 1))


def list_of_columns(columns):
    total = 0.0
    for i in range(len(columns)):
        for j in range(i):
            total += np.dot(columns[i], columns[j]) ** 2
    return total


program(list_of_columns, lambda rng: ([rng.normal(size=3) for _ in range(3)],))


def nested_containers(tree):
    return tree["a"][0] * np.sum(tree["b"]["c"]) + tree["a"][1] ** 2


program(nested_containers, lambda rng: ({"a": (0.4, 1.1), "b": {"c": rng.normal(size=2)}},))


class Dense(NamedTuple):
    """A layer with a method."""

    weights: np.ndarray
    bias: np.ndarray

    def apply(self, x):
        return np.tanh(self.weights @ x + self.bias)


@dataclass(frozen=True)
class Network:
    """Named tuples in a data class, with a property and a method."""

    layers: list
    gain: float
    name: str = "network"

    @property
    def doubled(self):
        return 2.0 * self.gain

    def penalty(self, rate=0.5):
        total = 0.0
        for layer in self.layers:
            total += rate * np.sum(layer.weights**2)
        return total


def network_of_records(net, x):
    h = x
    for layer in net.layers:
        h = layer.apply(h)
    return np.sum(h) * net.doubled + net.penalty(rate=0.1)


program(
    network_of_records,
    lambda rng: (
        Network(
            [Dense(rng.normal(size=(4, 3)), rng.normal(size=4)), Dense(rng.normal(size=(2, 4)), rng.normal(size=2))],
            0.7,
        ),
        rng.normal(size=3),
    ),
    (0, 1),
)


class State(NamedTuple):
    """What a step hands on."""

    position: float
    momentum: float


def leapfrog_of_states(state, h):
    for _ in range(6):
        if state.position > 0.2:
            state = state._replace(momentum=state.momentum - h * state.position)
        else:
            state = State(state.position, momentum=0.9 * state.momentum - h * np.sin(state.position))
        state = replace_position(state, h)
    return state


def replace_position(state, h):
    position, momentum = state
    return State(position + h * momentum, state[1])


program(leapfrog_of_states, lambda rng: (State(0.5, -0.8), 0.3), (0, 1))


@dataclass
class Fit:
    """A result of arrays and numbers."""

    line: np.ndarray
    rest: float


def result_that_is_a_data_class(x, y):
    slope = np.sum(x * y) / np.sum(x * x)
    fit = Fit(slope * x, rest=np.sum((y - slope * x) ** 2))
    return replace(fit, rest=0.5 * fit.rest)


program(result_that_is_a_data_class, lambda rng: (rng.normal(size=4), rng.normal(size=4)), (0, 1))


@dataclass
class Affine:
    """A layer that is called."""

    weights: np.ndarray
    bias: np.ndarray

    def __call__(self, x, scale=1.0):
        return np.tanh(x @ self.weights + scale * self.bias)


@dataclass
class Stack:
    """Layers in a list, in a record."""

    layers: list
    readout: np.ndarray

    def __call__(self, x):
        for layer in self.layers:
            x = layer(x, scale=0.5)
        return x @ self.readout


def network_of_layers_that_are_called(network, x, y):
    return np.mean((network(x) - y) ** 2) + np.sum(network.layers[0](x[0]))


program(
    network_of_layers_that_are_called,
    lambda rng: (
        Stack([Affine(*layer) for layer in _layers(rng, (2, 3, 3))], rng.normal(size=3)),
        rng.normal(size=(4, 2)),
        rng.normal(size=4),
    ),
)


def characters(x, text, codes, k):
    """Characters of a text by numbers that are known, and by their codes where these are not."""
    total = x[0] * len(text[1:]) + (x[1] if text[k] == "b" else x[0]) ** 2
    for i in range(len(codes)):
        total += x[i] * (codes[i] == ord("c")) + (text[::-1] == "cba") * x[i] ** 2
    return total


program(characters, lambda rng: (rng.normal(size=3), "abc", np.frombuffer(b"abc", np.uint8), 1))


def fields_as_a_dictionary(state, scale):
    fields = state._asdict()
    moved = state._replace(momentum=fields["momentum"] * scale)
    return sum(np.sum(v * v) for v in fields.values()) + sum(len(k) * np.sum(v) for k, v in moved._asdict().items())


program(fields_as_a_dictionary, lambda rng: (State(0.5, -0.8), 0.3), (0, 1))
