/* page.js - the status page: asks /status, /history and /articles again and again and shows the answers.
 *
 * Every text that came from outside goes in as textContent; addresses become links only when they are http or https. Nothing is built from strings of
 * markup. While the page is hidden it asks nothing. */

const STATUS_MS = 2000, HISTORY_MS = 10000, PATIENCE_MS = 8000, HOUR_MS = 3600000;
const ARTICLES_KEPT = 100, ARTICLES_SHOWN = 30, PARTITIONS_SHOWN = 8, DOTS_MAX = 32;

const state = {
  status: null, lost_at: null, answered_at: null,          /* the last answer, and when it came; since when there is none */
  history: {columns: [], rows: []}, history_at: 0, charts: [],
  articles: [], next: 0, filter: 'all',
  held: null, fresh: 0, whole: false, opened: new Map(),   /* the list stands still: what it shows, how many have come since, all of them or the first; opened rows */
};

/* ---- making ---- */

function el(name, cls, ...children) {
  const node = document.createElement(name);
  if (cls) node.className = cls;
  node.append(...children.filter((c) => c !== null && c !== undefined && c !== false));
  return node;
}

const byId = (id) => document.getElementById(id);

/* A number with its raw value beside it. */
function value_of(name, n, text) {
  const node = el('b', 'value', text === undefined ? number(n) : text);
  node.dataset.name = name;
  node.dataset.value = n === null || n === undefined ? '' : String(n);
  return node;
}

function link_to(address, text) {
  let url = null;
  try { url = new URL(address); } catch (e) { /* no address */ }
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:')) return el('span', '', text);
  const a = el('a', '', text);
  a.href = url.href;
  a.target = '_blank';
  a.rel = 'noopener noreferrer';
  a.title = url.href;
  return a;
}

/* ---- what is wrong ---- */

function show_problems() {
  const s = state.status, list = [];
  if (state.lost_at) list.push({severity: 'error', code: 'no-contact', text: say('no_contact', {time: state.answered_at ? clock(state.answered_at) : '\u2013'})});
  if (s) for (const p of s.problems) list.push({severity: p.severity, code: p.code, text: say_problem(p)});
  const key = JSON.stringify([language, list, s && !list.length ? s.balance : 0]);
  if (key === show_problems.key) return;
  show_problems.key = key;
  const nodes = list.map((p) => {
    const node = el('p', 'problem ' + p.severity, el('i', 'mark'), el('span', '', ...with_code(p.text)));
    node.dataset.code = p.code;
    return node;
  });
  if (!list.length && s) nodes.push(el('p', 'problem well', el('i', 'mark'), el('span', '', el('strong', '', say('well')), ' ', say('summary', s.balance))));
  if (!list.length && !s) nodes.push(el('p', 'problem', say('waiting')));
  byId('problems').replaceChildren(...nodes);
}

/* `words` between backticks are commands and settings. */
function with_code(text) {
  return text.split('`').map((piece, i) => (i % 2 ? el('code', '', piece) : piece));
}

/* ---- head and figures ---- */

function show_head() {
  const s = state.status;
  byId('contact').textContent = say(state.lost_at ? 'away' : 'live');
  byId('contact').title = byId('contact').textContent;
  byId('contact').className = state.lost_at ? 'away' : s ? 'live' : '';
  document.body.classList.toggle('stale', !!state.lost_at);
  if (!s) return;
  byId('instance').textContent = s.instance;
  byId('phase').textContent = s.phase === 'running' && !s.ready ? say('not_ready') : say('phase.' + s.phase);
  byId('phase').className = 'chip ' + (s.ready ? 'good' : 'bad');
  byId('phase').title = s.reason || '';
  byId('meta').textContent = s.version + ' \u00b7 ' + say('up', {time: duration(s.uptime_ms)});
  document.title = (s.problems.some((p) => p.severity === 'error') || state.lost_at ? '\u26a0 ' : '') + s.instance + ' \u00b7 Millrace';
}

function figure(word, note, ...content) {
  return el('div', 'figure', el('h3', '', say(word)), el('p', 'big', ...content), el('p', 'note', ...[].concat(note)));
}

function unit(text) { return el('small', '', ' ' + text); }

function meter(part) {
  const bar = el('i', ''), box = el('span', 'meter' + (part > 0.9 ? ' high' : ''), bar);
  bar.style.width = (100 * Math.min(1, Math.max(0, part))).toFixed(1) + '%';
  return box;
}

