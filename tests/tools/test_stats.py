#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Figures of the daemon: counters, histograms of latency and size, and the text for Prometheus."""

import os
import sys

import bed
import prometheus
from bed import tap
from session import Session

STAGES = ("receive", "scsi", "store", "send", "total")
OTHER_IQN = "iqn.2024-01.org.example:other"


class StatsBed(bed.Bed):
    def target(self):
        self.clear()
        self.daemon.create_target(bed.IQN)
        for number in (1, 2):
            self.daemon.create_lun(bed.IQN, number, "mem", size="16M")

    def login(self, **options):
        session = self.keep(Session.login(self.daemon.portals()[0], bed.IQN, **options))
        session.clear_attention(1)
        return session

    def work(self):
        """Three writes of 4 KiB and a read of 512 bytes on LUN 1."""
        session = self.login(initiator="iqn.2010-11.org.example:stats")
        for lba in range(3):
            session.write(lba, b"x" * 4096, lun=1)
        session.read(0, 1, lun=1)
        return session


def histograms(b, **params):
    return {(h["lun"], h["op"]): h for h in b.client().result("stats.histogram", **params)}


# stats.histogram ------------------------------------------------------------------------------


def test_histogram(b):
    b.target()
    b.work()
    h = histograms(b, target=bed.IQN)
    tap.equal(sorted(h), [(1, "other"), (1, "read"), (1, "write")], "what is measured")
    write = h[1, "write"]
    tap.equal(write["size"], {"count": 3, "sum": 12288, "buckets": [[4096, 3]]}, "sizes")
    tap.equal(h[1, "read"]["size"]["buckets"], [[512, 1]], "size of the read")
    tap.equal(sorted(write["latency"]), sorted(STAGES), "stages")
    for name in ("receive", "scsi", "send", "total"):
        stage = write["latency"][name]
        tap.equal((stage["count"], sum(n for _, n in stage["buckets"])), (3, 3), name)
    tap.equal(sum(write["latency"][name]["sum"] for name in STAGES[:-1]), write["latency"]["total"]["sum"], "total")


def test_histogram_of_one(b):
    b.target()
    b.work()
    tap.equal(list(histograms(b, target=bed.IQN, lun=1, op="read")), [(1, "read")], "only reads")
    tap.equal(histograms(b, target=bed.IQN, lun=2), {}, "nobody has used it")


@tap.cases(target=({"target": "iqn.2024-01.org.example:none"}, "not-found"), lun=({"target": bed.IQN, "lun": 9}, "not-found"),
           op=({"op": "erase"}, "invalid"), stage=({"stage": "middle"}, "invalid"), alone=({"lun": 1}, "invalid"))
def test_histogram_of_none(b, params, kind):
    b.target()
    tap.equal(b.client().error("stats.histogram", **params)["data"]["kind"], kind, "kind")


# stats.reset ----------------------------------------------------------------------------------


def test_reset_of_one(b):
    b.target()
    session = b.work()
    session.clear_attention(2)
    session.read(0, 1, lun=2)
    b.client().result("stats.reset", target=bed.IQN, lun=1)
    rows = {row["lun"]: row for row in b.client().result("stats.show")["luns"]}
    tap.equal((rows[1]["writes"], rows[1]["read_bytes"], rows[2]["reads"]), (0, 0, 1), "counters")
    tap.equal(sorted(histograms(b)), [(2, "other"), (2, "read")], "histograms")
    session.read(0, 1, lun=1)
    tap.equal(histograms(b)[1, "read"]["latency"]["total"]["count"], 1, "it counts on")


def test_reset_of_all(b):
    b.target()
    session = b.work()
    session.logout()
    session.close()
    b.client().result("stats.reset")
    tap.equal([row["writes"] for row in b.client().result("stats.show")["luns"] if row["lun"]], [0, 0], "past sessions")
    tap.equal(histograms(b), {}, "histograms")


def test_reset_is_not_for_everyone(b):
    tap.equal(b.client(read_only=True).error("stats.reset")["data"]["kind"], "invalid", "kind")


# stats.metrics --------------------------------------------------------------------------------


def metrics(b):
    return prometheus.parse(b.client(read_only=True).result("stats.metrics"))


def value(families, family, **labels):
    """The one sample that has these labels."""
    found = [s.value for s in families[family].samples if labels.items() <= s.labels.items()]
    tap.equal(len(found), 1, f"samples of {family} with {labels}")
    return found[0]


