#!/bin/bash
# What ltb-node tells about itself: GET /metrics, and pushes to an OTLP collector that comes and goes.
# shellcheck source=../lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"
unset OTEL_EXPORTER_OTLP_ENDPOINT OTEL_EXPORTER_OTLP_METRICS_ENDPOINT OTEL_SERVICE_NAME \
	OTEL_METRIC_EXPORT_INTERVAL

seed() { for _ in {1..32}; do printf '%02x' "$1"; done; }
pk() { "$ltb_node" keygen "$(seed "$1")"; }
seed 1 >key
seed 11 >wallet
jq -n --argjson now "$(date +%s%3N)" --arg nonce "$(seed 7)" --arg a "$(pk 1)" --arg x "$(pk 11)" '{
	chain_id: "metrics", genesis_time_ms: $now, slot_duration_ms: 200, active_slot_coeff: 1,
	security_param: 3, epoch_nonce: $nonce, stakes: [{pk: $a, value: 1000}],
	notes: [{pk: $x, value: 500}]}' >genesis.json

# start NAME [OPTIONS]: variables for it stand before it.
start() {
	local name=$1
	shift
	rm -f "$name.ready"
	"$ltb_node" --genesis genesis.json --data "$name" --ready-file "$name.ready" \
		--name "$name" "$@" 2>>"$name.log" &
	eval "pid_$name=$!"
	tap_children+=("$!")
	wait_for 10 test -s "$name.ready" || {
		echo "Bail out! $name does not start: $(tail -n 3 "$name.log")"
		exit 1
	}
}
stop() {
	local pid
	pid=$(eval "echo \$pid_$1")
	kill -TERM "$pid"
	wait "$pid"
}
api() { curl -sS --max-time 5 "http://$(jq -r .http "$1.ready")$2"; }
metric() { api "$1" /metrics | sed -n "s/^$2 //p"; }
above() { [ "$(metric "$1" "$2")" -gt "$3" ]; }

# --- GET /metrics ------------------------------------------------------------------------

start n0 --key-file key --wallet-file wallet
start n1 --peer "$(jq -r .p2p n0.ready)"
ok "the height grows" wait_for 20 above n1 consensus_tip_height 4
ok "blocks become final" wait_for 20 above n1 consensus_finalized_height 0
x=$(pk 11)
curl -sS --max-time 5 -o hash -H 'Content-Type: application/json' --data "{\"tip\":null,
	\"change_public_key\":\"$x\",\"funding_public_keys\":[\"$x\"],
	\"recipient_public_key\":\"$(pk 12)\",\"amount\":7}" \
	"http://$(jq -r .http n0.ready)/wallet/transactions/transfer-funds"
ok "a transaction is counted where it was sent" wait_for 10 above n0 \
	mempool_transactions_added_total 0
ok "and where its block arrived" wait_for 20 above n1 consensus_block_transactions_total 0
is "once" "$(metric n1 consensus_transactions_total)" 1
curl -sS -D headers -o text "http://$(jq -r .http n1.ready)/metrics"
like "content type" "$(cat headers)" '^Content-Type: text/plain; version=0\.0\.4; charset=utf-8'
is "each sample has a help and a type, each name occurs once" "$(awk '
	/^# HELP [a-z_]+ ./ { help[$3]++; next }
	/^# TYPE [a-z_]+ (gauge|counter)$/ { type[$3]++; next }
	/^[a-z_]+(\{[a-z]+="[^"]*"\})? [0-9.e+-]+$/ { sub(/[{ ].*/, ""); seen[$0]++
		if (help[$0] != 1 || type[$0] != 1 || seen[$0] != 1) print; n++; next }
	{ print } END { if (n < 20) print n " samples" }' text)" ""
ok "peers" [ "$(metric n1 consensus_peers_connected)" = 1 ]
ok "the follower proposes nothing" [ "$(metric n1 consensus_blocks_proposed_total)" = 0 ]
ok "the leader does" above n0 consensus_blocks_proposed_total 4
ok "a process has memory and descriptors" eval \
	'above n1 process_resident_memory_bytes 100000 && above n1 process_open_fds 5'
like "version" "$(grep build_info\{ text)" '^ltb_node_build_info\{version="[0-9].*"\} 1$'
while read -r name; do
	grep -q "Li $name " "$top/man/ltb-node.8" || echo "$name"
done < <(sed -n 's/^# TYPE \([a-z_]*\) .*/\1/p' text) >undocumented
is "all are in the manual" "$(cat undocumented)" ""
stop n1
start n1 --peer "$(jq -r .p2p n0.ready)"
ok "what is read from the store is not counted" eval \
	'[ "$(metric n1 consensus_transactions_total)" = 0 ] && above n1 consensus_tip_height 3'
stop n1

# --- OTLP ----------------------------------------------------------------------------------

# collector FILE PORT [STATUS]: appends each request's first line and body to FILE.
collector() {
	# shellcheck disable=SC2016 # it is perl
	perl -MIO::Socket::INET -e '
		my ($file, $port, $status) = @ARGV;
		$SIG{PIPE} = "IGNORE";
		my $l = IO::Socket::INET->new(LocalAddr => "127.0.0.1", LocalPort => $port,
			Listen => 8, ReuseAddr => 1) or die "listen: $!";
		open(my $p, ">", "$file.port.new"); print $p $l->sockport; close $p;
		rename "$file.port.new", "$file.port";
		while (my $c = $l->accept) {
			while (defined(my $first = <$c>)) {
				my ($len, $type, $h) = (0, "");
				while (defined($h = <$c>) && $h !~ /^\r?\n$/) {
					$len = $1 if $h =~ /^content-length:\s*(\d+)/i;
					$type = $1 if $h =~ /^content-type:\s*(\S+)/i;
				}
				last unless read($c, my $body, $len) == $len;
				$first =~ s/\s+$//;
				open(my $f, ">>", $file);
				print $f "$first $type\n$body\n"; close $f;
				print $c "HTTP/1.1 $status x\r\nContent-Length: 2\r\n" .
					"Content-Type: application/json\r\n\r\n{}";
			}
		}' "$1" "$2" "${3:-200}" >/dev/null &
	collector=$!
	tap_children+=("$collector")
	wait_for 10 test -s "$1.port" || echo "Bail out! no collector"
}
end_collector() {
	kill -KILL "$collector"
	wait "$collector" 2>/dev/null
}
pushed() { [ "$(grep -c '^{' "$1")" -ge "$2" ]; }

