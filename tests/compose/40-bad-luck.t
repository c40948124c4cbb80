#!/bin/bash
# What keeps a compose run from starting: each a cause and a fix, exit 4, and nothing left.
# shellcheck source=../lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"
# shellcheck source=../lib/docker.sh
. "$top/tests/lib/docker.sh"
# shellcheck source=../lib/disk.sh
. "$top/tests/lib/disk.sh"
need_docker

id=bad-luck-test-$$
nobody=65534
finish() {
	umount "$disk" 2>/dev/null
	docker_remove "$id"
	tap_finish
}
trap finish EXIT

skip() { # NAME WHY
	tap_n=$((tap_n + 1))
	echo "ok $tap_n - $1 # SKIP $2"
}

# One run: output in $output, exit status in $status, its id in $run_id; in $run if not told otherwise.
run=$work/run
smoke() { # [VARIABLE=VALUE...] -- OPTIONS...
	local variables=()
	while [ "$1" != -- ]; do variables+=("$1") && shift; done
	shift
	rm -rf "$run"
	run_status env "${variables[@]}" "$ltb" --batch smoke --backend compose --duration 2s --out "$run" "$@"
	run_id=$(id_of_run)
}
id_of_run() { sed -n 's/^.* 3 nodes, run \([^ ]*\)$/\1/p' <<<"$output"; }
nothing_left() { # and the run was one that has a name
	[ -n "$run_id" ] && [ -z "$(docker_leftovers "$run_id")" ] &&
		no_processes_below "$run" && [ -z "$(ls -A "$TMPDIR")" ] && [ ! -e "$run/image.tmp" ]
}
# fails NAME REGEXP [VARIABLE=VALUE...] -- OPTIONS...
fails() {
	local name=$1 regexp=$2
	shift 2
	smoke "$@"
	is "$name: exit status" "$status" 4
	like "$name: cause and fix" "$(tr '\n' ' ' <<<"$output")" "$regexp"
	like "$name: the verdict" "$(jq -r '.verdict, .exit_code' "$run/result.json" | tr '\n' ' ')" '^unknown 4 $'
	ok "$name: nothing is left" nothing_left
}
# doctor_says NAME REGEXP [VARIABLE=VALUE...]
doctor_says() {
	like "$1: doctor" "$(env "${@:3}" "$ltb" doctor | grep '^  compose ')" "MISSING .*$2"
}

# --- the engine ------------------------------------------------------------------------------

cat >stub.pl <<'END' # SOCKET ANSWER: an engine that says the same to everything
use strict;
use IO::Socket::UNIX;
$SIG{PIPE} = 'IGNORE';
my ($path, $answer) = @ARGV;
my $listener = IO::Socket::UNIX->new(Local => "$path.new", Listen => 16) or die "$path: $!";
rename "$path.new", $path or die "$path: $!";
while (my $c = $listener->accept) {
	my $request = '';
	while ($request !~ /\r\n\r\n/) { sysread($c, $request, 4096, length $request) or last }
	syswrite $c, $answer;
}
END
stub=
stub_says() {
	[ -z "$stub" ] || kill "$stub"
	rm -f stub.sock
	perl stub.pl "$work/stub.sock" "$1" &
	stub=$!
	tap_children+=("$stub")
	wait_for 20 [ -S stub.sock ]
}
http() { printf 'HTTP/1.1 %s\r\nContent-Length: %s\r\n\r\n%s' "$1" "${#2}" "$2"; }
version() { http '200 OK' "{\"Version\":\"9.9\",\"ApiVersion\":\"$1\",\"MinAPIVersion\":\"1.12\"}"; }

engine() { # NAME REGEXP DOCKER_HOST [VARIABLE=VALUE...]
	fails "$1" "$2" DOCKER_HOST="$3" "${@:4}" --
	doctor_says "$1" "$2" DOCKER_HOST="$3" "${@:4}"
}
engine "no engine" 'no Docker engine: /nonexistent does not exist .*DOCKER_HOST.*start it' unix:///nonexistent
engine "an engine behind ssh" "'ssh://me@far'.* not supported; forward its socket \(ssh -NL" ssh://me@far
engine "an engine with TLS" "'tcp://127.0.0.1:1'.* TLS, which is not supported.*ssh -NL" tcp://127.0.0.1:1 DOCKER_TLS_VERIFY=1
engine "nobody at the port" 'no Docker engine at tcp://127.0.0.1:1 .*start it' tcp://127.0.0.1:1
engine "no kind of address" "'nonsense'.* none of unix://PATH" nonsense
stub_says 'garbage'
engine "garbage" 'stub.sock .* is no Docker engine: .*; set DOCKER_HOST' "unix://$work/stub.sock"
stub_says "$(http '200 OK' '<html>')"
engine "a web server" 'stub.sock .* is no Docker engine: HTTP 200: <html>; set DOCKER_HOST' "unix://$work/stub.sock"
stub_says "$(version 1.30)"
engine "an old engine" 'version 9.9 \(API 1.30\), which is too old; 20.10 ' "unix://$work/stub.sock"
stub_says "$(version 2.0)"
engine "an engine of the future" 'version 9.9 \(API 2.0\), which is too new' "unix://$work/stub.sock"
kill "$stub"
stub=

