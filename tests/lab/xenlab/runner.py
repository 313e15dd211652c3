# SPDX-License-Identifier: GPL-2.0-only
"""Runs a suite on a rig and reports each test.

A suite is a file in suites/.  In a .py suite every function marked @test runs
in the order of the file, with the Session as its argument; the hosts are
booted once for all of them, and end after LIFETIME seconds, which the suite
can set.  What such a function returns is shown as the detail.  A .sh
suite runs in dom0 of a host whose toolstack is up, and prints "ok NAME" or
"not ok NAME WHY" for each of its tests.

Every test becomes one line of results.jsonl in the results directory:
  {"suite", "test", "status": "pass" or "fail", "seconds", "detail"}
"""
import importlib.util
import json
import os
import re
import signal
import sys
import time
import traceback

from .paths import SLACK, SUITES, LabError, LabTimeout
from .rig import Rig

DEFAULT_LIMIT = 20
LIFETIME = 5400


def test(limit=DEFAULT_LIMIT, vital=False):
    """Marks a test; LIMIT in seconds of an idle machine.  When a VITAL one
    fails the others cannot run and fail too."""
    def mark(function):
        function.lab_limit = limit
        function.lab_vital = vital
        return function
    return mark


class Session:
    """What tests share: the rig, and whatever they set on it."""

    def __init__(self, rig, say, lifetime):
        self.rig = rig
        self.say = say
        self.lifetime = lifetime    # seconds after which its hosts end

    @property
    def host(self):
        return self.rig.host


class Report:
    def __init__(self, suite, file, as_json):
        self._suite = suite
        self._file = file
        self._json = as_json
        self.n_passed = self.n_failed = 0

    def say(self, text):
        print(text, file=sys.stderr if self._json else sys.stdout, flush=True)

    def result(self, name, ok, seconds, detail=""):
        self.n_passed += ok
        self.n_failed += not ok
        line = json.dumps({
            "suite": self._suite, "test": name,
            "status": "pass" if ok else "fail",
            "seconds": round(seconds, 2), "detail": detail})
        self._file.write(line + "\n")
        self._file.flush()
        if self._json:
            print(line, flush=True)
        first = detail.splitlines()[0] if detail and ok else ""
        self.say(f"{'ok  ' if ok else 'FAIL'} {seconds:6.1f} s  {name}"
                 + (f"  ({first})" if first else ""))
        if not ok:
            self.say("    " + detail.replace("\n", "\n    "))


def _alarm(_signal, _frame):
    raise LabTimeout("the test's time is over")


def _explain(session, function, error):
    """The line of the test, the error, and what the host says."""
    frames = traceback.extract_tb(error.__traceback__)
    file = function.__code__.co_filename
    here = next((f for f in frames if f.filename == file), frames[-1])
    text = f"line {here.lineno}: {here.line}\n"
    if not isinstance(error, LabError):
        text += f"{type(error).__name__}: "
    text += str(error)
    if "-- console of" not in text:
        signal.setitimer(signal.ITIMER_REAL, 0)
        text += session.host.explain()
    return text


def _run_test(session, function, report):
    name = function.__name__.removeprefix("test_")
    start = time.monotonic()
    signal.signal(signal.SIGALRM, _alarm)
    signal.setitimer(signal.ITIMER_REAL, function.lab_limit * SLACK)
    try:
        detail = function(session) or ""
        ok = True
    except Exception as e:  # a test may fail in any way; the suite goes on
        ok, detail = False, _explain(session, function, e)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    report.result(name, ok, time.monotonic() - start, detail)
    return ok


def find(name):
    for suffix in (".py", ".sh"):
        path = SUITES / (name + suffix)
        if path.exists():
            return path
    known = ", ".join(sorted(p.stem for p in SUITES.iterdir()
                             if p.suffix in (".py", ".sh")))
    raise LabError(f"no suite {name}; there are: {known}")


def _load(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@test(60, vital=True)
def boot(session):
    start = time.monotonic()
    session.rig.start(session.lifetime, say=session.say)
    return f"{time.monotonic() - start:.1f} s to dom0"


def _shell_suite(session, path, report):
    session.host.start_toolstack()
    start = time.monotonic()
    _, output = session.host.run(path.read_text(), 600, check=False)
    found = re.findall(r"^(not )?ok (\S+) ?(.*)$", output, re.M)
    for no, name, detail in found:
        report.result(name, not no, time.monotonic() - start, detail)
    if not found:
        report.result(path.stem, False, time.monotonic() - start,
                      "no result in:\n" + output)


def _tests_of(module):
    return [f for f in vars(module).values() if hasattr(f, "lab_limit")]


def run(suite, results, config, only=None, as_json=False):
    """Runs a suite; answers the number of failed tests."""
    path = find(suite)
    module = _load(path) if path.suffix == ".py" else None
    configs = module.hosts(config) if hasattr(module, "hosts") else [config]
    start = time.monotonic()
    with Rig.create(f"test-{os.getpid()}", results, configs) as rig, \
            open(rig.results / "results.jsonl", "w") as file:
        report = Report(suite, file, as_json)
        session = Session(rig, report.say,
                          getattr(module, "LIFETIME", LIFETIME))
        tests = [boot, *(_tests_of(module) if module else [])]
        if only:
            tests = [t for t in tests
                     if t.lab_vital or re.search(only, t.__name__)]
        dead = False
        for function in tests:
            if dead:
                report.result(function.__name__.removeprefix("test_"), False,
                              0, "not run: a vital test failed")
            elif not _run_test(session, function, report):
                dead = function.lab_vital
        if not module and not dead:
            _shell_suite(session, path, report)
    report.say(f"{suite} on {config.xenstored}: "
               f"{time.monotonic() - start:.0f} s, details in {rig.results}")
    report.say(f"{report.n_passed} passed, {report.n_failed} failed")
    return report.n_failed
