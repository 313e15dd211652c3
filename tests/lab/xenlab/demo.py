# SPDX-License-Identifier: GPL-2.0-only
"""The demonstration: a guest at work moves from one host to another without
being told, and back with its help, for comparison."""
import copy
import json
import os
import threading
import time

from . import picture, report, timeline
from .guest import Guest
from .host import PRESETS
from .move import hosts_address
from .paths import LabError
from .rig import Rig
from .watch import Watch, ask_clock, start_heartbeat

DISK = ("format=raw,vdev=xvda,access=rw,backendtype=phy,"
        "target=/dev/disk/shared")
LEAD, REST = 5, 5      # seconds watched before and after a move
MOVE_LIMIT = 30


class Stage:
    """Tells the person who watches: one line an event."""

    def __init__(self):
        self._start = time.monotonic()
        self._beats = 0
        self._next = None
        self._last = None

    def say(self, text=""):
        print(f"[{time.monotonic() - self._start:6.1f} s] {text}", flush=True)

    @staticmethod
    def show(text):
        print("\n".join("           | " + line
                        for line in text.splitlines()) + "\n", flush=True)

    def event(self, kind, host, line):
        if kind == "console":
            if "BEAT " in line:
                self._beats += 1
            return
        m = timeline.PHASE.search(line)
        if m and m.group(2) == "begin":
            self.say(f"  host {host}: {report.meaning(m.group(1))}")
        elif not m and (words := report.event(line)):
            self.say(f"  host {host}: {words}")

    def pulse(self, seconds):
        """Shows the guest's heartbeat, second by second, for so long."""
        end = time.monotonic() + seconds
        while (now := time.monotonic()) < end:
            time.sleep(min(1.0, end - now))
            self.heart()

    def heart(self):
        count, self._beats = self._beats, 0
        self.say("  guest:  " + ("♥ " * min(count, 12) if count
                                 else "·  (no heartbeat in this second)"))


class Pulse:
    """Shows the heartbeat beside a command that blocks."""

    def __init__(self, stage):
        self._stage, self._stop = stage, threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self):
        while not self._stop.wait(1.0):
            self._stage.heart()

    def __enter__(self):
        self._thread.start()

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join(3)


def kernel_log(guest):
    return guest.run("dmesg")[1].splitlines()


def new_lines(before, after):
    """Those of AFTER that came after BEFORE (the log only grows)."""
    return after[len(before):]


def work(guest):
    counts = guest.counters()
    if counts is None:
        raise LabError("the guest says nothing about its work")
    return counts


def store_bytes(guest):
    """Of the record that a move of it would send; asking changes nothing."""
    return int(guest.host.out(f"xenstore-control export begin {guest.domid()}"))


def counted(before, after, lost):
    done = {k: int(after[k] - before[k]) for k in ("ios", "errs", "tx")}
    return {"disk_operations": done["ios"], "disk_errors": done["errs"],
            "packets_sent": done["tx"], "packets_lost": lost}


def move(stage, watch, guest, to, kind):
    """One move; answers its model."""
    here, hosts = guest.host, (guest.host, to)
    option = "--transparent " if kind == "transparent" else ""
    command = f"xl -vvv migrate {option}-s remote {guest.name} " \
              f"{hosts_address(to)}"
    store = store_bytes(guest)
    before_log, before = kernel_log(guest), work(guest)
    clocks = {h.name: [ask_clock(h)] for h in hosts}
    since = time.time()
    stage.pulse(LEAD)
    incoming = guest.incoming_log(to)
    log_start = len(incoming.read_text(errors="replace").replace("\r", "")) \
        if incoming.exists() else 0
    stage.say(f"MOVING from {here.name} to {to.name}: "
              f"xl migrate {option}{guest.name} {to.name}")
    start = time.time()
    with Pulse(stage):
        status = watch.run(here, command, MOVE_LIMIT)
    end = time.time()
    if status == 0:
        guest.moved_to(to, log_start)
        stage.say(f"xl is done after {end - start:.1f} s: the guest is on "
                  f"{to.name}.")
    else:
        stage.say(f"xl FAILED with status {status}; it said:")
        stage.show("\n".join(t for _, t in watch.tools[here.name][-12:]))
    stage.pulse(REST)
    until = time.time()
    for h in hosts:
        clocks[h.name].append(ask_clock(h))
    console = [c for c in watch.console if since <= c[0] <= until]
    lost = timeline.unanswered([c for c in console if c[0] > end]) \
        - timeline.unanswered([c for c in console if c[0] < start])
    return timeline.build({
        "kind": kind, "command": f"xl migrate {option}{guest.name} {to.name}",
        "source": here.name, "destination": to.name, "start": start,
        "end": end, "ok": status == 0, "tools": watch.tools,
        "console": console,
        "clocks": {name: timeline.Clock(*c) for name, c in clocks.items()},
        "kernel_log": new_lines(before_log, kernel_log(guest)),
        "store_bytes": store,
        "counts": counted(before, work(guest), lost)})


def run(results, config):
    stage = Stage()
    stage.say("Booting two emulated PCs (no KVM, no root): Xen with our "
              "patches, Debian's dom0, one network, one shared disk.")
    configs = [copy.deepcopy(config) for _ in "AB"]
    with Rig.create(f"demo-{os.getpid()}", results, configs) as rig:
        rig.start(1800, say=stage.say)
        stage.say("Both dom0s are up.  Starting xenstored "
                  f"({PRESETS.get(config.xenstored, config.xenstored)}) and "
                  "the toolstack on each.")
        for host in rig.hosts:
            host.start_toolstack()
        with Watch(rig.hosts, stage.event) as watch:
            moves, title = act(stage, watch, *rig.hosts)
            (rig.results / "events.log").write_text(watch.log())
        finish(stage, rig, moves, title)
    return [m for m in moves if not m["ok"]]


def act(stage, watch, a, b):
    guest = Guest(a, "demo", memory=96, disk_spec=DISK)
    stage.say("Creating an unmodified Debian guest on host A, with disk, "
              "network and console:  xl create demo.cfg")
    guest.create()
    guest.wait_ready()
    stage.say("It writes to its disk and reads back with checksums, and "
              "pings host A.  ♥ is its heartbeat.")
    start_heartbeat(guest)
    guest.wait_io(10, 5)
    kernel = guest.run("uname -r")[1]
    moves = [move(stage, watch, guest, b, "transparent")]
    if guest.host is b:
        stage.say("And back, in the way of today, for which the guest has to "
                  "suspend itself.")
        moves.append(move(stage, watch, guest, a, "co-operative"))
    guest.destroy()
    version = a.out("xl info | sed -n 's/^xen_version *: //p'")
    return moves, f"Xen {version}, guest: PVH, Linux {kernel}, 96 MiB, " \
                  "1 vCPU, disk and network at work"


def finish(stage, rig, moves, subtitle):
    model = {"title": "A running guest moves between two Xen hosts",
             "subtitle": subtitle + " · emulated hosts, no KVM",
             "moves": moves}
    stage.say("What it came to:")
    print("\n" + report.table(moves) + "\n", flush=True)
    (rig.results / "timeline.json").write_text(json.dumps(model, indent=1))
    path = rig.results / "timeline.svg"
    path.write_text(picture.draw(model))
    stage.say(f"The numbers:  {rig.results}/timeline.json")
    stage.say(f"The picture:  {path}")
