#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Unit tests of the demo's pure parts: what was seen, the model, the picture."""
import sys
import unittest
import xml.etree.ElementTree as ET
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))

from xenlab import picture, report, svg, timeline  # noqa: E402
from xenlab.watch import Lines  # noqa: E402

START = 1000.0


def phase(name, what, at):
    return f"libxl: info: Domain 2:transparent: phase {name} {what} {at:.3f}"


def console(begin, end, host, guest_begin, late=0.0, ios=0):
    """A heartbeat ten times a second, one sector and 100 bytes a beat."""
    count = round((end - begin) * 10)
    return [(begin + i / 10 + (late if i % 3 else 0.01), host,
             f"BEAT {guest_begin + i / 10:.2f} 0 {ios + i} 0 "
             f"{(ios + i) * 100}") for i in range(count)]


def seen(**more):
    """A: 10 s of work, a pause from 10 s to 12 s, work on B; xl runs from 2 s
    to 13 s; the clock of A is 5 s ahead, that of B 3 s behind."""
    def clock(offset):
        return timeline.Clock(
            [(t, t + d + offset, t + 2 * d) for d in (0.05, 0.01)
             for t in (START,)],
            [(START + 20, START + 20.01 + offset, START + 20.02)])
    a = [(START + 2.5, "xl: Saving to migration stream new xl format")]
    for name, begin, end in (("suspend", 10.0, 10.1),
                             ("wait-ready", 10.2, 11.5)):
        a += [(START + 11, phase(name, "begin", (START + begin + 5) * 1000)),
              (START + 11, phase(name, "end", (START + end + 5) * 1000))]
    b = [(START + 12, phase("adopt", w, (START + t - 3) * 1000))
         for w, t in (("begin", 10.5), ("end", 11.4))]
    return {"kind": "transparent", "command": "xl migrate", "source": "A",
            "destination": "B", "start": START + 2, "end": START + 13,
            "ok": True, "tools": {"A": a, "B": b},
            "console": console(START, START + 10, "A", 50, 0.04)
            + console(START + 12, START + 15, "B", 60.2, 0.2, 100),
            "clocks": {"A": clock(5), "B": clock(-3)}, "kernel_log": [],
            "store_bytes": 2304,
            "counts": {"disk_operations": 9, "disk_errors": 0,
                       "packets_sent": 9, "packets_lost": 0}} | more


class Clock(unittest.TestCase):
    def test_the_quickest_answer_is_believed(self):
        c = timeline.Clock([(10, 110.9, 11), (20, 120.1, 20.2)])
        self.assertAlmostEqual(c.ours(120.1), 20.1)
        self.assertAlmostEqual(c.doubt, 0.1)

    def test_a_drift_is_interpolated(self):
        c = timeline.Clock([(0, 100, 0)], [(10, 111, 10)])
        self.assertAlmostEqual(c.ours(105.5), 5.0)
        self.assertAlmostEqual(c.ours(99), -1.0)


class Phases(unittest.TestCase):
    def test_times_are_of_this_machine(self):
        spans = {s["name"]: s for s in timeline.build(seen())["spans"]}
        self.assertAlmostEqual(spans["suspend"]["begin"], 8.0, 3)
        self.assertAlmostEqual(spans["suspend"]["end"], 8.1, 3)
        self.assertAlmostEqual(spans["adopt"]["begin"], 8.5, 3)
        self.assertEqual(spans["adopt"]["host"], "B")
        self.assertAlmostEqual(spans["live copy"]["begin"], 0.5, 3)
        self.assertAlmostEqual(spans["live copy"]["end"], 8.0, 3)

    def test_a_phase_that_never_ended_has_no_end(self):
        s = seen()
        s["tools"]["A"].pop()
        spans = {x["name"]: x for x in timeline.build(s)["spans"]}
        self.assertIsNone(spans["wait-ready"]["end"])

    def test_what_an_earlier_move_said_is_not_this_ones(self):
        s = seen()
        s["tools"]["A"].insert(0, (START + 1, phase("freeze", "begin", 1)))
        names = [x["name"] for x in timeline.build(s)["spans"]]
        self.assertNotIn("freeze", names)

    def test_records_are_this_moves(self):
        s = seen()
        s["tools"]["A"].insert(0, (START + 1, "GTM context: 1 bytes, read"))
        s["tools"]["A"].append((START + 9, "GTM context: 13104 bytes, read"))
        self.assertEqual(timeline.build(s)["record_bytes"],
                         {"context": 13104, "store": 2304})

    def test_cooperative(self):
        a = [(START + t, w) for t, w in (
            (3, "Saving to migration stream"),
            (9, "issuing PVH/HVM suspend request via XenBus"),
            (10, "guest has suspended"),
            (10.5, "libxl-save-helper: debug: complete r=0: Success"))]
        b = [(START + t, w) for t, w in (
            (10.6, "xc: info: Restore successful"),
            (11.5, "Transfer complete, requesting permission to start"),
            (11.9, "migration target: Domain started successsfully."))]
        model = timeline.build(seen(kind="co-operative",
                                    tools={"A": a, "B": b}))
        self.assertEqual(
            [(s["host"], s["name"], s["begin"], s["end"])
             for s in model["spans"]],
            [("A", "live copy", 1, 7), ("A", "guest suspends", 7, 8),
             ("A", "final copy", 8, 8.5), ("B", "attach devices", 8.6, 9.5),
             ("B", "unpause", 9.5, 9.9)])


