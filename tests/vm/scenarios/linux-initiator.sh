# SPDX-License-Identifier: LGPL-2.1-or-later
# The Linux initiator on a thin disk of 256 MiB: file system, fio, sg3-utils, digests.
. guest/lib.sh
SIZE=$((256 << 20))

initiator() { start_initiator; }

login_disk() {
    login
    [ "$(blockdev --getsize64 "$(disk)")" = $SIZE ]
    [ "$(blockdev --getss "$(disk)")" = 512 ]
    [ "$(cat "/sys/block/$(find_node block)/queue/discard_max_bytes")" -gt 0 ]
}

ext4() {
    mkfs.ext4 -q "$(disk)"
    mount "$(disk)" /mnt
    random_file /mnt/file 48
    sha256sum /mnt/file > /tmp/sum
    umount /mnt
    blockdev --flushbufs "$(disk)"
    mount "$(disk)" /mnt
    sha256sum -c /tmp/sum
    rm /mnt/file
    fstrim -v /mnt
    umount /mnt
    e2fsck -fn "$(disk)"
}

inquiry() {
    output_has 'Vendor identification: TGT-TEST' sg_inq "$(generic)"
    output_has 'Product identification: VM-DISK' sg_inq "$(generic)"
    output_has 'Unit serial number: vm-serial-1' sg_inq "$(generic)"
    output_has 'PDT=0.*version=0x0[67].*' sg_inq "$(generic)"
}

vpd_supported() {
    local page
    output_has 'Unit serial number' sg_vpd -p 0 "$(generic)"
    sg_inq --vpd --page=0 --raw "$(generic)" | od -An -v -tx1 -w1 -j4 | sed 's/ //g' > /tmp/pages
    cat /tmp/pages
    sort -c /tmp/pages
    for page in 00 80 83 86 b0 b1 b2; do grep -qx $page /tmp/pages || fail "no VPD page $page"; done
}
vpd_serial() { output_has 'vm-serial-1' sg_vpd -p 0x80 "$(generic)"; }
vpd_identification() {
    output_has 'NAA' sg_vpd -p 0x83 "$(generic)"
    output_has "$IQN" sg_vpd -p 0x83 "$(generic)"
    output_has 'Target port group: 0x1' sg_vpd -p 0x83 "$(generic)"
    output_has 'T10 vendor identification' sg_vpd -p 0x83 "$(generic)"
}
vpd_extended() { output_has 'SIMPSUP=1' sg_vpd -p 0x86 "$(generic)"; }
vpd_limits() {
    output_has 'Maximum compare and write length: [1-9]' sg_vpd -p 0xb0 "$(generic)"
    output_has 'Maximum unmap LBA count: [1-9]' sg_vpd -p 0xb0 "$(generic)"
    output_has 'Maximum unmap block descriptor count: [1-9]' sg_vpd -p 0xb0 "$(generic)"
}
vpd_characteristics() { output_has 'medium' sg_vpd -p 0xb1 "$(generic)"; }
vpd_provisioning() {
    output_has 'Unmap command supported \(LBPU\): 1' sg_vpd -p 0xb2 "$(generic)"
    output_has 'unmap bit supported \(LBPWS\): 1' sg_vpd -p 0xb2 "$(generic)"
}

capacity() {
    output_has "Last LBA=$((SIZE / 512 - 1)) .*Number of logical blocks=$((SIZE / 512))" \
        sg_readcap --long "$(generic)"
    output_has 'Logical block length=512 bytes' sg_readcap --long "$(generic)"
    output_has 'lbpme=1' sg_readcap --long "$(generic)"
    output_has "Number of logical blocks=$((SIZE / 512))" sg_readcap "$(generic)"
}

luns() {
    output_has '^ *0001000000000000' sg_luns "$(generic)"
    sg_turs --number=20 "$(generic)"
}

modes() {
    output_has 'Caching' sg_modes -a "$(generic)"
    output_has 'Control' sg_modes -a "$(generic)"
    output_has 'Informational exceptions' sg_modes -a "$(generic)"
    output_has 'Read-write error recovery' sg_modes -a "$(generic)"
    output_has 'Caching' sg_modes -6 -p 8 "$(generic)"
}

