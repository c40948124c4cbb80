#!/bin/bash
# What is left running at the end, and when: --keep-on-failure and the variables that act as --keep.
# shellcheck source=../lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"

# run NAME OPTIONS...: a short run without load; $run, $output, $status.
run() {
	run=$work/run-$1
	shift
	run_status "$ltb" --batch smoke -q --out "$run" --set run.duration=3s --set run.warmup=0s \
		--set expectations='[agreement]' --set workloads='[]' "$@"
}
# One that fails: a node does not follow the chain.
failing=(--set topology.overrides.n1.args='[--misbehave=stall]' --set run.duration=7s
	--set expectations='[{consensus_liveness: {max_lag: 1, max_stall: 5}}]')

run pass --keep-on-failure
is "a run that passes" $status 0
ok "takes its cluster down" no_processes_below "$run"

run fail --keep-on-failure "${failing[@]}"
is "a run that fails" $status 1
is "leaves its nodes running" "$(processes_below "$run" | wc -l)" 3
like "says why, and how to end them" "$output" \
	"still running \\(--keep-on-failure\\); .ltb clean $run' ends it"
endpoint=$(printf '%s\n' "$output" | sed -n 's/^n0\t//p')
ok "a node answers where it was said" curl -fsS "$endpoint/cryptarchia/info"
ok "reports are there" jq -e '.verdict == "fail"' "$run/result.json"
run_status "$ltb" clean "$run"
is "clean ends them" $status 0
ok "nothing is left" no_processes_below "$run"

# One that comes up only partly: what there is stays to be looked at.
run partly --keep-on-failure --set topology.overrides.n1.args='[--no-such-option]'
is "a cluster that does not come up" $status 4
is "leaves those nodes that run" "$(processes_below "$run" | wc -l)" 2
"$ltb" clean "$run" >/dev/null
ok "until it is cleaned" no_processes_below "$run"

# JSON on stdout stays JSON.
ok "with --json - the last lines go to stderr" sh -c \
	'"$0" --batch smoke -q --out "$1" --json - --keep --set run.duration=2s --set run.warmup=0s \
	--set workloads="[]" --set expectations="[agreement]" 2>"$1.err" | jq -e .verdict' "$ltb" \
	"$work/run-json"
like "and are there" "$(cat "$work/run-json.err")" 'still running \(--keep\)'
"$ltb" clean "$work/run-json" >/dev/null

# The variables.
export TESTNET_RUNNER_PRESERVE=1
run variable
is "TESTNET_RUNNER_PRESERVE=1: passes" $status 0
is "TESTNET_RUNNER_PRESERVE=1: nodes run" "$(processes_below "$run" | wc -l)" 3
like "TESTNET_RUNNER_PRESERVE=1: is named" "$output" 'still running \(TESTNET_RUNNER_PRESERVE\)'
"$ltb" clean "$run" >/dev/null
run option --keep-on-failure
ok "the command line goes before it" no_processes_below "$run"
printf '%s\n' 'size 120 36' 'wait /PASS +smoke/' 'expect ends it' >s.ltb
run_status timeout 120 "$ltb" ui smoke --script s.ltb --set run.duration=2s --set run.warmup=0s \
	--set workloads='[]' --set expectations='[agreement]' </dev/null
run=$(readlink -f "$XDG_STATE_HOME/ltb/runs/latest")
is "the terminal application heeds it too" $status 0
is "the terminal application: three nodes run, and the relay between them" "$(processes_below "$run" | wc -l)" 4
like "the terminal application: says so at its end" "$output" "still running; .ltb clean $run'"
"$ltb" clean "$run" >/dev/null
ok "the terminal application: clean ends them" no_processes_below "$run"
export TESTNET_RUNNER_PRESERVE=0
run off
ok "TESTNET_RUNNER_PRESERVE=0 is off" no_processes_below "$run"
export TESTNET_RUNNER_PRESERVE=perhaps
run neither
is "TESTNET_RUNNER_PRESERVE=perhaps: usage" $status 2
like "TESTNET_RUNNER_PRESERVE=perhaps: is named" "$output" 'TESTNET_RUNNER_PRESERVE: expected 1, true'
unset TESTNET_RUNNER_PRESERVE
export COMPOSE_RUNNER_PRESERVE=1
run other
ok "COMPOSE_RUNNER_PRESERVE is not about this backend" no_processes_below "$run"
unset COMPOSE_RUNNER_PRESERVE

# A cluster that is only computed has nothing to keep.
run fake --keep --backend fake
is "a computed cluster: passes" $status 0
ok "a computed cluster: is not said to run" sh -c '! printf "%s\n" "$0" | grep -q "still running"' \
	"$output"

[ $tap_failed = 0 ]