class Heartbeat(unittest.TestCase):
    def test_the_pause_in_spite_of_late_lines(self):
        pause = timeline.build(seen())["pause"]
        self.assertAlmostEqual(pause["begin"], 7.91, 2)
        self.assertAlmostEqual(pause["end"], 10.01, 2)
        self.assertAlmostEqual(pause["seconds"], 2.1, 2)
        self.assertAlmostEqual(pause["guest_seconds"], 0.3, 2)

    def test_a_beat_that_moved_in_the_ring_is_from_before_the_pause(self):
        s = seen()
        s["tools"]["B"] += [
            (START + 12, phase("unpause", w, (START + t - 3) * 1000))
            for w, t in (("begin", 11.6), ("end", 11.7))]
        s["console"].insert(100, (START + 11.5, "B", "BEAT 60.00 0 100 0 1"))
        model = timeline.build(s)
        self.assertAlmostEqual(model["pause"]["begin"], 8.01, 2)
        self.assertAlmostEqual(model["pause"]["end"], 10.01, 2)
        self.assertEqual(len(model["beats"]["A"]), 101)

    def test_beats_belong_to_the_host_that_showed_them(self):
        beats = timeline.build(seen())["beats"]
        self.assertEqual((len(beats["A"]), len(beats["B"])), (100, 30))

    def test_a_line_cut_short_is_no_beat(self):
        self.assertEqual(timeline.beats([(1, "A", "BEAT 1.00 1 2 3")]), [])

    def test_a_packet_on_its_way_is_not_lost(self):
        def told(*pairs):
            return [(1, "A", f"ST t=1 ios=1 errs=0 tx={a} rx={b} udpgap=0")
                    for a, b in pairs]
        self.assertEqual(timeline.unanswered(told((9, 8), (12, 12))), 0)
        self.assertEqual(timeline.unanswered(told((9, 8), (12, 11))), 1)
        self.assertEqual(timeline.unanswered([]), 0)

    def test_no_beat_no_pause(self):
        model = timeline.build(seen(console=[]))
        self.assertIsNone(model["pause"])
        self.assertEqual(timeline.phases_in_pause(model), [])

    def test_rates(self):
        model = timeline.build(seen())
        for host in "AB":
            for _, _, rate in model["rates"][host]["disk"]:
                self.assertAlmostEqual(rate, 5120, delta=1)
            for begin, end, rate in model["rates"][host]["network"]:
                self.assertAlmostEqual(rate, 1000, delta=1)
                self.assertFalse(begin < 9 < end)

    def test_phases_in_the_pause_count_only_what_is_in_it(self):
        found = {s["name"]: t for s, t in
                 timeline.phases_in_pause(timeline.build(seen()))}
        self.assertEqual(list(found), ["suspend", "wait-ready", "adopt"])
        self.assertAlmostEqual(found["adopt"], 0.9, 2)


class Words(unittest.TestCase):
    def test_lines_are_cut_where_they_end(self):
        lines = Lines()
        self.assertEqual(lines.feed(b"one\r\ntw"), ["one"])
        self.assertEqual(lines.feed(b"o\nthree\n"), ["two", "three"])

    def test_table(self):
        text = report.table([timeline.build(seen()),
                             timeline.build(seen(ok=False, kernel_log=["x"]))])
        self.assertRegex(text, r"result +moved +FAILED")
        self.assertRegex(text, r"pause, by its heartbeat +2\.10 s")
        self.assertRegex(text, r"B +adopt +0\.90 s")
        self.assertRegex(text, r"bytes of new records +none +none")

    def test_durations_and_rates(self):
        self.assertEqual([svg.seconds(x) for x in (0.0012, 0.05, 1.5, 12.34)],
                         ["1.2 ms", "50 ms", "1.50 s", "12.3 s"])
        self.assertEqual([svg.amount(x) for x in (9, 1500, 2.5e7)],
                         ["9 B/s", "1.5 kB/s", "25 MB/s"])


class Picture(unittest.TestCase):
    def draw(self, *moves):
        return ET.fromstring(picture.draw(
            {"title": "a < b", "subtitle": "s", "moves": list(moves)}))

    def test_everything_lies_on_the_sheet(self):
        root = self.draw(timeline.build(seen()),
                         timeline.build(seen(kernel_log=["&"] * 20)))
        high = float(root.get("height"))
        for e in root.iter():
            if e.tag.endswith(("rect", "text")) and e.get("x"):
                self.assertTrue(0 <= float(e.get("x")) <= 1200)
                self.assertTrue(0 <= float(e.get("y")) <= high)
        texts = [e.text for e in root.iter() if e.tag.endswith("text")]
        self.assertIn("the guest stands still: 2.10 s", texts)
        self.assertIn("not one new line", texts)
        self.assertIn("and 8 more", texts)

    def test_a_failed_move_without_a_pause(self):
        root = self.draw(timeline.build(seen(
            ok=False, console=[], tools={"A": [], "B": []})))
        texts = [e.text for e in root.iter() if e.tag.endswith("text")]
        self.assertTrue(any("(failed)" in t for t in texts))


if __name__ == "__main__":
    unittest.main()
