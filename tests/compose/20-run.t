#!/bin/bash
# Whole runs on a real engine, with both generations of Docker Compose: verdicts as on local, what the
# containers may do, what is left (nothing, or with --keep all of it), and compose.yaml by hand.
# shellcheck source=../lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"
# shellcheck source=../lib/docker.sh
. "$top/tests/lib/docker.sh"
need_docker

trap runs_finish EXIT

verdict_of() { jq -r --arg name "$2" '.checks[] | select(.name == $name) | .verdict' "$1/result.json"; }
run_it() { # as start, to its end: exit status
	start "$@"
	wait $pid
}

flavours=$(compose_flavours)
case ,${LTB_REQUIRE-}, in
*,docker,*) is "both generations of Docker Compose are there" "$(echo $flavours)" "v1 v2" ;;
esac
ok "Docker Compose is there" [ -n "$flavours" ]
[ -n "$flavours" ] || exit 1
for flavour in v1 v2; do
	case $flavours in
	*$flavour*) ;;
	*) echo "# skipped with $flavour of Docker Compose, which is not there" ;;
	esac
done
like "doctor" "$("$ltb" doctor)" '^  compose +ready +Docker [0-9.]+.* at .*, Compose [0-9.]+'
compose() { # FLAVOUR ARGUMENTS...
	local program=(docker compose)
	[ "$1" = v1 ] && program=(docker-compose)
	shift
	"${program[@]}" "$@"
}

# An image of another build, which is to be made anew, and to go.
cp "$ltb_node" other
echo >>other
"$top/scripts/image" "$work/other.tar" logos-testbench:local "$work/other" >/dev/null
old=$(docker image inspect --format '{{.Id}}' logos-testbench:local)

# --- a cluster that stays ------------------------------------------------------------------------

run_it kept smoke --keep --set run.duration=4s --set run.warmup=0s --set workloads='[]' \
	--set expectations='[agreement]' --set backend.compose.memory=96MiB --set backend.compose.cpus=0.5
is "--keep: passes" $? 0
kept=$run
like "an image of another build is made anew" "$(jq -r 'select(.kind == "log") | .text' "$kept/events.jsonl")" \
	'^the image logos-testbench:local is of another build; making it anew$'
like "the old one is gone" "$(docker image inspect "$old" 2>&1)" 'No such image'
id=$(run_id "$kept")
stack=$(stack "$kept")
is "--keep: it stays" "$(docker_leftovers "$id" | sort)" "$(
	for n in n0 n1 n2; do
		echo "container $stack-$n"
		echo "volume $stack-$n-data"
	done | sort | sed "3a network $stack"
)"
like "--keep: says so" "$(cat "$kept.out")" "still running \\(--keep\\); .ltb clean $kept' ends it"
ok "--keep: without taking the engine for gone" sh -c '! grep -q "gone away" "$0"' "$kept/events.jsonl"
endpoints=$(sed -n 's/^n[0-2]\t//p' "$kept.out")
is "--keep: three endpoints" "$(echo "$endpoints" | grep -cE '^http://127\.0\.0\.1:[0-9]+$')" 3
for endpoint in $endpoints; do
	ok "--keep: $endpoint answers" curl -fsS --max-time 10 "$endpoint/cryptarchia/info"
done

is "each container, network and volume carries the label of its stack" "$(
	docker ps --quiet --filter "label=org.logos.testbench.stack=$stack" | wc -l
	docker network ls --quiet --filter "label=org.logos.testbench.stack=$stack" | wc -l
	docker volume ls --quiet --filter "label=org.logos.testbench.stack=$stack" | wc -l
)" "$(printf '3\n1\n3')"
container() { docker inspect "$stack-n1" | jq -c ".[0] | $1"; }
is "of its node too" "$(container '.Config.Labels["org.logos.testbench.node"]')" '"n1"'
is "not privileged" "$(container .HostConfig.Privileged)" false
is "no capability" "$(container '[.HostConfig.CapAdd // [], .HostConfig.CapDrop]')" '[[],["ALL"]]'
is "no way to more of them" "$(container .HostConfig.SecurityOpt)" '["no-new-privileges:true"]'
is "not root, and the kernel says so" \
	"$(grep -E '^(Uid|CapEff|CapBnd|NoNewPrivs)' "/proc/$(container .State.Pid)/status" | tr -s '\t\n' ' ')" \
	"Uid: 65532 65532 65532 65532 CapEff: 0000000000000000 CapBnd: 0000000000000000 NoNewPrivs: 1 "
