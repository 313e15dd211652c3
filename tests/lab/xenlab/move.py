# SPDX-License-Identifier: GPL-2.0-only
"""Moves a guest between the two hosts of a rig, and says how long it took.

image/remote.c stands in for ssh: `xl migrate -s remote GUEST ADDRESS` runs
`xl migrate-receive` (and whatever else xl asks for) on the other host.  What a
command there says goes to remote/N.log in the host's results.
"""
import re
import time
from dataclasses import dataclass, field

from .host import CommandFailed

MOVE_LIMIT = 30
NETWORK = "10.1."
PHASE = re.compile(r"transparent: phase (\S+) (begin|end) (\d+)")


def hosts_address(host):
    """Of a host on the network for migration."""
    return NETWORK + host.config.address.removeprefix("10.0.")


@dataclass
class Move:
    """What is known of one move when xl has ended."""
    seconds: float
    status: int
    sent: str       # what xl said here,
    received: str   # and there
    phases: dict = field(default_factory=dict)


def _remote_logs(host):
    folder = host.results / "remote"
    return {f.name for f in folder.glob("[0-9]*.log")}


def phases(text):
    """{phase: milliseconds} of the lines that libxl logs."""
    begun, took = {}, {}
    for name, what, ms in PHASE.findall(text):
        if what == "begin":
            begun[name] = int(ms)
        elif name in begun:
            took[name] = took.get(name, 0) + int(ms) - begun.pop(name)
    return took


def migrate(guest, to, options="", limit=MOVE_LIMIT, check=True):
    """`xl migrate` of GUEST to the host TO; answers a Move."""
    here = guest.host
    before = _remote_logs(to)
    incoming = guest.incoming_log(to)
    log_start = len(incoming.read_text(errors="replace").replace("\r", "")) \
        if incoming.exists() else 0
    start = time.monotonic()
    status, said = here.run(
        f"xl migrate {options} -s remote {guest.name} "
        f"{hosts_address(to)}", limit, check=False)
    seconds = time.monotonic() - start
    received = "".join(
        (to.results / "remote" / name).read_text(errors="replace")
        for name in sorted(_remote_logs(to) - before))
    move = Move(seconds, status, said, received,
                {"source": phases(said), "destination": phases(received)})
    if status == 0:
        guest.moved_to(to, log_start)
    elif check:
        raise CommandFailed(f"xl migrate ended with status {status}\n"
                            f"-- it said:\n{said}\n-- the other side:\n"
                            f"{received}")
    return move
