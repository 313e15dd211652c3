# SPDX-License-Identifier: GPL-2.0-only
"""The xenstore wire format: constants, packing, and how to print it."""

import re
import struct
from dataclasses import dataclass

OPS = ('CONTROL DIRECTORY READ GET_PERMS WATCH UNWATCH TRANSACTION_START '
       'TRANSACTION_END INTRODUCE RELEASE GET_DOMAIN_PATH WRITE MKDIR RM '
       'SET_PERMS WATCH_EVENT ERROR IS_DOMAIN_INTRODUCED RESUME SET_TARGET '
       'RESTRICT RESET_WATCHES DIRECTORY_PART GET_FEATURE SET_FEATURE '
       'GET_QUOTA SET_QUOTA').split()
NUMBER = {name: number for number, name in enumerate(OPS)}
EVENT = NUMBER['WATCH_EVENT']
ERROR = NUMBER['ERROR']
HEADER = struct.Struct('=IIII')
PAYLOAD_MAX = 4096
SHOWN = 96

# Requests whose payload is, by custom, one NUL when there is no argument.
LONE_NUL = ('TRANSACTION_START', 'RESET_WATCHES')


@dataclass
class Message:
    type: int
    req: int
    tx: int
    payload: bytes


def pack(op, req, tx, payload, length=None):
    if length is None:
        length = len(payload)
    return HEADER.pack(op, req, tx, length) + payload


def unpack(buf):
    """Take one message off the front of a bytearray, or None."""
    if len(buf) < HEADER.size:
        return None
    op, req, tx, length = HEADER.unpack_from(buf)
    if len(buf) < HEADER.size + length:
        return None
    payload = bytes(buf[HEADER.size:HEADER.size + length])
    del buf[:HEADER.size + length]
    return Message(op, req, tx, payload)


def arguments(op, args):
    """The payload that a client library would send for these arguments."""
    if op == 'WRITE' and args:
        return args[0] + b'\0' + b''.join(args[1:])
    if not args:
        return b'\0' if op in LONE_NUL else b''
    return b''.join(a + b'\0' for a in args)


def quote(data):
    """Bytes -> the quoted form used in scripts."""
    out = ''
    for byte in data[:SHOWN]:
        if byte == 0:
            out += '\\0'
        elif byte == 10:
            out += '\\n'
        elif byte in b'"\\$':
            out += '\\' + chr(byte)
        elif 32 <= byte < 127:
            out += chr(byte)
        else:
            out += f'\\x{byte:02x}'
    more = f'... ({len(data)} bytes)' if len(data) > SHOWN else ''
    return f'"{out}"{more}'


def word(data):
    """Bytes -> a bare word if that is readable, else the quoted form."""
    if re.fullmatch(rb'[\w/@.:+-]{1,80}', data) and data != b'->':
        return data.decode()
    return quote(data)


def op_name(number):
    return OPS[number] if number < len(OPS) else f'TYPE{number}'


def describe(msg):
    """A message as an expectation in a script would put it."""
    if msg.type == EVENT:
        parts = msg.payload.split(b'\0')
        if len(parts) == 3 and not parts[2]:
            return f'event {word(parts[0])} {word(parts[1])}'
        return f'event {quote(msg.payload)}'
    data = msg.payload
    if msg.type == ERROR:
        return data.rstrip(b'\0').decode('latin-1')
    if data == b'OK\0':
        return 'OK'
    parts = data.split(b'\0')
    if len(parts) > 1 and not parts[-1] and len(data) <= SHOWN and all(
            re.fullmatch(rb'[\w/@.:+-]+', p) for p in parts[:-1]):
        return 'list ' + ' '.join(p.decode() for p in parts[:-1])
    return quote(data)
