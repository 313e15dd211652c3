# SPDX-License-Identifier: GPL-2.0-only
"""The moves of a demo in words and in a table.  Pure functions."""
from . import timeline
from .svg import seconds

MEANING = {
    "drain": "waits until the back-ends have answered what they were asked",
    "detach": "takes the back-ends off the guest's rings",
    "freeze": "takes the guest's part of the store out of the daemon",
    "suspend": "pauses the guest; it is not told",
    "final-copy": "copies the memory that was written to since",
    "store-export": "sends the guest's part of the store",
    "wait-ready": "waits until the other host is ready",
    "wait-start": "lets the other host start the guest",
    "prepare": "sets up disks and network cards while the guest runs",
    "restore": "takes in memory, and Xen's state of the guest",
    "store-import": "puts the guest's part of the store into the daemon",
    "adopt": "attaches the back-ends to the rings as they are",
    "introduce": "connects the guest's own line to the store",
    "unpause": "lets the guest run",
    "resume": "goes on with the guest here, after a failure",
}
EVENTS = (
    ("issuing PVH/HVM suspend request", "asks the guest to suspend itself"),
    ("guest has suspended", "the guest has suspended itself"),
    ("Saving to migration stream", "sends the guest's memory while it runs"),
    ("Loading new save file", "takes in what comes"),
    ("Domain started", "the guest runs here"),
    ("Migration successful", "removes what is left of the guest here"),
)


def meaning(phase):
    return f"{phase}: {MEANING[phase]}" if phase in MEANING else phase


def event(line):
    return next((words for text, words in EVENTS if text in line), None)


def _rows(move):
    pause, c = move["pause"], move["counts"]
    rows = [("result", "moved" if move["ok"] else "FAILED"),
            ("total time", seconds(move["seconds"])),
            ("pause, by its heartbeat",
             seconds(pause["seconds"]) if pause else "?"),
            ("disk operations / errors",
             f"{c['disk_operations']} / {c['disk_errors']}"),
            ("packets sent / lost",
             f"{c['packets_sent']} / {c['packets_lost']}"),
            ("new lines in its kernel log", str(len(move["kernel_log"]))),
            ("bytes of new records", ", ".join(
                f"{name} {n}" for name, n in move["record_bytes"].items())
             or "none")]
    return rows


def table(moves):
    """Side by side, then each pause by phase, then what the kernels said."""
    heads = [f"{m['kind']} {m['source']} -> {m['destination']}" for m in moves]
    columns = [_rows(m) for m in moves]
    lines = [f"  {'':30}" + "".join(f"{h:>26}" for h in heads)]
    for i, (name, _) in enumerate(columns[0]):
        lines.append(f"  {name:30}"
                     + "".join(f"{c[i][1]:>26}" for c in columns))
    for move, head in zip(moves, heads):
        parts = timeline.phases_in_pause(move)
        lines += ["", f"  The pause of the {head} move by phase "
                      "(phases of two hosts overlap):"]
        lines += [f"    {s['host']}  {s['name']:18}{seconds(t):>10}"
                  for s, t in parts] or ["    nothing was logged"]
    for move in moves:
        if move["kernel_log"]:
            lines += ["", f"  What the guest's kernel logged "
                          f"({move['kind']}):"]
            lines += [f"    {line}" for line in move["kernel_log"][:12]]
    return "\n".join(lines)
