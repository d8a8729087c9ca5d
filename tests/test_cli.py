"""The command line, called as a function and as a program."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import adcompiler
from adcompiler.tools.cli import main

MODEL = '''"""A model."""
import numpy as np
import adcompiler as ad

SCALE = 2.0


def loss(w, x):
    """The squared length of a product."""
    return SCALE * np.sum((x @ w) ** 2)


def loss_args():
    return np.array([1.0, 2.0]), np.eye(2)


example_args = (3.0,)


def square(x):
    return x * x


def lazy(x):
    yield x


def stencil(u):
    return np.sum((u[1:, :] - u[:-1, :]) ** 2)


def stencil_args():
    return (np.linspace(0.0, 1.0, 300).reshape(15, 20),)


def half_constant(x):
    return x * ad.stop_gradient(x)


decorated = ad.grad(square)
'''


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A file with functions; what loading it leaves behind is taken away again."""
    path = tmp_path / "cli_model.py"
    path.write_text(MODEL, encoding="utf-8")
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.chdir(tmp_path)
    known = set(sys.modules)
    yield path
    for name in set(sys.modules) - known:
        if name.startswith("cli_model"):
            del sys.modules[name]


def printed(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    """What a successful command prints."""
    assert main(argv) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("stage", ["side", "adjoint", "lowered", "wengert", "explain"])
def test_show(model: Path, capsys: pytest.CaptureFixture[str], stage: str) -> None:
    text = printed(capsys, "show", f"{model}:square", "--stage", stage)
    assert "x" in text
    if stage == "adjoint":
        compile(text, "adjoint", "exec")
        assert "x_bar" in text


def test_show_writes_a_page(model: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    page = tmp_path / "square.html"
    assert f"wrote {page}" in printed(capsys, "show", f"{model}:square", "--html", str(page))
    assert "x_bar" in page.read_text(encoding="utf-8")


def test_show_of_a_decorated_function(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "x_bar" in printed(capsys, "show", f"{model}:decorated", "--stage", "adjoint")


def test_check(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "gradcheck of loss" in printed(capsys, "check", f"{model}:loss")
    second = printed(capsys, "check", f"{model}:square", "--order", "2", "--mode", "reverse", "--args", "4.0")
    assert "forward" not in second


def test_check_fails_with_the_error(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", f"{model}:half_constant", "--mode", "reverse"]) == 1
    error = capsys.readouterr().err
    assert error.startswith("GradcheckFailed: wrong gradient of half_constant with respect to x: 3.0 by reverse mode")
    assert "fix:" in error


@pytest.mark.parametrize(
    ("text", "last"),
    [
        ("return x + missing", "NameError: name 'missing' is not defined"),
        ("return np.reshape(x, (5, 5))", "ValueError: cannot reshape array of size 3 into shape (5,5)"),
    ],
)
def test_an_error_of_the_program_is_told_by_its_own_lines(
    text: str, last: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))
    file = tmp_path / "failing_lines.py"
    file.write_text(f"import numpy as np\n\ndef helper(x):\n    {text}\n\ndef f(x):\n    return np.sum(helper(x))\n")
    assert main(["check", f"{file}:f", "--args", "np.ones(3)"]) == 1
    del sys.modules["failing_lines"]
    lines = capsys.readouterr().err.splitlines()
    assert lines[:2] == ["Traceback (most recent call last):", f'  File "{file}", line 7, in f']
    assert lines[-1] == last
    assert f'  File "{file}", line 4, in helper' in lines
    assert not any("adcompiler/tools" in line for line in lines)


def test_an_error_of_the_tool_keeps_its_traceback(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adcompiler.tools.cli.gradcheck", lambda *args, **options: np.reshape(np.ones(3), (5, 5)))
    monkeypatch.setattr("adcompiler.tools.load._PACKAGE", str(Path(__file__).parent))
    with pytest.raises(ValueError, match="cannot reshape"):
        main(["check", f"{model}:square"])


def test_check_compares_a_sample_of_the_entries(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "│ 100 of 300 │" in printed(capsys, "check", f"{model}:stencil")
    assert "│ 7 of 300 │" in printed(capsys, "check", f"{model}:stencil", "--entries", "7")
    assert "│     300 │" in printed(capsys, "check", f"{model}:stencil", "--entries", "all")
    with pytest.raises(SystemExit, match="2"):
        main(["check", f"{model}:stencil", "--entries", "0"])


def test_a_refusal_has_its_place(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", f"{model}:lazy"]) == 1
    error = capsys.readouterr().err
    line = MODEL.splitlines().index("    yield x") + 1
    assert f"{model}:{line}" in error


def test_bench(model: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    text = printed(capsys, "bench", f"{model}:loss", "--argnums", "w", "--plot", str(tmp_path / "times.svg"))
    assert "benchmark of loss: 2 derivatives" in text
    assert (tmp_path / "times.svg").exists()


def test_export_writes_a_module_that_runs(model: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert "square_adjoint.py" in printed(capsys, "export", f"{model}:square")
    text = (tmp_path / "square_adjoint.py").read_text(encoding="utf-8")
    assert "adcompiler" not in {line.split()[1] for line in text.splitlines() if line.startswith(("import ", "from "))}
    done = subprocess.run([sys.executable, "square_adjoint.py"], cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


def test_cache(
    model: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ADCOMPILER_CACHE_DIR", str(tmp_path / "cache"))
    assert "cache: 0 files" in printed(capsys, "cache")
    assert "cache: 0 files" not in printed(capsys, "cache", f"{model}:square")
    assert "removed" in printed(capsys, "cache", "prune", "--limit", "1K")
    assert "removed 0" in printed(capsys, "cache", "prune")
    assert "removed" in printed(capsys, "cache", "clear")
    assert "cache: 0 files" in printed(capsys, "cache", "info")


def test_demo(capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(capsys, "demo")
    for part in ("def misfit", "_bar", "gradcheck of misfit", "benchmark of misfit"):
        assert part in text


def test_demo_of_a_file(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "benchmark of square" in printed(capsys, "demo", f"{model}:square")


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("cli_model.py", "is not of the form"),
        ("cli_model.txt:loss", "is not of the form"),
        ("absent.py:loss", "there is no file"),
        ("cli_model.py:absent", "defines no absent\n"),
        ("cli_model.py:los", "defines no los; did you mean 'loss'?"),
        ("cli_model.py:SCALE", "is not a function"),
    ],
)
def test_a_target_that_leads_nowhere(
    model: Path, capsys: pytest.CaptureFixture[str], target: str, message: str
) -> None:
    assert main(["show", target]) == 2
    assert message in capsys.readouterr().err


def test_arguments_that_do_not_fit(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", f"{model}:loss", "--args", "np.ones((5, 5))"]) == 2
    assert capsys.readouterr().err == "adcompiler: loss takes (w, x): missing a required argument: 'x'\n"
    assert main(["check", f"{model}:square", "--args", "nine"]) == 2
    assert capsys.readouterr().err == "adcompiler: --args 'nine' cannot be computed: name 'nine' is not defined\n"


def test_an_argument_named_twice(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for twice in ("0,w", "x,-1"):
        assert main(["check", f"{model}:loss", "--args", "np.ones((5, 5)), np.ones(5)", f"--argnums={twice}"]) == 2
        name = "w" if "w" in twice else "x"
        assert capsys.readouterr().err == f"adcompiler: --argnums names the argument {name!r} twice\n"


def test_missing_arguments(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "cli_model_bare.py"
    path.write_text("def f(x):\n    return x\n", encoding="utf-8")
    monkeypatch.setattr(sys, "path", list(sys.path))
    assert main(["check", f"{path}:f"]) == 2
    assert "define f_args()" in capsys.readouterr().err


def test_as_a_program() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "adcompiler", "--version"], capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == f"adcompiler {adcompiler.__version__}"


def test_a_reader_that_has_seen_enough() -> None:
    program = [sys.executable, "-m", "adcompiler", "cache"]
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout is not None and running.stderr is not None
        running.stdout.close()
        assert running.stderr.read() == b""
    assert running.returncode == 0
