#!/usr/bin/env bash
# soak.sh [MINUTES] - the long forms, default 60 minutes: hundreds of rounds of kill -9, three brokers with one killed, the newest Kafka 4.x, long fuzzing.
# A new seed every round; it is printed, and MILLRACE_SEED=... repeats it. Ends with "N passed, N failed".
set -uo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
minutes=${1:-60}
case $minutes in '' | *[!0-9]*) echo "soak: MINUTES is a number" >&2; exit 2 ;; esac
end=$((SECONDS + minutes * 60))
passed=0 failed=0
work=$(mktemp -d "${TMPDIR:-/tmp}/millrace-soak.XXXXXX")
trap 'rm -rf "$work"' EXIT

# round NAME [VARIABLE=VALUE...] -- pytest arguments
round() {
	local name=$1 variables=()
	shift
	while [ "$1" != -- ]; do variables+=("$1"); shift; done
	shift
	printf '\n== %s, seed %s, %s minutes left\n' "$name" "$seed" $(((end - SECONDS) / 60))
	: >"$work/tally"
	env MILLRACE_REQUIRE_KAFKA=1 MILLRACE_SEED="$seed" MILLRACE_TALLY="$work/tally" "${variables[@]}" \
		timeout -k 30 3600 /usr/bin/python3 -m pytest -q -x -p no:cacheprovider --basetemp="$work/pytest" "$@"
	local code=$?
	read -r p f _ < <(tail -1 "$work/tally"; echo 0 0 0)
	passed=$((passed + p)) failed=$((failed + f))
	[ $code -eq 0 ] || { [ "$f" -gt 0 ] || failed=$((failed + 1)); echo "repeat with MILLRACE_SEED=$seed"; }
}

seed=${MILLRACE_SEED:-$(date +%s)}
while [ $SECONDS -lt $end ]; do
	round "faults and groups" MILLRACE_ROUNDS=20 -- tests/system/test_faults.py tests/system/test_groups.py
	[ $SECONDS -lt $end ] && round "three brokers" MILLRACE_ROUNDS=6 MILLRACE_KAFKA_NODES=3 MILLRACE_KAFKA_HEAP=384m -- tests/system/test_faults.py tests/system/test_groups.py -k "broker or daemon"
	[ $SECONDS -lt $end ] && round "Kafka 4" MILLRACE_ROUNDS=6 MILLRACE_KAFKA_VERSION="${MILLRACE_KAFKA4_VERSION:-4.1.1}" -- tests/system
	[ $SECONDS -lt $end ] && ls tests/fuzz/fuzz_*.c >/dev/null 2>&1 && { tests/fuzz/run.sh 600 && passed=$((passed + 1)) || failed=$((failed + 1)); }
	seed=$((seed + 1))
done
printf '\n%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
