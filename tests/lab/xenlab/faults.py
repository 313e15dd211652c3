# SPDX-License-Identifier: GPL-2.0-only
"""Moves between which and their success something comes: a bad network
(image/cutter.c), or whatever a test does while the stream is held; and what has
to be so afterwards."""
import copy
import re
import time

from . import move
from .guest import Guest
from .paths import SLACK, LabError, wait_until
from .witness import Witness

DISK = ("format=raw,vdev=xvda,access=rw,backendtype=phy,"
        "target=/dev/disk/shared")
FLAG = "/srv/struck"
MEMORY_MIB = 1280       # of a host: less to fill when it has to be full
FREE_SLACK_MIB = 4      # Xen's own heap grows a little with use
TIDY_LIMIT = 30
LIMIT = 60

# Where this host could have something of a guest.  What the first guest makes
# stays for others; a decision ("transparent-") stays for a day, but nobody may be
# in the middle of one.
TRACES = r"""
echo "free $(xl info free_memory)"
xl list | awk 'NR > 1 { print "domain", $1, $2 }'
xenstore-ls -f | sed 's/ = .*//; s/^/node /' |
	grep -vxE 'node (/libxl|/vm|/local/domain/0/backend(/v(bd|if))?)'
ls /var/lib/xen | grep -v '^transparent-[0-9a-f]*$' | sed 's/^/file /'
grep -l '^go ' /var/lib/xen/transparent-* 2> /tmp/none | sed 's/^/undecided /'
losetup -a | sed 's/^/loop /'
ls /sys/class/net | sed 's/^/card /'
ls /sys/bus/xen-backend/devices | sed 's/^/back-end /'
ps -eo args | grep -E '^([^ ]*/)?(xl|libxl-save-helper) ' |
	sed 's/^/process /'
dmesg | grep -E 'cut here|BUG:|Oops' | sed 's/^/kernel /'
"""


def hosts(config):
    config = copy.deepcopy(config)
    config.memory = MEMORY_MIB
    return [config, copy.deepcopy(config)]


def other(s):
    return next(h for h in s.rig.hosts if h is not s.guest.host)


def names(host):
    """Of the guests on a host."""
    return [line.split()[0] for line in host.out("xl list").splitlines()[2:]]


def free_mib(host):
    return int(host.out("xl info free_memory"))


class Traces:
    """What two hosts hold, to be compared with what they hold later."""

    def __init__(self, rig):
        self._hosts = rig.hosts
        self._before = [self._take(h) for h in rig.hosts]

    @staticmethod
    def _take(host):
        free, *lines = host.out(TRACES, 20).splitlines()
        return set(lines), int(free.removeprefix("free "))

    def _differences(self):
        found = []
        for host, (lines, free) in zip(self._hosts, self._before):
            now, free_now = self._take(host)
            found += [f"{host.name}: new: {x}" for x in sorted(now - lines)]
            found += [f"{host.name}: gone: {x}" for x in sorted(lines - now)]
            if abs(free_now - free) > FREE_SLACK_MIB:
                found.append(f"{host.name}: {free} MiB were free, now "
                             f"{free_now}")
        return found

    def must_be_gone(self):
        """The hosts are as they were.  A copy is destroyed by its receiver,
        which nobody waits for: it may take its time, as it never runs."""
        end = time.monotonic() + TIDY_LIMIT * SLACK
        while True:
            left = self._differences()
            if not left:
                return
            if time.monotonic() > end:
                raise LabError("not as it was:\n" + "\n".join(left))
            time.sleep(0.5)


def begin(s):
    """Starts the hosts' toolstacks and a guest at work on the first."""
    for host in s.rig.hosts:
        host.start_toolstack()
        host.run("mkdir -p /srv")
    s.guest = Guest(s.host, "g1", memory=96, disk_spec=DISK)
    s.guest.create()
    s.guest.wait_ready()
    s.guest.wait_io(20, 10)
    s.witness = Witness(s.guest)


def start(s, when=None, look=True, **how):
    """Starts a move on which WHEN of image/cutter.c strikes."""
    if getattr(s, "going", None) and not s.going.ended:
        # Of a test that failed.
        let_go(s)
        s.going.end(check=False)
    s.traces = Traces(s.rig)
    if look:
        s.witness.go_on()
    through = "remote"
    if when:
        through = "/srv/flaky"
        s.guest.host.run(
            f"rm -f {FLAG} {FLAG}.go; cat > {through} <<'END'\n"
            f"#!/bin/sh\nexec cutter '{when}' {FLAG} remote \"$@\"\nEND\n"
            f"chmod +x {through}")
    how.setdefault("limit", LIMIT)
    s.going = move.Going(s.guest, other(s), "--transparent", through=through,
                         **how)
    return s.going


def fail(s, when=None, **how):
    """A move that is struck, to its end."""
    return start(s, when, **how).end(check=False)


def wait_held(s, going):
    """Until the stream of a move that was started with "hold," is held."""
    def held():
        if going.has_ended():
            raise LabError("xl ended before the stream was held:\n"
                           f"{going.said()}")
        return s.guest.host.run(f"[ -e {FLAG} ]", check=False)[0] == 0
    try:
        wait_until("the stream is held", 40, held)
    except LabError as e:
        raise LabError(f"{e}\n-- the other side:\n{going.received()}") from e


def let_go(s):
    s.guest.host.run(f"touch {FLAG}.go")


def said(m, *texts):
    """The operator was told."""
    for text in texts:
        assert text in m.sent + m.received, \
            f"nobody says {text!r}:\n{m.sent}\n-- there:\n{m.received}"


def stays(s, m, pause=None):
    """It runs here, and nowhere else, and has noticed nothing but a PAUSE, if
    not what xl says; nothing is left anywhere.  Answers what is to be shown."""
    pause = m.pause if pause is None else pause
    assert m.status, f"it was said to have succeeded: {m.sent}"
    s.traces.must_be_gone()
    here, there = names(s.guest.host), names(other(s))
    assert here.count(s.guest.name) == 1 and s.guest.name not in there, \
        (here, there, m.sent)
    s.guest.wait_progress()
    s.witness.compare_unmoved(pause)
    return f"{m.seconds:.0f} s, paused {pause:.1f} s"


def _gone_from(host, name, domid):
    """A host that it left has nothing of it."""
    of_it = re.compile(rf"^domain {name}\b|^node .*/{domid}(/|$)|"
                       rf"^(card vif|back-end (vbd|vif)-){domid}\b|"
                       "^(undecided|process|kernel)")

    def gone():
        nonlocal left
        left = [x for x in host.out(TRACES, 20).splitlines()
                if of_it.search(x)]
        return not left
    left = []
    try:
        wait_until("nothing of it where it came from", TIDY_LIMIT, gone)
    except LabError as e:
        raise LabError(f"{e}\n" + "\n".join(left)) from e


def moved(s, m):
    """It runs there, and nowhere else, and has noticed nothing."""
    assert s.guest.host is not m.came_from, m.sent
    _gone_from(m.came_from, s.guest.name, s.guest.domid())
    s.guest.wait_progress()
    s.witness.compare(m)
    return f"{m.seconds:.0f} s, paused {m.pause:.1f} s"
