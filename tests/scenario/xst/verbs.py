# SPDX-License-Identifier: GPL-2.0-only
"""What a client can be told to do, and what can be expected of it."""

import re
import time

from . import wire
from .client import LIMITS, NOTHING, Mismatch
from .parse import ScriptError
from .ring import WORD


def spell(words, variables):
    return ' '.join(w.bare() or wire.quote(w.value(variables))
                    for w in words)


def split_arrow(words):
    """WORDS -> EXPECTATION; the second is None without an arrow."""
    for pos, word in enumerate(words):
        if word.bare() == '->':
            return words[:pos], words[pos + 1:]
    return words, None


def take_options(words, names, variables):
    """Leading name=value words."""
    options = {}
    while words and words[0].bare():
        name, eq, _ = words[0].bare().partition('=')
        if not eq or name not in names:
            break
        options[name] = words[0].text(variables)[len(name) + 1:]
        words = words[1:]
    return options, words


def match_reply(msg, words, variables):
    """Does a reply meet the expectation?  May set variables."""
    kind = words[0].bare()
    args = words[1:]
    failed = msg.type == wire.ERROR
    if kind == 'any':
        return True
    if kind == 'error':
        return failed
    if kind and re.fullmatch(r'E[A-Z0-9]{2,}', kind):
        return failed and msg.payload == kind.encode() + b'\0'
    if failed:
        return False
    if kind == 'done':
        return True
    if kind == 'OK':
        return msg.payload == b'OK\0'
    if kind == 'list':
        want = [a.value(variables) for a in args]
        return msg.payload == b''.join(w + b'\0' for w in want)
    if kind == 'len':
        return len(msg.payload) == int(args[0].text(variables))
    if kind == 'has':
        return all(a.value(variables) in msg.payload for a in args)
    if kind == 're':
        found = re.search(args[0].value(variables), msg.payload, re.S)
        if found:
            for name, value in found.groupdict().items():
                variables[name] = value
        return bool(found)
    if kind == 'set':
        variables[args[0].text(variables)] = msg.payload.rstrip(b'\0')
        return True
    if len(words) != 1:
        raise ScriptError('unknown expectation ' + spell(words, variables))
    return msg.payload == words[0].value(variables)


