#!/bin/bash
# Environment variables: the table of them is complete and true, what they give is recorded and
# reproduced, wrong ones are refused by name, and endpoints are printed.
# shellcheck source=../lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"

# --- the table -------------------------------------------------------------------------
ok "the manual has the table of the program" "$top/scripts/environ-man" "$build" --check
"$ltb" list environment | sed -n 's/^  //p' >table
like "there is a table" "$(wc -l <table)" '^[1-9][0-9]+$'
cut -c1-48 table | tr -d ' ' >names
is "each variable is there once" "$(sort names | uniq -d)" ""

sources() { find "$top/src" -name '*.[ch]' ! -name environ_table.c -print0; }
# Names that are read: arguments of the functions that read, rows of options, names for both.
sources | xargs -0 cat | tr '\n\t' '  ' >all
grep -oE '\b(getenv|environ_get|environ_switch|option_switch|variable)\( *"[^"]*"|\.env = *("[^"]*" *)+|# *define [A-Z_]*(VARIABLE|SOURCE) +"[^"]*"' \
	all | grep -oE '"[^"]*"' | tr -d '"' | tr ' ' '\n' | grep . | sort -u >names-read
like "the names are found" "$(tr '\n' ' ' <names-read)" 'CONSENSUS_SLOT_TIME .*NO_COLOR.* TERM '
in_table() { # NAME
	local n
	grep -qxF -- "$1" names && return
	while read -r n; do [[ $1 = "${n%\*}"* ]] && return; done < <(grep '\*$' names)
	return 1
}
unknown=
while read -r name; do in_table "$name" || unknown+=" $name"; done <names-read
is "each variable that is read is in the table" "$unknown" ""
# Those that are read by another name than a literal one: few, and known. The relay's token is of
# its own manual: whoever starts the relay makes one up.
is "others are read only where their names are in a list" "$(sources |
	xargs -0 grep -lE '\bgetenv\((([^"),]+)\)|[a-z])' | sed "s|^$top/src/||" | sort |
	grep -vxE 'core/(environ|option)\.[ch]|util/fs\.c|backends/docker_host\.c|node/node\.c|relay/config\.c')" ""
