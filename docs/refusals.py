"""What the compiler says of the examples in the table of refused constructs."""

import importlib.util
from pathlib import Path

import numpy as np

from adcompiler.errors import ADCompilerError
from adcompiler.frontend.lower import lower
from adcompiler.frontend.state.restarts import NotStatic
from adcompiler.signature import spec_of, with_static
from adcompiler.source import source_of

IMPORTS = "import functools\nimport itertools\nimport math\n\nimport numpy as np\n\n"
ARGUMENTS = {"x": np.array([0.5, 1.5, 2.5]), "A": np.ones((2, 3)), "s": 0.7, "n": 3}


def refusal_of(example: str, folder: Path) -> ADCompilerError:
    """The error that refuses the function `f` of an example, which is written to a module in `folder`."""
    file = folder / "example.py"
    file.write_text(IMPORTS + example, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("example", file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    function = module.f
    values = tuple(ARGUMENTS[name] for name in function.__code__.co_varnames[: function.__code__.co_argcount])
    specs = tuple(spec_of(value) for value in values)
    while True:
        try:
            lower(source_of(function), specs)
        except NotStatic as need:
            specs = with_static(specs, values, need.positions)
        except ADCompilerError as error:
            return error
        else:
            raise AssertionError(f"the compiler takes this example:\n{example}")
