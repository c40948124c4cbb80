#!/bin/bash
# Real ltb-node processes on loopback: they agree, include, survive kill -9, serve their API.
# shellcheck source=../lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"

seed() { for _ in {1..32}; do printf '%02x' "$1"; done; }
pk() { "$ltb_node" keygen "$(seed "$1")"; }

# genesis FILE CHAIN: 300 ms slots; stakes of seeds 1 to 3, notes of seeds 11 and 12.
genesis() {
	jq -n --arg chain "$2" --argjson now "$(date +%s%3N)" --arg nonce "$(seed 7)" \
		--arg a "$(pk 1)" --arg b "$(pk 2)" --arg c "$(pk 3)" \
		--arg x "$(pk 11)" --arg y "$(pk 12)" '{chain_id: $chain,
		genesis_time_ms: ($now + 1000), slot_duration_ms: 300, active_slot_coeff: 0.5,
		security_param: 20, epoch_nonce: $nonce,
		stakes: [$a, $b, $c | {pk: ., value: 1000}],
		notes: [$x, $y | {pk: ., value: 500}]}' >"$1"
}

# start NAME [OPTIONS]: a node with its own directory; its pid goes to pid_NAME.
start() {
	local name=$1
	shift
	mkdir -p "$name"
	rm -f "$name/ready" # of a predecessor that was killed
	"$ltb_node" --genesis genesis.json --data "$name/data" --ready-file "$name/ready" \
		--name "$name" "$@" 2>>"$name/log" &
	eval "pid_$name=$!"
	tap_children+=("$!")
	wait_for 10 test -s "$name/ready" || {
		echo "Bail out! $name does not start: $(tail -n 3 "$name/log")"
		exit 1
	}
}

pid() { eval "echo \$pid_$1"; }
http() { jq -r .http "$1/ready"; }
p2p() { jq -r .p2p "$1/ready"; }
api() { curl -sS --max-time 5 "http://$(http "$1")$2"; }
info() { api "$1" /cryptarchia/info | jq -r ".cryptarchia_info.$2"; }
code() { # NODE PATH [CURL OPTIONS]
	local node=$1 path=$2
	shift 2
	curl -sS --max-time 5 -o body -w '%{http_code}' "$@" "http://$(http "$node")$path"
}
post() { code "$1" "$2" -H 'Content-Type: application/json' --data-binary "$3"; }
height_above() { [ "$(info "$1" height)" -gt "$2" ]; }
peers_are() { [ "$(api "$1" /network/info | jq .n_peers)" = "$2" ]; }
online() { [ "$(api "$1" /cryptarchia/info | jq -c .mode)" = '{"Started":"Online"}' ]; }
same_tip() {
	local tip
	tip=$(info "$1" tip) && [ -n "$tip" ] && [ "$tip" = "$(info "$2" tip)" ]
}
# Does B have A's last irreversible block on its chain?
lib_in() { [ "$(api "$2" "/cryptarchia/blocks/$(info "$1" lib)" | jq -r .header.id)" != "" ]; }
tx_in_block() {
	api "$1" '/cryptarchia/blocks_range?blocks_limit=1000' |
		jq -es --arg h "$2" '[.[].block.transactions[].mantle_tx.hash] | index($h) != null'
}

# --- start -----------------------------------------------------------------------------

for i in 1 2 3; do
	seed $i >key$i
	echo >>key$i
done
{ seed 11; echo; seed 12; echo; } >wallet