"$ltb" list backends >backends
lies=
while IFS= read -r line; do
	name=$(printf '%s' "${line:0:48}" | tr -d ' ')
	use=${line:50:9}
	help=${line:61}
	[[ $use = used* ]] || continue
	if [[ $help = backend\ * ]]; then
		backend=${help#backend }
		grep -q "^  ${backend%%:*} " backends || continue
	fi
	grep -qE "[\" ]${name}[\" ]" all || lies+=" $name"
done <table
is "each one that is said to be used is read somewhere" "$lies" ""

# --- doctor ----------------------------------------------------------------------------
clean=(env -i "PATH=$PATH" "HOME=$HOME" "XDG_STATE_HOME=$XDG_STATE_HOME")
doctor() { output=$("${clean[@]}" "$@" "$ltb" doctor | sed -n '/^environment/,$p'); }
doctor
like "doctor: nothing is set" "$output" 'no variable of .* is set'
doctor CONSENSUS_SLOT_TIME=2 COMPOSE_NODE_PAIRS=1x1 CARGO_WORKSPACE_DIR=/x SLOW_TEST_ENV=0 \
	RUST_LOG=debug OTEL_EXPORTER_OTLP_HEADERS=secret LOGOS_BLOCKCHAIN_NODE_BINN=x \
	TESTNET_PRINT_ENDPOINTS=what LOGOS_BLOCKCHAIN_GRAFANA_URL= "LTB_UI_STATS=$(printf 'a\033[2Jb')"
like "doctor: what one does" "$output" '^  CONSENSUS_SLOT_TIME=2: default of topology.consensus'
like "doctor: what replaces one" "$output" '^  COMPOSE_NODE_PAIRS=1x1: has no effect; instead: --set'
like "doctor: why one does nothing" "$output" '^  CARGO_WORKSPACE_DIR=/x: has no effect: nothing'
like "doctor: one that is off" "$output" '^  SLOW_TEST_ENV=0: is off$'
like "doctor: one for nodes" "$output" '^  RUST_LOG=debug: handed to nodes: '
like "doctor: one that may be a secret" "$output" '^  OTEL_EXPORTER_OTLP_HEADERS: handed to nodes'
like "doctor: one that is misspelled" "$output" \
	'LOGOS_BLOCKCHAIN_NODE_BINN": not known; did you mean LOGOS_BLOCKCHAIN_NODE_BIN\?'
like "doctor: one that is wrong" "$output" '^  TESTNET_PRINT_ENDPOINTS=what: IS WRONG: expected 1'
like "doctor: one that is empty" "$output" '^  LOGOS_BLOCKCHAIN_GRAFANA_URL="": is empty'
ok "doctor: nothing drives the terminal" sh -c '! printf "%s" "$0" | grep -q "$(printf "\033")"' \
	"$output"

# --- what they give is recorded ------------------------------------------------------------
cat >own.yaml <<-'EOF'
	version: 1
	topology: {nodes: 2}
	expectations: [agreement]
	run: {duration: 5s, warmup: 0s}
	backend: fake
EOF
run=$work/run-env
CONSENSUS_SLOT_TIME=1 CONSENSUS_ACTIVE_SLOT_COEFF=0.5 SLOW_TEST_ENV=1 LOGOS_BLOCKCHAIN_LOG_LEVEL=warn \
	"$ltb" --batch ./own.yaml --out "$run" >out 2>err
is "a run with variables" $? 0
like "what came from one is told" "$(cat err)" \
	'^ltb: topology.consensus.slot_duration=1s, from CONSENSUS_SLOT_TIME'
is "the plan has the values" "$(jq -c '.topology.consensus' "$run/plan.json")" \
	'{"slot_duration":"1s","active_slot_coeff":0.5,"security_param":10}'
is "and the time to come up" "$(jq -r '.run.ready_timeout' "$run/plan.json")" "40.8s"
again=$(jq -r .reproduce "$run/result.json")
like "the command that reproduces it has them" "$again" \
	'--set topology.consensus.slot_duration=1s .*--set run.ready_timeout=40.8s'
(PATH=$build:$PATH && eval "$again --out $work/run-again" >out 2>err)
is "it runs without them" $? 0
ok "with the same plan" cmp "$run/plan.json" "$work/run-again/plan.json"
"$ltb" --batch "$run/preset.yaml" --out "$work/run-preset" >out 2>err
ok "as does the recorded preset" cmp "$run/plan.json" "$work/run-preset/plan.json"
is "judging it does not look at the environment" \
	"$(CONSENSUS_SLOT_TIME=nonsense "$ltb" judge "$run" 2>&1 | head -n 1 | cut -c1-4)" PASS
CONSENSUS_SLOT_TIME=1 "$ltb" run smoke --dry-run >out 2>err
like "one that the preset goes before is told" "$(cat err)" \
	'CONSENSUS_SLOT_TIME is not used: topology.consensus.slot_duration is given'

refused() { # NAME VALUE REGEXP
	run_status env "$1=$2" "$ltb" run ./own.yaml --dry-run
	is "$1=$2: exit status" $status 2
	like "$1=$2: message" "$output" "$3"
}
refused CONSENSUS_SLOT_TIME soon 'CONSENSUS_SLOT_TIME, .*expected a duration .*not "soon"'
refused CONSENSUS_ACTIVE_SLOT_COEFF 1.1 'CONSENSUS_ACTIVE_SLOT_COEFF, .*from 1e-06 to 1, not "1.1"'
refused SLOW_TEST_ENV slow 'SLOW_TEST_ENV: expected 1, true'
refused TESTNET_PRINT_ENDPOINTS 2 'TESTNET_PRINT_ENDPOINTS: expected 1, true'
refused LOGOS_BLOCKCHAIN_METRICS_QUERY_URL prometheus 'QUERY_URL: expected a URL such as .*not "prometheus"'
refused LOGOS_BLOCKCHAIN_GRAFANA_URL 'http://' 'GRAFANA_URL: expected a URL'
refused LOGOS_BLOCKCHAIN_METRICS_OTLP_INGEST_URL 'http://me:pw@host' 'INGEST_URL: .*user name or password'

# --- endpoints, and what nodes are handed ---------------------------------------------------
run=$work/run-endpoints
cat >node.sh <<-EOF
	#!/bin/sh
	[ "\$1" = --version ] || env >>"$work/node-env"
	exec "$ltb_node" "\$@"
EOF
chmod +x node.sh
short=(--set run.duration=2s --set run.warmup=0s --set workloads='[]' --set expectations='[agreement]')
export LOGOS_BLOCKCHAIN_NODE_BIN=$work/node.sh LOGOS_BLOCKCHAIN_GRAFANA_URL=http://g:3000
export LOGOS_BLOCKCHAIN_METRICS_OTLP_INGEST_URL=http://127.0.0.1:9/v1/metrics TESTNET_PRINT_ENDPOINTS=1
POL_PROOF_DEV_MODE=0 RUST_LOG=info LOGOS_BLOCKCHAIN_OTLP_ENDPOINT=http://127.0.0.1:9/v1/traces \
	"$ltb" --batch smoke -q --out "$run" "${short[@]}" --set topology.env='[RUST_LOG=warn]' >out 2>err
is "endpoints: the run" $? 0
is "endpoints: first of all" "$(sed -n 1p out)" \
	'TESTNET_ENDPOINTS prometheus=<disabled> grafana=http://g:3000'
is "endpoints: a line for each node" "$(grep -cE \
	'^TESTNET_PPROF node_[0-2]=http://127\.0\.0\.1:[0-9]+/debug/pprof/profile\?seconds=15&format=proto$' out)" 3
is "nodes: metrics" "$(grep -c '^OTEL_EXPORTER_OTLP_METRICS_ENDPOINT=http://127.0.0.1:9/v1/metrics$' node-env)" \
	"$(grep -c ^PATH= node-env)"
like "nodes: traces" "$(cat node-env)" '^OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://127.0.0.1:9/v1/traces$'
is "nodes: a switch that is off is not there" "$(grep -c POL_PROOF node-env)" 0
is "nodes: the preset goes before" "$(grep '^RUST_LOG' node-env | sort -u)" RUST_LOG=warn

LOGOS_BLOCKCHAIN_METRICS_QUERY_URL=http://p:9090 "$ltb" --batch smoke -q --json - --out "$work/run-j" \
	"${short[@]}" >out 2>err
ok "endpoints: JSON stays JSON" jq -e '.verdict == "pass"' out
like "endpoints: they are on stderr" "$(cat err)" '^TESTNET_ENDPOINTS prometheus=http://p:9090 '
"$ltb" --batch ./own.yaml -q --out "$work/run-f" >out 2>err
is "endpoints: a computed cluster has none" "$(cat out err | grep -c TESTNET)" 0

[ $tap_failed = 0 ]
