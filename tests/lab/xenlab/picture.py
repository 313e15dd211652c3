# SPDX-License-Identifier: GPL-2.0-only
"""Draws the model of timeline.py: one SVG for all moves of a demo.

For each move, from the top: what it is and its figures; each host with its
phases, the guest's heartbeat and its disk and network; then the pause through
a magnifying glass, one line a phase; then what the guest's kernel said.  All
moves have the same scale, and so have the magnified parts.
"""
from . import timeline
from .svg import Scale, Sheet, amount, area, seconds, width

WIDE, LEFT, RIGHT, EDGE, FIGURE = 1200, 128, 1176, 24, 146
PAPER, INK, FAINT, GRID = "#ffffff", "#1f2933", "#5a6672", "#dde1e6"
LANE, PAUSE, BEAT = "#f3f5f7", "#b3261e", "#1f2933"
FLOW = {"disk": "#4b5b8c", "network": "#7a8ea3"}

# Okabe and Ito's colours, which everybody can tell apart.
KINDS = {
    "memory": ("#0072B2", "#ffffff", "memory"),
    "devices": ("#E69F00", INK, "disk and network back-ends"),
    "state": ("#009E73", "#ffffff", "state of Xen and of the store"),
    "guest": ("#CC79A7", INK, "the guest takes part"),
    "wait": ("#c3cad2", INK, "waits for the other host"),
    "failure": ("#D55E00", "#ffffff", "goes on after a failure"),
}
KIND_OF = {
    "live copy": "memory", "final-copy": "memory", "final copy": "memory",
    "restore": "memory",
    "prepare": "devices", "detach": "devices", "drain": "devices",
    "adopt": "devices",
    "attach devices": "devices",
    "freeze": "state", "suspend": "state", "store-export": "state",
    "store-import": "state", "introduce": "state", "unpause": "state",
    "guest suspends": "guest", "resume": "failure",
}
ROWS = (("heartbeat", 14), ("disk", 30), ("network", 30))
BAR, GAP, ZOOM_ROW, LOG_ROW, LOG_LINES = 20, 8, 19, 16, 12
BLOCK = 2 * GAP + BAR + sum(GAP + tall for _, tall in ROWS)


def kind_of(name):
    return KINDS[KIND_OF.get(name, "wait")]


def window(moves):
    """What all overviews show: a little before xl starts, and after the last
    is over."""
    end = max(move["seconds"] for move in moves)
    return -0.06 * end, end * 1.08


def zoom_seconds(moves):
    """How much time the magnified parts show: the longest pause."""
    return max([m["pause"]["seconds"] for m in moves if m["pause"]] or [1.0])


