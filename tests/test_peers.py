"""The benchmarks as they are written for other tools: the same gradients as the generated ones."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import adcompiler as ad
from benchmarks import registry, report, timing, traced
from benchmarks.arrays import suite
from benchmarks.arrays.elementwise import PROGRAMS
from benchmarks.harness import disagreement
from benchmarks.peers import autograd_peer, cpp_peer, jax_peer, loops_over_steps, torch_peer, whole_arrays
from benchmarks.peers.as_written import shared
from benchmarks.threads import SIZES, Pair
from benchmarks.timing import Times

# PyTorch warns of itself as it is imported
pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit.*:DeprecationWarning")


def generated(program, args):
    return ad.value_and_grad(program.function, program.argnums)(*args)


@pytest.mark.skipif(shutil.which("g++") is None, reason="no g++")
def test_gradients_written_in_cpp_agree_with_hand_written_ones() -> None:
    assert len(cpp_peer.names()) >= 5
    for name in cpp_peer.names():
        program = registry.load(name)
        args = program.arguments(program.small)
        assert disagreement(cpp_peer.contender(program, args)(), program.adjoint(*args)) < 1e-11


def test_without_a_compiler_there_is_no_cpp(monkeypatch: pytest.MonkeyPatch) -> None:
    program = registry.load("burgers")
    monkeypatch.setenv("PATH", "")
    assert cpp_peer.contender(program, program.arguments(program.small)) is None


def test_a_transformer_block_has_the_gradient_of_pytorch(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    monkeypatch.setenv("ADCOMPILER_DISABLE_JIT", "1")
    program = suite.programs()["transformer_block"]
    args = program.arguments(program.tiny)
    assert disagreement(torch_peer.contenders(program, args)["torch"](), generated(program, args)) < 1e-10


def two_layers(w1, b1, w2, b2, x, y):
    hidden = np.maximum(x @ w1 + b1, 0.0)
    return 0.5 * np.mean((hidden @ w2 + b2 - y) ** 2)


def test_a_two_layer_network_has_the_gradients_of_pytorch(rng: np.random.Generator) -> None:
    torch = pytest.importorskip("torch")
    params = [rng.normal(size=shape) * scale for shape, scale in (((3, 5), 0.8), (5, 1.0), ((5, 2), 0.6), (2, 1.0))]
    x, y = rng.normal(size=(7, 3)), rng.normal(size=(7, 2))
    held = [torch.tensor(p, requires_grad=True) for p in params]
    hidden = torch.relu(torch.tensor(x) @ held[0] + held[1])
    (0.5 * torch.mean((hidden @ held[2] + held[3] - torch.tensor(y)) ** 2)).backward()
    for ours, theirs in zip(ad.grad(two_layers, (0, 1, 2, 3))(*params, x, y), held, strict=True):
        assert ours.shape == tuple(theirs.shape)
        np.testing.assert_allclose(ours, theirs.grad.numpy(), rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("tool", ["torch", "autograd"])
def test_array_programs_have_the_gradients_of_their_peers(tool: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip(tool)
    monkeypatch.setenv("ADCOMPILER_DISABLE_JIT", "1")
    for program in suite.programs().values():
        if tool == "autograd" and program.name in autograd_peer.REFUSED:
            continue
        args = program.arguments(program.tiny)
        found = traced.contenders(program, args)[tool]()
        assert disagreement(found, generated(program, args)) < 1e-8, program.name


@pytest.mark.parametrize("tool", ["torch", "autograd", "jax"])
def test_loop_programs_have_the_gradients_of_their_peers(tool: str) -> None:
    pytest.importorskip(tool)
    without = {"torch": (), "autograd": autograd_peer.REFUSED, "jax": ("kepler_newton",)}
    for program in map(registry.load, registry.names()):
        args = program.arguments(program.small)
        peer = jax_peer.contender(program, args) if tool == "jax" else traced.contenders(program, args).get(tool)
        assert (peer is None) == (program.name in without[tool]), program.name
        if peer is not None:
            assert disagreement(peer(), program.adjoint(*args)) < 1e-11, program.name


def test_the_text_that_libraries_share_has_the_values_of_the_loops() -> None:
    texts = {name for module in (whole_arrays, loops_over_steps) for name in vars(module)} & {*registry.names()}
    assert {*registry.names()} - texts == {"lotka_volterra"}
    for program in map(registry.load, sorted(texts)):
        args = program.arguments(program.small)
        value = shared(program.name, {})(*args)
        assert np.isclose(value, program.primal(*args), rtol=1e-11, atol=0.0), program.name


def test_a_name_of_the_library_is_not_that_of_the_text() -> None:
    program = registry.load("iir_filter")
    args = program.arguments(program.small)
    found = shared("iir_filter", {"add_matvec": lambda c, matrix, x: c - matrix @ x})(*args)
    assert not np.isclose(found, program.primal(*args))


def test_a_peer_is_compared_with_the_hand_written_gradient(monkeypatch: pytest.MonkeyPatch) -> None:
    program = registry.load("triangular_solve")
    program = replace(program, large=program.small)
    right = program.adjoint(*program.arguments(program.small))
    monkeypatch.setattr(traced, "contenders", lambda program, args: {"torch": lambda: right})
    (result,) = traced.measure(program, budget=0.01)
    assert result.size == program.small and {*result.times} == {"gradient", "torch"}
    wrong = right[0], tuple(2.0 * gradient for gradient in right[1])
    monkeypatch.setattr(traced, "contenders", lambda program, args: {"torch": lambda: wrong})
    with pytest.raises(ArithmeticError, match="triangular_solve"):
        list(traced.measure(program, budget=0.01))


def test_a_contender_that_takes_long_beside_others_is_timed_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing, "sample", lambda call, repeats: call())
    takes = {"longest": 0.06, "long": 0.04, "brief": 0.005}
    found = timing.interleave({name: lambda taken=taken: taken for name, taken in takes.items()}, budget=0.0)
    assert {name: times.rounds for name, times in found.items()} == {"longest": 2, "long": 7, "brief": 7}
    assert {name: times.least for name, times in found.items()} == takes


@pytest.mark.parametrize("title", ["Programs", "Loop programs beside PyTorch and autograd"])
def test_tables_of_the_page_have_a_row_for_each_program(title: str) -> None:
    text = (Path(__file__).parent.parent / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    section = text.partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (\w+) \|", section, re.MULTILINE)
    assert {*rows} - {"program"} == {*registry.names()}


def test_without_peers_nothing_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traced, "contenders", lambda program, args: {})
    assert not list(traced.measure(PROGRAMS[0]))


def test_the_table_of_peers() -> None:
    times = {name: Times(least, least, 7) for name, least in {"gradient": 2.0, "torch": 4.0, "autograd": 9.0}.items()}
    head, rows = traced.times([traced.Result("one", (3, 2), times, None)])
    assert {len(row) for row in rows} == {len(head)}
    assert [row[6:] for row in rows] == [["2.00", "", "4.50", ""]] * 2


def test_means_of_peers_with_and_without_steps() -> None:
    def result(name: str, least: float) -> traced.Result:
        return traced.Result(name, (3,), {"gradient": Times(1.0, 1.0, 7), "torch": Times(least, least, 7)}, None)

    _, rows = traced.times([result("recurrence", 9.0), result("lu_logdet", 1.0)])
    assert [row[6] for row in rows] == ["9.00", "1.00", "3.00", "1.00", "9.00"]


def test_a_peer_has_a_row_where_it_was_timed() -> None:
    def result(name: str, **least: float) -> report.Result:
        return report.Result(name, {key: Times(time, time, 7) for key, time in least.items()}, 0, 0, 0.0)

    both = [result("one", adjoint=4.0, gradient=2.0, cpp=3.0), result("two", adjoint=1.0, gradient=1.0)]
    head, rows = report.beside(both, "cpp", "C++")
    assert [(row[0], *row[-2:]) for row in rows] == [("one", "0.75", "1.50"), ("geometric mean", "0.75", "1.50")]
    assert {len(row) for row in rows} == {len(head)}


def test_the_table_of_threads() -> None:
    assert set(SIZES) <= set(registry.names())
    found = [Pair("one", (3,), {"cpu": Times(least, least, 7), "parallel": Times(1.0, 1.0, 7)}) for least in (1.8, 1.6)]
    head, rows = report.threads(found)
    assert {len(row) for row in rows} == {len(head)}
    assert [row[4:] for row in rows] == [["1.80", "1.7", "met"], ["1.60", "1.7", "missed"]]
