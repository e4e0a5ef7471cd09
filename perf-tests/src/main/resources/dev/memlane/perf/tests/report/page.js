'use strict';

(() => {
  const results = JSON.parse(document.getElementById('results').textContent);
  const report = document.getElementById('report');
  const drawn = [];

  /** An element; children are elements or texts, and texts stay texts. */
  function element(tag, className, ...children) {
    const made = document.createElement(tag);
    if (className) {
      made.className = className;
    }
    made.append(...children.filter(child => child !== null));
    return made;
  }

  function linkTo(target, text) {
    const link = element('a', '', text);
    link.href = target;
    return link;
  }

  /** Three digits that count, and thousands apart. */
  function number(value) {
    if (value === null) {
      return '?';
    }
    const size = Math.abs(value);
    if (size >= 100) {
      return value.toLocaleString('en', { maximumFractionDigits: 0 });
    }
    if (size >= 1) {
      return value.toFixed(size >= 10 ? 1 : 2);
    }
    return size >= 0.1 || size === 0 ? value.toFixed(3) : Number(value.toPrecision(3)).toString();
  }

  function duration(seconds) {
    if (seconds === null) {
      return '?';
    }
    const whole = Math.round(seconds);
    return seconds < 10 ? `${number(seconds)} s`
      : whole < 60 ? `${whole} s`
      : `${Math.floor(whole / 60)} min ${whole % 60} s`;
  }

  // Verdicts

  function kind(verdict) {
    return !verdict.judged ? 'open' : verdict.met ? 'met' : 'missed';
  }

  const LABELS = { met: '\u2713 met', missed: '\u2717 missed', open: '\u2013 not judged', failed: '! failed' };

  function badge(kind, text) {
    return element('span', `badge ${kind}`, text || LABELS[kind]);
  }

  function verdictRow(verdict, scenario) {
    const value = element('td', 'number', element('strong', '', number(verdict.value)));
    if (verdict.value !== null) {
      value.title = String(verdict.value);
    }
    const below = !verdict.judged && !verdict.met ? ', not reached' : '';
    return element('tr', '',
      element('td', '', badge(kind(verdict))),
      scenario ? element('td', '', scenario) : null,
      element('td', 'what', verdict.what),
      value,
      element('td', 'bar quiet', verdict.bar + below));
  }

  function failureRow(scenario) {
    return element('tr', '',
      element('td', '', badge('failed')),
      element('td', '', scenario),
      element('td', 'what', 'came to no end'),
      element('td', 'number'),
      element('td', 'bar'));
  }

  function verdictTable(rows, withScenario) {
    return element('div', 'scroll',
      element('table', 'verdicts',
        element('thead', '',
          element('tr', '', element('th', '', 'verdict'), withScenario ? element('th', '', 'scenario') : null,
            element('th', '', 'what'), element('th', 'number', 'figure'), element('th', '', 'bar'))),
        element('tbody', '', ...rows)));
  }

  function anchor(index) {
    return `finding-${index}`;
  }

  function summary() {
    const rows = [];
    results.findings.forEach((finding, index) => {
      const scenario = () => linkTo(`#${anchor(index)}`, finding.name);
      const own = finding.verdicts.map(verdict => verdictRow(verdict, scenario()));
      if (finding.failure !== null) {
        own.unshift(failureRow(scenario()));
      }
      rows.push(...own);
    });
    return rows.length > 0 ? verdictTable(rows, true) : element('p', 'quiet', 'No figure here has a bar.');
  }

  function totals() {
    const verdicts = results.findings.flatMap(finding => finding.verdicts);
    const list = element('ul', 'totals');
    const counts = [
      ['failed', '! ', results.findings.filter(finding => finding.failure !== null).length, ' failed'],
      ['missed', '\u2717 ', verdicts.filter(verdict => kind(verdict) === 'missed').length, ' missed'],
      ['met', '\u2713 ', verdicts.filter(verdict => kind(verdict) === 'met').length, ' met'],
      ['open', '\u2013 ', verdicts.filter(verdict => kind(verdict) === 'open').length, ' not judged'],
    ];
    counts.filter(([, , count]) => count > 0)
      .forEach(([kind, sign, count, text]) => list.append(element('li', '', badge(kind, sign + count + text))));
    return list;
  }

  function header() {
    const machine = results.machine;
    const time = element('time', '', `${results.begun.slice(0, 16).replace('T', ' ')} UTC`);
    time.dateTime = results.begun;
    const seconds = results.findings.reduce((sum, finding) => sum + (finding.seconds || 0), 0);
    const run = results.quick
      ? ' \u00b7 quick run: shorter rounds and smaller sizes, judged only where they are full'
      : ' \u00b7 full run';
    const facts = [
      ['processors', String(machine.processors)],
      ['heap', `${number(machine.heapBytes / 2 ** 20)} MiB at most`],
      ['system', machine.system],
      ['Java', machine.java],
    ];
    if (machine.load !== null) {
      facts.push(['load before', number(machine.load)]);
    }
    return element('header', '',
      element('h1', '', 'Memlane: performance'),
      element('p', '', time, run, ` \u00b7 ${duration(seconds)} \u00b7 `, linkTo('results.json', 'results.json')),
      element('dl', '', ...facts.flatMap(([name, value]) => [element('dt', '', name), element('dd', '', value)])));
  }

  // Tables

  function measureTable(measures) {
    const metrics = [...new Set(measures.map(measure => measure.metric))];
    const withParameter = measures.some(measure => measure.parameter !== '');
    const rows = new Map();
    for (const measure of measures) {
      const key = JSON.stringify([measure.contestant, measure.parameter]);
      if (!rows.has(key)) {
        rows.set(key, { contestant: measure.contestant, parameter: measure.parameter, byMetric: new Map() });
      }
      rows.get(key).byMetric.set(measure.metric, measure);
    }
    const head = element('tr', '', element('th', '', 'contestant'));
    if (withParameter) {
      head.append(element('th', '', 'with'));
    }
    for (const metric of metrics) {
      head.append(element('th', 'number', metric), element('th', ''));
    }
    const body = element('tbody', '');
    for (const row of rows.values()) {
      const line = element('tr', '', element('th', '', row.contestant));
      if (withParameter) {
        line.append(element('td', 'parameter', row.parameter));
      }
      for (const metric of metrics) {
        const measure = row.byMetric.get(metric);
        const median = element('td', 'number', measure ? number(measure.median) : '');
        const range = element('td', 'range',
          measure && measure.rounds.length > 1 ? `${number(measure.least)} .. ${number(measure.most)}` : '');
        if (measure) {
          median.title = range.title = `rounds: ${measure.rounds.map(number).join('  ')}`;
        }
        line.append(median, range);
      }
      body.append(line);
    }
    return element('div', 'scroll', element('table', '', element('thead', '', head), body));
  }

  function roundsTable(measures) {
    const most = Math.max(...measures.map(measure => measure.rounds.length));
    const head = element('tr', '', element('th', '', 'contestant'), element('th', '', 'with'), element('th', '', 'metric'));
    for (let round = 1; round <= most; round++) {
      head.append(element('th', 'number', `round ${round}`));
    }
    const rows = measures.map(measure => element('tr', '',
      element('th', '', measure.contestant), element('td', 'parameter', measure.parameter),
      element('td', 'parameter', measure.metric),
      ...measure.rounds.map(round => element('td', 'number', number(round)))));
    return element('div', 'scroll small', element('table', '', element('thead', '', head), element('tbody', '', ...rows)));
  }

  // Plots

  const DASHES = [[], [7, 4], [2, 3], [10, 3, 2, 3], [4, 2], [1, 2]];
  const POINTS = ['circle', 'rect', 'triangle', 'rectRot', 'crossRot', 'star'];
  const POINTS_SHOWN = 9;

  function colour(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  }

  /** 1, 2 and 5 times the powers of ten, from below the least value to above the most. */
  function steps(least, most) {
    const values = [];
    for (let power = Math.floor(Math.log10(least)); power <= Math.ceil(Math.log10(most)); power++) {
      [1, 2, 5].forEach(step => values.push(Number(`${step}e${power}`)));
    }
    const first = values.findLastIndex(value => value <= least * (1 + 1e-9));
    const last = values.findIndex(value => value >= most * (1 - 1e-9));
    return values.slice(Math.max(first, 0), last < 0 ? values.length : last + 1);
  }

  function isPowerOfTen(value) {
    return Math.abs(Math.log10(value) - Math.round(Math.log10(value))) < 1e-9;
  }

  /** Where a logarithmic axis is labelled: at the values themselves if they are few, else at round numbers. */
  function logarithmicTicks(values, horizontal) {
    const distinct = [...new Set(values)].sort((one, other) => one - other);
    if (distinct.length === 0) {
      return [1, 10];
    }
    if (horizontal && distinct.length > 1 && distinct.length <= 10) {
      return distinct;
    }
    const all = steps(distinct[0], distinct.at(-1));
    const wide = all.at(-1) / all[0] > 50;
    // A vertical axis ends at labels; on a horizontal one they would run into each other.
    const ends = value => !horizontal && (value === all[0] || value === all.at(-1));
    return all.length > 1 ? all.filter(value => !wide || isPowerOfTen(value) || ends(value)) : [all[0], all[0] * 2];
  }

  function axis(title, logarithmic, values, horizontal) {
    const made = {
      type: logarithmic ? 'logarithmic' : 'linear',
      title: { display: true, text: title, color: colour('--quiet') },
      grid: { color: colour('--line') },
      border: { color: colour('--quiet') },
      ticks: { color: colour('--quiet'), callback: label },
    };
    if (logarithmic) {
      const ticks = logarithmicTicks(values, horizontal);
      made.min = horizontal && values.length > 0 ? Math.min(...values) : ticks[0];
      made.max = horizontal && values.length > 0 ? Math.max(...values) : ticks.at(-1);
      if (made.min === made.max) {
        made.min = ticks[0];
        made.max = ticks.at(-1);
      }
      made.afterBuildTicks = scale => {
        scale.ticks = ticks.filter(value => value >= scale.min && value <= scale.max).map(value => ({ value }));
      };
    } else {
      made.beginAtZero = !horizontal;
    }
    return made;
  }

  function label(value) {
    return value >= 1000 ? value.toLocaleString('en') : String(Number(value.toPrecision(6)));
  }

  function points(line, plot) {
    return line.x.map((x, i) => ({ x, y: line.y[i] })).filter(({ x, y }) => x !== null && y !== null
      && (!plot.xLogarithmic || x > 0) && (!plot.yLogarithmic || y > 0));
  }

  function draw(canvas, plot, styleOf) {
    const lines = plot.lines.map(line => ({ name: line.name, points: points(line, plot) }));
    const all = lines.flatMap(line => line.points);
    return new Chart(canvas, {
      type: 'scatter',
      data: {
        datasets: lines.map(line => {
          const style = styleOf(line.name);
          const every = Math.ceil(line.points.length / POINTS_SHOWN);
          return {
            label: line.name,
            data: line.points,
            showLine: true,
            borderColor: colour(`--line-${style % 6 + 1}`),
            backgroundColor: colour(`--line-${style % 6 + 1}`),
            borderDash: DASHES[(style + Math.floor(style / 6)) % DASHES.length],
            borderWidth: 2,
            pointStyle: POINTS[style % POINTS.length],
            pointRadius: line.points.map((point, i) => i % every === 0 ? 4 : 0),
            pointHoverRadius: 6,
            pointHitRadius: 8,
            clip: 10,
          };
        }),
      },
      options: {
        animation: false,
        maintainAspectRatio: false,
        interaction: { mode: 'nearest', axis: 'xy', intersect: false },
        scales: {
          x: axis(plot.x, plot.xLogarithmic, all.map(point => point.x), true),
          y: axis(plot.y, plot.yLogarithmic, all.map(point => point.y), false),
        },
        plugins: {
          legend: { position: 'bottom', labels: { color: colour('--text'), usePointStyle: true, boxHeight: 7 } },
          tooltip: {
            callbacks: {
              title: items => items.map(item => item.dataset.label).join(', '),
              label: item => [`${plot.x}: ${number(item.parsed.x)}`, `${plot.y}: ${number(item.parsed.y)}`],
            },
          },
        },
      },
    });
  }

  function figures(plots) {
    // A name has the same colour in all plots of a scenario.
    const names = [...new Set(plots.flatMap(plot => plot.lines.map(line => line.name)))];
    return element('div', 'plots', ...plots.map(plot => {
      const canvas = element('canvas', '');
      canvas.setAttribute('role', 'img');
      canvas.setAttribute('aria-label',
        `${plot.title}: ${plot.y} over ${plot.x}, of ${plot.lines.map(line => line.name).join(', ')}`);
      drawn.push({ canvas, plot, styleOf: name => names.indexOf(name), chart: null });
      return element('figure', '', element('figcaption', '', plot.title), element('div', 'canvas', canvas));
    }));
  }

  // The page

  function section(finding, index) {
    const made = element('section', '',
      element('h2', '', finding.title),
      element('p', 'quiet small', `${finding.name} \u00b7 ${duration(finding.seconds)}`));
    made.id = anchor(index);
    if (finding.failure !== null) {
      made.append(element('p', 'failure', badge('failed'), ` ${finding.failure}`));
    }
    if (finding.verdicts.length > 0) {
      made.append(verdictTable(finding.verdicts.map(verdict => verdictRow(verdict, null)), false));
    }
    if (finding.plots.length > 0) {
      made.append(figures(finding.plots));
    }
    if (finding.measures.length > 0) {
      made.append(element('h3', '', 'Medians over the rounds, least .. most'), measureTable(finding.measures));
      made.append(element('details', '', element('summary', '', 'Every round'),
        element('div', '', roundsTable(finding.measures))));
    }
    if (finding.notes.length > 0) {
      made.append(element('ul', 'notes', ...finding.notes.map(note => element('li', '', note))));
    }
    return made;
  }

  function drawAll() {
    for (const one of drawn) {
      one.chart?.destroy();
      one.chart = draw(one.canvas, one.plot, one.styleOf);
    }
  }

  report.replaceChildren(header(), totals(), summary(), ...results.findings.map(section));
  drawAll();
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', drawAll);
})();
