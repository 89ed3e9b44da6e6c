/** Says how much speech is coming before the long work starts, and asks a person first where it is much. */

import type { Command } from 'commander';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { counted, formatDuration } from '@tidemark/shared/format/numbers.ts';
import type { ProfileSettings } from '@tidemark/shared/protocol/profile-document.ts';
import { expectedAudioSeconds } from '../../profiler/settings.ts';
import type { OnPreparation } from '../../profiler/settings.ts';
import type { Context } from '../command.ts';
import type { Progress } from '../progress.ts';
import { canAsk, isYes, ownTerminal } from '../question.ts';
import type { Terminal } from '../question.ts';

export interface AnnounceOptions {
  readonly yes?: true;
}

/** More audio than this is asked about first; on a CPU it is the work of many minutes. */
const mostUnaskedSeconds = 300;

export const addYesOption = (command: Command): Command =>
  command.option(
    '--yes',
    `start without asking, also if a text is more than ${mostUnaskedSeconds / 60} minutes of audio; only a terminal is asked`,
  );

/** Shows how far a text's preparation is, once that takes longer than a moment. */
export function showPreparation(progress: Progress): OnPreparation {
  // From the first piece on, which waits for the pronunciations to be loaded.
  let startedAt: number | undefined;
  let isShown = false;
  return (done, total) => {
    startedAt ??= performance.now();
    if (!isShown && performance.now() - startedAt > 1000) {
      isShown = true;
      progress.begin({ title: 'Preparing the text', total, lineShare: 0.25 });
    }
    if (isShown) {
      progress.advance(done, `${Math.floor((100 * done) / total)} %`);
    }
  };
}

type Spoken = Pick<ProfileSettings, 'phonemes' | 'speed'> &
  Partial<Pick<ProfileSettings, 'iterations' | 'warmupIterations' | 'texts'>>;

/**
 * Notes how many utterances are coming and about how much audio, where they are several. Beyond some minutes of it a person at a terminal is asked, and
 * a TidemarkError is thrown where the answer is no.
 */
export async function announce(
  settings: Spoken,
  { yes }: AnnounceOptions,
  { progress, signal }: Pick<Context, 'progress' | 'signal'>,
  terminal: Terminal = ownTerminal(),
): Promise<void> {
  progress.end();
  const seconds = expectedAudioSeconds(settings);
  // One utterance is half a minute at most.
  if (settings.phonemes.length > 1 || settings.texts !== undefined) {
    progress.note(whatIsComing(settings));
  }
  if (seconds <= mostUnaskedSeconds || yes === true || !canAsk(terminal)) {
    return;
  }
  if (!(await isYes('Start?', signal, terminal))) {
    throw new TidemarkError('bad-input', 'Nothing was started.', {
      hint: 'Give a shorter text, or --yes to start without being asked.',
    });
  }
}

/** “2 utterances, about 12 s of audio in each of 16 iterations”; of many texts the shortest and the longest. */
function whatIsComing({ phonemes, speed, iterations, warmupIterations = 0, texts }: Spoken): string {
  const of = (each: string[]): number => expectedAudioSeconds({ phonemes: each, speed });
  const times =
    iterations === undefined ? '' : ` in each of ${counted(iterations + warmupIterations, 'iteration')}`;
  if (texts === undefined) {
    return `${counted(phonemes.length, 'utterance')}, about ${roughly(of(phonemes))} of audio${times}`;
  }
  const shortest = Math.min(...texts.map((each) => of(each.phonemes)));
  return `${counted(texts.length, 'text')}, about ${roughly(shortest)} to ${roughly(of(phonemes))} of audio${times}`;
}

const roughly = (seconds: number): string =>
  seconds < 59.5 ? `${Math.max(1, Math.round(seconds))} s` : formatDuration(Math.round(seconds / 10) * 10);
