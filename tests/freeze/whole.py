# SPDX-License-Identifier: GPL-2.0-only
"""The whole store over CONTROL: what a live update would hand over."""
import json
import os
import shutil
import subprocess
import tempfile

from hosts import DOMID, PORT, TOP, UUID, event, quiet, say, test, want

HOME = f'/local/domain/{DOMID}'


def check_all(host, blob):
    host.send(blob)
    text = host.control('import', 'check', 'all')
    host.control('import', 'end')
    return text


@test
def everything_is_in_it(pair):
    """Nodes, a watch, a transaction, as xsdump reads them; nothing changes."""
    guest = pair.boot()
    want('write', say(guest, 'WRITE', 'data/x', 'value'), 'OK')
    want('watch', say(guest, 'WATCH', 'data', 'token'), 'OK')
    say(guest, 'TRANSACTION_START', '')
    before = pair.a.tree('/')
    blob = pair.a.export('all')
    want('tree', pair.a.tree('/'), before)
    build = os.environ.get('BUILD', str(TOP / 'build'))
    with tempfile.NamedTemporaryFile() as file:
        file.write(blob)
        file.flush()
        out = subprocess.run([f'{build}/bin/xsdump', 'json', file.name],
                             stdout=subprocess.PIPE, check=True).stdout
    said = json.loads(out)
    nodes = {n['path'] for n in said['nodes']}
    want('nodes', set(before) - nodes, set())
    want('watches', any(w.get('path', '').endswith('data')
                        for w in said['watches']), True)
    want('transactions', len(said['transactions']), 1)