genesis genesis.json it-1
start n1 --key-file key1 --wallet-file wallet
is "ready file: pid" "$(jq .pid n1/ready)" "$(pid n1)"
start n2 --key-file key2 --peer "$(p2p n1)"
start n3 --key-file key3 --peer "$(p2p n1)" --peer "$(p2p n2)"
ok "all see two peers" wait_for 10 eval 'peers_are n1 2 && peers_are n2 2 && peers_are n3 2'
ok "all are online" wait_for 10 eval 'online n1 && online n2 && online n3'
ok "the chain grows" wait_for 30 height_above n1 5
ok "n1 and n2 agree on a tip" wait_for 20 same_tip n1 n2
ok "n1 and n3 agree on a tip" wait_for 20 same_tip n1 n3
is "peer ids are known to each other" \
	"$(api n1 /network/info | jq -r '.connected_peers | sort | join(" ")')" \
	"$(jq -rs 'map(.peer_id) | sort | join(" ")' n2/ready n3/ready)"
is "network info names the peer port" "$(api n1 /network/info | jq -r '.listen_addresses[0]')" \
	"/ip4/127.0.0.1/tcp/$(p2p n1 | cut -d: -f2)"

# --- transactions ------------------------------------------------------------------------

x=$(pk 11) z=$(pk 13)
transfer="{\"tip\":null,\"change_public_key\":\"$x\",\"funding_public_keys\":[\"$x\"],
	\"recipient_public_key\":\"$z\",\"amount\":7}"
is "transfer-funds" "$(post n1 /wallet/transactions/transfer-funds "$transfer")" 201
hash=$(jq -r .hash body)
ok "the transfer is in a block of another node" wait_for 20 tx_in_block n3 "$hash"
balance_is() { [ "$(api "$1" "/wallet/$2/balance" | jq .balance)" = "$3" ]; }
ok "the receiver's balance, at another node" wait_for 10 balance_is n2 "$z" 7
ok "the sender's change" wait_for 10 balance_is n2 "$x" 493
is "included is Unknown" "$(post n1 /mantle/status "[\"$hash\"]"; cat body)" '200["Unknown"]'
is "supply is what it was" "$(api n3 /ltb/supply | jq '.supply == .genesis_supply')" true

# --- statuses ----------------------------------------------------------------------------

is "unknown path" "$(code n1 /nothing) $(wc -c <body)" "404 0"
is "no /version" "$(code n1 /version)" 404
is "unknown block" "$(code n1 "/cryptarchia/blocks/$(seed 0)") $(wc -c <body)" "404 0"
is "unknown key" "$(code n1 "/wallet/$(seed 0)/balance")" 404
is "wrong method" "$(post n1 /cryptarchia/info '{}')" 405
is "a method of its own" "$(code n1 /mempool/view -X DELETE)" 405
is "no content type" "$(code n1 /mempool/add/tx -H 'Content-Type:' --data '{}')" 415
is "no JSON" "$(post n1 /mempool/add/tx '{')" 400
is "another shape" "$(post n1 /mempool/add/tx '{}')" 422
head -c 1100000 /dev/zero | tr '\0' ' ' >big
is "too large a body" "$(post n1 /mempool/add/tx @big)" 413
is "HEAD" "$(code n1 /cryptarchia/info -I)" 200
printf 'GARBAGE\r\n\r\n' | timeout 5 bash -c "exec 3<>/dev/tcp/127.0.0.1/$(http n1 | cut -d: -f2)
	cat >&3; cat <&3" >garbage 2>&1
head -c 4000 /dev/urandom | timeout 5 bash -c "exec 3<>/dev/tcp/127.0.0.1/$(p2p n1 | cut -d: -f2)
	cat >&3; cat <&3" >/dev/null 2>&1
ok "n1 still answers after garbage on both ports" online n1
ok "and keeps its peers" peers_are n1 2

# --- streams -----------------------------------------------------------------------------

curl -sSN --max-time 60 "http://$(http n1)/cryptarchia/events/blocks/stream" >blocks &
stream=$!
tap_children+=("$stream")
curl -sSN --max-time 60 -D lib-headers "http://$(http n2)/cryptarchia/lib-stream" >libs &
lib_stream=$!
tap_children+=("$lib_stream")
lines() { [ "$(wc -l <"$1")" -ge "$2" ]; }
ok "blocks are streamed" wait_for 20 lines blocks 3
ok "lines are of the known shape" jq -es 'map(keys == ["block", "lib", "lib_slot", "tip", "tip_slot"]
	and (.block.header | has("id") and has("parent_block") and has("slot") and has("block_root"))
	and (.block | has("height") | not)) | all' blocks
