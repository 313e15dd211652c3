# SPDX-License-Identifier: GPL-2.0-only
"""Growth laws as pictures: both axes logarithmic, a line for each daemon."""

import math
import os
import sys

from .engine import TESTS

sys.path.insert(0, f'{TESTS}/lab')
# pylint: disable=wrong-import-position
from xenlab.svg import Sheet, num  # noqa: E402

WIDE, HIGH = 560, 320
LEFT, RIGHT, TOP, BOTTOM = 64, 96, 48, 44
LOOKS = {'c': ('C', '#b4552d'), 'ocaml': ('OCaml', '#7a6a9e'),
         'ours': ('ours', '#12715b')}
GREY, LINE = '#5c6670', '#dde1e4'


def short(value):
    """A number for an axis."""
    for power, unit in ((6, 'M'), (3, 'k')):
        if value >= 10 ** power:
            return f'{num(value / 10 ** power)} {unit}'
    return num(value)


class Axis:
    """Numbers to pixels, logarithmically."""

    def __init__(self, values, low, high, whole_decades):
        self.first = math.log10(min(values))
        self.last = math.log10(max(values))
        if whole_decades or self.first == self.last:
            self.first = math.floor(self.first + 1e-9)
            self.last = max(math.ceil(self.last - 1e-9), self.first + 1)
        self.low, self.high = low, high

    def at(self, value):
        part = (math.log10(value) - self.first) / (self.last - self.first)
        return self.low + part * (self.high - self.low)

    def decades(self):
        return [10.0 ** e for e in range(math.ceil(self.first - 1e-9),
                                         math.floor(self.last + 1e-9) + 1)]


def draw_axes(sheet, x, y, unit, what):
    for value in y.decades():
        sheet.line(LEFT, y.at(value), WIDE - RIGHT, y.at(value), LINE)
        sheet.text(LEFT - 8, y.at(value) + 4, short(value), 11, GREY, 'end')
    for value in x.decades():
        sheet.text(x.at(value), HIGH - BOTTOM + 18, short(value), 11, GREY,
                   'middle')
    sheet.text(WIDE - RIGHT, HIGH - 8, what, 11, GREY, 'end')
    sheet.text(LEFT, TOP - 8, unit, 11, GREY)


def apart(labels, least=14):
    """The same labels, none over another."""
    last = -least
    for label in sorted(labels, key=lambda item: item[0]):
        last = max(label[0], last + least)
        yield (last,) + label[1:]


def law(path, title, unit, what, series):
    """SERIES: {daemon: [(x, median, lowest, highest)]}."""
    points = [p for line in series.values() for p in line]
    x = Axis([p[0] for p in points], LEFT, WIDE - RIGHT, False)
    y = Axis([v for p in points for v in p[1:]], HIGH - BOTTOM, TOP, True)
    sheet = Sheet(WIDE)
    sheet.text(LEFT, 24, title[0].upper() + title[1:], 15, weight='600')
    draw_axes(sheet, x, y, unit, what)
    labels = []
    for kind, line in series.items():
        name, colour = LOOKS[kind]
        sheet.path('M' + 'L'.join(f'{num(x.at(p[0]))} {num(y.at(p[1]))}'
                                  for p in line),
                   stroke=colour, fill='none', stroke_width=2)
        for p in line:
            sheet.line(x.at(p[0]), y.at(p[2]), x.at(p[0]), y.at(p[3]), colour)
            sheet.add('circle', cx=x.at(p[0]), cy=y.at(p[1]), r=3,
                      fill=colour)
        last = line[-1]
        labels.append((y.at(last[1]) + 4, x.at(last[0]) + 8, name, colour))
    for place, left, name, colour in apart(labels):
        sheet.text(left, place, name, 12, colour, weight='600')
    with open(path, 'w', encoding='utf-8') as handle:
        handle.write(sheet.finish(HIGH, title,
                                  f'{unit} against the number of {what}',
                                  '#ffffff'))
