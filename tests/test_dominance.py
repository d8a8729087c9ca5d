"""Variables are values of LLVM only where each value comes before all that reads it."""

import pytest
from numba.core.compiler import run_frontend
from numba.core.ir import Block
from numba.core.postproc import VariableLifetime

from adcompiler.backend.llvm.dominance import assigned_once


def straight(a, flag):
    x = a + 1
    if flag:
        y = x * 2
        a = y - x
    return x + a


def in_a_branch(a, flag):
    if flag:
        x = a + 1
    return x + a


def again_in_a_branch(a, flag):
    x = a + 1
    if flag:
        x = a + 2
        return x
    return a


def _found(function, turn=lambda label: label):
    blocks = run_frontend(function).blocks
    blocks = {turn(label): _renumbered(block, turn) for label, block in blocks.items()}
    return [names & {"x", "y"} for names in assigned_once(blocks, VariableLifetime(blocks))]


def _renumbered(block: Block, turn):
    block = block.copy()
    ends = {"target", "truebr", "falsebr"} & vars(block.terminator).keys()
    for name in ends:
        setattr(block.terminator, name, turn(getattr(block.terminator, name)))
    return block


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (straight, [{"y"}, {"x"}]),
        (in_a_branch, [set(), set()]),
        (again_in_a_branch, [set(), set()]),
    ],
)
def test_a_value_comes_before_all_that_reads_it(function, expected):
    assert _found(function) == expected


def test_a_value_is_not_read_in_blocks_that_are_written_before_its_own():
    # only the first block keeps its place
    assert _found(straight, lambda label: 1000 - label if label else 0) == [{"y"}, {"x"}]
    assert _found(straight, lambda label: 1000 - label) == [{"y"}, set()]
