#!/usr/bin/env bash
# run.sh - builds the load and the references, then measures. `./run bench` built the rest before. `./run bench extract` measures one worker's stage extract alone.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."
if [ "${1:-}" = extract ]; then
	shift
	cmake --build build --target bench_extract >build/bench.log 2>&1 || { cat build/bench.log >&2; exit 1; }
	exec build/bench/bench_extract "$@"
fi
cmake --build build --target bench_load bench_forward >build/bench.log 2>&1 || { cat build/bench.log >&2; exit 1; }
exec /usr/bin/python3 tests/bench/bench.py "$@"           # Debian's: it has the packages
