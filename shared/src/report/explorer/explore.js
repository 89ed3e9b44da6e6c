/**
 * The report's picture of traces, to explore: hover or tap for an operation, zoom, and the keyboard for both. Runs in the
 * reader's browser by its own text, so nothing outside of `explore` is known in it.
 *
 * @import { ExplorerData, ExplorerTools } from '../explorer-data.ts'
 * @import { followGestures as FollowGestures } from './gestures.js'
 * @import { elementMakers as ElementMakers } from './elements.js'
 */

/**
 * @param {ExplorerData} data
 * @param {ExplorerTools & { followGestures: typeof FollowGestures, elementMakers: typeof ElementMakers }} tools
 */
export function explore(data, tools) {
  const { bandsOf, highestOperations, stepArea, tickStep, operationDetails, followGestures } = tools;
  const root = document.querySelector('.explorer');
  if (!(root instanceof HTMLElement)) {
    return;
  }
  const plotHeight = 230;
  const [plotTop, axisHeight, right] = [26, 36, 12];
  const most = data.ticks.at(-1)?.bytes ?? 1;
  /** @param {number} value */
  const grouped = (value) => value.toLocaleString('en-US');
  const left = 14 + Math.max(...data.ticks.map(({ label }) => label.length)) * 7.5;

  const { html, svg, key, button } = tools.elementMakers();

  /** Where each operation begins along the axis, and the end of the last one. @type {'operations' | 'seconds'} */
  let unit = 'operations';
  const charts = data.traces.map(({ trace, title, colors }) => {
    const memory = bandsOf(trace);
    const operations = memory.totals.length;
    const elapsed = new Float64Array(operations + 1);
    trace.operations.microseconds.forEach((each, at) => (elapsed[at + 1] = (elapsed[at] ?? 0) + each / 1e6));
    const peak = memory.totals.reduce(
      (found, each, at) => (each > (memory.totals[found] ?? 0) ? at : found),
      0,
    );
    const picture = svg('svg', {
      tabindex: 0,
      role: 'application',
      'aria-roledescription': 'memory chart',
      'aria-label': `${title}. Memory by operation; arrow keys move along operations.`,
      width: '100%',
      height: plotTop + plotHeight + axisHeight,
    });
    return {
      trace,
      title,
      colors,
      memory,
      ...memory,
      operations,
      starts: { operations: Float64Array.from({ length: operations + 1 }, (_, at) => at), seconds: elapsed },
      peak,
      picture,
      /** The operation that each pixel shows. @type {number[]} */
      shown: [],
      /** The operation that the reader looks at. */
      current: peak,
      grid: svg('g', {}),
      areas: memory.bands.map((_, band) => svg('path', { fill: colors[band] ?? 'currentColor' })),
      axis: svg('g', {}),
      range: svg('rect', {
        y: plotTop,
        height: plotHeight,
        width: 0,
        fill: 'var(--text)',
        'fill-opacity': 0.15,
      }),
      cursor: svg('line', {
        y1: plotTop,
        y2: plotTop + plotHeight,
        stroke: 'var(--text)',
        'stroke-width': 1.5,
      }),
      mark: svg('path', { fill: 'var(--text)' }),
      panel: html('div', { class: 'operation' }),
    };
  });
  /** @typedef {(typeof charts)[number]} Chart */

  const end = () => Math.max(1e-6, ...charts.map(({ starts, operations }) => starts[unit][operations] ?? 0));
  let view = { from: 0, to: end() };
  let width = 0;
  const plotWidth = () => Math.max(50, Math.floor(width - left - right));
  /** @param {number} value */
  const xOf = (value) => left + ((value - view.from) / (view.to - view.from)) * plotWidth();

  /** The chart that was last looked at, which buttons are about. @type {Chart | undefined} */
  let active = charts[0];
  const live = html('p', { class: 'unseen', 'aria-live': 'polite' });

  /** @param {Chart} chart */
  const middleOf = ({ starts, current }) =>
    ((starts[unit][current] ?? 0) + (starts[unit][current + 1] ?? 0)) / 2;

  /** @param {Chart} chart */
  const placeCursor = (chart) => {
    const x = xOf(middleOf(chart)).toFixed(1);
    const isInside = middleOf(chart) >= view.from && middleOf(chart) <= view.to;
    chart.cursor.setAttribute('x1', x);
    chart.cursor.setAttribute('x2', x);
    chart.cursor.setAttribute('visibility', isInside ? 'visible' : 'hidden');
  };

  /** @param {Chart} chart */
  const drawAxis = (chart) => {
    const span = view.to - view.from;
    const step = Math.max(unit === 'operations' ? 1 : 0, tickStep(span, Math.max(2, plotWidth() / 95)));
    const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
    const bottom = plotTop + plotHeight;
    /** @type {Element[]} */
    const marks = [];
    for (let tick = Math.ceil(view.from / step); tick * step <= view.to; tick += 1) {
      const x = xOf(tick * step);
      const label = unit === 'operations' ? grouped(tick * step) : (tick * step).toFixed(digits);
      marks.push(
        svg('line', { x1: x, x2: x, y1: bottom, y2: bottom + 4, stroke: 'var(--muted)' }),
        svg(
          'text',
          { x: Math.min(Math.max(x, 14), width - label.length * 4), y: bottom + 17, 'text-anchor': 'middle' },
          label,
        ),
      );
    }
    marks.push(
      svg(
        'text',
        { x: left + plotWidth(), y: bottom + 32, 'text-anchor': 'end' },
        unit === 'operations' ? 'operation' : 'seconds',
      ),
    );
    chart.axis.replaceChildren(...marks);
  };

  /** @param {Chart} chart */
  const draw = (chart) => {
    const columns = plotWidth();
    chart.shown = highestOperations(chart.totals, chart.starts[unit], view.from, view.to, columns);
    /** @type {(number | undefined)[]} */
    const sums = chart.shown.map((operation) => (operation < 0 ? undefined : 0));
    chart.bytes.forEach((bytes, band) => {
      for (let column = 0; column < columns; column += 1) {
        const sum = sums[column];
        if (sum !== undefined) {
          sums[column] = sum + ((bytes[chart.shown[column] ?? 0] ?? 0) / most) * plotHeight;
        }
      }
      chart.areas[band]?.setAttribute('d', stepArea(sums, left, 1, plotTop + plotHeight));
    });
    drawAxis(chart);
    const at = ((chart.starts[unit][chart.peak] ?? 0) + (chart.starts[unit][chart.peak + 1] ?? 0)) / 2;
    const y = plotTop + plotHeight * (1 - (chart.totals[chart.peak] ?? 0) / most);
    const isInside = at >= view.from && at <= view.to;
    chart.mark.setAttribute(
      'd',
      isInside ? `M${(xOf(at) - 6).toFixed(1)} ${(y - 10).toFixed(1)}h12l-6 9z` : '',
    );
    placeCursor(chart);
  };

  let isWaiting = false;
  const redraw = () => {
    if (!isWaiting) {
      isWaiting = true;
      requestAnimationFrame(() => {
        isWaiting = false;
        charts.forEach(draw);
      });
    }
  };

  /** @param {Chart} chart @param {number} operation @param {boolean} [isSaid] whether a screen reader says it */
  const select = (chart, operation, isSaid = false) => {
    if (chart.operations === 0) {
      return;
    }
    chart.current = Math.min(Math.max(operation, 0), chart.operations - 1);
    active = chart;
    placeCursor(chart);
    const began = chart.starts.seconds[chart.current] ?? 0;
    const { title, lines, parts, largest } = operationDetails(
      chart.trace,
      chart.memory,
      chart.current,
      began,
    );
    chart.panel.replaceChildren(
      html('p', {}, html('strong', {}, title)),
      ...lines.map((line) => html('p', {}, line)),
      key(parts.map(({ band, text }) => ({ name: text, color: chart.colors[band] ?? '' }))),
      html('p', { class: 'muted' }, 'Largest arrays alive beside the weights:'),
      html('ul', {}, ...largest.map((line) => html('li', {}, line))),
    );
    if (isSaid) {
      live.textContent = [title, ...lines].join('. ');
    }
  };

  let animation = 0;
  /** @param {number} from @param {number} to @param {boolean} [isSmooth] */
  const show = (from, to, isSmooth = false) => {
    const whole = end();
    const least = unit === 'operations' ? Math.min(10, whole) : whole / 1e5;
    const span = Math.min(whole, Math.max(least, to - from));
    const start = Math.min(Math.max(0, (from + to - span) / 2), whole - span);
    const [before, after] = [view, { from: start, to: start + span }];
    cancelAnimationFrame(animation);
    if (!isSmooth || matchMedia('(prefers-reduced-motion: reduce)').matches) {
      view = after;
      redraw();
      return;
    }
    const began = performance.now();
    const frame = () => {
      const share = Math.min(1, (performance.now() - began) / 160);
      view = {
        from: before.from + (after.from - before.from) * share,
        to: before.to + (after.to - before.to) * share,
      };
      charts.forEach(draw);
      if (share < 1) {
        animation = requestAnimationFrame(frame);
      }
    };
    animation = requestAnimationFrame(frame);
  };
  /** @param {number} factor @param {number} at what stays where it is @param {boolean} [isSmooth] */
  const zoom = (factor, at, isSmooth = false) =>
    show(at - (at - view.from) * factor, at + (view.to - at) * factor, isSmooth);
  /** @param {Chart} chart */
  const reveal = (chart) => {
    const at = middleOf(chart);
    const span = view.to - view.from;
    if (at < view.from || at > view.to) {
      show(at - span / 2, at + span / 2);
    }
  };
  /** @param {Chart} chart */
  const anchor = (chart) => {
    const at = middleOf(chart);
    return at >= view.from && at <= view.to ? at : (view.from + view.to) / 2;
  };
  const switchUnit = () => {
    unit = unit === 'operations' ? 'seconds' : 'operations';
    axisButton.textContent = unit === 'operations' ? 'Show time' : 'Show operations';
    view = { from: 0, to: end() };
    redraw();
    live.textContent = `The axis shows ${unit}.`;
  };

  /** @param {(chart: Chart) => void} act */
  const onActive = (act) => () => active && act(active);
  /** @param {Chart} chart */
  const goToPeak = (chart) => {
    select(chart, chart.peak, true);
    const span = Math.min(view.to - view.from, end() / 20);
    show(middleOf(chart) - span / 2, middleOf(chart) + span / 2, true);
  };
  const axisButton = button('Show time', switchUnit);

  const keys = {
    ArrowRight: (/** @type {Chart} */ chart) => select(chart, chart.current + 1, true),
    ArrowLeft: (/** @type {Chart} */ chart) => select(chart, chart.current - 1, true),
    PageDown: (/** @type {Chart} */ chart) => select(chart, chart.current + 100, true),
    PageUp: (/** @type {Chart} */ chart) => select(chart, chart.current - 100, true),
    Home: (/** @type {Chart} */ chart) => select(chart, 0, true),
    End: (/** @type {Chart} */ chart) => select(chart, chart.operations - 1, true),
    p: goToPeak,
    '+': (/** @type {Chart} */ chart) => zoom(0.5, anchor(chart), true),
    '=': (/** @type {Chart} */ chart) => zoom(0.5, anchor(chart), true),
    '-': (/** @type {Chart} */ chart) => zoom(2, anchor(chart), true),
    0: () => show(0, end(), true),
    t: switchUnit,
  };

  /** @param {Chart} chart */
  const listen = (chart) => {
    const { picture, range } = chart;
    /** @param {number} x */
    const inside = (x) => Math.min(Math.max(x - left, 0), plotWidth());
    /** @param {number} x */
    const valueAt = (x) => view.from + (inside(x) / plotWidth()) * (view.to - view.from);
    /** @param {number} x @param {boolean} [isSaid] */
    const selectAt = (x, isSaid) => {
      const found = chart.shown[Math.min(Math.floor(inside(x)), plotWidth() - 1)] ?? -1;
      if (found >= 0) {
        select(chart, found, isSaid);
      }
    };
    followGestures(picture, {
      onHover: (x) => selectAt(x),
      onTap: (x) => selectAt(x, true),
      onRange: (from, to) => {
        range.setAttribute('x', String(left + inside(from)));
        range.setAttribute('width', String(inside(to) - inside(from)));
      },
      onRangeEnd: (from, to) => show(valueAt(from), valueAt(to), true),
      onPan: (by) => {
        const shift = (by / plotWidth()) * (view.to - view.from);
        show(view.from + shift, view.to + shift);
      },
      onZoom: (factor, x) => zoom(factor, valueAt(x)),
    });
    picture.addEventListener('focus', () => (active = chart));
    picture.addEventListener('keydown', (event) => {
      const name = event.key.length === 1 ? event.key.toLowerCase() : event.key;
      /** @type {((chart: Chart) => void) | undefined} */
      const act = Object.entries(keys).find(([each]) => each === name)?.[1];
      if (act !== undefined && !event.ctrlKey && !event.metaKey && !event.altKey) {
        event.preventDefault();
        act(chart);
        if (event.key.length > 1) {
          reveal(chart);
        }
      }
    });
  };

  const layOut = () => {
    width = root.clientWidth > 0 ? root.clientWidth : 800;
    for (const chart of charts) {
      const lines = data.ticks.flatMap(({ bytes, label }) => {
        const y = plotTop + plotHeight * (1 - bytes / most);
        return [
          svg('line', { x1: left, x2: left + plotWidth(), y1: y, y2: y, stroke: 'var(--grid)' }),
          svg('text', { x: left - 6, y: y + 4, 'text-anchor': 'end' }, label),
        ];
      });
      chart.grid.replaceChildren(...lines, svg('text', { x: 2, y: 11 }, 'MB'));
      draw(chart);
    }
  };

  const help =
    'Hover or tap for an operation; drag, pinch, or Ctrl and the wheel zoom. Keys: arrows move, Page Up and Page Down by 100, Home and End, + and − zoom, 0 shows the whole, P the peak, T time.';
  root.append(
    key(data.legend),
    html(
      'div',
      { class: 'controls', role: 'toolbar', 'aria-label': 'Zoom' },
      button('Zoom in', onActive(keys['+'])),
      button('Zoom out', onActive(keys['-'])),
      button('Show all', keys[0]),
      button('Go to the peak', onActive(goToPeak)),
      axisButton,
    ),
    ...charts.flatMap((chart) => {
      const { picture, title, peak } = chart;
      picture.append(
        chart.grid,
        ...[...chart.areas].reverse(),
        chart.axis,
        chart.range,
        chart.cursor,
        chart.mark,
      );
      listen(chart);
      select(chart, peak);
      return [html('h3', {}, title), picture, chart.panel];
    }),
    html('p', { class: 'muted' }, help),
    live,
  );
  root.hidden = false;
  root.parentElement?.classList.add('explored');
  active = charts[0];
  layOut();
  addEventListener('resize', layOut);
}
