#!/bin/bash
# Terminals of all sorts: sizes, resizing, colours, none at all, Ctrl-Z, signals, a crash.
# shellcheck source=../lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"
# shellcheck source=../lib/tui.sh
. "$top/tests/lib/tui.sh"

run_status "$ltb" </dev/null
is "no terminal: status" $status 2
like "no terminal: points to --batch" "$output" 'ltb --batch PRESET'

tui_start 80 24
tui_run "TERM=dumb $ltb"
tui_status "TERM=dumb" 2
see "TERM=dumb points to --batch" 'ltb --batch PRESET'
tui_run "env -u TERM $ltb"
see "no TERM" 'ltb --batch PRESET'
tui_run "clear; TERM=no-such-terminal $ltb"
see "an unknown TERM is refused with its name" 'no-such-terminal'

for term in xterm xterm-256color vt100 linux screen ansi; do
	for more in "" "NO_COLOR=1" "LC_ALL=C"; do
		# with this one the terminal library loads another for the mouse, which leaks
		[ $term = linux ] && leaks=ASAN_OPTIONS=detect_leaks=0 || leaks=NO_LEAKS=
		tui_start 80 24 "$leaks" ${more:+"$more"}
		before=$(tui_settings)
		tui_run "TERM=$term $ltb"
		see "$term $more: the start screen" 'smoke'
		tui_key '?'
		see "$term $more: help" 'go up a line|this list of keys|edit the selected'
		tui_key Escape q
		tui_status "$term $more" 0
		is "$term $more: the terminal is as before" "$(tui_settings)" "$before"
	done
done

tui_start 80 24 LC_ALL=C
tui_run "$ltb"
see "ASCII only in the C locale" 'smoke'
is "no byte beyond ASCII" "$(tui_screen | LC_ALL=C grep -c '[^ -~]')" 0
tui_key q
tui_status "C locale" 0

# A run of five minutes of simulated time, to be resized, stopped and signalled.
tui_start 80 24
tui_run "$ltb ui smoke --backend fake --duration 5m"
see "80x24: the run" 'DRIVE' 30
see "80x24: nodes" 'n2 '
for size in 300x100 20x5 60x15 100x28 1x1 81x25 200x60 80x24; do
	tui_resize "${size%x*}" "${size#*x}"
	case $size in
	20x5) see "$size: says what is needed" 'at least 60x15' ;;
	1x1) ;;
	*) see "$size: the run" 'DRIVE|smoke' ;;
	esac
done
for i in $(seq 1 60); do tui_resize $((40 + i * 37 % 200)) $((10 + i * 13 % 60)); done
tui_resize 100 30
see "after a storm of resizing" 'DRIVE'
tui_key C-z
see "Ctrl-Z: the shell is back" 'Stopped'
is "Ctrl-Z: the alternate screen is left" "$(tui display -p -t t '#{alternate_on}')" 0
tui_run 'clear; fg'
see "fg: the run again" 'DRIVE|smoke'
see "fg: it says that it was away" 'suspended for'
tui_key C-c
see "Ctrl-C: it is being stopped" "stopping|left $tui_times with"
tui_status "after Ctrl-C" 130

for sig in TERM HUP; do
	tui_start 100 30
	tui_run "$ltb ui smoke --backend fake --duration 5m"
	see "SIG$sig: the run" 'DRIVE' 30
	kill -s $sig "$(tui_pid ltb)"
	tui_status "SIG$sig" $((128 + $(kill -l $sig)))
	is "SIG$sig: the terminal is given back" "$(tui display -p -t t '#{alternate_on}')" 0
done

# (sanitizers want to catch this signal first)
tui_start 100 30 ASAN_OPTIONS=handle_segv=0 TSAN_OPTIONS=handle_segv=0
stty=$(tui_stty)
tui_run "$ltb ui smoke --backend fake --duration 5m"
see "crash: the run" 'DRIVE' 30
kill -s SEGV "$(tui_pid ltb)"
tui_status "crash" 139
is "crash: the terminal is given back" "$(tui display -p -t t '#{alternate_on}')" 0
is "crash: its settings too" "$(tui_stty)" "$stty"

# The terminal goes away under it: the run is wound up in order all the same.
tui_start 100 30
tui_run "$ltb ui smoke"
see "hang-up: the run" 'DRIVE' 60
run=$(readlink -f "$XDG_STATE_HOME/ltb/runs/latest")
tui_kids
ok "hang-up: the run is wound up" wait_for 60 test -s "$run/summary.txt"
ok "hang-up: no node is left" wait_for 30 no_processes_below "$run"
is "hang-up: the verdict is unknown" "$(jq -r .verdict "$run/result.json")" unknown
ok "hang-up: all in order" wait_for 30 grep -q '"op":"done"' "$run/journal"
