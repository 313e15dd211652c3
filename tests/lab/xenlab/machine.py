# SPDX-License-Identifier: GPL-2.0-only
"""One QEMU process: its command line, its start and its end.

A machine is known by its run directory alone (pid file, sockets), so that
another process can use or stop it.  Three things end QEMU: stop(); the death
of the process that started it (unless detached); and `timeout`, always.
"""
import gzip
import os
import signal
import socket
import subprocess
import time
from pathlib import Path

from .paths import LabError

# Lazy FPU switching corrupts SSE registers under QEMU's emulated SVM, so
# eager-fpu is not an option but what makes the host usable at all.
XEN_OPTIONS = ("console=com1 com1=115200 loglvl=all guest_loglvl=all "
               "noreboot=0 sched=credit cpuidle=0 spec-ctrl=no,eager-fpu "
               "xpti=0")
DOM0_OPTIONS = ("console=hvc0 rdinit=/init quiet nokaslr mitigations=off "
                "apparmor=0 audit=0")
N_PORTS = 4
LAST_WORDS = 15     # seconds


def _q(path):
    """A path inside a QEMU option: a comma is doubled."""
    return str(path).replace(",", ",,")


class Machine:
    def __init__(self, run_dir, name):
        self.dir = run_dir
        self.name = name
        self.pid_file = run_dir / f"{name}.pid"
        self.console = run_dir / f"{name}.console"
        self.log = run_dir / f"{name}.qemu.log"

    def socket(self, what):
        return self.dir / f"{self.name}.{what}"

    def command(self, image, config, results, devices):
        """The QEMU command line.  CONFIG is a host.HostConfig."""
        mem = config.dom0_memory
        options = f"dom0_mem={mem}M,max:{mem}M {XEN_OPTIONS} " \
                  + config.xen_options
        command = [
            "qemu-system-x86_64", "-name", f"xenlab-{self.name}",
            "-machine", "q35", "-accel", "tcg,thread=multi",
            "-cpu", "EPYC,+svm,+npt,-smap,-smep,-monitor,-rdtscp",
            "-smp", str(config.cpus), "-m", str(config.memory), "-nodefaults",
            "-display", "none", "-no-reboot",
            "-chardev", f"socket,id=com1,path={_q(self.socket('serial'))},"
            f"server=on,wait=off,logfile={_q(self.console)}",
            "-serial", "chardev:com1",
            "-monitor", f"unix:{_q(self.socket('monitor'))},"
            "server=on,wait=off",
            "-kernel", _q(self._hypervisor(config.xen or image.xen)),
            "-initrd", f"{_q(image.vmlinux)} {DOM0_OPTIONS},"
            f"{_q(image.initramfs)}",
            "-append", options,
            "-device", f"virtio-serial-pci,max_ports={N_PORTS + 1}"]
        for i in range(N_PORTS):
            command += [
                "-chardev", f"socket,id=c{i},server=on,wait=off,"
                f"path={_q(self.socket(f'ctl{i}'))}",
                "-device", f"virtserialport,chardev=c{i},name=ctl{i}"]
        command += ["-drive", f"file={_q(image.root)},format=raw,if=none,"
                    "id=root,readonly=on,file.locking=off",
                    "-device", "virtio-blk-pci,drive=root,serial=root"]
        layers = [*image.layers, *config.overlays]
        exports = [(f"layer{i}", layer, True) for i, layer in enumerate(layers)]
        exports.append(("res", results, False))
        if config.our:
            exports.append(("our", config.our, True))
        for tag, folder, readonly in exports:
            command += ["-virtfs", f"local,path={_q(folder)},mount_tag={tag},"
                        "security_model=none,multidevs=remap"
                        + (",readonly=on" if readonly else "")]
        return command + devices

    def _hypervisor(self, file):
        """QEMU wants the ELF file that the package (or a build) compressed."""
        data = Path(file).read_bytes()
        if data[:2] != b"\x1f\x8b":
            return file
        plain = self.dir / f"{self.name}.xen"
        plain.write_bytes(gzip.decompress(data))
        return plain

    def monitor(self, command, seconds=10):
        """What QEMU's monitor answers to a command."""
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(seconds)
            s.connect(str(self.socket("monitor")))
            said = self._until_prompt(s)
            s.sendall(command.encode() + b"\n")
            said = self._until_prompt(s)
        return said.decode(errors="replace")

    @staticmethod
    def _until_prompt(s):
        said = b""
        while not said.endswith(b"(qemu) "):
            piece = s.recv(4096)
            if not piece:
                raise LabError("QEMU's monitor has closed")
            said += piece
        return said

    def start(self, command, lifetime, detached):
        """Starts QEMU in a process group of its own."""
        guard = ["timeout", "--kill-after=5", str(int(lifetime))]
        if not detached:
            guard = ["setpriv", "--pdeathsig", "TERM", *guard]
        with open(self.log, "wb") as log:
            process = subprocess.Popen(
                guard + command, stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, start_new_session=True)
        self.pid_file.write_text(f"{process.pid} {_start_time(process.pid)}\n")
        self._process = process

    def running(self):
        return self._pid() is not None

    def _pid(self):
        """The recorded process, if it still is that process."""
        try:
            pid, started = self.pid_file.read_text().split()
        except (OSError, ValueError):
            return None
        process = getattr(self, "_process", None)
        if process and process.poll() is not None:
            return None
        return int(pid) if _start_time(int(pid)) == started else None

    def last_words(self):
        """Of a QEMU that is no more: how it ended and what it said."""
        process = getattr(self, "_process", None)
        if not process:
            return ""
        try:
            process.wait(LAST_WORDS)    # one that aborts takes its time
        except subprocess.TimeoutExpired:
            return ""
        return f"-- QEMU ended with status {process.returncode}:\n" \
            + self.log.read_text(errors="replace")

    def stop(self):
        pid = self._pid()
        if pid:
            for sig, seconds in ((signal.SIGTERM, 5), (signal.SIGKILL, 5)):
                try:
                    os.killpg(pid, sig)
                except ProcessLookupError:
                    break
                end = time.monotonic() + seconds
                while self._pid() and time.monotonic() < end:
                    time.sleep(0.02)
                if not self._pid():
                    break
            else:
                raise LabError(f"QEMU {pid} of {self.name} cannot be ended")
        self.pid_file.unlink(missing_ok=True)

    def console_text(self):
        try:
            return self.console.read_text(errors="replace")
        except OSError:
            return ""


def _start_time(pid):
    """When the process began, in ticks since boot; "" if there is none."""
    try:
        with open(f"/proc/{pid}/stat") as f:
            fields = f.read().rsplit(")", 1)[1].split()
    except OSError:
        return ""
    return "" if fields[0] == "Z" else fields[19]
