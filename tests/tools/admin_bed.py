# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of tgt-admin run in: a daemon, its initiators, and configurations."""

import os

import bed
import golden_admin
from bed import tap
from session import Session

INITIATOR = "iqn.2010-11.org.example:admin"


class AdminBed(bed.Bed):
    def open(self):
        self.program = bed.daemon.binary("TGT_ADMIN")
        super().open()
        golden_admin.make_disks(self.folder)

    def env(self):
        return {**os.environ, "TGT_CONTROL": self.daemon.path("control")}

    def write(self, text, name="t.conf"):
        return self.write_raw(text.replace("{dir}", self.folder), name)

    def write_raw(self, text, name="t.conf"):
        with open(self.path(name), "w") as file:
            file.write(text)
        return self.path(name)

    def admin(self, *args, conf=None, status=0, env=None):
        if conf is not None:
            args = [*args, "-c", self.write(conf)]
        return bed.run(self.program, *args, status=status, env={**self.env(), **(env or {})}, cwd=self.folder)

    def fresh(self, conf, *args, **options):
        """No targets and accounts but those of a configuration."""
        self.clear()
        for account in self.daemon.ctl_json("account", "list"):
            self.daemon.ctl("account", "delete", account["name"], "--force")
        return self.admin("-e", *args, conf=conf, **options)

    def targets(self):
        return {t["name"]: t["tid"] for t in self.daemon.ctl_json("target", "list")}

    def show(self, target):
        return self.daemon.ctl_json("target", "show", target)

    def luns(self, target):
        return [(l["lun"], os.path.basename(l["path"])) for l in self.show(target)["luns"]]

    def login(self, target):
        return self.keep(Session.login(self.daemon.portals()[0], target, initiator=INITIATOR))

    def refused(self, said, conf, *args, status=1):
        """The configuration is refused, and nothing has changed."""
        before = self.targets()
        done = self.admin(*(args or ["-e"]), conf=conf, status=status)
        tap.true(said in done.stdout + done.stderr, f"{said!r} is not in {done.stdout}{done.stderr}")
        tap.equal(self.targets(), before, "targets")
