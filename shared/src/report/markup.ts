/** HTML as strings: one page with its own style, light and dark, that asks no one for anything. */

import { darkPalette, lightPalette, pagePalette, paletteStyle } from '../format/charts/palette.ts';
import type { Canvas } from '../format/charts/palette.ts';
import { element, escapeMarkup } from '../format/charts/svg.ts';
import type { LeakStatus } from '../protocol/leak-verdicts.ts';
import type { AcceptanceCheck } from '../protocol/acceptance-document.ts';
import type { AgreementStatus, VerdictStatus } from '../protocol/study-document.ts';

/** A chart drawn twice, for a desk and for a phone: scaled down, its labels could not be read there. */
export const responsiveChart = (draw: (canvas: Canvas) => string): string => {
  const drawn = (className: string, width: number): string =>
    element('div', { class: className }, draw({ width, palette: pagePalette, unit: 'MB' }));
  return element('figure', {}, drawn('wide', 880) + drawn('narrow', 340));
};

export const paragraph = (text: string, className?: string): string =>
  element('p', { class: className }, escapeMarkup(text));

export const section = (title: string, content: string): string =>
  element('section', {}, element('h2', {}, escapeMarkup(title)) + content);

export const subheading = (title: string): string => element('h3', {}, escapeMarkup(title));

/** A column's title, and whether it holds numbers, which align at their end, or words that are not broken. */
export type Column = string | { readonly title: string; readonly className: 'number' | 'word' };

export const number = (title: string): Column => ({ title, className: 'number' });

/** Text, or what is markup already. */
export type Cell = string | { readonly markup: string };

const cellMarkup = (cell: Cell): string =>
  typeof cell === 'string' ? escapeMarkup(cell) : element('span', {}, cell.markup);

/** A table that scrolls by itself where it is wider than the page; on a phone its rows are lists. The first cell of a row is its heading. */
export function table(columns: readonly Column[], rows: readonly (readonly Cell[])[]): string {
  const styled = columns.map((column) =>
    typeof column === 'string' ? { title: column, className: undefined } : column,
  );
  const head = styled.map(({ title, className }) =>
    element('th', { scope: 'col', class: className }, escapeMarkup(title)),
  );
  const body = rows.map((row) => {
    const cells = styled.map(({ title, className }, index) => {
      const content = cellMarkup(row[index] ?? '');
      return index === 0
        ? element('th', { scope: 'row', class: className }, content)
        : element('td', { class: className, 'data-label': title }, content);
    });
    return element('tr', {}, cells.join(''));
  });
  const whole = element('thead', {}, element('tr', {}, head.join(''))) + element('tbody', {}, body.join(''));
  return element('div', { class: 'scroll', tabindex: 0 }, element('table', {}, whole));
}

/** Names with their values, as a list. */
export const facts = (entries: readonly (readonly [name: string, value: Cell])[]): string =>
  element(
    'dl',
    {},
    entries
      .map(([name, value]) => element('dt', {}, escapeMarkup(name)) + element('dd', {}, cellMarkup(value)))
      .join(''),
  );

/** What is shown when the reader asks for it. `content` is markup. */
export const details = (summary: string, content: string, isOpen = false): string =>
  element(
    'details',
    { open: isOpen ? '' : undefined },
    element('summary', {}, escapeMarkup(summary)) + content,
  );

/** A command as it is typed. */
export const commandLine = (command: string): string => element('pre', {}, escapeMarkup(command));

type Shape = 'full' | 'crossed' | 'half' | 'empty' | 'dash' | 'triangle';

const stroke = { stroke: 'currentColor', 'stroke-width': 1.6 } as const;

function shape(kind: Shape): string {
  const circle = (fill: string): string => element('circle', { cx: 6, cy: 6, r: 4.8, fill, ...stroke });
  switch (kind) {
    case 'full':
      return circle('currentColor');
    case 'empty':
      return element('circle', { cx: 6, cy: 6, r: 4.8, fill: 'none', 'stroke-dasharray': '2 2', ...stroke });
    case 'half':
      return circle('none') + element('path', { d: 'M6 1.2A4.8 4.8 0 0 1 6 10.8Z', fill: 'currentColor' });
    case 'crossed':
      return element('path', { d: 'M2 2L10 10M10 2L2 10', fill: 'none', ...stroke });
    case 'dash':
      return element('path', { d: 'M2 6H10', fill: 'none', ...stroke });
    case 'triangle':
      return element('path', { d: 'M6 1L11.3 10.8H0.7Z', fill: 'currentColor' });
  }
}

