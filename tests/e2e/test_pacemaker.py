#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Pacemaker's resource agents for targets and logical units, unmodified, as a cluster runs them."""

import os
import subprocess
import sys

import beds
from beds import tap
from session import Session

AGENTS = "/usr/lib/ocf/resource.d/heartbeat"
IQN = "iqn.2024-01.org.example:cluster"
OTHER = "iqn.2024-01.org.example:other"
SUCCESS, NOT_RUNNING, NOT_CONFIGURED = 0, 7, 6


class ClusterBed(beds.DaemonBed):
    def open(self):
        if not os.path.exists(f"{AGENTS}/iSCSITarget"):
            tap.skip_all("the resource agents are not installed (Debian package resource-agents)")
        self.sessions = []
        super().open()
        os.mkdir(self.path("bin"))
        os.symlink(beds.daemon.binary("TGTADM"), self.path("bin/tgtadm"))

    def cleanup(self):
        while self.sessions:
            self.sessions.pop().close()
        for target in self.daemon.ctl_json("target", "list"):
            self.daemon.ctl("target", "delete", target["name"], "--force")
        for account in self.daemon.ctl_json("account", "list"):
            self.daemon.ctl("account", "delete", account["name"], "--force")

    def agent(self, name, action, parameters, status=SUCCESS):
        """One action of an agent, which must end with this status; what it wrote."""
        env = {
            **os.environ,
            "PATH": self.path("bin") + ":" + os.environ["PATH"] + ":/usr/sbin:/sbin",
            "TGT_CONTROL": self.daemon.path("control"),
            "OCF_ROOT": "/usr/lib/ocf",
            "OCF_RESOURCE_INSTANCE": f"{name}-test",
            "OCF_RESOURCE_TYPE": name,
            "OCF_RA_VERSION_MAJOR": "1",
            "OCF_RA_VERSION_MINOR": "0",
            "HA_RSCTMP": self.path("tmp"),
            "HA_logfile": self.path("ha-log"),
            "OCF_RESKEY_CRM_meta_timeout": "20000",
            "OCF_RESKEY_CRM_meta_interval": "0",
            "OCF_RESKEY_implementation": "tgt",
            **{f"OCF_RESKEY_{k}": str(v) for k, v in parameters.items()},
        }
        done = subprocess.run([f"{AGENTS}/{name}", action], env=env, text=True, capture_output=True,
                              stdin=subprocess.DEVNULL, timeout=60 * tap.slowness(), check=False)
        tap.true(done.returncode == status, f"{name} {action}: status {done.returncode}, wanted {status}\n"
                                            f"{done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    def target(self, action, status=SUCCESS, **parameters):
        return self.agent("iSCSITarget", action, {"iqn": IQN, "tid": 5, "allowed_initiators": "ALL", **parameters},
                          status)

    def lun(self, action, status=SUCCESS, **parameters):
        return self.agent("iSCSILogicalUnit", action,
                          {"target_iqn": IQN, "lun": 1, "path": self.image, **parameters}, status)

    def show(self, iqn=IQN):
        return self.daemon.ctl_json("target", "show", iqn)

    def show_lun(self, number=1):
        return self.daemon.ctl_json("lun", "show", f"{IQN}/{number}")

    def login(self, **options):
        session = Session.login(self.daemon.portals()[0], IQN, **options)
        self.sessions.append(session)
        return session


def test_meta_data(b):
    """What pacemaker asks first."""
    for name in ("iSCSITarget", "iSCSILogicalUnit"):
        tap.true("<resource-agent " in b.agent(name, "meta-data", {}), name)


def test_life_of_a_target(b):
    b.target("validate-all")
    b.target("monitor", NOT_RUNNING)
    b.target("start")
    b.target("monitor")
    tap.equal((b.show()["tid"], b.show()["acl"]["addresses"]), (5, ["ALL"]), "number, and who may use it")
    b.target("start")
    b.target("stop")
    b.target("monitor", NOT_RUNNING)
    b.target("stop")


def test_nobody_is_let_in_without_being_named(b):
    b.target("start", allowed_initiators="")
    tap.equal(b.show()["acl"]["addresses"], [], "who may use it")


def test_target_without_a_number(b):
    b.target("start", NOT_CONFIGURED, tid="")


def test_several_initiators(b):
    b.target("start", allowed_initiators="10.0.0.1 10.1.0.0/16 192.0.2.7")
    tap.equal(b.show()["acl"]["addresses"], ["10.0.0.1", "10.1.0.0/16", "192.0.2.7"], "who may use it")


def test_additional_parameters(b):
    b.target("start", additional_parameters="MaxBurstLength=65536 ImmediateData=No")
    params = b.show()["params"]["iscsi"]
    tap.equal((params["MaxBurstLength"], params["ImmediateData"]), ("65536", "No"), "parameters")


def test_wrong_parameter_fails(b):
    b.target("start", 1, additional_parameters="MaxBurstLength=none")


def test_account(b):
    chap = {"incoming_username": "cluster", "incoming_password": "secret of the cluster".replace(" ", "-")}
    b.target("start", **chap)
    tap.equal(([a["name"] for a in b.show()["accounts"]], b.show()["auth"]), (["cluster"], "chap"), "accounts")
    b.target("stop", **chap)
    tap.equal(b.daemon.ctl_json("account", "list"), [], "accounts that are left")
    b.target("start", **chap)
    b.target("monitor", **chap)


def test_stop_takes_it_from_initiators(b):
    b.target("start")
    b.lun("start")
    b.login()
    b.login(initiator="iqn.2010-11.org.example:second")
    b.target("stop")
    tap.equal((b.daemon.sessions(), b.daemon.ctl_json("target", "list")), ([], []), "sessions and targets")


def test_stop_leaves_other_targets_alone(b):
    b.agent("iSCSITarget", "start", {"iqn": OTHER, "tid": 6, "allowed_initiators": "ALL"})
    b.target("start")
    session = Session.login(b.daemon.portals()[0], OTHER)
    b.sessions.append(session)
    b.target("stop")
    tap.equal([s["target"] for s in b.daemon.sessions()], [OTHER], "sessions")
    b.agent("iSCSITarget", "monitor", {"iqn": OTHER, "tid": 6})


def test_life_of_a_lun(b):
    b.target("start")
    b.lun("validate-all")
    b.lun("monitor", NOT_RUNNING)
    b.lun("start")
    b.lun("monitor")
    b.lun("start")
    tap.equal((b.show_lun()["path"], b.show_lun()["bs"]), (b.image, "rdwr"), "what is served")
    b.lun("stop")
    b.lun("monitor", NOT_RUNNING)
    b.lun("stop")
    b.target("monitor")


def test_identity_of_a_lun(b):
    """The agent sends its values with a comma before the first."""
    b.target("start")
    b.lun("start", scsi_id="cluster-id", scsi_sn="cluster-sn", vendor_id="ACME", product_id="Shared",
          additional_parameters="thin_provisioning=1 readonly=1")
    lun = b.show_lun()
    wanted = {"scsi_id": "cluster-id", "serial": "cluster-sn", "vendor": "ACME", "product": "Shared", "thin": True,
              "read_only": True}
    tap.equal({k: lun.get(k) for k in wanted}, wanted, "logical unit")


def test_identity_without_being_told(b):
    """The agent makes one of the names of the resource."""
    b.target("start")
    b.lun("start")
    tap.true(b.show_lun()["serial"] and b.show_lun()["serial"] != "beaf51", "the default is kept")


def test_store_of_a_lun(b):
    b.target("start")
    b.lun("start", tgt_bstype="rdwr", tgt_bsoflags="direct", tgt_device_type="disk")
    b.lun("monitor")
    tap.true("direct=1" in b.show_lun()["options"], "not opened directly")


def test_path_that_does_not_exist(b):
    b.target("start")
    b.lun("start", 1, path="/nonexistent")
    tap.equal(b.show()["luns"], [], "logical units")


def test_zero_is_reserved(b):
    b.target("start")
    b.lun("start", NOT_CONFIGURED, lun=0)


def test_several_luns(b):
    b.target("start")
    images = {number: b.path(f"disk{number}.img") for number in (1, 2, 7)}
    for number, image in images.items():
        beds.make_image(image, beds.MIB)
        b.lun("start", lun=number, path=image)
    b.lun("stop", lun=2, path=images[2])
    b.lun("monitor", NOT_RUNNING, lun=2, path=images[2])
    tap.equal([l["lun"] for l in b.show()["luns"]], [1, 7], "LUNs")


def test_initiator_reads_through_failover(b):
    """A node takes over: stopped here and started again, the disk is the same."""
    data = []
    for _ in range(2):
        b.target("start")
        b.lun("start", scsi_sn="cluster-sn")
        session = b.login()
        session.clear_attention(1)
        data.append((session.read(0, 8, lun=1), b.show_lun()["serial"]))
        b.lun("stop", scsi_sn="cluster-sn")
        b.target("stop")
    tap.equal(data[0], data[1], "data and serial number")
    tap.equal(data[0][0], beds.contents(b.image, 0, 4096), "data")


if __name__ == "__main__":
    sys.exit(tap.main(globals(), ClusterBed(), sys.argv[1:]))
