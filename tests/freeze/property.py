# SPDX-License-Identifier: GPL-2.0-only
"""Export, import, export gives the identical blob, whatever was in it."""
import random
import struct

from hosts import DOMID, PORT, say, test, want

HOME = f'/local/domain/{DOMID}'
BACK = f'/local/domain/0/backend/vbd/{DOMID}/51712'
ROUNDS = 12
NAMES = 'abcdefgh'


XS_TRANSACTION = 0x78730004
XS_CHECKSUM = 0x78730006


def timeless(blob):
    """The blob without how old its transactions are."""
    out, at = blob[:16], 16
    while at + 8 <= len(blob):
        kind, size = struct.unpack_from('<II', blob, at)
        body = blob[at + 8:at + 8 + size]
        if kind == XS_TRANSACTION:
            body = body[:8] + bytes(8) + body[16:]
        if kind != XS_CHECKSUM:
            out += blob[at:at + 8] + body
        at += 8 + size
    return out


def random_path(rnd):
    return 'data/' + '/'.join(rnd.choice(NAMES)
                              for _ in range(rnd.randint(1, 4)))


def random_step(rnd, guest, open_txns):
    tx = rnd.choice([0] + open_txns)
    kind = rnd.randrange(9)
    path = random_path(rnd)
    if kind == 0 and len(open_txns) < 5:
        open_txns.append(int(say(guest, 'TRANSACTION_START')))
    elif kind == 1:
        say(guest, 'RM', path, tx=tx)
    elif kind == 2:
        say(guest, 'SET_PERMS', path, f'b{DOMID}',
            f'{rnd.choice("nrwb")}0', tx=tx)
    elif kind == 3:
        say(guest, 'WATCH', path, bytes(rnd.randrange(1, 256)
                                        for _ in range(rnd.randrange(12))),
            *([str(rnd.randrange(4))] if rnd.random() < .5 else []))
    elif kind == 4:
        say(guest, 'READ', path, tx=tx)
    elif kind == 5:
        say(guest, 'DIRECTORY', path, tx=tx)
    elif kind == 6:
        say(guest, 'GET_PERMS', path, tx=tx)
    else:
        say(guest, 'WRITE', path,
            bytes(rnd.randrange(256) for _ in range(rnd.randrange(40))), tx=tx)


@test
def export_import_export_is_the_same(pair):
    rnd = random.Random(20261123)
    guest = pair.boot()
    open_txns = []
    for number in range(ROUNDS):
        for _ in range(rnd.randint(5, 40)):
            random_step(rnd, guest, open_txns)
        for msg in list(guest.inbox):
            guest.inbox.remove(msg)
        pair.a.control('quiesce', str(DOMID))
        blob = pair.a.export(DOMID)
        first = timeless(blob)
        moved = pair.move(blob, (f'{HOME}/store/port', str(PORT)),
                          (f'{BACK}/physical-device', '7:0'))
        pair.b.control('quiesce', str(DOMID))
        again = timeless(pair.b.export(DOMID))
        if again != first:
            at = next((i for i, (x, y) in enumerate(zip(first, again))
                       if x != y), min(len(first), len(again)))
            want(f'round {number}: the blob, first different at {at:#x}',
                 again[at & ~15:][:64], first[at & ~15:][:64])
        moved.close()
        pair.b.clients.remove(moved)
        pair.b.do('RELEASE', str(DOMID))
        for path in (HOME, f'/libxl/{DOMID}', '/vm',
                     '/local/domain/0/backend'):
            pair.b.do('RM', path)
        pair.a.control('resume', str(DOMID))


