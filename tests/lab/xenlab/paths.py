# SPDX-License-Identifier: GPL-2.0-only
"""Where things are: the checkout, the cache, the run directories; and time.

The limits in the lab's code are for an idle machine of two cores.  Every one
of them is multiplied by SLACK, because other work slows an emulated host down
several times.
"""
import hashlib
import os
import time
from pathlib import Path

LAB = Path(__file__).resolve().parent.parent
CHECKOUT = LAB.parent.parent
IMAGE_SOURCES = LAB / "image"
SUITES = LAB / "suites"
SLACK = float(os.environ.get("LAB_SLACK", "6"))


class LabError(Exception):
    """Something of the lab itself, or of a host in it, went wrong."""


class LabTimeout(LabError):
    """A step took longer than its limit."""


def cache_dir():
    cache = os.environ.get("XSM_CACHE")
    if not cache:
        base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
        cache = base + "/xsm"
    return Path(cache) / "lab"


def run_base():
    """The run directories of this checkout.  Short: sockets live in them."""
    checkout = hashlib.sha256(str(CHECKOUT).encode()).hexdigest()[:8]
    return Path(f"/tmp/xenlab-{os.getuid()}") / checkout


def wait_until(what, limit, ready, poll=0.1):
    """Polls READY() until it returns something true, which is returned."""
    end = time.monotonic() + limit * SLACK
    while True:
        result = ready()
        if result:
            return result
        if time.monotonic() > end:
            raise LabTimeout(f"{what}: not within {limit * SLACK:.0f} s")
        time.sleep(poll)
