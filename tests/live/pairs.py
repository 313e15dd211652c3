# SPDX-License-Identifier: GPL-2.0-only
"""What has to survive an update, for every pair of daemons that can do it."""

import time

from host import Failed, Host, expect
from xst import wire

PAIRS = (('ours', 'ours'), ('c', 'ours'), ('ours', 'c'), ('ocaml', 'ours'))


def nodes(host, old, new):
    """Values with any bytes, permissions, special nodes, order."""
    del new
    host.guest(1, 2)
    client = host['S']
    value = bytes(range(256)) * 3
    client.request(wire.NUMBER['WRITE'], b'/bin\0' + value)
    expect(host.reply('S'), 'OK', 'WRITE')
    names = [f'k{i}' for i in (5, 1, 9, 3, 7)]
    for name in names:
        host.check('S', f'WRITE /local/domain/1/{name} {name}', 'OK')
    host.check('S', 'SET_PERMS /local/domain/1/k9 n1 r2 b0', 'OK')
    host.check('S', 'SET_PERMS @releaseDomain n0 r2', 'OK')
    host.check('S', 'MKDIR /empty', 'OK')
    before = sorted(host.ask('S', 'DIRECTORY /local/domain/1').split())
    yield
    client.request(wire.NUMBER['READ'], b'/bin\0')
    expect(client.reply().payload, value, 'value')
    expect(sorted(host.ask('S', 'DIRECTORY /local/domain/1').split()), before,
           'children')
    host.check('S', 'GET_PERMS /local/domain/1/k9', 'list n1 r2 b0')
    host.check('S', 'READ /empty', '""')
    host.check('D2', 'READ /local/domain/1/k9', '"k9"')
    host.check('D1', 'WRITE mine x', 'OK')
    host.check('D2', 'READ /local/domain/1/mine', 'EACCES')
    host.check('D2', 'WATCH @releaseDomain t', 'OK')
    expect(host.event('D2'), 'event @releaseDomain t', 'first event')
    host.world.set_state(1, 'gone')
    host.world.virq()
    if old != 'ocaml':  # it does not tell who may hear of that
        expect(host.event('D2'), 'event @releaseDomain t', 'release')
    host.check('S', 'READ /local/domain/1/k9', 'ENOENT')


def watches(host, old, new):
    """Order, relative and absolute, special; none fires for the update."""
    del old, new
    host.guest(1)
    for path, token in (('/a', 'one'), ('/a', 'two'), ('/', 'root'),
                        ('@introduceDomain', 'i')):
        host.check('S1', f'WATCH {path} {token}', 'OK')
    host.check('D1', 'WATCH data rel', 'OK')
    host.check('D1', 'WATCH /local/domain/1/data abs', 'OK')
    for _ in range(4):
        host.event('S1')
    for _ in range(2):
        host.event('D1')
    yield
    host.no_event('S1')
    host.no_event('D1')
    host.check('S', 'WRITE /a/b 1', 'OK')
    got = sorted(host.event('S1').split()[2] for _ in range(3))
    expect(got, ['one', 'root', 'two'], 'tokens')
    host.check('S', 'WRITE /local/domain/1/data 1', 'OK')
    got = sorted(host.event('D1') for _ in range(2))
    expect(got, ['event /local/domain/1/data abs', 'event data rel'],
           'events')
    expect(host.event('S1'), 'event /local/domain/1/data root', 'root')
    host.check('S1', 'UNWATCH /a one', 'OK')
    host.check('S1', 'UNWATCH /a one', 'ENOENT')
    host.world.create(7)
    host.check('S', 'INTRODUCE 7 1 17', 'OK')
    expect(host.event('S1'), 'event @introduceDomain i', 'introduce')


