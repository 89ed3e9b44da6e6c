/** The colors of what memory is for, the same in all pictures that stand together, and what names them. */

import { bandKinds } from '../../protocol/trace-picture.ts';
import type { BandKind } from '../../protocol/trace-picture.ts';
import { seriesColor } from './palette.ts';
import type { Color, Palette } from './palette.ts';

interface Band {
  readonly kind: BandKind;
  readonly name: string;
}

/** Bands from the bottom up, with the bytes of each over columns or operations. */
interface Stack {
  readonly bands: readonly Band[];
  readonly bytes: readonly ArrayLike<number>[];
}

export interface BandColors {
  readonly colorOf: (name: string) => Color;
  /** From the bottom up: what there is anything of, stages of one color as one. */
  readonly legend: readonly { readonly name: string; readonly color: Color }[];
}

/** Stages with a color of their own; the last color of a series is for all others. */
const distinctStages = 5;

/** Stages have the colors of a series by the most that they hold at any time, those that hold least the last one together. */
export function bandColors(stacks: readonly Stack[], palette: Palette): BandColors {
  const most = new Map<string, number>();
  const bands = new Map<string, Band>();
  for (const { bands: own, bytes } of stacks) {
    own.forEach((band, place) => {
      bands.set(band.name, band);
      most.set(band.name, Math.max(most.get(band.name) ?? 0, greatest(bytes[place] ?? [])));
    });
  }
  const mostOf = ({ name }: Band): number => most.get(name) ?? 0;
  const inOrder = bandKinds
    .flatMap((kind) => [...bands.values()].filter((band) => band.kind === kind))
    .filter((band) => mostOf(band) > 0);
  const ranked = inOrder
    .filter(({ kind }) => kind === 'stage')
    .toSorted((a, b) => mostOf(b) - mostOf(a))
    .map(({ name }) => name);
  const small = new Set(ranked.slice(distinctStages));
  const colorOf = (name: string): Color => {
    switch (bands.get(name)?.kind) {
      case 'weights':
        return palette.weights;
      case 'from-weights':
        return palette.expanded;
      case 'temporary':
        return palette.temporary;
      case 'stage':
        return seriesColor(palette, small.has(name) ? distinctStages : Math.max(0, ranked.indexOf(name)));
      case 'other':
      case undefined:
        return palette.grid;
    }
  };
  const isJoined = small.size > 1;
  const named = inOrder
    .filter(({ name }) => !isJoined || !small.has(name))
    .map(({ kind, name }) => ({ kind, name, color: colorOf(name) }));
  const joined = { name: 'other stages', color: seriesColor(palette, distinctStages) };
  const firstStage = named.findIndex(({ kind }) => kind === 'stage');
  return { colorOf, legend: isJoined ? named.toSpliced(firstStage, 0, { kind: 'stage', ...joined }) : named };
}

function greatest(values: ArrayLike<number>): number {
  let found = 0;
  for (let place = 0; place < values.length; place += 1) {
    found = Math.max(found, values[place] ?? 0);
  }
  return found;
}
