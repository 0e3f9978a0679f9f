# bash completion for millrace, millraced and millrace-worker. What may stand where is told by the programs themselves (`millrace complete ...`, cli/complete.c), so
# that this file knows no command, option or setting by name.

# _millrace_told WHAT [COMMAND [OPTION]]: of the millrace that stands beside the program on the command line.
_millrace_told() {
	local program=millrace
	[[ $_millrace_program != */* ]] || program=${_millrace_program%/*}/millrace
	"$program" complete "$@" 2>/dev/null
}

# _millrace_offer WORD WORDS [SUFFIX]: those of WORDS that go on from WORD.
_millrace_offer() {
	local IFS=$'\n'
	COMPREPLY=($(compgen -W "$2" -S "${3-}" -- "$1"))
	# readline joins what stands before a colon or '=' itself
	if [[ $1 == *:* && $COMP_WORDBREAKS == *:* ]]; then
		local before=${1%"${1##*:}"} i=${#COMPREPLY[@]}
		while ((i-- > 0)); do COMPREPLY[i]=${COMPREPLY[i]#"$before"}; done
	fi
}

# _millrace_setting WORD: the value of --set, section.key=value.
_millrace_setting() {
	if [[ $1 == *=* ]]; then
		_millrace_offer "${1#*=}" "$(_millrace_told values "${1%%=*}")"
		[[ $COMP_WORDBREAKS == *=* ]] || COMPREPLY=("${COMPREPLY[@]/#/${1%%=*}=}")
	else
		_millrace_offer "$1" "$(_millrace_told settings)" =
		compopt -o nospace
	fi
}

_millrace() {
	local cur prev words cword command= i _millrace_program=$1
	COMPREPLY=()
	declare -F _get_comp_words_by_ref >/dev/null || return 0
	_get_comp_words_by_ref -n =: cur prev words cword
	local name=${words[0]##*/}
	if [[ $name == millrace ]]; then
		for ((i = 1; i < cword; i++)); do
			case ${words[i]} in
			--config | --set) ((++i)) ;;
			-*) ;;
			*) command=${words[i]} && break ;;
			esac
		done
	fi
	# --option=value is an option and the beginning of its value
	local option=$prev value=$cur
	if [[ $cur == --*=* ]]; then
		option=${cur%%=*} value=${cur#*=}
	fi
	case $option in
	--set)
		_millrace_setting "$value"
		return
		;;
	--stage)
		_millrace_offer "$value" "$(_millrace_told stages)"
		return
		;;
	--*)
		if [[ $name == millrace && -n $command ]]; then
			local choice=$(_millrace_told words "$command" "${option#--}")
			if [[ -n $choice ]]; then
				_millrace_offer "$value" "$choice"
				return
			fi
		fi
		[[ $cur != --*=* && $option != --config ]] || return          # a file: bash's own completion
		;;
	esac
	if [[ $cur == -* ]]; then
		case $name in
		millrace) _millrace_offer "$cur" "$(_millrace_told options $command)" ;;
		*) _millrace_offer "$cur" "$("$1" --help 2>/dev/null | grep -oE -- '(^ +|\[|, )--[a-z][a-z-]*' | tr -d '[, ' | sort -u)" ;;
		esac
		return
	fi
	[[ $name == millrace ]] || return
	if [[ -z $command || $command == help ]]; then
		_millrace_offer "$cur" "$(_millrace_told commands)"$'\nhelp'
	elif [[ $command == check ]]; then
		_millrace_offer "$cur" "$(_millrace_told settings)"
	elif ((cword == i + 1)); then
		_millrace_offer "$cur" "$(_millrace_told forms "$command")"
	fi
}

complete -o bashdefault -o default -F _millrace millrace millraced millrace-worker
