"""./run bench dedup: the worker that folds and sketches, the judge against windows of 10,000 to 10 million articles, restarts, and a plain MinHash beside them.

Prints a table; --check exits 1 when a target is missed. --svg FILE draws the curve. --quick stops at a million articles. FILE: JSON lines with `title` and `text`
for the worker instead of texts of our own (../shared/tools/make_neardup.py --bulk makes such)."""
import argparse
import json
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path[:0] = [str(pathlib.Path(__file__).parent)]

import machine                                              # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
BENCH = ROOT / "build" / "bench"
SIZES = (10_000, 100_000, 1_000_000, 10_000_000)
RESTARTS = (1_000_000, 10_000_000)


def run(*command):
    return subprocess.run([str(c) for c in command], check=True, stdout=subprocess.PIPE, text=True).stdout


def best(runs, *command):
    """The quickest of several runs: neighbours on the machine only ever make it slower."""
    return max((json.loads(run(*command)) for _ in range(runs)), key=lambda r: r.get("rate", -r.get("cpu_seconds", 0)))


def worker(file):
    """Documents a second of one worker, best of three."""
    lines = [run(BENCH / "bench_dedup", *([file] if file else [])) for _ in range(3)]
    return max(float(m[1]) for text in lines for m in re.finditer(r"^sketch\s+([0-9.]+) documents/s", text, re.M))


def restart(articles):
    with tempfile.TemporaryDirectory(prefix="millrace-bench-") as folder:
        return best(3 if articles < 5_000_000 else 2, BENCH / "bench_index", "restart", articles, pathlib.Path(folder) / "log")


def human(n):
    return f"{n // 1_000_000} million" if n >= 1_000_000 else f"{n:,}"


def table(result):
    print(f"{'articles in the window':>24} {'judged/s':>10} {'p50 us':>8} {'p99 us':>8} {'max us':>9} {'bytes':>7} {'resident':>9}")
    for r in result["judge"]:
        print(f"{r['articles']:>24,} {r['rate']:>10,.0f} {r['p50_us']:>8.1f} {r['p99_us']:>8.1f} {r['max_us']:>9.0f} {r['bytes']:>7.0f} {r['resident_bytes']:>9.0f}")
    for r in result["restart"]:
        print(f"restart with {human(r['articles'])}: {r['cpu_seconds']:.2f} s of processor, {r['seconds']:.2f} s in all; log {r['log_bytes']:.0f} bytes an article")
    print(f"worker: {result['worker']:,.0f} documents/s folded and sketched")
    naive = result["naive"]
    print(f"plain MinHash-128: {naive['rate']:,.0f} documents/s signed, looked up and entered; {naive['bytes']:.0f} bytes each")


def targets(result):
    """(what, reached?) for those that were measured."""
    judge = {r["articles"]: r for r in result["judge"]}
    loads = {r["articles"]: r for r in result["restart"]}
    million, most = judge[1_000_000], judge.get(10_000_000)
    yield "worker: 15,000 documents/s", result["worker"] >= 15_000
    yield "judge at a million: 50,000/s", million["rate"] >= 50_000
    yield "memory at a million: 256 bytes an article", million["resident_bytes"] <= 256
    yield "restart with a million: 2 s", loads[1_000_000]["cpu_seconds"] < 2
    if most:
        yield "judge at 10 million: 35,000/s", most["rate"] >= 35_000
        yield "10 million articles in 3 GB", most["resident_bytes"] * most["articles"] <= 3e9
        yield "p99 of a judgement at 10 million: 1 ms", most["p99_us"] < 1000
        yield "restart with 10 million: 15 s", loads[10_000_000]["cpu_seconds"] < 15


def svg(result):
    """Judgements a second and microseconds of one, over the size of the window (logarithmic). Readable on light and dark pages."""
    rows, width, height, left, top, plot_w, plot_h = result["judge"], 640, 330, 70, 60, 480, 220
    most = max(r["rate"] for r in rows) * 1.1

    def x(i):
        return left + plot_w * i / (len(rows) - 1)

    def y(rate):
        return top + plot_h * (1 - rate / most)

    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12" fill="#888">',
           f'<text x="{left}" y="20" font-weight="bold">judgements a second (one core) over articles in the window</text>',
           f'<text x="{left}" y="38">at each point the 99th percentile of one judgement, and bytes an article; dashed: 50,000</text>']
    step = 50_000
    for rate in range(0, int(most), step):
        out.append(f'<path d="M{left} {y(rate):.0f}H{left + plot_w}" stroke="#888" stroke-opacity="0.3"/><text x="{left - 6}" y="{y(rate) + 4:.0f}" '
                   f'text-anchor="end">{rate:,}</text>')
    if most > 50_000:
        out.append(f'<path d="M{left} {y(50_000):.0f}H{left + plot_w}" stroke="#c60" stroke-dasharray="4"/>')
    points = " ".join(f"{x(i):.0f},{y(r['rate']):.0f}" for i, r in enumerate(rows))
    out.append(f'<polyline points="{points}" fill="none" stroke="#28c" stroke-width="2"/>')
    for i, r in enumerate(rows):
        anchor = "start" if i == 0 else "end" if i == len(rows) - 1 else "middle"
        falls = i + 1 < len(rows) and rows[i + 1]["rate"] < r["rate"]
        side, down = ("start", -8) if falls or i == 0 else ("end", -14)        # beside the line, not on it
        beside, below = x(i) + (8 if side == "start" else 0), y(r["rate"]) + (down if falls else 18 if i == 0 else down - 20)
        out.append(f'<circle cx="{x(i):.0f}" cy="{y(r["rate"]):.0f}" r="4" fill="#28c"/>'
                   f'<text x="{beside:.0f}" y="{below:.0f}" text-anchor="{side}">{r["p99_us"]:.0f} us, {r["bytes"]:.0f} B</text>'
                   f'<text x="{x(i):.0f}" y="{top + plot_h + 20}" text-anchor="{anchor}">{r["articles"]:,}</text>')
    return "\n".join(out + ["</svg>"]) + "\n"


def main():
    parser = argparse.ArgumentParser(prog="run bench dedup")
    parser.add_argument("file", nargs="?")
    parser.add_argument("--quick", action="store_true", help="no more than a million articles")
    parser.add_argument("--check", action="store_true", help="exit 1 when a target is missed")
    parser.add_argument("--svg", type=pathlib.Path, help="draw the curve to this file")
    args = parser.parse_args()
    most = 1_000_000 if args.quick else SIZES[-1]
    for what, value in [*machine.describe(), ("load", machine.load())]:
        print(f"{what:<12} {value}")
    result = {"worker": worker(args.file), "naive": best(3, BENCH / "bench_minhash"),
              "judge": [best(3 if n <= 1_000_000 else 1, BENCH / "bench_index", "judge", n) for n in SIZES if n <= most],
              "restart": [restart(n) for n in RESTARTS if n <= most]}
    table(result)
    if args.svg:
        args.svg.write_text(svg(result))
    missed = [what for what, reached in targets(result) if not reached]
    for what in missed:
        print("missed:", what)
    return bool(args.check and missed)


if __name__ == "__main__":
    sys.exit(main())
