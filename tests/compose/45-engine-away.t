#!/bin/bash
# An engine that goes away under a run, for good or for a while: what is told, and nothing left in the end.
# The engine is the test's own, in namespaces of its own: a second one in the network of the first
# would take that one's bridge away.
# shellcheck source=../lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"
# shellcheck source=../lib/docker.sh
. "$top/tests/lib/docker.sh"
need_docker

PATH=$PATH:/usr/sbin:/sbin
engine=$work/engine
export DOCKER_HOST=unix://$engine/sock
mkdir -p "$engine"

# --- the engine ------------------------------------------------------------------------------

inside() { nsenter --target "$namespaces" --net "$@"; }
answers() { docker version --format '{{.Server.Version}}'; }
start_engine() { # OPTIONS...
	nsenter --target "$namespaces" --net --mount dockerd --host "$DOCKER_HOST" --data-root "$engine/data" \
		--exec-root "$engine/exec" --pidfile "$engine/pid" "$@" >>"$engine/log" 2>&1 &
	dockerd=$!
	wait_for 60 answers || tail "$engine/log" >&2
}
stop_engine() {
	kill "$dockerd"
	wait "$dockerd"
}
kill_engine() {
	kill -KILL "$dockerd"
	wait "$dockerd" 2>/dev/null
	# containerd ends with it, but its pid file would tell the next one that it still runs
	kill -KILL "$(cat "$engine/exec/containerd/containerd.pid")" 2>/dev/null
	rm -f "$engine/exec/containerd/containerd.pid" "$engine/pid"
}
finish() {
	if [ -n "${dockerd-}" ] && answers >/dev/null 2>&1; then
		docker ps --all --quiet | xargs -r docker rm --force >/dev/null
		kill "$dockerd"
		wait_for 30 [ ! -d "/proc/$dockerd" ]
	fi
	for shim in $(pgrep -f -- "-address $engine/"); do # of containers that nobody could end
		kill -KILL "$shim" $(pgrep -P "$shim")
	done
	kill -KILL ${dockerd:+"$dockerd"} ${namespaces:+"$namespaces"} 2>/dev/null
	{ wait; } 2>/dev/null
	tap_finish
}
trap finish EXIT
cannot() { # WHY
	trap - EXIT
	finish >/dev/null
	case ,${LTB_REQUIRE-}, in
	*,docker,*)
		printf '1..1\nnot ok 1 - an engine of its own: %s\n' "$1"
		exit 1
		;;
	esac
	echo "1..0 # SKIP cannot start an engine of its own: $1"
	exit 0
}

[ "$(id -u)" = 0 ] || cannot "that takes root"
command -v dockerd >/dev/null || cannot "there is no dockerd"
# IFF_UP for the loopback interface, as not everybody has ip(8)
unshare --net --mount perl -e 'socket S, 2, 2, 0 or die $!; my $lo = pack "a16s x22", "lo", 1;
	ioctl S, 0x8914, $lo or die $!; open my $up, ">", "up"; close $up; sleep 86400' >unshare.err 2>&1 &
namespaces=$!
wait_for 20 [ -e up ] || cannot "$(cat unshare.err)"
start_engine --live-restore=false
answers >/dev/null || cannot "$(tail -n 1 "$engine/log")"

# --- runs -------------------------------------------------------------------------------------

run=$work/run
start_run() { # OPTIONS...: in the background
	rm -rf "$run"
	nsenter --target "$namespaces" --net env --default-signal=INT "$ltb" --batch smoke --backend compose --duration 10m --out "$run" "$@" >out 2>&1 &
	pid=$!
	tap_children+=("$pid")
}
drives() { grep -qs '"phase":"drive"' "$run/events.jsonl"; }
end_run() { # waits for it: $status, $output
	wait "$pid"
	status=$?
	output=$(cat out)
}
verdict() { jq -r '"\(.verdict) \(.exit_code)"' "$run/result.json"; }
nothing_left() { [ -z "$(docker_leftovers)" ] && no_processes_below "$run"; }
gone_away() { grep -q 'the Docker engine has gone away' out; }
is_back() { grep -q 'the Docker engine is back' "$run/events.jsonl"; }
n_deaths() { jq -s '[.[] | select(.kind == "node_state" and .state == "dead")] | length' "$run/events.jsonl"; }
height() { # of n0
	local port
	port=$(sed -n 's/^ *- "127\.0\.0\.1:\([0-9]*\):.*/\1/p' "$run/compose.yaml" | head -n 1)
	inside curl -sS --max-time 5 "http://127.0.0.1:$port/cryptarchia/info" | jq .cryptarchia_info.height
}
height_is_above() { [ "$(height)" -gt "$1" ]; } 2>/dev/null

start_run
ok "a run begins" wait_for 120 drives
stop_engine
end_run
like "the engine is stopped, and stays away: no pass" "$(verdict)" '^(fail 1|unknown 3)$'
is "the exit status says so, too" "$status" "$(jq .exit_code "$run/result.json")"
is "its nodes went with it" "$(n_deaths)" 3
like "that it went away is told" "$output" 'the Docker engine has gone away'
like "what is left is told, and what to do" "$output" "down FAILED .*\`ltb clean $run' does that: no Docker engine: .*start it"
run_status inside "$ltb" clean "$run"
is "clean without an engine: exit status" "$status" 4
like "cause and fix" "$output" 'no Docker engine: .*start it'
start_engine
ok "the engine comes back" answers
ok "there is something left" [ -n "$(docker_leftovers)" ]
run_status inside "$ltb" clean "$run"
is "clean with the engine: exit status" "$status" 0
like "it tells how much that was" "$output" 'removed 7 things'
ok "nothing is left" nothing_left

start_run
ok "another run begins" wait_for 120 drives
kill_engine
ok "the engine is killed: told" wait_for 60 gone_away
start_engine
ok "it comes back, and has ended the nodes" answers
end_run
like "no pass" "$(verdict)" '^(fail 1|unknown 3)$'
ok "it was seen to come back" is_back
is "the nodes are told to be dead" "$(n_deaths)" 3
like "and when they died" "$output" 'n0 DIED: .*, while the Docker engine was away'
ok "nothing is left" nothing_left

start_run --set topology.nodes=6
some_containers() { [ -n "$(docker ps --all --quiet)" ]; }
ok "a third one makes its containers" wait_for 120 some_containers
kill_engine
end_run
is "the engine is killed as they come up: verdict" "$(verdict)" "unknown 4"
is "exit status" "$status" 4
like "cause" "$output" 'because: up: .*(Docker engine|docker|Docker daemon)'
start_engine
ok "the engine comes back" answers
run_status inside "$ltb" clean "$run"
is "clean: exit status" "$status" 0
ok "nothing is left" nothing_left

stop_engine
start_engine --live-restore
ok "an engine that lets containers live on" answers
start_run
ok "a run begins" wait_for 120 drives
stop_engine
ok "the engine is stopped: told" wait_for 60 gone_away
start_engine --live-restore
ok "it comes back" answers
ok "that is told, too" wait_for 60 is_back
ok "n0 can be asked again" wait_for 60 height_is_above 0
ok "its chain goes on" wait_for 60 height_is_above "$(height)"
is "no node died" "$(n_deaths)" 0
kill -INT "$pid"
end_run
is "the run was still going: exit status after SIGINT" "$status" 130
ok "nothing is left" nothing_left

[ $tap_failed = 0 ]
