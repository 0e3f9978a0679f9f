#!/usr/bin/env bash
# run.sh [SECONDS] - builds the libFuzzer targets with clang and lets them share SECONDS (default 300) evenly, MILLRACE_FUZZ_JOBS (2) at a time.
# First every seed is replayed, so a known bad input fails at once. What is found on the way is kept in build-fuzz/found/<parser>/, crashes
# in build-fuzz/crashes/. Each target is one test; the last line says "N passed, N failed".
set -uo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."
seconds=${1:-300}
folder=build-fuzz
mkdir -p $folder/crashes
targets=(tests/fuzz/fuzz_*.c)
[ -e "${targets[0]}" ] || { echo "no fuzz targets"; echo "0 passed, 0 failed"; exit 0; }
programs=("${targets[@]##*/}")
if ! { CC=clang cmake -B $folder -G Ninja -DMILLRACE_FUZZ=ON -DCMAKE_COMPILE_WARNING_AS_ERROR=ON && nice ninja -C $folder "${programs[@]%.c}"; } >$folder/build.log 2>&1; then
	grep -E 'error|FAILED' -A8 $folder/build.log | head -80
	echo "0 passed, 1 failed"
	exit 1
fi
jobs=${MILLRACE_FUZZ_JOBS:-2}
each=$((seconds * jobs / ${#targets[@]}))
[ $each -gt 2 ] || each=2

one() {
	local name=$1 seconds=$2 folder=$3 parser=${1#fuzz_} code
	local log=$folder/$name.log
	mkdir -p "$folder/found/$parser"
	{
		"$folder/fuzz/$name" -runs=0 -rss_limit_mb=2048 -timeout=10 -artifact_prefix="$folder/crashes/$name-" "tests/fuzz/corpus/$parser" &&
		timeout -k 10 $((seconds + 60)) "$folder/fuzz/$name" -max_total_time="$seconds" -rss_limit_mb=2048 -timeout=10 -max_len=65536 -print_final_stats=1 \
			-artifact_prefix="$folder/crashes/$name-" "$folder/found/$parser" "tests/fuzz/corpus/$parser"
	} >"$log" 2>&1
	code=$?
	printf '%-24s %s, %s inputs tried in %s s\n' "$name" "$([ $code -eq 0 ] && echo ok || echo "FAILED ($code)")" \
		"$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")" "$seconds"
	[ $code -eq 0 ] || tail -40 "$log"
	return $((code != 0))
}
export -f one
passed=0 failed=0
for target in "${targets[@]}"; do
	name=$(basename "$target" .c)
	[ -d "tests/fuzz/corpus/${name#fuzz_}" ] || { echo "$name has no seeds: tests/fuzz/corpus/${name#fuzz_}/ is not there"; failed=$((failed + 1)); }
done
ok=$folder/ok
: >$ok
printf '%s\n' "${targets[@]}" | xargs -P"$jobs" -I{} nice bash -c 'name=$(basename "$1" .c); one "$name" "$2" "$3" && echo "$name" >>"$4"' _ {} "$each" "$folder" "$ok"
passed=$(wc -l <$ok)
failed=$((failed + ${#targets[@]} - passed))
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