name="no permission for the socket"
socket=${DOCKER_HOST:-unix:///var/run/docker.sock}
socket=${socket#unix://}
as_nobody() { setpriv --reuid=$nobody --regid=$nobody --clear-groups "$@"; }
if [ "$(id -u)" != 0 ] || ! command -v setpriv >/dev/null; then
	skip "$name" "it takes root, and setpriv, to become somebody else"
elif [ ! -S "$socket" ] || as_nobody test -w "$socket"; then
	skip "$name" "everybody may use the engine at $socket"
else
	chmod 711 "$work"
	mkdir theirs
	cp "$ltb" "$ltb_node" theirs
	chown -R $nobody theirs
	theirs=(HOME="$work/theirs" TMPDIR="$work/theirs" XDG_STATE_HOME="$work/theirs" XDG_RUNTIME_DIR="$work/theirs")
	run_status as_nobody env "${theirs[@]}" theirs/ltb --batch smoke --backend compose --out theirs/run
	is "$name: exit status" "$status" 4
	like "$name: cause and fix" "$output" "no permission for the Docker engine's socket $socket; .*usermod -aG docker"
	like "$name: doctor" "$(as_nobody env "${theirs[@]}" theirs/ltb doctor | grep '^  compose ')" \
		'MISSING +no permission .*usermod -aG docker'
	rm -rf theirs
fi

# --- Docker Compose --------------------------------------------------------------------------

mkdir empty
fails "no docker-compose" 'docker-compose 1.27 or newer is not to be found; install it .*apt install docker-compose' \
	PATH="$work/empty" -- --set backend.compose.client=v1
if compgen -G '/usr/*/docker/cli-plugins/docker-compose' >/dev/null ||
	compgen -G '/usr/local/*/docker/cli-plugins/docker-compose' >/dev/null; then
	skip "no Docker Compose at all" "this system has the plug-in"
else
	fails "no Docker Compose at all" 'Docker Compose .*is not to be found; install it' \
		PATH="$work/empty" DOCKER_CONFIG="$work/empty" --
	doctor_says "no Docker Compose at all" 'Docker Compose .*is not to be found; install it' \
		PATH="$work/empty" DOCKER_CONFIG="$work/empty"
fi
mapfile -t flavours < <(compose_flavours)

# --- image, node, limits -----------------------------------------------------------------------

fails "no such image" 'the image nosuch.invalid/image:1 .*topology.image.* cannot be pulled: .*(registry|no such image)' -- \
	--set topology.image=nosuch.invalid/image:1
fails "no such program in it" 'no such file or directory.*the image has no such program' -- \
	--set backend.compose.program=/usr/bin/nosuch
fails "nodes that end at once" "node n[0-2] ended while starting \(exit 2\).*unknown option '--nonsense'.*logs/n[0-2].log" -- \
	--set 'topology.args=[--nonsense]'
for n in n0 n1 n2; do
	like "nodes that end at once: the whole log of $n" "$(cat "$run/logs/$n.log")" "unknown option '--nonsense'"
done
for v in "${flavours[@]}"; do
	fails "a limit that cannot be, $v" 'Minimum memory limit allowed is .*choose another one' -- \
		--set backend.compose.client="$v" --set backend.compose.memory=1MiB
	fails "a subnet that is taken, $v" 'Pool overlaps .*choose another backend.compose.subnet' -- \
		--set backend.compose.client="$v" --set backend.compose.subnet="$(docker network inspect --format \
			'{{(index .IPAM.Config 0).Subnet}}' bridge)"
done

# --- ports -----------------------------------------------------------------------------------

cat >hold.pl <<'END' # PORT: has it, or any for 0, and tells it
use strict;
use IO::Socket::INET;
$| = 1;
my $s = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1', LocalPort => $ARGV[0]) or die "$ARGV[0]: $!";
print $s->sockport, "\n";
sleep 600;
END
holder=
hold() { # PORT: in $port
	: >held
	perl hold.pl "$1" >held &
	holder=$!
	tap_children+=("$holder")
	wait_for 20 [ -s held ]
	port=$(cat held)
}
hold 0
fails "a port that is taken" "port $port of this machine, for node n1, .*ss -ltnp.*another backend.compose.first_port" -- \
	--set backend.compose.first_port=$((port - 1))
fails "no port at all" 'port 65536 .* node n2, .*another backend.compose.first_port' -- --set backend.compose.first_port=65534
kill "$holder"

# One that somebody takes between the choice of it and the start of the node: Docker Compose waits
# for that in between.
mkdir -p slow/cli-plugins
if [ "${flavours[0]}" = v1 ]; then
	real="exec '$(command -v docker-compose)'"
else
	real="DOCKER_CONFIG='${DOCKER_CONFIG-}' exec docker compose"
fi
cat >slow/cli-plugins/docker-compose <<END
#!/bin/sh
case " \$* " in *" up "*) until [ -e '$work/go' ]; do sleep 0.05; done ;; esac
$real "\$@"
END
chmod +x slow/cli-plugins/docker-compose
port_of() { sed -n "/^  $1:/,/^  n/s/^ *- \"127\.0\.0\.1:\([0-9]*\):.*/\1/p" "$run/compose.yaml"; }
snatch() { # OPTIONS...: a run whose n1 loses its port; its exit status in $status
	rm -rf "$run" go
	DOCKER_CONFIG="$work/slow" "$ltb" --batch smoke --backend compose --duration 2s --out "$run" "$@" >out 2>&1 &
	local pid=$!
	tap_children+=("$pid")
	wait_for 60 [ -s "$run/compose.yaml" ]
	hold "$(port_of n1)"
	touch go
	wait $pid
	status=$?
	kill "$holder"
	output=$(cat out)
	run_id=$(id_of_run)
}
snatch
is "a port that is snatched: the run passes" "$status" 0
like "it had been one that n1 was to have" "$port" '^[0-9]+$'
ok "n1 got another one" [ "$(port_of n1)" != "$port" ]
ok "nothing is left" nothing_left
snatch --set backend.compose.first_port=$((port + 100))
is "a given port that is snatched: exit status" "$status" 4
like "cause and fix" "$output" 'node n1: .*(already allocated|already in use).*ss -ltnp'
ok "nothing is left" nothing_left

# --- addresses ----------------------------------------------------------------------------------

networks=0
used_up() { ! docker network create --label "$run_label=$id" "$id-$((networks++))" >/dev/null 2>used-up; }
until used_up || [ $networks = 300 ]; do :; done
if grep -q 'address pool' used-up; then
	# whatever others give back meanwhile
	while :; do docker network create --label "$run_label=$id" "$id-$((networks++))" || sleep 0.05; done >/dev/null 2>&1 &
	filler=$!
	tap_children+=("$filler")
	for v in "${flavours[@]}"; do
		fails "no address left for a network, $v" 'address pool.*ltb clean.*backend.compose.subnet=' -- \
			--set backend.compose.client="$v"
	done
	rm -rf "$run"
	"$ltb" --batch smoke --backend compose --duration 2s --out "$run" --set backend.compose.subnet=10.231.7.0/24 \
		>out 2>&1 &
	pid=$!
	tap_children+=("$pid")
	wait_for 60 grep -qs '"phase":"ready"' "$run/events.jsonl"
	kill "$filler"
	wait "$filler" 2>/dev/null
	docker_remove "$id" # others want networks, too
	wait $pid
	is "with a subnet of its own it runs" $? 0
	output=$(cat out)
	run_id=$(id_of_run)
	ok "nothing is left" nothing_left
else
	docker_remove "$id"
	skip "no address left for a network" "the engine has room for $networks more"
fi
is "the test's networks are gone" "$(docker_leftovers "$id")" ""

# --- a full disk --------------------------------------------------------------------------------

if disk_mount 40k; then
	run=$disk/run
	smoke --
	is "a disk too small from the start: exit status" "$status" 4
	like "cause and fix" "$output" 'No space left on device.*(make room, .*--out|is there space left)'
	ok "nothing is left" nothing_left
	rm -rf "$run"
	disk_fills_up "$run" --backend compose
	run_id=$(id_of_run)
	ok "nothing is left" nothing_left
else
	skip "a full disk" "cannot mount a small file system: $(cat mount.err)"
fi

[ $tap_failed = 0 ]