/** A status as a shape and a word, so that it can be told without its color. */
const marked = (kind: Shape, word: string, className: string): string =>
  element(
    'span',
    { class: `status ${className}` },
    element('svg', { width: 12, height: 12, viewBox: '0 0 12 12', 'aria-hidden': 'true' }, shape(kind)) +
      word,
  );

const verdicts: Readonly<Record<VerdictStatus, readonly [Shape, string]>> = {
  supported: ['full', 'supported'],
  refuted: ['crossed', 'refuted'],
  inconclusive: ['half', 'inconclusive'],
  'not-tested': ['empty', 'not tested'],
  'not-applicable': ['dash', 'not applicable'],
};

const leaks: Readonly<Record<LeakStatus, readonly [Shape, string]>> = {
  leak: ['triangle', 'leak'],
  'no-leak': ['full', 'no leak'],
  'cache-growth': ['crossed', 'cache growth'],
  plateau: ['crossed', 'plateau'],
  inconclusive: ['half', 'inconclusive'],
  constant: ['full', 'constant'],
  'levels-off': ['full', 'levels off'],
  bounded: ['full', 'bounded'],
  grows: ['triangle', 'grows'],
};

const acceptance: Readonly<Record<AcceptanceCheck['status'], readonly [Shape, string]>> = {
  passed: ['full', 'passed'],
  failed: ['triangle', 'failed'],
  skipped: ['dash', 'skipped'],
};

/** Markup. */
export const acceptanceStatusMark = (status: AcceptanceCheck['status']): string =>
  marked(...acceptance[status], status);

/** Markup. */
export const verdictStatusMark = (status: VerdictStatus): string => marked(...verdicts[status], status);

const agreements: Readonly<Record<AgreementStatus, readonly [Shape, string, VerdictStatus | LeakStatus]>> = {
  agree: ['full', 'agree', 'supported'],
  disagree: ['triangle', 'disagree', 'leak'],
  'cannot-be-told': ['empty', 'cannot be told', 'not-tested'],
};

/** Markup. */
export const agreementMark = (status: AgreementStatus): string => marked(...agreements[status]);

/** Markup. */
export const leakStatusMark = (status: LeakStatus): string => marked(...leaks[status], status);

