# TAP for the integration tests, and a clean place for each to work in.
# Source it first: it pins everything that could leak in from outside.
# shellcheck shell=bash disable=SC2034 # variables are for those that source it
set -u
export LC_ALL=C.UTF-8 TZ=UTC
unset NO_COLOR CLICOLOR_FORCE SLOW_TEST_ENV
for tap_variable in "${!LOGOS_BLOCKCHAIN_@}" "${!CONSENSUS_@}" "${!TESTNET_@}" "${!COMPOSE_@}" \
	"${!K8S_@}"; do
	unset "$tap_variable"
done
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=${LTB_BUILD:-$top/build}
ltb=$build/ltb
ltb_node=$build/ltb-node
work=$(mktemp -d)
export HOME=$work/home TMPDIR=$work/tmp XDG_STATE_HOME=$work/state XDG_DATA_HOME=$work/data
export XDG_CONFIG_HOME=$work/config XDG_CACHE_HOME=$work/cache XDG_RUNTIME_DIR=$work/runtime
mkdir -p "$HOME" "$TMPDIR" "$XDG_RUNTIME_DIR"
cd "$work" || exit 1
tap_n=0
tap_failed=0
tap_children=()

# Those of tap_children that have not ended; the number of one that has may be somebody else's.
tap_running() {
	local p
	for p in $(jobs -pr); do
		[[ " ${tap_children[*]} " != *" $p "* ]] || echo "$p"
	done
}
# Ends what is left of this test.
tap_clean() {
	local p
	for p in $(tap_running); do kill -KILL "$p" 2>/dev/null; done
	cd / && rm -rf "$work"
}
tap_finish() {
	tap_clean
	echo "1..$tap_n"
}
trap tap_finish EXIT

# skip_all WHY: leaves the test, which cannot be run here.
skip_all() {
	trap tap_clean EXIT
	echo "1..0 # SKIP $1"
	exit 0
}

# ok NAME COMMAND...: passes when the command does; shows its output otherwise.
# The command is often a function of the test: no variable of its own may be hidden from it.
ok() {
	local tap_name=$1 tap_output
	shift
	tap_n=$((tap_n + 1))
	if tap_output=$("$@" 2>&1); then
		echo "ok $tap_n - $tap_name"
	else
		echo "not ok $tap_n - $tap_name"
		printf '%s\n' "$tap_output" | tail -n 40 | sed 's/^/# /'
		tap_failed=$((tap_failed + 1))
	fi
}

# is NAME GOT WANTED
is() {
	tap_n=$((tap_n + 1))
	if [ "$2" = "$3" ]; then
		echo "ok $tap_n - $1"
	else
		echo "not ok $tap_n - $1"
		printf '#      got: %s\n#   wanted: %s\n' "$2" "$3"
		tap_failed=$((tap_failed + 1))
	fi
}

# like NAME TEXT EXTENDED_REGEXP
like() {
	tap_n=$((tap_n + 1))
	if printf '%s\n' "$2" | grep -qE -- "$3"; then
		echo "ok $tap_n - $1"
	else
		echo "not ok $tap_n - $1"
		printf '%s\n' "$2" | tail -n 30 | sed 's/^/#      got: /'
		printf '#   wanted: %s\n' "$3"
		tap_failed=$((tap_failed + 1))
	fi
}

# wait_for SECONDS COMMAND...: polls until the command succeeds.
wait_for() {
	local tap_end=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $tap_end ] || return 1
		sleep 0.05
	done
}

# run_status COMMAND...: output in $output, exit status in $status.
run_status() {
	output=$("$@" 2>&1)
	status=$?
}

# Processes that carry a directory of this test in their arguments.
processes_below() { pgrep -f -- "$1/"; }
no_processes_below() { ! processes_below "$1"; }
