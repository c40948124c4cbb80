#!/bin/bash
# Interrupted, killed, timed out: a result where there can be one, nothing left behind.
# shellcheck source=../lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"

start() { # RUN [OPTIONS]: runs smoke in the background; its pid is in $pid
	local run=$1
	shift
	"$ltb" --batch smoke -v --out "$run" "$@" >"$run.out" 2>&1 &
	pid=$!
	tap_children+=("$pid")
}
driving() { grep -q '"kind":"phase".*"drive"' "$1/events.jsonl"; }

for sig in INT TERM HUP; do
	run=$work/run-$sig
	start "$run"
	ok "SIG$sig: the run reached its drive phase" wait_for 60 driving "$run"
	kill -s "$sig" $pid
	wait $pid
	is "SIG$sig: exit status" $? $((128 + $(kill -l $sig)))
	is "SIG$sig: result" "$(jq -r .verdict "$run/result.json")" unknown
	ok "SIG$sig: the cluster was taken down in order" jq -e \
		'[.phases[] | select(.name == "down")][0].outcome == "ok"' "$run/result.json"
	ok "SIG$sig: nothing runs" no_processes_below "$run"
done

run=$work/run-twice
start "$run"
wait_for 60 driving "$run"
kill -INT $pid
kill -INT $pid
wait $pid
is "SIGINT twice: exit status" $? 130
ok "SIGINT twice: nothing runs" no_processes_below "$run"

run=$work/run-kill
start "$run"
wait_for 60 driving "$run"
nodes=$(processes_below "$run" | grep -vx $pid)
like "three nodes run" "$(echo "$nodes" | wc -w)" '^3$'
refusal=$("$ltb" clean "$run" 2>&1)
is "clean refuses a run that is going" $? 2
like "and says so" "$refusal" 'still running'
kill -KILL $pid
wait $pid 2>/dev/null
ok "kill -9: the nodes die with it" wait_for 10 no_processes_below "$run"
run_status "$ltb" clean "$run"
is "clean afterwards" $status 0
is "no node state is left" "$(find "$run/nodes" -name data -type d)" ""
run_status "$ltb" clean "$run"
like "clean is idempotent" "$output" 'nothing left behind|removed 0'
run_status "$ltb" judge "$run"
ok "a killed run can be judged" test "$status" -ne 2

# --keep: the nodes outlive ltb, answer where it said, and `ltb clean' ends them.
run=$work/run-keep
run_status "$ltb" --batch smoke -q --keep --out "$run" --set run.duration=3s --set run.warmup=0s \
	--set expectations='[agreement]' --set workloads='[]'
is "--keep: exit status" $status 0
endpoint=$(printf '%s\n' "$output" | sed -n 's/^n0\t//p')
like "--keep: the endpoint is told" "$endpoint" '^http://127\.0\.0\.1:[0-9]+$'
ok "--keep: a node answers there" curl -fsS "$endpoint/cryptarchia/info"
is "--keep: three nodes run" "$(processes_below "$run" | wc -l)" 3
run_status "$ltb" clean "$run"
is "--keep: clean ends them" $status 0
ok "--keep: nothing runs" no_processes_below "$run"

run=$work/run-time
run_status "$ltb" --batch smoke --timeout 8s --out "$run"
is "time limit: exit status" $status 5
is "time limit: result" "$(jq -r .verdict "$run/result.json")" unknown
ok "time limit: nothing runs" no_processes_below "$run"

# A node killed from outside is noticed and makes the run fail, with its name.
run=$work/run-murder
start "$run" --set run.duration=15s
wait_for 60 driving "$run"
victim=$(processes_below "$run" | grep -vx $pid | tail -n 1)
kill -KILL "$victim"
wait $pid
is "a murdered node fails the run" $? 1
like "and is named" "$(cat "$run/summary.txt")" 'n[0-2].*signal 9'

# One that hangs: an event and a failing check, never a hang of ltb.
run=$work/run-hang
start "$run" --set run.duration=20s
wait_for 60 driving "$run"
victim=$(processes_below "$run" | grep -vx $pid | tail -n 1)
kill -STOP "$victim"
wait $pid
is "a hanging node fails the run" $? 1
ok "nothing runs" no_processes_below "$run"

[ $tap_failed = 0 ]
