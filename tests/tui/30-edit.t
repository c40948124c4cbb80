#!/bin/bash
# Building a scenario: from a preset, with wrong input in every kind of field, to
# a run of what was built, and to a preset that the other commands can use.
# shellcheck source=../lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"
# shellcheck source=../lib/tui.sh
. "$top/tests/lib/tui.sh"

tui_start 120 36
tui_run "$ltb"
see "the start screen" 'smoke'
tui_key /
tui send-keys -t t -l smoke
tui_key Enter e
see "the editor" 'edit preset smoke'
see "it is valid" 'valid'

# section NAME: goes there by Tab
section() {
	for _ in 1 2 3 4 5 6 7 8 9 10 11; do
		tui_shows "▸ $1" && return
		tui_key Tab
		sleep 0.1
	done
	return 1
}
# wrong FIELD VALUE REGEXP: the value is refused with this message, and nothing changes
wrong() {
	local field=$1 value=$2 message=$3
	for _ in $(seq 1 40); do
		tui_shows "▸ +$field " && break
		tui_key Down
		sleep 0.05
	done
	tui_key Enter
	tui_wait 'ENTER takes it' 5 || return 1
	tui_key C-u
	tui send-keys -t t -l -- "$value"
	tui_wait "$message" 5 || return 1
	tui_key Enter
	tui_wait 'ENTER takes it' 5 || return 1 # still asking
	tui_key Escape
	tui_wait_gone 'ENTER takes it' 5
}

ok "section topology" section topology
ok "nodes: none" wrong nodes 0 '1'
ok "nodes: a word" wrong nodes many 'whole number|expected'
ok "nodes: too many" wrong nodes 99999 '1000'
ok "nodes: 2^64" wrong nodes 18446744073709551616 'expected|1000|large'
ok "section consensus" section consensus
ok "a duration without a unit" wrong slot_duration 500 'unit|ms'
ok "a duration that is too short" wrong slot_duration 1ms '100ms'
ok "a share above 1" wrong active_slot_coeff 1.5 '1'
ok "a share that is no number" wrong active_slot_coeff nan 'number|expected'
ok "section wallets" section wallets
ok "a negative count" wrong count -1 'expected|number'
ok "section workloads" section workloads
ok "a rate below 0" wrong rate -3 'expected|above|least|0'
ok "section run" section run
ok "a duration that is a word" wrong duration soon 'duration|expected'
ok "a seed that is a word" wrong seed lucky 'number|expected'
see "all the while nothing has changed" 'valid'
gone "not even marked as changed" 'edit preset smoke \*|changed'

# What only the whole can tell is shown, not refused: more users than wallets.
section wallets
for _ in 1 2 3; do tui_shows '▸ +count' && break; tui_key Down; sleep 0.1; done
tui_key Enter C-u
tui send-keys -t t -l 10
tui_key Enter
see "more users than wallets is told" 'users is 20, but there are only 10 wallets'
tui_key u
see "undo" '✓ valid'

section run
for _ in 1 2 3 4 5; do tui_shows "▸ +duration" && break; tui_key Down; sleep 0.1; done
tui_key Enter C-u
tui send-keys -t t -l 12s
tui_key Enter
see "the preview follows" '0:15'
section workloads
tui_key a
see "what can be added, in a list" 'add a workload'
tui_key Enter
see "a workload can be added" 'transactions-2'
tui_key D
see "and doubled" 'transactions-3'
tui_key u
gone "and each change undone" 'transactions-3'
tui_key u
gone "to the first" 'transactions-2'
section faults
tui_key a
see "faults in a list" 'type to narrow'
see "with what they do" 'timeline +Carries out'
tui_key Escape
gone "that can be left" 'type to narrow'
section backend
tui_key Enter
see "backends in a list" 'simulation|fake'
tui send-keys -t t -l fake
tui_key Enter
see "another backend" 'fake'
tui_key w
see "saving asks for a name" 'ENTER takes it'
tui_key C-u
tui send-keys -t t -l 'a b'
tui_key Enter
see "not for any name" 'letters, digits'
tui_key C-u
tui send-keys -t t -l mine
tui_key Enter
see "it is saved" 'mine'
ok "the file is there" wait_for 10 test -s "$XDG_DATA_HOME/ltb/presets/mine.yaml"
run_status "$ltb" validate mine
is "it is valid for the command line too" "$output" 'mine: valid'
run_status "$ltb" --batch mine -q
is "and runs there" $status 0

tui_key F5
see "it can be launched from the editor" 'DRIVE|PASS' 30
see "and ends with a verdict" 'PASS +mine' 60
tui_key Escape
see "back at the start, it is listed" 'mine'
see "with its run" 'today'
tui_key q
tui_status "after editing" 0
