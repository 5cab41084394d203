# SPDX-License-Identifier: LGPL-2.1-or-later
# The daemon dies, goes and stalls under I/O; open-iscsi recovers each time and no byte is lost.
. guest/lib.sh

connect() {
    start_initiator
    discover
    digests CRC32C
    login
}

# Six MiB, one each half second, each at its own place; the status is left in /tmp/writer.
start_writer() {
    random_file /tmp/data 1
    rm -f /tmp/writer
    (
        trap - ERR
        for i in 0 1 2 3 4 5; do
            put /tmp/data $((i * 256)) || break
            sleep 0.5
        done
        echo $? > /tmp/writer
    ) > /tmp/writer.log 2>&1 < /dev/null &
    sleep 0.7
}

check_data() {
    wait_for 90 test -s /tmp/writer
    [ "$(cat /tmp/writer)" = 0 ] || { cat /tmp/writer.log; fail "the writer failed"; }
    blockdev --flushbufs "$(disk)"
    for i in 0 1 2 3 4 5; do get $((i * 256)) 256 | cmp - /tmp/data; done
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
