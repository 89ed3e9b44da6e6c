/** A person's preferences, read once and checked: what Raycast hands over is strings. */

import { getPreferenceValues } from '@raycast/api';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { dataFolder as standardDataFolder } from '@tidemark/client/client/locations';
import { unitBytes } from '@tidemark/client/format/bytes';
import type { EngineName } from '@tidemark/client/protocol/workload';

export type MemoryUnit = 'MB' | 'MiB';

/** Bytes from which a peak is called elevated, and high; absent for never. */
export interface Thresholds {
  readonly cautionBytes?: number | undefined;
  readonly warningBytes?: number | undefined;
}

export interface TidemarkPreferences {
  readonly defaultModel: string;
  readonly voice: string;
  /** Absent for Tidemark's built-in sentence. */
  readonly text: string | undefined;
  readonly iterations: number;
  readonly engine: EngineName;
  readonly unit: MemoryUnit;
  readonly thresholds: Thresholds;
  readonly dataFolder: string;
  /** Absent to search the usual places. */
  readonly tidemarkPath: string | undefined;
  /** The paths as they were entered, for messages about them. */
  readonly typed: { readonly dataFolder: string | undefined; readonly tidemarkPath: string | undefined };
  readonly menuBarTitle: 'active' | 'active-and-peak' | 'none';
  /** While it would say no more than that nothing is loaded. */
  readonly hideTitle: boolean;
}

/** As Raycast keeps them: everything may be missing, since a preference that was added later has no value yet. */
type PreferenceValues = Readonly<Record<string, unknown>>;

const defaultIterations = 15;

export const preferences = (): TidemarkPreferences => readPreferences(getPreferenceValues());

/** Values that make no sense have the default: a command must open even so. */
export function readPreferences(values: PreferenceValues): TidemarkPreferences {
  const said = (name: string): string | undefined => {
    const value = values[name];
    return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;
  };
  const unit = said('unit') === 'MiB' ? 'MiB' : 'MB';
  const bytes = (name: string): number | undefined => {
    const amount = Number(said(name)?.replaceAll(',', ''));
    return Number.isFinite(amount) && amount > 0 ? Math.round(amount * unitBytes[unit]) : undefined;
  };
  const tidemarkPath = said('tidemarkPath');
  const folder = said('dataFolder');
  const title = said('menuBarTitle');
  return {
    defaultModel: said('defaultModel') ?? 'bf16',
    voice: said('voice') ?? 'af_heart',
    text: said('text'),
    iterations: wholeNumber(said('iterations')) ?? defaultIterations,
    engine: said('engine') === 'mlx-audio' ? 'mlx-audio' : 'tidemark',
    unit,
    thresholds: { cautionBytes: bytes('cautionPeak'), warningBytes: bytes('warningPeak') },
    dataFolder: folder === undefined ? standardDataFolder() : expandHome(folder),
    tidemarkPath: tidemarkPath === undefined ? undefined : expandHome(tidemarkPath),
    typed: { dataFolder: folder, tidemarkPath },
    menuBarTitle: title === 'active-and-peak' || title === 'none' ? title : 'active',
    hideTitle: values['hideTitle'] !== false,
  };
}

/** A whole number from 1, or nothing. */
export function wholeNumber(text: string | undefined): number | undefined {
  const value = Number(text);
  return text !== undefined && /^\d+$/.test(text) && value >= 1 && Number.isSafeInteger(value)
    ? value
    : undefined;
}

/** A whole number from 0, or nothing. */
export const countOf = (text: string): number | undefined =>
  text.trim() === '0' ? 0 : wholeNumber(text.trim());

export const expandHome = (path: string): string =>
  path === '~' || path.startsWith('~/') ? join(homedir(), path.slice(1)) : resolve(path);
