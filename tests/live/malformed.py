# SPDX-License-Identifier: GPL-2.0-only
"""States that must not be taken over: -U says why, fails, keeps the file."""

import os
import struct
import subprocess
import tempfile

from host import LiveDaemon, MEMORY, Failed, Host, World, expect

YES = 'xenstored: this state can be taken over'


def header(version=1, flags=0, magic=b'xenstore'):
    return magic + struct.pack('>I', version) + struct.pack('<I', flags)


def record(kind, body, length=None):
    body += b'\0' * (-len(body) % 8)
    return struct.pack('<II', kind, len(body) if length is None
                       else length) + body


def global_data(sock=10, evtchn=11):
    return record(1, struct.pack('<ii', sock, evtchn))


def ring(conn=1, domid=0, target=0x7ff4, port=1, data=b'', out=b'', left=0):
    return record(2, struct.pack('<IHHHHIHHI', conn, 0, 0, domid, target,
                                 port, len(data), left, len(out))
                  + data + out)


def sock(conn=2, fd=12, data=b'', out=b'', left=0):
    return record(2, struct.pack('<IHHiIHHI', conn, 1, 0, fd, 0, len(data),
                                 left, len(out)) + data + out)


def watch(conn=1, path=b'/a', token=b't'):
    return record(3, struct.pack('<IHH', conn, len(path) + 1, len(token) + 1)
                  + path + b'\0' + token + b'\0')


def node(path=b'/', value=b'', perms=((b'n', 0, 0),), tail=b'\0'):
    return record(5, struct.pack('<IIHHHH', 0, 0, len(path) + len(tail),
                                 len(value), 0, len(perms))
                  + b''.join(struct.pack('<cBH', *p) for p in perms)
                  + path + tail + value)


END = record(0, b'')
ROOT = node()
GOOD = header() + global_data() + ring() + ROOT + node(b'/a', b'v') + END


def whole(*records, version=1, flags=0):
    return header(version, flags) + b''.join(records) + END


BAD = {
    'empty': b'',
    'short-header': header()[:9],
    'magic': header(magic=b'xenst0re') + GOOD[16:],
    'version-0': header(0) + GOOD[16:],
    'version-3': header(3) + GOOD[16:],
    'flags': header(flags=7) + GOOD[16:],
    'wrong-endian': header(flags=1 << 24) + GOOD[16:],
    'no-end': GOOD[:-8],
    'truncated': GOOD[:-20],
    'cut-record': GOOD[:60],
    'length-beyond': header() + record(1, b'\0' * 8, 1 << 30),
    'length-odd': header() + struct.pack('<II', 1, 9) + b'\0' * 9 + END,
    'no-global': whole(ring(), ROOT),
    'no-records': whole(),
    'global-twice': whole(global_data(), global_data(), ring(), ROOT),
    'same-fd-twice': whole(global_data(10, 10), ring(), ROOT),
    'conn-id-0': whole(global_data(), ring(0), ROOT),
    'conn-id-twice': whole(global_data(), ring(), sock(1), ROOT),
    'ring-twice': whole(global_data(), ring(), ring(2), ROOT),
    'domid-reserved': whole(global_data(), ring(), ring(2, 0x7ff1), ROOT),
    'target-reserved': whole(global_data(), ring(), ring(2, 5, 0x7ff6),
                             ROOT),
    'socket-fd-negative': whole(global_data(), ring(), sock(2, -3), ROOT),
    'socket-fd-twice': whole(global_data(), ring(), sock(2), sock(3), ROOT),
    'socket-is-listener': whole(global_data(), ring(), sock(2, 10), ROOT),
    'conn-kind': whole(global_data(), record(
        2, struct.pack('<IHHHHIHHI', 1, 9, 0, 0, 0, 0, 0, 0, 0)), ROOT),
    'input-beyond': whole(global_data(), record(
        2, struct.pack('<IHHHHIHHI', 1, 0, 0, 0, 0x7ff4, 1, 5000, 0, 0)),
        ROOT),
    'output-beyond': whole(global_data(), record(
        2, struct.pack('<IHHHHIHHI', 1, 0, 0, 0, 0x7ff4, 1, 0, 0, 1 << 31)),
        ROOT),
    'output-ends-early': whole(global_data(), ring(out=b'x' * 10), ROOT),
    'rest-beyond-output': whole(global_data(), ring(out=b'x' * 10, left=30),
                                ROOT),
    'request-too-long': whole(global_data(), ring(
        data=struct.pack('<IIII', 2, 0, 0, 5000)), ROOT),
    'watch-of-nobody': whole(global_data(), ring(), watch(7), ROOT),
    'watch-twice': whole(global_data(), ring(), watch(), watch(), ROOT),
    'watch-path': whole(global_data(), ring(), watch(path=b'/a b'), ROOT),
    'watch-no-nul': whole(global_data(), ring(), record(
        3, struct.pack('<IHH', 1, 2, 2) + b'/ab/'), ROOT),
    'node-path': whole(global_data(), ring(), ROOT, node(b'/a//b')),
    'node-relative': whole(global_data(), ring(), ROOT, node(b'a')),
    'node-empty-path': whole(global_data(), ring(), ROOT, node(b'')),
    'node-no-nul': whole(global_data(), ring(), ROOT, node(b'/a', tail=b'')),
    'node-twice': whole(global_data(), ring(), ROOT, node(b'/a'),
                        node(b'/a')),
    'node-no-parent': whole(global_data(), ring(), ROOT, node(b'/a/b')),
    'node-before-parent': whole(global_data(), ring(), ROOT, node(b'/a/b'),
                                node(b'/a')),
    'node-no-perms': whole(global_data(), ring(), ROOT,
                           node(b'/a', perms=())),
    'node-perm-letter': whole(global_data(), ring(), ROOT,
                              node(b'/a', perms=((b'x', 0, 0),))),
    'node-perm-domid': whole(global_data(), ring(), ROOT,
                             node(b'/a', perms=((b'n', 0, 0x7ff1),))),
    'node-value-beyond': whole(global_data(), ring(), ROOT, record(
        5, struct.pack('<IIHHHH', 0, 0, 3, 9999, 0, 1) + b'n\0\0\0/a\0')),
    'ocaml-nothing': b'$xenstored-dump-format\n',
    'ocaml-field': b'$xenstored-dump-format\nglobal,x\n',
    'ocaml-hex': b'$xenstored-dump-format\nglobal,10\nevtchn-dev,11,2\n'
                 b'store,2g,n0,\n',
    'text': b'hello\n' * 100,
}


