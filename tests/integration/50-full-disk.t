#!/bin/bash
# A disk that is too small, and one that fills up: exit 4 or 70 with the cause, nothing left running.
# shellcheck source=../lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"
# shellcheck source=../lib/disk.sh
. "$top/tests/lib/disk.sh"

disk_mount 400k || skip_all "cannot mount a small file system: $(cat mount.err)"
trap 'umount "$disk"; tap_finish' EXIT

run_status "$ltb" --batch smoke --out "$disk/run"
is "too small from the start: exit status" $status 4
like "cause and fix are told" "$output" 'MB free.*make room.*--out'
ok "no node was started" no_processes_below "$disk"
rm -rf "$disk/run"

dd if=/dev/zero of="$disk/fill" bs=4k 2>/dev/null
jq -n '{chain_id: "x", genesis_time_ms: 1, slot_duration_ms: 500, active_slot_coeff: 0.5, security_param: 20,
	epoch_nonce: ("00" * 32), stakes: [{pk: ("01" * 32), value: 1}], notes: []}' >genesis.json
run_status timeout 20 "$ltb_node" --genesis genesis.json --data "$disk/node"
is "a node that cannot write its data: exit status" $status 4
like "names the file and the cause" "$output" "$disk/node.*No space left on device"
rm -rf "$disk/fill" "$disk/node"
mount -o remount,ro "$disk"
run_status timeout 20 "$ltb_node" --genesis genesis.json --data "$disk"
mount -o remount,rw "$disk"
is "a node whose data is read-only: exit status" $status 4
like "the cause and what it must be" "$output" 'a directory that user [0-9]+ may write to: Read-only'

disk_fills_up "$disk/run"
ok "nothing runs" no_processes_below "$disk"

[ $tap_failed = 0 ]
