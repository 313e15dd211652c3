# SPDX-License-Identifier: GPL-2.0-only
"""Two pretended hosts, each with a daemon of ours, and a domain to move."""
import base64
import shutil
import sys
import tempfile
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / 'tests/scenario'))

from xst import wire  # noqa: E402
from xst.client import Mismatch, SocketClient  # noqa: E402
from xst.daemon import Daemon  # noqa: E402
from xst.ring import RingClient  # noqa: E402
from xst.world import World  # noqa: E402

PIECE = 2880
DOMID = 7
PORT = 23
UUID = b'/vm/5f0e6b6c-0000-4000-8000-000000000007'
TESTS = []


def test(func):
    TESTS.append(func)
    return func


def want(what, got, expected):
    if got != expected:
        raise Mismatch(f'{what}: {expected!r}', repr(got))


class Host:
    """A daemon, its Xen, and a privileged client."""

    def __init__(self, name, args, trace):
        self.name = name
        self.trace = trace
        self.base = tempfile.mkdtemp(prefix=f'freeze-{name}-')
        self.world = World(f'{self.base}/xen')
        self.daemon = Daemon('ours', args.binary, args.shim, None, self.base,
                             trace, args.wrap.split())
        self.clients = []
        self.daemon.start(self.world, args.option)
        try:
            if not self.daemon.wait_ready():
                raise Mismatch('a daemon', self.daemon.log_text().decode())
            self.client = self.connect('S')
        except (Mismatch, OSError):
            self.stop()
            raise

    def connect(self, name):
        client = SocketClient(f'{self.name}.{name}', self.trace,
                              self.daemon.socket)
        self.clients.append(client)
        return client

    def guest(self, domid):
        ring = RingClient(f'{self.name}.D{domid}', self.trace, self.world,
                          domid)
        self.clients.append(ring)
        return ring

    def stop(self):
        """Ends it; answers what it has logged."""
        for client in self.clients:
            client.close()
        text = self.daemon.log_text().decode('latin-1')
        self.daemon.stop()
        self.world.close()
        shutil.rmtree(self.base, ignore_errors=True)
        return text

    def close(self):
        text = self.stop()
        if 'ERROR' in text or 'Sanitizer' in text or 'left=' in text:
            raise Mismatch('a clean log', text)

    # -- requests of the privileged client

    def ask(self, op, *args, tx=0, client=None):
        client = client or self.client
        args = [a.encode() if isinstance(a, str) else a for a in args]
        client.request(wire.NUMBER[op], wire.arguments(op, args), tx)
        msg = client.reply()
        if not msg:
            raise Mismatch(f'a reply to {op}', client.missing())
        return msg

    def do(self, op, *args, tx=0, client=None):
        msg = self.ask(op, *args, tx=tx, client=client)
        if msg.type == wire.ERROR:
            raise Mismatch(f'{op} {args} to succeed', msg.payload.decode())
        return msg.payload

    def fails(self, error, op, *args, tx=0, client=None):
        msg = self.ask(op, *args, tx=tx, client=client)
        want(f'{op} {args}', (msg.type, msg.payload.rstrip(b'\0').decode()),
             (wire.ERROR, error))

    def control(self, *args, client=None):
        return self.do('CONTROL', *args, client=client).rstrip(b'\0').decode()

    def introduce(self, domid, port=PORT):
        self.do('INTRODUCE', str(domid), '1', str(port))

    # -- export and import

    def export(self, domid):
        size = int(self.control('export', 'begin', str(domid)))
        blob = b''
        while len(blob) < size:
            blob += base64.b64decode(
                self.control('export', 'read', str(len(blob))))
        want('export size', len(blob), size)
        want('export end', self.control('export', 'end'), 'OK')
        return blob

    def send(self, blob):
        want('import begin', self.control('import', 'begin', str(len(blob))),
             'OK')
        for at in range(0, len(blob), PIECE):
            piece = base64.b64encode(blob[at:at + PIECE])
            want('import write',
                 self.control('import', 'write', str(at), piece), 'OK')

    def check(self, blob, *supplies):
        self.send(blob)
        for path, value in supplies:
            self.control('import', 'supply', path, value)
        text = self.control('import', 'check')
        self.control('import', 'end')
        return text

    def load(self, blob, *supplies):
        self.send(blob)
        for path, value in supplies:
            want('supply', self.control('import', 'supply', path, value), 'OK')
        text = self.control('import', 'commit')
        self.control('import', 'end')
        return text

    def tree(self, path='/'):
        """{path: (value, perms)} of everything below, and the order."""
        nodes = {}
        stack = [path]
        while stack:
            at = stack.pop()
            names = self.do('DIRECTORY', at).split(b'\0')[:-1]
            nodes[at] = (self.do('READ', at), self.do('GET_PERMS', at), names)
            stack += [at.rstrip('/') + '/' + n.decode() for n in names]
        return nodes


