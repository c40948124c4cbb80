#!/bin/bash
# Links of the local backend through ltb-relay: a partition is real, nodes stay on their side of
# it, and nothing is concluded without the relay. Runs go on side by side: they mostly wait.
# shellcheck source=../lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"

declare -A pids=()
start() { # NAME COMMAND...: runs ltb in the background, as run-NAME
	local name=$1
	shift
	"$@" --out "$work/run-$name" >"$name.out" 2>"$name.err" &
	pids[$name]=$!
	tap_children+=("$!")
}
finish() { # NAME: its exit status in $status, its run in $run
	run=$work/run-$1
	wait "${pids[$1]}"
	status=$?
}
kill_ltb() { # NAME
	{
		kill -KILL "${pids[$1]}"
		wait "${pids[$1]}"
	} 2>/dev/null
}
r() { jq -r "$1" "$run/result.json"; }

phase() { grep -q "\"kind\":\"phase\",\"phase\":\"$2\"" "$work/run-$1/events.jsonl"; }
fault() { grep -q "\"kind\":\"fault\".*\"name\":\"partition\".*\"end\":$2" "$work/run-$1/events.jsonl"; }
journal_pid() { # NAME WHAT: the last process of that name
	jq -rs --arg what "$2" '[.[] | select(.op == "start" and .what == $what)][-1].pid // empty' \
		"$work/run-$1/journal"
}
has_relay() { [ -n "$(journal_pid "$1" relay)" ]; }
is_gone() { ! kill -0 "$1" 2>/dev/null; }
# What came of a partition that began and was healed: "true true".
partitions() {
	jq -r '[.faults[] | select(.name == "partition") | .effective] | join(" ")' "$run/result.json"
}

# --- what nodes know ---------------------------------------------------------------------
endpoint() { # NAME NODE
	jq -rs --argjson node "$2" '[.[] | select(.kind == "node_state" and .node == $node and
		.endpoint)][-1].endpoint' "$work/run-$1/events.jsonl"
}
tip() { # NAME NODE
	curl -fsS -m 5 "$(endpoint "$1" "$2")/cryptarchia/info" | jq -r .cryptarchia_info.tip
}
knows() { # NAME NODE BLOCK: 0, or 1; anything else: it does not answer
	local code
	code=$(curl -sS -m 5 -o /dev/null -w '%{http_code}' "$(endpoint "$1" "$2")/cryptarchia/blocks/$3")
	case $code in
	200) return 0 ;;
	404) return 1 ;;
	*)
		echo "n$2 answers $code"
		return 2
		;;
	esac
}
nobody_knows() { # NAME BLOCK NODE...
	local name=$1 block=$2 node
	shift 2
	for node; do
		knows "$name" "$node" "$block"
		[ $? = 1 ] || return 1
	done
}
all_know() { # NAME BLOCK NODE...
	local name=$1 block=$2 node
	shift 2
	for node; do knows "$name" "$node" "$block" || return 1; done
}
# Two sides, lists of nodes: each is of one mind about a tip that nobody on the other one has heard
# of. The tips are kept in files, as this runs in subshells.
apart() { # NAME "NODE..." "NODE..."
	tip "$1" "${2%% *}" >"$1.left" && tip "$1" "${3%% *}" >"$1.right" && still_apart "$@"
}
# That holds for those two tips, and the partition was not over when it was asked.
still_apart() { # NAME "NODE..." "NODE..."
	local left right
	left=$(cat "$1.left")
	right=$(cat "$1.right")
	# shellcheck disable=SC2086 # lists of nodes
	all_know "$1" "$left" $2 && all_know "$1" "$right" $3 &&
		nobody_knows "$1" "$left" $3 && nobody_knows "$1" "$right" $2 && ! fault "$1" true
}
one_chain() { # NAME NODE...: one tip everywhere
	local name=$1 node first='' t
	shift
	for node; do
		t=$(tip "$name" "$node") || return 1
		[ "$t" = "${first:=$t}" ] || return 1
	done
}
# Workloads: some load, and steps.
timeline() { # STEP...
	jq -nc '[{transactions: {rate: 5, per: "block", users: 20}}, {timeline: {steps: $ARGS.positional}}]' \
		--args -- "$@"
}
sides='n0 n1 n2 | n3 n4'

# --- 1: partitions, all at once ------------------------------------------------------------
start split "$ltb" --batch partition -v --set run.duration=27s --set run.warmup=1s \
	--set workloads="$(timeline "2s partition $sides" '14s heal')"
# The new node is linked with the first three, of which one is on the other side.
start moves "$ltb" --batch partition -v --set run.duration=30s --set run.warmup=1s \
	--set workloads="$(timeline '1s add' '4s partition n0 n1 n5 | n2 n3 n4' '6s restart n1' \
		'8s kill-restart n4' '17s heal')"
