#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""SendTargets: what is listed, how, and to whom (RFC 7143 section 4.3 and appendix C)."""

import env
import socket
import sys

from env import Op, tap
from pdu import NO_TAG, RejectReason

OTHER = "iqn.2024-01.org.example:tapes"
HIDDEN = "iqn.2024-01.org.example:hidden"
MANY = "iqn.2024-01.org.example:many-"
REJECTS = (RejectReason.PROTOCOL_ERROR, RejectReason.NOT_SUPPORTED, RejectReason.INVALID_FIELD,
           RejectReason.NEGOTIATION_RESET)


def add_targets(e):
    e.daemon.create_target(OTHER)
    e.daemon.create_target(HIDDEN, acl=())


def listed(pairs):
    """{target: [addresses]} of a SendTargets answer."""
    targets = {}
    for key, value in pairs:
        if key == "TargetName":
            targets[value] = addresses = []
        else:
            tap.equal(key, "TargetAddress", "key in the answer")
            addresses.append(value)
    return targets


def send_targets(e, value="All", **options):
    return listed(e.discover(**options).text([("SendTargets", value)]))


def address(portal):
    host = f"[{portal.address}]" if ":" in portal.address else portal.address
    return f"{host}:{portal.port},{portal.tpgt}"


# In a discovery session ---------------------------------------------------------------------


def test_all(e):
    tap.equal(set(send_targets(e)), {e.target, OTHER}, "targets")


def test_addresses_of_all_portals(e):
    wanted = sorted(address(p) for p in e.portals)
    for target, addresses in send_targets(e).items():
        tap.equal(sorted(addresses), wanted, f"addresses of {target}")


def test_address_has_brackets_port_and_tag(e):
    addresses = send_targets(e)[e.target]
    v6 = [a for a in addresses if a.startswith("[::1]:")]
    tap.equal(len(v6), 1, f"IPv6 addresses among {addresses}")
    tap.true(all(a.endswith(",1") for a in addresses), f"addresses {addresses}")


def test_over_every_portal(e):
    for portal in e.portals:
        tap.equal(set(send_targets(e, portal=portal)), {e.target, OTHER}, f"targets at {portal}")


def test_normal_session_over_every_portal(e):
    for portal in e.portals:
        session = e.keep(env.Session.login(portal, e.target))
        session.clear_attention()
        session.read(0, 8)
        tap.equal(session.logout(), 0, "response to the logout")


def test_one_target(e):
    tap.equal(set(send_targets(e, OTHER)), {OTHER}, "targets")


def test_one_target_unknown(e):
    """No such target: an empty list, or a Reject; the session goes on."""
    session = e.discover()
    refused_or_empty(session, "iqn.2024-01.org.example:nowhere")
    tap.true(session.text([("SendTargets", "All")]), "the list afterwards")


def test_one_target_hidden(e):
    refused_or_empty(e.discover(), HIDDEN)


def refused_or_empty(session, value, key="SendTargets"):
    """No target may come of this."""
    session.send(session.text_pdu([(key, value)], immediate=True))
    session.until(lambda: session.others, "an answer")
    answer = session.others.pop(0)
    if answer.opcode == Op.REJECT:
        tap.within(answer.reason, REJECTS, "reason of the Reject")
    else:
        tap.equal(answer.opcode, Op.TEXT_RESPONSE, "opcode of the answer")
        tap.within(answer.text, ([], [(key, "Reject")]), "answer")


@tap.cases(nothing="", prefix="Al", longer="Alle", lower="all", pattern="iqn.*", star="*",
           long="x" * 300, not_utf8=b"\xff\xfe")
def test_bad_value(e, value):
    session = e.discover()
    refused_or_empty(session, value)
    tap.true(session.text([("SendTargets", "All")]), "the list afterwards")


def test_twice_in_one_session(e):
    session = e.discover()
    first = session.text([("SendTargets", "All")])
    tap.equal(session.text([("SendTargets", "All")]), first, "the second list")


@tap.cases(both={"HeaderDigest": "CRC32C", "DataDigest": "CRC32C"},
           header={"HeaderDigest": "CRC32C"}, data={"DataDigest": "CRC32C"})
def test_session_with_digests(e, keys):
    """CRC32C is there for every session (RFC 7143 section 13.1), and is used."""
    session = e.discover(keys=keys)
    for key in keys:
        tap.equal(session.limits[key], "CRC32C", key)
    tap.equal(set(listed(session.text([("SendTargets", "All")]))), {e.target, OTHER}, "targets")


def test_wrong_data_digest(e):
    session = e.discover(keys={"DataDigest": "CRC32C"})
    pdu = session.text_pdu([("SendTargets", "All")])
    pdu.digest_faults = ("data",)
    tap.equal(session.reject(pdu).reason, RejectReason.DATA_DIGEST, "reason of the Reject")
    tap.true(session.text([("SendTargets", "All")]), "the list")


def test_several_sessions_of_one_initiator(e):
    sessions = [e.discover() for _ in range(10)]
    for session in sessions:
        tap.true(session.text([("SendTargets", "All")]), "the list")


def test_reinstatement(e):
    """RFC 7143 section 7.4.2: the same name and ISID once more ends the older session."""
    old = e.discover()
    new = e.discover(isid=old.isid)
    old.connection.expect_close()
    tap.true(new.text([("SendTargets", "All")]), "the list")


