"""What a function finds around it may change after its first call: names, attributes, items, modules."""

from __future__ import annotations

import math
import sys
from types import ModuleType
from typing import Any

import pytest

import adcompiler as ad
from tests.support.cases import interpreted


def made(text: str, **scope: Any) -> dict[str, Any]:
    """The globals of a program."""
    exec(text, scope)
    return scope


def test_a_builtin_hidden_by_a_global() -> None:
    text = "def f(x):\n    return abs(x) * x\n"
    scope = made(text)
    g = ad.grad(scope["f"], source=text)
    assert g(-3.0) == 6.0
    scope["abs"] = lambda v: v * v
    assert g(-3.0) == 27.0
    del scope["abs"]
    assert g(-3.0) == 6.0


def test_an_attribute_that_was_not_there() -> None:
    class Settings:
        pass

    settings: Any = Settings()

    @ad.grad
    def f(x):
        return x * settings.scale if x > 0.0 else x

    assert f(-1.0) == 1.0
    with pytest.raises(AttributeError, match="scale"):
        f(1.0)
    settings.scale = 5.0
    assert f(1.0) == 5.0


def test_hasattr_of_a_class() -> None:
    class Settings:
        pass

    @ad.grad
    def f(x):
        return x * Settings.scale if hasattr(Settings, "scale") else x  # type: ignore[attr-defined]

    assert f(1.0) == 1.0
    Settings.scale = 5.0  # type: ignore[attr-defined]
    assert f(1.0) == 5.0


def test_an_item_that_was_not_there() -> None:
    settings: dict[str, float] = {}

    @ad.grad
    def f(x):
        return x * settings["scale"] if x > 0.0 else x

    assert f(-1.0) == 1.0
    with pytest.raises(KeyError, match="scale"):
        f(1.0)
    settings["scale"] = 5.0
    assert f(1.0) == 5.0


def test_objects_that_are_no_longer_equal() -> None:
    first, second = {"scale": 1.0}, {"scale": 1.0}

    @ad.grad
    def f(x):
        return x if first == second else 2.0 * x

    assert f(1.0) == 1.0
    first["scale"] = 2.0
    assert f(1.0) == 2.0


def test_another_module_of_the_name_that_is_imported_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = ModuleType("scales"), ModuleType("scales")
    one.scale, other.scale = 2.0, 3.0  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "scales", one)

    @ad.grad
    def f(x):
        import scales

        return scales.scale * x

    assert f(1.0) == 2.0
    monkeypatch.setitem(sys.modules, "scales", other)
    assert f(1.0) == 3.0


def test_keys_that_a_dictionary_outside_gets_later() -> None:
    def f(s: float) -> float:
        total = 0.0
        for key in table:
            total += table[key] * s
        return total

    table = {"a": 1.0, "b": 2.0}
    with interpreted():
        slope = ad.grad(f)
        assert slope(1.0) == 3.0
        table["a"] = 4.0
        assert slope(1.0) == 6.0
        table["c"] = 5.0
        assert slope(1.0) == 11.0


class Letter:
    """A key that is written like every other one."""

    def __init__(self, weight: float) -> None:
        self.weight = weight

    def __repr__(self) -> str:
        return "Letter"


def test_other_keys_that_are_written_alike() -> None:
    def f(s: float) -> float:
        total = 0.0
        for letter in table:
            total = total * s + letter.weight * s
        return total

    one, other = Letter(2.0), Letter(3.0)
    table = {one: 0.0, other: 0.0}
    slope = ad.grad(f)
    assert [slope(1.0) for _ in range(3)] == [7.0] * 3
    table.pop(one)
    table[one] = 0.0
    assert slope(1.0) == 8.0


def test_keys_that_are_equal_and_not_the_same() -> None:
    def f(s: float) -> float:
        total = 0.0
        for key in table:
            total += s * math.copysign(1.0, key)
        return total

    table = {0.0: None}
    slope = ad.grad(f)
    assert slope(1.0) == slope(1.0) == 1.0
    table.clear()
    table[-0.0] = None
    assert slope(1.0) == -1.0


def test_a_dictionary_outside_is_not_changed_under_another_name() -> None:
    def f(s: float) -> float:
        items = {"own": table}
        for key, _ in items["own"].items():
            items["own"][key] = s
        return s

    table = {"a": 1.0}
    with pytest.raises(ad.ADCompilerError):
        ad.grad(f)(1.0)
    assert table == {"a": 1.0}


def test_a_dictionary_that_goes_through_its_keys_in_another_order_is_refused() -> None:
    class Backwards(dict[str, float]):
        def __iter__(self) -> Any:
            return reversed(list(self.keys()))

    table = Backwards(a=2.0, b=3.0)

    def f(x):
        for key in table:
            x = x * x + (1.0 if key == "a" else 2.0)
        return x

    with pytest.raises(ad.UnsupportedSyntax, match="cannot be iterated"):
        ad.grad(f)(1.3)
