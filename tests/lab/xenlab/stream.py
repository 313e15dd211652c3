# SPDX-License-Identifier: GPL-2.0-only
"""A file that `xl save` wrote, taken apart: xl's header, libxl's stream, and
libxc's within it.  Pure functions.

take_apart() answers [(name, bytes)] in the order of the file; together they
are the whole of it, padding included.  context_entries() does the same with
Xen's HVM context.
"""
import struct

XL_HEADER = struct.Struct("<32sIIII")
LIBXL_HEADER = struct.Struct(">QII")
RECORD = struct.Struct("<II")
LIBXC_HEADERS = 24 + 16
LIBXL_IDENT, LIBXC_MARKER = 0x4c6962786c466d74, (1 << 64) - 1
END, LIBXC_CONTEXT = 0, 1
HVM_ENTRY = struct.Struct("<HHI")


def _records(data, at, layer, stop):
    """Records up to and with the first END; calls STOP after each."""
    parts = []
    while True:
        kind, length = RECORD.unpack_from(data, at)
        end = at + RECORD.size + (length + 7) // 8 * 8
        if end > len(data):
            raise ValueError(f"{layer} record at {at:#x} has no end")
        parts.append((f"{layer} record {kind:#x}", data[at:end]))
        at = end
        inside, at = stop(kind, at)
        parts += inside
        if kind == END:
            return parts, at


def _libxc(data, at):
    if struct.unpack_from("<Q", data, at)[0] != LIBXC_MARKER:
        raise ValueError(f"no libxc stream at {at:#x}")
    parts = [("libxc headers", data[at:at + LIBXC_HEADERS])]
    more, at = _records(data, at + LIBXC_HEADERS, "libxc",
                        lambda kind, at: ([], at))
    return parts + more, at


def take_apart(data):
    length = XL_HEADER.unpack_from(data)[4]
    at = XL_HEADER.size + length
    parts = [("xl header", data[:XL_HEADER.size]),
             ("xl configuration", data[XL_HEADER.size:at])]
    if LIBXL_HEADER.unpack_from(data, at)[0] != LIBXL_IDENT:
        raise ValueError(f"no libxl stream at {at:#x}")
    parts.append(("libxl header", data[at:at + LIBXL_HEADER.size]))
    more, at = _records(
        data, at + LIBXL_HEADER.size, "libxl",
        lambda kind, at: _libxc(data, at) if kind == LIBXC_CONTEXT
        else ([], at))
    parts += more
    if at != len(data):
        raise ValueError(f"{len(data) - at} bytes after the last record")
    return parts


def context_entries(body):
    """[(type code, instance, offset of the payload, length)]"""
    found, at = [], 0
    while at < len(body):
        code, instance, length = HVM_ENTRY.unpack_from(body, at)
        at += HVM_ENTRY.size
        found.append((code, instance, at, length))
        at += length
        if not code:
            break
    return found
