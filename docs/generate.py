"""Write what the documentation takes from the code: the rules, the errors, and what the examples print.

`python -m docs.generate` writes; with `--check` it fails where a page is out of date.
"""

import argparse
import ast
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from adcompiler import errors
from adcompiler.frontend.library.catalogue import supported
from adcompiler.frontend.library.definitions import METHODS as DEFINED_METHODS
from adcompiler.frontend.library.definitions import UFUNC_METHODS
from adcompiler.frontend.library.registry import ATTRIBUTES, METHODS
from adcompiler.frontend.refused import table
from adcompiler.rules.table import MEANING, SCIPY, TABLE, ZERO, Rule
from docs.pages import ROOT, pages, with_outputs
from docs.refusals import refusal_of

RULES = """# Derivative rules

Generated from `adcompiler.rules.table`.

`y` is the result. A formula is the partial derivative; one that mentions `g` is the whole term, the cotangent `g` times
the partial derivative. `cut(g, p)` is their product, and 0 where `g` is 0, whatever `p` is.
"""

COVERAGE = """
## Functions of NumPy and SciPy

Functions in this table that are not in the tables above are compositions: their derivatives follow from their lines.
Any other function is refused by name, with the nearest one that is supported.

If a function is missing, write your own with those that are here. Where its derivative must not follow from its lines,
as for an iteration, declare it with `ad.rule`, `ad.custom_jvp` or `ad.custom_vjp`: see the
[tutorial](tutorial.md#a-derivative-of-your-own).

To add a function to the package, write it in Python in a module of `adcompiler/frontend/library/defined`, with
`@means(np.name)` above it. It is inlined like a function of your own. To call a library instead, declare an operation
in `adcompiler/ir/ops.py` and its rule in `adcompiler/rules`. The tests of the rules cover every rule of the table.

Conventions:

- `eigh`, `eigvalsh` and `cholesky` read one triangle, and only that one has a derivative.
- Eigenvectors and singular vectors have length one, and the sign that NumPy or SciPy gives them. The sign may jump from
  one matrix to the next, most often in `scipy.linalg.eigh`. The derivative is that of the vectors as they are.
- Where two eigenvalues or singular values are equal, only functions that do not depend on the choice of vectors have a
  derivative.
- `det` has a derivative at singular matrices too. `pinv` and `lstsq` take the rank as given.
- A norm has derivative zero at zero.
- Sorting permutes derivatives. The keys by which `argsort` and `sorted` sort have none.
"""

ERRORS = """# Errors

Generated from `adcompiler.errors` and `adcompiler.frontend.refused.table`.

A message says what is wrong, shows the line and marks the place in it, and says what to write instead:

```text
try in a differentiated function
  --> model.py:7:5
  7 |     try:
          ^^^^
  fix: test for the condition with if, before the operation that would raise
```

The exception has `what`, `fix`, `filename`, `lineno` and `col`; the last three are `None` where there is no place.
"""

REFUSED = """
Each heading is what the compiler says of the function `f` below it, where `x` is a vector, `A` a matrix, `s` a float
and `n` an integer.
"""


def rules_page() -> str:
    """The tables of rules."""
    declared = [rule for rule in sorted(TABLE.values(), key=lambda rule: rule.op) if rule.formulas]
    # a derivative that a user declares belongs to a call, not to the operation
    built = [
        rule for rule in sorted(TABLE.values(), key=lambda rule: rule.op) if not rule.formulas and rule.op != "custom"
    ]
    parts = [RULES, "## Declared by formulas\n"]
    parts += [row("operation", "Python", "derivatives", "conventions"), row(*["---"] * 4)]
    parts += [row(code(r.text), callables(r.op), formulas(r), conventions(r)) for r in declared]
    parts += ["\n## Built from several lines\n", row("operation", "Python"), row("---", "---")]
    parts += [row(code(r.text), callables(r.op)) for r in built]
    parts += ["\n## Zero wherever the derivative exists\n", row("operation", "Python"), row("---", "---")]
    parts += [row(code(op), callables(op)) for op in sorted(ZERO)]
    parts += [COVERAGE, *covered()]
    return "\n".join(parts) + "\n"


