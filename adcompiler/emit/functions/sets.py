"""Sets of columns as numbers: an array of integers keeps all sets of one run, and two functions join two of them.

Set 0 is empty, set 1 is that of all columns, set `2 + k` is column `k` alone. A small set is a sorted stretch of
columns; a large one names the two that it joins, or counts as all columns where these are not many more. Where no room
is left, the union of two sets is all columns too: never too few.
"""

from __future__ import annotations

# where the numbers of the head lie: sets so far, the end of the last stretch, room for sets, whether room was lacking,
# whether a large set counts as all columns
COUNT, TOP, ROOM, LACKING, ROUNDED = range(5)
HEAD = 8
#: The unions made last are remembered: the two sets and what they gave.
REMEMBERED = 4096
#: For each set where its stretch begins, or the first of two sets; then its length, or minus the second of them.
FIRST = HEAD + 3 * REMEMBERED
#: More columns than this make a set large.
SMALL = 256

UNITED = f'''
def _united(a, b, sets):
    """The union of two sets that differ and of which none is empty or everything."""
    room, first, count, top = sets[{ROOM}], {FIRST}, sets[{COUNT}], sets[{TOP}]
    size_a, size_b = sets[first + room + a], sets[first + room + b]
    if count == room:
        sets[{LACKING}] = 1
        return 1
    if size_a >= 0 and size_b >= 0:
        i, j = sets[first + a], sets[first + b]
        end_i, end_j = i + size_a, j + size_b
        if top + size_a + size_b > sets.size:
            sets[{LACKING}] = 1
            return 1
        end = top
        while i < end_i and j < end_j:
            x, y = sets[i], sets[j]
            sets[end] = min(x, y)
            end += 1
            i += x <= y
            j += y <= x
        while i < end_i:
            sets[end] = sets[i]
            end, i = end + 1, i + 1
        while j < end_j:
            sets[end] = sets[j]
            end, j = end + 1, j + 1
        size = end - top
        if size == size_a:
            return a
        if size == size_b:
            return b
        if size <= {SMALL}:
            sets[first + count], sets[first + room + count] = top, size
            sets[{COUNT}], sets[{TOP}] = count + 1, end
            return count
        if sets[{ROUNDED}]:
            return 1
    sets[first + count], sets[first + room + count] = a, -b
    sets[{COUNT}] = count + 1
    return count
'''

UNION = f'''
def _union(a, b, sets):
    """The union of two sets of columns, by number."""
    if a == b or b == 0:
        return a
    if a == 0:
        return b
    if a == 1 or b == 1:
        return 1
    if a > b:
        a, b = b, a
    slot = {HEAD} + 3 * ((31 * a + b) & {REMEMBERED - 1})
    if sets[slot] == a and sets[slot + 1] == b:
        return sets[slot + 2]
    made = _united(a, b, sets)
    sets[slot], sets[slot + 1], sets[slot + 2] = a, b, made
    return made
'''