ok "a streamed block can be fetched" [ "$(head -n 1 blocks | jq -r .block.header.id)" = \
	"$(api n1 "/cryptarchia/blocks/$(head -n 1 blocks | jq -r .block.header.id)" |
		jq -r .header.id)" ]
ok "LIB moves are streamed" wait_for 30 lines libs 2
ok "in order" jq -es 'map(.height) | . == sort and length == (unique | length)' libs
like "as NDJSON" "$(cat lib-headers)" '^Content-Type: application/x-ndjson'
kill "$stream" "$lib_stream"
wait "$stream" "$lib_stream" 2>/dev/null
is "headers: tip to LIB" "$(api n1 /cryptarchia/headers | jq length)" 21

# --- kill -9, late joiner, dialling --------------------------------------------------------

before=$(info n2 height)
kill -KILL "$(pid n2)"
wait "$(pid n2)" 2>/dev/null
ok "the others go on" wait_for 30 height_above n1 $((before + 5))
ok "and notice" wait_for 10 peers_are n1 1
start n2 --key-file key2 --peer "$(p2p n1)"
like "n2 continues from its store" "$(grep 'ltb-node .* chain' n2/log | tail -n 1)" \
	"height ($before|$((before + 1))|$((before + 2))|$((before - 1)))[, ]"
ok "n2 catches up" wait_for 20 height_above n2 $((before + 5))
ok "n2 agrees again" wait_for 20 same_tip n1 n2
ok "what n2 finalised is on n1's chain" lib_in n2 n1

start n4
is "a node without peers is online at once, at genesis" \
	"$(online n4 >/dev/null && info n4 height)" 0
is "dial_peer" "$(post n4 /network/dial_peer "{\"addr\":\"/ip4/127.0.0.1/tcp/$(p2p n1 |
	cut -d: -f2)\"}") $(jq -r . body)" "200 $(jq -r .peer_id n1/ready)"
ok "the late joiner syncs" wait_for 20 same_tip n4 n1
is "dialling a dead port" "$(post n4 /network/dial_peer '{"addr":"127.0.0.1:1"}')" 500
like "says why" "$(cat body)" 'refused'
kill -TERM "$(pid n4)"
wait "$(pid n4)"
is "SIGTERM ends with 0" $? 0
ok "and takes the ready file away" test ! -e n4/ready
start n4
ok "the dialled peer is remembered" wait_for 10 peers_are n4 1

# --- misbehaviour ----------------------------------------------------------------------------

start bad_tx --misbehave=drop-tx --wallet-file wallet --peer "$(p2p n1)"
ok "drop-tx follows the chain" wait_for 20 same_tip bad_tx n1
y=$(pk 12)
transfer="{\"tip\":null,\"change_public_key\":\"$y\",\"funding_public_keys\":[\"$y\"],
	\"recipient_public_key\":\"$z\",\"amount\":9}"
is "drop-tx says yes" "$(post bad_tx /wallet/transactions/transfer-funds "$transfer")" 201
is "and keeps nothing" "$(api bad_tx /mempool/view)" "[]"
start bad_stall --misbehave=stall:3 --peer "$(p2p n1)"
ok "a stalled node answers" wait_for 10 online bad_stall
stalled=$(info bad_stall tip)
ok "the others go on without it" wait_for 30 height_above n1 $(($(info n1 height) + 3))
is "it stands still" "$(info bad_stall tip)" "$stalled"
ok "the dropped transfer is nowhere" balance_is n1 "$y" 500