const style = `
:root { color-scheme: light dark; ${paletteStyle(lightPalette)} --panel: #f6f8fa;
  --supported: #1a6b3c; --refuted: #57606a; --open: #8a5a00; --alarm: #b3261e; }
@media (prefers-color-scheme: dark) { :root { ${paletteStyle(darkPalette)} --panel: #161b22;
  --supported: #4cc38a; --refuted: #9aa5b1; --open: #e3b341; --alarm: #ff8a80; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1056px; padding: 24px 16px 48px; background: var(--background); color: var(--text);
  font: 15px/1.55 system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.55rem; line-height: 1.25; margin: 0 0 4px; }
h2 { font-size: 1.15rem; margin: 36px 0 8px; }
h3 { font-size: 1rem; margin: 20px 0 6px; }
.muted { color: var(--muted); }
.answer { background: var(--panel); border-left: 4px solid var(--s1); padding: 12px 16px; margin: 16px 0; font-size: 1.05rem; }
figure { margin: 8px 0 16px; }
figure svg { display: block; max-width: 100%; height: auto; }
.narrow { display: none; }
@media (max-width: 720px) { .wide { display: none; } .narrow { display: block; } }
.scroll { overflow-x: auto; margin: 8px 0 14px; }
table { border-collapse: collapse; width: 100%; font-size: 0.9rem; }
th, td { text-align: left; padding: 6px 8px 6px 0; border-bottom: 1px solid var(--grid); vertical-align: top; }
thead th { color: var(--muted); font-weight: 600; white-space: nowrap; vertical-align: bottom; }
tbody th { font-weight: 400; min-width: 6.5em; }
td, dd { unicode-bidi: isolate; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; padding-left: 8px; }
.number + :not(.number) { padding-left: 12px; }
.word { overflow-wrap: normal; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 4px 16px; font-size: 0.9rem; }
dt { color: var(--muted); }
dd { margin: 0; min-width: 0; }
.verdict { border-top: 1px solid var(--grid); padding: 10px 0; }
.verdict p { margin: 4px 0; }
.supported, .passed, .no-leak, .constant, .levels-off, .bounded { color: var(--supported); } .refuted, .skipped, .not-tested, .not-applicable, .plateau, .cache-growth { color: var(--refuted); }
.inconclusive { color: var(--open); } .leak, .failed, .grows { color: var(--alarm); }
details { margin: 6px 0; }
summary { cursor: pointer; color: var(--muted); font-size: 0.9rem; }
summary:focus-visible, .scroll:focus-visible { outline: 2px solid var(--s1); outline-offset: 2px; }
pre { background: var(--panel); padding: 8px 12px; white-space: pre-wrap; font-size: 0.9rem; margin: 6px 0; }
.notice { border: 1.5px solid var(--open); padding: 8px 14px; margin: 12px 0; }
.status { white-space: nowrap; font-weight: 600; }
.status svg { display: inline-block; vertical-align: -1px; margin-right: 5px; }
.sum { font-size: 0.9rem; }
@media screen { .explored > figure { display: none; } }
.explorer svg { display: block; width: 100%; touch-action: pan-y; cursor: crosshair; user-select: none; -webkit-user-select: none;
  fill: var(--muted); font-size: 12px; }
.explorer svg:focus-visible, .controls button:focus-visible { outline: 2px solid var(--s1); outline-offset: 2px; }
.parts { list-style: none; margin: 4px 0; padding: 0; display: flex; flex-wrap: wrap; gap: 2px 14px; }
.parts i { display: inline-block; width: 12px; height: 12px; border-radius: 2px; margin-right: 6px; vertical-align: -1px; }
.controls { display: flex; flex-wrap: wrap; gap: 6px; margin: 8px 0; }
.controls button { font: inherit; font-size: 0.9rem; color: var(--text); background: var(--panel); border: 1px solid var(--muted);
  border-radius: 5px; padding: 3px 10px; cursor: pointer; }
.operation { background: var(--panel); padding: 8px 12px; margin: 6px 0 18px; font-size: 0.9rem; min-height: 19em; }
.operation p, .operation ul { margin: 2px 0; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
@media print { .explorer { display: none; } details > *:not(summary) { display: block; } .scroll { overflow-x: visible; } }
@media (max-width: 860px) {
  table, tbody, tr, tbody th, td { display: block; width: 100%; }
  thead { display: none; }
  tr { border-bottom: 1px solid var(--grid); padding: 6px 0; }
  tbody th, td { border: 0; padding: 2px 0; }
  tbody th, tbody th.number { font-weight: 600; text-align: left; }
  td { display: grid; grid-template-columns: minmax(7.5em, 2fr) 3fr; gap: 12px; }
  td::before { content: attr(data-label); color: var(--muted); }
  td, .number + td:not(.number) { padding-left: 0; }
  td.number { text-align: left; white-space: normal; padding-left: 0; }
}
@media (max-width: 480px) { dl { grid-template-columns: 1fr; } dd { margin-bottom: 6px; } }
`;

/** A script at the end of a page: its markup, and what the page's policy says of it. */
export interface PageScript {
  readonly markup: string;
  readonly policy: string;
}

/** The whole page: a title, what it is about in a line, and markup. */
export const page = (
  title: string,
  subtitle: string,
  content: readonly string[],
  script?: PageScript,
): string =>
  `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'${script === undefined ? '' : `; ${script.policy}`}">
<title>${escapeMarkup(title)}</title>
<style>${style}</style>
</head>
<body>
${element('header', {}, element('h1', {}, escapeMarkup(title)) + paragraph(subtitle, 'muted'))}
${content.filter((part) => part !== '').join('\n')}
${script?.markup ?? ''}</body>
</html>
`;
