# SPDX-License-Identifier: GPL-2.0-only
"""What a guest could notice of being moved: looked at before and after.

look() takes down all that must stay: kernel log, boot id, domid, every node of
its home with its permissions, interrupts, counters of its work, clock jumps.
compare() fails with what is different, or went where it must not.
"""
import re

from .paths import LabError, wait_until

# What an operator's tools on each host change, and no guest looks at.
HOST_NODES = re.compile(r"/console/tty |/image/|/control/shutdown$")
# Pings that may never be answered: three seconds without a network, over which
# the guest is not even running for most of the time.  An answer that comes late
# is not lost, so how busy the host is does not matter.
LOST_MAX = 15
# The kernel says so when an emulated processor was too slow in a timer
# interrupt, or between two readings of a clock, moved or not.  A guest that
# was paused in one would say more.
EMULATOR = re.compile(r"(?:hrtimer: interrupt took |read-back delay of )(\d+)")
EMULATOR_MAX_NS = 100_000_000
# What it says after such a reading, and also after others, which it explains.
GIVES_UP = re.compile(r"read-back delay of .*, marking (?:\w+ )?unstable$")
GIVEN_UP = re.compile(r"Marking TSC unstable due to clocksource watchdog$")
LOG_END = "end-of-log"
SLOW = 1.0          # seconds that an emulated processor may lose anyway
# Lines of the emulated platform, whose timers tick only if the guest has them
# tick; those of PV devices and between processors come when they like.
PLATFORM = re.compile(r"xen-pirq|IO-APIC|XT-PIC")


class Noticed(LabError):
    pass


def _unanswered(counters):
    return counters["tx"] - counters["rx"] - counters["late"]


def must(ok, text):
    if not ok:
        raise Noticed(text)


def noticed(lines, before=""):
    """Of a kernel log's LINES, those that a slow processor does not explain;
    BEFORE is the one before them."""
    left = []
    for line in lines:
        slow = EMULATOR.search(line)
        if slow:
            explained = int(slow.group(1)) < EMULATOR_MAX_NS
        else:
            explained = GIVEN_UP.search(line) and GIVES_UP.search(before)
        if not explained:
            left.append(line)
        before = line if explained else ""
    return left


