"""conf/prometheus: the rules are right in form and in what they do. promtool (Debian's package prometheus) evaluates every alert over made-up hours: one in which it
must fire, and others, near the first, in which it must not. Names of metrics are those of daemon/metrics; what to do stands in docs/operations.md."""
import json
import pathlib
import re
import shutil
import subprocess

import yaml

from require import cannot

ROOT = pathlib.Path(__file__).resolve().parents[2]
RULES = ROOT / "conf/prometheus/millrace.rules.yml"
OPERATIONS = (ROOT / "docs/operations.md").read_text()
ALERTS = [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]

FIRES, SILENT = True, False
D = 'job="millrace",instance="a"'                     # the daemon
E = 'job="millrace",instance="b"'                     # another one

# alert: [(fires?, minute, {series: values, one a minute})]. `_xN` repeats; '0+60x30' is 0, 60, 120 ...
CASES = {
    "MillraceDown": [
        (FIRES, 5, {f"up{{{D}}}": "1 1 0x10"}),
        (SILENT, 4, {f"up{{{D}}}": "1 1 0 0 1 1"}),                        # a restart
        (SILENT, 9, {'up{job="node",instance="a"}': "0x10"}),
    ],
    "MillraceNotReady": [
        (FIRES, 8, {f"millrace_ready{{{D}}}": "1 0x10", f"millrace_draining{{{D}}}": "0x11"}),
        (SILENT, 8, {f"millrace_ready{{{D}}}": "1 0x10", f"millrace_draining{{{D}}}": "0 1x10"}),
        (SILENT, 8, {f"millrace_ready{{{D}}}": "0 0 0 1x10", f"millrace_draining{{{D}}}": "0x13"}),
        (SILENT, 8, {f"millrace_ready{{{D}}}": "1 0x10", f"millrace_draining{{{D}}}": "0x11", f"millrace_intake_paused_by_operator{{{D}}}": "0 1x10"}),       # MillracePausedByOperator says it
        (FIRES, 8, {f"millrace_ready{{{D}}}": "1 0x10", f"millrace_draining{{{D}}}": "0x11", f"millrace_intake_paused_by_operator{{{D}}}": "0x11",
                    f"millrace_intake_paused_by_operator{{{E}}}": "1x11"}),
    ],
    "MillraceNoBroker": [
        (FIRES, 4, {f"millrace_kafka_connected{{{D}}}": "1 0x5"}),
        (SILENT, 4, {f"millrace_kafka_connected{{{D}}}": "0 0 1x5"}),
    ],
    "MillraceNoWorker": [
        (FIRES, 4, {f'millrace_stage_workers{{{D},stage="extract"}}': "1 0x5", f'millrace_stage_workers{{{D},stage="classify"}}': "1x6", f"millrace_draining{{{D}}}": "0x6"}),
        (SILENT, 4, {f'millrace_stage_workers{{{D},stage="extract"}}': "1 0x5", f"millrace_draining{{{D}}}": "0 1x5"}),
        (SILENT, 4, {f'millrace_stage_workers{{{D},stage="extract"}}': "1 0 0 2x5", f"millrace_draining{{{D}}}": "0x7"}),
    ],
    "MillraceStalled": [
        (FIRES, 12, {f"millrace_oldest_in_flight_seconds{{{D}}}": "0x5 0+60x10", f"millrace_epochs_committed_total{{{D}}}": "0+60x5 300x10"}),
        (SILENT, 12, {f"millrace_oldest_in_flight_seconds{{{D}}}": "90x20", f"millrace_epochs_committed_total{{{D}}}": "0+60x20"}),       # slow, but it flows
        (SILENT, 12, {f"millrace_oldest_in_flight_seconds{{{D}}}": "0x20", f"millrace_epochs_committed_total{{{D}}}": "300x20"}),          # nothing to do
    ],
    "MillraceNoPartition": [
        (FIRES, 13, {f"millrace_partitions_assigned{{{D}}}": "4 0x15", f"millrace_partitions_assigned{{{E}}}": "4 0x15"}),
        (SILENT, 13, {f"millrace_partitions_assigned{{{D}}}": "4 0x15", f"millrace_partitions_assigned{{{E}}}": "4 8x15"}),                # a standby
    ],
    "MillraceBalance": [
        (FIRES, 8, {f"millrace_records_read_total{{{D}}}": "100x10", f"millrace_records_published_total{{{D}}}": "50x10", f"millrace_records_duplicate_total{{{D}}}": "20x10",
                    f'millrace_records_dead_total{{{D},reason="input.nul"}}': "5x10", f'millrace_records_dead_total{{{D},reason="other"}}': "4x10",
                    f"millrace_records_tombstone_total{{{D}}}": "10x10", f"millrace_records_in_flight{{{D}}}": "10x10", f"millrace_records_returned_total{{{D}}}": "0x10", f"millrace_records_filtered_total{{{D}}}": "0x10"}),
        (SILENT, 8, {f"millrace_records_read_total{{{D}}}": "100x10", f"millrace_records_published_total{{{D}}}": "50x10", f"millrace_records_duplicate_total{{{D}}}": "20x10",
                     f'millrace_records_dead_total{{{D},reason="input.nul"}}': "5x10", f'millrace_records_dead_total{{{D},reason="other"}}': "5x10",
                     f"millrace_records_tombstone_total{{{D}}}": "3x10", f"millrace_records_filtered_total{{{D}}}": "2x10", f"millrace_records_in_flight{{{D}}}": "10x10",
                     f"millrace_records_returned_total{{{D}}}": "5x10"}),
    ],
    "MillraceLagGrows": [
        (FIRES, 40, {f'millrace_consumer_lag_records{{{D},topic="t",partition="0"}}': "0+100x60", f'millrace_consumer_lag_records{{{D},topic="t",partition="1"}}': "5x60"}),
        (SILENT, 40, {f'millrace_consumer_lag_records{{{D},topic="t",partition="0"}}': "60000-100x60"}),                                  # a backlog worked off
        (SILENT, 40, {f'millrace_consumer_lag_records{{{D},topic="t",partition="0"}}': "0+1x60"}),                                       # grows, but is small
        (SILENT, 40, {f'millrace_consumer_lag_records{{{D},topic="t",partition="0"}}': "-1x60"}),                                        # not known
    ],
    "MillraceFarBehind": [
        (FIRES, 40, {f'millrace_consumer_lag_records{{{D},topic="t",partition="0"}}': "8000x60", f"millrace_records_read_total{{{D}}}": "0+60x60"}),
        (FIRES, 40, {f'millrace_consumer_lag_records{{{D},topic="t",partition="0"}}': "8000x60", f"millrace_records_read_total{{{D}}}": "0x60"}),
        (SILENT, 40, {f'millrace_consumer_lag_records{{{D},topic="t",partition="0"}}': "8000x60", f"millrace_records_read_total{{{D}}}": "0+600x60"}),
        (SILENT, 40, {f'millrace_consumer_lag_records{{{D},topic="t",partition="0"}}': "0x60", f"millrace_records_read_total{{{D}}}": "0x60"}),
    ],
    "MillraceSlow": [
        (FIRES, 40, {f'millrace_end_to_end_seconds_bucket{{{D},le="30"}}': "0+50x60", f'millrace_end_to_end_seconds_bucket{{{D},le="60"}}': "0+60x60",
                     f'millrace_end_to_end_seconds_bucket{{{D},le="+Inf"}}': "0+60x60"}),
        (SILENT, 40, {f'millrace_end_to_end_seconds_bucket{{{D},le="30"}}': "0+60x60", f'millrace_end_to_end_seconds_bucket{{{D},le="60"}}': "0+60x60",
                      f'millrace_end_to_end_seconds_bucket{{{D},le="+Inf"}}': "0+60x60"}),
    ],
    "MillraceFeedSilent": [
        (FIRES, 200, {f"millrace_records_read_total{{{D}}}": "0+60x30 1800x300", f"millrace_partitions_assigned{{{D}}}": "4x330"}),
        (SILENT, 100, {f"millrace_records_read_total{{{D}}}": "0+60x30 1800x300", f"millrace_partitions_assigned{{{D}}}": "4x330"}),
        (SILENT, 200, {f"millrace_records_read_total{{{D}}}": "0+60x30 1800x300", f"millrace_partitions_assigned{{{D}}}": "4x330",
                       f"millrace_records_read_total{{{E}}}": "0+1x330", f"millrace_partitions_assigned{{{E}}}": "4x330"}),
        (SILENT, 200, {f"millrace_records_read_total{{{D}}}": "7x330", f"millrace_partitions_assigned{{{D}}}": "0x330"}),                 # MillraceNoPartition says it
    ],
    "MillracePausedByOperator": [
        (FIRES, 70, {f"millrace_intake_paused_by_operator{{{D}}}": "0 1x100"}),
        (SILENT, 70, {f"millrace_intake_paused_by_operator{{{D}}}": "0 1x30 0x100"}),
    ],
    "MillraceDeadLetters": [
        (FIRES, 40, {f'millrace_records_dead_total{{{D},reason="input.not-json"}}': "0+3x60", f'millrace_records_dead_total{{{D},reason="stage.crash"}}': "0+3x60",
                     f"millrace_records_read_total{{{D}}}": "0+300x60"}),
        (SILENT, 40, {f'millrace_records_dead_total{{{D},reason="input.not-json"}}': "0+1x60", f'millrace_records_dead_total{{{D},reason="stage.crash"}}': "0+1x60",
                      f"millrace_records_read_total{{{D}}}": "0+300x60"}),
        (SILENT, 40, {f'millrace_records_dead_total{{{D},reason="input.not-json"}}': "0x60", f"millrace_records_read_total{{{D}}}": "0x60"}),
    ],
    "MillraceNewDeadLetters": [
        (FIRES, 1530, {f'millrace_records_dead_total{{{D},reason="stage.crash"}}': "0x1500 2x100", f'millrace_records_dead_total{{{D},reason="input.nul"}}': "0+1x1600"}),
        (SILENT, 1530, {f'millrace_records_dead_total{{{D},reason="stage.crash"}}': "0x700 1x800 2x100", f'millrace_records_dead_total{{{D},reason="input.nul"}}': "0x1600"}),
    ],
    "MillraceOnlyDuplicates": [
        (FIRES, 100, {f"millrace_records_duplicate_total{{{D}}}": "0+59x120", f"millrace_records_read_total{{{D}}}": "0+60x120"}),
        (SILENT, 100, {f"millrace_records_duplicate_total{{{D}}}": "0+30x120", f"millrace_records_read_total{{{D}}}": "0+60x120"}),
        (SILENT, 100, {f"millrace_records_duplicate_total{{{D}}}": "0+1x120", f"millrace_records_read_total{{{D}}}": "0+1x120"}),          # hardly a feed
    ],
    "MillraceWorkersRestart": [
        (FIRES, 30, {f'millrace_stage_worker_restarts_total{{{D},stage="extract"}}': "0x15 0+1x15"}),
        (SILENT, 30, {f'millrace_stage_worker_restarts_total{{{D},stage="extract"}}': "0x20 2x15", f'millrace_stage_worker_restarts_total{{{D},stage="dedup"}}': "0x20 2x15"}),
    ],
    "MillraceWorkersGivenUp": [
        (FIRES, 30, {f'millrace_stage_expired_workers_total{{{D},stage="extract"}}': "0x15 0+1x15"}),
        (SILENT, 30, {f'millrace_stage_expired_workers_total{{{D},stage="extract"}}': "0x20 2x15"}),
    ],
    "MillraceStrangers": [
        (FIRES, 30, {f'millrace_stage_strangers_total{{{D},stage="extract"}}': "0x20 1x15"}),
        (SILENT, 60, {f'millrace_stage_strangers_total{{{D},stage="extract"}}': "0x20 1x60"}),
    ],
    "MillraceEpochsAborted": [
        (FIRES, 30, {f'millrace_epochs_aborted_total{{{D},results="kept"}}': "0x20 2x15", f'millrace_epochs_aborted_total{{{D},results="rewound"}}': "0x20 3x15"}),
        (SILENT, 30, {f'millrace_epochs_aborted_total{{{D},results="kept"}}': "0x20 1x15", f'millrace_epochs_aborted_total{{{D},results="rewound"}}': "0x20 1x15"}),
    ],
    "MillraceCommitSlow": [
        (FIRES, 50, {f'millrace_commit_seconds_bucket{{{D},le="5"}}': "0+50x60", f'millrace_commit_seconds_bucket{{{D},le="10"}}': "0+60x60",
                     f'millrace_commit_seconds_bucket{{{D},le="+Inf"}}': "0+60x60"}),
        (SILENT, 50, {f'millrace_commit_seconds_bucket{{{D},le="5"}}': "0+60x60", f'millrace_commit_seconds_bucket{{{D},le="10"}}': "0+60x60",
                      f'millrace_commit_seconds_bucket{{{D},le="+Inf"}}': "0+60x60"}),
    ],
    "MillraceAssignmentsLost": [
        (FIRES, 100, {f"millrace_assignments_lost_total{{{D}}}": "0x60 1x10 2x10 3x30"}),
        (SILENT, 100, {f"millrace_assignments_lost_total{{{D}}}": "0x60 1x60"}),
    ],
    "MillraceKafkaErrors": [
        (FIRES, 30, {f"millrace_kafka_errors_total{{{D}}}": "0x10 0+2x30"}),
        (SILENT, 30, {f"millrace_kafka_errors_total{{{D}}}": "0x10 10x30"}),
    ],
    "MillraceIndexFull": [
        (FIRES, 100, {f"millrace_index_dropped_total{{{D}}}": "0x60 0+10x60"}),
        (SILENT, 100, {f"millrace_index_dropped_total{{{D}}}": "100x120"}),                                                              # long ago
    ],
    "MillraceIndexSyncSlow": [
        (FIRES, 50, {f'millrace_index_sync_seconds_bucket{{{D},le="1"}}': "0+50x60", f'millrace_index_sync_seconds_bucket{{{D},le="2.5"}}': "0+60x60",
                     f'millrace_index_sync_seconds_bucket{{{D},le="+Inf"}}': "0+60x60"}),
        (SILENT, 50, {f'millrace_index_sync_seconds_bucket{{{D},le="1"}}': "0+60x60", f'millrace_index_sync_seconds_bucket{{{D},le="2.5"}}': "0+60x60",
                      f'millrace_index_sync_seconds_bucket{{{D},le="+Inf"}}': "0+60x60"}),
    ],
    "MillraceJournalBehind": [
        (FIRES, 20, {f"millrace_journal_lag{{{D}}}": "0 20000x30"}),
        (FIRES, 20, {f"millrace_journal_lag{{{D}}}": "0 -1x30"}),
        (SILENT, 20, {f"millrace_journal_lag{{{D}}}": "20000x5 0x30"}),                                                                  # caught up
    ],
    "MillraceJournalHeld": [
        (FIRES, 20, {f"millrace_journal_held_partitions{{{D}}}": "0 2x30"}),
        (SILENT, 20, {f"millrace_journal_held_partitions{{{D}}}": "2x5 0x30"}),
    ],
    "MillraceJournalSkipped": [
        (FIRES, 20, {f"millrace_journal_skipped_total{{{D}}}": "0x15 3x20"}),
        (SILENT, 50, {f"millrace_journal_skipped_total{{{D}}}": "0x15 3x60"}),
    ],
    "MillraceRestarts": [
        (FIRES, 50, {f"millrace_start_time_seconds{{{D}}}": "100x10 200x10 300x10 400x10 500x10"}),
        (SILENT, 50, {f"millrace_start_time_seconds{{{D}}}": "100x10 200x50"}),
    ],
    "MillraceMemory": [
        (FIRES, 40, {f"process_resident_memory_bytes{{{D}}}": "2000000000x60", f"millrace_in_flight_limit_bytes{{{D}}}": "16777216x60",
                     f"millrace_index_memory_bytes{{{D}}}": "500000000x60", f"millrace_edges_memory_bytes{{{D}}}": "1000000x60"}),
        (SILENT, 40, {f"process_resident_memory_bytes{{{D}}}": "1000000000x60", f"millrace_in_flight_limit_bytes{{{D}}}": "16777216x60",
                      f"millrace_index_memory_bytes{{{D}}}": "500000000x60", f"millrace_edges_memory_bytes{{{D}}}": "1000000x60"}),
    ],
    "MillraceReloadRefused": [
        (FIRES, 5, {f"millrace_config_good{{{D}}}": "1 0x10"}),
        (SILENT, 5, {f"millrace_config_good{{{D}}}": "0 1x10"}),
    ],
    "MillraceRestartNeeded": [
        (FIRES, 1500, {f"millrace_config_restart_needed{{{D}}}": "0 2x1600"}),
        (SILENT, 1400, {f"millrace_config_restart_needed{{{D}}}": "0 2x1600"}),
    ],
    "MillraceVersionsDiffer": [
        (FIRES, 90, {f'millrace_build_info{{{D},version="1.0"}}': "1x100", f'millrace_build_info{{{E},version="1.1"}}': "1x100"}),
        (SILENT, 90, {f'millrace_build_info{{{D},version="1.1"}}': "1x100", f'millrace_build_info{{{E},version="1.1"}}': "1x100"}),
        (SILENT, 40, {f'millrace_build_info{{{D},version="1.0"}}': "1x100", f'millrace_build_info{{{E},version="1.1"}}': "1x100"}),         # an upgrade
    ],
}


