# SPDX-License-Identifier: LGPL-2.1-or-later
"""The User-Mode Linux guest: what it needs of the machine, its image, its link, one run of it."""

import os
import shutil
import signal
import subprocess
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
HOST_ADDRESS = "192.0.2.1"
GUEST_ADDRESS = "192.0.2.2"
MEMORY_MB = 384
NEEDED = {
    "linux.uml": "user-mode-linux",
    "mmdebstrap": "mmdebstrap",
    "mke2fs": "e2fsprogs",
    "depmod": "kmod",
    "ip": "iproute2",
    "unshare": "util-linux",
}
IN_NETNS = "TGT_VM_IN_NETNS"


def obstacle():
    """Why no guest can run on this machine, or None."""
    path = os.environ["PATH"] + ":/usr/sbin:/sbin"
    for program, package in NEEDED.items():
        if not shutil.which(program, path=path):
            return f"{program} is not installed (Debian package {package})"
    if not os.access("/dev/net/tun", os.R_OK | os.W_OK):
        return "no access to /dev/net/tun, which links the guest to the daemon"
    return _namespace_obstacle()


def _unshare():
    return ["unshare", "-n" if os.geteuid() == 0 else "-rn"]


def _namespace_obstacle():
    done = subprocess.run([*_unshare(), "ip", "tuntap", "add", "tap0", "mode", "tap"],
                          capture_output=True, text=True, check=False)
    if done.returncode:
        return f"no network namespace with a tap device: {done.stderr.strip()}"
    return None


def build_image():
    """The folder with the guest's kernel and disk; built on first use."""
    done = subprocess.run([os.path.join(HERE, "build-image")], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"build-image: status {done.returncode}\n{done.stderr}")
    return done.stdout.strip()


def enter_netns(argv):
    """Start this program again in a network namespace of its own, with the link to the guest."""
    os.execvpe("unshare", [*_unshare(), "--", *argv], {**os.environ, IN_NETNS: "1"})


def in_netns():
    return IN_NETNS in os.environ


def make_link():
    """Call in the namespace: it reaches nothing but the guest."""
    for words in ("link set lo up", "tuntap add tap0 mode tap",
                  f"address add {HOST_ADDRESS}/24 dev tap0", "link set tap0 up"):
        subprocess.run(["ip", *words.split()], check=True)


def _memory_folder():
    """Where UML maps the memory of the guest from: a tmpfs if it will do, else a disk."""
    try:
        shm = os.statvfs("/dev/shm")
        room = shm.f_bavail * shm.f_frsize > 3 * (MEMORY_MB << 20)
        if room and not shm.f_flag & os.ST_NOEXEC:
            return "/dev/shm"
    except OSError:
        pass
    return tempfile.gettempdir()


class Guest:
    """One run of a scenario; `out` is the folder that the guest sees as /out."""

    def __init__(self, image, scenario, out):
        self.out = out
        self.scratch = tempfile.mkdtemp(prefix="uml.", dir=_memory_folder())
        self.process = subprocess.Popen(
            self._command(image, scenario), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, start_new_session=True,
            env={**os.environ, "TMPDIR": self.scratch},
        )  # fmt: skip
        os.set_blocking(self.process.stdout.fileno(), False)
        self.partial = b""

    def _command(self, image, scenario):
        return [
            f"{image}/linux", f"mem={MEMORY_MB}M", f"uml_dir={self.scratch}/",
            f"ubd0={self.scratch}/cow,{image}/root.img", "root=/dev/ubda", "rw",
            "init=/sbin/vm-init",
            "con=null", "con0=null,fd:1", "quiet", "apparmor=0",
            "vec0:transport=tap,ifname=tap0,gro=1", f"VM_IP={GUEST_ADDRESS}/24",
            f"VM_SRC={HERE}", f"VM_OUT={self.out}", f"VM_SCENARIO={scenario}",
        ]  # fmt: skip

    def lines(self):
        """The console lines that have come since the last call; None at the end."""
        try:
            data = os.read(self.process.stdout.fileno(), 65536)
        except BlockingIOError:
            return []
        if not data:
            return None
        *lines, self.partial = (self.partial + data).split(b"\n")
        return [line.decode(errors="replace").rstrip("\r") for line in lines]

    def status(self):
        """The scenario's status, or None if the guest died before it ended."""
        try:
            with open(os.path.join(self.out, "rc")) as file:
                return int(file.read())
        except (OSError, ValueError):
            return None

    def request(self):
        """What the scenario asks of the host: a verb, or None."""
        path = os.path.join(self.out, "request")
        try:
            with open(path) as file:
                verb = file.read().strip()
            os.unlink(path)
            return verb
        except FileNotFoundError:
            return None

    def answer(self, text):
        done = os.path.join(self.out, "done")
        with open(done + ".new", "w") as file:
            file.write(text)
        os.rename(done + ".new", done)

    def end(self):
        """Kill what is left of it."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        time.sleep(0.05)  # its children write to the scratch folder until they are gone
        shutil.rmtree(self.scratch, ignore_errors=True)
