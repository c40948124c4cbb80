#!/bin/bash
# --script: the same application without a terminal; what is wrong with a script is told before
# anything starts, what it waits for in vain afterwards.
# shellcheck source=../lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"

script() { # TEXT [ARGUMENTS]: runs it; $status, $output
	printf '%s\n' "$1" >s.ltb
	shift
	run_status timeout 120 "$ltb" "${@:-ui}" --script s.ltb </dev/null
}
refused() { # NAME TEXT REGEXP
	script "$2"
	is "$1: status" "$status" 2
	like "$1: message" "$output" "$3"
}

ok "the manual has the keys of the program" "$top/scripts/keys-man" "$build" --check

refused "an unknown statement" 'wiat smoke' 's.ltb:1: unknown statement "wiat"; did you mean "wait"'
refused "an unknown key" $'\nkey entr' 's.ltb:2: "entr" is no key'
refused "an unknown action" 'do lunch' 'no action "lunch"; did you mean "launch"'
refused "a bad command" 'command restart' 's.ltb:1: '
refused "a bad pattern" 'wait /(/' 's.ltb:1'
refused "more behind a pattern" 'wait /smoke/ 60s' 's.ltb:1: nothing can follow /regexp/'
refused "a bad size" 'size 80x24' 'COLUMNS ROWS'
refused "a bad time" 'sleep 3' 's.ltb:1: '
head -c 3000 /dev/urandom >garbage
run_status "$ltb" ui --script garbage </dev/null
is "garbage" $status 2
run_status "$ltb" ui --script nowhere </dev/null
is "no such file" $status 2

script $'size 90 30\nwait smoke\nsave start\nexpect presets\nreject no such text'
is "looking at the start screen" $status 0
like "the screen as text" "$(cat start.txt)" 'smoke'
is "of the size that was asked for" "$(wc -l <start.txt)" 30
ok "the screen as SVG" xmllint --noout start.svg
script $'timeout 300ms\nwait no such text'
is "waiting in vain" $status 1
like "says where" "$output" 's.ltb:2: waited in vain: no such text'
like "and shows the screen" "$output" 'smoke'

# A whole run, disturbed, on the simulated cluster ten times as fast.
script 'size 120 36
wait DRIVE
command restart n1
wait restart n1: done
command note here it was
wait here it was
command rate transactions 20
wait rate transactions 20: done
command partition n0 | n1 n2
wait done
wait partition
command heal
wait heal: done
wait /(PASS|FAIL|UNKNOWN) +smoke/
save end' ui smoke --backend fake --pace 10
is "a run that was steered" $status 0
run=$(readlink -f "$XDG_STATE_HOME/ltb/runs/latest")
is "every command is in the recording" "$(jq -r 'select(.kind == "command" and .source == "key") | .text' \
	"$run/events.jsonl" | tr '\n' ';')" \
	'restart n1;note here it was;rate transactions 20;partition n0 | n1 n2;heal;'
ok "the recording is judged the same again" "$ltb" judge "$run"

# The session as a preset: the same things happen again, without anybody at the keys.
script 'wait 0:
do export
wait ENTER takes it
key ctrl-u
type drill
key enter
wait saved as preset drill' replay "$run"
is "a session is exported" $status 0
run_status "$ltb" validate drill
is "it is a valid preset" "$output" 'drill: valid'
run_status "$ltb" --batch drill --backend fake -q
is "and does it all again" $status 0
run=$(readlink -f "$XDG_STATE_HOME/ltb/runs/latest")
is "by the timeline" "$(jq -r 'select(.kind == "command" and .source == "timeline") | .text' \
	"$run/events.jsonl" | tr '\n' ';')" \
	'restart n1;note here it was;rate transactions 20;partition n0 | n1 n2;heal;'

script 'wait DRIVE
command pause n1
wait paused
timeout 1s
wait no such text' ui smoke
is "a script that fails in the middle of a run" $status 1
run=$(readlink -f "$XDG_STATE_HOME/ltb/runs/latest")
ok "leaves no node" no_processes_below "$run"
is "and a result" "$(jq -r .verdict "$run/result.json")" unknown