def promtool(*arguments):
    if not shutil.which("promtool"):
        cannot("no promtool here (Debian: prometheus)")
    return subprocess.run(["promtool", *map(str, arguments)], capture_output=True, text=True, timeout=300)


def evaluate(folder, tests, rules=None):
    """promtool over some tests. `rules`: a dict of alert to rule; then each test runs with the rule of its name alone, which is many times faster."""
    files = []
    for number, test in enumerate(tests):
        rule_file = RULES
        if rules:
            rule_file = folder / f"{test['name']}.rules.json"                # YAML reads JSON
            rule_file.write_text(json.dumps({"groups": [{"name": "one", "rules": [rules[test["name"]]]}]}))
        files.append(folder / f"{number}.test.json")
        files[-1].write_text(json.dumps({"rule_files": [str(rule_file)], "evaluation_interval": "1m", "tests": [test]}))
    return promtool("test", "rules", *files)


def series(values):
    return [{"series": name, "values": steps} for name, steps in values.items()]


def test_form():
    result = promtool("check", "rules", RULES)
    assert result.returncode == 0 and f"{len(ALERTS)} rules found" in result.stdout, result.stdout + result.stderr


def test_every_alert_is_explained():
    section = OPERATIONS[OPERATIONS.index("## What each alert means and what to do"):].split("\n## ", 1)[0]
    told = re.findall(r"^#### (\w+)$", section, re.M)
    assert told == [rule["alert"] for rule in ALERTS], "docs/operations.md explains them in the order of the rules"
    for text in re.split(r"^#### \w+$", section, flags=re.M)[1:]:
        assert len(text.split()) >= 20, f"too short to help anybody: {text}"
    for rule in ALERTS:
        assert rule["labels"].keys() == {"severity"} and rule["labels"]["severity"] in ("critical", "warning", "info"), rule
        assert rule["annotations"].keys() == {"summary", "description", "runbook_url"}, rule
        assert rule["annotations"]["runbook_url"] == f"file:///usr/share/doc/millrace/operations.md#{rule['alert'].lower()}"
        assert rule["annotations"]["description"].endswith("."), rule


