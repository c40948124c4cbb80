#!/bin/bash
# The image on a real engine: a node in a container that may do nothing, its health, its end, peers by name.
# shellcheck source=../lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"
# shellcheck source=../lib/docker.sh
. "$top/tests/lib/docker.sh"
need_docker

id=image-test-$$
tag=logos-testbench:$id
net=$id
finish() {
	docker_remove "$id"
	docker image rm --force "$tag" >/dev/null 2>&1
	tap_finish
}
trap finish EXIT

# --- building and loading --------------------------------------------------------------------

run_status env DOCKER_HOST="unix://$work/nothing" "$top/scripts/image" "$work/image.tar" "$tag" "$ltb_node"
is "make image without an engine" "$status" 0
like "says what it did not do" "$output" 'not loaded, no Docker engine answers: .*nothing'
run_status "$top/scripts/image" "$work/image.tar" "$tag" "$ltb_node"
is "make image with one" "$status" 0
like "says what it did" "$output" "loaded it as $tag"
inspect() { docker image inspect --format "$1" "$tag"; }
is "the label" "$(inspect '{{index .Config.Labels "org.logos.testbench.programs"}}')" \
	"$("$top/assets/image/build" --digest "$ltb_node")"
is "the user" "$(inspect '{{.Config.User}}')" 65532:65532

# --- containers ----------------------------------------------------------------------------------

seed() { for _ in {1..32}; do printf '%02x' "$1"; done; }
jq -n --argjson now "$(date +%s%3N)" --arg nonce "$(seed 7)" --arg a "$("$ltb_node" keygen "$(seed 1)")" \
	'{chain_id: "image", genesis_time_ms: $now, slot_duration_ms: 500, active_slot_coeff: 0.5,
	security_param: 20, epoch_nonce: $nonce, stakes: [{pk: $a, value: 1000}], notes: []}' >genesis.json
seed 1 >key
chmod 644 genesis.json key
docker network create --label "$run_label=$id" "$net" >/dev/null

confined=(--label "$run_label=$id" --read-only --cap-drop ALL --security-opt no-new-privileges
	-v "$work/genesis.json:/genesis.json:ro")

# start NAME OPTIONS...: a node on the network, with a volume of its own; its peers know it as NAME.
start() {
	local name=$1
	shift
	docker volume create --label "$run_label=$id" "$id-$name" >/dev/null
	docker run --detach --name "$id-$name" --network "$net" --network-alias "$name" "${confined[@]}" \
		-v "$id-$name:/data" -v "$work/key:/key:ro" --publish 127.0.0.1::8080 "$tag" --genesis /genesis.json \
		--data /data --listen 0.0.0.0:3000 --http 0.0.0.0:8080 --name "$name" "$@" >/dev/null
}
api() { curl -sS --max-time 5 "http://$(docker port "$id-$1" 8080/tcp)$2"; }
healthy() { docker exec "$id-$1" /usr/bin/ltb-node --check-health "${2:-127.0.0.1:8080}"; }
peers_are() { [ "$(api "$1" /network/info | jq .n_peers)" = "$2" ]; }
height_is_above() { [ "$(api "$1" /cryptarchia/info | jq .cryptarchia_info.height)" -gt "$2" ]; }
logged() { docker logs "$id-$1" 2>&1 | grep -q "$2"; }
ip() { docker inspect --format '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' "$id-$1"; }
stop() { # NAME: its exit status
	docker stop --time 60 "$id-$1" >/dev/null
	docker inspect --format '{{.State.ExitCode}}' "$id-$1"
}

start a --key-file /key --peer b:3000
ok "a node becomes healthy" wait_for 60 healthy a
run_status healthy a 127.0.0.1:1
is "another port is not" "$status" 1
is "it is not root, and may do nothing" \
	"$(grep -E '^(Uid|CapEff|CapBnd|NoNewPrivs)' "/proc/$(docker inspect --format '{{.State.Pid}}' "$id-a")/status" |
		tr -s '\t\n' ' ')" \
	"Uid: 65532 65532 65532 65532 CapEff: 0000000000000000 CapBnd: 0000000000000000 NoNewPrivs: 1 "
ok "it builds a chain" wait_for 60 height_is_above a 3

# --- names -------------------------------------------------------------------------------------------

ok "a name that nobody has is tried again and again" wait_for 60 logged a 'no peer at b:3000 so far: .*; trying on'
ok "the API answers meanwhile" healthy a
start b
ok "the peer comes late and is found by name" wait_for 60 peers_are a 1
ok "and gets the chain" wait_for 60 height_is_above b 3
was=$(ip b)
is "SIGTERM to the first process of a container: exit status" "$(stop b)" 0
ok "it was a graceful end" logged b 'stopping on signal 15'
ok "the other one notices" wait_for 60 peers_are a 0
docker rm "$id-b" >/dev/null
start in-the-way # takes the address
start b
ok "the peer has another address now" [ "$(ip b)" != "$was" ]
ok "it is found again" wait_for 60 peers_are a 1
like "its volume has outlived the container" "$(docker logs "$id-b" 2>&1 | grep 'chain image')" 'height [1-9]'

# --- ends -----------------------------------------------------------------------------------------

mkfifo slow
chmod 644 slow
docker run --detach --name "$id-slow" "${confined[@]}" -v "$work/slow:/slow:ro" --tmpfs /data:uid=65532 "$tag" \
	--genesis /slow --data /data >/dev/null
catches_sigterm() { # bit 15 of the mask
	grep -q '^SigCgt:.*[4-7c-f]...$' "/proc/$(docker inspect --format '{{.State.Pid}}' "$id-$1")/status"
}
ok "a node waits for its files" wait_for 60 catches_sigterm slow
is "SIGTERM before it listens: exit status" "$(stop slow)" 0

# fails NAME REGEXP OPTIONS...: a node that cannot run
fails() {
	local name=$1 regexp=$2
	shift 2
	run_status timeout 60 docker run --rm "${confined[@]}" "$@" "$tag" --genesis /genesis.json --data /data
	is "$name: exit status" "$status" 4
	like "$name: why" "$output" "$regexp"
}
fails "no volume" 'cannot write to --data /data.*Read-only file system'
fails "a volume of somebody else" 'cannot write to --data /data.*user 65532 may write to: Permission denied' \
	--tmpfs /data:mode=0755,uid=0
fails "a full volume" '/data/.*(No space left on device|disk is full)' --tmpfs /data:uid=65532,size=4k

for n in a b in-the-way; do is "$n ends with 0" "$(stop $n)" 0; done
docker_remove "$id"
is "nothing is left" "$(docker_leftovers "$id")" ""

[ $tap_failed = 0 ]
