# SPDX-License-Identifier: GPL-2.0-only
"""Watches a guest and its hosts while it moves: every line with the moment at
which it arrived on this machine, whose clock is the one that all share.

What is written (guest consoles, the receiving xl's log) is followed in the
hosts' results; what the sending xl says comes over its channel.  A listener is
called with each line as it comes.
"""
import threading
import time

POLL = 0.02
# The guest's heartbeat: a loop of its shell that starts no process, so that
# it costs next to nothing.  Nobody ever writes into the pipe that it waits for.
HEARTBEAT = (
    "( sleep 1000000 | while :; do read -t 0.1 x; read up x < /proc/uptime; "
    "read a b rd c d e wr x < /sys/block/xvda/stat; "
    "read rx < $n/rx_bytes; read tx < $n/tx_bytes; "
    "echo BEAT $up $rd $wr $rx $tx; done ) < /dev/null > /dev/hvc0 2>&1 &")


def start_heartbeat(guest):
    guest.run("n=/sys/class/net/eth0/statistics; " + HEARTBEAT)


class Lines:
    """Cuts what arrives in pieces into lines."""

    def __init__(self):
        self._rest = b""

    def feed(self, data):
        *whole, self._rest = (self._rest + data).split(b"\n")
        return [line.decode(errors="replace").strip("\r") for line in whole]


class Watch:
    def __init__(self, hosts, on_line=lambda kind, host, line: None):
        self._hosts = hosts
        self._on_line = on_line
        self._files = {}
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self.console = []                            # (arrived, host, line)
        self.tools = {host.name: [] for host in hosts}  # [(arrived, line)]
        self._thread = threading.Thread(target=self._follow, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join(5)

    def _take(self, kind, host, line):
        now = time.time()
        if kind == "console":
            self.console.append((now, host, line))
        else:
            self.tools[host].append((now, line))
        self._on_line(kind, host, line)

    def _follow(self):
        while not self._stop.wait(POLL):
            self._look()

    def _look(self):
        with self._lock:
            for host in self._hosts:
                for kind, pattern in (("console", "guests/guest-*.log"),
                                      ("tools", "remote/[0-9]*.log")):
                    for path in sorted(host.results.glob(pattern)):
                        self._read(kind, host.name, path)

    def _read(self, kind, host, path):
        offset, lines = self._files.get(path) or (0, Lines())
        with open(path, "rb") as f:
            f.seek(offset)
            data = f.read()
        self._files[path] = (offset + len(data), lines)
        for line in lines.feed(data):
            self._take(kind, host, line)

    def log(self):
        """All that the tools said, as a text."""
        events = sorted((t, host, line) for host, lines in self.tools.items()
                        for t, line in lines)
        return "".join(f"{t:.3f} {host} {line}\n" for t, host, line in events)

    def run(self, host, script, limit):
        """A command in dom0 whose words are kept; answers its status."""
        lines = Lines()

        def said(data):
            for line in lines.feed(data):
                self._take("tools", host.name, line)

        status, _ = host.run(script, limit, check=False, on_output=said)
        self._look()
        return status


def ask_clock(host, times=6):
    """Readings for timeline.Clock: the host's time is between two of ours."""
    readings = []
    for _ in range(times):
        sent = time.time()
        theirs = float(host.out("echo $EPOCHREALTIME"))
        readings.append((sent, theirs, time.time()))
    return readings
