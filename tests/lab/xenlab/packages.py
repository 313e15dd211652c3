# SPDX-License-Identifier: GPL-2.0-only
"""Debian packages without root: resolve, download and unpack.

apt runs with package lists and an archive of its own below the cache, so it
needs no root, does not depend on how fresh the machine's lists are, and
resolves as if nothing were installed.
"""
import subprocess

from .paths import LabError


def read_list(path):
    """The names in a list file: one a line, # begins a comment."""
    lines = path.read_text().splitlines()
    return [name for line in lines if (name := line.split("#")[0].strip())]


class Apt:
    def __init__(self, cache):
        self.debs = cache / "debs"
        state = cache / "apt"
        for folder in (state / "lists/partial", state / "cache", self.debs):
            folder.mkdir(parents=True, exist_ok=True)
        # A file, not /dev/null: apt does not always manage to parse that.
        (state / "status").touch()
        self.options = [
            f"-oDir::State::lists={state}/lists",
            f"-oDir::Cache={state}/cache",
            f"-oDir::State::status={state}/status",
            "-oAPT::Sandbox::User=",
            "-oAPT::Install-Recommends=no",
            "-oDebug::NoLocking=1",
        ]

    def _run(self, *words, cwd=None):
        done = subprocess.run(["apt-get", "-q", *self.options, *words],
                              cwd=cwd, text=True, capture_output=True)
        if done.returncode:
            complaints = [line for line in done.stderr.splitlines()
                          if line.startswith("E:")]
            raise LabError(f"apt-get {words[0]}: "
                           + ("; ".join(complaints) or done.stderr.strip()))
        return done.stdout

    def update(self):
        self._run("update")

    def closure(self, names):
        """(name, version) of the packages and of all they depend on."""
        found = []
        for line in self._run("--simulate", "install", *names).splitlines():
            if line.startswith("Inst "):
                _, name, rest = line.split(" ", 2)
                found.append((name, rest.lstrip("(").split(" ")[0]))
        return sorted(found)

    def download(self, closure):
        """The files of the packages; those at hand are not fetched again."""
        def file_of(name, version):
            plain = name.split(":")[0]
            stem = f"{plain}_{version.replace(':', '%3a')}_"
            return next(self.debs.glob(glob_escape(stem) + "*.deb"), None)

        wanted = [f"{name}={version}" for name, version in closure
                  if not file_of(name, version)]
        if wanted:
            self._run("download", *wanted, cwd=self.debs)
        files = []
        for name, version in closure:
            file = file_of(name, version)
            if not file:
                raise LabError(f"package {name} {version} did not come")
            files.append(file)
        return files


def glob_escape(text):
    return "".join(f"[{c}]" if c in "*?[" else c for c in text)


def unpack(deb, tree):
    done = subprocess.run(["dpkg", "-x", deb, tree], text=True,
                          capture_output=True)
    if done.returncode:
        raise LabError(f"{deb.name} does not unpack: {done.stderr.strip()}")
