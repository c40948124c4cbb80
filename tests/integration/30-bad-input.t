#!/bin/bash
# What is wrong is named, with the right exit status, and nothing is started.
# shellcheck source=../lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"

refused() { # NAME STATUS REGEXP COMMAND...
	local name=$1 want=$2 regexp=$3
	shift 3
	run_status "$@"
	is "$name: exit $want" $status "$want"
	like "$name: says why" "$output" "$regexp"
}

refused "no command" 2 'ltb --help' "$ltb"
refused "unknown command" 2 'did you mean "list"' "$ltb" lst
refused "unknown option" 2 'did you mean "--backend"' "$ltb" --batch smoke --bakend local
refused "missing argument" 2 'needs an argument' "$ltb" --batch smoke --seed
refused "bad duration" 2 '--duration' "$ltb" --batch smoke --duration soon
refused "option of another command" 2 'does not take --junit' "$ltb" list --junit x
refused "unknown preset" 2 'smoke' "$ltb" --batch smok
refused "unknown backend" 2 'local' "$ltb" --batch smoke --backend lokal
refused "unknown key by --set" 2 '--set topology.nodez' "$ltb" --batch smoke --set topology.nodez=3
refused "out of range" 2 'nodes' "$ltb" --batch smoke --set topology.nodes=0

cat >typo.yaml <<'YAML'
version: 1
name: typo
topology:
  nodes: 3
  consensus: {slot_durtion: 500ms}
YAML
refused "typo in a preset" 2 'typo.yaml:5:15: .*slot_durtion.*did you mean "slot_duration"' \
	"$ltb" --batch ./typo.yaml
mkdir -p presets "$XDG_DATA_HOME/ltb/presets"
printf 'version: 1\nsummary: Of this directory.\n' >presets/smoke.yaml
printf 'version: 1\nsummary: My own.\n' >"$XDG_DATA_HOME/ltb/presets/smoke.yaml"
cp "$top/presets/restarts.yaml" presets # the same as the shipped one: nothing to tell
hidden="that of presets/smoke.yaml; not used: $XDG_DATA_HOME/ltb/presets/smoke.yaml and the shipped one"
like "list tells which of three presets of a name is used" "$("$ltb" list presets)" "$hidden"
is "and tells nothing else" "$("$ltb" list presets | grep -c 'not used')" 1
run_status "$ltb" validate smoke
is "validate takes it" $status 0
like "and tells which it was" "$output" "$hidden"
like "describe tells what is not used" "$("$ltb" describe smoke)" "not used: $XDG_DATA_HOME"
like "a run tells it too" "$("$ltb" --batch smoke --backend fake --duration 1s 2>&1)" "$hidden"
run_status "$ltb" validate ./presets/smoke.yaml
is "a path says what is meant" "$output" './presets/smoke.yaml: valid'
rm -r presets "$XDG_DATA_HOME" "$XDG_STATE_HOME"
printf 'version: 1\nname: [\n' >broken.yaml
refused "broken YAML" 2 'broken.yaml:' "$ltb" validate ./broken.yaml
printf 'version: 1\nname: a\nname: b\n' >twice.yaml
refused "duplicate key" 2 'twice.yaml:3:' "$ltb" validate ./twice.yaml
printf 'a: &x [1]\nb: *x\n' >alias.yaml
refused "alias" 2 'alias.yaml:' "$ltb" validate ./alias.yaml
head -c 3000000 /dev/zero | tr '\0' 'a' >huge.yaml
refused "huge preset" 2 'huge.yaml' "$ltb" validate ./huge.yaml
refused "directory as preset" 2 "$work" "$ltb" validate "$work/"
refused "unreadable preset" 2 'missing.yaml' "$ltb" validate ./missing.yaml
is "no run directory was made" "$(ls "$XDG_STATE_HOME" 2>/dev/null)" ""

refused "missing node program" 4 '/nowhere/ltb-node' \
	"$ltb" --batch smoke --set topology.binary=/nowhere/ltb-node --out run-missing
is "a result is written all the same" "$(jq -r '.verdict + " " + (.exit_code | tostring)' \
	run-missing/result.json)" "unknown 4"
ok "and a JUnit report with an error" grep -q '<error' run-missing/junit.xml
ok "nothing runs" no_processes_below "$work/run-missing"

cat >dies <<'SH'
#!/bin/sh
echo "the last words of a node" >&2
exit 9
SH
chmod +x dies
refused "node program that dies" 4 'the last words of a node' \
	"$ltb" --batch smoke --set topology.binary="$work/dies" --out run-dies

mkdir full && echo x >full/x
refused "run directory that is not empty" 2 'empty' "$ltb" --batch smoke --out full
is "it is untouched" "$(cat full/x)" x
refused "run directory below a file" 4 'full/x' "$ltb" --batch smoke --out full/x/run

refused "too few descriptors" 4 'descriptor|ulimit' \
	bash -c 'ulimit -n 60; exec "$@"' _ "$ltb" --batch smoke --set topology.nodes=40 --out run-fds
ok "nothing runs" no_processes_below "$work"

refused "judge without a run" 2 'no run' "$ltb" judge nothing
mkdir fake && echo '{"kind":"nonsense"' >fake/events.jsonl
refused "judge on garbage" 2 'events.jsonl' "$ltb" judge fake/

[ $tap_failed = 0 ]
