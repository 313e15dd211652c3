# SPDX-License-Identifier: GPL-2.0-only
"""What a guest must not notice when its state moves."""
import os
import subprocess

from xst import wire

from hosts import DOMID, PORT, event, quiet, say, test, want

HOME = f'/local/domain/{DOMID}'
BACK = f'/local/domain/0/backend/vbd/{DOMID}/51712'


@test
def nodes_and_permissions(pair):
    guest = pair.boot()
    want('write', say(guest, 'WRITE', 'data/x', 'value'), 'OK')
    want('perms', say(guest, 'SET_PERMS', 'data/x', f'b{DOMID}', 'r0'), 'OK')
    before = pair.a.tree(HOME)
    backend = pair.a.tree(BACK)
    pair.a.control('quiesce', str(DOMID))
    moved = pair.move(pair.a.export(DOMID), (f'{BACK}/physical-device', '8:1'),
                      (f'{HOME}/store/port', '23'))
    want('home', pair.b.tree(HOME), before)
    backend[f'{BACK}/physical-device'] = (b'8:1',) + \
        backend[f'{BACK}/physical-device'][1:]
    got = pair.b.tree(BACK)
    want('backend', {k: v[:2] for k, v in got.items()},
         {k: v[:2] for k, v in backend.items()})
    want('read', say(moved, 'READ', 'data/x'), 'value')


@test
def a_backend_made_beforehand_stays(pair):
    """It is the destination's whole; the front-end's nodes are the guest's."""
    pair.boot()
    front = f'{HOME}/device/vbd/51712'
    before = pair.a.tree(front)
    pair.a.control('quiesce', str(DOMID))
    blob = pair.a.export(DOMID)
    for path, value in ((f'{BACK}/state', '2'), (f'{BACK}/own', 'x'),
                        (f'{front}/state', '1'), (f'{front}/extra', '1')):
        pair.b.do('WRITE', path, value)
    backend = pair.b.tree(BACK)
    pair.move(blob)
    want('backend', pair.b.tree(BACK), backend)
    want('frontend', {k: v[:2] for k, v in pair.b.tree(front).items()},
         {k: v[:2] for k, v in before.items()})


@test
def watches_do_not_fire_for_moving(pair):
    guest = pair.boot()
    for token in ('t1', 't2'):
        say(guest, 'WATCH', 'data', token)
        want('first', event(guest), ('data', token))
    say(guest, 'WATCH', f'{HOME}/control', 'abs', '1')
    event(guest)
    pair.a.control('quiesce', str(DOMID))
    moved = pair.move(pair.a.export(DOMID))
    quiet(moved)
    pair.b.do('WRITE', f'{HOME}/data/new', '1')
    want('events', sorted([event(moved), event(moved)]),
         [('data/new', 't1'), ('data/new', 't2')])
    pair.b.do('WRITE', f'{HOME}/control/a', '1')
    want('depth', event(moved), (f'{HOME}/control/a', 'abs'))
    pair.b.do('WRITE', f'{HOME}/control/a/b', '1')
    quiet(moved)
    want('again', say(moved, 'WATCH', 'data', 't1'), 'EEXIST')


@test
def backends_find_the_domain_complete(pair):
    pair.boot()
    pair.a.control('quiesce', str(DOMID))
    blob = pair.a.export(DOMID)
    pair.b.do('MKDIR', '/local/domain/0/backend/vbd')
    watcher = pair.b.connect('W')
    pair.b.do('WATCH', '/local/domain/0/backend', 'b', client=watcher)
    event(watcher)
    pair.move(blob)
    paths = []
    watcher.ping()
    while watcher.inbox:
        paths.append(event(watcher)[0])
    want('backend node told', f'{BACK}/state' in paths, True)
    want('introduced', pair.b.do('IS_DOMAIN_INTRODUCED', str(DOMID)), b'T\0')


@test
def half_a_request_is_completed(pair):
    guest = pair.boot()
    message = wire.pack(wire.NUMBER['WRITE'], 99, 0, b'data/half\0whole')
    for cut in (1, 15, 16, 17, len(message) - 1):
        guest.transmit(message[:cut])
        pair.a.client.ping()
        pair.a.control('quiesce', str(DOMID))
        blob = pair.a.export(DOMID)
        moved = pair.move(blob) if cut == 17 else None
        if not moved:
            pair.a.control('resume', str(DOMID))
            guest.transmit(message[cut:])
            want('reply', guest.reply().payload, b'OK\0')
            continue
        moved.transmit(message[cut:])
        msg = moved.reply()
        want('reply', (msg.req, msg.payload), (99, b'OK\0'))
        want('value', pair.b.do('READ', f'{HOME}/data/half'), b'whole')
        break


