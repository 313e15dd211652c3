# SPDX-License-Identifier: GPL-2.0-only
"""Makes a failing case smaller."""
import time

from steps import simpler


def without(steps, fails, end):
    """Leaves out ever smaller runs of steps."""
    size = max(1, len(steps) // 2)
    while True:
        pos, less = 0, False
        while pos < len(steps) and time.monotonic() < end:
            fewer = steps[:pos] + steps[pos + size:]
            if fails(fewer):
                steps, less = fewer, True
            else:
                pos += size
        if time.monotonic() >= end or (size == 1 and not less):
            return steps
        size = max(1, size // 2)


def simplified(steps, fails, end):
    """Puts simpler steps in the place of others."""
    for pos in range(len(steps)):
        again = True
        while again:
            again = False
            for step in simpler(steps[pos]):
                new = steps[:pos] + [step] + steps[pos + 1:]
                if time.monotonic() < end and fails(new):
                    steps, again = new, True
                    break
    return steps


def shrink(steps, fails, seconds):
    """The smallest case found that still fails."""
    end = time.monotonic() + seconds
    while True:
        before = steps
        steps = simplified(without(steps, fails, end), fails, end)
        if steps == before or time.monotonic() >= end:
            return steps
