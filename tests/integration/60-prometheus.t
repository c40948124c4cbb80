#!/bin/bash
# A real Prometheus on a real run: it finds the nodes by the files of the run, also those that come
# later, and expectations get their figures from it.
if ! command -v prometheus >/dev/null; then
	case ",${LTB_REQUIRE:-}," in
	*,prometheus,*) echo "Bail out! prometheus is not installed, and LTB_REQUIRE asks for it" && exit 1 ;;
	esac
	echo "1..0 # SKIP prometheus is not installed (scripts/setup ci does that)"
	exit 0
fi
# shellcheck source=../lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"
unset LOGOS_BLOCKCHAIN_METRICS_QUERY_URL

port=$(perl -MIO::Socket::INET -e '
	print IO::Socket::INET->new(LocalAddr => "127.0.0.1", Listen => 1)->sockport')
url=http://127.0.0.1:$port
ask() { # QUERY: values, one a line
	curl -sS --max-time 5 -G --data-urlencode "query=$1" "$url/api/v1/query" |
		jq -er '.data.result[].value[1]'
}
answers() { [ "$(ask "$1")" = "$2" ]; }
verdict() { jq -r --arg n "$2" '.checks[] | select(.name == $n) | .verdict' "$1/result.json"; }
reason() { jq -r --arg n "$2" '.checks[] | select(.name == $n) | .reason' "$1/result.json"; }

# --- a run that is watched -------------------------------------------------------------------

cat >watched.yaml <<YAML
version: 1
extends: smoke
name: watched
workloads:
  - transactions: {rate: 5, per: block, users: 20}
  - timeline: {steps: [2s add, 4s kill-restart n1]}
expectations:
  - agreement
  - prometheus: {query: 'min(consensus_tip_height{job=~"node-.*"})', at_least: 3, label: lowest height}
  - prometheus: {query: sum by (job) (up), at_least: 1, at_most: 1}
  - prometheus: {query: 'sum(consensus_transactions_total{job=~"node-.*"})', at_least: 1}
run: {duration: 25s, warmup: 1s}
observability: {query_url: $url}
YAML
"$ltb" --batch ./watched.yaml --out run >stdout 2>stderr &
ltb_pid=$!
tap_children+=("$ltb_pid")
ok "the run writes a configuration" wait_for 60 test -s run/prometheus.yml
if command -v promtool >/dev/null; then
	ok "which promtool likes" promtool check config run/prometheus.yml
fi
prometheus --config.file=run/prometheus.yml --web.listen-address="127.0.0.1:$port" \
	--storage.tsdb.path=tsdb --log.level=warn 2>prometheus.log &
prometheus_pid=$!
tap_children+=("$prometheus_pid")
ok "all nodes are found and up" wait_for 30 answers 'sum(up{job=~"node-[012]"})' 3
ok "and so is the one that is added later" wait_for 60 answers 'up{job="node-3"}' 1
ok "each with labels of its own" [ "$(ask 'count(count by (job, instance, node) (up))')" = 4 ]
is "of this run" "$(curl -sS "$url/api/v1/label/run/values" | jq -r '.data | join(" ")')" \
	"$(jq -r .run_id run/result.json 2>/dev/null || jq -r 'select(.kind == "run_start").run_id' run/events.jsonl)"
ok "heights are there" [ "$(ask 'count(consensus_tip_height > 0)')" = 4 ]

# Every question of every dashboard has an answer.
for f in "$top"/assets/grafana/*.json; do
	: >unanswered
	while IFS= read -r expr; do
		expr=${expr//\$__rate_interval/10s}
		expr=${expr//\$__range/1m}
		expr=${expr//\$run/.*}
		expr=${expr//\$instance/n0}
		wait_for 20 ask "$expr" || echo "$expr" >>unanswered
	done < <(jq -r '.panels[].targets[].expr' "$f" | sort -u)
	is "$(basename "$f"): every question is answered" "$(cat unanswered)" ""
done

wait "$ltb_pid"
is "the run passes" $? 0
is "on its heights" "$(verdict run prometheus)" pass
like "with a reason" "$(reason run prometheus)" '^lowest height: [0-9]+, at least 3 wanted$'
like "on every sample of an answer" "$(reason run prometheus-2)" \
	'^sum by \(job\) \(up\): 1, at least 1 and at most 1 wanted; all of 4 samples$'
is "on the names that the framework asks for" "$(verdict run prometheus-3)" pass
ok "it was asked all the time" [ "$(jq -c 'select(.kind == "metric" and .ok)' run/events.jsonl |
	wc -l)" -ge 9 ]
ok "and last before the judgement" jq -es '[.[] | select(.kind == "metric" or
	(.kind == "phase" and .phase == "judge" and (.end | not)))] |
	(map(.kind) | rindex("metric")) < (map(.kind) | index("phase"))' run/events.jsonl
ok "live, it was passing" jq -es 'any(.kind == "check" and .name == "prometheus" and
	.verdict == "passing")' run/events.jsonl

# --- pass, fail, unknown -----------------------------------------------------------------------

short() { # OUT EXPECTATIONS [OPTIONS]: a short run; its status goes to $status
	local out=$1 checks=$2
	shift 2
	run_status "$ltb" --batch smoke -q --out "$out" --set run.duration=2s --set run.warmup=0s \
		--set "expectations=[$checks]" --set "observability.query_url=$url" "$@"
}
# What the first run left in Prometheus stays as it is.
last='max(max_over_time(consensus_tip_height{job="node-0"}[1h]))'
short fails "prometheus: {query: '$last', at_least: 100000}"
is "a figure out of bounds fails" "$status: $(verdict fails prometheus)" "1: fail"
like "and is told" "$(reason fails prometheus)" ': [0-9]+, at least 100000 wanted$'
LOGOS_BLOCKCHAIN_METRICS_QUERY_URL=$url run_status "$ltb" --batch smoke -q --out env \
	--set run.duration=2s --set run.warmup=0s \
	--set "expectations=[prometheus: {query: '$last', at_least: 3}]"
is "the URL may come from the environment" "$status: $(verdict env prometheus)" "0: pass"
short unknown "{prometheus: {query: '$last', at_least: 1}}, {prometheus: {query: 'sum(', at_least: 1}},
	{prometheus: {query: no_such_metric, at_most: 5}}, {prometheus: {query: 'up[5m]', at_least: 1}},
	{prometheus: {query: '0/0 * vector(1)', at_least: 1}}, {prometheus: {query: '\"x\"', at_least: 1}}"
is "what cannot be told is unknown" "$status: $(jq -r '[.checks[] | select(.name | test("prometheus"))] |
	map(.verdict) | join(" ")' unknown/result.json)" \
	"3: pass unknown unknown unknown unknown unknown"
like "a query that is none" "$(reason unknown prometheus-2)" 'Prometheus answers HTTP 400: .*parse error'
like "one that gives nothing" "$(reason unknown prometheus-3)" 'no_such_metric: the query gives nothing'
like "one that gives ranges" "$(reason unknown prometheus-4)" 'range of values over time'
like "one that gives no number" "$(reason unknown prometheus-5)" 'a value is NaN'
like "one that gives a text" "$(reason unknown prometheus-6)" 'gives a text'

kill -TERM "$prometheus_pid"
wait "$prometheus_pid"
prometheus_pid=
short away "prometheus: {query: up, at_least: 1}"
is "nobody there is unknown" "$status: $(verdict away prometheus)" "3: unknown"
like "and says why" "$(reason away prometheus)" "^up: $url: .*(refused|connect)"
run_status "$ltb" --batch smoke -q --out nowhere --set run.duration=2s --set run.warmup=0s \
	--set "expectations=[prometheus: {query: up, at_least: 1}]"
is "so is no URL" "$status: $(verdict nowhere prometheus)" "3: unknown"
like "which tells what to set" "$(reason nowhere prometheus)" 'observability\.query_url or LOGOS_BLOCK'
short fake "prometheus: {query: up, at_least: 1}" --backend fake
is "and virtual time" "$status: $(verdict fake prometheus)" "3: unknown"
ok "which has no nodes to scrape" test ! -e fake/prometheus.yml

# Judged again, without any Prometheus.
for r in run fails unknown away; do
	run_status "$ltb" judge "$r" --json again.json
	is "$r: judged again, the same verdicts and reasons" \
		"$(jq -cS '[.checks[] | [.name, .verdict, .reason]]' again.json)" \
		"$(jq -cS '[.checks[] | [.name, .verdict, .reason]]' "$r/result.json")"
done

# --- mistakes ------------------------------------------------------------------------------------

run_status "$ltb" validate smoke --set 'expectations=[prometheus: {at_least: 1}]'
is "no query" "$status" 2
like "is told" "$output" 'expectations.*query is missing'
run_status "$ltb" validate smoke --set 'expectations=[prometheus: {query: up}]'
is "no bound" "$status" 2
like "is told, too" "$output" 'expected at_least, at_most or both'

[ $tap_failed = 0 ]