is "its files are read-only" "$(container .HostConfig.ReadonlyRootfs)" true
is "what it may write to" "$(container '[.Mounts[] | select(.RW) | .Destination]')" '["/data"]'
is "no network of the host" "$(container .HostConfig.NetworkMode)" "\"$stack\""
is "one port is published, on 127.0.0.1 only" \
	"$(container '[.NetworkSettings.Ports[] | arrays | .[].HostIp]')" '["127.0.0.1"]'
ok "nothing listens elsewhere" sh -c '! ss -Htln "sport = :$0" | grep -v " 127\.0\.0\.1:"' \
	"$(container '.NetworkSettings.Ports["8080/tcp"][0].HostPort | tonumber')"
is "the memory limit has arrived" "$(container '[.HostConfig.Memory, .HostConfig.MemorySwap]')" \
	'[100663296,100663296]'
is "that of the processors too" "$(container .HostConfig.NanoCpus)" 500000000
is "keys are for nobody else on this machine" "$(stat -c %a "$kept/nodes")" 700
# An engine that cannot read the control groups has no figures for anybody.
usage=$(docker stats --no-stream --format '{{.MemUsage}}' "$stack-n1")

run_status "$ltb" clean "$kept"
is "clean: exit status" $status 0
like "clean: says what it did" "$output" 'removed 7 things'
none_left kept "$kept"
run_status "$ltb" clean "$kept"
is "clean: twice is fine" $status 0

# --- compose.yaml by hand ------------------------------------------------------------------------

answers() { curl -fsS --max-time 5 "$1/cryptarchia/info"; }
healthy() { [ "$(docker inspect --format '{{.State.Health.Status}}' "$stack-n$1")" = healthy ]; }
is_higher() { [ "$(answers "$1" | jq .cryptarchia_info.height)" -gt 2 ]; }
cd "$kept" || exit 1
for flavour in $flavours; do
	ok "by hand, $flavour: up" compose "$flavour" -p "$stack" up -d
	for endpoint in $endpoints; do
		ok "by hand, $flavour: $endpoint answers" wait_for 60 answers "$endpoint"
	done
	ok "by hand, $flavour: the chain grows" wait_for 60 is_higher "${endpoints%%$'\n'*}"
	if [ "$flavour" = "${flavours##*$'\n'}" ]; then
		for n in 0 1 2; do ok "by hand, $flavour: n$n becomes healthy" wait_for 60 healthy $n; done
	fi
	ok "by hand, $flavour: down" compose "$flavour" -p "$stack" down -v
	is "by hand, $flavour: nothing is left" "$(docker_leftovers "$id")" ""
done
cd "$work" || exit 1

# --- the same run with each of them ----------------------------------------------------------