function time_of(name, ms) {
  if (ms === null) return [value_of(name, ms)];
  const [text, sign] = duration(ms).split('\u00a0');
  return [el('span', 'nobreak', value_of(name, ms, text), unit(sign))];
}

const of_limit = (s) => say('of_limit', {size: bytes(s.in_flight_bytes), limit: bytes(s.in_flight_limit)});

function show_figures() {
  const s = state.status, r = s.rates, b = s.balance, l = s.latency, ended = b.published + b.duplicates + b.filtered + b.dead + b.tombstones;
  byId('figures').replaceChildren(
    figure('in_rate', [say('total_read', {count: b.read})], value_of('rates.in', r.in, rate(r.in)), unit(say('per_second'))),
    figure('out_rate', [say('total_read', {count: ended})], value_of('rates.out', r.out, rate(r.out)), unit(say('per_second'))),
    figure('lag', s.lag === null ? say('unknown') : say('lag_unit'), value_of('lag', s.lag)),
    figure('latency', say('latency_note'), ...time_of('latency.p50_ms', l.p50_ms), unit('\u00b7'), ' ', ...time_of('latency.p99_ms', l.p99_ms)),
    figure('in_flight', [of_limit(s), meter(s.in_flight_bytes / s.in_flight_limit)], value_of('balance.in_flight', b.in_flight),
      s.oldest_ms ? unit(say('oldest', {time: duration(s.oldest_ms)})) : ''));
}

/* ---- the pipeline ---- */

function node_of(kind, title, per_second, lines, name, of = 'per_second') {
  const head = el('h3', '', title);
  const flow = per_second === null ? null : el('p', 'flowrate', value_of(name, per_second, rate(per_second)), unit(say(of)));
  return el('div', 'node ' + kind, head, flow, el('div', 'lines', ...lines.filter(Boolean).map((line) => (line instanceof Node ? line : el('p', '', line)))));
}

function arrow(per_second, stopped) {
  return el('span', 'arrow' + (per_second > 0 ? ' moving' : '') + (stopped ? ' stopped' : ''));
}

function worker_dots(stage) {
  const dots = stage.workers.slice(0, DOTS_MAX).map((w) => {
    const dot = el('i', 'dot ' + w.state);
    dot.title = say('worker', {pid: String(w.pid), state: say('state.' + w.state), tasks: w.tasks, model: w.model || '\u2013'});
    return dot;
  });
  return el('p', 'dots', ...dots);
}

function stage_node(stage) {
  const ready = stage.workers.filter((w) => w.state !== 'leaving').length, busy = stage.workers.filter((w) => w.state === 'busy').length;
  const waits = el('p', stage.queued ? 'queue some' : 'queue', say('queued', {count: stage.queued}));
  const workers = stage.ready ? el('p', '', say('workers', {ready, busy})) : el('p', 'alarm', say('no_workers'));
  const suspects = stage.suspects ? el('p', 'alarm', say('suspects', {count: stage.suspects})) : null;
  const node = node_of('stage' + (stage.ready ? '' : ' broken'), stage.name, stage.per_second,
    [waits, say('lent', {count: stage.lent}), workers, suspects, worker_dots(stage)], 'stage.' + stage.name + '.per_second');
  node.dataset.stage = stage.name;
  node.dataset.queued = stage.queued;
  return node;
}

function index_node(s) {
  return node_of('index', say('index'), s.rates.duplicates, [
    say('index_note', {count: s.index.settled}),
    say('pending', {count: s.index.pending}) + ' \u00b7 ' + bytes(s.index.memory_bytes),
    s.journal ? say('journal', {count: s.journal.lag < 0 ? '?' : s.journal.lag}) : null,
  ], 'rates.duplicates.index', 'copies_per_second');
}

function outcomes_node(s) {
  const topics = {published: s.topics.articles, duplicates: s.topics.duplicates, dead: s.topics.dead_prefix + '\u2026', tombstones: s.topics.articles};
  if (is_filtering()) topics.filtered = 'sink.filter';      /* goes nowhere */
  const table = el('div', 'outcomes');
  for (const key of Object.keys(topics)) {
    const name = el('span', 'key ' + key, say('outcome_' + key));
    name.title = topics[key];
    table.append(name, value_of('balance.' + key, s.balance[key]), el('small', '', rate(s.rates[key]) + say('per_second')));
  }
  return el('div', 'node sink', el('h3', '', 'Kafka'), table);
}

