#!/bin/bash
# A whole run on real nodes: verdict, files, reports, judging it again.
# shellcheck source=../lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"

run=$work/run
"$ltb" --batch smoke --set run.duration=12s --set run.warmup=1s --out "$run" --json copy.json \
	--junit copy.xml --events copy.jsonl >stdout 2>stderr
is "smoke passes" $? 0
like "the verdict is the first line of stdout" "$(head -n 1 stdout)" '^PASS  smoke on local, seed 1'
like "progress went to stderr" "$(cat stderr)" 'drive done'
ok "no escape sequences without a terminal" sh -c '! grep -q "$(printf "\033")" stdout stderr'

r() { jq -r "$1" "$run/result.json"; }
is "result: verdict" "$(r .verdict)" pass
is "result: exit code" "$(r .exit_code)" 0
is "result: three nodes" "$(r '.nodes | length')" 3
is "result: all checks passed" "$(r '[.checks[].verdict] | unique | join(",")')" pass
is "result: phases in order" "$(r '[.phases[].name] | join(" ")')" \
	"validate prepare up ready baseline drive heal settle judge collect down"
is "result: counts balance" "$(r '.workloads[] | select(.name == "transactions") |
	(.planned == .submitted + .rejected + .unsent) and
	(.submitted == .included + .dropped + .expired + .pending) and .included > 0')" true
ok "result: duration was honoured" jq -e \
	'.phases[] | select(.name == "drive") | .duration_ms >= 12000' "$run/result.json"
like "result: reproduce" "$(r .reproduce)" '^ltb --batch smoke --seed 1 --backend local --set'
ok "--json is the same document" jq -e --slurpfile a copy.json '. == $a[0]' "$run/result.json"
ok "--events is the same stream" cmp copy.jsonl "$run/events.jsonl"
ok "--junit is the same document" cmp copy.xml "$run/junit.xml"
ok "junit.xml is XML" xmllint --noout "$run/junit.xml"
ok "every event line is JSON" jq -es 'length > 100' "$run/events.jsonl"
for f in plan.json preset.yaml journal summary.txt logs/n0.log; do
	ok "the run directory has $f" test -s "$run/$f"
done
ok "no process is left" no_processes_below "$run"
is "no node state is left" "$(find "$run/nodes" -name data -type d)" ""

# The blocks and transactions were real: hashes of included transactions stand in blocks.
ok "included transactions are in blocks" jq -es '
	([.[] | select(.kind == "block") | .txs[]?] | unique) as $in_blocks |
	[.[] | select(.kind == "tx" and .state == "included") | .hash] |
	length > 0 and (. - $in_blocks | length == 0)' "$run/events.jsonl"

run_status "$ltb" judge "$run"
is "judging it again passes" $status 0
like "and says so" "$output" '^PASS'
run_status "$ltb" clean "$run"
is "nothing to clean" "$status: $output" "0: $run: nothing left behind"

# The same seed and preset give the same plan, on paper and in a run.
"$ltb" run smoke --dry-run --seed 7 >plan1
"$ltb" run smoke --dry-run --seed 7 >plan2
"$ltb" run smoke --dry-run --seed 8 >plan3
ok "one seed, one plan" cmp plan1 plan2
ok "another seed, another plan" sh -c '! cmp -s plan1 plan3'
"$ltb" run smoke --dry-run --set run.duration=12s --set run.warmup=1s >plan4
ok "the run's plan.json is what a dry run prints" cmp plan4 "$run/plan.json"

[ $tap_failed = 0 ]
