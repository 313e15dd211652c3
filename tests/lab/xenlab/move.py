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
PHASE = re.compile(r"transparent: phase (\S+) (begin|end) ([\d.]+)")
PAUSE = re.compile(r"guest stood still +([\d.]+) ms")
OLD = "/mnt/debian"     # Debian's own root, without what was laid over it


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
    came_from: object = None

    @property
    def pause(self):
        """Seconds that the guest stood still, as xl says; 0: it does not."""
        said = PAUSE.search(self.sent)
        return float(said.group(1)) / 1000 if said else 0.0

    def as_dict(self):
        return {"seconds": self.seconds, "pause": self.pause,
                "phases_ms": self.phases}


def _remote_logs(host):
    folder = host.results / "remote"
    return {f.name for f in folder.glob("[0-9]*.log")}


def phases(text):
    """{phase: milliseconds} of the lines that libxl logs."""
    begun, took = {}, {}
    for name, what, ms in PHASE.findall(text):
        if what == "begin":
            begun[name] = float(ms)
        elif name in begun:
            took[name] = round(took.get(name, 0) + float(ms)
                               - begun.pop(name), 3)
    return took


class Going:
    """An `xl migrate` of GUEST to the host TO that has been started; through
    the program THROUGH, which stands in for ssh."""

    def __init__(self, guest, to, options="", limit=MOVE_LIMIT,
                 through="remote", environment=""):
        self._guest, self._to, self._limit = guest, to, limit
        self.ended = False
        self._before = _remote_logs(to)
        incoming = guest.incoming_log(to)
        self._log_start = len(incoming.read_text(
            errors="replace").replace("\r", "")) if incoming.exists() else 0
        self._start = time.monotonic()
        self._job = guest.host.spawn(
            f"{environment} xl migrate {options} -s {through} {guest.name} "
            f"{hosts_address(to)}", limit)

    def received(self):
        """What the other side has said until now."""
        return "".join(
            (self._to.results / "remote" / name).read_text(errors="replace")
            for name in sorted(_remote_logs(self._to) - self._before))

    def has_ended(self):
        return self._job.wait(0)

    def said(self):
        """What xl has said here until now."""
        return self._job.output()

    def end(self, check=True):
        """Waits until xl has ended; answers a Move."""
        guest, here, to = self._guest, self._guest.host, self._to
        self.ended = True
        status, said = here.ended(self._job, self._limit)
        seconds = time.monotonic() - self._start
        received = self.received()
        move = Move(seconds, status, said, received,
                    {"source": phases(said), "destination": phases(received)},
                    here)
        if status == 0:
            guest.moved_to(to, self._log_start)
        elif check:
            raise CommandFailed(f"xl migrate ended with status {status}\n"
                                f"-- it said:\n{said}\n-- the other side:\n"
                                f"{received}")
        return move


def migrate(guest, to, options="", check=True, **how):
    """`xl migrate` of GUEST to the host TO; answers a Move."""
    return Going(guest, to, options, **how).end(check)


def refused_by_debian(guest, to):
    """A transparent move to a host whose xl knows nothing of it: Debian's own
    runs there.  Answers what it said; the guest must not have been touched."""
    to.run(f"mkdir -p {OLD} && mount -o ro /dev/disk/root {OLD}")
    guest.host.run(
        "cat > /srv/to-debian <<'END'\n#!/bin/sh\nhost=$1\nshift 2\n"
        f"exec remote $host env LD_LIBRARY_PATH={OLD}/usr/lib/x86_64-linux-gnu "
        f"{OLD}/usr/lib/xen-4.17/bin/xl \"$@\"\nEND\n"
        "chmod +x /srv/to-debian")
    before = _remote_logs(to)
    status, said = guest.host.run(
        f"xl migrate --transparent -s /srv/to-debian {guest.name} "
        f"{hosts_address(to)}", MOVE_LIMIT, check=False)
    to.run(f"umount {OLD}")
    received = "".join(
        (to.results / "remote" / name).read_text(errors="replace")
        for name in sorted(_remote_logs(to) - before))
    if status == 0 or "mandatory flag" not in received:
        raise CommandFailed(f"status {status}: {said}\n-- the other side:\n"
                            f"{received}")
    return next(x for x in received.splitlines() if "mandatory" in x)


STANDS_STILL = ("suspend", "detach", "drain", "final-copy")


def save_and_restore(guest, options, between=lambda file: None):
    """Into a file, which BETWEEN looks at, out of existence, and back; answers
    the seconds that the guest stood still before its clocks were read."""
    file = f"/srv/{guest.name}.save"
    said = guest.host.out(
        f"mkdir -p /srv && xl save {options} {guest.name} {file}", MOVE_LIMIT)
    took = phases(said)
    between(file)
    guest.restores_here()
    guest.host.run(f"sleep 2 && xl restore {file}", MOVE_LIMIT)
    guest.host.run(f"rm {file}")
    return sum(took[name] for name in STANDS_STILL) / 1000