def partial_input(host, old, new):
    """Half a request on a socket and on a ring; the header cut as well."""
    if old == 'ocaml':
        yield 'skip'  # it waits for whole messages
        return
    del new
    host.guest(1, 2)
    request = wire.pack(wire.NUMBER['WRITE'], 7, 0, b'/local/domain/1/z\0v')
    for name, cut in (('S1', 20), ('D1', 25), ('S2', 5), ('D2', 9)):
        host[name].send(request[:cut])
    host['S'].ping()
    time.sleep(0.1)
    yield
    for name, cut in (('S1', 20), ('D1', 25), ('S2', 5), ('D2', 9)):
        host[name].outstanding.append((wire.NUMBER['WRITE'], 7, 0))
        host[name].send(request[cut:])
        want = 'EACCES' if name == 'D2' else 'OK'
        expect(host.reply(name), want, f'{name} WRITE in two parts')


def pending_output(host, old, new):
    """A full ring with a reply cut in two, and events nobody has read."""
    if old == 'ocaml':
        yield 'skip'
        return
    del new
    host.guest(1)
    ring, client = host['D1'], host['S']
    client.request(wire.NUMBER['WRITE'], b'/local/domain/1/big\0' + b'B' * 900)
    expect(host.reply('S'), 'OK', 'WRITE')
    host.check('S', 'SET_PERMS /local/domain/1/big n1', 'OK')
    host.check('D1', 'WATCH w t', 'OK')
    host.event('D1')
    ring.deaf = True
    for _ in range(3):
        host.send('D1', 'READ big')
    host.check('S', 'WRITE /local/domain/1/w 1', 'OK')
    time.sleep(0.2)
    yield
    ring.deaf = False
    for _ in range(3):
        msg = ring.reply()
        expect(msg and msg.payload, b'B' * 900, 'reply')
    expect(host.event('D1'), 'event w t', 'event')
    host.no_event('D1')
    host.check('D1', 'READ big', wire.quote(b'B' * 900))


def unread_events(host, old, new):
    """A socket whose client does not read: some in its buffer, some not."""
    if old == 'ocaml':
        yield 'skip'
        return
    del new
    host.check('S1', 'WATCH /e t', 'OK')
    host.event('S1')
    count = 300
    for i in range(count):
        host.check('S', f'WRITE /e/{"p" * 900}{i} v', 'OK')
    yield
    host['S1'].ping()
    got = []
    while len(got) < count:
        event = host['S1'].event(0.5)
        if not event:
            break
        got.append(event.payload)
    expect(len(got), count, 'events')
    expect(len(set(got)), count, 'different events')


def stale_perms(host, old, new):
    """A right of a domain that is gone is not its successor's."""
    del new
    host.guest(1, 2)
    host.check('S', 'WRITE /s v', 'OK')
    host.check('S', 'SET_PERMS /s n0 r2', 'OK')
    host.check('D2', 'READ /s', '"v"')
    host.world.set_state(2, 'gone')
    host.world.virq()
    host.check('S', 'WRITE /other 1', 'OK')
    if old == 'c':
        host.check('S', 'WRITE /s v', 'OK')
    yield
    host.clients.pop('D2').close()
    host.guest(2)
    if old == 'ocaml':
        return  # it does not mark them
    host.check('D2', 'READ /s', 'EACCES')


def target(host, old, new):
    """The domain that serves another one has its rights, too."""
    if old == 'ocaml':
        yield 'skip'  # its dump does not tell
        return
    del new
    host.guest(5, 6)
    host.check('S', 'SET_TARGET 6 5', 'OK')
    host.check('D6', 'WRITE /local/domain/5/t v', 'OK')
    yield
    host.check('D6', 'WRITE /local/domain/5/t w', 'OK')
    host.check('D5', 'WRITE /local/domain/6/t w', 'EACCES')


