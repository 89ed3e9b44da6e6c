/** A verdict's status as a shape and a word, so that it can be told without its colour. */

import { element } from '../format/charts/svg.ts';
import type { LeakStatus } from '../protocol/leak-verdicts.ts';
import type { VerdictStatus } from '../protocol/study-evidence.ts';

type Shape = 'full' | 'crossed' | 'half' | 'empty' | 'triangle';

const size = 12;
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
    case 'triangle':
      return element('path', { d: 'M6 1L11.3 10.8H0.7Z', fill: 'currentColor' });
  }
}

const marked = (kind: Shape, word: string, className: string): string =>
  `<span class="status ${className}">` +
  element(
    'svg',
    { width: size, height: size, viewBox: `0 0 ${size} ${size}`, 'aria-hidden': 'true' },
    shape(kind),
  ) +
  `${word}</span>`;

const verdicts: Readonly<Record<VerdictStatus, readonly [Shape, string]>> = {
  supported: ['full', 'supported'],
  refuted: ['crossed', 'refuted'],
  inconclusive: ['half', 'inconclusive'],
  'not-tested': ['empty', 'not tested'],
};

const leaks: Readonly<Record<LeakStatus, readonly [Shape, string]>> = {
  leak: ['triangle', 'leak'],
  'no-leak': ['full', 'no leak'],
  'cache-growth': ['crossed', 'cache growth'],
  plateau: ['crossed', 'plateau'],
  inconclusive: ['half', 'inconclusive'],
};

/** Markup. */
export const verdictStatusMark = (status: VerdictStatus): string => marked(...verdicts[status], status);

/** Markup. */
export const leakStatusMark = (status: LeakStatus): string => marked(...leaks[status], status);