# A node that forks for itself is found among those that were split.
cat >fork.yaml <<-EOF
	version: 1
	name: fork
	extends: partition
	topology:
	  consensus: {security_param: 5, active_slot_coeff: 0.9}
	  overrides:
	    n1: {args: ["--misbehave=fork"]}
	workloads:
	  - timeline:
	      steps:
	        - 2s partition $sides
	        - 4s heal
	expectations: [agreement]
	run: {duration: 22s, warmup: 1s}
EOF
start fork "$ltb" --batch ./fork.yaml -v

ok "split: the links are cut" wait_for 60 fault split false
ok "split: both sides go on by themselves" wait_for 10 apart split '0 1 2' '3 4'
sleep 2
ok "split: neither hears of the other" still_apart split '0 1 2' '3 4'
ok "moves: nodes are started again meanwhile" wait_for 30 grep -q \
	'"kind":"command".*kill-restart n4.*"ok":true' "$work/run-moves/events.jsonl"
ok "moves: both sides go on, with those that came back and the new one" \
	wait_for 10 apart moves '1 0 5' '4 2 3'
sleep 2
ok "moves: and they stay on their side" still_apart moves '1 0 5' '4 2 3'
ok "split: it is healed" wait_for 30 fault split true
ok "split: all have one chain again" wait_for 20 one_chain split 0 1 2 3 4
ok "moves: it is healed" wait_for 30 fault moves true
ok "moves: all have one chain again" wait_for 20 one_chain moves 0 1 2 3 4 5

finish split
is "split: passes" "$status $(r .verdict)" "0 pass"
is "split: the fault was in effect" "$(partitions)" true
is "split: all 12 directions were cut, and healed" "$(jq -rs 'map(select(.kind == "link") | .cut) |
	"\(map(select(.)) | length) \(map(select(not)) | length)"' "$run/events.jsonl")" "12 12"
ok "split: nothing runs" no_processes_below "$run"
ok "split: the relay ended well" grep -q 'ended by Terminated' "$run/logs/relay.log"
is "split: its token is nowhere" "$(grep -rlE 'LTB_RELAY_TOKEN|[Bb]earer' "$run")" ""
finish moves
is "moves: passes" "$status $(r .verdict)" "0 pass"
is "moves: six nodes" "$(r '.nodes | length')" 6
is "moves: restarted" "$(r '[.nodes[] | .restarts] | join(" ")')" "0 1 0 0 1 0"
ok "moves: nothing runs" no_processes_below "$run"
finish fork
is "fork: fails" "$status $(r .verdict)" "1 fail"
like "fork: by agreement" "$(r .reason)" '^agreement: '
is "fork: the partition was in effect" "$(partitions)" true
ok "fork: nothing runs" no_processes_below "$run"

# --- 2: without the relay, nothing is concluded ----------------------------------------------
start driven "$ltb" --batch partition -v --set run.duration=60s --set run.warmup=0s \
	--set workloads="$(timeline "1s partition $sides" '50s heal')"
start healed "$ltb" --batch partition -v --set run.duration=60s --set run.warmup=0s \
	--set workloads="$(timeline "1s partition $sides" '2s heal')"
start hung "$ltb" --batch partition -v --set run.duration=60s --set run.warmup=0s \
	--set workloads="$(timeline "1s partition $sides" '3s heal')"
start early "$ltb" --batch partition -v --set run.duration=60s --set run.warmup=60s
# Nodes that take their time, so that there is one to come up.
cat >slow.sh <<-EOF
	#!/bin/sh
	[ "\$1" = --version ] || sleep 5
	exec "$ltb_node" "\$@"
EOF
chmod +x slow.sh
start up "$ltb" --batch partition -v --set backend.local.binary="$work/slow.sh"
start direct "$ltb" --batch partition -v --set run.duration=8s --set run.warmup=0s \
	--set backend.local.links=direct --set workloads="$(timeline "1s partition $sides" \
	'3s link n0 n1 delay=20ms' '5s heal')"
start auto "$ltb" --batch smoke -v --set run.duration=12s --set run.warmup=1s
start asked "$ltb" --batch smoke -v --set run.duration=12s --set run.warmup=1s \
	--set backend.local.links=relay
start left "$ltb" --batch partition -v --keep --set run.duration=60s --set run.warmup=0s \
	--set workloads="$(timeline "1s partition $sides" '50s heal')"
start dead "$ltb" --batch partition -v --set run.duration=60s --set run.warmup=0s \
	--set workloads="$(timeline "1s partition $sides" '50s heal')"
mkdir bare
cp "$ltb" "$ltb_node" bare
start bare env PATH="$work/empty" "$work/bare/ltb" --batch partition -v