class Place:
    """A run directory and a Xen, but no daemon yet."""

    def __init__(self, ctx):
        self.ctx = ctx
        self.dir = tempfile.TemporaryDirectory(prefix='live-', dir=MEMORY)
        self.world = World(f'{self.dir.name}/world')
        self.daemon = LiveDaemon('ours', ctx.binaries['ours'], ctx.shim,
                                 ctx.peers, self.dir.name, lambda text: None)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.world.close()
        self.dir.cleanup()

    def try_with(self, *options):
        """Exit status and what is said."""
        env = self.daemon.environment(self.world)
        env['LD_PRELOAD'] = self.ctx.shim
        run = subprocess.run([self.ctx.binaries['ours'], '-N', *options],
                             env=env, capture_output=True, timeout=20,
                             check=False)
        return run.returncode, (run.stdout + run.stderr).decode('latin-1')


def refuse(ctx, data):
    with Place(ctx) as place:
        path = f'{place.daemon.run}/state_dump'
        with open(path, 'wb') as handle:
            handle.write(data)
        code, said = place.try_with('--check-state', path)
        expect(code, 1, f'--check-state: {said}')
        if YES in said or path not in said:
            raise Failed(f'--check-state: {said}')
        expect(os.listdir(place.daemon.run), ['state_dump'], 'directory')
        code, said = place.try_with('-U')
        expect(code, 1, f'-U: {said}')
        if 'xenstored: ' not in said or path not in said:
            raise Failed(f'-U: {said}')
        for word in ('Sanitizer', 'runtime error', 'dumped'):
            if word in said:
                raise Failed(f'-U: {said}')
        with open(path, 'rb') as handle:
            expect(handle.read(), data, 'state file')


def make(data):
    def case(ctx):
        refuse(ctx, data)
    return case


def good(ctx):
    """The good one of all these is good, if not for -U: no fd is open."""
    with Place(ctx) as place:
        path = f'{place.daemon.run}/state'
        with open(path, 'wb') as handle:
            handle.write(GOOD)
        code, said = place.try_with('--check-state', path)
        expect(code, 0, said)
        if YES not in said:
            raise Failed(said)


def no_file(ctx):
    with Place(ctx) as place:
        for options in (['-U'], ['--check-state', '/nowhere/x'],
                        ['--check-state', place.daemon.run]):
            code, said = place.try_with(*options)
            expect(code, 1, said)
            if 'xenstored: ' not in said:
                raise Failed(said)


def fds_not_open(ctx):
    """The descriptors that the state names are not there."""
    refuse_only_u(ctx, GOOD)


def refuse_only_u(ctx, data):
    with Place(ctx) as place:
        path = f'{place.daemon.run}/state_dump'
        with open(path, 'wb') as handle:
            handle.write(data)
        code, said = place.try_with('-U')
        expect(code, 1, said)
        if path not in said:
            raise Failed(said)
        expect(os.path.exists(path), True, 'state file')


def prefixes(ctx):
    """What our own daemon writes, cut anywhere or with a bit turned over."""
    with Host(ctx) as host:
        copy = f'{host.base}/copy'
        new = f'{host.base}/new'
        with open(new, 'w', encoding='ascii') as handle:
            handle.write('#!/bin/sh\nfor f; do :; done\n'
                         f'[ -s "$f" ] && cp "$f" {copy}\nexit 1\n')
        os.chmod(new, 0o755)
        host.guest(1)
        host.check('D1', 'WATCH a b', 'OK')
        tx = host.begin('S1')
        host.check('S1', 'WRITE /x y', 'OK', tx)
        host.control(new, '-t', '5')
        with open(copy, 'rb') as handle:
            data = handle.read()
    with Place(ctx) as place:
        path = f'{place.dir.name}/cut'

        def verdict(bytes_):
            with open(path, 'wb') as handle:
                handle.write(bytes_)
            return place.try_with('--check-state', path)

        code, said = verdict(data)
        expect(code, 0, said)
        for i in range(0, len(data) - 1, max(1, len(data) // 250)):
            code, said = verdict(data[:i])
            expect(code, 1, f'the first {i} bytes: {said}')
            turned = bytearray(data)
            turned[i] ^= 0x10
            code, said = verdict(bytes(turned))
            expect(code, 1, f'byte {i} changed: {said}')


def cases():
    return [(f'malformed/{name}', make(data)) for name, data in BAD.items()
            ] + [('malformed/good', good), ('malformed/no-file', no_file),
                 ('malformed/fds-not-open', fds_not_open),
                 ('malformed/prefixes', prefixes)]
