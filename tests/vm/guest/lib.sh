# SPDX-License-Identifier: LGPL-2.1-or-later
# Sourced by the scenarios in the guest: TAP steps, the open-iscsi initiator, requests to the host.
set -u
IQN=iqn.2024-01.org.example:vm
PORTAL=192.0.2.1
LUN=1
count=0
failed=0

# plan: one subtest per line of the scenario that begins with "step"
plan() { echo "1..$(grep -c '^step ' "$0")"; }

# step NAME FUNCTION...: a subtest; any failing command in the function fails it and is named
step() {
    local name=$1 status
    shift
    count=$((count + 1))
    (
        set -eE -o pipefail
        trap 'echo "status $? of line $LINENO: $BASH_COMMAND"' ERR
        "$@"
    ) > /tmp/step.log 2>&1
    status=$?
    { echo "== $name (status $status)"; cat /tmp/step.log; } >> /out/steps.log
    if [ $status = 0 ]; then
        echo "ok $count - $name"
    else
        failed=$((failed + 1))
        echo "not ok $count - $name"
        tail -n 40 /tmp/step.log | sed 's/^/# /'
    fi
}

finish() { [ $failed = 0 ]; }

say() { echo "$*"; }
fail() {
    echo "FAILED: $*"
    return 1
}

# wait_for SECONDS COMMAND...
wait_for() {
    local end=$((SECONDS + $1))
    shift
    until "$@" > /dev/null 2>&1; do
        [ $SECONDS -lt $end ] || fail "no success in time: $*"
        sleep 0.1
    done
}

# output_has TEXT COMMAND...: the command succeeds and its output has the extended expression TEXT
output_has() {
    local text=$1 output status=0
    shift
    output=$("$@" 2>&1) || status=$?
    [ $status = 0 ] || { say "$output"; fail "status $status of: $*"; }
    grep -qiE -- "$text" <<< "$output" || { say "$output"; fail "no '$text' in the output of: $*"; }
}

# ends_with STATUS COMMAND...: the command ends with this very status
ends_with() {
    local wanted=$1 status=0
    shift
    "$@" || status=$?
    [ $status = "$wanted" ] || fail "status $status instead of $wanted of: $*"
}

# --- the host ---

# host VERB: the runner does it to the daemon (kill, stop, stall, resume, start, lock, …) and answers
host() {
    rm -f /out/done
    echo "$1" > /out/request.new
    mv /out/request.new /out/request
    wait_for 30 test -e /out/done
    [ "$(cat /out/done)" = ok ] || fail "the host: $(cat /out/done)"
}

# --- the initiator ---

start_initiator() {
    modprobe -a iscsi_tcp sd_mod sg crc32c_generic
    sed -i 's/^\(iscsid.startup\).*/\1 = \/bin\/true/
            s/^\(node.session.timeo.replacement_timeout\).*/\1 = 60/
            s/^\(node.conn\[0\].timeo.noop_out_\(interval\|timeout\)\).*/\1 = 2/' \
        /etc/iscsi/iscsid.conf
    iscsid
}

discover() { output_has "$PORTAL:3260,1 $IQN" iscsiadm -m discovery -t st -p $PORTAL; }
set_key() { iscsiadm -m node -T $IQN -o update -n "$1" -v "$2"; }
login() {
    iscsiadm -m node -T $IQN -p $PORTAL --login
    wait_for 20 find_node block
}
logout() {
    iscsiadm -m node -T $IQN --logout
    wait_for 10 no_session
}
no_session() { ! ls -d /sys/class/iscsi_session/session*; }
state() { cat /sys/class/iscsi_session/session*/state; }
state_is() { [ "$(state)" = "$1" ]; }

# find_node CLASS: the name of the LUN's device of this class (block, scsi_generic)
find_node() {
    local name
    name=$(ls /sys/class/iscsi_session/session*/device/target*/*:*:*:$LUN/"$1" | head -1)
    [ -e "/dev/$name" ] && echo "$name"
}
disk() { echo "/dev/$(find_node block)"; }
generic() { echo "/dev/$(find_node scsi_generic)"; }

# digests VALUE: what the next login asks for
digests() {
    set_key 'node.conn[0].iscsi.HeaderDigest' "$1"
    set_key 'node.conn[0].iscsi.DataDigest' "$1"
}

# --- data ---

# random_file PATH MIB
random_file() { dd if=/dev/urandom of="$1" bs=1M count="$2" status=none; }
put() { dd if="$1" of="$(disk)" bs=4k seek="$2" oflag=direct conv=notrunc status=none; }
# get BLOCK COUNT: 4 KiB blocks of the disk, from the target and not from the cache
get() { dd if="$(disk)" bs=4k skip="$1" count="$2" iflag=direct status=none; }

fio_verify() {
    fio --name=verify --filename="$(disk)" --rw=randwrite --bs="$1" --size="$2" --iodepth=16 \
        --ioengine=libaio --direct=1 --verify=crc32c --verify_fatal=1 --verify_state_save=0 \
        --minimal --output=/dev/null
}

# Writing under recovery: start_writer, then check_data --------------------------------------

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
