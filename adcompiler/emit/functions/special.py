"""Functions of `scipy.special` in compiled code: their addresses have names, so that machine code can be kept."""

from __future__ import annotations

from string import Template

from adcompiler.ir.special import SPECIAL, symbol

# the last argument is Cython's own
_DECLARED = Template(
    '\nllvmlite.binding.add_symbol(\n    "special_${name}",\n    nb.extending.get_cython_function_address('
    '"scipy.special.cython_special", "${symbol}"),\n)\n'
    '_special_${name} = nb.types.ExternalFunction("special_${name}", nb.float64(${types}nb.intc))\n'
)
_CALLED = Template(
    '\ndef _${name}(${args}):\n    """`scipy.special.${name}`."""\n    return _special_${name}(${args}, 0)\n'
)


def _args(name: str) -> str:
    return ", ".join("abx"[3 - SPECIAL[name] :])


#: What stands before each function of the text, and the functions.
ADDRESSES = {
    f"_{name}": _DECLARED.substitute(name=name, symbol=symbol(name), types="nb.float64, " * count)
    for name, count in SPECIAL.items()
}
FUNCTIONS = {f"_{name}": _CALLED.substitute(name=name, args=_args(name)) for name in SPECIAL}

__all__ = ["ADDRESSES", "FUNCTIONS"]
