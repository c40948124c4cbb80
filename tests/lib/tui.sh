# Drives a program in a real terminal (tmux), for the tests in tests/tui. Source
# after tap.sh. Waits for what is on the screen, never for time to pass.
# shellcheck shell=bash
# shellcheck disable=SC2154 # of tap.sh
tui_socket=$work/tmux-0.sock
tui_n=0
tui_kids() { tmux -S "$tui_socket" kill-server 2>/dev/null; }
trap 'tui_kids; tap_finish' EXIT

tui() { tmux -S "$tui_socket" "$@"; }

# tui_start COLUMNS ROWS [NAME=VALUE...]: a shell in a terminal of this size.
tui_start() {
	local w=$1 h=$2
	shift 2
	tui_kids
	# a server that is being killed still has its socket for a moment
	tui_n=$((tui_n + 1))
	tui_socket=$work/tmux-$tui_n.sock
	tui -f /dev/null new-session -d -x "$w" -y "$h" -s t \
		env PS1='ready> ' "$@" bash --norc --noprofile -i
	tui set -g status off
	tui set -g escape-time 10
	tui set -g history-limit 2000
	tui_wait 'ready>'
}

# tui_type TEXT: as typed, then Enter.
tui_type() {
	tui send-keys -t t -l -- "$1"
	tui send-keys -t t Enter
}
# tui_key NAME...: tmux's names (Enter, Escape, Tab, Up, C-c) or single characters.
tui_key() { tui send-keys -t t -- "$@"; }
tui_screen() { tui capture-pane -p -t t; }

tui_shows() { tui_screen | grep -qE -- "$1"; }
tui_lacks() { ! tui_shows "$1"; }
# tui_wait REGEXP [SECONDS]
tui_wait() {
	wait_for "${2:-30}" tui_shows "$1" && return
	echo "waited in vain for: $1"
	tui_screen
	return 1
}
tui_wait_gone() {
	wait_for "${2:-30}" tui_lacks "$1" && return
	echo "still there: $1"
	tui_screen
	return 1
}
# see NAME REGEXP [SECONDS], gone NAME REGEXP [SECONDS]: as tests
see() { ok "$1" tui_wait "$2" "${3:-30}"; }
gone() { ok "$1" tui_wait_gone "$2" "${3:-30}"; }

# tui_run COMMAND: starts it; tui_status NAME WANTED: its exit status once the shell is back.
# Each time has a number, so that what is still on the screen of another is not taken for this one.
tui_times=0
tui_run() {
	tui_times=$((tui_times + 1))
	tui_type "$1; echo \"left $tui_times with \$?.\""
}
tui_status() {
	ok "$1: ltb has left" tui_wait "^left $tui_times with [0-9]+\." "${3:-60}"
	is "$1: exit status" \
		"$(tui_screen | sed -n "s/^left $tui_times with \([0-9]*\)\..*/\1/p" | tail -n 1)" "$2"
}
# The terminal's settings and what surrounds the screen, to be compared before and after.
tui_settings() { tui display -p -t t '#{alternate_on} #{cursor_flag} #{mouse_any_flag} #{keypad_cursor_flag}'; }
tui_stty() { stty -a -F "$(tui display -p -t t '#{pane_tty}')"; }
tui_resize() { tui resize-window -t t -x "$1" -y "$2"; }
# process ids of the program in the pane
tui_pid() { pgrep -P "$(tui display -p -t t '#{pane_pid}')" -x "$1"; }