def test_metrics(b):
    b.target()
    b.work()
    m = metrics(b)
    lun = {"target": bed.IQN, "lun": "1"}
    tap.equal([value(m, "tgt_lun_" + name + "_total", **lun) for name in ("write_ops", "write_bytes", "read_ops", "read_bytes", "errors")],
              [3, 12288, 1, 512, 0], "counters")
    tap.equal(value(m, "tgt_session_write_bytes_total", initiator="iqn.2010-11.org.example:stats", **lun), 12288, "session")
    tap.equal((value(m, "tgt_sessions", target=bed.IQN), value(m, "tgt_up")), (1, 1), "sessions")
    tap.equal((value(m, "tgt_lun_size_bytes", **lun), value(m, "tgt_lun_online", **lun)), (16 << 20, 1), "LUN")
    tap.equal(value(m, "tgt_plugin_info", name="mem", kind="backing-store", state="active"), 1, "plugin")
    tap.true(m["tgt_build_info"].samples[0].labels["version"], "version")


def test_metrics_of_latency(b):
    b.target()
    b.work()
    family = metrics(b)["tgt_lun_latency_seconds"]
    series = {(k["op"], k["stage"]): v for labels, v in prometheus.histograms(family).items() for k in (dict(labels),)}
    tap.equal(sorted({stage for _, stage in series}), sorted(STAGES), "stages")
    total = series["write", "total"]
    tap.equal(total["count"], 3, "writes")
    tap.true(0 < total["sum"] < 30 * tap.slowness(), f"{total['sum']} seconds for three writes")
    tap.true(sum(series["write", stage]["sum"] for stage in STAGES[:-1]) <= total["sum"] + 1e-6, "parts of the whole")


def test_latency_of_very_many_is_told_together(b):
    b.target()
    b.work()
    client = b.client()
    client.result("stats.histogram")
    for lun in range(3, 260):
        client.result("lun.create", target=bed.IQN, lun=lun, bs="mem", options=["size=64K"])
    series = prometheus.histograms(metrics(b)["tgt_lun_latency_seconds"])
    tap.equal({tuple(label for label, _ in labels) for labels in series}, {("op", "stage")}, "labels")
    tap.equal(series[("op", "write"), ("stage", "total")]["count"], 3, "writes")
    tap.equal(client.error("stats.histogram")["data"]["kind"], "invalid", "all histograms of all")
    rows = client.result("stats.histogram", target=bed.IQN, op="write", stage="total")
    tap.equal([(list(row["latency"]), row["latency"]["total"]["count"], "size" in row) for row in rows], [(["total"], 3, False)], "one stage")


def test_metrics_without_anything(b):
    b.clear()
    m = metrics(b)
    tap.equal((m["tgt_sessions"].samples, m["tgt_lun_latency_seconds"].samples), ([], []), "samples")


def test_labels_are_escaped(b):
    folder = b.path('a"b\\c')
    os.mkdir(folder)
    with open(os.path.join(folder, "broken.so"), "w") as file:
        file.write("no plugin")
    with bed.daemon.Daemon(env={"TGT_PLUGIN_PATH": os.environ["TGT_PLUGIN_PATH"] + ":" + folder}) as other:
        client = bed.Client(other.path("control"))
        plugins = prometheus.parse(client.result("stats.metrics"))["tgt_plugin_info"].samples
        client.close()
    tap.true(os.path.join(folder, "broken.so") in {s.labels["file"] for s in plugins}, f"{plugins}")


@tap.cases(escape=('# HELP a b\n# TYPE a gauge\na{x="\\q"} 1\n',), twice=("# HELP a b\n# TYPE a gauge\na 1\na 1\n",),
           no_type=("# HELP a b\na 1\n",), no_end=("# HELP a b\n# TYPE a gauge\na 1",), colon=("# HELP: a b\n",),
           total=("# HELP a b\n# TYPE a counter\na 1\n",), stranger=("# HELP a b\n# TYPE a gauge\nb 1\n",), number=("# HELP a b\n# TYPE a gauge\na 1,5\n",),
           inf=('# HELP a b\n# TYPE a histogram\na_bucket{le="1"} 1\na_sum 1\na_count 1\n',))
def test_the_reader_is_strict(b, text):
    try:
        prometheus.parse(text)
    except prometheus.FormatError:
        return
    tap.true(False, f"accepted: {text}")


if __name__ == "__main__":
    sys.exit(tap.main(globals(), StatsBed(), sys.argv[1:]))