class Pair:
    """Two hosts and a domain that starts on the first."""

    def __init__(self, args, trace):
        self.a = Host('A', args, trace)
        self.b = Host('B', args, trace)

    def close(self):
        try:
            self.a.close()
        finally:
            self.b.close()

    def boot(self, host=None, domid=DOMID):
        """A domain as libxl makes one, with a disk, on host A."""
        host = host or self.a
        home = f'/local/domain/{domid}'
        back = f'/local/domain/0/backend/vbd/{domid}/51712'
        front = f'{home}/device/vbd/51712'
        if domid not in host.world.handles:
            host.world.create(domid)
        host.do('MKDIR', home)
        host.do('SET_PERMS', home, 'n0', f'r{domid}')
        for path, value, perms in (
                (UUID.decode(), '', ('n0', f'r{domid}')),
                (f'{UUID.decode()}/uuid', UUID[4:], ()),
                (f'/libxl/{domid}', '', ('n0',)),
                (f'/libxl/{domid}/type', 'pvh', ()),
                (f'{home}/vm', UUID, ()),
                (f'{home}/name', 'guest', ()),
                (f'{home}/store/port', str(PORT), ()),
                (f'{home}/control', '', ('n0', f'r{domid}')),
                (f'{home}/control/shutdown', '', (f'n{domid}',)),
                (f'{home}/data', '', (f'n{domid}',)),
                (f'{home}/device', '', ()),
                (front, '', (f'n{domid}', 'r0')),
                (f'{front}/backend', back, ()),
                (f'{front}/state', '4', ()),
                (back, '', ('n0', f'r{domid}')),
                (f'{back}/frontend', front, ()),
                (f'{back}/physical-device', '7:0', ()),
                (f'{back}/state', '4', ())):
            host.do('WRITE', path, value)
            if perms:
                host.do('SET_PERMS', path, *perms)
        host.introduce(domid)
        return host.guest(domid)

    def move(self, blob, *supplies, domid=DOMID):
        """Memory goes over, the blob goes in, the domain goes on."""
        self.b.world.create(domid)
        self.b.world.handles[domid] = self.a.world.handles[domid]
        self.b.world.set_state(domid, 'running')
        shutil.copyfile(f'{self.a.world.path}/ring-{domid}',
                        f'{self.b.world.path}/ring-{domid}')
        text = self.b.load(blob, *supplies)
        want('verdict', text.splitlines()[-1], 'ok')
        self.b.introduce(domid)
        return self.b.guest(domid)


def say(guest, op, *args, tx=0):
    """A request of a guest's and its answer."""
    args = [a.encode() if isinstance(a, str) else a for a in args]
    guest.request(wire.NUMBER[op], wire.arguments(op, args), tx)
    msg = guest.reply()
    if not msg:
        raise Mismatch(f'a reply to {op} for {guest.name}', guest.missing())
    return msg.payload.rstrip(b'\0').decode('latin-1')


def event(guest):
    msg = guest.event()
    if not msg:
        raise Mismatch(f'an event for {guest.name}', guest.missing())
    return tuple(p.decode() for p in msg.payload.split(b'\0')[:-1])


def quiet(guest):
    guest.ping()
    for msg in guest.inbox:
        raise Mismatch(f'nothing for {guest.name}', wire.describe(msg))
    guest.inbox.clear()

