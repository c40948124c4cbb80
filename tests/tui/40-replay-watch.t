#!/bin/bash
# Recorded runs in the same panes, and a batch run watched from a second terminal.
# shellcheck source=../lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"
# shellcheck source=../lib/tui.sh
. "$top/tests/lib/tui.sh"

run_status "$ltb" --batch restarts --backend fake -q
is "a run to be replayed" $status 0
tui_start 120 36
tui_run "$ltb replay"
see "replay: the panes" 'restarts' 20
see "replay: it plays" 'replay'
see "replay: it began at the start" '0:0[0-9]/1:'
tui_key p
see "replay: paused" 'paused'
for _ in $(seq 1 12); do tui_key ']'; done
see "replay: sought forward" '0:[34][0-9]/1:'
tui_key '['
tui_key r
see "replay: nothing can be changed" 'does nothing here'
for _ in $(seq 1 22); do tui_key ']'; done
see "replay: the end, with its verdict" 'PASS'
for _ in $(seq 1 25); do tui_key '['; done
see "replay: back at the start" '0:00/1:'
gone "replay: where there is no verdict yet" 'PASS$'
tui_key q
tui_status "replay" 0

run_status "$ltb" replay no-such-run
is "replay of what is not there" $status 2
mkdir bad && echo garbage >bad/events.jsonl
tui_run "clear; $ltb replay ./bad"
tui_status "replay of garbage" 2
tui_run "clear; $ltb watch ./bad"
tui_status "watching garbage" 2

"$ltb" --batch smoke -q --out "$work/live" >/dev/null 2>&1 &
pid=$!
tap_children+=("$pid")
wait_for 30 test -s "$work/live/events.jsonl"
tui_run "clear; $ltb watch $work/live"
see "watch: the run of another" 'watching' 20
see "watch: as it goes" 'DRIVE|ready' 60
tui_key r
see "watch: it cannot be disturbed" 'does nothing here|only be watched'
see "watch: its end" 'it has ended' 90
see "watch: its verdict" 'PASS$'
wait $pid
is "the run was not disturbed" $? 0
tui_key q
tui_status "watch" 0