short=(--seed 7 --set run.duration=10s --set run.warmup=1s)
"$ltb" run smoke --dry-run --backend local "${short[@]}" >plan.local
for flavour in $flavours; do
	run_it "smoke-$flavour" smoke "${short[@]}" --set backend.compose.client=$flavour
	is "$flavour: smoke passes" $? 0
	like "$flavour: the verdict is told" "$(cat "$run.out")" '^PASS  smoke on compose, seed 7'
	none_left "${run##*/}"
	ok "$flavour: the plan is that of local" cmp plan.local "$run/plan.json"
	is "$flavour: all checks passed" "$(jq -r '[.checks[].verdict] | unique | join(",")' "$run/result.json")" pass
	is "$flavour: all of the run was in order" \
		"$(jq -r '[.phases[].outcome] | unique | join(",")' "$run/result.json")" ok
	for n in n0 n1 n2; do
		like "$flavour: the log of $n begins where the node did" "$(head -n 1 "$run/logs/$n.log")" \
			"$n: ltb-node .* height 0"
		like "$flavour: the log of $n has its last words" "$(tail -n 1 "$run/logs/$n.log")" \
			"$n: stopping on signal 15"
		is "$flavour: the log of $n has nothing twice" "$(sort "$run/logs/$n.log" | uniq -d)" ""
	done
	is "$flavour: nodes ended in order" \
		"$(jq -r '[.nodes[] | .state + ", " + .reason] | unique | join(";")' "$run/result.json")" "stopped, exit 0"
	case $usage in
	0B*)
		echo "# skipped: what nodes use is not told with $flavour, as this engine cannot read the control groups"
		;;
	*)
		ok "$flavour: what nodes use is told" jq -es '[.[] | select(.kind == "node_sample" and .cpu != null and
			.rss_bytes > 100000 and .in_bytes > 1000 and .out_bytes > 1000)] | map(.node) | unique == [0, 1, 2]' \
			"$run/events.jsonl"
		;;
	esac
	run_status "$ltb" judge "$run"
	is "$flavour: judging it again passes" $status 0
done

# --- verdicts; two runs at a time -------------------------------------------------------------------

mkdir a b
first=${flavours%%$'\n'*} last=${flavours##*$'\n'}
(run_it a/run bug-fork --set backend.compose.client=$first) &
fork=$!
(run_it b/run bug-stall --set backend.compose.client=$last) &
stall=$!
runs+=("$work/a/run" "$work/b/run")
wait $fork
is "bug-fork fails" $? 1
wait $stall
is "bug-stall beside it fails" $? 1
is "bug-fork: the check that it is about" "$(verdict_of a/run agreement)" fail
is "bug-stall: the check that it is about" "$(verdict_of b/run consensus_liveness)" fail
for run in a/run b/run; do
	none_left "$run" "$work/$run"
	is "$run: three nodes of its own" "$(jq -r '[.nodes[] | .state + ", " + .reason] | join(";")' $run/result.json)" \
		"stopped, exit 0;stopped, exit 0;stopped, exit 0"
done

run_it restarts restarts --set workloads='[{transactions: {rate: 5, per: block, users: 20}},
	{restarts: {mode: kill, min_delay: 2s, max_delay: 4s, cooldown: 6s}}]' --set run.duration=20s \
	--set backend.compose.client=$first # the other one sees to restarts in 30-control.t
is "restarts passes" $? 0
none_left "${run##*/}"
kills=$(jq -s '[.[] | select(.kind == "node_state" and .state == "stopped" and .reason == "signal 9 (Killed)")] | length' \
	"$run/events.jsonl")
ok "restarts: there were some ($kills)" [ "$kills" -ge 4 ]
is "restarts: a log has each life of its node" "$(cat "$run"/logs/n?.log | grep -c ': ltb-node .* HTTP ')" $((kills + 5))
is "restarts: ports stay" "$(jq -rs '[.[] | select(.kind == "node_state" and .state == "up") | [.node, .endpoint]] |
	unique | length' "$run/events.jsonl")" 5

# --- an image that is not there -----------------------------------------------------------------------

export LOGOS_BLOCKCHAIN_TESTNET_IMAGE=127.0.0.1:1/not-there:none
run_it no-image smoke
is "no image: exit status" $? 4
like "no image: cause" "$(cat "$run.out")" \
	'127\.0\.0\.1:1/not-there:none \(topology\.image, or LOGOS_BLOCKCHAIN_TESTNET_IMAGE\) is not on this engine and cannot be pulled'
none_left "${run##*/}"
unset LOGOS_BLOCKCHAIN_TESTNET_IMAGE

[ $tap_failed = 0 ]