function show_flow() {
  const s = state.status, paused = s.paused_partitions.length, nodes = [];
  const topics = el('p', 'topics', s.topics.in.join(', '));
  topics.title = s.topics.in.join(', ');
  const at_source = node_of('source', 'Kafka', null, [
    topics,
    el('p', s.lag ? 'queue some' : 'queue', s.lag === null ? say('wait_unknown') : say('waits', {count: s.lag})),
    say('partitions_count', {count: s.partitions.length}),
    el('p', paused ? 'alarm' : '', paused ? say('paused_count', {count: paused}) : say('none_paused')),
  ]);
  const away = s.problems.some((p) => p.code === 'no-broker'), stopped = away || s.paused || (paused > 0 && paused === s.partitions.length);
  const doing = s.phase !== 'running' ? 'phase.' + s.phase : away ? 'away' : stopped ? 'paused' : s.partitions.length ? 'reading' : 'no_partitions';
  const intake = node_of('intake', say('intake'), s.rates.in, [el('p', stopped ? 'alarm' : '', say(doing)),
    of_limit(s), meter(s.in_flight_bytes / s.in_flight_limit)], 'rates.in.intake');
  nodes.push(at_source, arrow(s.rates.in, away || paused > 0), intake);
  let placed = !s.index;
  for (const stage of s.stages) {
    nodes.push(arrow(stage.per_second, !stage.ready), stage_node(stage));
    if (!placed && stage.name === 'dedup') {
      nodes.push(arrow(stage.per_second), index_node(s));
      placed = true;
    }
  }
  const epochs = [say('epochs', {count: s.epochs.committed}), say('aborted', {count: s.epochs.kept + s.epochs.rewound})];
  nodes.push(arrow(s.rates.out), node_of('publish', say('publish'), s.rates.out, epochs, 'rates.out.publish'), arrow(s.rates.out, away), outcomes_node(s));
  byId('flow').replaceChildren(...nodes);
}

/* ---- shares ---- */

function bars(place, entries, kind, style) {
  const most = Math.max(1, ...entries.map((e) => e[1]));
  const box = el('div', 'bars ' + style);
  for (const [name, count] of entries) {
    const bar = el('i', '');
    bar.style.width = (100 * count / most).toFixed(1) + '%';
    const label = el('span', 'label', say(kind + '.' + name));
    label.title = name;
    box.append(label, el('span', 'bar', bar), value_of(kind + '.' + name, count));
  }
  byId(place).replaceChildren(entries.length ? box : el('p', 'none', say('nothing')));
}

function show_shares() {
  const s = state.status, by_count = (a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1);
  const labels = Object.entries(s.labels).filter(([name]) => name !== 'none').sort(by_count);
  if ('none' in s.labels) labels.push(['none', s.labels.none]);
  bars('labels', labels, 'label', 'published');
  bars('kinds', Object.entries(s.duplicates_by_kind), 'kind', 'duplicates');
  bars('reasons', Object.entries(s.dead_by_reason).sort(by_count), 'reason', 'dead');
}

function partition_state(p) {
  const found = state.status.paused_partitions.find((q) => q.topic === p.topic && q.partition === p.partition);
  return found ? el('span', 'alarm', say('why.' + found.why)) : el('span', '', say('flowing'));
}

function show_partitions() {
  const all = [...state.status.partitions].sort((a, b) => b.lag - a.lag), shown = all.slice(0, PARTITIONS_SHOWN);
  if (!all.length) {
    byId('partitions').replaceChildren(el('p', 'none', say('no_partitions')));
    return;
  }
  const head = el('tr', '', ...[['', 'topic'], ['n', 'partition'], ['n', 'lag'], ['n wide', 'committed'], ['', 'state']].map(([cls, word]) => el('th', cls, say(word))));
  const known = (n) => (n < 0 ? '\u2013' : number(n));
  const rows = shown.map((p) => {
    const topic = el('td', 'cut', p.topic);
    topic.title = p.topic;
    return el('tr', '', topic, el('td', 'n', number(p.partition)), el('td', 'n', known(p.lag)), el('td', 'n wide', known(p.committed)), el('td', '', partition_state(p)));
  });
  const rest = all.length > shown.length ? el('p', 'none', say('more', {count: all.length - shown.length})) : '';
  byId('partitions').replaceChildren(el('table', '', el('thead', '', head), el('tbody', '', ...rows)), rest);
}

