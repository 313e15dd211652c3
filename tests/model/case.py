# SPDX-License-Identifier: GPL-2.0-only
"""One case: the same steps for a daemon and for the reference.

What is compared, and how strictly:
- every reply, byte for byte, and that replies come in order;
- every watch event, for each client those of one step at a time, in order, and
  before the reply to the request that caused them, that of WATCH after it;
  only those of a domain's end may come in any order;
- at the end the whole tree with values, permissions and the order of
  children, what every domain is charged with, and, with all domains dead,
  that nothing is left of them (as after every scenario).
"""
import base64
import os
import re
import sys
import time
from collections import Counter

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'scenario'))

from xst import ring, wire  # noqa: E402
from xst.client import LIMITS, Mismatch  # noqa: E402
from xst.execute import Execution  # noqa: E402
from xst.ring import RingClient  # noqa: E402

from host import Host  # noqa: E402
from nodes import Limits, children  # noqa: E402
from steps import DOMAINS, SOCKETS  # noqa: E402

ring.POLL = 0.0001
LIMITS.wait = 30.0      # the machine may be busy
HASTY = 3.0             # while a case is made smaller
wire.SHOWN = 4096
QUOTAS = {'small': Limits(nodes=7, size=80, perms=3, tx_nodes=6, watches=3,
                          transactions=2),
          'usual': Limits()}
UNKNOWN = 4242      # no transaction
PIECE = 2880        # of an exported domain, in one reply
LU_SECONDS = 20
ANYTHING = object()     # a reply that is not foretold


def shown(op, reply):
    """A reply as a scenario expects it."""
    if reply is ANYTHING:
        return 'any'
    if isinstance(reply, str):
        return reply
    if op == 'DIRECTORY_PART':
        text = wire.quote(reply).replace('\\0', '\\\\0')
        return f're "^[0-9]+\\\\0{text[1:-1]}$"'
    if reply == b'OK\0' and op not in ('READ',):
        return 'OK'
    if op in ('DIRECTORY', 'GET_PERMS'):
        return ' '.join(['list'] + [n.decode()
                                    for n in reply.split(b'\0')[:-1]])
    return wire.quote(reply)


def as_bytes(arg):
    if isinstance(arg, tuple):
        return [str(p).encode() for p in arg]
    return [arg if isinstance(arg, bytes) else str(arg).encode()]


