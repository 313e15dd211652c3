# SPDX-License-Identifier: GPL-2.0-only
"""From what was seen during a move to a model of it that can be drawn.

Pure functions: nothing here talks to a host or reads a file.  What was seen
comes as lines with the time at which they arrived on this machine (watch.py);
what the picture needs goes out as one dictionary (picture.py draws it, the demo
writes it as JSON).

There are four clocks: this machine's, that of each host, and the guest's.
Every time in the model is in seconds of this machine's clock, and 0 is the
moment at which `xl migrate` was started.
"""
import re
from bisect import bisect_left, bisect_right

CONTEXT = re.compile(r"GTM context: (\d+) bytes")
PHASE = re.compile(r"transparent: phase (\S+) (begin|end) (\d+(?:\.\d+)?)")
BEAT = re.compile(r"BEAT (\d+\.\d+) (\d+) (\d+) (\d+) (\d+)\s*$")
WORK = re.compile(r"^ST .*\btx=(\d+) rx=(\d+) ")
SECTOR = 512
RATE_SECONDS = 0.5     # over which a throughput is averaged
NEAR_SECONDS = 3.0     # in which the guest's clock counts as steady

# What xl and libxl (at -vvv) say of a move in which the guest takes part, and
# what the time between two such lines is spent with.  "source" lines come from
# the sending xl, "destination" lines from the receiving one.
COOPERATIVE = (
    ("source", "live copy", "Saving to migration stream",
     "issuing PVH/HVM suspend request"),
    ("source", "guest suspends", "issuing PVH/HVM suspend request",
     "guest has suspended"),
    ("source", "final copy", "guest has suspended",
     "libxl-save-helper: debug: complete"),
    ("destination", "attach devices", "Restore successful",
     "Transfer complete, requesting permission"),
    ("destination", "unpause", "Transfer complete, requesting permission",
     "Domain started"),
)
LIVE = "Saving to migration stream"


# -- clocks

class Clock:
    """Brings a host's time to this machine's.  READINGS are (sent, theirs,
    received): a question that was answered with the host's time.  Of those of
    one occasion (before or after a move) the quickest is believed; the
    difference is interpolated between two occasions."""

    def __init__(self, *occasions):
        best = [min(readings, key=lambda r: r[2] - r[0])
                for readings in occasions]
        self._points = [(theirs, (sent + received) / 2 - theirs)
                        for sent, theirs, received in best]
        self.doubt = max((r[2] - r[0]) / 2 for r in best)

    def ours(self, theirs):
        (t0, d0), (t1, d1) = self._points[0], self._points[-1]
        if t1 <= t0:
            return theirs + d0
        part = min(max((theirs - t0) / (t1 - t0), 0), 1)
        return theirs + d0 + (d1 - d0) * part


# -- phases

def span(host, name, begin, end):
    return {"host": host, "name": name, "begin": begin, "end": end}


def phase_spans(host, lines, clock):
    """The phases that xl and libxl of HOST logged with times of its own
    clock.  One that never ended has no end (None)."""
    open_at, spans = {}, []
    for _, text in lines:
        m = PHASE.search(text)
        if not m:
            continue
        name, what, ms = m.groups()
        t = clock.ours(float(ms) / 1000)
        if what == "begin":
            open_at[name] = t
        elif name in open_at:
            spans.append(span(host, name, open_at.pop(name), t))
    spans += [span(host, name, t, None) for name, t in open_at.items()]
    return sorted(spans, key=lambda s: s["begin"])


def _first(lines, words, after):
    return next((t for t, line in lines if t >= after and words in line),
                None)


def spoken_spans(table, start, sides):
    """Spans between two lines of a log, by a table like COOPERATIVE; SIDES are
    {"source": (host, lines), "destination": (host, lines)}."""
    spans = []
    for side, name, begin_words, end_words in table:
        host, lines = sides[side]
        begin = _first(lines, begin_words, start)
        end = None if begin is None else _first(lines, end_words, begin)
        if end is not None:
            spans.append(span(host, name, begin, end))
    return spans


def live_copy(spans, lines, source, start):
    """The part of a transparent move in which the guest still runs: from the
    first byte of the stream to the first phase on the source."""
    begin = _first(lines, LIVE, start)
    end = min((s["begin"] for s in spans if s["host"] == source), default=None)
    if begin is None or end is None or end <= begin:
        return []
    return [span(source, "live copy", begin, end)]


# -- the guest's heartbeat

def beats(console):
    """[(arrived, host, guest's time, bytes of disk, bytes of network)] of the
    BEAT lines among (arrived, host, line)."""
    found = []
    for arrived, host, line in console:
        m = BEAT.search(line)
        if m:
            up, read, written, rx, tx = m.groups()
            found.append((arrived, host, float(up),
                          (int(read) + int(written)) * SECTOR,
                          int(rx) + int(tx)))
    return found


def unanswered(console):
    """Packets without an answer so far, by the ST lines among (arrived, host,
    line).  The last one may just be on its way, so the least says it."""
    return min((int(m.group(1)) - int(m.group(2)) for _, _, line in console
                if (m := WORK.search(line))), default=0)


def gap_index(times):
    """Where the longest time without a beat ends."""
    return max(range(1, len(times)), key=lambda i: times[i] - times[i - 1],
               default=0)


