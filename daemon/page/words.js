'use strict';
/* words.js - what the page says, in both languages, and how numbers and times are written. Knows nothing of the page. */

const WORDS = {
  en: {
    pipeline: 'Pipeline', last_hour: 'The last hour', labels: 'Articles by label', duplicates: 'Duplicate articles by kind',
    dead_letters: 'Dead letters by reason', partitions: 'Input partitions', latest: 'Latest articles', well: 'All is well.',
    waiting: 'Waiting for the daemon\u2019s first answer \u2026',
    summary: '{read} records read: {published} published, {duplicates} duplicates, {filtered} filtered, {dead} dead letters, {tombstones} tombstones, {in_flight} in flight.',
    no_contact: 'The daemon does not answer since {time}. The numbers below are from then.', up: 'up {time}', live: 'live', away: 'no answer',
    in_rate: 'Read', out_rate: 'Ended', per_second: '/s', copies_per_second: 'copies/s', older: '{count} older', lag: 'Lag', lag_unit: 'records',
    latency: 'Latency, last minute', in_flight: 'In flight', oldest: 'oldest {time}', of_limit: '{size} of {limit}', unknown: 'not known',
    latency_note: 'median \u00b7 99th percentile', total_read: '{count} in all', waits: '{count} {count|waits|wait}', wait_unknown: 'lag not known',
    partitions_count: '{count} {count|partition|partitions}', paused_count: '{count} paused', none_paused: 'none paused', intake: 'Intake',
    reading: 'reading', paused: 'paused', index: 'Index', index_note: '{count} {count|article|articles}', pending: '{count} pending',
    queued: '{count} {count|waits|wait}', lent: '{count} at work', no_workers: 'no worker is ready',
    workers: '{ready} {ready|worker|workers}, {busy} busy', publish: 'Publish', epochs: '{count} {count|epoch|epochs}', aborted: '{count} aborted',
    outcome_published: 'published', outcome_duplicates: 'duplicates', outcome_dead: 'dead letters', outcome_tombstones: 'deletions',
    outcome_filtered: 'filtered', 'outcome.filtered': 'filtered', filtered_by: 'kept out by sink.filter: {condition}',
    suspects: '{count} tried again', journal: 'journal: {count} behind', 'state.idle': 'idle', 'state.busy': 'busy', 'state.silent': 'silent',
    'state.leaving': 'leaving', worker: 'worker {pid}: {state}, {tasks} {tasks|task|tasks}, {model}', chart_rate: 'Records per second',
    chart_lag: 'Lag, records', chart_latency: 'Latency, milliseconds', chart_queues: 'In flight and waiting', flying: 'in flight', read: 'read',
    p50: 'median', p99: '99 %', minutes_ago: '\u2212{count} min', now: 'now',
    collecting: 'The first point comes ten seconds after the start.', no_values: 'no values yet', shown: 'showing the last {count} minutes',
    nothing: 'none', topic: 'Topic', partition: 'Part.', committed: 'Committed', state: 'State', more: '{count} more with less lag',
    'why.pressure': 'paused: no room', 'why.journal': 'waits for the journal', 'why.leaving': 'leaving', 'why.draining': 'draining',
    'why.operator': 'paused by an operator', flowing: 'flows', no_partitions: 'No partition is assigned.', 'label.education': 'education',
    'label.science': 'science', 'label.talent': 'talent', 'label.none': 'none', 'kind.exact': 'exact', 'kind.url': 'same address',
    'kind.near': 'near', 'kind.other': 'other', all: 'all', hold: 'Hold', go_on: 'Go on ({count} new)', 'outcome.published': 'published',
    'outcome.revision': 'revision', 'outcome.duplicate': 'duplicate', 'outcome.dead': 'dead letter', 'outcome.tombstone': 'deletion',
    no_articles: 'Nothing has ended yet.', none_of_these: 'None of these among the latest.', copy_of: 'copy of {id}',
    copy_score: 'copy of {id}, {kind} {score}', revises: 'changes {id}', details: 'Details', coordinates: 'Kafka',
    gone: 'It is not among the latest any more.', shortened: 'Members that are too long are left out.', no_record: 'No record was published for it.',
    'reason.input.not-json': 'not JSON', 'reason.input.not-utf8': 'not UTF-8', 'reason.input.bad-number': 'a number that does not fit',
    'reason.input.nul': 'holds NUL', 'reason.input.too-deep': 'nested too deeply', 'reason.input.too-large': 'too large',
    'reason.input.no-text': 'no text', 'reason.stage.timeout': 'a worker took too long', 'reason.stage.crash': 'workers crashed on it',
    'reason.stage.refused': 'a stage refused it', 'reason.output.too-large': 'its record is too large', 'phase.starting': 'starting',
    'phase.catching up': 'catching up', 'phase.running': 'running', 'phase.draining': 'draining', 'phase.leaving': 'leaving', not_ready: 'not ready',
  },
  zh: {
    pipeline: '流水线', last_hour: '最近一小时', labels: '稿件（按标签）', duplicates: '重复稿件（按种类）', dead_letters: '死信（按原因）',
    partitions: '输入分区', latest: '最新稿件', well: '一切正常。', waiting: '正在等待守护进程的第一次应答……',
    summary: '已读 {read} 条：发布 {published}，重复 {duplicates}，过滤 {filtered}，死信 {dead}，删除 {tombstones}，在途 {in_flight}。',
    no_contact: '守护进程自 {time} 起没有应答。下面是当时的数字。', up: '已运行 {time}', live: '实时', away: '无应答', in_rate: '读入',
    out_rate: '完成', per_second: '/秒', copies_per_second: '重复/秒', older: '更早的 {count} 条', lag: '积压', lag_unit: '条',
    latency: '最近一分钟延迟', in_flight: '在途', oldest: '最久 {time}', of_limit: '{size} / {limit}', unknown: '未知',
    latency_note: '中位数 · 99 百分位', total_read: '共 {count} 条', waits: '待读 {count}', wait_unknown: '积压未知',
    partitions_count: '{count} 个分区', paused_count: '暂停 {count} 个', none_paused: '无暂停', intake: '接收', reading: '读取中', paused: '已暂停',
    index: '索引', index_note: '{count} 篇', pending: '未定 {count}', queued: '排队 {count}', lent: '在办 {count}', no_workers: '没有就绪的工作进程',
    workers: '{ready} 个进程，忙 {busy}', publish: '发布', epochs: '{count} 个批次', aborted: '中止 {count}', outcome_published: '发布',
    outcome_duplicates: '重复', outcome_dead: '死信', outcome_tombstones: '删除', outcome_filtered: '过滤', 'outcome.filtered': '过滤', filtered_by: '被 sink.filter 拦下：{condition}',
    suspects: '重试 {count}', journal: 'journal 落后 {count}',
    'state.idle': '空闲', 'state.busy': '忙', 'state.silent': '无声', 'state.leaving': '离开中',
    worker: '工作进程 {pid}：{state}，{tasks} 个任务，{model}', chart_rate: '每秒记录数', chart_lag: '积压（条）', chart_latency: '延迟（毫秒）',
    chart_queues: '在途与排队', flying: '在途', read: '读入', p50: '中位数', p99: '99 %',
    minutes_ago: '{count} 分钟前', now: '现在', collecting: '启动十秒后出现第一个点。', no_values: '暂无数值', shown: '显示最近 {count} 分钟',
    nothing: '无', topic: 'topic', partition: '分区', committed: '已提交', state: '状态', more: '另有 {count} 个积压更少',
    'why.pressure': '暂停：无余量', 'why.journal': '等待 journal', 'why.leaving': '移交中', 'why.draining': '排空中', 'why.operator': '操作员暂停',
    flowing: '流动', no_partitions: '没有分配到分区。', 'label.education': '教育', 'label.science': '科技', 'label.talent': '人才',
    'label.none': '无', 'kind.exact': '完全相同', 'kind.url': '同一网址', 'kind.near': '近似', 'kind.other': '其他', all: '全部', hold: '停住',
    go_on: '继续（新 {count} 条）', 'outcome.published': '发布', 'outcome.revision': '修订', 'outcome.duplicate': '重复', 'outcome.dead': '死信',
    'outcome.tombstone': '删除', no_articles: '还没有完成的记录。', none_of_these: '最新记录中没有这一类。',
    copy_of: '与 {id} 重复', copy_score: '与 {id} 重复，{kind} {score}', revises: '修订 {id}', details: '详情', coordinates: 'Kafka',
    gone: '它已不在最新记录之中。', shortened: '过长的字段已略去。', no_record: '没有为它发布记录。', 'reason.input.not-json': '不是 JSON',
    'reason.input.not-utf8': '不是 UTF-8', 'reason.input.bad-number': '数字越界', 'reason.input.nul': '含 NUL 字符',
    'reason.input.too-deep': '嵌套过深', 'reason.input.too-large': '过大', 'reason.input.no-text': '没有正文', 'reason.stage.timeout': '处理超时',
    'reason.stage.crash': '使工作进程崩溃', 'reason.stage.refused': '被某阶段拒绝', 'reason.output.too-large': '输出记录过大',
    'phase.starting': '启动中', 'phase.catching up': '追赶 journal', 'phase.running': '运行中', 'phase.draining': '排空中', 'phase.leaving': '退出中',
    not_ready: '未就绪',
  },
};

