#!/usr/bin/env bash
# all.sh [--quick] - every test; `./run test` built everything before. Unit tests come first; then six lanes run beside each other, because the system tests
# mostly wait: two lanes compute (fuzzing; static tests and the model), four have a Kafka each. Each part adds "passed failed skipped" to a tally; the last line sums them.
# A part that ends badly without having counted a failure counts as one.
set -uo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
python=/usr/bin/python3                       # Debian's: it has the packages
work=$(mktemp -d "${TMPDIR:-/tmp}/millrace-test.XXXXXX")
tally=$work/tally
reasons=$work/reasons
took=$work/took
: >"$tally"; : >"$reasons"; : >"$took"
trap 'rm -rf "$work"' EXIT

say() { printf '%s\n' "$*"; }
count() { printf '%s %s %s\n' "$1" "$2" "$3" >>"$tally"; }
# skip REASON: a part that cannot run here. Where nothing may be skipped it is a failure.
skip() {
	if [ "${MILLRACE_REQUIRE_KAFKA:-}" = 1 ]; then say "FAILED: $*"; count 0 1 0; else say "skipped: $*"; printf '%s\n' "$*" >>"$reasons"; count 0 0 1; fi
}
title() { printf '\n== %s (%s s)\n' "$*" "$SECONDS"; }
ended() { printf '%6d s  %s\n' $((SECONDS - $2)) "$1" >>"$took"; }

# part NAME LIMIT COMMAND...: a program that may end with a line "N passed, N failed[, N skipped]"; without one it is a test itself.
part() {
	local name=$1 limit=$2 log line code begin=$SECONDS
	shift 2
	log=$(mktemp "$work/part.XXXXXX")
	title "$name"
	timeout -k 10 "$limit" "$@" 2>&1 | tee "$log" | sed -uE 's/^([0-9]+ passed, [0-9]+ failed)/  \1/'
	code=${PIPESTATUS[0]}
	ended "$name" "$begin"
	[ "$code" -ne 124 ] || say "$name took longer than $limit s"
	line=$(grep -E '^[0-9]+ passed, [0-9]+ failed(, [0-9]+ skipped)?$' "$log" | tail -1 | tr -dc '0-9 ')
	if [ -z "$line" ]; then
		if [ "$code" -eq 0 ]; then count 1 0 0; else count 0 1 0; fi
		return
	fi
	set -- $line
	if [ "$code" -ne 0 ] && [ "$2" -eq 0 ]; then set -- "$1" 1 "${3:-0}"; fi
	count "$1" "$2" "${3:-0}"
}

# python_part NAME LIMIT FILE...: Python tests count through tests/conftest.py, into the same tally.
python_part() {
	local name=$1 limit=$2 own code begin=$SECONDS
	shift 2
	own=$(mktemp "$work/python.XXXXXX")
	title "$name"
	MILLRACE_TALLY=$own MILLRACE_REASONS=$reasons timeout -k 30 "$limit" "$python" -m pytest -q -p no:cacheprovider --basetemp="$own.files" "$@"
	code=$?
	ended "$name" "$begin"
	cat "$own" >>"$tally"
	[ -s "$own" ] || { [ $code -eq 5 ] || { say "$name ended with $code before it had counted"; count 0 1 0; }; }
	rm -rf "$own.files"
}

fuzzing() {
	renice -n 5 "$BASHPID" >/dev/null     # the others measure time
	if command -v clang >/dev/null; then
		part "fuzz targets" 1200 env MILLRACE_FUZZ_JOBS=1 tests/fuzz/run.sh "${MILLRACE_FUZZ_SECONDS:-300}"
	else
		skip "fuzz targets: no clang here"
	fi
}

computing() {
	renice -n 5 "$BASHPID" >/dev/null
	python_part "static tests" 600 tests/static
	python_part "golden tests" 600 tests/golden
	if command -v spin >/dev/null; then
		part "model of the epoch protocol" 900 tests/model/check.sh quick
		part "model: every known mistake is caught" 600 tests/model/check.sh mutations
	else
		skip "the model: no spin here"
	fi
}

# Which file is in which lane makes the four take about as long; trouble and journal wait for sessions and transactions to time out, and need little meanwhile.
trouble=(tests/system/test_faults.py tests/system/test_harness.py)
journal=(tests/system/test_journal.py tests/system/test_scale.py)
people=()
rest=()
for file in tests/system/test_*.py; do
	case $file in
	*/test_ctl.py|*/test_page.py|*/test_top_tap.py|*/test_load.py|*/test_warehouse.py|*/test_observed.py|*/test_docs.py|*/test_sink.py|*/test_watches.py) people+=("$file") ;;
	*) [[ " ${trouble[*]} ${journal[*]} " == *" $file "* ]] || rest+=("$file") ;;
	esac
done

lane() { local name=$1; shift; "$@" 2>&1 | sed -u "s/^/[$name] /"; }

part "unit tests, ASan and UBSan" 900 tests/unit/run.sh build-asan
part "unit tests, release" 900 tests/unit/run.sh build
if [ "${1:-}" != --quick ]; then
	lane fuzz fuzzing &
	lane compute computing &
	lane faults python_part "system tests: trouble" 1500 "${trouble[@]}" &
	lane journal python_part "system tests: journal, other hosts" 1500 "${journal[@]}" &
	lane people python_part "system tests: what people see, load and steer" 1500 "${people[@]}" &
	lane system python_part "system tests: promises, groups, operation" 1500 "${rest[@]}" &
	wait
fi

if [ -s "$reasons" ]; then
	printf '\nskipped:\n'
	sort "$reasons" | uniq -c | sort -rn | sed 's/^ *\([0-9]*\) /  \1 x /'
fi
printf '\ntook:\n'
cat "$took"
times >"$work/times"                          # no pipe: a child would tell its own
printf '%6d s  all; processor time, user and system: %s\n' "$SECONDS" "$(tail -1 "$work/times")"
awk '{ p += $1; f += $2; s += $3 } END { printf "%d passed, %d failed", p, f; if (s) printf ", %d skipped", s; print ""; exit (f > 0 || p == 0) }' "$tally"