def parked(host, old, new):
    """Requests that wait behind others are answered once, in order."""
    if old == 'ocaml':
        yield 'skip'
        return
    del new
    host.guest(1)
    client = host['S1']
    for i in range(200):
        client.request(wire.NUMBER['WRITE'], b'/p%d\0v' % i)
    for i in range(40):
        host.send('D1', f'WRITE q{i} v')
    yield
    for i in range(200):
        expect(host.reply('S1'), 'OK', f'reply {i}')
    for i in range(40):
        expect(host.reply('D1'), 'OK', f'reply {i} of D1')


def died_meanwhile(host, old, new):
    """Whoever dies while nobody listens is found."""
    del old, new
    host.guest(1, 2)
    host.check('S', 'WATCH @releaseDomain r', 'OK')
    host.event('S')
    host.check('S', 'WRITE /local/domain/2/x 1', 'OK')
    host.world.set_state(2, 'gone')
    yield
    expect(host.event('S'), 'event @releaseDomain r', 'release')
    host.check('S', 'IS_DOMAIN_INTRODUCED 2', 'list F')
    host.check('S', 'READ /local/domain/2/x', 'ENOENT')
    host.no_event('S')
    expect(host.world.remote_port(2), None, 'port of the dead')


def ports(host, old, new):
    """Event channels stay bound, to the same ports; the VIRQ is heard."""
    del old, new
    host.guest(1, 3)
    before = {d: host.world.find_port(1, d) for d in (0, 1, 3)}
    yield
    after = {d: host.world.find_port(1, d) for d in (0, 1, 3)}
    expect(after, before, 'local ports')
    virqs = [p for p, e in host.world.port_table().items() if e[0] == 2]
    expect(len(virqs), 1, 'bound VIRQs')
    expect(host.world.mapped(), [0, 1, 3], 'mapped pages')
    host.check('D3', 'WRITE x 1', 'OK')
    host.world.set_state(3, 'gone')
    host.world.virq()
    host.check('S', 'IS_DOMAIN_INTRODUCED 3', 'list F')
    host.check('S', 'RELEASE 1', 'OK')
    host.check('S', 'INTRODUCE 1 1 99', 'OK')
    host.check('D1', 'GET_DOMAIN_PATH 1', 'list /local/domain/1')


def many(host, old, new):
    """New clients as well as old ones, and again and again."""
    del old, new
    for i in range(40):
        host.check(f'S{i + 1}', f'WRITE /c{i} {i}', 'OK')
    yield
    for i in range(40):
        host.check(f'S{i + 1}', f'READ /c{i}', f'"{i}"')
    host.check('S99', 'READ /c7', '"7"')


def building(host, old, new):
    """A domain under construction: it owns nodes, it is not introduced."""
    if new == 'c':
        yield 'skip'
        return
    host.guest(1)
    host.world.create(8)
    host.check('S', 'WRITE /local/domain/8/x v', 'OK')
    host.check('S', 'SET_PERMS /local/domain/8 n8', 'OK')
    host.check('S', 'SET_PERMS /local/domain/8/x n8', 'OK')
    host.check('S', 'WRITE /shared v', 'OK')
    host.check('S', 'SET_PERMS /shared n0 r8', 'OK')
    host.world.create(9)
    host.check('S', 'WRITE /local/domain/9/x v', 'OK')
    host.check('S', 'SET_PERMS /local/domain/9/x n9', 'OK')
    yield
    if old == 'ours':
        text = host.ask('S', 'CONTROL quota 8')
        if 'nodes' not in text:
            raise Failed('domain 8 is not known: ' + text)
    host.check('S', 'INTRODUCE 8 1 18', 'OK')
    host.check('D8', 'READ x', '"v"')
    host.check('D8', 'READ /shared', '"v"')
    host.world.set_state(9, 'gone')
    host.world.virq()
    host.check('S', 'READ /local/domain/9/x', 'ENOENT')


