/** How far a person has come on the way from nothing to a figure in the menu bar, in five steps; README and docs name the same. */

import { Cache } from '@raycast/api';
import type { ModelsDocument } from '@tidemark/client/protocol/command-documents';
import type { RunRecord } from '@tidemark/client/protocol/daemon/run-record';
import { lookUpTimeoutMilliseconds, withClient } from './connection.ts';
import { daemonState } from './daemon-state.ts';
import type { DaemonState } from './daemon-state.ts';
import { amount } from './memory-words.ts';
import { cachedGlance } from './menu-snapshot.ts';
import { preferences } from './preferences.ts';
import { toTrouble, troubleText } from './trouble.ts';
import { blocks, plain } from './markdown.ts';
import { setUpText } from './set-up.ts';

/** In their order. */
export const firstSteps = [
  'Install Tidemark',
  'Install the Daemon',
  'Get a Model',
  'Profile It',
  'Show It in the Menu Bar',
] as const;

export interface Progress extends DaemonState {
  readonly hasModel: boolean;
  /** The newest profile that is complete. */
  readonly profile?: RunRecord | undefined;
  readonly isInMenuBar: boolean;
}

const nothingKnown = { hasModel: false, isInMenuBar: false } as const;

/** Never throws. */
export async function progressNow(signal?: AbortSignal): Promise<Progress> {
  const state = await daemonState(signal);
  if (state.status === undefined) {
    return { ...state, ...nothingKnown };
  }
  try {
    const { models, runs } = await withClient(
      async (client) => ({
        models: await client.call('models', {}),
        runs: (await client.call('listRuns', { limit: 1, kind: 'profile', state: 'complete' })).runs,
      }),
      { signal, timeoutMilliseconds: lookUpTimeoutMilliseconds },
    );
    const [profile] = runs;
    return {
      ...state,
      hasModel: profile !== undefined || state.status.host.model !== undefined || isAnyThere(models),
      profile,
      isInMenuBar: cachedGlance(new Cache({ namespace: 'menu-bar' })) !== undefined,
    };
  } catch (error) {
    return { surroundings: state.surroundings, trouble: toTrouble(error), ...nothingKnown };
  }
}

const isAnyThere = ({ models, downloaded = [] }: ModelsDocument): boolean =>
  downloaded.length > 0 || models.some(({ state }) => state === 'built');

/** The index of the first step that is not done; as many as there are where all are. */
export function stepOf({ status, surroundings, hasModel, profile, isInMenuBar }: Progress): number {
  const done = [
    status !== undefined || surroundings.tidemarkPath !== undefined || surroundings.daemon !== undefined,
    status !== undefined,
    hasModel,
    profile !== undefined,
    isInMenuBar,
  ];
  const first = done.indexOf(false);
  return first === -1 ? firstSteps.length : first;
}

/** The page: the five steps with what is done, and what the present one is about. */
export function firstStepsText(progress: Progress): string {
  const now = stepOf(progress);
  const list = firstSteps.map((title, step) => {
    const mark = step < now ? '✅' : step === now ? '➡️' : '⬜️';
    return `${mark} ${step + 1}. ${step === now ? `**${title}**` : title}`;
  });
  return blocks(['# First Steps', list.join('\n\n'), '---', textOf(now, progress)]);
}

function textOf(step: number, { trouble, profile, surroundings }: Progress): string {
  const { defaultModel, unit } = preferences();
  switch (step) {
    case 0:
      return surroundings.wrongPath === undefined
        ? setUpText()
        : plain(`${surroundings.wrongPath.message} ${surroundings.wrongPath.hint}`);
    case 1:
      return blocks([
        trouble === undefined ? '' : plain(troubleText(trouble)),
        'The daemon measures in the background and keeps the history. You are asked before anything is installed.',
      ]);
    case 2:
      return plain(
        `${defaultModel} is not on this Mac yet. Getting it downloads or builds it once, which takes a minute or so.`,
      );
    case 3:
      return plain(
        `Profile ${defaultModel}: it speaks your text again and again while its memory is measured.`,
      );
    case 4:
      return blocks([
        figures(profile, unit),
        'Open Memory in Menu Bar once: from then on, Raycast keeps it there and up to date.',
      ]);
    default:
      return blocks([figures(profile, unit), 'Everything is set up: the menu bar shows active memory.']);
  }
}

function figures(profile: RunRecord | undefined, unit: Parameters<typeof amount>[1]): string {
  const found = profile?.figures;
  return found === undefined
    ? ''
    : `Active memory ${amount(found.activeBytes, unit)}, peak memory ${amount(found.peakBytes, unit)}.`;
}