opcodes() {
    local name
    for name in 'Read\(10\)' 'Write\(16\)' 'Unmap' 'Write same\(16\)' 'Compare and write' \
        'Synchronize cache\(10\)' 'Report supported operation codes' 'Inquiry'; do
        output_has "$name" sg_opcodes "$(generic)"
    done
    output_has 'Command_name: Read\(10\)' sg_opcodes --opcode=0x28 "$(generic)"
    output_has 'Usage data: 28 ' sg_opcodes --opcode=0x28 "$(generic)"
    output_has 'Abort task' sg_opcodes --tmf "$(generic)"
}

unmap() {
    random_file /tmp/data 1
    put /tmp/data 0
    get 0 256 | cmp - /tmp/data
    sg_unmap --force --lba=0 --num=2048 "$(generic)"
    get 0 256 | cmp -n $((1 << 20)) - /dev/zero
    output_has 'deallocated' sg_get_lba_status --lba=0 "$(generic)"
}

write_same() {
    random_file /tmp/data 1
    put /tmp/data 0
    head -c 512 /tmp/data > /tmp/block
    sg_write_same --16 --in=/tmp/block --lba=8 --num=16 --xferlen=512 "$(generic)"
    for i in {1..16}; do cat /tmp/block; done | cmp - <(get 1 2)
    get 3 253 | cmp - <(tail -c +$((3 * 4096 + 1)) /tmp/data)
    sg_write_same --16 --unmap --in=/dev/zero --xferlen=512 --lba=8 --num=16 "$(generic)"
    get 1 2 | cmp -n 8192 - /dev/zero
}

compare_and_write() {
    random_file /tmp/data 1
    put /tmp/data 0
    head -c 512 /tmp/data > /tmp/caw
    tail -c 512 /tmp/data >> /tmp/caw
    { tail -c 512 /tmp/data; head -c 4096 /tmp/data | tail -c 3584; } > /tmp/changed
    sg_compare_and_write --lba=0 --num=1 --xferlen=1024 --in=/tmp/caw "$(generic)"
    get 0 1 | cmp - /tmp/changed
    ends_with 14 sg_compare_and_write --lba=0 --num=1 --xferlen=1024 --in=/tmp/caw "$(generic)"
    get 0 1 | cmp - /tmp/changed
}

verify_and_sync() {
    sg_verify --lba=0 --count=128 "$(generic)"
    sg_sync "$(generic)"
    sg_reset -d "$(generic)"
    sg_turs --number=5 "$(generic)" || sg_turs "$(generic)"
}

digest_login() {
    logout
    digests CRC32C
    login
    output_has 'HeaderDigest: CRC32C' iscsiadm -m session -P2
    output_has 'DataDigest: CRC32C' iscsiadm -m session -P2
}

digest_data() {
    fio_verify 16k 8M
    random_file /tmp/data 4
    put /tmp/data 4096
    get 4096 1024 | cmp - /tmp/data
}

logout_disk() {
    local name
    name=$(disk)
    logout
    wait_for 10 test ! -e "$name"
}

plan
step initiator initiator
step discovery discover
step login login_disk
step ext4-verified-after-remount ext4
step fio-random-write-verify fio_verify 8k 16M
step sg_inq inquiry
step sg_vpd-00 vpd_supported
step sg_vpd-80 vpd_serial
step sg_vpd-83 vpd_identification
step sg_vpd-86 vpd_extended
step sg_vpd-b0 vpd_limits
step sg_vpd-b1 vpd_characteristics
step sg_vpd-b2 vpd_provisioning
step sg_readcap capacity
step sg_luns luns
step sg_modes modes
step sg_opcodes opcodes
step sg_unmap unmap
step sg_write_same write_same
step sg_compare_and_write compare_and_write
step sg_verify-sync-reset verify_and_sync
step login-with-digests digest_login
step data-with-digests digest_data
step logout logout_disk
finish