/* The daemon's own sentences are English; these say the same by code and values (daemon/problems.c). A code that is missing here is shown as the daemon says it. */
const PROBLEMS_ZH = {
  'no-broker': '`bootstrap.servers` 中没有代理应答：在有应答之前，既不读入，也不发布。',
  stuck: '超过 10 秒无法发布：代理或索引所在磁盘没有应答，日志里有原因。',
  'no-worker': '阶段 {stage} 没有就绪的工作进程，等待的任务：{queued}。`millrace ctl status` 显示进程池，日志里有工作进程结束的方式。',
  stalled: '最近一分钟没有一条记录完成；在途 {in_flight} 条，最久 {oldest_s} 秒。',
  'not-reading': '最近一分钟没有读入任何记录，但 Kafka 里有 {lag} 条在等，也没有什么让读取停下：请看日志里关于 broker 的行；broker 正常时重启即可，不会丢记录。',
  'reload-refused': '上次重载被拒绝：运行的不是文件里的配置。`millrace check` 会指出错误。',
  balance: '收支不平：读入数不等于各结果之和。这是 Millrace 的缺陷，请附上本页报告。',
  'paused-by-operator': '操作员暂停了全部或部分读取；`millrace ctl resume` 继续。',
  'no-assignment': '消费组尚未应答，还没有分配分区。如果 `intake.topics` 里有 topic 不存在或不许读取，就会一直如此；日志会指明。',
  suspects: '阶段 {stage} 的工作进程出错：{count} 个任务正在逐个重试。',
  'lag-grows': '积压在增长：现有 {lag} 条，五分钟前 {before} 条。来得比读得快；排队最长的阶段需要更多工作进程。',
  'dead-letters': '最近 10 分钟有 {count} 条记录成为死信；用 `millrace dlq list` 查看。',
  aborts: '最近 10 分钟有 {count} 个批次中止；没有丢失，日志里有原因。',
  restarts: '最近 10 分钟工作进程意外结束 {count} 次，已重新启动；日志里有结束的方式。',
  'index-full': '最近 10 分钟索引提前忘记了 {count} 篇稿件：达到了 [dedup] 的上限，它们的重复稿会作为新稿发布。',
  'restart-needed': '{count} 项改动的设置要重启后才生效；日志里有名称。',
  starting: '启动中：等待 Kafka。',
  'catching-up': '正在追赶其他守护进程的 journal，之后开始读取。',
  draining: '排空中：正在完成 {in_flight} 条在途记录，不再读入新的。',
  'journal-held': '{partitions} 个分区在等待追上 journal。',
  standby: '没有分配到分区：消费组的其他成员持有全部分区。',
  pressure: '读取暂停，直到有余量：在途 {bytes}，上限 {limit}。来得比处理得快。',
  'rate-limited': '有记录在等待：`intake.rate` 每秒只放入 {rate} 条。',
};