@test
def another_store_would_take_it(pair):
    """It says so, changing nothing; and of damage it says where."""
    guest = pair.boot()
    want('write', say(guest, 'WRITE', 'data/x', 'value'), 'OK')
    blob = pair.a.export('all')
    before = pair.b.tree('/')
    want('check', check_all(pair.b, blob), 'ok')
    want('check at home', check_all(pair.a, blob), 'ok')
    damaged = bytearray(blob)
    damaged[len(blob) // 2] ^= 1
    text = check_all(pair.b, bytes(damaged))
    want('damaged', (text.startswith('problem '),
                     text.splitlines()[-1].startswith('failed')),
         (True, True))
    text = check_all(pair.b, blob[:len(blob) // 2])
    want('half of it', text.splitlines()[-1].startswith('failed'), True)
    want('tree', pair.b.tree('/'), before)
    pair.a.fails('EINVAL', 'CONTROL', 'import', 'check', 'some')
    pair.a.fails('EINVAL', 'CONTROL', 'export', 'begin', 'al')


@test
def who_is_being_moved_is_not_left_out(pair):
    """Neither the one that leaves nor the one that comes: it is to be waited
    for, as a live update would."""
    pair.boot()
    pair.a.control('quiesce', str(DOMID))
    pair.a.fails('EBUSY', 'CONTROL', 'export', 'begin', 'all')
    blob = pair.a.export(DOMID)
    pair.b.world.create(DOMID)
    want('import', pair.b.load(blob).splitlines()[-1], 'ok')
    pair.b.fails('EBUSY', 'CONTROL', 'export', 'begin', 'all')
    pair.b.introduce(DOMID)
    pair.b.export('all')
    pair.a.control('resume', str(DOMID))
    pair.a.export('all')


# ---- Into a daemon that was started anew

OWN = '/tool/xenstored'
OTHER = DOMID + 1


def comes(pair, domid, handle=True):
    """Host B is host A from now on: the same domain, the same memory."""
    pair.b.world.create(domid)
    if handle:
        pair.b.world.handles[domid] = pair.a.world.handles[domid]
    pair.b.world.set_state(domid, 'running')
    shutil.copyfile(f'{pair.a.world.path}/ring-{domid}',
                    f'{pair.b.world.path}/ring-{domid}')


def commit_all(host, blob):
    host.send(blob)
    text = host.control('import', 'commit', 'all')
    host.control('import', 'end')
    return text.splitlines()


def of_the_store(host):
    return {path: node[:2] for path, node in host.tree('/').items()
            if not path.startswith(OWN) and path != '/tool'}


@test
def a_new_daemon_goes_on(pair):
    """Nodes, a watch, a transaction, half a request; who was not asked hears
    of it, and dom0's kernel, which knows nothing of it, hears as before."""
    guest = pair.boot()
    kernel = pair.a.guest(0)
    want('watch', say(kernel, 'WATCH', 'backend', 'of-kernel'), 'OK')
    event(kernel)
    want('watch', say(guest, 'WATCH', 'data', 'of-guest'), 'OK')
    event(guest)
    tx = int(say(guest, 'TRANSACTION_START', ''))
    want('write', say(guest, 'WRITE', 'data/x', 'new', tx=tx), 'OK')
    pair.a.do('SET_PERMS', '@releaseDomain', 'n0', f'r{DOMID}')
    blob = pair.a.export('all')
    before = of_the_store(pair.a)
    comes(pair, DOMID)
    watcher = pair.b.connect('W')
    pair.b.do('WATCH', '@introduceDomain', 'w', client=watcher)
    event(watcher)
    own = pair.b.do('DIRECTORY', '/tool')
    want('commit', commit_all(pair.b, blob),
         ['note what=clients-gone clients=1', 'ok'])
    want('tree', of_the_store(pair.b), before)
    want('its own', pair.b.do('DIRECTORY', '/tool'), own)
    want('permissions of a name', pair.b.do('GET_PERMS', '@releaseDomain'),
         pair.a.do('GET_PERMS', '@releaseDomain'))
    want('introduced', event(watcher)[0], '@introduceDomain')
    guest = pair.b.guest(DOMID)
    quiet(guest)
    want('commit', say(guest, 'TRANSACTION_END', 'T', tx=tx), 'OK')
    want('its watch', event(guest), ('data/x', 'of-guest'))
    kernel = pair.b.guest(0)
    back = f'backend/vbd/{DOMID}/51712/state'
    pair.b.do('WRITE', f'/local/domain/0/{back}', '5')
    want("the kernel's watch", event(kernel), (back, 'of-kernel'))
    pair.b.world.set_state(DOMID, 'dying')
    pair.b.world.virq()
    want('its nodes', DOMID in [int(n) for n in pair.b.do(
        'DIRECTORY', '/local/domain').split(b'\0')[:-1]], True)
    pair.b.fails('ENOENT', 'READ', f'{HOME}/data/x')


@test
def only_into_an_empty_one(pair):
    """Whoever is known here would lose what is his."""
    pair.boot()
    blob = pair.a.export('all')
    pair.boot(pair.b, OTHER)
    before = pair.b.tree('/')
    comes(pair, DOMID)
    said = commit_all(pair.b, blob)
    want('commit', (said[0], said[-1]),
         (f'problem what=not-empty domid={OTHER}', 'failed'))
    want('commit at home', commit_all(pair.a, blob)[0],
         f'problem what=not-empty domid={DOMID}')
    damaged = blob[:len(blob) // 2]
    want('half', commit_all(pair.a, damaged)[-1], 'failed')
    want('tree', pair.b.tree('/'), before)


@test
def a_ring_that_cannot_be_had(pair):
    """Nothing comes then, and nothing stays; without its reason it does."""
    guest = pair.boot()
    pair.boot(domid=OTHER)
    want('write', say(guest, 'WRITE', 'data/x', 'value'), 'OK')
    blob = pair.a.export('all')
    comes(pair, DOMID)
    comes(pair, OTHER)
    ring = f'{pair.b.world.path}/ring-{OTHER}'
    os.rename(ring, ring + '.away')
    before = pair.b.tree('/')
    said = commit_all(pair.b, blob)
    want('commit', (said[-2].split(' error=')[0], said[-1]),
         (f'problem what=ring domid={OTHER}', 'failed'))
    want('tree', pair.b.tree('/'), before)
    want('domains', pair.b.control('domains').count('domid='), 1)
    want('rings', pair.b.world.mapped(), [0])
    os.rename(ring + '.away', ring)
    want('commit', commit_all(pair.b, blob)[-1], 'ok')
    want('read', say(pair.b.guest(DOMID), 'READ', 'data/x'), 'value')
    pair.b.guest(OTHER).ping()


@test
def who_is_gone_does_not_come(pair):
    """Neither it nor what is its; and its number's next bearer gets nothing."""
    guest = pair.boot()
    pair.boot(domid=OTHER)
    want('write', say(guest, 'WRITE', 'data/x', 'value'), 'OK')
    pair.a.do('WRITE', '/shared', 'by all')
    pair.a.do('SET_PERMS', '/shared', 'n0', f'r{DOMID}', f'r{OTHER}')
    blob = pair.a.export('all')
    comes(pair, DOMID, handle=False)
    comes(pair, OTHER)
    said = commit_all(pair.b, blob)
    want('commit', (said[0], said[-1]),
         (f'note what=domain-gone domid={DOMID}', 'ok'))
    for path in (HOME, f'/libxl/{DOMID}',
                 f'/local/domain/0/backend/vbd/{DOMID}'):
        pair.b.fails('ENOENT', 'DIRECTORY', path)
    want('/vm', pair.b.do('READ', UUID.decode() + '/uuid'), UUID[4:])
    want('known', f'domid={DOMID} ' in pair.b.control('domains'), False)
    want('read', say(pair.b.guest(OTHER), 'READ', '/shared'), 'by all')
    pair.b.do('MKDIR', HOME)
    pair.b.introduce(DOMID, PORT + 1)
    want('next bearer', say(pair.b.guest(DOMID), 'READ', '/shared'), 'EACCES')