def test_new_target_is_seen_by_a_running_session(e):
    session = e.discover()
    target = e.daemon.create_target("iqn.2024-01.org.example:new")
    try:
        tap.true(target in listed(session.text([("SendTargets", "All")])), "the new target")
    finally:
        e.daemon.ctl("target", "delete", target)
    tap.true(target not in listed(session.text([("SendTargets", "All")])), "the deleted target")


def test_keys_of_normal_sessions_are_irrelevant(e):
    """MaxConnections and the data keys have no meaning here (RFC 7143 section 13)."""
    keys = {"MaxConnections": "4", "InitialR2T": "No", "MaxBurstLength": "65536",
            "ErrorRecoveryLevel": "2"}
    session = e.discover(keys=keys)
    answers = dict(session.keys)
    tap.within(answers.get("MaxConnections"), ("Irrelevant", "1"), "MaxConnections")
    tap.within(answers.get("ErrorRecoveryLevel"), ("Irrelevant", "0"), "ErrorRecoveryLevel")
    tap.true(session.text([("SendTargets", "All")]), "the list")


def test_target_name_in_discovery(e):
    """It may be given (RFC 7143 section 6.3); it does not make a Normal session of it."""
    session = e.discover(keys={"TargetName": e.target})
    tap.true(session.text([("SendTargets", "All")]), "the list")


# In a normal session ------------------------------------------------------------------------


@tap.cases(nothing="", all="All")
def test_own_target_in_normal_session(e, value):
    """An empty value must work; All is answered with the target of the session."""
    session = e.login()
    tap.equal(set(listed(session.text([("SendTargets", value)]))), {e.target}, "targets")


def test_own_target_by_name_in_normal_session(e):
    tap.equal(set(listed(e.login().text([("SendTargets", e.target)]))), {e.target}, "targets")


def test_another_target_in_normal_session(e):
    refused_or_empty(e.login(), OTHER)


@tap.cases(prefix="A", longer="Alle", lower="all")
def test_bad_value_in_normal_session(e, value):
    """A Reject, or the answer Reject; the connection stays."""
    session = e.login()
    refused_or_empty(session, value)
    session.ping()
    tap.equal(set(listed(session.text([("SendTargets", "All")]))), {e.target}, "targets")


@tap.cases(lower="sendtargets", singular="SendTarget", longer="SendTargetss")
def test_bad_key_in_normal_session(e, key):
    session = e.login()
    session.send(session.text_pdu([(key, "All")], immediate=True))
    session.until(lambda: session.others, "an answer")
    answer = session.others.pop(0)
    refused = answer.opcode == Op.REJECT or answer.text == [(key, "NotUnderstood")]
    tap.true(refused, f"answer {answer!r}")
    session.ping()


# Long lists ---------------------------------------------------------------------------------


@tap.timeout(60)
def test_list_longer_than_a_pdu(e):
    """Sixty targets for an initiator that takes 512 bytes at a time."""
    names = [f"{MANY}{i:03}" for i in range(60)]
    for name in names:
        e.daemon.create_target(name)
    try:
        for size in (512, 1000, 8192):
            found = send_targets(e, keys={"MaxRecvDataSegmentLength": str(size)})
            tap.equal(set(found), {*names, e.target, OTHER}, f"targets in pieces of {size}")
            wanted = sorted(address(p) for p in e.portals)
            tap.true(all(sorted(a) == wanted for a in found.values()), "addresses")
        abandoned_list(e)
    finally:
        for name in names:
            e.daemon.ctl("target", "delete", name)


def abandoned_list(e):
    """A long list is begun and not fetched; a new request starts from the beginning."""
    session = e.discover(keys={"MaxRecvDataSegmentLength": "512"})
    for _ in range(3):
        pdu = session.send(session.text_pdu([("SendTargets", "All")]))
        response = session.take(Op.TEXT_RESPONSE, pdu.itt)
        tap.true(not response.final and response.ttt != NO_TAG, f"first piece {response!r}")
        tap.true(response.data.startswith(b"TargetName="), "the first piece is not the beginning")
    session.send(session.text_pdu(ttt=response.ttt ^ 0x5A5A, immediate=True))
    pdus, closed = session.connection.drain(0.5)
    tap.true(closed or any(p.opcode == Op.REJECT for p in pdus), f"answer to a foreign TTT: {pdus}")


# Wildcard portals ---------------------------------------------------------------------------


def test_wildcard_portals(e):
    """The list says the address and the port that the initiator has used."""
    daemon, _ = e.another_daemon(portals=("0.0.0.0:0", "0.0.0.0:0", "[::]:0"))
    for portal in daemon.portals():
        used = portal._replace(address="::1" if ":" in portal.address else "127.0.0.1")
        addresses = send_targets(e, portal=used)[env.TARGET]
        tap.true(address(used) in addresses, f"{address(used)} is not among {addresses}")
        wild = [a for a in addresses if a.startswith(("0.0.0.0", "[::]"))]
        tap.equal(wild, [], "wildcard addresses in the list")
    e.finish_daemon(daemon)


def test_wildcard_address_used(e):
    """An IPv6 wildcard takes IPv6 alone, or says an IPv4 address as IPv4."""
    daemon, _ = e.another_daemon(portals=("[::]:0",))
    portal = daemon.portals()[0]
    try:
        socket.create_connection(("127.0.0.1", portal.port), 1).close()
    except ConnectionRefusedError:
        return
    used = portal._replace(address="127.0.0.1")
    tap.true(address(used) in send_targets(e, portal=used)[env.TARGET], "the address used")


if __name__ == "__main__":
    sys.exit(env.main(globals(), portals=("127.0.0.1:0", "127.0.0.1:0", "[::1]:0"),
                      setup=add_targets))
