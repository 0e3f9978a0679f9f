#!/usr/bin/env bash
# run.sh BUILD_FOLDER - runs the unit test programs of a build, three at a time since some of them wait for clocks, and counts the tests in them.
# Prints what failed, and the last line "N passed, N failed". A program that dies without a count is one failure.
set -uo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."
folder=${1:-build}
logs=$folder/tests/log
mkdir -p "$logs"; rm -f "$logs"/*
export ASAN_OPTIONS=detect_leaks=1:strict_string_checks=1 UBSAN_OPTIONS=print_stacktrace=1

one() {
	local name=${1##*/}
	timeout -k 5 300 "$1" >"$2/$name.log" 2>&1
	echo $? >"$2/$name.code"
}
export -f one
find "$folder/tests" -maxdepth 1 -type f -name 'test_*' -perm -u+x | sort | xargs -r -P3 -I{} bash -c 'one "$1" "$2"' _ {} "$logs"

passed=0 failed=0
for code_file in "$logs"/*.code; do
	[ -e "$code_file" ] || break
	log=${code_file%.code}.log
	code=$(cat "$code_file")
	p=$(sed -n 's/^\[  PASSED  \] \([0-9]*\) test(s)\.$/\1/p' "$log" | awk '{ n += $1 } END { print n + 0 }')
	f=$(sed -n 's/^\[  FAILED  \] \([0-9]*\) test(s), .*/\1/p' "$log" | awk '{ n += $1 } END { print n + 0 }')
	if [ "$code" -ne 0 ]; then
		[ "$f" -gt 0 ] || f=1
		printf -- '---- %s ended with %s\n' "$(basename "$log" .log)" "$code"
		grep -vE '^\[ (RUN     |      OK) \]' "$log" | tail -60
	fi
	passed=$((passed + p)) failed=$((failed + f))
done
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