signal_relay() { # SIGNAL NAME
	local pid
	pid=$(journal_pid "$2" relay) && kill -s "$1" "$pid"
}
ok "hung: the links are cut" wait_for 60 fault hung false
ok "hung: the relay is stopped" signal_relay STOP hung
ok "up: the nodes are started" wait_for 60 grep -q '"what":"n4"' "$work/run-up/journal"
ok "up: the relay is killed" signal_relay KILL up
finish up
is "up: unknown" "$status $(r .verdict)" "4 unknown"
like "up: says why" "$(r .reason)" "^the relay between the nodes ended \(signal 9.*logs/relay.log$"
is "up: it was coming up" "$(r '.phases[] | select(.outcome == "failed") | .name')" up
ok "up: nothing runs" no_processes_below "$run"

ok "early: the nodes are ready" wait_for 60 phase early baseline
ok "early: the relay is killed" signal_relay KILL early
finish early
is "early: unknown" "$status $(r .verdict)" "4 unknown"
like "early: says why" "$(r .reason)" "^the relay between the nodes ended .*$run/logs/relay.log$"
ok "early: nothing runs" no_processes_below "$run"

# Killed while links are cut: they cannot be healed, which nobody waits for.
ok "driven: the links are cut" wait_for 60 fault driven false
ok "driven: the relay is killed" signal_relay KILL driven
finish driven
is "driven: unknown" "$status $(r .verdict) $(r .exit_code)" "3 unknown 3"
like "driven: says why" "$(r .reason)" \
	"^the relay between the nodes ended \(signal 9 \(Killed\)\); its log is in $run/logs/relay.log$"
like "driven: on stdout" "$(sed -n 2p driven.out)" 'because: the relay between the nodes ended'
ok "driven: the log is there" test -s "$run/logs/relay.log"
ok "driven: the nodes were stopped in order" jq -e \
	'.phases[] | select(.name == "down") | .outcome == "ok"' "$run/result.json"
ok "driven: nothing runs" no_processes_below "$run"
run_status "$ltb" judge "$run"
ok "driven: judged again, it does not pass" test "$status" -ne 0

ok "healed: the links are whole again" wait_for 60 fault healed true
ok "healed: the relay is killed" signal_relay KILL healed
finish healed
is "healed: unknown all the same" "$status $(r .verdict)" "3 unknown"
ok "healed: nothing runs" no_processes_below "$run"

finish hung
is "hung: unknown" "$status $(r .verdict)" "3 unknown"
like "hung: says why" "$(r .reason)" \
	"^the relay between the nodes does not answer; its log is in $run/logs/relay.log$"
ok "hung: waited for once" jq -e \
	'.phases[] | select(.name == "heal") | .duration_ms < 10000' "$run/result.json"
ok "hung: nothing runs" no_processes_below "$run"

finish bare
is "bare: no relay, no run" "$status $(r .verdict)" "4 unknown"
like "bare: says what to do" "$(r .reason)" \
	'ltb-relay, which is neither beside ltb nor in PATH; build it with .make., or set backend.local.links to direct$'
is "bare: nothing was started" "$(grep -c '"op":"start"' "$run/journal")" 0

finish direct
is "direct: never passes" "$status $(r .verdict)" "3 unknown"
like "direct: says what to do" "$(r .reason)" 'set backend.local.links to relay'
is "direct: each command fails" "$(jq -r 'select(.kind == "command" and .ok == false) | .text' \
	"$run/events.jsonl" | cut -d ' ' -f 1 | tr '\n' ' ')" 'partition link '
is "direct: no relay" "$(journal_pid direct relay)" ""
is "direct: no link was told to be cut" "$(grep -c '"kind":"link"' "$run/events.jsonl")" 0

finish auto
is "auto: smoke passes" $status 0
is "auto: without a relay" "$(journal_pid auto relay)$(ls "$run"/logs/relay.log 2>/dev/null)" ""
finish asked
is "asked: smoke passes" $status 0
like "asked: with a relay" "$(journal_pid asked relay)" '^[0-9]+$'
ok "asked: nothing runs" no_processes_below "$run"

# --- 3: ltb is killed --------------------------------------------------------------------------
ok "left: the links are cut" wait_for 60 fault left false
relay=$(journal_pid left relay)
kill_ltb left
finish left
ok "left: kept, the relay lives on" kill -0 "$relay"
is "left: as do the nodes" "$(processes_below "$run" | wc -l)" 6
run_status "$ltb" clean "$run"
is "left: clean" $status 0
like "left: tells what it ended" "$output" 'removed 11 things'
ok "left: ends the relay" wait_for 10 is_gone "$relay"
ok "left: and the nodes" no_processes_below "$run"

ok "dead: the links are cut" wait_for 60 fault dead false
relay=$(journal_pid dead relay)
kill_ltb dead
finish dead
ok "dead: the relay dies with ltb" wait_for 10 is_gone "$relay"
ok "dead: as do the nodes" wait_for 10 no_processes_below "$run"
run_status "$ltb" clean "$run"
is "dead: clean" $status 0
is "dead: nothing of the nodes is left" "$(find "$run/nodes" -name data -type d)" ""

is "no sanitizer complains" "$(grep -lsE 'Sanitizer|runtime error' ./*.err run-*/logs/*)" ""

[ $tap_failed = 0 ]
