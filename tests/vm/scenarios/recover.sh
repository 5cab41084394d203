# SPDX-License-Identifier: LGPL-2.1-or-later
# The daemon dies, goes and stalls under I/O; open-iscsi recovers each time and no byte is lost.
. guest/lib.sh

connect() {
    start_initiator
    discover
    digests CRC32C
    login
}

killed() {
    start_writer
    host kill
    wait_for 10 state_is FAILED
    [ ! -s /tmp/writer ]
}

restarted() {
    host start
    wait_for 60 state_is LOGGED_IN
}

stopped() {
    start_writer
    host stop
    wait_for 10 state_is FAILED
    [ ! -s /tmp/writer ]
}

has_aborted() { iscsiadm -m session -s | grep -q 'eh_abort_cnt: [1-9]'; }

# Without pings, commands time out after 2 s and are aborted; the session goes on.
stall() {
    logout
    set_key 'node.conn[0].timeo.noop_out_interval' 0
    set_key 'node.conn[0].timeo.noop_out_timeout' 0
    login
    echo 2 > "/sys/block/$(find_node block)/device/timeout"
    echo 3 > "/sys/block/$(find_node block)/device/eh_timeout"
    start_writer
    host stall
    wait_for 30 has_aborted
    host resume
    wait_for 60 state_is LOGGED_IN
}

plan
step connect-with-digests connect
step killed-under-writes killed
step session-recovers-after-kill restarted
step data-after-kill check_data
step stopped-under-writes stopped
step session-recovers-after-stop restarted
step data-after-stop check_data
step stalled-under-writes stall
step data-after-stall check_data
step logout logout
finish
