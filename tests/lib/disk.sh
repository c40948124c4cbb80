# A small file system at $disk, for tests of disks that are full. Source it after tap.sh.
# shellcheck shell=bash disable=SC2154 # work and ltb are of tap.sh
disk=$work/disk

# disk_mount SIZE: fails where that is not allowed; the cause is in mount.err.
disk_mount() { mkdir "$disk" && mount -t tmpfs -o "size=$1" tmpfs "$disk" 2>mount.err; }

# disk_fills_up RUN OPTIONS...: a run that has room until it drives, and then none; its output in $output.
disk_fills_up() {
	mount -o remount,size=32m "$disk"
	"$ltb" --batch smoke --out "$1" "${@:2}" >out 2>&1 &
	local tap_run=$!
	tap_children+=("$tap_run")
	ok "the run reached its drive phase" wait_for 60 grep -q '"drive"' "$1/events.jsonl"
	dd if=/dev/zero of="$disk/fill" bs=64k 2>/dev/null
	wait "$tap_run"
	is "a disk that fills up in the middle: exit status" $? 70
	output=$(cat out)
	like "the verdict is unknown" "$output" '^UNKNOWN'
	like "the cause is told" "$output" 'No space left on device'
}
