/** HTML as strings: one page with its own style, light and dark, that asks no one for anything. */

import { escapeMarkup } from '../format/charts/svg.ts';
import type { Palette } from '../format/charts/svg.ts';

/** Colours by the page's variables, so that its theme decides. */
export const pagePalette: Palette = {
  text: 'var(--text)',
  mutedText: 'var(--muted)',
  grid: 'var(--grid)',
  background: 'var(--background)',
  series: ['var(--s1)', 'var(--s2)', 'var(--s3)', 'var(--s4)', 'var(--s5)', 'var(--s6)'],
};

const wideChart = 880;
const narrowChart = 340;

/** A chart drawn twice, for a desk and for a phone: scaled down, its labels could not be read there. */
export const responsiveChart = (draw: (width: number) => string): string =>
  `<figure><div class="wide">${draw(wideChart)}</div><div class="narrow">${draw(narrowChart)}</div></figure>`;

export const paragraph = (text: string, className?: string): string =>
  `<p${className === undefined ? '' : ` class="${className}"`}>${escapeMarkup(text)}</p>`;

export const section = (title: string, content: string): string =>
  `<section><h2>${escapeMarkup(title)}</h2>${content}</section>`;

export interface Column {
  readonly title: string;
  /** Numbers align at their end. */
  readonly numeric?: boolean;
}

/** Text, or what is markup already. */
export type Cell = string | { readonly markup: string };

const cellMarkup = (cell: Cell): string =>
  typeof cell === 'string' ? escapeMarkup(cell) : `<span>${cell.markup}</span>`;

/** A table that scrolls by itself where it is wider than the page; on a phone its rows are lists. The first cell of a row is its heading. */
export function table(columns: readonly Column[], rows: readonly (readonly Cell[])[]): string {
  const style = ({ numeric = false }: Column): string => (numeric ? ' class="number"' : '');
  const head = columns
    .map((column) => `<th scope="col"${style(column)}>${escapeMarkup(column.title)}</th>`)
    .join('');
  const body = rows
    .map((row) => {
      const cells = columns.map((column, index) => {
        const content = cellMarkup(row[index] ?? '');
        return index === 0
          ? `<th scope="row"${style(column)}>${content}</th>`
          : `<td${style(column)} data-label="${escapeMarkup(column.title)}">${content}</td>`;
      });
      return `<tr>${cells.join('')}</tr>`;
    })
    .join('');
  return `<div class="scroll" tabindex="0"><table><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table></div>`;
}

/** Names with their values, as a list. */
export const facts = (entries: readonly (readonly [name: string, value: Cell])[]): string =>
  `<dl>${entries.map(([name, value]) => `<dt>${escapeMarkup(name)}</dt><dd>${cellMarkup(value)}</dd>`).join('')}</dl>`;

/** What is shown when the reader asks for it. Both are markup. */
export const details = (summary: string, content: string, isOpen = false): string =>
  `<details${isOpen ? ' open' : ''}><summary>${summary}</summary>${content}</details>`;

/** A command as it is typed. */
export const commandLine = (command: string): string => `<pre>${escapeMarkup(command)}</pre>`;

const style = `
:root { color-scheme: light dark; --background: #ffffff; --panel: #f6f8fa; --text: #1b1f24; --muted: #57606a; --grid: #d8dee4;
  --s1: #0067a5; --s2: #b8520a; --s3: #007a5e; --s4: #8a4a83; --s5: #7a6400; --s6: #5b6770;
  --supported: #1a6b3c; --refuted: #57606a; --open: #8a5a00; --alarm: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --background: #0d1117; --panel: #161b22; --text: #e6edf3; --muted: #9aa5b1;
  --grid: #30363d; --s1: #56b4e9; --s2: #f0a35e; --s3: #3fbf9b; --s4: #d99bcb; --s5: #e0cf55; --s6: #9aa5b1;
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
dl { display: grid; grid-template-columns: max-content 1fr; gap: 4px 16px; font-size: 0.9rem; }
dt { color: var(--muted); }
dd { margin: 0; min-width: 0; }
.verdict { border-top: 1px solid var(--grid); padding: 10px 0; }
.verdict p { margin: 4px 0; }
.supported, .no-leak { color: var(--supported); } .refuted, .not-tested, .plateau, .cache-growth { color: var(--refuted); }
.inconclusive { color: var(--open); } .leak { color: var(--alarm); }
details { margin: 6px 0; }
summary { cursor: pointer; color: var(--muted); font-size: 0.9rem; }
summary:focus-visible, .scroll:focus-visible { outline: 2px solid var(--s1); outline-offset: 2px; }
pre { background: var(--panel); padding: 8px 12px; white-space: pre-wrap; font-size: 0.9rem; margin: 6px 0; }
.notice { border: 1.5px solid var(--open); padding: 8px 14px; margin: 12px 0; }
.status { white-space: nowrap; font-weight: 600; }
.status svg { display: inline-block; vertical-align: -1px; margin-right: 5px; }
.sum { font-size: 0.9rem; }
@media print { details > *:not(summary) { display: block; } .scroll { overflow-x: visible; } }
@media (max-width: 860px) {
  table, tbody, tr, tbody th, td { display: block; width: 100%; }
  thead { display: none; }
  tr { border-bottom: 1px solid var(--grid); padding: 6px 0; }
  tbody th, td { border: 0; padding: 2px 0; }
  tbody th, tbody th.number { font-weight: 600; text-align: left; }
  td { display: grid; grid-template-columns: minmax(7.5em, 2fr) 3fr; gap: 12px; }
  td::before { content: attr(data-label); color: var(--muted); }
  td.number { text-align: left; white-space: normal; padding-left: 0; }
}
@media (max-width: 480px) { dl { grid-template-columns: 1fr; } dd { margin-bottom: 6px; } }
`;

/** The whole page. `content` is markup. */
export const page = (title: string, content: string): string =>
  `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escapeMarkup(title)}</title>
<style>${style}</style>
</head>
<body>
${content}
</body>
</html>
`;