class Picture:
    def __init__(self, model):
        self.model, self.moves = model, model["moves"]
        self.sheet = Sheet(WIDE)
        self.scale = Scale(*window(self.moves), LEFT, RIGHT)
        self.tops = {name: max((part[2] for move in self.moves
                                for flow in move["rates"].values()
                                for part in flow[name]), default=0)
                     for name in FLOW}
        self.y = 0.0

    def draw(self):
        self.head()
        for move in self.moves:
            self.move(move)
        return self.sheet.finish(self.y, self.model["title"],
                                 self.model["subtitle"], PAPER)

    def head(self):
        s = self.sheet
        s.text(EDGE, 42, self.model["title"], 24, INK, weight="700")
        s.text(EDGE, 64, self.model["subtitle"], 13, FAINT)
        x, y = EDGE, 94
        shown = {kind_of(p["name"]) for m in self.moves for p in m["spans"]}
        for kind in KINDS.values():
            if kind in shown:
                s.rect(x, y - 11, 18, 12, kind[0], rx=2)
                s.text(x + 24, y, kind[2], 12.5, INK)
                x += 24 + width(kind[2], 12.5) + 16
        s.rect(x, y - 11, 18, 12, PAUSE, fill_opacity=0.14)
        for edge in (x, x + 18):
            s.line(edge, y - 11, edge, y + 1, PAUSE)
        s.text(x + 24, y, "the guest stands still", 12.5, INK)
        self.y = 116

    # -- one move

    def move(self, move):
        self.title(move)
        top, bottom = self.y, self.y + 2 * BLOCK + 8
        lanes = ((move["source"], "from", top),
                 (move["destination"], "to", top + BLOCK + 8))
        for _, _, y in lanes:
            self.sheet.rect(LEFT, y, RIGHT - LEFT, BLOCK, LANE, rx=3)
        self.grid(self.scale, top, bottom)
        self.shade(move, top, bottom)
        for lane in lanes:
            self.host(move, *lane)
        self.edges(move, top, bottom)
        self.y = bottom + 18
        self.words(self.scale)
        if move["pause"]:
            self.zoom(move, bottom)
        self.kernel(move)
        self.y += 22

    def title(self, move):
        s, name = self.sheet, move["kind"].capitalize()
        s.line(EDGE, self.y, RIGHT, self.y, GRID, 1.5)
        self.y += 36
        s.text(EDGE, self.y, name, 20, INK, weight="700")
        s.text(EDGE, self.y + 18, move["command"]
               + ("" if move["ok"] else "   (failed)"), 12, FAINT, mono=True)
        x = RIGHT
        for value, what in reversed(self.figures(move)):
            s.text(x, self.y, value, 18, INK, "end", "700")
            s.text(x, self.y + 17, what, 12, FAINT, "end")
            x -= FIGURE
        self.y += 56

    @staticmethod
    def figures(move):
        counts, lines = move["counts"], len(move["kernel_log"])
        found = [(seconds(move["seconds"]), "in all")]
        if move["pause"]:
            found.append((seconds(move["pause"]["seconds"]), "pause"))
        return found + [
            (f"{counts['packets_lost']} of {counts['packets_sent']}",
             "packets lost"),
            (f"{counts['disk_errors']} of {counts['disk_operations']}",
             "disk checks wrong"),
            (str(lines), "new kernel log lines" if lines != 1 else
             "new kernel log line")]

    def host(self, move, name, role, top):
        s = self.sheet
        s.text(EDGE, top + GAP + 15, f"Host {name}", 14, INK, weight="700")
        s.text(LEFT - 8, top + GAP + 15, role, 12, FAINT, "end")
        y = top + GAP
        self.bars([p for p in move["spans"] if p["host"] == name], y)
        y += BAR + GAP
        for row, tall in ROWS:
            s.text(LEFT - 8, y + 12, row, 12, FAINT, "end")
            if row in FLOW:
                s.text(LEFT - 8, y + 26, f"0-{amount(self.tops[row])}", 10.5,
                       FAINT, "end")
            if row == "heartbeat":
                self.beats(move["beats"][name], y, tall)
            else:
                self.flow(move["rates"][name][row], row, y, tall)
            y += tall + GAP

    def bars(self, spans, y):
        """Long ones first: what is short lies on top.  A bar says its name if
        there is room; the magnified part names them all."""
        for p in sorted(spans, key=lambda p: p["begin"] - (p["end"] or 1e9)):
            colour, ink, _ = kind_of(p["name"])
            x0 = self.scale.x(p["begin"])
            x1 = self.scale.x(self.scale.end if p["end"] is None else p["end"])
            wide = max(x1 - x0, 1.5)
            self.sheet.rect(x0, y, wide, BAR, colour, stroke=PAPER,
                            stroke_width=0.6 if wide > 4 else 0)
            if width(p["name"], 12) + 8 < wide:
                self.sheet.text(x0 + wide / 2, y + 14.5, p["name"], 12, ink,
                                "middle")

    def beats(self, beats, y, tall):
        d = "".join(f"M{self.scale.x(t):.1f} {y}v{tall}" for t in beats
                    if self.scale.has(t))
        if d:
            self.sheet.path(d, stroke=BEAT, stroke_width=1.3)

    def flow(self, parts, row, y, tall):
        self.sheet.line(LEFT, y + tall, RIGHT, y + tall, "#c3cad2", 0.7)
        d = area(parts, self.scale, y + tall, tall, self.tops[row])
        if d:
            self.sheet.path(d, fill=FLOW[row])

    def _across(self, pause):
        return self.scale.x(pause["begin"]), self.scale.x(pause["end"])

    def shade(self, move, top, bottom):
        if move["pause"]:
            x0, x1 = self._across(move["pause"])
            self.sheet.rect(x0, top, x1 - x0, bottom - top, PAUSE,
                            fill_opacity=0.12)

    def edges(self, move, top, bottom):
        if not move["pause"]:
            return
        s, (x0, x1) = self.sheet, self._across(move["pause"])
        for x in (x0, x1):
            s.line(x, top - 4, x, bottom, PAUSE)
        text = f"the guest stands still: {seconds(move['pause']['seconds'])}"
        wide = 1.08 * width(text, 12.5) + 20
        x = min(max((x0 + x1) / 2 - wide / 2, LEFT), RIGHT - wide)
        s.rect(x, top - 24, wide, 20, PAUSE, rx=10)
        s.text(x + wide / 2, top - 9.5, text, 12.5, "#ffffff", "middle", "600")

    def grid(self, scale, top, bottom):
        for t in scale.ticks(90)[1]:
            x = scale.x(t)
            self.sheet.line(x, top, x, bottom, GRID)

    def words(self, scale):
        """The axis' numbers, at the present height."""
        for t in scale.ticks(90)[1]:
            self.sheet.text(scale.x(t), self.y, f"{t:g} s", 12, FAINT,
                            "middle")

    # -- the pause, magnified

    def zoom(self, move, lanes_bottom):
        s, pause = self.sheet, move["pause"]
        parts = timeline.phases_in_pause(move)
        span = zoom_seconds(self.moves)
        # Room on the right for the name of a bar that ends there.
        scale = Scale(0, span * 1.22, LEFT, RIGHT)
        top = self.y + 26
        bottom = top + ZOOM_ROW * max(len(parts), 1) + 6
        for over, under in ((self.scale.x(pause["begin"]), LEFT),
                            (self.scale.x(pause["end"]),
                             scale.x(pause["seconds"]))):
            s.path(f"M{over:.1f} {lanes_bottom + 24:.1f}"
                   f"L{under:.1f} {top:.1f}", stroke=PAUSE, fill="none",
                   stroke_width=1, stroke_dasharray="3 3")
        s.rect(LEFT, top, scale.x(pause["seconds"]) - LEFT, bottom - top,
               PAUSE, fill_opacity=0.08)
        self.grid(scale, top, bottom)
        s.text(EDGE, top + 15, "The pause", 14, INK, weight="700")
        s.text(EDGE, top + 31, "by phase", 12, FAINT)
        y = top + 3
        for p, inside in parts:
            colour = kind_of(p["name"])[0]
            begin = max(p["begin"] - pause["begin"], 0)
            x = scale.x(begin)
            wide = max(scale.x(begin + inside) - x, 2)
            s.rect(x, y + 2, wide, ZOOM_ROW - 4, colour, rx=1.5)
            s.text(x + wide + 6, y + 14,
                   f"{p['host']}: {p['name']}, {seconds(inside)}", 12, INK)
            y += ZOOM_ROW
        self.y = bottom + 16
        self.words(scale)

    # -- what the guest's kernel said

    def kernel(self, move):
        s, log = self.sheet, move["kernel_log"]
        self.y += 28
        s.text(EDGE, self.y, "Kernel log", 14, INK, weight="700")
        if not log:
            s.text(LEFT + 8, self.y, "not one new line", 12, INK)
        shown = log[:LOG_LINES]
        for line in shown:
            s.text(LEFT + 8, self.y, line[:120], 12, INK, mono=True)
            self.y += LOG_ROW
        if len(log) > len(shown):
            s.text(LEFT + 8, self.y, f"and {len(log) - len(shown)} more", 12,
                   FAINT)
            self.y += LOG_ROW
        self.y += 6 if not log else -LOG_ROW + 6


def draw(model):
    return Picture(model).draw()
