/** Amounts of memory as this extension shows them: in the person's unit, and with a word beside every color. */

import { Color, Icon } from '@raycast/api';
import { formatBytes } from '@tidemark/client/format/bytes';
import type { MemoryUnit, Thresholds } from './preferences.ts';

export type MemoryLevel = 'normal' | 'elevated' | 'high';

/** Color never speaks alone: each level has a shape and a word. */
export const levelLooks: Readonly<Record<MemoryLevel, { word: string; icon: Icon; color: Color }>> = {
  normal: { word: 'normal', icon: Icon.CircleFilled, color: Color.Green },
  elevated: { word: 'elevated', icon: Icon.ArrowUpCircleFilled, color: Color.Orange },
  high: { word: 'high', icon: Icon.ExclamationMark, color: Color.Red },
};

export function memoryLevel(peakBytes: number, { cautionBytes, warningBytes }: Thresholds): MemoryLevel {
  if (warningBytes !== undefined && peakBytes >= warningBytes) {
    return 'high';
  }
  return cautionBytes !== undefined && peakBytes >= cautionBytes ? 'elevated' : 'normal';
}

/** `163.5 MB`, or `156.0 MiB`: one unit for every figure, so that two of them compare at a glance. */
export const amount = (bytes: number, unit: MemoryUnit): string => formatBytes(bytes, { unit });

/** `+12.0 MB`. */
export const signedAmount = (bytes: number, unit: MemoryUnit): string =>
  formatBytes(bytes, { unit, sign: true });

/** `164 MB`: for a menu bar, where every character counts. */
export const shortAmount = (bytes: number, unit: MemoryUnit): string =>
  formatBytes(bytes, { unit, fractionDigits: 0 });
