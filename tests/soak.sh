#!/usr/bin/env bash
# soak.sh [MINUTES] - the long forms, default 60 minutes: many rounds of kill -9, three brokers of which one is killed, the newest Kafka 4.x, Kafka Connect, Iceberg and a slow database (once), long fuzzing. Each of the
# five comes at least once, then they go round until the time is over; below 30 minutes in a short form, with the tests that matter most there.
# Before them, once and as root only: the package in a root of its own (tests/long/).
# A new seed every time round; it is printed, and MILLRACE_SEED=... repeats it. Ends with "N passed, N failed".
set -uo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
minutes=${1:-60}
case $minutes in '' | *[!0-9]*) echo "soak: MINUTES is a number" >&2; exit 2 ;; esac
end=$((SECONDS + minutes * 60))
passed=0 failed=0
work=$(mktemp -d "${TMPDIR:-/tmp}/millrace-soak.XXXXXX")
trap 'rm -rf "$work"' EXIT

# the short form's choice, by part; empty: everything
rounds=20 few=6 fuzz=600 faults= brokers="broker or daemon" newest=
if [ "$minutes" -lt 30 ]; then
	rounds=2 few=2 fuzz=60
	faults="random_moments or kill_9_of_workers or join_and_leave or steered" brokers="random_moments or broker_under_load or broker_down or one_is_killed"
	newest="harness or random_moments or promise_1 or promise_5 or asleep or two_daemons_share or process"
fi

# round NAME [VARIABLE=VALUE...] -- pytest arguments
round() {
	local name=$1 variables=() code begin=$SECONDS
	shift
	while [ "$1" != -- ]; do variables+=("$1"); shift; done
	shift
	printf '\n== %s, seed %s, %s s left\n' "$name" "$seed" $((end - SECONDS))
	: >"$work/tally"
	env MILLRACE_REQUIRE_KAFKA=1 MILLRACE_SEED="$seed" MILLRACE_TALLY="$work/tally" "${variables[@]}" \
		timeout -k 30 3600 /usr/bin/python3 -m pytest -q -x -p no:cacheprovider --basetemp="$work/pytest" "$@"
	code=$?
	read -r p f _ < <(tail -1 "$work/tally"; echo 0 0 0)
	passed=$((passed + p)) failed=$((failed + f))
	[ $code -eq 0 ] || { [ "$f" -gt 0 ] || failed=$((failed + 1)); echo "repeat with MILLRACE_SEED=$seed"; }
	printf '(%s s)\n' $((SECONDS - begin))
}

seed=${MILLRACE_SEED:-$(date +%s)}
if [ "$(id -u)" -eq 0 ]; then
	round "the package, installed, upgraded, purged" -- tests/long
else
	echo "left out: the package in a root of its own (tests/long/test_install.py), which needs root"
fi
first=yes
go_on() { [ -n "$first" ] || [ $SECONDS -lt $end ]; }
while go_on; do
	round "faults and groups" MILLRACE_ROUNDS=$rounds -- tests/system/test_faults.py tests/system/test_groups.py tests/system/test_steered.py -k "$faults"
	go_on && round "three brokers" MILLRACE_ROUNDS=$few MILLRACE_KAFKA_NODES=3 MILLRACE_KAFKA_HEAP=384m -- \
		tests/system/test_faults.py tests/system/test_groups.py tests/system/test_operation.py -k "$brokers"
	go_on && round "Kafka 4" MILLRACE_ROUNDS=$few MILLRACE_KAFKA_VERSION="${MILLRACE_KAFKA4_VERSION:-4.1.1}" -- tests/system -k "$newest"
	[ -z "$first" ] || round "Kafka Connect, Iceberg, a slow database" -- tests/system/long
	go_on && { tests/fuzz/run.sh $fuzz && passed=$((passed + 1)) || failed=$((failed + 1)); }
	seed=$((seed + 1)) first=
done
printf '\n%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