def transactions(host, old, new):
    """Open ones go on, and still notice who was in the way."""
    if (old, new) != ('ours', 'ours'):
        yield 'skip'
        return
    host.guest(1)
    host.check('S', 'WRITE /t/a 1', 'OK')
    host.check('S', 'WRITE /t/b 1', 'OK')
    good, bad, reader = (host.begin(n) for n in ('S1', 'S2', 'D1'))
    host.check('S1', 'READ /t/a', '"1"', good)
    host.check('S1', 'WRITE /t/new x', 'OK', good)
    host.check('S2', 'READ /t/b', '"1"', bad)
    host.check('S2', 'WRITE /t/c x', 'OK', bad)
    host.check('D1', 'WRITE mine x', 'OK', reader)
    second = host.begin('S1')
    yield
    host.check('S', 'READ /t/new', 'ENOENT')
    host.check('S1', 'READ /t/new', '"x"', good)
    host.check('S', 'WRITE /t/b 2', 'OK')
    host.check('S1', 'TRANSACTION_END T', 'OK', good)
    host.check('S2', 'TRANSACTION_END T', 'EAGAIN', bad)
    host.check('D1', 'TRANSACTION_END T', 'OK', reader)
    host.check('S1', 'TRANSACTION_END F', 'OK', second)
    host.check('S', 'READ /t/new', '"x"')
    host.check('D1', 'READ mine', '"x"')
    expect(host.begin('S1'), second + 1, 'next transaction')


def newer(host, old, new):
    """What only ours has: depth, quotas, features, rings set aside."""
    if (old, new) != ('ours', 'ours'):
        yield 'skip'
        return
    host.guest(1, 2)
    host.check('S1', 'WATCH /d t 1', 'OK')
    host.event('S1')
    host.check('S', 'CONTROL quota set nodes 777', 'OK')
    host.check('S', 'SET_QUOTA 1 watches 55', 'OK')
    features = host['D1'].peek('server_features')
    host['D2'].poke('req_prod', host['D2'].peek('req_cons') + 5000)
    host['D2'].notify()
    host['S'].ping()
    time.sleep(0.1)
    expect(host['D2'].peek('error'), 2, 'error of D2')
    yield
    host.check('S', 'WRITE /d/x/y 1', 'OK')
    # Only /d/x is near enough.
    host.check('S', 'WRITE /d/x 2', 'OK')
    expect(host.event('S1'), 'event /d/x t', 'event')
    host.no_event('S1')
    text = host.ask('S', 'CONTROL quota')
    if '777' not in text:
        raise Failed('quota set is forgotten: ' + text)
    if '55' not in host.ask('S', 'GET_QUOTA 1 watches'):
        raise Failed('own quota is forgotten')
    expect(host['D1'].peek('server_features'), features, 'features')
    expect(host['D2'].peek('error'), 2, 'error of D2')
    host.check('S', 'IS_DOMAIN_INTRODUCED 2', 'list T')


def twice(host, old, new):
    """Several updates in a row, back and forth."""
    host.guest(1)
    host.check('S1', 'WATCH /a t', 'OK')
    host.event('S1')
    yield
    for i, kind in enumerate(('ours', 'ours', 'c', 'ours')
                             if new == 'ours' else ('ours', 'c', 'ours')):
        host.update(kind)
        host.check('S', f'WRITE /a/{i} v', 'OK')
        expect(host.event('S1'), f'event /a/{i} t', 'event')
        host.check('D1', f'WRITE x {i}', 'OK')
    del old


STATES = (nodes, watches, partial_input, pending_output, unread_events,
          stale_perms, target, parked, died_meanwhile, ports, many, building,
          transactions, newer, twice)


def run(ctx, state, old, new):
    with Host(ctx, old) as host:
        script = state(host, old, new)
        if next(script) == 'skip':
            return
        host.update(new)
        for _ in script:
            pass
        host.healthy()


def make(state, old, new):
    def case(ctx):
        run(ctx, state, old, new)
    return case


def cases():
    return [(f'{old}-{new}/{state.__name__}', make(state, old, new))
            for old, new in PAIRS for state in STATES]