def covered() -> list[str]:
    """The functions of each module, and the methods and attributes of arrays."""
    groups: dict[str, list[str]] = {}
    for name in sorted(supported()):
        groups.setdefault(name.rpartition(".")[0], []).append(name)
    groups["ufunc"] = [f"np.ufunc.{name}" for name in sorted(UFUNC_METHODS)]
    groups["array"] = [f".{name}" for name in sorted({*METHODS, *DEFINED_METHODS, *ATTRIBUTES})]
    lines = [row("module", "functions"), row("---", "---")]
    return lines + [row(code(group), " ".join(map(code, names))) for group, names in sorted(groups.items())]


def row(*cells: str) -> str:
    """A line of a table."""
    return f"| {' | '.join(cells)} |"


def code(text: str) -> str:
    """Text as code in a cell, where a bar would end the cell."""
    return f"`{text}`".replace("|", "\\|")


def callables(op: str) -> str:
    """The Python functions that mean an operation."""
    names = {callable_name(meant) for meant, means in MEANING.items() if means == op}
    names |= {f"scipy.special.{name}" for name, means in SCIPY.items() if means == op}
    return ", ".join(code(name) for name in sorted(names - {""}))


def callable_name(meant: object) -> str:
    """How a user calls it; an operator, which the operation already shows, has no name."""
    if isinstance(meant, type) and issubclass(meant, ast.AST):
        return ""
    module, name = getattr(meant, "__module__", None), getattr(meant, "__name__", "")
    if type(meant).__name__ == "ufunc" or str(module).startswith("numpy"):
        return f"np.{name}"
    return name if module == "builtins" else f"{str(module).lstrip('_')}.{name}"


def formulas(rule: Rule) -> str:
    """The derivative with respect to each argument."""
    return ", ".join(f"{name}: {code(text)}" for name, text in rule.formulas.items())


def conventions(rule: Rule) -> str:
    """The values promised at special points."""
    return "; ".join(f"{pairs(pin.want)} at {pairs(pin.at)}" for pin in rule.pins)


def pairs(values: Mapping[str, float]) -> str:
    """Names and numbers."""
    return ", ".join(f"{name} = {value:g}" for name, value in values.items())


def errors_page() -> str:
    """The error family and the table of refused constructs."""
    family = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    parts = [ERRORS, row("error", "means"), row("---", "---")]
    parts += [row(code(kind.__name__), (kind.__doc__ or "").strip().splitlines()[0]) for kind in family]
    parts.append(f"\n## Refused constructs\n{REFUSED}")
    with tempfile.TemporaryDirectory() as folder:
        for title, rows in table.GROUPS.items():
            parts.append(f"### {title}\n")
            # a row without an example is the form of a construct in other versions of Python
            parts += [
                refused(table.TABLE[key].example, Path(folder)) for key in rows if table.TABLE[key].example.strip()
            ]
    return "\n".join(parts).rstrip("\n") + "\n"


def refused(example: str, folder: Path) -> str:
    """An example with what the compiler says of it."""
    error = refusal_of(example, folder)
    return f"#### {error.what}\n\n```py\n{example.strip()}\n```\n\n**Instead:** {error.fix}\n"


def wanted() -> dict[Path, str]:
    """Every page that comes from the code, as it should be."""
    with tempfile.TemporaryDirectory() as folder:
        run = {page: with_outputs(page, Path(folder)) for page in pages()}
    return {ROOT / "docs" / "rules.md": rules_page(), ROOT / "docs" / "errors.md": errors_page(), **run}


def main() -> int:
    """Write the pages, or compare them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a page is out of date")
    check = parser.parse_args().check
    pages_wanted = wanted()
    stale = [page for page, text in pages_wanted.items() if not page.exists() or page.read_text("utf-8") != text]
    for page in stale:
        print(f"{page.relative_to(ROOT)} {'is out of date: run `make generate`' if check else 'written'}")
        if not check:
            page.write_text(pages_wanted[page], "utf-8")
    return int(check and bool(stale))


if __name__ == "__main__":
    sys.exit(main())
