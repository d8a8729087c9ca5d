"""The energy of a scalar field on a periodic lattice, with a double well at each site.

The adjoint gathers from the four neighbours, in the loop that computes the energy, and records nothing.
"""

import numpy as np

from benchmarks.program import Program, hand, hand_sums


def lattice_field(field, mass, coupling):
    rows, columns = field.shape
    energy = 0.0
    for i in range(rows):
        for j in range(columns):
            here = field[i, j]
            down = field[(i + 1) % rows, j] - here
            right = field[i, (j + 1) % columns] - here
            energy += 0.5 * (down * down + right * right) - 0.5 * mass * here**2 + coupling * here**4
    return energy


@hand_sums
def adjoint(field, mass, coupling):
    rows, columns = field.shape
    field_bar = np.empty((rows, columns))
    energy, mass_bar, coupling_bar = 0.0, 0.0, 0.0
    for i in range(rows):
        above, below = i - 1 if i > 0 else rows - 1, i + 1 if i + 1 < rows else 0
        for j in range(columns):
            before, after = j - 1 if j > 0 else columns - 1, j + 1 if j + 1 < columns else 0
            here = field[i, j]
            down, right = field[below, j] - here, field[i, after] - here
            square = here * here
            energy += 0.5 * (down * down + right * right) - 0.5 * mass * square + coupling * square * square
            mass_bar -= 0.5 * square
            coupling_bar += square * square
            bend = 4.0 * here - field[above, j] - field[below, j] - field[i, before] - field[i, after]
            field_bar[i, j] = bend - mass * here + 4.0 * coupling * square * here
    return energy, (field_bar, mass_bar, coupling_bar)


PROGRAM = Program(
    function=lattice_field,
    argnums=(0, 1, 2),
    primal=hand(lattice_field),
    adjoint=adjoint,
    inputs=lambda rng, n: (rng.normal(size=(n, n)), 0.7, 0.2),
    small=(4,),
    large=(400,),
    tape=lambda field, mass, coupling: 0,
)
