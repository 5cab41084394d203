# SPDX-License-Identifier: LGPL-2.1-or-later
# The daemon asks for logouts and drops sessions under I/O; open-iscsi goes, comes back, and no byte is lost.
. guest/lib.sh

connect() {
    start_initiator
    discover
    login
}

drained() {
    start_writer
    host drain
    wait_for 10 state_is FAILED
    [ ! -s /tmp/writer ]
}

undrained() {
    host undrain
    wait_for 60 state_is LOGGED_IN
}

asked() {
    start_writer
    host ask-logout
    wait_for 60 state_is LOGGED_IN
}

dropped() {
    start_writer
    host drop
    wait_for 60 state_is LOGGED_IN
}

plan
step connect connect
step drained-under-writes drained
step session-recovers-after-undrain undrained
step data-after-drain check_data
step asked-to-log-out-under-writes asked
step data-after-logout check_data
step dropped-under-writes dropped
step data-after-drop check_data
step logout logout
finish
