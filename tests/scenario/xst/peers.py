# SPDX-License-Identifier: GPL-2.0-only
"""Debian's Xen packages, unpacked into a cache, never installed."""

import glob
import hashlib
import os
import shutil
import subprocess
import tempfile

PACKAGES = ('xen-utils-4.17 xenstore-utils libxenmisc4.17 libxencall1 '
            'libxendevicemodel1 libxenevtchn1 libxenforeignmemory1 '
            'libxengnttab1 libxenstore4 libxentoolcore1 libxentoollog1'
            ).split()


class PeerError(Exception):
    """The packages cannot be had."""


def cache_root():
    base = os.environ.get('XSM_CACHE')
    if not base:
        base = os.environ.get('XDG_CACHE_HOME') or os.path.expanduser(
            '~/.cache')
        base += '/xsm'
    return f'{base}/peers'


def wanted_versions():
    """What apt would download, which names the cache entry."""
    out = subprocess.run(['apt-cache', 'show', '--no-all-versions']
                         + PACKAGES, capture_output=True, text=True,
                         check=False).stdout
    found = [line.split(': ')[1] for line in out.splitlines()
             if line.startswith('SHA256: ')]
    return found if len(found) == len(PACKAGES) else None


def download(into):
    run = subprocess.run(['apt-get', '-q', 'download'] + PACKAGES, cwd=into,
                         capture_output=True, text=True, check=False)
    if run.returncode:
        raise PeerError('apt-get download failed:\n' + run.stderr)
    for deb in sorted(glob.glob(f'{into}/*.deb')):
        subprocess.run(['dpkg', '-x', deb, into], check=True)
        os.unlink(deb)


def fetch():
    """The directory with the unpacked packages."""
    key_parts = wanted_versions()
    if not key_parts:
        subprocess.run(['apt-get', '-q', 'update'], capture_output=True,
                       check=False)
        key_parts = wanted_versions()
    if not key_parts:
        raise PeerError('apt does not know all of: ' + ' '.join(PACKAGES))
    key = hashlib.sha256(' '.join(key_parts).encode()).hexdigest()[:16]
    path = f'{cache_root()}/{key}'
    if os.path.isdir(path):
        return path
    os.makedirs(cache_root(), exist_ok=True)
    temp = tempfile.mkdtemp(dir=cache_root())
    try:
        download(temp)
        os.chmod(temp, 0o755)
        os.rename(temp, path)
    except OSError:
        if not os.path.isdir(path):  # another runner was faster
            raise
    finally:
        shutil.rmtree(temp, ignore_errors=True)
    return path


class Peers:
    """Paths into the unpacked packages."""

    def __init__(self):
        self.root = fetch()
        self.xen_bin = f'{self.root}/usr/lib/xen-4.17/bin'
        self.path = f'{self.root}/usr/bin:{self.xen_bin}'
        libs = glob.glob(f'{self.root}/usr/lib/*-linux-gnu*')
        self.libs = ':'.join(libs)
        for need in (f'{self.xen_bin}/xenstored',
                     f'{self.xen_bin}/oxenstored',
                     f'{self.root}/usr/bin/xenstore-read'):
            if not os.path.exists(need):
                raise PeerError(f'{need} is missing')
