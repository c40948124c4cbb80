#!/bin/bash
# Every action in the table is handled where it is offered; random keys and
# actions, by the thousand, break nothing.
# shellcheck source=../lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"

"$ltb" --batch smoke --backend fake -q >/dev/null
recorded=$(readlink -f "$XDG_STATE_HOME/ltb/runs/latest")

# drive SCRIPT ARGUMENTS...: status and output as run_status leaves them
drive() {
	printf '%s\n' "$1" >s.ltb
	shift
	run_status timeout 120 "$ltb" "$@" --script s.ltb </dev/null
}

# handled ACTION: by at least one of the screens on which it is offered
handled() {
	local where try
	case $2 in
	everywhere) where="start replay" ;;
	*presets*) where=start ;;
	*editor*) where=edit ;;
	replay) where=replay ;;
	*"going on"*) where=live ;;
	*panes*) where=replay ;;
	"end of a run") where=end ;;
	*) echo "no screen is known for: $2" && return 1 ;;
	esac
	for try in $where; do
		case $try in
		start) drive $'wait smoke\n'"do $1" ui ;;
		edit) drive $'wait smoke\nkey e\nwait sections\n'"do $1" ui ;;
		live) drive $'wait DRIVE\n'"do $1" ui smoke --backend fake --pace 20 ;;
		replay) drive $'wait nodes\n'"$prepare"$'\n'"do $1" replay "$recorded" ;;
		end) drive $'wait /PASS +smoke/\n'"do $1" ui smoke --backend fake --pace 0 ;;
		esac
		case $output in
		*"nothing here takes this action"*) ;;
		*) [ "$status" = 0 ] || [ "$status" = 130 ] && return 0 ;;
		esac
	done
	printf '%s\n' "$output" | tail -n 3
	return 1
}

context='' count=0
while IFS= read -r line; do
	case $line in
	"  "*)
		name=${line#  }
		name=${name%% *}
		count=$((count + 1))
		prepare=
		case $name in
		suspend) continue ;; # needs a terminal: tests/tui/20-terminals
		next-match | previous-match) prepare=$'key ] ] ] ] ] ] ] ]\nwait reorg\nkey 6\nkey /\ntype reorg\nkey enter' ;;
		left | right) prepare='key 7' ;;
		esac
		ok "$context: $name" handled "$name" "$context"
		;;
	*) context=$line ;;
	esac
done < <("$ltb" list actions)
ok "there are actions" test "$count" -gt 60

# A monkey at the keys. Nothing that leaves: q and ctrl-c are not among its keys.
keys=(up down left right pageup pagedown home end enter esc tab shift-tab space backspace delete
	/ ? : a b c d e f g h j k l m n o p r s t u v w x y z A B D G H J K L N O P R U 0 1 2 3 4 5 6 7 8 9
	+ - "=" "." "," "[" "]" ctrl-a ctrl-e ctrl-k ctrl-l ctrl-p ctrl-r ctrl-s ctrl-u ctrl-w f1 f5 alt-x)
monkey() { # SEED COUNT WIDTH HEIGHT ARGUMENTS...
	local i script
	RANDOM=$1
	script="size $3 $4"$'\ntimeout 20s\n'
	for ((i = 0; i < $2; i++)); do
		script+="key ${keys[RANDOM % ${#keys[@]}]}"$'\n'
		((RANDOM % 40)) || script+="size $((RANDOM % 200 + 1)) $((RANDOM % 70 + 1))"$'\n'
	done
	shift 4
	drive "$script" "$@"
	[ "$status" = 0 ] || [ "$status" = 130 ] || [ "$status" = 1 ] || [ "$status" = 3 ] || {
		echo "status $status"
		printf '%s\n' "$output" | tail -n 20
		return 1
	}
	! grep -qE 'Sanitizer|runtime error' <<<"$output"
}
for seed in 1 2 3; do
	ok "monkey $seed at the start screen" monkey $seed 1500 80 24 ui
	ok "monkey $seed in the editor and beyond" monkey 1$seed 1500 120 40 ui --ascii
	ok "monkey $seed in a recording" monkey 2$seed 1500 120 36 replay "$recorded"
	ok "monkey $seed in a run" monkey 3$seed 1500 160 50 ui restarts --backend fake --pace 20
done
