# For tests that need a real Docker engine. Source it after tap.sh.
# shellcheck shell=bash disable=SC2154,SC2034 # top and work are of tap.sh, status is for those that source it
run_label=org.logos.testbench.run

# The plug-in that scripts/ci/compose-v2 builds, unless another one is asked for.
if [ -z "${DOCKER_CONFIG-}" ] && [ -x "$top/build/compose-v2/cli-plugins/docker-compose" ]; then
	export DOCKER_CONFIG=$top/build/compose-v2
fi

# need_docker: ends the test when no engine answers, as skipped, or as failed where
# LTB_REQUIRE (words with commas between them) has "docker".
need_docker() {
	local why
	if ! command -v docker >/dev/null; then
		why='there is no docker command (scripts/ci/docker-up installs it and starts an engine)'
	elif ! why=$(docker version --format '{{.Server.Version}}' 2>&1); then
		why="no Docker engine answers: $(printf '%s\n' "$why" | tail -n 1)"
	else
		return 0
	fi
	case ,${LTB_REQUIRE-}, in
	*,docker,*)
		trap tap_clean EXIT
		echo "1..1"
		echo "not ok 1 - LTB_REQUIRE has docker, but $why"
		exit 1
		;;
	esac
	skip_all "$why"
}

# compose_flavours: which of v1 (docker-compose) and v2 (docker compose) are there, one a line.
compose_flavours() {
	case $(docker-compose version --short 2>/dev/null) in
	1.*) echo v1 ;;
	esac
	case $(docker compose version --short 2>/dev/null) in
	2.* | v2.* | [3-9].* | v[3-9].*) echo v2 ;;
	esac
}

# docker_leftovers [RUN_ID]: what carries the label of that run, or of any; one a line.
docker_leftovers() {
	local filter=label=$run_label${1:+=$1}
	docker ps --all --filter "$filter" --format 'container {{.Names}}'
	docker network ls --filter "$filter" --format 'network {{.Name}}'
	docker volume ls --filter "$filter" --format 'volume {{.Name}}'
}

# docker_remove RUN_ID: takes all of that away, whatever state it is in.
docker_remove() {
	local kind name
	docker_leftovers "${1:?}" | while read -r kind name; do
		if [ "$kind" = container ]; then
			docker rm --force --volumes "$name"
		else
			docker "$kind" rm "$name"
		fi
	done >/dev/null
}

# --- runs of the compose backend in the background -----------------------------------------

runs=()
run=
run_id() { head -n 1 "$1/events.jsonl" | jq -r .run_id; }                                         # RUN
stack() { sed -n 's/^#   docker compose -p \([^ ]*\) up -d .*/\1/p' "$1/compose.yaml"; } # RUN
# start NAME PRESET OPTIONS...: $run, $pid, output in RUN.out
start() {
	run=$work/$1
	runs+=("$run")
	shift
	"$ltb" --batch "$@" --backend compose --out "$run" >"$run.out" 2>&1 &
	pid=$!
	tap_children+=("$pid")
}
await() { # PID: exit status in $status
	wait "$1"
	status=$?
}
has() { grep -q -- "$1" "$run/events.jsonl"; } # REGEXP
driving() { has '"kind":"phase".*"drive"'; }
none_left() { # NAME [RUN]
	is "$1: nothing is left" "$(docker_leftovers "$(run_id "${2-$run}")")" ""
}
# Ends what still runs, and takes all of it away. For the trap at the end.
runs_finish() {
	local p r
	for p in $(tap_running); do kill -INT "$p" && wait "$p"; done
	for r in "${runs[@]}"; do
		[ -s "$r/journal" ] && "$ltb" clean "$r" >/dev/null 2>&1
		[ -s "$r/events.jsonl" ] && docker_remove "$(run_id "$r")"
	done
	tap_finish
}
