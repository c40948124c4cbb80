#!/bin/bash
# Links through the relay on a real engine: nodes reach each other in no other way, a partition splits
# the chain and heals, with both generations of Docker Compose; what becomes of a relay that dies.
# shellcheck source=../lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"
# shellcheck source=../lib/docker.sh
. "$top/tests/lib/docker.sh"
need_docker
flavours=$(compose_flavours)
ok "Docker Compose is there" [ -n "$flavours" ]
[ -n "$flavours" ] || exit 1

trap runs_finish EXIT

endpoint() { # NODE
	jq -rs --argjson n "$1" '[.[] | select(.kind == "node_state" and .node == $n and .endpoint != null)][-1].endpoint' \
		"$run/events.jsonl"
}
tip() { curl -fsS --max-time 5 "$(endpoint "$1")/cryptarchia/info" | jq -r .cryptarchia_info.tip; } # NODE
# knows NODE BLOCK: whether it has heard of it
knows() { curl -fsS --max-time 5 -o "$work/block" "$(endpoint "$1")/cryptarchia/blocks/$2" || return 1; }
ip_of() { docker inspect --format '{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}' "$1" | cut -d ' ' -f 1; }

# --- a partition, with each of them -----------------------------------------------------------------

cat >split.yaml <<'YAML'
version: 1
extends: partition
workloads:
  - transactions: {rate: 5, per: block, users: 20}
  - timeline: {steps: [4s partition n0 n1 n2 | n3 n4, 8s restart n4, 18s heal]}
run: {duration: 30s, warmup: 1s}
YAML

for flavour in $flavours; do
	start "split-$flavour" ./split.yaml --set backend.compose.client=$flavour
	ok "$flavour: the partition comes" wait_for 90 has '"kind":"fault".*"partition"'
	if [ "$flavour" = "${flavours##*$'\n'}" ]; then
		name=$(stack "$run")
		is "a node has one network" "$(docker inspect "$name-n1" | jq -c '.[0].NetworkSettings.Networks | keys')" \
			"[\"$name-n1\"]"
		is "the relay has all" "$(docker inspect "$name-relay" | jq -c '.[0].NetworkSettings.Networks | length')" 5
		is "the relay is not privileged" "$(docker inspect "$name-relay" |
			jq -c '.[0].HostConfig | [.Privileged, .CapAdd // [], .CapDrop, .ReadonlyRootfs]')" '[false,[],["ALL"],true]'
		is "its API is published on 127.0.0.1 only" "$(docker inspect "$name-relay" |
			jq -c '[.[0].NetworkSettings.Ports[] | arrays | .[].HostIp]')" '["127.0.0.1"]'
		is "its API wants the token" "$(curl -s -o /dev/null -w '%{http_code}' \
			"http://$(docker port "$name-relay" 9100/tcp)/links")" 401
		# what a node could do if it tried: the health check asks any address
		like "a node does not reach another one" "$(docker exec "$name-n1" /usr/bin/ltb-node \
			--check-health "$(ip_of "$name-n2"):8080" 2>&1)" 'unhealthy: '
		ok "but itself" docker exec "$name-n1" /usr/bin/ltb-node --check-health 127.0.0.1:8080
	fi
	apart() { a=$(tip 0) && b=$(tip 4) && ! knows 4 "$a" && ! knows 0 "$b"; }
	ok "$flavour: n4 is back on its side" wait_for 60 has '"kind":"node_state".*"node":4.*"ready".*'
	ok "$flavour: both sides have blocks that the other one has not" wait_for 20 apart
	await $pid
	is "$flavour: passes" $status 0
	is "$flavour: all checks" "$(jq -r '[.checks[].verdict] | unique | join(",")' "$run/result.json")" pass
	like "$flavour: the fault was in effect" "$(cat "$run/summary.txt")" 'partition .* in effect, healed'
	like "$flavour: the relay's log" "$(cat "$run/logs/relay.log")" 'relay: ltb-relay .*'
	none_left "$flavour"
done

# --- by hand, an added node, a subnet -------------------------------------------------------------

cat >grow.yaml <<'YAML'
version: 1
extends: smoke
workloads:
  - transactions: {rate: 5, per: block, users: 20}
  - timeline: {steps: [2s add, 6s link n0 n3 delay=50ms, 8s remove n1, 12s heal]}
run: {duration: 16s, warmup: 1s}
YAML
start grow ./grow.yaml --keep --set backend.compose.subnet=10.213.0.0/24
await $pid
is "an added node: passes" $status 0
is "an added node: becomes ready" "$(jq -rs '[.[] | select(.kind == "node_state" and .node == 3) | .state] |
	index("ready") != null' "$run/events.jsonl")" true
like "an added node: has peers by the relay" "$(curl -fsS "$(endpoint 3)/network/info")" '"n_peers": ?[1-9]'
name=$(stack "$run")
is "each node has a part of the subnet" "$(docker network inspect "$name-n0" "$name-n3" |
	jq -c '[.[].IPAM.Config[0].Subnet]')" '["10.213.0.0/29","10.213.0.24/29"]'
run_status "$ltb" clean "$run"
is "clean: exit status" $status 0
none_left grow
by_hand=()
for flavour in $flavours; do
	[ $flavour = v1 ] && by_hand=(docker-compose) || by_hand=(docker compose)
	ok "by hand, $flavour: up" sh -c 'cd "$1" && shift && "$@" up -d' sh "$run" "${by_hand[@]}" -p "$name"
	connected() { [ "$(curl -fsS --max-time 5 "$(endpoint 2)/network/info" | jq .n_peers)" -gt 0 ]; }
	ok "by hand, $flavour: nodes find each other" wait_for 60 connected
	ok "by hand, $flavour: down" sh -c 'cd "$1" && shift && "$@" down -v' sh "$run" "${by_hand[@]}" -p "$name"
	none_left "by hand, $flavour"
done
run_status "$ltb" --batch partition --backend compose --out "$work/narrow" --set backend.compose.subnet=10.213.0.0/28
is "a subnet that is too narrow: exit status" $status 2
like "a subnet that is too narrow: fix" "$output" 'has room for 2 of them; take a wider one'

# --- the relay dies, ltb dies -----------------------------------------------------------------------

start dead partition
ok "relay killed: the run goes on" wait_for 90 driving
docker kill "$(stack "$run")-relay" >/dev/null
await $pid
is "relay killed: exit status" $status 3
is "relay killed: verdict" "$(jq -r .verdict "$run/result.json")" unknown
like "relay killed: cause" "$(cat "$run/summary.txt")" 'the relay between the nodes \(container .*-relay\) ended, exit 137'
none_left "relay killed"

start gone partition
ok "kill -9: the partition comes" wait_for 90 has '"kind":"fault".*"partition"'
kill -9 $pid
await $pid
run_status "$ltb" clean "$run"
is "kill -9: clean" $status 0
none_left "kill -9"

start direct partition --set backend.compose.links=direct --set run.duration=12s --set workloads.1.timeline.steps.1='11s heal'
await $pid
is "direct: exit status" $status 3
like "direct: cause and fix" "$(cat "$run/summary.txt" "$run.out")" 'reach each other directly.*set backend\.compose\.links to relay'
none_left direct

[ $tap_failed = 0 ]
