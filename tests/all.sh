#!/usr/bin/env bash
# all.sh - every test, one after the other; `./run test` built everything before. Each part adds "passed failed skipped" to a tally;
# the last line sums them. A part that ends badly without having counted a failure counts as one.
set -uo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
python=/usr/bin/python3                       # Debian's: it has the packages
work=$(mktemp -d "${TMPDIR:-/tmp}/millrace-test.XXXXXX")
tally=$work/tally
reasons=$work/reasons
: >"$tally"; : >"$reasons"
trap 'rm -rf "$work"' EXIT

say() { printf '%s\n' "$*"; }
count() { printf '%s %s %s\n' "$1" "$2" "$3" >>"$tally"; }
# skip REASON: a part that cannot run here. Where nothing may be skipped it is a failure.
skip() {
	if [ "${MILLRACE_REQUIRE_KAFKA:-}" = 1 ]; then say "FAILED: $*"; count 0 1 0; else say "skipped: $*"; printf '%s\n' "$*" >>"$reasons"; count 0 0 1; fi
}
title() { printf '\n== %s (%s s)\n' "$*" "$SECONDS"; }

# part NAME LIMIT COMMAND...: a program that may end with a line "N passed, N failed[, N skipped]"; without one it is a test itself.
part() {
	local name=$1 limit=$2 log=$work/part.log line code
	shift 2
	title "$name"
	timeout -k 10 "$limit" "$@" 2>&1 | tee "$log" | sed -E 's/^([0-9]+ passed, [0-9]+ failed)/  \1/'
	code=${PIPESTATUS[0]}
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

# Python tests count through tests/conftest.py, into the same tally.
python_part() {
	local name=$1 limit=$2 before
	shift 2
	title "$name"
	before=$(wc -l <"$tally")
	MILLRACE_TALLY=$tally MILLRACE_REASONS=$reasons timeout -k 30 "$limit" "$python" -m pytest -q -p no:cacheprovider --basetemp="$PWD/build/pytest" "$@"
	local code=$?
	[ "$(wc -l <"$tally")" -gt "$before" ] || { [ $code -eq 5 ] || { say "$name ended with $code before it had counted"; count 0 1 0; }; }
}

part "unit tests, ASan and UBSan" 900 tests/unit/run.sh build-asan
part "unit tests, release" 900 tests/unit/run.sh build

if [ "${1:-}" != --quick ]; then
	if [ -x tests/model/check.sh ]; then
		if command -v spin >/dev/null; then
			part "model of the epoch protocol" 900 tests/model/check.sh quick
			part "model: every known mistake is caught" 600 tests/model/check.sh mutations
		else
			skip "the model: no spin here"
		fi
	fi
	if ! ls tests/fuzz/fuzz_*.c >/dev/null 2>&1; then
		:
	elif command -v clang >/dev/null; then
		part "fuzz targets" 900 tests/fuzz/run.sh "${MILLRACE_FUZZ_SECONDS:-300}"
	else
		skip "fuzz targets: no clang here"
	fi
	for folder in tests/static tests/golden; do
		! ls "$folder"/test_*.py >/dev/null 2>&1 || python_part "${folder#tests/} tests" 600 "$folder"
	done
	python_part "system tests" 1500 tests/system
fi

if [ -s "$reasons" ]; then
	printf '\nskipped:\n'
	sort "$reasons" | uniq -c | sort -rn | sed 's/^ *\([0-9]*\) /  \1 x /'
fi
printf '\n(%s s)\n' "$SECONDS"
awk '{ p += $1; f += $2; s += $3 } END { printf "%d passed, %d failed", p, f; if (s) printf ", %d skipped", s; print ""; exit (f > 0 || p == 0) }' "$tally"
