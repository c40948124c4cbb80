#!/bin/bash
# What happens to nodes in containers while a run goes on: by a timeline, by somebody with a docker
# command, by the kernel, by SIGINT.
# shellcheck source=../lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"
# shellcheck source=../lib/docker.sh
. "$top/tests/lib/docker.sh"
need_docker
if [ -z "$(compose_flavours)" ]; then
	ok "Docker Compose is there" false
	exit 1
fi

trap runs_finish EXIT

# What happened to nodes, in order: [0,"up",true,null].
states() { # RUN [NODE]
	jq -sc --argjson node "${2:-null}" '[.[] | select(.kind == "node_state" and .state != "ready" and
		($node == null or .node == $node))] | sort_by(.node) | .[] | [.node, .state, .expected, .reason]' "$1/events.jsonl"
}
endpoints() { # RUN: how many each node had
	jq -sc '[.[] | select(.kind == "node_state" and .state == "up")] | group_by(.node) |
		map(map(.endpoint) | unique | length) | unique' "$1/events.jsonl"
}

# --- by a timeline ------------------------------------------------------------------------

cat >ops.yaml <<'YAML'
version: 1
extends: timeline
workloads:
  - transactions: {rate: 5, per: block, users: 20}
  - timeline:
      steps:
        - 1s kill n1
        - 3s start n1
        - 6s restart n2
        - 9s stop n3
        - 11s start n3
        - 14s kill-restart n4
        - 17s pause n1
        - 19s resume n1
        - 21s add
        - 23s remove n4
run: {duration: 25s, warmup: 1s}
YAML
start on-local ./ops.yaml --backend local
on_local=$pid
start on-compose ./ops.yaml
await $pid
is "timeline: passes" $status 0
await $on_local
is "timeline: passes on local" $status 0
none_left timeline
is "timeline: all was done" "$(jq -r '.workloads[] | select(.name == "timeline") | .note' "$run/result.json")" \
	"$(jq -r '.workloads[] | select(.name == "timeline") | .note' on-local/result.json)"
states on-local >wanted
ok "timeline: it was more than the start and the end" [ "$(wc -l <wanted)" -gt 30 ]
states on-compose >got
ok "timeline: nodes go through the same as on local" diff wanted got
is "timeline: the port of a node stays" "$(endpoints on-compose)" '[1]'
for n in 1 2 3 4; do
	like "timeline: n$n lived twice" "$(grep -c "n$n: ltb-node .* HTTP " $run/logs/n$n.log)" '^2$'
	is "timeline: n$n stays who it was" \
		"$(sed -n "s/.*n$n: ltb-node .* id \(.*\)/\1/p" $run/logs/n$n.log | sort -u | wc -l)" 1
	like "timeline: n$n still has its chain" "$(grep "n$n: ltb-node .* HTTP " $run/logs/n$n.log | tail -n 1)" \
		'height [1-9]'
done
is "timeline: the node that was removed is not in compose.yaml" \
	"$(sed -n '/^services:/,/^volumes:/p' $run/compose.yaml | grep -cE '^  n[0-9]+:$')" 5
like "timeline: the one that was added is" "$(cat $run/compose.yaml)" '^  n5:$'

# --- by somebody else ------------------------------------------------------------------------

start others smoke --set run.duration=30s --set backend.compose.memory=256MiB
ok "others: the run goes on" wait_for 60 driving
stack=$(stack "$run")
# seen NODE STATE REASON: the last that was told of it
seen() { [ "$(states "$run" "$1" | tail -n 1)" = "[$1,\"$2\",false,\"$3\"]" ]; }
by_docker() { # WHAT NODE STATE REASON
	docker "$1" "$stack-n$2" >/dev/null
	ok "docker $1: n$2 is $3, $4" wait_for 30 seen "$2" "$3" "$4"
}
by_docker kill 1 dead 'signal 9 (Killed)'
by_docker start 1 up 'started by somebody else'
by_docker pause 2 paused 'paused by somebody else'
by_docker unpause 2 up 'resumed by somebody else'
by_docker stop 2 dead 'exit 0'
by_docker restart 0 up 'started by somebody else'
docker rm --force "$stack-n1" >/dev/null
ok "docker rm: n1 is dead" wait_for 30 seen 1 dead 'signal 9 (Killed)'
await $pid
is "others: the run fails" $status 1
like "others: because of that" "$(cat "$run/summary.txt")" \
	'FAIL +consensus_liveness .*n0 died at 0:[0-9]+ \(exit 0\); n1 died .*; 1 more'
none_left others
is "others: n0, from start to end" "$(states "$run" 0)" '[0,"starting",true,null]
[0,"up",true,null]
[0,"dead",false,"exit 0"]
[0,"starting",false,"started by somebody else"]
[0,"up",false,"started by somebody else"]
[0,"stopped",true,"exit 0"]'
ok "others: it has a process again" jq -es '[.[] | select(.kind == "node_state" and .node == 0 and
	.state == "starting") | .pid] | length == 2 and all(. > 0) and .[0] != .[1]' "$run/events.jsonl"
is "others: ports stay" "$(endpoints "$run")" '[1]'
is "others: the log has all of its lives" "$(grep -c 'n0: ltb-node .* HTTP ' "$run/logs/n0.log")" 2

# --- by the kernel -----------------------------------------------------------------------------

# The engine may lose what the kernel told it; then what is known must be told as what it is.
out_of_memory='(out of memory: .* limit of|signal 9 \(Killed\), likely out of memory: its limit is)'
out_of_memory+=' 6 MiB \(backend\.compose\.memory\)'
start limit smoke --set wallets.count=20000 --set backend.compose.memory=6MiB
await $pid
oom=$status
none_left "too little memory"
if [ $oom = 0 ]; then
	echo "# skipped: nodes that are out of memory, as control groups do not limit it here"
else
	is "too little memory: exit status" $oom 4
	like "too little memory: cause and fix" "$(cat "$run.out")" \
		"node n[0-2] ended while starting \\($out_of_memory"
	like "too little memory: is told of the node" "$(states "$run")" "\"dead\",false,\"$out_of_memory"
fi

# --- by SIGINT --------------------------------------------------------------------------------

short=(--set run.duration=3s --set run.warmup=0s)
for moment in '"phase":"prepare"' '"phase":"up"' '"state":"starting"' '"phase":"ready"' '"phase":"drive"' \
	'"phase":"collect"'; do
	name=$(echo "$moment" | cut -d '"' -f 4)
	start "int-$name" smoke "${short[@]}"
	ok "SIGINT at $name: gets so far" wait_for 60 has "$moment"
	kill -INT $pid
	await $pid
	is "SIGINT at $name: exit status" $status 130
	is "SIGINT at $name: result" "$(jq -r .verdict "$run/result.json")" unknown
	none_left "SIGINT at $name"
done
for moment in '"phase":"up"' '"phase":"drive"'; do
	name=$(echo "$moment" | cut -d '"' -f 4)
	start "twice-$name" smoke "${short[@]}"
	wait_for 60 has "$moment"
	kill -INT $pid
	kill -INT $pid
	await $pid
	is "SIGINT twice at $name: exit status" $status 130
	none_left "SIGINT twice at $name"
done

[ $tap_failed = 0 ]