/* ---- charts ---- */

const per_second = (column) => (row, before) => {
  const ms = before ? row.at_ms - before.at_ms : 10000;
  return row[column] === null || ms <= 0 ? null : row[column] * 1000 / ms;
};
const plain = (column) => (row) => row[column] ?? null;
const is_filtering = () => !!state.status && state.status.balance.filtered > 0;
const charts_key = () => state.history.columns.join() + is_filtering();

function make_charts() {
  const place = byId('plots'), queues = state.history.columns.filter((c) => c.startsWith('queue.')).slice(0, 6);
  const styles = ['s1', 's2', 's3', 's4', 's5', 's6'], ends = is_filtering() ? ['published', 'duplicates', 'filtered', 'dead'] : ['published', 'duplicates', 'dead'];
  place.replaceChildren();
  state.charts = [
    chart_new(place, 'chart_rate', [{key: 'read', word: 'read', style: 'read', value: per_second('read')},
      ...ends.map((key) => ({key, word: 'outcome_' + key, style: key, value: per_second(key)}))]),
    chart_new(place, 'chart_latency', [{key: 'p99', word: 'p99', style: 's5', value: plain('p99_ms')}, {key: 'p50', word: 'p50', style: 's2', value: plain('p50_ms')}]),
    chart_new(place, 'chart_lag', [{key: 'lag', word: 'lag', style: 's1', value: plain('lag')}], true),
    chart_new(place, 'chart_queues', [{key: 'in_flight', word: 'flying', style: 'read', value: plain('in_flight')},
      ...queues.map((c, i) => ({key: c, name: c.slice(6), style: styles[i], value: plain(c)}))], true),
  ];
  state.charts.key = charts_key();
}

function show_charts() {
  const rows = state.history.rows, now = state.history.now_ms;
  if (!now) return;
  if (state.charts.key !== charts_key()) make_charts();
  const age = rows.length ? now - rows[0].at_ms : 0;
  const span = [600000, 1200000, 1800000].find((ms) => age <= ms) || HOUR_MS;
  byId('span').textContent = span < HOUR_MS ? say('shown', {count: span / 60000}) : '';
  for (const chart of state.charts) chart_draw(chart, rows, now, span);
}

function take_history(answer) {
  const rows = answer.rows.map((values) => Object.fromEntries(answer.columns.map((name, i) => [name, values[i]])));
  const last = state.history.rows.length ? state.history.rows[state.history.rows.length - 1].at_ms : 0;
  const kept = rows.length && rows[0].at_ms <= last ? [] : state.history.rows;
  state.history = {columns: answer.columns, now_ms: answer.now_ms, rows: [...kept, ...rows].filter((r) => r.at_ms > answer.now_ms - HOUR_MS).slice(-360)};
}

/* ---- articles ---- */

const FILTERS = {
  all: () => true,
  published: (a) => a.outcome === 'published' || a.outcome === 'revision',
  duplicate: (a) => a.outcome === 'duplicate',
  dead: (a) => a.outcome === 'dead',
};

function show_filters() {
  byId('filters').replaceChildren(...Object.keys(FILTERS).map((name) => {
    const button = el('button', '', say(name === 'all' ? 'all' : 'outcome.' + name));
    button.type = 'button';
    button.setAttribute('aria-pressed', String(state.filter === name));
    button.addEventListener('click', () => {
      state.filter = name;
      show_filters();
      show_articles(true);
    });
    return button;
  }));
  byId('hold').textContent = state.held ? say('go_on', {count: state.fresh}) : say('hold');
  byId('hold').setAttribute('aria-pressed', String(!!state.held));
}

function hold(yes) {
  state.held = yes ? state.held || [...state.articles] : null;
  state.fresh = 0;
  if (!yes) {
    state.opened.clear();
    state.whole = false;
  }
  show_filters();
  show_articles(true);
}

