# SPDX-License-Identifier: GPL-2.0-only
"""A daemon on a pretended Xen, and what the tests of live update do to it."""

import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                '..', 'scenario'))
# pylint: disable=wrong-import-position
from xst import wire  # noqa: E402
from xst.client import SocketClient  # noqa: E402
from xst.daemon import Daemon  # noqa: E402
from xst.ring import RingClient  # noqa: E402
from xst.world import World  # noqa: E402


wire.SHOWN = 4096  # nothing is shortened: texts are compared
MEMORY = '/dev/shm' if os.access('/dev/shm', os.W_OK) else None


class Failed(Exception):
    """A test found something that must not be."""


def expect(got, want, what):
    if got != want:
        raise Failed(f'{what}: expected {want}, got {got}')


class Context:
    """What all tests share: where the programs are."""

    def __init__(self, shim, binary, probe, peers, verbose):
        self.shim = os.path.abspath(shim)
        self.probe = os.path.abspath(probe)
        self.peers = peers
        self.binaries = {'ours': os.path.abspath(binary),
                         'c': f'{peers.xen_bin}/xenstored',
                         'ocaml': f'{peers.xen_bin}/oxenstored'}
        self.verbose = verbose


class LiveDaemon(Daemon):
    """Any daemon may follow any other, so all find Debian's libraries."""

    def environment(self, world):
        env = super().environment(world)
        env['LD_LIBRARY_PATH'] = self.peers.libs
        return env


class Host:
    """One daemon, its clients and its domains."""

    def __init__(self, ctx, kind='ours', options=()):
        self.ctx = ctx
        # /run is in memory on a real host, too.
        self.base = tempfile.mkdtemp(prefix='live-', dir=MEMORY)
        self.world = World(f'{self.base}/world')
        self.daemon = LiveDaemon(kind, ctx.binaries[kind], ctx.shim,
                                 ctx.peers, self.base, self.trace)
        self.clients = {}
        self.has_c = kind == 'c'
        self.daemon.start(self.world, options)
        if not self.daemon.wait_ready():
            raise Failed('the daemon did not start: ' + self.log())
        self.pid = self.daemon.proc.pid
        self.run = self.daemon.run

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.daemon.stop()
        for client in self.clients.values():
            client.close()
        self.world.close()
        shutil.rmtree(self.base, ignore_errors=True)

    def trace(self, text):
        if self.ctx.verbose:
            print('   ', text, file=sys.stderr)

    def log(self):
        return self.daemon.log_text().decode('latin-1')

    # -- clients

    def __getitem__(self, name):
        """Client S, S1, ... or D1, D2, ... (made when first used)."""
        client = self.clients.get(name)
        if not client:
            if name[0] == 'S':
                client = SocketClient(name, self.trace, self.daemon.socket)
            else:
                client = RingClient(name, self.trace, self.world,
                                    int(name[1:]))
            self.clients[name] = client
        return client

    def send(self, name, text, tx=0):
        """One request, its words separated by blanks; '' is empty."""
        op, *args = text.split(' ')
        self[name].request(wire.NUMBER[op], wire.arguments(
            op, [a.encode() for a in args]), tx=tx)

    def reply(self, name, timeout=8.0):
        msg = self[name].reply(timeout)
        return msg and wire.describe(msg)

    def ask(self, name, text, tx=0, timeout=8.0):
        self.send(name, text, tx)
        return self.reply(name, timeout)

    def check(self, name, text, want, tx=0):
        expect(self.ask(name, text, tx), want, f'{name} {text}')

    def begin(self, name):
        """A transaction's id."""
        self.send(name, 'TRANSACTION_START')
        return int(self[name].reply(30).payload.rstrip(b'\0'))

    def event(self, name, timeout=8.0):
        msg = self[name].event(timeout)
        return msg and wire.describe(msg)

    def no_event(self, name):
        self[name].ping()
        expect(self.event(name, 0), None, f'events of {name}')

    def guest(self, *domids):
        """Domains with a home, introduced; their features are settled."""
        for domid in domids:
            self.world.create(domid)
            self.check('S', f'MKDIR /local/domain/{domid}', 'OK')
            self.check('S', f'SET_PERMS /local/domain/{domid} n{domid}',
                       'OK')
            self.check('S', f'INTRODUCE {domid} 1 {10 + domid}', 'OK')

    # -- the update

    def environment(self):
        return dict(os.environ, XENSTORED_RUNDIR=self.run,
                    XENSTORED_PATH=self.daemon.socket,
                    LD_LIBRARY_PATH=self.ctx.peers.libs)

    def control(self, binary, *options, timeout=60):
        """xenstore-control, unmodified: exit code and what it says."""
        run = subprocess.run(
            [f'{self.ctx.peers.xen_bin}/xenstore-control', 'live-update',
             *options, binary], env=self.environment(), capture_output=True,
            text=True, timeout=timeout, check=False)
        return run.returncode, run.stdout + run.stderr

    def update(self, kind, *options):
        """To that daemon; everything else goes on as before."""
        binary = self.ctx.binaries.get(kind, kind)
        code, said = self.control(binary, '-t', '10', *options)
        if code:
            raise Failed(f'live-update: exit {code}: {said}{self.log()}')
        self.settled(binary)

    def settled(self, binary):
        """The process is the same, its program another one."""
        if self.daemon.ended(0) is not None:
            raise Failed(self.daemon.describe_end() + ': ' + self.log())
        expect(self.daemon.proc.pid, self.pid, 'pid')
        with open(f'/proc/{self.pid}/cmdline', 'rb') as handle:
            name = handle.read().split(b'\0')[0].decode()
        expect(os.path.realpath(name), os.path.realpath(binary), 'program')
        left = [f for f in os.listdir(self.run)
                if f.startswith(('state', 'trial', 'db'))]
        expect(left, [], 'state files left')
        self.daemon.kind = 'ours' if binary == self.ctx.binaries['ours'] \
            else 'c'

    def healthy(self):
        """What ours can say of itself."""
        if self.daemon.kind == 'ours':
            self.check('S', 'CONTROL check', 'OK')
        bad = self.daemon.bad_log()
        if bad:
            raise Failed(f'in the log: {bad}')