kill -TERM "$(pid n3)"
wait "$(pid n3)"
start n3 --key-file key3 --misbehave=fork:1 --peer "$(p2p n1)"
ok "a forking node builds alone" wait_for 30 height_above n3 $(($(info n3 height) + 1))
forked=$(info n3 tip)
ok "the others go on without it, too" wait_for 30 height_above n1 $(($(info n1 height) + 2))
is "they never hear of its blocks" "$(code n1 "/cryptarchia/blocks/$forked")" 404

# --- health ------------------------------------------------------------------------------------

run_status "$ltb_node" --check-health "$(http n1)"
is "a running node is healthy" "$status:$output" "0:"
run_status "$ltb_node" --check-health "$(p2p n1)"
is "another port of it is not" "$status" 1
run_status "$ltb_node" --check-health 127.0.0.1:1
is "nobody there is not" "$status" 1
like "says why" "$output" 'unhealthy: 127.0.0.1:1: cannot connect: Connection refused'
run_status "$ltb_node" --check-health localhost:80
is "a name is refused" "$status" 2
kill -STOP "$(pid n1)"
run_status "$ltb_node" --check-health "$(http n1)"
kill -CONT "$(pid n1)"
is "a stopped node is not" "$status" 1
like "within its limit" "$output" 'no answer within 2000 ms'

# --- bad luck at the start ----------------------------------------------------------------------

run_status timeout 10 "$ltb_node" --genesis genesis.json --data d5 --http "$(http n1)"
is "busy HTTP port" "$status" 4
like "with cause and fix" "$output" 'Address already in use'
run_status timeout 10 "$ltb_node" --genesis genesis.json --data d5 --listen "$(p2p n1)"
is "busy peer port" "$status" 4
run_status timeout 10 "$ltb_node" --genesis genesis.json --data n1/data
is "a directory in use" "$status" 4
like "says so" "$output" 'used by another ltb-node'
run_status timeout 10 "$ltb_node" --genesis missing.json --data d5
is "no genesis" "$status" 4
run_status timeout 10 "$ltb_node" --genesis genesis.json --data genesis.json/d
is "no place for the data" "$status" 4
like "names the option and the cause" "$output" '--data.*Not a directory'
mkfifo slow.json
"$ltb_node" --genesis slow.json --data d5 2>slow.log &
slow=$!
tap_children+=("$slow")
ok "a node waits for its files" wait_for 10 sh -c "grep -q '^SigCgt:.*[4-7c-f]...$' /proc/$slow/status"
kill -TERM "$slow"
wait "$slow"
is "SIGTERM before it listens ends it, too" $? 0
run_status "$ltb_node" --data d5
is "missing option" "$status" 2
run_status "$ltb_node" --genesis genesis.json --data d5 --misbehave=dance
is "unknown misbehaviour" "$status" 2
run_status "$ltb_node" --genesis genesis.json --data d5 --bogus
is "unknown option" "$status" 2
run_status "$ltb_node" keygen 12
is "bad seed" "$status" 2

jq '.chain_id = "other"' genesis.json >other.json
run_status timeout 10 "$ltb_node" --genesis other.json --data n4/data
is "a store of another chain, in use" "$status" 4
kill -TERM "$(pid n4)"
wait "$(pid n4)"
run_status timeout 10 "$ltb_node" --genesis other.json --data n4/data
is "a store of another chain" "$status" 4
mv genesis.json right.json
mv other.json genesis.json
start alien --peer "$(p2p n1)"
mv right.json genesis.json
ok "another chain's node is refused" wait_for 10 grep -q 'another chain' alien/log n1/log
is "and is no peer" "$(api alien /network/info | jq .n_peers)" 0

for n in n1 n2 n3 bad_tx bad_stall alien; do
	kill -TERM "$(pid $n)"
	wait "$(pid $n)"
	is "$n ends with 0" $? 0
done
ok "nothing was reported by a sanitizer" sh -c '! grep -h -A 30 "Sanitizer\|runtime error" */log'

[ $tap_failed = 0 ]
