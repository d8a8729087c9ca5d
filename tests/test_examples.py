"""The examples run at a reduced size, and what they print is true."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "examples"


def printed(name: str, *args: str) -> str:
    """What an example prints, run in a process of its own."""
    paths = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    command = [sys.executable, str(EXAMPLES / f"{name}.py"), *args]
    done = subprocess.run(command, env=os.environ | {"PYTHONPATH": paths}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def number(text: str, before: str) -> float:
    """The number that follows some words."""
    return float(re.search(re.escape(before) + r"\s*([-+.\deE]+)", text)[1])


def saved(text: str) -> bool:
    """Whether the picture that an example names is there."""
    return Path(re.search(r"saved (.+\.png)", text)[1]).stat().st_size > 1000


def test_quickstart() -> None:
    text = printed("quickstart")
    assert "gradient of the energy:           [-1.  2. -3.  2.]" in text
    assert "both modes agree:                 True" in text
    assert "def energy_grad" in text


def test_lynx_and_hare() -> None:
    text = printed("lynx_hare", "--steps", "500")
    assert number(text, "-> ") < 0.05, "the misfit of the fitted populations"
    assert number(text, "hare birth     0.500 -> ") == pytest.approx(0.54, abs=0.02)
    assert number(text, "lynx death     1.000 -> ") == pytest.approx(0.80, abs=0.02)
    assert number(text, "relative difference") < 1e-6
    assert "10000 Runge-Kutta steps" in text
    assert "_bar" in text, "an excerpt of the adjoint"
    assert saved(text)


def test_many_fits_are_the_same_on_every_target(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = ("--fits", "12", "--steps", "20", "--iterations", "40")
    text = printed("many_fits", *sizes)
    assert "12 fits, 40 gradients of each" in text
    before, after = number(text, "median misfit "), number(text, "-> ")
    assert after < 0.98 * before
    assert number(text, "hare birth ") == pytest.approx(0.54, abs=0.02)
    assert saved(text)
    monkeypatch.setenv("NUMBA_ENABLE_CUDASIM", "1")
    monkeypatch.setenv("PYTHONWARNINGS", "ignore")
    toy = ("--fits", "2", "--steps", "2", "--iterations", "2")
    texts = [printed("many_fits", *toy, "--target", target).splitlines()[1:] for target in ("cpu", "cuda")]
    assert texts[0] == texts[1]


def test_particles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBA_ENABLE_CUDASIM", "1")
    monkeypatch.setenv("PYTHONWARNINGS", "ignore")
    text = printed("particles", "--particles", "5", "--steps", "5", "--iterations", "12")
    assert number(text, "central differences:") < 1e-6
    before, after = number(text, "misfit "), number(text, "-> ")
    assert after < 0.01 * before
    assert saved(text)


def test_checkpointing() -> None:
    text = printed("checkpointing", "--steps", "100000")
    assert text.count("to the last bit: True") == 3
    recorded, kept = number(text, "every step recorded:"), number(text, "of its time, ")
    assert 2000 < recorded < 6000
    assert kept < 600, "the memory of a process is counted to some hundred KiB"
    assert saved(text)


def test_digits() -> None:
    text = printed("digits", "--epochs", "15")
    assert number(text, "accuracy before:") < 30.0
    assert number(text, "test accuracy:") > 94.0
    assert saved(text)


def test_networks() -> None:
    text = printed("networks", "--epochs", "100", "--widths", "12", "8")
    assert number(text, "accuracy:") > 95.0
    assert number(text, "  sigmoid") < 1e-9, "the gradient vanishes"
    for design in ("ReLU, He", "tanh, Xavier", "residual"):
        assert 0.1 < number(text, f"  {design}") < 10.0, "the gradient is kept"
    assert saved(text)


def test_recurrent_network() -> None:
    text = printed("recurrent", "--steps", "300")
    for radius in (0.9, 1.0, 1.1):
        expected = radius**199
        assert number(text, f"spectral radius {radius}:") == pytest.approx(expected, rel=0.05)
    assert number(text, "-> ") < 0.01
    assert saved(text)


def test_estimators() -> None:
    text = printed("estimators")
    within = [float(found) for found in re.findall(r"within ([\d.]+) standard errors", text)]
    assert len(within) == 3
    assert max(within) < 3.0
    assert number(text, "the error smaller in") == 8
    assert saved(text)


def test_newton_in_a_while_loop() -> None:
    text = printed("newton_implicit_loop", "--flows", "2")
    assert number(text, "largest relative difference from the implicit function theorem:") < 1e-12


def test_heat_equation() -> None:
    text = printed("heat_equation", "--cells", "20")
    assert number(text, "conductivity recovered to") < 4.0
    assert saved(text)


def test_option_pricing() -> None:
    text = printed("option_pricing", "--paths", "40000")
    assert "all within four standard errors: yes" in text


def test_every_example_is_tested() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    assert all(f'"{path.stem}"' in text for path in EXAMPLES.glob("*.py"))
