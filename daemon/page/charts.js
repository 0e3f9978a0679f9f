/* charts.js - line charts of the last hour, as SVG drawn here. Knows rows of numbers and nothing of the daemon.
 *
 * chart_new(place, title, series) -> chart; series: [{key, word, style, value(row, before)}]. chart_draw(chart, rows, now, span): value gives a number or null (a gap). */

const SVG = 'http://www.w3.org/2000/svg';
const CHART = {height: 150, left: 46, right: 8, top: 8, bottom: 20};

function svg(name, attributes, text) {
  const node = document.createElementNS(SVG, name);
  for (const key in attributes) node.setAttribute(key, attributes[key]);
  if (text !== undefined) node.textContent = text;
  return node;
}

/* A round number not below `most`, and the distance of its lines: at most four. */
function nice_scale(most, integers) {
  if (!(most > 0)) return {top: 1, step: 1};
  if (integers && most <= 4) return {top: Math.ceil(most), step: 1};
  const raw = most / 4, power = Math.pow(10, Math.floor(Math.log10(raw)));
  const step = [1, 2, 2.5, 5, 10].map((f) => f * power).find((s) => s >= raw * 0.999 && (!integers || s % 1 === 0));
  return {top: Math.ceil(most / step - 0.001) * step, step};
}

function short_number(n) {
  if (n >= 1e9) return rounded.format(n / 1e9) + 'G';
  if (n >= 1e6) return rounded.format(n / 1e6) + 'M';
  if (n >= 1e4) return rounded.format(n / 1e3) + 'k';
  return rounded.format(n < 100 ? Math.round(n * 10) / 10 : n);
}

/* `integers`: between two lines of the grid there is always a whole number. */
function chart_new(place, title, series, integers) {
  const chart = {place, title, series, integers, rows: [], points: [], at: null};
  const figure = document.createElement('figure');
  chart.head = document.createElement('figcaption');
  chart.svg = svg('svg', {role: 'img', class: 'plot'});
  figure.append(chart.head, chart.svg);
  place.append(figure);
  chart.svg.addEventListener('pointermove', (event) => {
    chart.at = event.clientX - chart.svg.getBoundingClientRect().left;
    chart_point(chart);
  });
  chart.svg.addEventListener('pointerleave', () => {
    chart.at = null;
    chart_point(chart);
  });
  new ResizeObserver(() => chart_draw(chart)).observe(figure);
  return chart;
}

/* Title and legend, with the values at the pointer, else the last ones. */
function chart_head(chart, point) {
  const title = document.createElement('span');
  title.className = 'name';
  title.textContent = say(chart.title);
  chart.head.replaceChildren(title);
  for (const s of chart.series) {
    const item = document.createElement('span'), value = document.createElement('b');
    const last = point || chart.points[chart.points.length - 1];
    item.className = 'key ' + s.style;
    value.textContent = last && last[s.key] !== null ? short_number(last[s.key]) : '\u2013';
    item.append(s.word ? say(s.word) : s.name, ' ', value);
    chart.head.append(item);
  }
  if (point) {
    const when = document.createElement('span');
    when.className = 'when';
    when.textContent = clock(point.at);
    chart.head.append(when);
  }
}

function chart_points(chart, rows) {
  return rows.map((row, i) => {
    const point = {at: row.at_ms};
    for (const s of chart.series) point[s.key] = s.value(row, i ? rows[i - 1] : null);
    return point;
  });
}

function chart_path(chart, key, x, y) {
  let path = '', pen = false, before = 0;
  for (const p of chart.points) {
    const gap = p[key] === null || (pen && p.at - before > 35000);
    if (p[key] !== null) path += (pen && !gap ? 'L' : 'M') + x(p.at).toFixed(1) + ' ' + y(p[key]).toFixed(1) + (pen && !gap ? '' : 'h.01');
    pen = p[key] !== null;
    before = p.at;
  }
  return path;
}

function chart_frame(chart, width, scale, x, y) {
  for (let v = 0; v <= scale.top * 1.001; v += scale.step) {
    chart.svg.append(svg('line', {x1: CHART.left, x2: width - CHART.right, y1: y(v), y2: y(v), class: v ? 'grid' : 'base'}));
    chart.svg.append(svg('text', {x: CHART.left - 6, y: y(v) + 4, class: 'tick end'}, short_number(v)));
  }
  const every = chart.span > 1800000 ? (width < 420 ? 20 : 10) : chart.span > 600000 ? 5 : width < 420 ? 5 : 2;
  for (let minutes = 0; minutes * 60000 <= chart.span; minutes += every) {
    const at = x(chart.now - minutes * 60000);
    const label = minutes ? say('minutes_ago', {count: minutes}) : say('now');
    chart.svg.append(svg('text', {x: Math.max(at, CHART.left), y: CHART.height - 4, class: 'tick ' + (minutes ? (at < CHART.left + 18 ? '' : 'middle') : 'end')}, label));
  }
}

function chart_draw(chart, rows, now, span) {
  if (rows) Object.assign(chart, {rows, now, span});
  const width = Math.max(chart.svg.clientWidth || chart.place.clientWidth, 200);
  const inner = width - CHART.left - CHART.right, deep = CHART.height - CHART.top - CHART.bottom;
  chart.points = chart_points(chart, chart.rows);
  let most = 0, known = false;
  for (const p of chart.points)
    for (const s of chart.series)
      if (p[s.key] !== null) { known = true; most = Math.max(most, p[s.key]); }
  const scale = nice_scale(most, chart.integers);
  chart.x = (at) => CHART.left + inner * (1 - (chart.now - at) / chart.span);
  chart.y = (v) => CHART.top + deep * (1 - v / scale.top);
  chart.svg.replaceChildren();
  chart.svg.setAttribute('viewBox', '0 0 ' + width + ' ' + CHART.height);
  chart.svg.setAttribute('aria-label', say(chart.title));
  if (!known) {
    chart.svg.append(svg('line', {x1: CHART.left, x2: width - CHART.right, y1: CHART.height - CHART.bottom, y2: CHART.height - CHART.bottom, class: 'base'}));
    chart.svg.append(svg('text', {x: width / 2, y: CHART.height / 2, class: 'tick middle'}, say(chart.rows.length ? 'no_values' : 'collecting')));
    chart_head(chart);
    return;
  }
  chart_frame(chart, width, scale, chart.x, chart.y);
  for (const s of chart.series) chart.svg.append(svg('path', {d: chart_path(chart, s.key, chart.x, chart.y), class: 'line ' + s.style, 'data-series': s.key}));
  chart.pointer = svg('line', {y1: CHART.top, y2: CHART.height - CHART.bottom, class: 'pointer', visibility: 'hidden'});
  chart.svg.append(chart.pointer);
  chart_point(chart);
}

function chart_point(chart) {
  if (!chart.pointer || chart.at === null || !chart.points.length) {
    if (chart.pointer) chart.pointer.setAttribute('visibility', 'hidden');
    chart_head(chart);
    return;
  }
  const near = chart.points.reduce((best, p) => (Math.abs(chart.x(p.at) - chart.at) < Math.abs(chart.x(best.at) - chart.at) ? p : best));
  chart.pointer.setAttribute('x1', chart.x(near.at));
  chart.pointer.setAttribute('x2', chart.x(near.at));
  chart.pointer.setAttribute('visibility', 'visible');
  chart_head(chart, near);
}