@test
def half_a_reply_is_completed(pair):
    guest = pair.boot()
    say(guest, 'WRITE', 'data/big', b'v' * 900)
    for _ in range(3):
        guest.request(wire.NUMBER['READ'], b'data/big\0')
    pair.a.client.ping()
    # One whole reply and a part of the second fit into the ring.
    pair.a.control('quiesce', str(DOMID))
    moved = pair.move(pair.a.export(DOMID))
    for req in guest.outstanding:
        moved.outstanding.append(req)
    moved.next_req = guest.next_req
    for _ in range(3):
        want('value', moved.reply().payload, b'v' * 900)
    quiet(moved)


@test
def requests_in_the_ring_go_along(pair):
    guest = pair.boot()
    pair.a.control('quiesce', str(DOMID))
    blob = pair.a.export(DOMID)
    guest.request(wire.NUMBER['WRITE'], b'data/late\0' + b'1', req=5)
    pair.a.client.ping()
    pair.a.fails('ENOENT', 'READ', f'{HOME}/data/late')
    moved = pair.move(blob)
    want('reply', moved.take(lambda m: m.req == 5).payload, b'OK\0')
    want('value', pair.b.do('READ', f'{HOME}/data/late'), b'1')


@test
def unread_events_arrive_once(pair):
    guest = pair.boot()
    say(guest, 'WATCH', 'data', 'w')
    event(guest)
    guest.deaf = True
    for i in range(40):
        pair.a.do('WRITE', f'{HOME}/data/{"x" * 60}{i}', '1')
    pair.a.control('quiesce', str(DOMID))
    moved = pair.move(pair.a.export(DOMID))
    want('events', [event(moved)[0] for _ in range(40)],
         [f'data/{"x" * 60}{i}' for i in range(40)])
    quiet(moved)


@test
def a_transaction_goes_on(pair):
    guest = pair.boot()
    say(guest, 'WRITE', 'data/n', '1')
    tx = int(say(guest, 'TRANSACTION_START'))
    want('read', say(guest, 'READ', 'data/n', tx=tx), '1')
    want('write', say(guest, 'WRITE', 'data/n', '2', tx=tx), 'OK')
    pair.a.control('quiesce', str(DOMID))
    moved = pair.move(pair.a.export(DOMID))
    want('inside', say(moved, 'READ', 'data/n', tx=tx), '2')
    want('outside', say(moved, 'READ', 'data/n'), '1')
    want('end', say(moved, 'TRANSACTION_END', 'T', tx=tx), 'OK')
    want('after', say(moved, 'READ', 'data/n'), '2')
    want('next id', int(say(moved, 'TRANSACTION_START')), tx + 1)


@test
def a_conflict_stays_one(pair):
    guest = pair.boot()
    say(guest, 'WRITE', 'data/n', '1')
    tx = int(say(guest, 'TRANSACTION_START'))
    say(guest, 'READ', 'data/n', tx=tx)
    say(guest, 'WRITE', 'data/m', 'x', tx=tx)
    pair.a.do('WRITE', f'{HOME}/data/n', 'other')
    pair.a.control('quiesce', str(DOMID))
    moved = pair.move(pair.a.export(DOMID))
    want('end', say(moved, 'TRANSACTION_END', 'T', tx=tx), 'EAGAIN')
    want('nothing done', say(moved, 'READ', 'data/m'), 'ENOENT')


@test
def a_cancelled_move_loses_nothing(pair):
    guest = pair.boot()
    say(guest, 'WATCH', 'data', 'w')
    event(guest)
    want('quiesce', pair.a.control('quiesce', str(DOMID)), 'OK')
    pair.a.export(DOMID)
    guest.request(wire.NUMBER['READ'], b'name\0')
    pair.a.do('WRITE', f'{HOME}/data/x', '1')
    pair.a.client.ping()
    want('silence', guest.peek('rsp_prod'), guest.peek('rsp_cons'))
    want('resume', pair.a.control('resume', str(DOMID)), 'OK')
    want('reply', guest.reply().payload, b'guest')
    want('event', event(guest), ('data/x', 'w'))
    quiet(guest)


