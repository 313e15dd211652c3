# SPDX-License-Identifier: GPL-2.0-only
"""The client of the agent in dom0: image/agent.c has the protocol.

Every client process takes one of the machine's ports for itself with a lock
file.  One thread reads the port, so that jobs can run side by side.
"""
import fcntl
import os
import socket
import struct
import threading
import time

from .paths import LabError, LabTimeout

HEAD = struct.Struct("<IIB")
NO_JOB = 0
BEAT = 3            # seconds


class Job:
    """A command that runs in dom0."""

    def __init__(self, channel, number, on_output):
        self._channel = channel
        self.number = number
        self._on_output = on_output
        self._chunks = []
        self._ended = threading.Event()
        self.status = None
        self.timed_out = False
        self.lost = False

    def output(self):
        return b"".join(self._chunks).decode(errors="replace")

    def wait(self, seconds):
        """True when it has ended."""
        return self._ended.wait(seconds)

    def send(self, data):
        self._channel.send(self.number, "I", data)

    def kill(self):
        self._channel.send(self.number, "K", b"")

    def take(self, kind, data):
        if kind == "O":
            self._chunks.append(data)
            if self._on_output:
                self._on_output(data)
        elif kind == "X":
            raw, timed_out = struct.unpack("<IB", data)
            self.status = os.waitstatus_to_exitcode(raw)
            self.timed_out = bool(timed_out)
            self._ended.set()

    def lose(self):
        self.lost = True
        self._ended.set()


class Channel:
    def __init__(self, machine, n_ports):
        self._machine = machine
        self._n_ports = n_ports
        self._socket = None
        self._lock = None
        self._jobs = {}
        self._last = 0
        self._sending = threading.Lock()

    def _take_port(self):
        for i in range(self._n_ports):
            lock = open(self._machine.socket(f"ctl{i}.lock"), "w")
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.close()
                continue
            self._lock = lock
            return self._machine.socket(f"ctl{i}")
        raise LabError("all control ports of the host are in use")

    def connect(self, seconds, alive=lambda: True):
        """Connects and waits for the agent to answer."""
        path = str(self._take_port())
        end = time.monotonic() + seconds
        while alive() and time.monotonic() < end:
            try:
                s = socket.socket(socket.AF_UNIX)
                s.connect(path)
                rest = self._greet(s)
            except OSError:
                rest = None
            if rest is not None:
                s.settimeout(None)
                self._socket = s
                threading.Thread(target=self._read, args=(rest,),
                                 daemon=True).start()
                threading.Thread(target=self._beat, args=(s,),
                                 daemon=True).start()
                return
            s.close()
            time.sleep(0.3)
        self.close()
        raise LabTimeout("the agent in dom0 does not answer")

    @staticmethod
    def _greet(s):
        """Answers what follows the agent's greeting, None without one.

        What comes before it was meant for an earlier client.
        """
        nonce = os.urandom(16)
        greeting = HEAD.pack(HEAD.size - 4 + len(nonce), 0, ord("H")) + nonce
        s.settimeout(1.5)
        s.sendall(greeting)
        data = b""
        while greeting not in data:
            piece = s.recv(65536)
            if not piece:
                return None
            data += piece
        return data.split(greeting, 1)[1]

    def _read(self, data):
        while True:
            while len(data) >= HEAD.size:
                length, number, kind = HEAD.unpack_from(data)
                if len(data) < 4 + length:
                    break
                job = self._jobs.get(number)
                if job:
                    job.take(chr(kind), data[HEAD.size:4 + length])
                data = data[4 + length:]
            try:
                piece = self._socket.recv(65536)
            except OSError:
                piece = b""
            if not piece:
                break
            data += piece
        for job in list(self._jobs.values()):
            job.lose()

    def _beat(self, s):
        while self._socket is s:
            try:
                self.send(NO_JOB, "I", b"")
            except OSError:
                return
            time.sleep(BEAT)

    def send(self, number, kind, data):
        frame = HEAD.pack(HEAD.size - 4 + len(data), number, ord(kind)) + data
        with self._sending:
            if not self._socket:
                raise OSError("closed")
            self._socket.sendall(frame)

    def start(self, script, seconds, terminal=False, on_output=None):
        """Starts a shell script; the agent ends it after SECONDS."""
        self._last += 1
        job = Job(self, self._last, on_output)
        self._jobs[job.number] = job
        head = struct.pack("<IB", min(int(seconds * 1000), 2**31), terminal)
        try:
            self.send(job.number, "R", head + script.encode())
        except OSError as e:
            raise LabError(f"the host is gone: {e}") from e
        return job

    def forget(self, job):
        self._jobs.pop(job.number, None)

    def close(self):
        if self._socket:
            try:
                self._socket.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            self._socket.close()
            self._socket = None
        if self._lock:
            self._lock.close()
            self._lock = None
