# SPDX-License-Identifier: GPL-2.0-only
"""Clients of the daemon: what a socket and a ring have in common."""

import select
import socket
import time

from . import wire

NOTHING = 0.5   # how long nothing must come


class LIMITS:
    """Bounds that a case may run under."""
    usual = 8.0     # longest wait for something that must come
    listed = 2.5    # the same where it is known not to come
    wait = usual


class Mismatch(Exception):
    """The daemon did not do what the script says."""

    def __init__(self, expected, got):
        super().__init__(f'expected {expected}, got {got}')
        self.expected = expected
        self.got = got


class Client:
    """Messages in and out over some transport."""

    def __init__(self, name, trace):
        self.name = name
        self.trace = trace
        self.buf = bytearray()
        self.inbox = []
        self.outstanding = []
        self.next_req = 1
        self.eof = False
        self.batch = None

    # -- transport, provided by the kinds of clients

    def receive(self, timeout):
        """Read what there is, waiting at most *timeout*: bytes, b'' or
        None at the end of the stream."""
        raise NotImplementedError

    def transmit(self, data):
        raise NotImplementedError

    def close(self):
        pass

    # -- sending

    def send(self, data):
        self.trace(f'{self.name} > {wire.quote(data)}')
        self.transmit(data)

    def request(self, op, payload, tx=0, req=None, chunk=0, length=None):
        """Pack a request and note that its reply is due."""
        if req is None:
            req = self.next_req
            self.next_req += 1
        data = wire.pack(op, req, tx, payload, length)
        self.outstanding.append((op, req, tx))
        self.trace(f'{self.name} > {wire.op_name(op)} req={req} tx={tx} '
                   f'{wire.quote(payload)}')
        if self.batch is not None:
            self.batch += data
            return
        if not chunk:
            self.transmit(data)
            return
        for pos in range(0, len(data), chunk):
            self.transmit(data[pos:pos + chunk])
            time.sleep(0.001)

    # -- receiving

    def pump(self, timeout):
        """Move input into the inbox; True if something came."""
        if self.eof:
            return False
        data = self.receive(timeout)
        if data is None:
            self.eof = True
            self.trace(f'{self.name} < end of stream')
            return True
        self.buf += data
        came = bool(data)
        while True:
            msg = wire.unpack(self.buf)
            if not msg:
                return came
            self.trace(f'{self.name} < {wire.op_name(msg.type)} '
                       f'req={msg.req} tx={msg.tx} '
                       f'{wire.quote(msg.payload)}')
            self.inbox.append(msg)

    def take(self, want, timeout=None):
        """The first message that *want* accepts, or None."""
        end = time.monotonic() + (LIMITS.wait if timeout is None
                                  else timeout)
        while True:
            for pos, msg in enumerate(self.inbox):
                if want(msg):
                    return self.inbox.pop(pos)
            left = end - time.monotonic()
            if left <= 0 or self.eof:
                return None
            self.pump(min(left, 0.2))

    def missing(self):
        """What to report when nothing came."""
        if self.eof:
            return 'closed'
        return 'nothing' if not self.buf else 'part of a message'

    def reply(self, timeout=None):
        """The next reply, which must answer the oldest request."""
        msg = self.take(lambda m: m.type != wire.EVENT, timeout)
        if msg:
            self.check_reply(msg)
        return msg

    def check_reply(self, msg):
        if not self.outstanding:
            return
        op, req, tx = self.outstanding.pop(0)
        if msg.type not in (op, wire.ERROR):
            raise Mismatch(f'a reply of type {wire.op_name(op)}',
                           f'type {wire.op_name(msg.type)}')
        if (msg.req, msg.tx) != (req, tx):
            raise Mismatch(f'req {req} tx {tx} in the reply',
                           f'req {msg.req} tx {msg.tx}')

    def event(self, timeout=None):
        msg = self.take(lambda m: m.type == wire.EVENT, timeout)
        if msg and (msg.req or msg.tx):
            raise Mismatch('an event with req 0 tx 0',
                           f'req {msg.req} tx {msg.tx}')
        return msg

    def ping(self):
        """A round trip.  The daemon has one thread, so every event caused
        earlier has arrived when it is over."""
        self.request(wire.NUMBER['GET_DOMAIN_PATH'], b'0\0', req=0x70696e67)
        msg = self.take(lambda m: m.type != wire.EVENT and
                        m.req == 0x70696e67)
        self.outstanding = [o for o in self.outstanding
                            if o[1] != 0x70696e67]
        if not msg:
            raise Mismatch('a served client', self.missing())


class SocketClient(Client):
    """A client on the daemon's Unix socket."""

    def __init__(self, name, trace, path):
        super().__init__(name, trace)
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.setblocking(False)
        self.connect(path)

    def connect(self, path):
        """A full backlog makes a Unix socket say EAGAIN."""
        end = time.monotonic() + LIMITS.wait
        while True:
            try:
                return self.sock.connect(path)
            except BlockingIOError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.005)

    def transmit(self, data):
        end = time.monotonic() + LIMITS.wait
        while data:
            try:
                sent = self.sock.send(data)
                data = data[sent:]
            except BlockingIOError:
                if time.monotonic() > end:
                    raise Mismatch('the daemon to read the socket',
                                   'nothing') from None
                select.select([], [self.sock], [], 0.2)
            except (BrokenPipeError, ConnectionResetError):
                return  # the missing reply will tell

    def receive(self, timeout):
        if not select.select([self.sock], [], [], timeout)[0]:
            return b''
        try:
            return self.sock.recv(65536) or None
        except ConnectionResetError:
            return None

    def half_close(self):
        self.sock.shutdown(socket.SHUT_WR)

    def close(self):
        self.sock.close()
