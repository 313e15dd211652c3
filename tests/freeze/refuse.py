# SPDX-License-Identifier: GPL-2.0-only
"""What stands in the way of an import, and that it then changes nothing."""
from hosts import DOMID, say, test, want
from move import xsdump

HOME = f'/local/domain/{DOMID}'


def blob_of(pair):
    guest = pair.boot()
    say(guest, 'WRITE', 'data/x', '1')
    say(guest, 'WATCH', 'data', 'w')
    pair.a.control('quiesce', str(DOMID))
    return pair.a.export(DOMID)


def refused(host, blob, what):
    """Both the check and the import say so, and nothing has changed."""
    before = host.tree()
    domains = host.control('domains')
    for text in (host.check(blob), host.load(blob)):
        lines = text.splitlines()
        want('verdict', lines[-1].split()[0], 'failed')
        if not any(f'what={what}' in line for line in lines):
            want('reason', text, f'what={what}')
    want('tree', host.tree(), before)
    want('domains', host.control('domains'), domains)


@test
def no_such_domain(pair):
    refused(pair.b, blob_of(pair), 'no-such-domain')


@test
def domid_in_use(pair):
    blob = blob_of(pair)
    pair.boot(pair.b)
    refused(pair.b, blob, 'domid-in-use')


@test
def another_domain_there(pair):
    blob = blob_of(pair)
    pair.b.world.create(DOMID)
    pair.b.do('WRITE', f'{HOME}/vm', '/vm/other')
    refused(pair.b, blob, 'another-domain')


@test
def owner_unknown(pair):
    guest = pair.boot()
    say(guest, 'WRITE', 'data/x', '1')
    pair.a.world.create(12)
    pair.a.do('WRITE', f'{HOME}/odd', '1')
    pair.a.do('SET_PERMS', f'{HOME}/odd', 'n12')
    pair.a.control('quiesce', str(DOMID))
    blob = pair.a.export(DOMID)
    pair.b.world.create(DOMID)
    refused(pair.b, blob, 'unknown-owner')


@test
def quota_exceeded(pair):
    pair.a.world.create(DOMID)
    pair.a.do('SET_QUOTA', str(DOMID), 'nodes', '4')
    guest = pair.boot()
    for i in range(20):
        pair.a.do('WRITE', f'{HOME}/data/{i}', '1')
        pair.a.do('SET_PERMS', f'{HOME}/data/{i}', f'n{DOMID}')
    say(guest, 'READ', 'name')
    pair.a.control('quiesce', str(DOMID))
    blob = pair.a.export(DOMID)
    pair.b.world.create(DOMID)
    refused(pair.b, blob, 'quota')


@test
def damaged_blobs(pair):
    blob = blob_of(pair)
    pair.b.world.create(DOMID)
    for cut in (0, 1, 8, 15, 16, 40, len(blob) // 2, len(blob) - 1):
        if cut:
            refused(pair.b, blob[:cut], 'blob')
    for at in range(0, len(blob), max(1, len(blob) // 60)):
        damaged = bytearray(blob)
        damaged[at] ^= 0x41
        refused(pair.b, bytes(damaged), 'blob')


@test
def what_is_not_supplied_is_said(pair):
    blob = blob_of(pair)
    pair.b.world.create(DOMID)
    text = pair.b.check(blob)
    want('verdict', text.splitlines()[-1], 'ok')
    want('note', 'note what=not-supplied path=/local/domain/0/backend/vbd/'
         f'{DOMID}/51712/physical-device' in text, True)


@test
def wrong_use_of_the_commands(pair):
    a = pair.a
    pair.boot()
    a.fails('ENOENT', 'CONTROL', 'quiesce', '99')
    a.fails('EINVAL', 'CONTROL', 'quiesce', 'x')
    a.fails('ENOENT', 'CONTROL', 'quiesce', '0')
    a.fails('ENOENT', 'CONTROL', 'resume', '99')
    a.fails('ENOENT', 'CONTROL', 'export', 'begin', '99')
    a.fails('ENOENT', 'CONTROL', 'export', 'read', '0')
    a.fails('EINVAL', 'CONTROL', 'import', 'begin', '0')
    a.fails('EINVAL', 'CONTROL', 'import', 'begin', '99999999999')
    a.fails('ENOENT', 'CONTROL', 'import', 'write', '0', 'AAAA')
    a.control('import', 'begin', '6')
    a.fails('EINVAL', 'CONTROL', 'import', 'write', '3', 'AAAA')
    a.fails('EINVAL', 'CONTROL', 'import', 'write', '0', 'AA*A')
    a.fails('E2BIG', 'CONTROL', 'import', 'write', '0', 'AAAAAAAAAAAA')
    a.control('import', 'write', '0', 'AAAA')
    a.fails('EINVAL', 'CONTROL', 'import', 'commit')
    want('other session', a.connect('S2') is not None, True)
    a.fails('ENOENT', 'CONTROL', 'import', 'check', client=a.clients[-1])


@test
def guests_may_not(pair):
    guest = pair.boot()
    want('guest', say(guest, 'CONTROL', 'export', 'begin', str(DOMID)),
         'EACCES')


@test
def a_dead_domains_thaw_goes_with_it(pair):
    blob = blob_of(pair)
    pair.b.world.create(DOMID)
    want('verdict', pair.b.load(blob).splitlines()[-1], 'ok')
    pair.b.world.set_state(DOMID, 'gone')
    pair.b.world.virq()
    pair.b.world.create(DOMID)
    pair.b.introduce(DOMID)
    want('watches', pair.b.control('domain-watches', 'list', str(DOMID)), '')


@test
def not_its_place(pair):
    """What a domain owns elsewhere comes only where it could have put it."""
    pair.boot()
    pair.a.do('WRITE', '/elsewhere/deep', '1')
    pair.a.do('SET_PERMS', '/elsewhere/deep', f'n{DOMID}')
    pair.a.do('WRITE', '/elsewhere/deep/below', '2')
    pair.a.control('quiesce', str(DOMID))
    blob = pair.a.export(DOMID)
    pair.b.world.create(DOMID)
    refused(pair.b, blob, 'not-its-place')
    pair.b.do('MKDIR', '/elsewhere')
    refused(pair.b, blob, 'not-its-place')
    pair.b.do('SET_PERMS', '/elsewhere', 'n0', f'w{DOMID}')
    want('verdict', pair.b.load(blob).splitlines()[-1], 'ok')
    want('below', pair.b.do('READ', '/elsewhere/deep/below'), b'2')


@test
def nodes_of_others(pair):
    """A stream made by hand, with a node of dom0's in another's home."""
    guest = pair.boot()
    pair.a.do('WRITE', '/mine/x', 'evil')
    pair.a.do('SET_PERMS', '/mine/x', f'n{DOMID}')
    say(guest, 'READ', 'name')
    pair.a.control('quiesce', str(DOMID))
    blob = f'{pair.a.base}/blob'
    xsdump(pair.a, 'capture', str(DOMID), '-o', blob)
    text = xsdump(pair.a, 'json', blob).replace('"/mine/x"', '"/tool/x"')
    with open(f'{blob}.json', 'w', encoding='ascii') as handle:
        handle.write(text)
    xsdump(pair.a, 'encode', f'{blob}.json', '-o', blob)
    pair.b.world.create(DOMID)
    with open(blob, 'rb') as handle:
        refused(pair.b, handle.read(), 'not-its-place')