@test
def freeze_and_thaw_on_the_same_host(pair):
    guest = pair.boot()
    say(guest, 'WATCH', 'data', 'w')
    event(guest)
    say(guest, 'WRITE', 'data/x', '1')
    event(guest)
    before = pair.a.tree(HOME)
    guest.transmit(wire.pack(wire.NUMBER['READ'], 9, 0, b'name\0')[:20])
    pair.a.client.ping()
    pair.a.control('quiesce', str(DOMID))
    blob = pair.a.export(DOMID)
    pair.a.do('WRITE', f'{HOME}/data/x', 'changed')
    pair.a.do('WRITE', f'{HOME}/data/added', '1')
    want('verdict', pair.a.load(blob).splitlines()[-1], 'ok')
    want('tree', pair.a.tree(HOME), before)
    want('resume', pair.a.control('resume', str(DOMID)), 'OK')
    quiet_before = guest.inbox[:]
    want('no event', quiet_before, [])
    guest.transmit(wire.pack(wire.NUMBER['READ'], 9, 0, b'name\0')[20:])
    want('reply', guest.take(lambda m: m.req == 9).payload, b'guest')
    pair.a.do('WRITE', f'{HOME}/data/y', '1')
    want('event', event(guest), ('data/y', 'w'))


@test
def quotas_and_features_go_along(pair):
    pair.a.world.create(DOMID)
    pair.a.do('SET_FEATURE', str(DOMID), '6')
    pair.a.do('SET_QUOTA', str(DOMID), 'watches', '3')
    guest = pair.boot()
    for i in range(3):
        say(guest, 'WATCH', 'data', str(i))
        event(guest)
    pair.a.control('quiesce', str(DOMID))
    moved = pair.move(pair.a.export(DOMID))
    want('features', pair.b.do('GET_FEATURE', str(DOMID)), b'6\0')
    want('quota', pair.b.do('GET_QUOTA', str(DOMID), 'watches'), b'3\0')
    want('full', say(moved, 'WATCH', 'data', 'z'), 'E2BIG')


@test
def the_move_back_gives_the_same_blob(pair):
    guest = pair.boot()
    say(guest, 'WATCH', 'data', 'w')
    event(guest)
    tx = int(say(guest, 'TRANSACTION_START'))
    say(guest, 'WRITE', 'data/t', '1', tx=tx)
    say(guest, 'DIRECTORY', 'device', tx=tx)
    pair.a.control('quiesce', str(DOMID))
    blob = pair.a.export(DOMID)
    pair.move(blob, (f'{HOME}/store/port', str(PORT)),
              (f'{BACK}/physical-device', '7:0'))
    pair.b.control('quiesce', str(DOMID))
    again = pair.b.export(DOMID)
    pair.b.control('resume', str(DOMID))
    want('length', len(again), len(blob))


@test
def watches_on_a_domains_behalf(pair):
    guest = pair.boot()
    say(guest, 'WATCH', 'data', 'own')
    event(guest)
    want('add', pair.a.control('domain-watches', 'add', str(DOMID),
                               'control', 'dG9r', '2'), 'OK')
    want('first event', event(guest), ('control', 'tok'))
    want('list', pair.a.control('domain-watches', 'list', str(DOMID)),
         '-1 data b3du\n2 control dG9r\n')
    pair.a.fails('EEXIST', 'CONTROL', 'domain-watches', 'add', str(DOMID),
                 'control', 'dG9r')
    pair.a.fails('ENOENT', 'CONTROL', 'domain-watches', 'list', '99')


@test
def quiescing_amid_other_requests(pair):
    """The one who asks has more on the way, the domain half a request."""
    guest = pair.boot()
    message = wire.pack(wire.NUMBER['WRITE'], 7, 0, b'data/x\0' + b'v' * 300)
    guest.transmit(message[:200])
    pair.a.client.ping()
    client = pair.a.connect('P')
    client.transmit(
        wire.pack(wire.NUMBER['CONTROL'], 1, 0, b'quiesce\0%d\0' % DOMID) +
        wire.pack(wire.NUMBER['WRITE'], 2, 0, b'/other\0' + b'o' * 500) +
        wire.pack(wire.NUMBER['READ'], 3, 0, b'/other\0'))
    for req, payload in ((1, b'OK\0'), (2, b'OK\0'), (3, b'o' * 500)):
        msg = client.take(lambda m: True)
        want('reply', (msg.req, msg.payload), (req, payload))
    pair.a.control('resume', str(DOMID))
    guest.transmit(message[200:])
    want('reply', guest.take(lambda m: m.req == 7).payload, b'OK\0')
    want('value', pair.a.do('READ', f'{HOME}/data/x'), b'v' * 300)


