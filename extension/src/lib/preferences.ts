/** A person's preferences, read once and checked: what Raycast hands over is strings. */

import { getPreferenceValues } from '@raycast/api';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { dataFolder as standardDataFolder } from '../../../shared/src/client/locations.ts';
import { unitBytes } from '../../../shared/src/format/bytes.ts';

export type MemoryUnit = 'MB' | 'MiB';

/** Bytes from which a peak is called elevated, and high; absent for never. */
export interface Thresholds {
  readonly cautionBytes?: number;
  readonly warningBytes?: number;
}

export interface TidemarkPreferences {
  readonly defaultModel: string;
  readonly voice: string;
  /** Absent for Tidemark's own sentence. */
  readonly text?: string;
  readonly iterations: number;
  readonly unit: MemoryUnit;
  readonly thresholds: Thresholds;
  readonly dataFolder: string;
  /** Absent to look in the usual places. */
  readonly tidemarkPath?: string;
  readonly menuBarTitle: 'active' | 'active-and-peak' | 'none';
}

/** As Raycast keeps them: everything may be missing, since a preference that was added later has no value yet. */
export type PreferenceValues = Readonly<Record<string, unknown>>;


export const defaultIterations = 15;

export const preferences = (): TidemarkPreferences => readPreferences(getPreferenceValues());

/** Values that make no sense have the default: a command must open even so. */
export function readPreferences(values: PreferenceValues): TidemarkPreferences {
  const said = (name: string): string | undefined => {
    const value = values[name];
    return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;
  };
  const unit = said('unit') === 'MiB' ? 'MiB' : 'MB';
  const text = said('text');
  const tidemarkPath = said('tidemarkPath');
  const folder = said('dataFolder');
  const title = said('menuBarTitle');
  return {
    defaultModel: said('defaultModel') ?? 'bf16',
    voice: said('voice') ?? 'af_heart',
    ...(text === undefined ? {} : { text }),
    iterations: wholeNumber(said('iterations')) ?? defaultIterations,
    unit,
    thresholds: thresholds(said('cautionPeak'), said('warningPeak'), unitBytes[unit]),
    dataFolder: folder === undefined ? standardDataFolder() : expandHome(folder),
    ...(tidemarkPath === undefined ? {} : { tidemarkPath: expandHome(tidemarkPath) }),
    menuBarTitle: title === 'active-and-peak' || title === 'none' ? title : 'active',
  };
}

/** A whole number from 1, or nothing. */
export function wholeNumber(text: string | undefined): number | undefined {
  const value = Number(text);
  return text !== undefined && /^\d+$/.test(text) && value >= 1 && Number.isSafeInteger(value)
    ? value
    : undefined;
}

export const expandHome = (path: string): string =>
  path === '~' || path.startsWith('~/') ? join(homedir(), path.slice(1)) : resolve(path);

function thresholds(caution: string | undefined, warning: string | undefined, factor: number): Thresholds {
  const bytes = (text: string | undefined): number | undefined => {
    const value = Number(text?.replaceAll(',', ''));
    return text !== undefined && Number.isFinite(value) && value > 0 ? Math.round(value * factor) : undefined;
  };
  const cautionBytes = bytes(caution);
  const warningBytes = bytes(warning);
  return {
    ...(cautionBytes === undefined ? {} : { cautionBytes }),
    ...(warningBytes === undefined ? {} : { warningBytes }),
  };
}