collector first 0
port=$(cat first.port)
OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:$port/ OTEL_METRIC_EXPORT_INTERVAL=100 \
	start n1 --peer "$(jq -r .p2p n0.ready)"
ok "it gets pushes" wait_for 20 pushed first 3
is "posted as JSON to the default path" "$(grep -v '^{' first | sort -u)" \
	"POST /v1/metrics HTTP/1.1 application/json"
grep '^{' first >bodies
ok "the resource says who it is" jq -es 'length >= 3 and (map(.resourceMetrics | length == 1 and
	(.[0].resource.attributes | map({(.key): .value.stringValue}) | add |
		."service.name" == "ltb-node" and ."service.instance.id" == "n1" and
		(."service.version" | length > 0))) | all)' bodies
ok "the metrics are of the OTLP shape" jq -es '
	def nano: type == "string" and test("^1[0-9]{18}$");
	def value: ((.asInt | type == "string" and test("^[0-9]+$")) and (has("asDouble") | not)) or
		((.asDouble | type == "number") and (has("asInt") | not));
	length >= 3 and (map(.resourceMetrics[0].scopeMetrics | length == 1 and (.[0] |
		.scope.name == "ltb-node" and (.metrics | length >= 20 and (map(
			(.name | test("^[a-z_]+$")) and (.unit | type == "string") and
			(.description | type == "string") and (has("gauge") != has("sum")) and
			(if has("sum") then .sum.isMonotonic == true and
				.sum.aggregationTemporality == 2 and
				(.sum.dataPoints | map(.startTimeUnixNano | nano) | all)
			else true end) and
			((.gauge // .sum).dataPoints | length == 1 and
				(.[0] | (.timeUnixNano | nano) and value))) | all)))) | all)' bodies
is "they are those of /metrics" "$(head -n 1 bodies |
	jq -r '.resourceMetrics[0].scopeMetrics[0].metrics[].name' | sort)" \
	"$(sed -n 's/^# TYPE \([a-z_]*\) .*/\1/p' text | grep -v build_info | sort)"
ok "counters go up" jq -es 'map(.resourceMetrics[0].scopeMetrics[0].metrics[] |
	select(.name == "process_cpu_seconds_total").sum.dataPoints[0].asDouble) | length >= 3 and . == sort' bodies

end_collector
warnings() { grep -c 'cannot push metrics' n1.log; }
ok "a collector that goes away is told" wait_for 20 grep -q 'cannot push metrics' n1.log
ok "meanwhile the node goes on" wait_for 20 above n1 consensus_tip_height \
	$(($(metric n1 consensus_tip_height) + 3))
is "and is quiet about it" "$(warnings)" 1
rm first.port
collector second "$port" 503
ok "one that refuses is asked again and again" wait_for 20 pushed second 3
is "quietly" "$(warnings)" 1
end_collector
rm -f first.port
collector third "$port"
ok "one that is back gets pushes" wait_for 20 pushed third 2
ok "and that is told" wait_for 10 grep -q 'pushing metrics to .* again' n1.log
stop n1
is "SIGTERM ends it with 0" $? 0
end_collector

OTEL_EXPORTER_OTLP_METRICS_ENDPOINT=https://127.0.0.1:$port/v1/metrics start n2
like "https is told at the start" "$(cat n2.log)" \
	'OTEL_EXPORTER_OTLP_METRICS_ENDPOINT https://.*cannot push over https.*not pushed'
is "and the node runs" "$(metric n2 consensus_online)" 1
stop n2
OTEL_EXPORTER_OTLP_ENDPOINT=http://nobody.invalid:4318 OTEL_METRIC_EXPORT_INTERVAL=50 \
	OTEL_SERVICE_NAME=svc start n2
ok "a name that cannot be found" wait_for 30 grep -q 'cannot push metrics' n2.log
is "does not hold it up" "$(metric n2 consensus_online)" 1
stop n2
is "and it ends with 0" $? 0
stop n0

# The nodes of a run, by its preset.
collector whole 0
OTEL_METRIC_EXPORT_INTERVAL=200 run_status "$ltb" --batch smoke -q --out run --set run.duration=3s \
	--set run.warmup=0s --set "observability.otlp_url=http://127.0.0.1:$(cat whole.port)/in"
is "a run with a collector passes" "$status" 0
is "each of its nodes pushed there" "$(grep '^{' whole | jq -r '.resourceMetrics[0].resource.attributes[] |
	select(.key == "service.instance.id").value.stringValue' | sort -u | tr '\n' ' ')" "n0 n1 n2 "
is "to that path" "$(grep -v '^{' whole | cut -d' ' -f1,2 | sort -u)" "POST /in"
end_collector
ok "nothing was reported by a sanitizer" sh -c '! grep -h -A 30 "Sanitizer\|runtime error" ./*.log'

[ $tap_failed = 0 ]