def xsdump(host, *args, code=0):
    """Runs xsdump against a host's daemon; what it printed."""
    build = os.path.dirname(os.path.dirname(host.daemon.shim))
    done = subprocess.run(
        [f'{build}/bin/xsdump', *args], capture_output=True, timeout=30,
        check=False, env=dict(os.environ, XENSTORED_PATH=host.daemon.socket))
    want(f'exit code of xsdump {args} ({done.stderr.decode()})',
         done.returncode, code)
    return done.stdout.decode()


@test
def with_xsdump(pair):
    """An operator's way: look, capture, check, inject, compare."""
    guest = pair.boot()
    say(guest, 'WRITE', 'data/x', 'value')
    blob = f'{pair.a.base}/blob'
    want('tree', 'x = "value"' in
         xsdump(pair.a, 'live', 'tree', str(DOMID)), True)
    pair.a.control('quiesce', str(DOMID))
    xsdump(pair.a, 'capture', str(DOMID), '-o', blob)
    xsdump(pair.a, 'verify', blob, '-u', 'domain')
    xsdump(pair.a, 'diff', blob, f'live:{DOMID}')
    text = xsdump(pair.b, 'inject', '--check', blob, code=1)
    want('reason', 'problem what=no-such-domain' in text, True)
    pair.b.world.create(DOMID)
    want('verdict', xsdump(pair.b, 'inject', blob,
                           f'{BACK}/physical-device=8:1').splitlines()[-1],
         'ok')
    pair.b.introduce(DOMID)
    want('supplied', pair.b.do('READ', f'{BACK}/physical-device'), b'8:1')
    xsdump(pair.b, 'capture', '99', code=2)
    xsdump(pair.b, 'inject', '/nowhere', code=2)


def watch_backend(pair, guest):
    """A front-end's watch on its back-end, whose state is 4."""
    pair.a.do('WRITE', f'{BACK}/state', '4')
    pair.a.do('SET_PERMS', f'{BACK}/state', 'n0', f'r{DOMID}')
    want('watch', say(guest, 'WATCH', f'{BACK}/state', 'be'), 'OK')
    event(guest)


@test
def a_backend_that_went_and_came_back_is_no_news(pair):
    guest = pair.boot()
    watch_backend(pair, guest)
    pair.a.control('quiesce', str(DOMID))
    for state in ('5', '1', '2', '4'):
        pair.a.do('WRITE', f'{BACK}/state', state)
    pair.a.control('resume', str(DOMID))
    quiet(guest)
    pair.a.do('WRITE', f'{BACK}/state', '4')
    want('afterwards', event(guest), (f'{BACK}/state', 'be'))


@test
def a_backend_that_changed_is_news(pair):
    guest = pair.boot()
    watch_backend(pair, guest)
    pair.a.do('WRITE', f'{BACK}/state', '4')    # queued before
    pair.a.control('quiesce', str(DOMID))
    pair.a.do('WRITE', f'{BACK}/state', '5')
    pair.a.control('resume', str(DOMID))
    want('changed', event(guest), (f'{BACK}/state', 'be'))
    pair.a.control('quiesce', str(DOMID))
    pair.a.do('SET_PERMS', f'{BACK}/state', 'n0')
    pair.a.control('resume', str(DOMID))
    want('permissions', event(guest), (f'{BACK}/state', 'be'))


@test
def other_nodes_are_news_even_if_they_are_as_they_were(pair):
    guest = pair.boot()
    pair.a.do('WRITE', f'{HOME}/control/sysrq', 'h')
    say(guest, 'WATCH', 'control/sysrq', 't')
    event(guest)
    pair.a.control('quiesce', str(DOMID))
    pair.a.do('WRITE', f'{HOME}/control/sysrq', 'h')
    pair.a.control('resume', str(DOMID))
    want('event', event(guest), ('control/sysrq', 't'))
