#!/bin/bash
# Clusters that are wrong in every scripted way (fake backend, virtual time): the right check
# fails, no other verdict comes of it, and judging the recording gives the same one.
# shellcheck source=../lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"

wrong() { # OPTION STATUS CHECKS-THAT-FAIL
	local option=$1 want=$2 checks=$3 run=$work/$tap_n judged
	timeout 100 "$ltb" --batch smoke --backend fake -q --out "$run" --set "backend.fake.$option" \
		>"$run.out" 2>&1
	is "$option: exit status" $? "$want"
	is "$option: failed checks" "$(jq -r '[.checks[] | select(.verdict == "fail") | .name] |
		sort | join(" ")' "$run/result.json")" "$checks"
	[ "$want" = 1 ] || return
	judged=$("$ltb" judge "$run" --json -)
	is "$option: judged again" "$(jq -c '[.checks[] | [.name, .verdict, .reason]]' <<<"$judged")" \
		"$(jq -c '[.checks[] | [.name, .verdict, .reason]]' "$run/result.json")"
}

wrong stall_at=n1:5 1 consensus_liveness
wrong die_at=n1:10s 1 consensus_liveness
wrong hang=n1:10 1 'consensus_liveness tx_inclusion'
wrong garbage=n1:10 1 'consensus_liveness tx_inclusion'
wrong errors=n1:10 1 'consensus_liveness tx_inclusion'
wrong drop_tx=n1 1 tx_inclusion
wrong fork_at=n1:5 1 'agreement consensus_liveness tx_inclusion'
wrong lose_supply=10 1 supply_conserved
wrong 'stall_at="*:5"' 1 'consensus_liveness tx_inclusion'
wrong ready_never=true 4 ''
wrong up_fails=true 4 ''

# Virtual time is deterministic: one seed, the same events (what happens at the very same
# nanosecond may be told in either order).
"$ltb" --batch restarts --backend fake -q --out "$work/one" >/dev/null
"$ltb" --batch restarts --backend fake -q --out "$work/two" >/dev/null
normal() { grep -v '"kind":"run_start"' "$1/events.jsonl" | grep -v '"kind":"check"' | jq -c 'del(.seq)' | sort; }
ok "one seed, the same events" cmp <(normal "$work/one") <(normal "$work/two")

[ $tap_failed = 0 ]
