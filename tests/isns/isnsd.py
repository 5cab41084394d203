# SPDX-License-Identifier: LGPL-2.1-or-later
"""A private iSNS server, Debian's open-isns, and questions to it by isnsadm."""

import os
import shutil
import socket
import subprocess
import tempfile

import bed
from daemon import die_with_parent

CONTROLLER = "iqn.2024-01.org.example:controller"
SBIN = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"


class Isnsd:
    """One server; `period` is how long it keeps what says nothing."""

    def __init__(self, address="127.0.0.1", period="10m"):
        bed.need("isnsd")
        bed.need("isnsadm")
        self.address = address
        self.folder = tempfile.mkdtemp(prefix="tgt-isnsd.")
        self.port = bed.free_port(socket.AF_INET6 if ":" in address else socket.AF_INET, address)
        self.period = period
        self.process = None
        self.start()

    def _where(self):
        return f"[{self.address}]:{self.port}" if ":" in self.address else f"{self.address}:{self.port}"

    def _config(self, name, **more):
        values = {
            "HostName": "localhost", "SourceName": CONTROLLER, "ServerAddress": self._where(), "Security": 0,
            "Control.SourceName": CONTROLLER, "ControlSocket": os.path.join(self.folder, "control"), **more,
        }  # fmt: skip
        path = os.path.join(self.folder, name)
        with open(path, "w") as file:
            file.writelines(f"{k} = {v}\n" for k, v in values.items())
        return path

    def start(self):
        """With an empty database."""
        config = self._config(
            "isnsd.conf", BindAddress=self._where(), DefaultDiscoveryDomain=0, RegistrationPeriod=self.period,
            SLPRegister=0, PIDFile=os.path.join(self.folder, "pid"))
        with open(os.path.join(self.folder, "log"), "ab") as log:
            self.process = subprocess.Popen(
                ["isnsd", "-f", "-c", config], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={**os.environ, "PATH": SBIN}, preexec_fn=die_with_parent)
        bed.wait_for(self._answers, "isnsd")

    def _answers(self):
        if self.process.poll() is not None:
            with open(os.path.join(self.folder, "log"), errors="replace") as log:
                bed.tap.fail(f"isnsd has ended: {log.read()}")
        try:
            socket.create_connection((self.address, self.port), 1).close()
        except OSError:
            return False
        return True

    def stop(self):
        self.process.kill()
        self.process.wait()

    def close(self):
        self.stop()
        shutil.rmtree(self.folder)

    def ask(self, source, *args):
        """Run isnsadm as node `source`; a CompletedProcess."""
        config = self._config("isnsadm.conf", SourceName=source)
        return subprocess.run(["isnsadm", "-c", config, *args], capture_output=True, text=True, timeout=20,
                              env={**os.environ, "PATH": SBIN})

    def objects(self, source):
        """What node `source` sees of its own network entity: lines "attribute = value"; None: nobody knows it."""
        done = self.ask(source, "--query", "eid")
        if done.returncode or "= " not in done.stdout:
            return None
        return [line.split(" : ", 1)[1].strip() for line in done.stdout.splitlines() if " : " in line]

    def knows(self, source):
        return self.objects(source) is not None

    def register_initiator(self, name):
        done = self.ask(name, "--register", f"initiator={name}")
        bed.tap.equal(done.returncode, 0, done.stderr)

    def domain(self, name, *members, number=None):
        """Make a discovery domain, or add to that with this number; its number."""
        self.ask(CONTROLLER, "--register", "control")
        key = [f"dd-id={number}"] if number else [f"dd-name={name}"]
        done = self.ask(CONTROLLER, "--dd-register", *key, *(f"member-name={m}" for m in members))
        bed.tap.equal(done.returncode, 0, done.stderr)
        return next(int(line.split("=")[1]) for line in done.stdout.splitlines() if "DD ID" in line)

    def leave(self, number, member):
        done = self.ask(CONTROLLER, "--dd-deregister", str(number), f"member-name={member}")
        bed.tap.equal(done.returncode, 0, done.stderr)