const LANGUAGES = ['en', 'zh'];
let language = 'en';
let whole, rounded, tenths;

function set_language(name) {
  language = LANGUAGES.includes(name) ? name : 'en';
  whole = new Intl.NumberFormat(language === 'zh' ? 'zh-CN' : 'en-US', {maximumFractionDigits: 0});
  rounded = new Intl.NumberFormat(language === 'zh' ? 'zh-CN' : 'en-US', {maximumSignificantDigits: 3});
  tenths = new Intl.NumberFormat(language === 'zh' ? 'zh-CN' : 'en-US', {minimumFractionDigits: 1, maximumFractionDigits: 1});
}

function first_language() {
  let kept = null;
  try { kept = localStorage.getItem('millrace.language'); } catch (e) { /* storage may be forbidden: then nothing is kept */ }
  if (LANGUAGES.includes(kept)) return kept;
  const wanted = (navigator.languages && navigator.languages.length ? navigator.languages : [navigator.language || 'en']).map((l) => l.toLowerCase().slice(0, 2));
  return wanted.find((l) => LANGUAGES.includes(l)) || 'en';
}

function keep_language(name) {
  try { localStorage.setItem('millrace.language', name); } catch (e) { /* as above */ }
}

/* {name} is the value; {name|one|many} a word that goes with it. */
function filled(text, values) {
  const worded = text.replace(/\{(\w+)\|([^|}]*)\|([^}]*)\}/g, (all, name, one, many) => (values && values[name] === 1 ? one : many));
  return worded.replace(/\{(\w+)\}/g, (all, name) => (values && name in values ? (typeof values[name] === 'number' ? whole.format(values[name]) : String(values[name])) : all));
}

