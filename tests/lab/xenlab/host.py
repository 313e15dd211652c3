# SPDX-License-Identifier: GPL-2.0-only
"""One emulated Xen host: boots it, runs commands in its dom0, starts the
toolstack on a chosen xenstored and, when something fails, says what it saw."""
import re
import shlex
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

from .channel import Channel
from .machine import N_PORTS, Machine
from .paths import SLACK, LabError, LabTimeout, wait_until

PRESETS = {
    "debian-c": "/usr/lib/xen-4.17/bin/xenstored",
    "debian-ocaml": "/usr/lib/xen-4.17/bin/oxenstored",
    "our": "/our/bin/xenstored",
}
PID_FILE = "/run/xenstored.pid"
BOOT_LIMIT = 25
TAIL = 25


@dataclass
class HostConfig:
    xenstored: str = "debian-c"
    xenstored_args: str = ""
    xen: str = ""
    xen_options: str = ""
    cpus: int = 1
    memory: int = 2560
    dom0_memory: int = 768
    overlays: list = field(default_factory=list)
    our: str = ""
    address: str = "10.0.0.1"
    late: bool = False      # is not booted with the others

    def as_dict(self):
        return asdict(self)


class CommandFailed(LabError):
    """A command in dom0 did not end with status 0."""


class Host:
    def __init__(self, run_dir, name, results, config):
        self.name = name
        self.results = Path(results)
        self.config = config
        self.machine = Machine(run_dir, name)
        self._channel = None
        self.boot_seconds = 0.0

    # -- start and end

    def start(self, image, lifetime, detached=False, devices=()):
        self.results.mkdir(parents=True, exist_ok=True)
        command = self.machine.command(image, self.config, self.results,
                                       list(devices))
        self.machine.start(command, lifetime, detached)

    def connect(self, limit=BOOT_LIMIT):
        """Waits until dom0 takes commands."""
        start = time.monotonic()
        channel = Channel(self.machine, N_PORTS)
        try:
            channel.connect(limit * SLACK, self.machine.running)
        except LabTimeout as e:
            log = self.machine.log
            said = log.read_text(errors="replace") if log.exists() else ""
            raise LabTimeout(f"host {self.name}: {e}\n{said}"
                             + self._console_tail()) from e
        self._channel = channel
        self.boot_seconds = time.monotonic() - start

    def disconnect(self):
        if self._channel:
            self._channel.close()
            self._channel = None

    def stop(self):
        self.disconnect()
        self.machine.stop()
        console = self.machine.console
        # Nobody wants them of a run that was killed and whose results are gone.
        if console.exists() and self.results.exists():
            (self.results / "console.log").write_bytes(console.read_bytes())

    # -- commands

    @staticmethod
    def _name_of(script):
        """Enough of a script to know it by, for messages."""
        lines = script.strip().splitlines()
        return lines[0] if len(lines) == 1 else f"{lines[0]} ..."

    def spawn(self, script, limit, **how):
        """Starts a script in dom0; answers a Job (see channel.py)."""
        return self._channel.start(script, limit * SLACK, **how)

    def run(self, script, limit=10, check=True, on_output=None):
        """Runs a script in dom0; answers (exit status, output).

        With CHECK anything but status 0 is an error.  Not ending in time is
        one in any case.
        """
        job = self.spawn(script, limit, on_output=on_output)
        status, output = self.ended(job, limit, self._name_of(script))
        if check and status:
            raise CommandFailed(f"host {self.name}: status {status} from "
                                f"{self._name_of(script)}\n-- output:\n"
                                + output)
        return status, output

    def ended(self, job, limit, name="it"):
        """Waits for a Job that was spawned with this LIMIT; answers (exit
        status, output)."""
        # The agent ends it in time; the margin is for an agent that cannot.
        ended = job.wait(limit * SLACK + 30)
        self._channel.forget(job)
        if not ended or job.timed_out or job.lost:
            what = "the connection broke during" if job.lost else \
                f"not done within {limit * SLACK:.0f} s:"
            raise LabTimeout(
                f"host {self.name}: {what} {name}\n"
                f"-- output:\n{job.output()}{self.explain()}")
        return job.status, job.output()

    def out(self, script, limit=10):
        """What a script prints that must succeed."""
        return self.run(script, limit)[1].strip()

    def poll(self, what, script, limit):
        """Runs a script again and again inside dom0 until it succeeds."""
        seconds = limit * SLACK
        loop = f"e=$((SECONDS + {seconds:.0f})); until {{ {script}\n}}; do " \
               "[ $SECONDS -lt $e ] || exit 99; sleep 0.1; done"
        status, output = self.run(loop, limit + 30 / SLACK, check=False)
        if status:
            raise LabTimeout(f"{what}: not within {seconds:.0f} s\n"
                             f"{output}{self.explain()}")
        return output

    # -- the toolstack

    def check_fpu(self, seconds=2):
        """Xen must switch the FPU eagerly, and registers must survive."""
        text = self.machine.console_text()
        for kind in ("PV", "HVM"):
            if not re.search(rf"Support for {kind} VMs:.*EAGER_FPU", text):
                raise LabError(f"Xen does not report EAGER_FPU for {kind}: no "
                               "result of this host would mean anything")
        return self.out(f"fpucanary {seconds} & fpucanary {seconds} && wait $!",
                        seconds + 10)

    def store_command(self):
        path = PRESETS.get(self.config.xenstored, self.config.xenstored)
        return [path, "--pid-file", PID_FILE,
                *shlex.split(self.config.xenstored_args)]

    def start_store(self):
        self.run("start-store " + shlex.join(self.store_command()), 30)

    def start_tools(self):
        self.run(f"start-tools {self.config.address}", 30)

    def start_toolstack(self):
        """Everything up to a host that can create guests; with xenstored
        "none" nothing at all (a stub domain will be the store)."""
        if self.config.xenstored == "none":
            return
        self.start_store()
        self.start_tools()

    def store_pid(self):
        return int(self.out(f"cat {PID_FILE}"))

    # -- what it looks like inside

    def _console_tail(self):
        lines = self.machine.console_text().splitlines()[-TAIL:]
        return "\n".join([f"-- console of {self.name}:", *lines]) + "\n"

    def explain(self):
        """For messages: the console, and dom0's processes and kernel log if
        it can still tell."""
        text = "\n" + self._console_tail()
        if not self._channel:
            return text
        try:
            job = self._channel.start(
                "ps -eo pid,ppid,stat,wchan:20,etimes,args | grep -v ']$'; "
                f"echo '-- dmesg:'; dmesg | tail -n {TAIL}; "
                "echo '-- hotplug:'; tail -n 15 /var/log/xen/*.log", 15)
            job.wait(20)
            self._channel.forget(job)
            text += f"-- processes of {self.name}:\n{job.output()}"
        except (LabError, OSError) as e:
            text += f"-- dom0 of {self.name} cannot be asked: {e}\n" \
                + self.machine.last_words()
        return text

    def check_emulator(self):
        """No guest may have ended by a fault of the emulated processor: such
        a guest stopped with Xen's own code segment (e008) as its own."""
        text = self.machine.console_text()
        if re.search(r"Triple fault(.*\n){1,5}.*RIP: +e008:", text):
            raise LabError("QEMU mixed up Xen's and a guest's registers; this "
                           "run says nothing about the daemon")

    def wait_console(self, pattern, limit):
        return wait_until(
            f"{pattern!r} on the console of {self.name}", limit,
            lambda: re.search(pattern, self.machine.console_text()))
