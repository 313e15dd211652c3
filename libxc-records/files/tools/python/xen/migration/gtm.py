#!/usr/bin/env python
# -*- coding: utf-8 -*-
# SPDX-License-Identifier: LGPL-2.1-only

"""
Guest-transparent migration

What streams of libxc version 4 and libxl version 3 have that others have not:
the order of their records, the context of Xen (xen/include/public/gtm.h), and
what goes before them in an xl stream.
"""

import json

from struct import calcsize, unpack, unpack_from

from xen.migration.verify import StreamError, RecordError

# The offer in an xl stream
OFFER_FORMAT  = "<8sII"
OFFER_MAGIC   = b"XLGTMOFR"
OFFER_VERSION = 1
OFFER_MAX     = 1 << 20

# GTM_CONTEXT
CONTEXT_FORMAT   = "<IHHQIIQ"
CONTEXT_MAGIC    = 0x314d5447 # "GTM1" in ASCII
CONTEXT_VERSION  = 1
CONTEXT_MAX      = 8 << 20

CONTEXT_REC_FORMAT = "<HHIII"

CONTEXT_REC_domain   = 1
CONTEXT_REC_shinfo   = 2
CONTEXT_REC_vcpu     = 3
CONTEXT_REC_pirq     = 4
CONTEXT_REC_evtchn   = 5
CONTEXT_REC_fifo     = 6
CONTEXT_REC_gnttab   = 7
CONTEXT_REC_watchdog = 8
CONTEXT_REC_end      = 9

context_rec_to_str = {
    CONTEXT_REC_domain   : "domain",
    CONTEXT_REC_shinfo   : "shared info",
    CONTEXT_REC_vcpu     : "vcpu",
    CONTEXT_REC_pirq     : "pirqs",
    CONTEXT_REC_evtchn   : "event channels",
    CONTEXT_REC_fifo     : "FIFO",
    CONTEXT_REC_gnttab   : "grant table",
    CONTEXT_REC_watchdog : "watchdogs",
    CONTEXT_REC_end      : "end",
}

# DOMAIN_XENSTORE_DATA
XENSTORE_FORMAT  = "<II"
XENSTORE_VERSION = 1
XENSTORE_IDENT   = b"xenstore"


class RecordOrder(object):
    """
    Holds the records of a stream to a table.

    The table has, by type, the types that have to have come before a record,
    and those that must not have: a record that is among its own comes once.
    A type that is not in the table is forbidden.
    """

    def __init__(self, table, names):
        self.table = table
        self.names = names
        self.seen = set()

    def record(self, rtype):
        """ The next record is of this type """

        if rtype not in self.table:
            raise StreamError("%s record in a transparent stream" %
                              (self.names[rtype], ))

        needs, bars = self.table[rtype]

        for other in needs:
            if other not in self.seen:
                raise StreamError("%s record before a %s record" %
                                  (self.names[rtype], self.names[other]))

        for other in bars:
            if other in self.seen:
                raise StreamError("%s record after a %s record" %
                                  (self.names[rtype], self.names[other]))

        self.seen.add(rtype)


def verify_offer(info, rdexact):
    """ Verify what the destination is asked to take """

    magic, version, length = \
        unpack(OFFER_FORMAT, rdexact(calcsize(OFFER_FORMAT)))

    if magic != OFFER_MAGIC:
        raise StreamError("No offer in a transparent xl stream")

    if version != OFFER_VERSION:
        raise StreamError("Unknown version %u of the offer" % (version, ))

    if length > OFFER_MAX:
        raise StreamError("Offer of %u bytes" % (length, ))

    try:
        offer = json.loads(rdexact(length).decode("utf-8"))
    except ValueError as e:
        raise StreamError("Offer is not JSON: %s" % (e, ))

    if not isinstance(offer, dict) or offer.get("version") != OFFER_VERSION:
        raise StreamError("Offer is not an object of version %u" %
                          (OFFER_VERSION, ))

    info("Offer: domid %s, type %s, token %s" %
         tuple(offer.get(x) for x in ("domid", "type", "token")))


def verify_context(info, content):
    """ Verify the frame of what Xen keeps about a guest """

    hdrsz = calcsize(CONTEXT_FORMAT)

    if len(content) < hdrsz or len(content) > CONTEXT_MAX:
        raise RecordError("GTM context of %u bytes" % (len(content), ))

    magic, version, hdrlen, total, count, writer, res = \
        unpack_from(CONTEXT_FORMAT, content)

    if magic != CONTEXT_MAGIC or version != CONTEXT_VERSION:
        raise RecordError("Not a GTM context of version %u: 0x%08x, %u" %
                          (CONTEXT_VERSION, magic, version))

    if hdrlen != hdrsz or total != len(content):
        raise RecordError("GTM context header of %u, %u bytes; is %u, %u" %
                          (hdrlen, total, hdrsz, len(content)))

    if res != 0:
        raise RecordError("Reserved field not zero (0x%x)" % (res, ))

    info("  Written by Xen %u.%u, %u records" %
         (writer >> 16, writer & 0xffff, count))

    off, last, found = hdrsz, (0, 0), 0
    while off < len(content):
        off, last = verify_context_record(info, content, off, last)
        found += 1

    if found != count or last[0] != CONTEXT_REC_end:
        raise RecordError("GTM context ends after %u of %u records" %
                          (found, count))


def verify_context_record(info, content, off, last):
    """ Verify a record's header.  Returns where the next is, and which it was """

    start = off + calcsize(CONTEXT_REC_FORMAT)
    if start > len(content):
        raise RecordError("GTM record at %u truncated" % (off, ))

    rtype, version, instance, length, res = \
        unpack_from(CONTEXT_REC_FORMAT, content, off)

    if rtype not in context_rec_to_str:
        raise RecordError("Unrecognised GTM record %u" % (rtype, ))

    name = context_rec_to_str[rtype]

    if version != 1 or res != 0:
        raise RecordError("GTM record '%s': version %u, reserved 0x%x" %
                          (name, version, res))

    if (rtype, instance) <= last:
        raise RecordError("GTM record '%s' %u out of order" % (name, instance))

    if instance != 0 and rtype != CONTEXT_REC_vcpu:
        raise RecordError("GTM record '%s' %u" % (name, instance))

    end = start + ((length + 7) & ~7)
    if end > len(content):
        raise RecordError("GTM record '%s' truncated" % (name, ))

    padding = content[start + length:end]
    if padding != b"\x00" * len(padding):
        raise RecordError("GTM record '%s': padding not zero" % (name, ))

    if length != 0 and rtype == CONTEXT_REC_end:
        raise RecordError("GTM record '%s' with non-zero length" % (name, ))

    info("  %s %u, length %u" % (name, instance, length))

    return end, (rtype, instance)


def verify_xenstore_data(info, content):
    """ Verify the frame of a guest's part of the store """

    minsz = calcsize(XENSTORE_FORMAT)

    if len(content) < minsz:
        raise RecordError("Length must be at least %u bytes, got %u" %
                          (minsz, len(content)))

    version, res = unpack_from(XENSTORE_FORMAT, content)

    if version != XENSTORE_VERSION:
        raise RecordError("Unknown format %u of xenstore data" % (version, ))

    if res != 0:
        raise RecordError("Reserved field not zero (0x%x)" % (res, ))

    if not content[minsz:].startswith(XENSTORE_IDENT):
        raise RecordError("Xenstore data is not a state stream")

    info("  State stream of %u bytes" % (len(content) - minsz, ))
