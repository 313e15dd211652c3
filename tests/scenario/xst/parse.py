# SPDX-License-Identifier: GPL-2.0-only
"""Scripts: text -> cases made of lines of words, and loops."""

import re
from dataclasses import dataclass, field

ESCAPES = {'0': b'\0', 'n': b'\n', 't': b'\t', 'r': b'\r', '\\': b'\\',
           '"': b'"', '$': b'$'}
SEGMENT = re.compile(r'"((?:[^"\\]|\\.)*)"(?:\*(\d+|\$\w+))?|([^\s"]+)')
VARIABLE = re.compile(r'\$(\w+)|\$\{(\w+)([+-]\d+)?\}')


class ScriptError(Exception):
    """The script itself is wrong."""


@dataclass
class Word:
    """A word: segments of (text, repeat, quoted)."""
    segments: list
    quoted: bool

    def bare(self):
        """The text of an unquoted word, else None."""
        return None if self.quoted else self.segments[0][0]

    def value(self, variables):
        """The bytes that the word stands for."""
        out = b''
        for text, repeat, quoted in self.segments:
            data = expand(text, variables, quoted)
            if repeat:
                data *= int(expand(repeat, variables, False))
            out += data
        return out

    def text(self, variables):
        return self.value(variables).decode('latin-1')


@dataclass
class Line:
    number: int
    words: list
    source: str


@dataclass
class Loop:
    number: int
    var: str
    first: Word
    last: Word
    body: list = field(default_factory=list)


@dataclass
class Case:
    name: str
    refs: list
    number: int
    body: list = field(default_factory=list)


@dataclass
class Script:
    path: str
    name: str
    prologue: list = field(default_factory=list)
    cases: list = field(default_factory=list)


def expand(text, variables, escapes):
    """Replace $name, ${name}, ${name+1} and, if wanted, \\ escapes."""
    out = b''
    pos = 0
    while pos < len(text):
        var = VARIABLE.match(text, pos)
        if var:
            name = var.group(1) or var.group(2)
            if name not in variables:
                raise ScriptError(f'unknown variable ${name}')
            value = variables[name]
            if var.group(3):
                value = b'%d' % (int(value) + int(var.group(3)))
            out += value
            pos = var.end()
        elif escapes and text[pos] == '\\':
            esc = text[pos + 1]
            if esc == 'x':
                out += bytes([int(text[pos + 2:pos + 4], 16)])
                pos += 4
            elif esc in ESCAPES:
                out += ESCAPES[esc]
                pos += 2
            else:
                raise ScriptError(f'unknown escape \\{esc}')
        else:
            out += text[pos].encode('latin-1' if ord(text[pos]) < 256
                                    else 'utf-8')
            pos += 1
    return out


def split_words(text):
    """One line -> words; # at the start of a word begins a comment."""
    words = []
    pos = 0
    while True:
        while pos < len(text) and text[pos].isspace():
            pos += 1
        if pos >= len(text) or text[pos] == '#':
            return words
        segments = []
        quoted = False
        while pos < len(text) and not text[pos].isspace():
            seg = SEGMENT.match(text, pos)
            if not seg:
                raise ScriptError(f'cannot read: {text[pos:]}')
            if seg.group(3) is None:
                segments.append((seg.group(1), seg.group(2), True))
                quoted = True
            else:
                segments.append((seg.group(3), None, False))
            pos = seg.end()
        words.append(Word(segments, quoted))


def add_line(number, raw, script, stack):
    words = split_words(raw)
    if not words:
        return
    verb = words[0].bare()
    if verb == 'case':
        if len(stack) > 1:
            raise ScriptError('case inside a loop')
        names = [w.bare() for w in words[1:]]
        if not names or None in names:
            raise ScriptError('case NAME [REFERENCE...]')
        case = Case(names[0], names[1:], number)
        script.cases.append(case)
        stack[:] = [case.body]
    elif verb == 'for':
        bounds = words[2].bare() if len(words) == 3 else None
        if not bounds or '..' not in bounds:
            raise ScriptError('for VARIABLE FIRST..LAST')
        first, last = bounds.split('..')
        loop = Loop(number, words[1].bare(), split_words(first)[0],
                    split_words(last)[0])
        stack[-1].append(loop)
        stack.append(loop.body)
    elif verb == 'end':
        if len(stack) < 2:
            raise ScriptError('end without for')
        stack.pop()
    else:
        stack[-1].append(Line(number, words, raw.strip()))


def parse(path):
    """Read a script; raises ScriptError with the place in it."""
    name = path.rsplit('/', 1)[-1].removesuffix('.xst')
    script = Script(path, name)
    stack = [script.prologue]
    with open(path, encoding='utf-8') as handle:
        for number, raw in enumerate(handle, 1):
            try:
                add_line(number, raw, script, stack)
            except ScriptError as err:
                raise ScriptError(f'{path}:{number}: {err}') from None
    if len(stack) > 1:
        raise ScriptError(f'{path}: for without end')
    names = [c.name for c in script.cases]
    twice = {n for n in names if names.count(n) > 1}
    if twice:
        raise ScriptError(f'{path}: case named twice: {", ".join(twice)}')
    return script
