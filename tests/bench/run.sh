#!/usr/bin/env bash
# run.sh - builds the load and the references, then measures. `./run bench` built the rest before. `./run bench extract`, `./run bench classify`, `./run bench watch` measure one worker's stage alone.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."
case "${1:-}" in
extract | classify | watch)
	stage=$1
	shift
	cmake --build build --target "bench_$stage" >build/bench.log 2>&1 || { cat build/bench.log >&2; exit 1; }
	exec "build/bench/bench_$stage" "$@"
	;;
esac
if [ "${1:-}" = dedup ]; then
	shift
	cmake --build build --target bench_dedup bench_index bench_minhash >build/bench.log 2>&1 || { cat build/bench.log >&2; exit 1; }
	exec /usr/bin/python3 tests/bench/dedup.py "$@"
fi
if [ "${1:-}" = scale ]; then
	shift
	cmake --build build --target bench_load bench_journal >build/bench.log 2>&1 || { cat build/bench.log >&2; exit 1; }
	exec /usr/bin/python3 tests/bench/scale.py "$@"
fi
cmake --build build --target bench_load bench_forward bench_watch >build/bench.log 2>&1 || { cat build/bench.log >&2; exit 1; }
exec /usr/bin/python3 tests/bench/bench.py "$@"           # Debian's: it has the packages
