/** What an AI tool answers: the daemon's answer in words, or why there is none. */

import type { DaemonClient } from '../../../shared/src/client/daemon-client.ts';
import type { WordsOptions } from './ai-words.ts';
import { withClient } from './connection.ts';
import { preferences } from './preferences.ts';
import { toTrouble, troubleText, troubleTitles } from './trouble.ts';

/** Never throws: a model does better with a sentence than with an error. */
export async function answer(
  ask: (client: DaemonClient) => Promise<(options: WordsOptions) => string>,
): Promise<string> {
  try {
    const say = await withClient(ask);
    return say({ unit: preferences().unit, now: new Date() });
  } catch (error) {
    const trouble = toTrouble(error);
    return `${troubleTitles[trouble.kind]}. ${troubleText(trouble)}`;
  }
}