/* What stands in the second line: why it is a copy, why it is dead, or which terms decided. */
function reason_line(a) {
  const line = el('div', 'why');
  if (a.outcome === 'filtered') {
    line.append(el('span', 'term', say('filtered_by', {condition: a.reason})));
  } else if (a.outcome === 'dead') {
    line.append(el('b', 'dead', say('reason.' + a.reason)), a.stage ? ' \u00b7 ' + a.stage : '', a.why ? ' \u00b7 ' : '', el('span', '', a.why || ''));
  } else if (a.outcome === 'duplicate' && a.duplicate_of) {
    const known = a.similarity !== null && a.duplicate_kind !== null, id = a.duplicate_of.slice(0, 8);
    line.append(known ? say('copy_score', {id, kind: say('kind.' + a.duplicate_kind), score: a.similarity.toFixed(2)}) : say('copy_of', {id}));
  } else {
    if (a.outcome === 'revision' && a.duplicate_of) line.append(el('span', 'term', say('revises', {id: a.duplicate_of.slice(0, 8)})));
    for (const term of a.evidence) {
      const at = term.indexOf(':'), node = el('span', 'term', at < 0 ? term : term.slice(at + 1));
      node.title = term;
      line.append(node);
    }
  }
  return line;
}

const place_of = (a) => a.topic + ' / ' + a.partition + ' / ' + a.offset;

function article_row(a) {
  const title = a.title ? (a.url ? link_to(a.url, a.title) : el('span', '', a.title)) : el('span', 'untitled', place_of(a));
  title.dir = 'auto';
  const button = el('button', 'open', el('span', '', '\u203a'));
  const labels = el('div', 'labels', ...a.labels.map((l) => el('span', 'tag', say('label.' + l))), ...a.watches.map((w) => el('span', 'tag watch', w)));
  button.type = 'button';
  button.title = say('details');
  button.setAttribute('aria-label', say('details'));
  button.setAttribute('aria-expanded', String(state.opened.has(a.seq)));
  button.addEventListener('click', () => toggle(a.seq));
  const row = el('li', 'article ' + a.outcome, el('time', '', clock(a.at_ms)), el('span', 'outcome ' + a.outcome, say('outcome.' + a.outcome)),
    el('div', 'what', el('div', 'title', title), reason_line(a)), el('div', 'from', a.source || '\u00a0'), labels, button);
  row.id = 'article-' + a.seq;
  row.dataset.seq = a.seq;
  if (state.opened.has(a.seq)) row.append(details_of(a, state.opened.get(a.seq)));
  return row;
}

function show_articles(again) {
  const all = state.held || state.articles, fit = all.filter(FILTERS[state.filter]), shown = fit.slice(state.whole ? 0 : -ARTICLES_SHOWN).reverse();
  const list = byId('list');
  if (again) list.replaceChildren();
  if (!shown.length) {
    list.replaceChildren(el('li', 'none', say(all.length ? 'none_of_these' : 'no_articles')));
    return;
  }
  const there = new Map([...list.children].filter((n) => n.dataset.seq).map((n) => [Number(n.dataset.seq), n]));
  list.replaceChildren(...shown.map((a) => there.get(a.seq) || article_row(a)));
  if (shown.length < fit.length) list.append(el('li', 'rest', rest_button(fit.length - shown.length)));
}

function rest_button(count) {
  const button = el('button', '', say('older', {count}));
  button.type = 'button';
  button.addEventListener('click', () => {
    state.whole = true;
    hold(true);
  });
  return button;
}

function redraw_article(seq) {
  const a = (state.held || state.articles).find((b) => b.seq === seq), row = byId('article-' + seq);
  if (a && row) row.replaceWith(article_row(a));
}

async function toggle(seq) {
  if (state.opened.delete(seq)) {
    redraw_article(seq);
  } else {
    hold(true);              /* or the list would run away under the reader */
    let found = {};
    try {
      found = await ask('/article?seq=' + seq);
    } catch (e) { found = {error: true}; }
    state.opened.set(seq, found);
    redraw_article(seq);
  }
  const button = document.querySelector('#article-' + seq + ' .open');
  if (button) button.focus();
}

/* A long name may be broken behind an underscore. */
function member(name, content) {
  const pieces = name.split('_').flatMap((piece, i) => (i ? ['_', el('wbr', ''), piece] : [piece]));
  return [el('dt', '', ...pieces), el('dd', '', content)];
}

/* A value of the record for people: lists in one line, objects as JSON. */
function member_text(value) {
  if (Array.isArray(value) && value.every((v) => typeof v === 'string')) return value.join(' \u00b7 ');
  return typeof value === 'object' && value !== null ? el('pre', '', JSON.stringify(value, null, 1)) : String(value);
}

