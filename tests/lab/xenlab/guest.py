# SPDX-License-Identifier: GPL-2.0-only
"""A guest on a host: its configuration, its console, its verified work.

The console of every guest is written line by line by xenconsoled to the
results directory (guests/guest-NAME.log), where it is read from outside.
"""
import re
import time

from .host import CommandFailed
from .paths import LabTimeout, wait_until

TEMPLATE = """\
name = "{name}"
type = "{type}"
kernel = "{kernel}"
ramdisk = "{ramdisk}"
memory = {memory}
vcpus = {vcpus}
extra = "{extra}"
disk = [ {disks} ]
vif = [ {vifs} ]
on_reboot = "restart"
on_crash = "preserve"
"""
# A PC from qemu-xen, without what would need a driver in the guest.
HVM = """\
vga = "none"
sdl = 0
vnc = 0
usb = 0
viridian = 0
"""
RAMDISK = "/lab/guest.cpio"
KERNEL = "/lab/vmlinux"
HVM_KERNEL = "/lab/vmlinuz"
FIRST_IO_LIMIT = 45


class Guest:
    """NUMBER (1 to 200) makes its address and its MAC address; MORE is lines
    of its configuration.  The CARD of an HVM guest is "ioemu" if the device
    model is to emulate it as well."""

    def __init__(self, host, name, number=1, memory=128, disk=True, net=True,
                 idle=False, kernel=None, options="", disk_spec=None,
                 vcpus=1, type="pvh", more="", card="vif", ramdisk=RAMDISK):
        self.host = host
        self.name = name
        self.number = number
        self.image = f"/srv/{name}.img"
        self._own_disk = disk and not disk_spec
        self._disk_spec = disk_spec or (
            f"format=raw,vdev=xvda,access=rw,target={self.image}"
            if disk else "")
        self._net = net
        self._idle = idle
        self._memory = memory
        self._type = type
        self._kernel = kernel or (HVM_KERNEL if type == "hvm" else KERNEL)
        self._options = options
        self._vcpus = vcpus
        self._more = more
        self._card = card
        self._ramdisk = ramdisk
        self._commands = 0
        self._past = ""
        self._log = None
        self._log_start = 0

    # -- life

    @property
    def config_file(self):
        return f"/srv/{self.name}.cfg"

    def config(self):
        extra = ["console=hvc0", "rdinit=/init", "quiet"]
        if self._net:
            extra += [f"lab.ip=10.0.0.{self.number + 20}",
                      f"lab.peer={self.host.config.address}"]
        if self._disk_spec:
            extra.append("lab.disk=/dev/xvda")
        if self._idle:
            extra.append("lab.idle")
        if self._options:
            extra.append(self._options)
        mac = f"00:16:3e:00:00:{self.number:02x}"
        hvm = self._type == "hvm"
        kind = f"type={self._card}," if hvm else ""
        return self._more + (TEMPLATE + (HVM if hvm else "")).format(
            name=self.name, type=self._type, kernel=self._kernel,
            memory=self._memory, ramdisk=self._ramdisk,
            vcpus=self._vcpus,
            extra=" ".join(extra),
            disks=f'"{self._disk_spec}"' if self._disk_spec else "",
            vifs=f'"{kind}mac={mac},bridge=xenbr0"' if self._net else "")

    def prepare_script(self):
        """Puts its disk image and its configuration into dom0."""
        disk = f"truncate -s 16M {self.image}; " if self._own_disk else ""
        return (f"mkdir -p /srv; {disk}cat > {self.config_file} "
                f"<<'END'\n{self.config()}END\n")

    def prepare(self):
        self.host.run(self.prepare_script())

    def create(self, prepare=True):
        if prepare:
            self.prepare()
        self.host.run(f"xl create {self.config_file}", 30)

    def domid(self):
        return int(self.host.out(f"xl domid {self.name}"))

    def destroy(self):
        self.host.run(f"xl destroy {self.name}", 20)

    # -- console

    @property
    def log(self):
        return self._log or \
            self.host.results / "guests" / f"guest-{self.name}.log"

    def _read_log(self):
        try:
            return self.log.read_text(errors="replace").replace("\r", "")
        except OSError:
            return ""

    def console_text(self, since=0):
        """The console from character SINCE on, on all hosts it was on."""
        return (self._past + self._read_log()[self._log_start:])[since:]

    def incoming_log(self, host):
        """Where xenconsoled of HOST will write: it knows an incoming guest by
        the name that it has while it arrives."""
        return host.results / "guests" / f"guest-{self.name}--incoming.log"

    def moved_to(self, host, log_start):
        """The guest runs on HOST now, and the console goes on there."""
        self._past = self.console_text()
        self.host = host
        self._log = self.incoming_log(host)
        self._log_start = log_start

    def restores_here(self):
        """It is saved and will be restored where it is: xenconsoled, which
        begins a new console then, appends it to the log of its name."""
        if self._log:
            self._past, self._log = self.console_text(), None
            self._log_start = len(self._read_log())

    def position(self):
        return len(self.console_text())

    def wait_console(self, pattern, limit, since=0):
        try:
            return wait_until(
                f"guest {self.name}: {pattern!r} on its console", limit,
                lambda: re.search(pattern, self.console_text(since), re.M))
        except LabTimeout as e:
            tail = "\n".join(self.console_text().splitlines()[-20:])
            raise LabTimeout(f"{e}\n-- its console:\n{tail}"
                             f"{self.host.explain()}") from e

    def wait_ready(self, since=0):
        return self.wait_console(r"^GUEST ready", FIRST_IO_LIMIT, since)

    def run(self, command, limit=15, check=True):
        """Runs one line of shell in the guest, over its console; answers
        (status, output)."""
        self._commands += 1
        mark = f"{self.number}{time.monotonic_ns() % 10**9}{self._commands}"
        since = self.position()
        quoted = f"{mark} {command}".replace("'", "'\\''")
        self.host.run("tty=$(xenstore-read /local/domain/$(xl domid "
                      f"{self.name})/console/tty) && "
                      f"printf '%s\\n' '{quoted}' > $tty")
        end = self.wait_console(rf"^>{mark} = (\d+)$", limit, since)
        text = self.console_text(since)
        output = "\n".join(re.findall(rf"^>{mark} (.*)$", text, re.M)[:-1])
        status = int(end.group(1))
        if check and status:
            raise CommandFailed(f"guest {self.name}: status {status} from "
                                f"{command}\n{output}")
        return status, output

    # -- verified work

    def counters(self, since=0):
        """The last line of counters of iotest as numbers, or None."""
        lines = re.findall(r"^ST (.*\d)$", self.console_text(since), re.M)
        if not lines:
            return None
        pairs = (p.split("=") for p in lines[-1].split())
        return {k: float(v) for k, v in pairs}

    def wait_io(self, ios=1, pings=1, limit=FIRST_IO_LIMIT, since=0):
        """Waits until that much verified work is done since `since`; any
        error in it is one."""
        def enough():
            c = self.counters(since)
            if c and c["errs"]:
                self.check_no_errors()
            return c if c and c["ios"] >= ios and c["rx"] >= pings else None
        try:
            return wait_until(f"guest {self.name}: {ios} disk operations and "
                              f"{pings} pings", limit, enough)
        except LabTimeout as e:
            tail = "\n".join(self.console_text().splitlines()[-20:])
            raise LabTimeout(f"{e}\n-- its console:\n{tail}"
                             f"{self.host.explain()}") from e

    def wait_progress(self, ios=5, pings=5, limit=10):
        """The work goes on from where it is."""
        c = self.counters() or {"ios": 0, "rx": 0}
        return self.wait_io(c["ios"] + ios, c["rx"] + pings, limit)

    def check_no_errors(self):
        bad = re.findall(r"^ERR .*$", self.console_text(), re.M)
        if bad:
            raise LabTimeout(f"guest {self.name}: its work found errors: "
                             + "; ".join(bad[:3]))