def written_before(found, resumed, source):
    """How many beats were written before the guest ran again, and the beats.

    A line that was still in the console's ring moves with it: the destination
    shows it before the guest runs there.  It was written on the source.
    """
    if resumed is None:
        return gap_index([b[0] for b in found]), found
    cut = sum(b[0] < resumed for b in found)
    return cut, [(b[0], source, *b[2:]) for b in found[:cut]] + found[cut:]


def settle(found, cut):
    """The beats with the time at which they were written in the place of that
    at which they arrived.  The first CUT are from before the pause.

    What the guest's clock did during the pause is not taken for granted: each
    side of the gap has an offset of its own.  The least delay among the
    neighbours stands for all that is not known.
    """
    settled = []
    for side in (found[:cut], found[cut:]):
        guest_times = [b[2] for b in side]
        for beat in side:
            near = side[bisect_left(guest_times, beat[2] - NEAR_SECONDS):
                        bisect_right(guest_times, beat[2] + NEAR_SECONDS)]
            offset = min(b[0] - b[2] for b in near)
            settled.append((beat[2] + offset, *beat[1:]))
    return settled


def pause_of(settled):
    """The longest time without a beat, in our time, and what the guest's own
    clock says of it."""
    if len(settled) < 2:
        return None
    i = gap_index([b[0] for b in settled])
    before, after = settled[i - 1], settled[i]
    return {"begin": before[0], "end": after[0],
            "seconds": after[0] - before[0],
            "guest_seconds": after[2] - before[2]}


def rates(settled, column, pause):
    """{host: [[begin, end, bytes per second]]}; nothing across the pause."""
    result, first = {}, None
    for beat in settled:
        t = beat[0]
        if first is None or beat[1] != first[1] or \
                (pause and first[0] <= pause["begin"] < t):
            first = beat
            continue
        if t - first[0] >= RATE_SECONDS:
            moved = max(0, beat[column] - first[column])
            result.setdefault(beat[1], []).append(
                [first[0], t, moved / (t - first[0])])
            first = beat
    return result


# -- all together

def record_bytes(lines, store):
    """{record: bytes} of those that a co-operative stream does not have.  The
    source's LINES tell of Xen's; how much the STORE has was asked before."""
    found = re.search(CONTEXT, "\n".join(text for _, text in lines))
    return {"context": int(found.group(1)), "store": store} if found else {}


def _round(value):
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, list):
        return [_round(v) for v in value]
    if isinstance(value, dict):
        return {k: _round(v) for k, v in value.items()}
    return value


def build(seen):
    """The model of one move.  SEEN is a dictionary:

      kind         "transparent" or "co-operative"
      command      what was typed
      source, destination   names of the hosts
      start, end   our time of the start and the end of xl
      ok           xl's word on it
      tools        {host: [(arrived, line)]} of the two xl
      console      [(arrived, host, line)] of the guest
      clocks       {host: Clock}
      kernel_log   lines that the guest's kernel logged from start to end
      store_bytes  size of the store's part of the guest
      counts       whatever else was counted; goes into the model unchanged
    """
    start, a, b = seen["start"], seen["source"], seen["destination"]
    tools = {host: [e for e in lines if e[0] >= start]
             for host, lines in seen["tools"].items()}
    if seen["kind"] == "transparent":
        spans = [s for host in (a, b) for s in
                 phase_spans(host, tools[host], seen["clocks"][host])]
        spans += live_copy(spans, tools[a], a, start)
    else:
        spans = spoken_spans(COOPERATIVE, start, {
            "source": (a, tools[a]), "destination": (b, tools[b])})
    resumed = next((s["begin"] for s in spans if s["name"] == "unpause"), None)
    cut, found = written_before(beats(seen["console"]), resumed, a)
    settled = [(t - start, *rest) for t, *rest in settle(found, cut)]
    pause = pause_of(settled)
    for s in spans:
        s["begin"] -= start
        if s["end"] is not None:
            s["end"] -= start
    disk, network = rates(settled, 3, pause), rates(settled, 4, pause)
    return _round({
        "kind": seen["kind"], "command": seen["command"], "source": a,
        "destination": b, "ok": seen["ok"], "seconds": seen["end"] - start,
        "pause": pause, "spans": sorted(spans, key=lambda s: s["begin"]),
        "beats": {h: [x[0] for x in settled if x[1] == h] for h in (a, b)},
        "rates": {h: {"disk": disk.get(h, []), "network": network.get(h, [])}
                  for h in (a, b)},
        "record_bytes": record_bytes(tools[a], seen["store_bytes"]),
        "kernel_log": seen["kernel_log"], "counts": seen["counts"],
        "clock_doubt": {h: c.doubt for h, c in seen["clocks"].items()}})


def phases_in_pause(move):
    """[[span, seconds of it within the pause]] in order; what only reaches
    into it by less than a millisecond is left out."""
    pause, found = move["pause"], []
    for s in move["spans"] if pause else []:
        end = pause["end"] if s["end"] is None else s["end"]
        inside = min(end, pause["end"]) - max(s["begin"], pause["begin"])
        if s["name"] != "live copy" and inside > 0.001:
            found.append([s, inside])
    return found
