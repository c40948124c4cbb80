#!/bin/bash
# What goes wrong under it: nodes murdered, the node program gone, a cluster that does not come up,
# settings files with mistakes, a full screen of what cannot be.
# shellcheck source=../lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"
# shellcheck source=../lib/tui.sh
. "$top/tests/lib/tui.sh"

tui_start 120 36
tui_run "$ltb ui smoke"
see "a run" 'DRIVE' 60
run=$(readlink -f "$XDG_STATE_HOME/ltb/runs/latest")
kill -KILL "$(processes_below "$run/nodes/n1" | head -n 1)"
see "a murdered node is seen" 'dead' 10
tui_key k
see "killing another asks" 'Kill n0\?'
tui_key y
see "killed" 'kill n0: done' 20
tui_key k
see "what is not possible says why" 'n0.*(stopped|not running)'
tui_key s
see "it can be started again" 'start n0: done' 30
tui_key p
see "cutting a node off asks" 'Cut .*n0'
tui_key y
see "cut" 'partition n0 .*: done' 20
tui_key H
see "healed" 'heal: done' 20
tui_key e
see "ending the run asks" 'End the load now'
tui_key y
see "it is judged" '(FAIL|UNKNOWN|PASS) +smoke' 90
tui_key q
tui_wait "left $tui_times with"
ok "no node is left" no_processes_below "$run"

cp "$ltb_node" "$work/my-node"
tui_start 120 36 LOGOS_BLOCKCHAIN_NODE_BIN="$work/my-node"
tui_run "$ltb ui smoke"
see "a run with a node program of one's own" 'DRIVE' 60
run=$(readlink -f "$XDG_STATE_HOME/ltb/runs/latest")
rm "$work/my-node"
tui_key r
tui_key y
see "a restart without the program fails, and says why" 'restart n0: .*(my-node|No such file)' 30
tui_key q
tui_key y
tui_wait "left $tui_times with" 60
ok "no node is left" no_processes_below "$run"
tui_run "clear; $ltb ui smoke"
see "a run that cannot start ends with the reason" 'my-node' 30
tui_key q
tui_wait "left $tui_times with" 30

tui_start 120 36
mkdir -p "$XDG_CONFIG_HOME/ltb"
echo 'restrat: [r]' >"$XDG_CONFIG_HOME/ltb/keys.yaml"
tui_run "$ltb"
see "a key file with a mistake" 'keys.yaml:1:1: .*restart'
tui_status "a key file with a mistake" 2
echo 'kill: [r]' >"$XDG_CONFIG_HOME/ltb/keys.yaml"
tui_run "clear; $ltb"
see "a key with two meanings" 'keys.yaml:1.*restart'
tui_status "a key with two meanings" 2
echo 'help: [ctrl-g]' >"$XDG_CONFIG_HOME/ltb/keys.yaml"
echo 'good: {fg: gren}' >"$XDG_CONFIG_HOME/ltb/theme.yaml"
tui_run "clear; $ltb"
see "a theme with a mistake" 'theme.yaml:1:12: .*green'
tui_status "a theme with a mistake" 2
rm "$XDG_CONFIG_HOME/ltb/theme.yaml"
echo 'mine: rows(nodes blocs)' >"$XDG_CONFIG_HOME/ltb/layouts.yaml"
tui_run "clear; $ltb"
see "a layout with a mistake" 'layouts.yaml:1:7: layout "mine", column 12: unknown pane "blocs"'
tui_status "a layout with a mistake" 2
cat >s.ltb <<'LTB'
wait smoke
do theme
wait theme: default
do theme
do theme
do theme
do theme
wait theme: theme.yaml
do theme
wait theme: default
do seed
wait seed of the next run
key esc
do doctor
wait ALT-x leaves
LTB
echo 'good: {fg: green}' >"$XDG_CONFIG_HOME/ltb/theme.yaml"
echo 'back: [alt-x]' >"$XDG_CONFIG_HOME/ltb/keys.yaml"
rm "$XDG_CONFIG_HOME/ltb/layouts.yaml"
run_status timeout 60 "$ltb" --script s.ltb </dev/null
is "one's own theme comes round again, and keys are called as they are bound: $output" $status 0
rm "$XDG_CONFIG_HOME/ltb/theme.yaml"
echo 'help: [ctrl-g]' >"$XDG_CONFIG_HOME/ltb/keys.yaml"
cat >s.ltb <<'LTB'
size 120 40
wait DRIVE
reject expectations
expect 6 log
do layout
wait layout: default
expect expectations
wait /(PASS|FAIL|UNKNOWN) +smoke/
LTB
echo 'mine: rows(nodes:2 log)' >"$XDG_CONFIG_HOME/ltb/layouts.yaml"
run_status timeout 60 "$ltb" ui smoke --backend fake --pace 10 --script s.ltb </dev/null
is "a run begins with one's own layout, the shipped ones follow: $output" $status 0
rm "$XDG_CONFIG_HOME/ltb/layouts.yaml"
tui_run "clear; $ltb"
see "a key file that is right" 'smoke'
tui_key C-g
see "its key works" 'this list of keys'
tui_key Escape q
tui_status "a key file that is right" 0
