# SPDX-License-Identifier: LGPL-2.1-or-later
# open-iscsi and the daemon prove to each other who they are: CHAP by SHA3-256, in discovery and in sessions.
. guest/lib.sh
AUTH_FAILED=24

# conf KEY VALUE: what discovery, and nodes that it finds, begin with
conf() {
    sed -i "/^$1 = /d" /etc/iscsi/iscsid.conf
    echo "$1 = $2" >> /etc/iscsi/iscsid.conf
}

# account PREFIX...: user and secret, and those of the target if "both" is among the words
account() {
    local set=$1 prefix=$2
    "$set" "$prefix.authmethod" CHAP
    "$set" "$prefix.username" joe
    "$set" "$prefix.password" "${SECRET:-secret-of-joe}"
    "$set" "$prefix.chap_algs" "${ALGORITHMS:-SHA3-256,SHA256,SHA1,MD5}"
    [ "${3:-}" = both ] || return 0
    "$set" "$prefix.username_in" disk
    "$set" "$prefix.password_in" "${TARGET_SECRET:-secret-of-disk}"
}

fails_to_discover() { ends_with $AUTH_FAILED iscsiadm -m discovery -t st -p $PORTAL; }
fails_to_login() { ends_with $AUTH_FAILED iscsiadm -m node -T $IQN -p $PORTAL --login; }

locked() {
    start_initiator
    host lock
    fails_to_discover
}

wrong_secret() {
    SECRET=another-secret account conf discovery.sendtargets.auth
    fails_to_discover
}

discovery() {
    account conf discovery.sendtargets.auth
    discover
    fails_to_login
}

session() {
    account set_key node.session.auth
    login
    random_file /tmp/data 4
    put /tmp/data 0
    get 0 1024 | cmp - /tmp/data
    logout
}

weak_algorithm() {
    ALGORITHMS=MD5 account set_key node.session.auth
    fails_to_login
}

target_proves_nothing() {
    account set_key node.session.auth
    host lock-both-ways
    fails_to_login
}

both_ways() {
    account set_key node.session.auth both
    login
    get 0 1024 | cmp - /tmp/data
    logout
}

discovery_both_ways() {
    account conf discovery.sendtargets.auth both
    discover
}

wrong_target() {
    TARGET_SECRET=of-another-disk account set_key node.session.auth both
    ! iscsiadm -m node -T $IQN -p $PORTAL --login
}

plan
step locked locked
step wrong-secret wrong_secret
step discovery discovery
step session session
step weak-algorithm weak_algorithm
step target-must-be-asked target_proves_nothing
step both-ways both_ways
step discovery-both-ways discovery_both_ways
step wrong-target wrong_target