class Case(Execution):
    """A daemon of its own for some steps."""

    def __init__(self, setup, trace):
        super().__init__(setup, None, None, trace)
        self.host = Host()
        self.slots = {}     # (client, slot) -> transaction
        self.text = []
        self.last = None    # a line to be told of only if it fails
        self.late = {}      # domain -> the request it made standing still
        self.did = 0

    def failure(self, expected, got):
        raise NotImplementedError

    def play(self, steps):
        """What went wrong, or None."""
        try:
            if steps and steps[0][0] == 'quotas':
                self.host.limits = QUOTAS[steps[0][1]]
            self.begin()
            for step in steps:
                self.do_step(step)
            self.finish()
        except Mismatch as err:
            return self.explain(err)
        except OSError as err:
            return f'system error: {err}'
        finally:
            self.clean()
        return None

    def begin(self):
        limits = self.host.limits
        options = ['-E', limits.nodes, '-S', limits.size, '-A', limits.perms,
                   '-W', limits.watches, '-t', limits.transactions,
                   '-Q', f'transaction-nodes={limits.tx_nodes}',
                   # Nobody waits for who stands still to read events.
                   '-Q', 'outstanding=1000']
        self.options = [str(o) for o in options]
        self.say('daemon ' + ' '.join(self.options))
        self.do_start([])
        for name in ('S', *SOCKETS):
            self.client(name)
            self.host.connect(name)

    def explain(self, err):
        got = err.got
        if self.daemon.proc and self.daemon.ended(0.1) is not None:
            got = self.daemon.describe_end()
        bad = self.daemon.bad_log()
        if self.last:
            self.say(self.last)
        return f'expected {err.expected}, got {got}' + (
            f'\nlog: {bad}' if bad else '')

    def say(self, line):
        self.text.append(line)
        self.trace(line)

    # -- steps

    def do_step(self, step):
        self.host.events.clear()
        self.host.in_order = True
        if getattr(self, 'step_' + step[0])(*step[1:]) is not False:
            self.did += 1

    def is_served(self, name):
        conn = self.host.conns.get(name)
        return conn and not conn.still

    def step_quotas(self, _):
        return False    # see begin()

    def plan(self, name, op, slot, args):
        """What is sent, what must come back, and how a scenario says it."""
        if op == 'WATCH' and args[2] is None:
            args = args[:2]
        tx, spelt = 0, ''
        if slot is not None:
            tx = self.slots.get((name, slot), UNKNOWN)
            spelt = f'tx=${name}t{slot} ' if tx != UNKNOWN else f'tx={tx} '
        torn = tx in self.host.conns[name].torn
        want = self.host.request(name, op, tx, *args)
        if torn and op not in ('RESET_WATCHES', 'WATCH', 'UNWATCH'):
            want = ANYTHING
        flat = [b for arg in args for b in as_bytes(arg)]
        if op == 'DIRECTORY_PART':
            flat.append(b'0')
        words = ' '.join(wire.word(b) if b else '""' for b in flat)
        return tx, flat, want, f'{op} {spelt}{words}'

    def step_ask(self, name, op, slot, *args):
        if not self.is_served(name):
            return False
        tx, flat, want, text = self.plan(name, op, slot, args)
        self.say(f'{name} {text} -> {shown(op, want)}')
        self.exchange(name, op, tx, flat, want)
        return True

    def step_batch(self, name, *requests):
        """Requests that the daemon finds together."""
        if not self.is_served(name) or not requests:
            return False
        client, due, lines = self.client(name), [], []
        client.batch = bytearray()
        self.say(f'{name} batch')
        mine = self.host.events[name]
        for op, slot, *args in requests:
            old = len(mine)
            tx, flat, want, text = self.plan(name, op, slot, args)
            self.say(f'{name} {text}')
            client.request(wire.NUMBER[op], wire.arguments(op, flat), tx)
            some = [('event', e) for e in mine[old:]]
            reply = [('reply', (op, want))]
            due += reply + some if op == 'WATCH' else some + reply
        data, client.batch = bytes(client.batch), None
        client.transmit(data)
        self.say(f'{name} flush')
        for kind, what in due:
            lines.append(f'{name} next ' + (
                shown(*what) if kind == 'reply' else
                f'event {what[0]} {what[1] or chr(34) * 2}'))
        for line in lines:
            self.say(line)
        del self.host.events[name]
        for kind, what in due:
            self.next_is(client, kind, what)
        self.compare_events()
        return True

    def next_is(self, client, kind, what):
        msg = client.take(lambda m: True)
        if not msg:
            raise Mismatch(f'{kind} {what}', client.missing())
        if (msg.type == wire.EVENT) != (kind == 'event'):
            raise Mismatch(f'{client.name}: {kind} {what}',
                           wire.describe(msg))
        if kind == 'event':
            self.judge(client.name, [what], [msg], False)
        else:
            client.check_reply(msg)
            self.judge_reply(client.name, *what, msg)

    def step_split(self, name, part, between, op, slot, *args):
        """A request in two pieces; it counts when the second one is there."""
        if not self.is_served(name) or (between == 'move' and name[0] != 'D'):
            return False
        client = self.client(name)
        tx = self.slots.get((name, slot), UNKNOWN) if slot is not None else 0
        # The plan is made when it counts, but what is sent is known now.
        flat = [b for arg in args for b in as_bytes(arg)
                if not (op == 'WATCH' and arg is None)]
        if op == 'DIRECTORY_PART':
            flat.append(b'0')
        req = client.next_req
        client.next_req += 1
        data = wire.pack(wire.NUMBER[op], req, tx, wire.arguments(op, flat))
        cut = 1 + int(part * (len(data) - 1))
        self.say(f'{name} send {wire.quote(data[:cut])}')
        client.transmit(data[:cut])
        if between == 'update':
            self.step_update()
        elif between == 'move':
            domid = int(name[1:])
            for step in ('quiesce', 'move', 'resume'):
                self.do_step((step, domid))
        self.host.events.clear()
        tx, flat, want, _ = self.plan(name, op, slot, args)
        client.outstanding.append((wire.NUMBER[op], req, tx))
        self.say(f'{name} send {wire.quote(data[cut:])}')
        self.say(f'{name} reply {shown(op, want)}')
        client.transmit(data[cut:])
        self.answered(client, op, want)
        return True

    def step_late(self, domid, op, slot, *args):
        """The daemon finds it when the domain goes on."""
        name = f'D{domid}'
        conn = self.host.ring(domid)
        if not conn or not conn.still or name in self.late or op == 'WATCH':
            return False
        tx = self.slots.get((name, slot), UNKNOWN) if slot is not None else 0
        flat = [b for arg in args for b in as_bytes(arg)]
        if op == 'DIRECTORY_PART':
            flat.append(b'0')
        words = ' '.join(wire.word(b) if b else '""' for b in flat)
        self.say(f'{name} {op} ' + (f'tx={tx} ' if tx else '') + words)
        self.client(name).request(wire.NUMBER[op],
                                  wire.arguments(op, flat), tx)
        self.late[name] = (op, slot, args)
        return True

    def step_start(self, name, slot):
        if not self.is_served(name):
            return False
        want = self.host.request(name, 'TRANSACTION_START', 0)
        self.say(f'{name} TRANSACTION_START -> ' +
                 (want or f'set {name}t{slot}'))
        reply = self.exchange(name, 'TRANSACTION_START', 0, [],
                              want or ANYTHING)
        if want:
            return True
        tx = reply.rstrip(b'\0')
        if not tx.isdigit() or int(tx) in (
                0, *self.host.conns[name].open):
            raise Mismatch('a new transaction', wire.quote(reply))
        self.slots[name, slot] = int(tx)
        self.host.started(name, int(tx))
        return True

    def step_end(self, name, slot, how):
        if not self.is_served(name):
            return False
        tx = self.slots.get((name, slot), UNKNOWN)
        want = self.host.request(name, 'TRANSACTION_END', tx, how)
        spelt = f'${name}t{slot}' if tx != UNKNOWN else tx
        self.say(f'{name} TRANSACTION_END tx={spelt} {how} -> ' +
                 shown('', want))
        self.exchange(name, 'TRANSACTION_END', tx, [how.encode()], want)
        return True

    def step_about(self, op, *domids):
        args = [b'%d' % d for d in domids]
        if op == 'INTRODUCE':
            conn = self.host.ring(domids[0])
            if conn and (conn.still or domids[0] not in self.host.xen):
                return False
            args += [b'1', b'%d' % (10 + domids[0])]
        want = self.host.request('S', op, 0, *domids)
        self.say(f'introduce D{domids[0]}' if
                 op == 'INTRODUCE' and want == b'OK\0' else
                 f'S {op} {" ".join(a.decode() for a in args)} -> ' +
                 shown(op, want))
        self.exchange('S', op, 0, args, want)
        if op == 'INTRODUCE' and want == b'OK\0':
            self.fresh(domids[0])
        return True

    def fresh(self, domid):
        """The ring begins anew."""
        self.late.pop(f'D{domid}', None)
        client = self.clients[f'D{domid}']
        client.buf.clear()
        client.inbox.clear()
        client.outstanding.clear()

    def step_born(self, domid):
        if domid in self.host.xen or self.host.introduced(domid):
            return False
        self.say(f'domain D{domid}')
        self.host.born(domid)
        self.late.pop(f'D{domid}', None)
        self.world.create(domid)
        name = f'D{domid}'
        if name in self.clients:
            self.clients[name].rebirth()
        else:
            self.clients[name] = RingClient(name, self.trace, self.world,
                                            domid)
        return True

    def set_to(self, domid, state, before):
        if self.host.xen.get(domid, (0, None))[1] not in before:
            return False
        self.say(f'D{domid} state {state}')
        self.host.set_state(domid, state)
        self.world.set_state(domid, state)
        return True

    def step_gone(self, domid):
        return self.set_to(domid, 'gone', ('running', 'shutdown'))

    def step_shutdown(self, domid):
        return self.set_to(domid, 'shutdown', ('running',))

    def step_running(self, domid):
        return self.set_to(domid, 'running', ('shutdown',))

    def step_look(self):
        self.say('virq')
        self.host.look()
        self.do_virq([])
        self.compare_events()

    def step_close(self, name):
        self.say(f'{name} close')
        self.clients.pop(name).close()
        self.host.connect(name)
        self.client(name).ping()

    def step_reconnect(self, domid):
        if not self.is_served(f'D{domid}') or domid not in self.host.xen:
            return False
        client = self.clients[f'D{domid}']
        self.say(f'D{domid} poke connection 1')
        self.say(f'D{domid} notify')
        self.say(f'D{domid} peek connection -> 0')
        client.poke('connection', 1)
        client.notify()
        end = time.monotonic() + LIMITS.wait
        while client.peek('connection'):
            if time.monotonic() > end:
                raise Mismatch('a reconnected ring', 'connection 1')
            time.sleep(ring.POLL)
        self.fresh(domid)
        self.host.ring(domid).reset()
        return True

    # -- standing still, moving, another daemon

    def command(self, *args, want=b'OK\0'):
        args = [str(a) if not isinstance(a, bytes) else a for a in args]
        args = [a.encode() if isinstance(a, str) else a for a in args]
        reply = self.exchange('S', 'CONTROL', 0, args, want)
        return reply.rstrip(b'\0')

    def step_quiesce(self, domid):
        if not self.is_served(f'D{domid}'):
            return False
        self.say(f'S CONTROL quiesce {domid} -> OK')
        self.host.quiesce(domid)
        self.command('quiesce', domid)
        return True

    def step_resume(self, domid):
        conn = self.host.ring(domid)
        if not conn or not conn.still:
            return False
        self.say(f'S CONTROL resume {domid} -> OK')
        name = f'D{domid}'
        self.host.resume(domid)
        waited = self.host.events.pop(name, [])
        self.command('resume', domid)
        if name in self.late:
            op, slot, args = self.late.pop(name)
            want = self.plan(name, op, slot, args)[2]
            # What waited is on its way before this is read.
            self.host.events[name][:0] = waited
            self.say(f'{name} reply {shown(op, want)}')
            self.answered(self.client(name), op, want)
        else:
            self.host.events[name] = waited
            self.compare_events()
        return True

    def can_move(self, domid):
        conn = self.host.ring(domid)
        return conn and conn.still and \
            self.host.owned(domid) <= self.host.limits.nodes and \
            all(self.host.xen.get(d, (None,))[0] == known.life
                for d, known in self.host.domains.items())

    def step_move(self, domid):
        if not self.can_move(domid):
            return False
        self.say(f'S CONTROL export begin {domid} -> set size')
        size = int(self.command('export', 'begin', domid, want=ANYTHING))
        blob = b''
        pieces = range(0, size, PIECE)
        for at in pieces:
            self.say(f'S CONTROL export read {at} -> set piece{at}')
            blob += base64.b64decode(self.command('export', 'read', at,
                                                  want=ANYTHING))
        if len(blob) != size:
            raise Mismatch(f'{size} bytes', f'{len(blob)}')
        self.say('S CONTROL import begin $size -> OK')
        self.command('import', 'begin', size)
        for at in pieces:
            self.say(f'S CONTROL import write {at} $piece{at} -> OK')
            self.command('import', 'write', at,
                         base64.b64encode(blob[at:at + PIECE]))
        self.say('S CONTROL import commit -> re "ok\\\\0$"')
        self.host.moved(domid)
        said = self.command('import', 'commit', want=ANYTHING)
        if said.split(b'\n')[-1] != b'ok' and said.split()[-1:] != [b'ok']:
            raise Mismatch('import ok', said.decode())
        self.command('import', 'end')
        self.say('S CONTROL import end -> OK')
        return True

    def step_update(self):
        if any(c.still for c in self.host.conns.values()):
            return False
        self.say('S CONTROL live-update -f $daemon -> OK')
        self.say(f'S CONTROL live-update -s -t {LU_SECONDS} -> OK')
        self.command('live-update', '-f', self.setup.binary)
        self.host.live_update()
        self.command('live-update', '-s', '-t', LU_SECONDS)
        return True

    # -- comparing

    def exchange(self, name, op, tx, args, want):
        """A request, its reply and the events of everybody."""
        client = self.client(name)
        client.request(wire.NUMBER[op], wire.arguments(op, args), tx)
        return self.answered(client, op, want)

    def answered(self, client, op, want):
        events = self.host.events.pop(client.name, [])
        first = [] if op == 'WATCH' else self.take_events(client)
        msg = client.reply()
        if not msg:
            raise Mismatch(f'a reply to {op} for {client.name}',
                           client.missing())
        got = self.judge_reply(client.name, op, want, msg)
        if op == 'WATCH':
            first = self.some_events(client, len(events))
        self.judge(client.name, events, first)
        self.compare_events()
        return got

    @staticmethod
    def judge_reply(name, op, want, msg):
        got = msg.payload
        if msg.type == wire.ERROR:
            got = got.rstrip(b'\0').decode()
        elif op == 'DIRECTORY_PART':
            gen, _, got = got.partition(b'\0')
            if not gen.isdigit():
                raise Mismatch(f'{name}: a generation', wire.describe(msg))
        if want is not ANYTHING and got != want:
            raise Mismatch(f'{name} {op}: {shown(op, want)}', shown(op, got))
        if want is ANYTHING and isinstance(got, str):
            got = b''
        return got

    @staticmethod
    def take_events(client):
        """Those that come before the next reply."""
        out = []
        while True:
            msg = client.take(lambda m: True)
            if not msg:
                raise Mismatch(f'a reply for {client.name}', client.missing())
            if msg.type != wire.EVENT:
                client.inbox.insert(0, msg)
                return out
            out.append(msg)

    @staticmethod
    def some_events(client, count):
        """So many, unless the daemon has nothing more to say."""
        out = []
        while len(out) < count:
            msg = client.event(0.02)
            if not msg:
                client.ping()
                msg = client.event(0)
            if not msg:
                break
            out.append(msg)
        return out

    def judge(self, name, want, messages, tell=True):
        for path, token in want if tell else ():
            self.say(f'{name} event {path} {token or chr(34) * 2}')
        got = [tuple(m.payload.decode('latin-1').split('\0')[:-1])
               for m in messages]
        if got == want or (not self.host.in_order and
                           Counter(got) == Counter(want)):
            return
        raise Mismatch(f'events for {name}: {want}', f'{got}')

    def compare_events(self):
        for name, want in list(self.host.events.items()):
            client = self.clients[name]
            self.judge(name, want, self.some_events(client, len(want)))
        self.host.events.clear()

    def finish(self):
        """Nobody was told too much, and all is as the reference has it."""
        for domid in DOMAINS:
            self.do_step(('resume', domid))
        for name in self.host.conns:
            client = self.clients.get(name)
            if not client:
                continue
            client.ping()
            for msg in client.inbox:
                raise Mismatch(f'nothing more for {name}', wire.describe(msg))
        self.compare_tree()
        self.compare_charges()
        self.check_ours()
        for line in self.daemon.log_text().splitlines():
            if b'ERROR' in line or self.daemon.bad_log():
                raise Mismatch('a clean log', line.decode('latin-1'))

    def compare_tree(self):
        tree = self.host.tree
        for path in tree:
            names = b''.join(c.rpartition('/')[2].encode() + b'\0'
                             for c in children(tree, path))
            perms = b''.join(str(p).encode() + b'\0' for p in tree[path][1])
            wants = [('GET_PERMS', perms)]
            if path[0] == '/':
                wants += [('READ', tree[path][0]), ('DIRECTORY', names)]
            for op, want in wants:
                self.last = f'S {op} {path} -> {shown(op, want)}'
                self.exchange('S', op, 0, [path.encode()], want)
        self.last = None

    def compare_charges(self):
        for name, conn in self.host.conns.items():
            if name[0] != 'D':
                continue
            text = self.command('quota', name[1:], want=ANYTHING).decode()
            got = {k: int(v) for k, v in
                   re.findall(r'^(\w+) *: *(\d+)', text, re.M)}
            for what, want in (('nodes', self.host.owned(conn.who.domid)),
                               ('watches', len(conn.watches)),
                               ('transactions', len(conn.open))):
                if got.get(what) != want:
                    raise Mismatch(f'{name} {what}: {want}',
                                   f'{got.get(what)}')
