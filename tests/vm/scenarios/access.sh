# SPDX-License-Identifier: LGPL-2.1-or-later
# What the Linux initiator makes of maps of LUNs and of redirections.
. guest/lib.sh
HERE=$((256 << 20)) THERE=$((64 << 20))

size_is() { [ "$(blockdev --getsize64 "$(disk)")" = "$1" ]; }
luns() { ls -d /sys/class/iscsi_session/session*/device/target*/*:*:*:* | sed 's/.*://' | sort -n | tr '\n' ' '; }

prepare() {
    start_initiator
    discover
    login
    size_is $HERE
    [ "$(luns)" = '1 ' ]
}

# The session is open: what is hidden fails, what is new is found.
another_number() {
    local old
    old=$(disk)
    host map
    ! dd if="$old" of=/dev/null bs=4k count=1 iflag=direct
    iscsiadm -m session --rescan
    LUN=5
    wait_for 20 find_node block
    size_is $HERE
    random_file /tmp/data 1
    put /tmp/data 0
    get 0 256 | cmp - /tmp/data
    logout
}

from_the_start() {
    LUN=5
    login
    [ "$(luns)" = '5 ' ]
    get 0 256 | cmp - /tmp/data
    logout
}

read_only() {
    LUN=5
    host map-read-only
    login
    [ "$(blockdev --getro "$(disk)")" = 1 ]
    output_has '\[WP=1|WP=1' sg_modes -a "$(generic)"
    get 0 256 | cmp - /tmp/data
    ! sg_dd if=/dev/zero of="$(generic)" bs=512 count=1
    get 0 256 | cmp - /tmp/data
    logout
    host unmap
}

redirected() {
    host move
    login
    size_is $THERE
    logout
}

redirected_for_ever() {
    host move-for-ever
    login
    size_is $THERE
    logout
}

and_back() {
    host move-back
    login
    size_is $HERE
    logout
}

plan
step prepare prepare
step another-number another_number
step from-the-start from_the_start
step read-only read_only
step redirected redirected
step redirected-for-ever redirected_for_ever
step and-back and_back
finish