class Witness:
    def __init__(self, guest):
        self.guest = guest
        self.before = None
        self.pause = 0.0
        self._seen = None       # interrupts, when they were last looked at
        self._last = None       # all of that, if nothing was noticed
        self._still = set()     # lines that did not move between two looks

    # -- looking

    def _nodes(self):
        text = self.guest.host.out(
            f"xenstore-ls -fp /local/domain/{self.guest.domid()}", 20)
        return sorted(line for line in text.splitlines()
                      if not HOST_NODES.search(line))

    def _in_guest(self, n="$(wc -l < /tmp/log)"):
        """Boot id; digests of the kernel log's first N lines and of all; how
        many there are; those from the Nth on; interrupts.  One command takes a
        busy guest seconds, and all of its log half a minute."""
        # The interrupts of programs (image/juggle.c) are thousands.
        text = self.guest.run(
            "cat /proc/sys/kernel/random/boot_id; dmesg > /tmp/log; "
            f"head -n {n} /tmp/log | md5sum; md5sum < /tmp/log; "
            f"wc -l < /tmp/log; tail -n +{n} /tmp/log; echo {LOG_END}; "
            "grep -v evtchn: /proc/interrupts", 30)[1]
        log, _, interrupts = text.partition(f"\n{LOG_END}\n")
        boot_id, then, now, count, last, *new = log.splitlines()
        return boot_id, then, (int(count), now), noticed(new, last), interrupts

    @staticmethod
    def _interrupts(text):
        found = {}
        for line in text.splitlines()[1:]:
            name, _, rest = line.partition(":")
            counts = re.match(r"\s*((?:\d+\s+)*\d+)\s*(.*)", rest)
            if counts:
                found[f"{name.strip()} {counts.group(2)}".strip()] = sum(
                    int(n) for n in counts.group(1).split())
        return found

    def _look(self, *lines):
        guest = self.guest
        boot_id, then, log, new, interrupts = self._in_guest(*lines)
        return {
            "domid": guest.domid(),
            "kernel log": log,
            "kernel log then": then,
            "new in it": new,
            "boot id": boot_id,
            "nodes": self._nodes(),
            "interrupts": self._interrupts(interrupts),
            "counters": guest.counters(),
            "at": guest.position(),
        }

    def look(self):
        self._last = None
        first = self._seen or self._interrupts(self._in_guest()[-1])
        self.before = self._look()
        now = self.before["interrupts"]
        self._still = {k for k in now
                       if PLATFORM.search(k) and first.get(k) == now[k]}
        return self.before

    def go_on(self):
        """What was seen when it was last compared is what must stay: for tests
        that did nothing since.  Looking takes a busy host half a minute."""
        if self._last:
            self.before, self._last = self._last, None
        else:
            self.look()

    # -- comparing

    def _same(self, name, old, new):
        if old != new:
            old, new = (x.splitlines() if isinstance(x, str) else x
                        for x in (old, new))
            gone = [x for x in old if x not in new] \
                if isinstance(old, list) else old
            come = [x for x in new if x not in old] \
                if isinstance(new, list) else new
            raise Noticed(f"{name} changed: was {gone}, is {come}")

    def _clocks(self, old):
        """No clock went back, and none ahead by more than the pause."""
        for mono, boot, real in re.findall(
                r"^GAP mono=(\S+) boot=(\S+) real=(\S+)",
                self.guest.console_text(old["at"]), re.M):
            steps = [float(x) for x in (mono, boot, real)]
            must(min(steps) >= 0, f"a clock went back: {steps}")
            must(max(steps) <= self.pause + SLOW,
                 f"a clock jumped: {steps}, pause {self.pause}")

    def _unnoticed(self, nodes=True, lost_max=LOST_MAX):
        old = self.before
        n_lines, log = old["kernel log"]
        new = self._look(n_lines)
        for name in ("domid", "boot id"):
            self._same(name, old[name], new[name])
        self._same("the old kernel log", log, new["kernel log then"])
        must(not new["new in it"], f"new in its log: {new['new in it']}")
        if nodes:
            self._same("nodes", old["nodes"], new["nodes"])
        self._same("interrupts", sorted(old["interrupts"]),
                   sorted(new["interrupts"]))
        back = [k for k, n in new["interrupts"].items()
                if n < old["interrupts"][k]]
        must(not back, f"interrupts that count from less: {back}")
        silent = [k for k, n in new["interrupts"].items()
                  if re.search("blkif|eth0|timer0", k)
                  and n <= old["interrupts"][k]]
        must(not silent, f"interrupts that count no more: {silent}")
        woken = {k: new["interrupts"][k] - old["interrupts"][k]
                 for k in self._still
                 if new["interrupts"][k] != old["interrupts"][k]}
        must(not woken, f"interrupts that stood still and come now: {woken}")
        self._seen = new["interrupts"]
        self.guest.check_no_errors()
        was, now = old["counters"], new["counters"]
        must(now["tcp"] > was["tcp"], "the TCP connection stands still")
        lost = _unanswered(now) - _unanswered(was)
        must(lost <= lost_max, f"{lost:.0f} pings lost")
        self._clocks(old)
        self._last = new

    def compare(self, move, n_moves=1):
        """After a move that succeeded, the last of so many."""
        self.pause = move.pause
        self._unnoticed(lost_max=n_moves * LOST_MAX)
        name = self.guest.name
        where = move.came_from.out("xl list")
        must(not re.search(rf"^{name}\b", where, re.M),
             f"it still is where it came from:\n{where}")
        where = self.guest.host.out("xl list")
        must(re.search(rf"^{name} ", where, re.M), f"it is not here:\n{where}")

    def compare_unmoved(self, pause=0.0):
        """After a move that failed: it runs where it was, and only there."""
        self.pause = pause
        # Its clocks went on meanwhile, five pings a second.
        self._unnoticed(lost_max=LOST_MAX + 5 * pause)

    def compare_saved(self, seconds):
        """Its clocks stand still in the file, and a moment later than it."""
        self.pause = seconds
        self._unnoticed()

    # -- a watch and a transaction that are open over moves

    def hold(self):
        guest = self.guest
        home = f"/local/domain/{guest.domid()}"
        guest.host.run(f"xenstore-write {home}/data/watched 0 && "
                       f"xenstore-chmod {home}/data n{guest.domid()} && "
                       f"xenstore-chmod {home}/data/watched "
                       f"n{guest.domid()}")
        guest.run("xsclient /dev/xen/xenbus hold data /tmp/commit "
                  "> /dev/console 2>&1 &")
        guest.wait_console(r"^XS holds", 15)

    def watch_fires(self):
        guest = self.guest
        since = guest.position()
        guest.host.run("xenstore-write /local/domain/"
                       f"{guest.domid()}/data/watched changed")
        guest.wait_console(r"^XS event \S*watched", 10, since)

    def transaction_commits(self):
        """Nobody changed what it read or wrote: it succeeds."""
        guest = self.guest
        since = guest.position()
        guest.run("mkdir -p /tmp && touch /tmp/commit")
        guest.wait_console(r"^XS commit ok", 10, since)
        path = f"/local/domain/{guest.domid()}/data/held"
        wait_until("what the transaction wrote", 5, lambda: guest.host.out(
            f"xenstore-read {path}") == "in transit")
