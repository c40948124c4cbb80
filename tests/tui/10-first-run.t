#!/bin/bash
# As somebody who never saw it: start ltb, run a preset on real nodes, restart
# one by a key, see it come back, get a verdict, leave. Nothing may be left.
# shellcheck source=../lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"
# shellcheck source=../lib/tui.sh
. "$top/tests/lib/tui.sh"

tui_start 120 36
settings=$(tui_settings) stty=$(tui_stty)
tui_run "$ltb"
see "the start screen lists presets" 'smoke'
see "and says how to launch" 'ENTER (launch|open)'
tui_key /
tui send-keys -t t -l restarts
tui_key Enter
see "a preset is found by its name" 'restarts +.*'
see "its summary is shown" 'killed and restarted'
tui_key Escape
see "the list is whole again" 'tx-load'
tui_key Home
tui_key /
tui send-keys -t t -l smoke
tui_key Enter
tui_key Enter
see "launching brings the panes of the run" 'nodes' 60
see "the load begins" 'DRIVE' 60
run=$(readlink -f "$XDG_STATE_HOME/ltb/runs/latest")
see "three nodes are ready" '3 up' 30
see "blocks come in" 'interval' 30

tui_key 1
tui_key r
see "a restart asks first" 'Restart n0\?'
tui_key n
gone "no is an answer" 'Restart n0\?'
tui_key r
tui_key y
see "the restart is done" 'restart n0: done' 30
height() { tui_screen | sed -nE 's/.*n0 +[^0-9]*(online|ready|up)[^0-9]+([0-9,]+).*/\2/p' | tr -d , | head -n 1; }
ok "the restart is counted" wait_for 30 jq -se \
	'[.[] | select(.kind == "command" and .text == "restart n0" and .ok and .source == "key")] | length == 1' \
	"$run/events.jsonl"
recovered() {
	jq -se 'map(select(.kind == "node_sample" and .ok)) | group_by(.node) | map(.[-1].height) |
		(max - min) <= 2 and length == 3' "$run/events.jsonl"
}
ok "its height recovers" wait_for 30 recovered
tui_key m
see "a note can be made" 'Note'
tui send-keys -t t -l 'looks fine'
tui_key Enter
see "the note is in the log" 'looks fine'
tui_key '?'
see "help explains the keys" 'restart the selected node'
tui_key Escape

see "the run ends with a verdict" '(PASS|FAIL|UNKNOWN) +smoke' 90
see "it passes" 'PASS +smoke'
see "it says what it rests on" 'consensus_liveness'
see "and where the run is" "$(basename "$run")"
is "result.json agrees" "$(jq -r .verdict "$run/result.json")" pass
tui_key q
tui_status "after a run that passed" 0
is "the terminal is as before" "$(tui_settings)" "$settings"
is "and its settings too" "$(tui_stty)" "$stty"
ok "no node is left" no_processes_below "$run"

# Again, to interrupt: quitting asks, winds up, and says so by its status.
tui_run "$ltb ui smoke"
see "a preset can be launched at once" 'DRIVE' 60
run=$(readlink -f "$XDG_STATE_HOME/ltb/runs/latest")
tui_key q
see "quitting a run that goes on asks" 'Stop this run'
tui_key y
tui_status "after quitting" 130
is "its verdict is unknown" "$(jq -r .verdict "$run/result.json")" unknown
ok "no node is left after quitting" no_processes_below "$run"
is "the terminal is as before" "$(tui_settings)" "$settings"
