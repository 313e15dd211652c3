# SPDX-License-Identifier: GPL-2.0-only
"""Just enough SVG: a sheet to draw on, a scale, and text that is measured.

Text cannot be measured without its font, so width() errs on the wide side:
what it lets through does not overlap in any of the usual sans-serif fonts.
"""
from xml.sax.saxutils import escape

SANS = "Inter, 'Segoe UI', 'Helvetica Neue', 'DejaVu Sans', Arial, sans-serif"
MONO = "'JetBrains Mono', Menlo, 'DejaVu Sans Mono', Consolas, monospace"
NARROW, WIDE = set("fijlrtI.,:;'|!()[] -"), set("mwMW%@")


def width(text, size, mono=False):
    """About how many pixels wide TEXT is."""
    if mono:
        return 0.61 * size * len(text)
    return size * sum(0.38 if c in NARROW else 0.95 if c in WIDE else
                      0.72 if c.isupper() else 0.62 for c in text)


def num(value):
    """A coordinate, short."""
    return f"{value:.2f}".rstrip("0").rstrip(".") or "0"


class Sheet:
    """SVG elements in the order in which they are painted."""

    def __init__(self, wide):
        self.wide = wide
        self._parts = []

    def add(self, name, text=None, **attributes):
        words = "".join(
            f' {key.rstrip("_").replace("_", "-")}="'
            f'{num(v) if isinstance(v, (int, float)) else escape(v, {chr(34): "&quot;"})}"'
            for key, v in attributes.items() if v is not None)
        self._parts.append(f"<{name}{words}/>" if text is None else
                           f"<{name}{words}>{escape(text)}</{name}>")

    def rect(self, x, y, w, h, fill, **more):
        self.add("rect", x=x, y=y, width=max(w, 0), height=h, fill=fill,
                 **more)

    def line(self, x1, y1, x2, y2, stroke, wide=1, **more):
        self.add("line", x1=x1, y1=y1, x2=x2, y2=y2, stroke=stroke,
                 stroke_width=wide, **more)

    def path(self, d, **more):
        self.add("path", d=d, **more)

    def text(self, x, y, text, size=12, fill="#1f2933", anchor=None,
             weight=None, mono=False, **more):
        self.add("text", text, x=x, y=y, font_size=size, fill=fill,
                 text_anchor=anchor, font_weight=weight,
                 font_family=MONO if mono else None, **more)

    def finish(self, high, title, about, background):
        head = (f'<svg xmlns="http://www.w3.org/2000/svg" width="{self.wide}" '
                f'height="{num(high)}" viewBox="0 0 {self.wide} {num(high)}" '
                f'font-family="{SANS}" role="img">\n'
                f"<title>{escape(title)}</title>\n"
                f"<desc>{escape(about)}</desc>\n"
                f'<rect width="100%" height="100%" fill="{background}"/>\n')
        return head + "\n".join(self._parts) + "\n</svg>\n"


class Scale:
    """Seconds to pixels."""

    def __init__(self, begin, end, left, right):
        self.begin, self.end = begin, end
        self.left, self.right = left, right

    @property
    def per_second(self):
        return (self.right - self.left) / (self.end - self.begin)

    def x(self, t):
        """Where T is; what lies outside is at the edge."""
        t = min(max(t, self.begin), self.end)
        return self.left + (t - self.begin) * self.per_second

    def has(self, t):
        return self.begin <= t <= self.end

    def ticks(self, apart=80):
        """Round times, at least so many pixels apart."""
        step = nice(apart / self.per_second)
        first = int(self.begin // step) - 1
        ticks = (round((first + i) * step, 6)
                 for i in range(int((self.end - self.begin) / step) + 4))
        return step, [t for t in ticks if self.has(t)]


def nice(at_least):
    """The smallest 1, 2 or 5 times a power of ten that is AT_LEAST so big."""
    power = 1e-6
    while True:
        for factor in (1, 2, 5):
            if factor * power >= at_least * (1 - 1e-9):
                return factor * power
        power *= 10


def seconds(value):
    """A duration for people."""
    if value < 0.0995:
        return f"{value * 1000:.0f} ms" if value >= 0.01 else \
            f"{value * 1000:.1f} ms"
    return f"{value:.2f} s" if value < 9.995 else f"{value:.1f} s"


def amount(per_second):
    """Bytes a second for people."""
    for unit in ("B/s", "kB/s", "MB/s"):
        if per_second < 1000 or unit == "MB/s":
            digits = 0 if per_second >= 10 or unit == "B/s" else 1
            return f"{per_second:.{digits}f} {unit}"
        per_second /= 1000


def area(points, scale, base, high, top):
    """The path of a stepped area: POINTS are [begin, end, value], drawn HIGH
    pixels up from BASE when the value is TOP."""
    d, last = [], None
    for begin, end, value in points:
        if end <= scale.begin or begin >= scale.end:
            continue
        x0, x1 = scale.x(begin), scale.x(end)
        y = base - high * min(value / top, 1) if top else base
        if last is None or x0 - last > 0.5:
            if last is not None:
                d.append(f"V{num(base)}")
            d.append(f"M{num(x0)} {num(base)}")
        d.append(f"V{num(y)}H{num(x1)}")
        last = x1
    if d:
        d.append(f"V{num(base)}")
    return "".join(d)