def test_every_alert_fires_and_is_silent(tmp_path):
    assert CASES.keys() == {rule["alert"] for rule in ALERTS}
    tests = []
    for name, cases in CASES.items():
        assert {fires for fires, _, _ in cases} == {FIRES, SILENT}, f"{name} wants a case of each kind"
        for fires, minute, values in cases:
            expression = f'count by (alertname) (ALERTS{{alertname="{name}",alertstate="firing"}})'
            samples = [{"labels": f'{{alertname="{name}"}}', "value": 1}] if fires else []
            tests.append({"name": name, "interval": "1m", "input_series": series(values),
                          "promql_expr_test": [{"expr": expression, "eval_time": f"{minute}m", "exp_samples": samples}]})
    result = evaluate(tmp_path, tests, {rule["alert"]: rule for rule in ALERTS})
    assert result.returncode == 0, result.stdout + result.stderr


def test_what_an_alert_says(tmp_path):
    """promtool shows what it has not expected: so its texts can be read as they would be sent, with their values in them."""
    tests = [{"name": name, "interval": "1m", "input_series": series(values), "alert_rule_test": [{"alertname": name, "eval_time": f"{minute}m", "exp_alerts": []}]}
             for name, cases in CASES.items() for fires, minute, values in cases if fires]
    result = evaluate(tmp_path, tests, {rule["alert"]: rule for rule in ALERTS})
    told = result.stdout + result.stderr
    assert result.returncode == 1 and "error expanding" not in told and "<no value>" not in told, told
    sent = dict(re.findall(r'alertname="(\w+)".*?summary="([^"]*)"', told, re.S))
    assert sent.keys() == CASES.keys(), told
    for name, summary in sent.items():
        assert 10 < len(summary) < 100 and "{" not in summary and "  " not in summary and not summary.endswith(" "), (name, summary)
    assert 'description="One record in a hundred takes 58.2s or more from being read by a to its commit."' in told, told
    assert 'summary="Stage extract of Millrace a has no worker"' in told