function details_of(a, found) {
  const list = el('dl', '');
  list.append(...member(say('coordinates'), place_of(a)));
  if (found.error || !('record' in found)) return el('div', 'details', list, el('p', 'none', say('gone')));
  if (a.url) list.append(...member('url', link_to(a.url, a.url)));
  if (a.outcome === 'dead')
    list.append(...member('millrace.error.code', a.reason), ...member('millrace.error.stage', a.stage), ...member('millrace.error.message', a.why));
  const record = found.record;
  if (!record) return el('div', 'details', list, el('p', 'none', say('no_record')));
  for (const [name, value] of Object.entries(record)) {
    const empty = value === null || value === '' || (Array.isArray(value) && !value.length);
    if (empty || name === 'url' || name === 'body' || name === 'detail') continue;
    list.append(...member(name, name === 'url_canonical' ? link_to(value, value) : member_text(value)));
  }
  const body = typeof record.body === 'string' ? el('div', 'body', record.body) : null;
  if (body) body.dir = 'auto';
  const facts = record.detail ? el('pre', '', typeof record.detail === 'string' ? record.detail : JSON.stringify(record.detail, null, 1)) : null;
  return el('div', 'details', list, el('div', '', body, facts, FILTERS.published(a) && !body ? el('p', 'none', say('shortened')) : null));
}

function take_articles(answer) {
  const news = answer.articles.filter((a) => !state.articles.length || a.seq > state.articles[state.articles.length - 1].seq || answer.next < state.next);
  if (answer.next < state.next) state.articles = [];
  state.next = answer.next;
  state.articles = [...state.articles, ...news].slice(-ARTICLES_KEPT);
  if (state.held) {
    state.fresh += news.length;
    show_filters();
  } else if (news.length || !byId('list').children.length) {
    show_articles(false);
  }
}

/* ---- asking ---- */

/* A connection that the daemon ends for its age may take a question along: asked once more. */
async function ask(path) {
  try {
    return await ask_once(path);
  } catch (e) {
    if (e instanceof TypeError) return ask_once(path);
    throw e;
  }
}

async function ask_once(path) {
  const patience = new AbortController(), timer = setTimeout(() => patience.abort(), PATIENCE_MS);
  try {
    const answer = await fetch(path, {signal: patience.signal, cache: 'no-store'});
    if (!answer.ok) throw new Error(path + ': ' + answer.status);
    return await answer.json();
  } finally {
    clearTimeout(timer);
  }
}

/* When the daemon was started: its clock and its uptime go together, so this is the same in all its answers. */
const started = (status) => status.now_ms - status.uptime_ms;

/* A daemon that was started anew counts from 0. */
function forget_if_new(status) {
  if (!state.status || started(status) === started(state.status)) return;
  Object.assign(state, {history: {columns: [], rows: []}, articles: [], next: 0, history_at: 0, held: null});
  state.opened.clear();
  byId('list').replaceChildren();
}

function show_status() {
  show_problems();
  show_head();
  if (!state.status) return;
  show_figures();
  show_flow();
  show_shares();
  show_partitions();
}

async function look() {
  try {
    const status = await ask('/status');
    forget_if_new(status);
    state.status = status;
    state.answered_at = Date.now();
    state.lost_at = null;
    show_status();
    take_articles(await ask('/articles?since=' + state.next));
    if (Date.now() - state.history_at >= HISTORY_MS) {
      const rows = state.history.rows;
      take_history(await ask('/history?since=' + (rows.length ? rows[rows.length - 1].at_ms : 0)));
      state.history_at = Date.now();
      show_charts();
    }
  } catch (e) {
    state.lost_at = state.lost_at || Date.now();
    show_problems();
    show_head();
  }
}

let timer = null;
async function turn() {
  clearTimeout(timer);
  timer = null;
  if (document.hidden) return;
  await look();
  if (!timer && !document.hidden) timer = setTimeout(turn, STATUS_MS);
}

/* ---- begin ---- */

function show_all() {
  document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
  for (const node of document.querySelectorAll('[data-word]')) node.textContent = say(node.dataset.word);
  for (const node of document.querySelectorAll('[data-language]')) node.setAttribute('aria-pressed', String(node.dataset.language === language));
  show_filters();
  show_status();
  show_charts();
  show_articles(true);
}

for (const button of document.querySelectorAll('[data-language]'))
  button.addEventListener('click', () => {
    set_language(button.dataset.language);
    keep_language(language);
    show_all();
  });
byId('hold').addEventListener('click', () => hold(!state.held));
document.addEventListener('visibilitychange', () => { if (!document.hidden) turn(); });
set_language(first_language());
show_all();
turn();
