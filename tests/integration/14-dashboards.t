#!/bin/bash
# The Grafana dashboards: whole, and asking only for metrics that ltb-node has.
# shellcheck source=../lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"
unset OTEL_EXPORTER_OTLP_ENDPOINT OTEL_EXPORTER_OTLP_METRICS_ENDPOINT

seed() { for _ in {1..32}; do printf '%02x' "$1"; done; }
jq -n --argjson now "$(date +%s%3N)" --arg nonce "$(seed 7)" --arg a "$("$ltb_node" keygen "$(seed 1)")" '{
	chain_id: "dashboards", genesis_time_ms: $now, slot_duration_ms: 500, active_slot_coeff: 1,
	security_param: 3, epoch_nonce: $nonce, stakes: [{pk: $a, value: 1000}], notes: []}' >genesis.json
"$ltb_node" --genesis genesis.json --data data --ready-file ready 2>log &
node=$!
tap_children+=("$node")
ok "a node starts" wait_for 10 test -s ready
curl -sS --max-time 5 "http://$(jq -r .http ready)/metrics" >text
sed -n 's/^# TYPE \([a-z_]*\) .*/\1/p' text | sort >exported
kill -TERM "$node"
wait "$node"
ok "it has metrics" [ "$(wc -l <exported)" -gt 20 ]

# names EXPRESSION: the metrics in it: what is left without texts, ranges, labels and functions.
names() {
	# shellcheck disable=SC2016 # it is perl
	printf '%s\n' "$1" | perl -ne '
		s/"[^"]*"//g; s/\{[^}]*\}//g; s/\[[^\]]*\]//g;
		s/\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)//g;
		while (/([a-zA-Z_:][a-zA-Z0-9_:]*)\b(?!\s*\()/g) {
			my $n = $1; print "$n\n" unless $n =~ /^(and|or|unless|bool|offset)$/; }'
}
is "names of an expression" "$(names 'sum by (job) (rate(a_total{run=~"$run"}[5m])) / max(b) or time()' |
	tr '\n' ' ')" "a_total b "

for f in "$top"/assets/grafana/*.json; do
	n=$(basename "$f")
	ok "$n is a dashboard" jq -e '(.uid | test("^ltb-[a-z-]+$")) and (.title | length > 0) and
		(.schemaVersion | type == "number") and (.panels | length > 5) and
		(has("id") | not)' "$f"
	ok "$n: each panel has a title, a place and questions" jq -e '[.panels[] |
		(.title | length > 0) and (.type | IN("stat", "timeseries")) and
		(.gridPos | .w > 0 and .x + .w <= 24) and (.targets | length > 0) and
		(.targets | map(.expr | length > 0) | all)] | all' "$f"
	is "$n: panels have ids of their own and do not overlap" "$(jq '
		(.panels | map(.id) | length - (unique | length)) + ([.panels as $p |
			range($p | length) as $i | range($i) as $j | $p[$i].gridPos as $a |
			$p[$j].gridPos as $b | select($a.x < $b.x + $b.w and $b.x < $a.x + $a.w and
				$a.y < $b.y + $b.h and $b.y < $a.y + $a.h)] | length)' "$f")" 0
	is "$n: variables" "$(jq -r '.templating.list | map(.name) | join(" ")' "$f")" \
		"datasource run instance"
	is "$n: every panel asks the chosen data source" \
		"$(jq -r '[.panels[] | .datasource.uid, .targets[].datasource.uid] | unique | join(" ")' "$f")" \
		'${datasource}'
	ok "$n: every question is about the chosen run" jq -e \
		'[.panels[].targets[].expr | contains("run=~\"$run\"")] | all' "$f"
	while IFS= read -r expr; do
		names "$expr"
	done < <(jq -r '.panels[].targets[].expr,
		(.templating.list[] | select(.type == "query") | .query.query |
			capture("^label_values\\((?<e>.*), [a-z]+\\)$").e)' "$f") | sort -u >asked
	ok "$n asks for several metrics" [ "$(wc -l <asked)" -gt 9 ]
	is "$n: ltb-node has them all" "$(comm -23 asked exported)" ""
done
is "dashboards have uids of their own" "$(jq -r .uid "$top"/assets/grafana/*.json | sort | uniq -d)" ""
is "links between them lead to one of them" "$(jq -r '.links[].url | ltrimstr("/d/")' \
	"$top"/assets/grafana/*.json | sort -u | comm -23 - <(jq -r .uid "$top"/assets/grafana/*.json | sort))" ""

[ $tap_failed = 0 ]