/* What is called `name` here; a name without words (a label of another taxonomy, say) is shown itself, without its kind. */
function say(name, values) {
  const text = WORDS[language][name] ?? name.replace(/^(label|kind|reason|outcome|state|why|phase)\./, '');
  return filled(text, values);
}

function say_problem(problem) {
  const text = language === 'zh' && PROBLEMS_ZH[problem.code], sizes = {};
  for (const name of ['bytes', 'limit']) if (name in problem.values) sizes[name] = bytes(problem.values[name]);
  return text ? filled(text, {...problem.values, ...sizes}) : problem.text.replace(/\b\d{5,}\b/g, (n) => whole.format(n));
}

const number = (n) => (n === null || n === undefined ? '\u2013' : whole.format(n));
const rate = (n) => (n >= 99.95 || n === 0 ? whole : tenths).format(n);

function duration(ms) {
  const zh = language === 'zh', s = ms / 1000;
  const unit = (n, en, cn) => whole.format(n) + '\u00a0' + (zh ? cn : en);
  if (ms < 1000) return unit(ms, 'ms', 'ms');
  if (s < 10) return tenths.format(s) + '\u00a0' + (zh ? '秒' : 's');
  if (s < 100) return unit(s, 's', '秒');
  if (s < 5400) return unit(s / 60, 'min', '分');
  if (s < 172800) return unit(Math.floor(s / 3600), 'h', '小时') + ' ' + unit(Math.floor(s % 3600 / 60), 'min', '分');
  return unit(Math.floor(s / 86400), 'd', '天') + ' ' + unit(Math.floor(s % 86400 / 3600), 'h', '小时');
}

function bytes(n) {
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  let at = 0;
  while (n >= 1024 && at < units.length - 1) { n /= 1024; at++; }
  return rounded.format(n) + ' ' + units[at];
}

function clock(ms) {
  const d = new Date(ms), two = (n) => String(n).padStart(2, '0');
  return two(d.getHours()) + ':' + two(d.getMinutes()) + ':' + two(d.getSeconds());
}
