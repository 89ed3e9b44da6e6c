/** HTML as strings: one page with its own style, light and dark, that asks no one for anything. */

import { escapeMarkup } from '../format/charts/svg.ts';
import type { Palette } from '../format/charts/svg.ts';

/** Colours by the page's variables, so that its theme decides. */
export const pagePalette: Palette = {
  text: 'var(--text)',
  mutedText: 'var(--muted)',
  grid: 'var(--grid)',
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

/** A table that scrolls by itself where the page is narrower. Cells are text. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const style = ({ numeric = false }: Column): string => (numeric ? ' class="number"' : '');
  const head = columns
    .map((column) => `<th scope="col"${style(column)}>${escapeMarkup(column.title)}</th>`)
    .join('');
  const body = rows
    .map((row) => {
      const cells = columns.map(
        (column, index) => `<td${style(column)}>${escapeMarkup(row[index] ?? '')}</td>`,
      );
      return `<tr>${cells.join('')}</tr>`;
    })
    .join('');
  return `<div class="scroll"><table><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table></div>`;
}

/** Names with their values, as a list. */
export const facts = (entries: readonly (readonly [name: string, value: string])[]): string =>
  `<dl>${entries.map(([name, value]) => `<dt>${escapeMarkup(name)}</dt><dd>${escapeMarkup(value)}</dd>`).join('')}</dl>`;

const style = `
:root { color-scheme: light dark; --background: #ffffff; --panel: #f6f8fa; --text: #1b1f24; --muted: #57606a; --grid: #d8dee4;
  --s1: #0067a5; --s2: #b8520a; --s3: #007a5e; --s4: #8a4a83; --s5: #7a6400; --s6: #5b6770;
  --supported: #1a6b3c; --refuted: #57606a; --open: #8a5a00; }
@media (prefers-color-scheme: dark) { :root { --background: #0d1117; --panel: #161b22; --text: #e6edf3; --muted: #9aa5b1;
  --grid: #30363d; --s1: #56b4e9; --s2: #f0a35e; --s3: #3fbf9b; --s4: #d99bcb; --s5: #e0cf55; --s6: #9aa5b1;
  --supported: #4cc38a; --refuted: #9aa5b1; --open: #e3b341; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 944px; padding: 24px 16px 48px; background: var(--background); color: var(--text);
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
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 0.9rem; }
th, td { text-align: left; padding: 6px 10px 6px 0; border-bottom: 1px solid var(--grid); vertical-align: top; }
th { color: var(--muted); font-weight: 600; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; padding-left: 10px; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 4px 16px; font-size: 0.9rem; }
dt { color: var(--muted); }
dd { margin: 0; min-width: 0; }
.verdict { border-top: 1px solid var(--grid); padding: 10px 0; }
.verdict p { margin: 4px 0; }
.badge { display: inline-block; border: 1.5px solid currentColor; border-radius: 10px; padding: 0 9px; font-size: 0.8rem;
  font-weight: 600; margin-right: 8px; }
.supported { color: var(--supported); } .refuted, .not-tested { color: var(--refuted); } .inconclusive { color: var(--open); }
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
