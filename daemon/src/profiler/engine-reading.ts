/** The text as the engine's own program would read it: mlx-audio reads with misaki, where its Python has that. */

import { TidemarkError } from '@tidemark/shared/errors.ts';
import type { ProfileSettings } from '@tidemark/shared/protocol/profile-document.ts';
import { ModelHost } from '../host/model-host.ts';
import type { Engine } from '../host/transport.ts';
import type { SpeechSettings } from './settings.ts';
import { longestOf } from './workload.ts';

interface ReadingOptions {
  readonly signal?: AbortSignal | undefined;
  /** What a person should know of it, as a sentence. */
  readonly onNote?: ((message: string) => void) | undefined;
}

type Read = SpeechSettings & Pick<ProfileSettings, 'texts'>;

/**
 * The settings with the phonemes that `engine` makes of their text by itself, and where they came from: its own front end; Tidemark,
 * as they were, where it has none or that cannot be used; or whoever gave them. Unchanged for Tidemark's own host.
 *
 * Throws 'bad-text' where nothing of a text is said, what starting the engine throws, and the signal's reason.
 */
export async function readByEngine<Settings extends Read>(
  settings: Settings,
  engine: Engine | undefined,
  { signal, onNote }: ReadingOptions = {},
): Promise<Settings> {
  if (engine === undefined) {
    return settings;
  }
  const { text, texts, voice } = settings;
  const given = texts?.map((each) => each.text) ?? (text === undefined ? undefined : [text]);
  if (given === undefined) {
    return { ...settings, phonemesFrom: 'given' };
  }
  const { englishOfVoice } = await import('../kokoro/phonemes/index.ts');
  await using host = await ModelHost.start({ signal, engine });
  const language = settings.language ?? englishOfVoice(voice);
  const { phonemes, unusable, note } = await host.phonemes({ texts: given, language }, { signal });
  if (phonemes === undefined) {
    const why =
      unusable === undefined
        ? undefined
        : `The text is read by Tidemark, since misaki in ${engine.python} cannot be used: ${unusable}.`;
    if (why !== undefined) {
      onNote?.(why);
    }
    return { ...settings, phonemesFrom: 'tidemark', ...(why === undefined ? {} : { phonemesNote: why }) };
  }
  if (note !== undefined) {
    onNote?.(note);
  }
  return {
    ...settings,
    ...spokenAs(settings, phonemes),
    // What Tidemark leaves out, misaki may not, and it does not say what it does.
    dropped: undefined,
    phonemesFrom: 'misaki',
    ...(note === undefined ? {} : { phonemesNote: note }),
  };
}

function spokenAs(
  { texts }: Read,
  read: readonly (readonly string[])[],
): Pick<ProfileSettings, 'phonemes' | 'texts'> {
  for (const [index, utterances] of read.entries()) {
    if (utterances.length === 0) {
      const which = texts === undefined ? 'the text' : `line ${texts[index]?.line ?? index + 1}`;
      throw new TidemarkError('bad-text', `misaki makes no phonemes of ${which}.`, {
        hint: 'Give a text with words, or phonemes with --phonemes.',
      });
    }
  }
  if (texts === undefined) {
    return { phonemes: [...(read[0] ?? [])] };
  }
  const said = texts.map((each, index) => ({ ...each, phonemes: [...(read[index] ?? [])] }));
  return { texts: said, phonemes: longestOf(said).phonemes };
}