def test_a_healthy_daemon_alerts_nobody(tmp_path):
    """A day and more of an ordinary feed: some bad records, a worker that ended, one aborted epoch, a rebalance; every metric that a rule reads is there."""
    minutes = 1620                                    # a rule looks back for a day and an hour
    values = {f"up{{{D}}}": f"1x{minutes}", f"process_resident_memory_bytes{{{D}}}": f"300000000x{minutes}", f'millrace_build_info{{{D},version="1.0"}}': f"1x{minutes}"}
    plain = {"ready": "1x", "draining": "0x", "intake_paused_by_operator": "0x", "kafka_connected": "1x", "oldest_in_flight_seconds": "1.5x", "epochs_committed_total": "0+120x", "partitions_assigned": "4x",
             "records_read_total": "100+600x", "records_published_total": "0+500x", "records_duplicate_total": "0+97x", "records_tombstone_total": "0+1x", "records_filtered_total": "0+1x",
             "records_in_flight": "100x", "records_returned_total": "0x", "assignments_lost_total": "0x", "kafka_errors_total": "0x1000 3x", "index_dropped_total": "0x",
             "index_memory_bytes": "100000000x", "edges_memory_bytes": "1000000x", "in_flight_limit_bytes": "16777216x", "journal_lag": "3x", "journal_held_partitions": "0x",
             "journal_skipped_total": "0x", "start_time_seconds": "100x", "config_good": "1x", "config_restart_needed": "0x"}
    values.update({f"millrace_{name}{{{D}}}": f"{steps}{minutes}" for name, steps in plain.items()})
    for stage in ("extract", "classify"):
        values[f'millrace_stage_workers{{{D},stage="{stage}"}}'] = f"2x{minutes}"
        values[f'millrace_stage_worker_restarts_total{{{D},stage="{stage}"}}'] = f"0x1000 1x{minutes}"
        values[f'millrace_stage_strangers_total{{{D},stage="{stage}"}}'] = f"0x{minutes}"
        values[f'millrace_stage_expired_workers_total{{{D},stage="{stage}"}}'] = f"0x1000 1x{minutes}"
    for partition, lag in (("0", "3 250 0 90 "), ("1", "0 0 5 1 ")):
        values[f'millrace_consumer_lag_records{{{D},topic="t",partition="{partition}"}}'] = lag * (minutes // 4)
    values[f'millrace_records_dead_total{{{D},reason="input.no-text"}}'] = f"0+1x{minutes}"
    values[f'millrace_records_dead_total{{{D},reason="stage.crash"}}'] = f"0x{minutes}"
    values[f'millrace_epochs_aborted_total{{{D},results="kept"}}'] = f"0x1000 1x{minutes}"
    for name in ("end_to_end", "commit", "index_sync"):
        for le, step in (("1", 95), ("5", 100), ("30", 100), ("+Inf", 100)):
            values[f'millrace_{name}_seconds_bucket{{{D},le="{le}"}}'] = f"0+{step}x{minutes}" if name != "index_sync" or le != "1" else f"0+100x{minutes}"
    read = {name for rule in ALERTS for name in re.findall(r"\b(?:millrace|process)_\w+|\bup\b", rule["expr"])}
    assert read <= {name.split("{")[0] for name in values}, "a metric that a rule reads is missing here"
    times = [*range(5, minutes, 67)]
    result = evaluate(tmp_path, [{"interval": "1m", "input_series": series(values), "promql_expr_test": [
        {"expr": 'ALERTS{alertstate="firing"}', "eval_time": f"{minute}m", "exp_samples": []} for minute in times]}])
    assert result.returncode == 0, result.stdout + result.stderr
