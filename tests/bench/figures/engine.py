# SPDX-License-Identifier: GPL-2.0-only
"""A daemon of any kind with the driver beside it, on one CPU."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

TESTS = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
sys.path.insert(0, f'{TESTS}/scenario')
# pylint: disable=wrong-import-position
from xst import peers  # noqa: E402
from xst.client import Mismatch  # noqa: E402
from xst.daemon import Daemon  # noqa: E402
from xst.world import World  # noqa: E402

# As a real host's /run, in memory.
MEMORY = '/dev/shm' if os.access('/dev/shm', os.W_OK) else None
# Seconds between looks whether a daemon answers: a start takes 4 ms.
LOOK = 0.0002
# Domain 0 does the work: no quota is to be hit.
ROOMY = ['-E', '4000000', '-W', '400000', '-t', '100']


class BenchError(Exception):
    """There is no figure, and why."""


# What may go wrong with one figure and must not lose the others.
TROUBLE = (BenchError, Mismatch, OSError, ValueError,
           subprocess.SubprocessError)


class Programs:
    """Where everything is."""

    def __init__(self, build, cpu):
        self.build = os.path.abspath(build)
        self.peers = peers.Peers()
        self.cpu = str(cpu)
        self.driver = f'{self.build}/tests/bench-driver'
        self.shim = f'{self.build}/tests/xenshim.so'
        self.binaries = {'ours': f'{self.build}/bin/xenstored',
                         'c': f'{self.peers.xen_bin}/xenstored',
                         'ocaml': f'{self.peers.xen_bin}/oxenstored',
                         'floor': f'{self.build}/tests/bench-echo'}

    def pin(self):
        return ['taskset', '-c', self.cpu]


class Floor:
    """The server that keeps nothing, as if it were a daemon."""

    def __init__(self, binary, base, wrap):
        self.socket = f'{base}/socket'
        self.argv = wrap + [binary, self.socket]
        self.proc = None

    def start(self, _world, _options):
        self.proc = subprocess.Popen(self.argv)

    def wait_ready(self, pause):
        end = time.monotonic() + 5
        while not os.path.exists(self.socket) and time.monotonic() < end:
            time.sleep(pause)
        return os.path.exists(self.socket)

    def stop(self):
        self.proc.kill()
        self.proc.wait()


class Session:
    """One daemon from its start to its end; run() does one job."""

    def __init__(self, programs, kind, wrap=(), options=ROOMY):
        self.base = tempfile.mkdtemp(prefix='bench-', dir=MEMORY)
        self.world = World(f'{self.base}/world')
        wrap = programs.pin() + list(wrap)
        if kind == 'floor':
            self.daemon = Floor(programs.binaries[kind], self.base, wrap)
        else:
            self.daemon = Daemon(kind, programs.binaries[kind], programs.shim,
                                 programs.peers, self.base,
                                 lambda text: None, wrap)
        begin = time.monotonic()
        self.daemon.start(self.world, list(options))
        if not self.daemon.wait_ready(LOOK):
            self.close()
            raise BenchError(f'{kind} did not start')
        self.start_ms = (time.monotonic() - begin) * 1000
        self.pid = self.daemon.proc.pid
        self.driver = subprocess.Popen(
            programs.pin() + [programs.driver, self.daemon.socket,
                              str(self.pid), self.world.path],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def run(self, job):
        """The figures of one job, or BenchError."""
        try:
            self.driver.stdin.write(job + '\n')
            self.driver.stdin.flush()
            line = self.driver.stdout.readline()
        except OSError as err:
            raise BenchError(f'{job}: {err}') from err
        if not line:
            raise BenchError(f'{job}: the driver is gone')
        figures = json.loads(line)
        if 'error' in figures:
            raise BenchError(f'{job}: {figures["error"]}')
        return figures

    def close(self):
        driver = getattr(self, 'driver', None)
        if driver:
            driver.stdin.close()
            try:
                driver.wait(10)
            except subprocess.TimeoutExpired:
                driver.kill()
                driver.wait()
            driver.stdout.close()
        self.daemon.stop()
        self.world.close()
        shutil.rmtree(self.base, ignore_errors=True)


def machine():
    """What the figures came from."""
    cpu = 'unknown CPU'
    with open('/proc/cpuinfo', encoding='utf-8') as handle:
        for line in handle:
            if line.startswith('model name'):
                cpu = line.split(':', 1)[1].strip()
                break
    with open('/proc/meminfo', encoding='utf-8') as handle:
        kilobytes = int(handle.readline().split()[1])
    return {'cpu': cpu, 'cpus': os.cpu_count(),
            'memory_gb': round(kilobytes / 1e6),
            'kernel': os.uname().release, 'load': os.getloadavg()[0],
            'date': time.strftime('%Y-%m-%d %H:%M UTC', time.gmtime())}