class ClientVerbs:
    """Lines that begin with the name of a client."""

    def __init__(self, variables):
        self.vars = variables

    # -- requests: words in capitals

    def request(self, client, op, words):
        words, expect = split_arrow(words)
        opts, words = take_options(
            words, ('tx', 'req', 'chunk', 'len', 'within', 'after'),
            self.vars)
        number = wire.NUMBER.get(op)
        if number is None:
            number = int(op.removeprefix('TYPE'))
        if words and words[0].bare() == 'raw':
            payload = b''.join(w.value(self.vars) for w in words[1:])
        else:
            payload = wire.arguments(op, [w.value(self.vars) for w in words])
        length = int(opts['len']) if 'len' in opts else None
        req = int(opts['req'], 0) if 'req' in opts else None
        client.request(number, payload, int(opts.get('tx', '0'), 0), req,
                       int(opts.get('chunk', 0)), length)
        if expect is not None:
            self.expect_reply(client, expect, opts)

    def expect_reply(self, client, words, opts=None):
        opts = opts or {}
        if not words:
            raise ScriptError('nothing after ->')
        kind = words[0].bare()
        begin = time.monotonic()
        if kind == 'nothing':
            msg = client.reply(NOTHING)
            if msg or client.eof:
                raise Mismatch('nothing', wire.describe(msg) if msg
                               else 'closed')
            return
        if kind == 'closed':
            self.do_closed(client, [])
            return
        msg = client.reply(float(opts.get('within', LIMITS.wait)))
        took = time.monotonic() - begin
        want = spell(words, self.vars)
        if not msg:
            raise Mismatch(want, client.missing())
        if not match_reply(msg, words, self.vars):
            raise Mismatch(want, wire.describe(msg))
        if took < float(opts.get('after', 0)):
            raise Mismatch(f'{want} after {opts["after"]} s',
                           f'it after {took:.1f} s')

    # -- actions: words in small letters

    def do_reply(self, client, words):
        opts, words = take_options(words, ('within', 'after'), self.vars)
        self.expect_reply(client, words, opts)

    def do_event(self, client, words):
        opts, words = take_options(words, ('within',), self.vars)
        msg = client.event(float(opts.get('within', LIMITS.wait)))
        self.check_event(client, words, msg)

    def check_event(self, client, words, msg):
        want = f'event {spell(words, self.vars)}'
        if not msg:
            raise Mismatch(want, 'no event' if not client.eof else 'closed')
        payload = b''.join(w.value(self.vars) + b'\0' for w in words)
        if msg.type != wire.EVENT or msg.payload != payload:
            raise Mismatch(want, wire.describe(msg))

    def do_next(self, client, words):
        """Whatever comes next, events and replies in strict order."""
        msg = client.take(lambda m: True)
        if words[0].bare() == 'event':
            self.check_event(client, words[1:], msg)
            return
        want = spell(words, self.vars)
        if not msg:
            raise Mismatch(want, client.missing())
        if msg.type == wire.EVENT:
            raise Mismatch(want, wire.describe(msg))
        client.check_reply(msg)
        if not match_reply(msg, words, self.vars):
            raise Mismatch(want, wire.describe(msg))

    def do_events(self, client, words):
        """N..M events (of one path and token) are there, no others."""
        low, _, high = words[0].text(self.vars).partition('..')
        high = int(high or low)
        client.ping()
        found = [m for m in client.inbox if m.type == wire.EVENT]
        client.inbox = [m for m in client.inbox if m.type != wire.EVENT]
        payload = b''.join(w.value(self.vars) + b'\0' for w in words[1:])
        for msg in found:
            if words[1:] and msg.payload != payload:
                raise Mismatch(f'event {spell(words[1:], self.vars)}',
                               wire.describe(msg))
        if not int(low) <= len(found) <= high:
            raise Mismatch(f'{words[0].text(self.vars)} events',
                           f'{len(found)} events')

    def do_quiet(self, client, words):
        """No event is there, nor is any under way."""
        if not words:
            client.ping()
        else:
            end = time.monotonic() + float(words[0].text(self.vars))
            while time.monotonic() < end and not client.eof:
                client.pump(0.1)
        for msg in client.inbox:
            raise Mismatch('quiet', wire.describe(msg))

    def do_send(self, client, words):
        client.send(b''.join(w.value(self.vars) for w in words))

    def do_batch(self, client, words):
        """Requests from here on leave together, with flush."""
        client.batch = bytearray()

    def do_flush(self, client, words):
        data, client.batch = bytes(client.batch), None
        client.transmit(data)

    def do_open(self, client, words):
        """Connects, which using a name for the first time also does."""

    def do_closed(self, client, words):
        end = time.monotonic() + LIMITS.wait
        while not client.eof and time.monotonic() < end:
            client.pump(0.2)
        if not client.eof:
            raise Mismatch('closed', 'an open connection')
        client.outstanding.clear()

    def do_forget(self, client, words):
        """Replies that are due need not come any more."""
        client.outstanding.clear()
        client.inbox.clear()
        client.buf.clear()

    # -- domains only

    def do_poke(self, client, words):
        name = words[0].bare()
        if name not in WORD:
            raise ScriptError(f'no field {name}')
        text = words[1].text(self.vars)
        base = re.fullmatch(r'(\w+)\+(\w+)', text)
        if base and base.group(1) in WORD:
            value = client.peek(base.group(1)) + int(base.group(2), 0)
        else:
            value = int(text, 0)
        client.trace(f'{client.name} {name} := {value}')
        client.poke(name, value)

    def do_peek(self, client, words):
        words, expect = split_arrow(words)
        name = words[0].bare()
        want = int(expect[0].text(self.vars), 0)
        end = time.monotonic() + LIMITS.wait
        while client.peek(name) != want:
            if time.monotonic() > end:
                raise Mismatch(f'{name} {want}',
                               f'{name} {client.peek(name)}')
            time.sleep(0.002)

    def do_notify(self, client, words):
        client.notify()

    def do_notified(self, client, words):
        end = time.monotonic() + LIMITS.wait
        while not client.was_notified():
            if time.monotonic() > end:
                raise Mismatch('a notification', 'nothing')
            time.sleep(0.002)

    def do_flood(self, client, words):
        """flood N OP ARGUMENT...: requests without taking a reply.  The
        daemon must stop reading before it has N of them; $sent is how many
        it took or left in the ring."""
        number = int(words[0].text(self.vars))
        args = [w.value(self.vars) for w in words[2:]]
        op = words[1].bare()
        data = wire.arguments(op, args)
        sent = 0
        end = time.monotonic() + NOTHING
        while time.monotonic() < end:
            if client.room() < wire.HEADER.size + len(data):
                time.sleep(0.002)
                continue
            client.request(wire.NUMBER[op], data)
            sent += 1
            end = time.monotonic() + NOTHING
            if sent == number:
                raise Mismatch('stalled', 'all requests read')
        self.vars['sent'] = b'%d' % sent

    def do_deaf(self, client, words):
        client.deaf = True

    def do_hears(self, client, words):
        client.deaf = False
