/** What a form offers of models and voices: what this machine has, what was chosen before, and a way to name another. */

import { Icon } from '@raycast/api';
import { formatBytes } from '@tidemark/client/format/bytes';
import type { ModelsDocument } from '@tidemark/client/protocol/command-documents';
import { expandHome } from './preferences.ts';

/** What the daemon says can be chosen from; nothing where it could not look. */
export type Choices = Pick<ModelsDocument, 'models' | 'downloaded' | 'voices' | 'engines'>;

interface Choice {
  readonly value: string;
  readonly title: string;
  readonly icon: Icon;
}

export interface ChoiceSection {
  readonly title?: string;
  readonly choices: readonly Choice[];
}

/** Stands for what is typed into a field of its own; no model and no voice is called so. */
export const otherChoice = '…';

export function modelSections(
  { models, downloaded = [] }: Choices,
  chosen: string,
): readonly ChoiceSection[] {
  return withChosen(chosen, [
    {
      title: 'Built by Tidemark',
      choices: models.map(({ name, tensorBytes, state }) => ({
        value: name,
        title: `${name} (${size(tensorBytes)}${state === 'built' ? '' : ', built on first use'})`,
        icon: state === 'built' ? Icon.CheckCircle : Icon.Circle,
      })),
    },
    {
      title: 'Downloaded',
      choices: downloaded.map(({ repository, diskBytes }) => ({
        value: repository,
        title: `${repository} (${size(diskBytes)})`,
        icon: Icon.CheckCircle,
      })),
    },
  ]);
}

/** Those that take text, since a form has nothing else for them to say. */
export function voiceSections({ voices = [] }: Choices, chosen: string): readonly ChoiceSection[] {
  const english = voices.filter(({ acceptsText }) => acceptsText);
  return withChosen(
    chosen,
    [...new Set(english.map(({ language }) => language))].map((language) => ({
      title: language,
      choices: english
        .filter((voice) => voice.language === language)
        .map(({ name }) => ({ value: name, title: name, icon: Icon.SpeakerHigh })),
    })),
  );
}

/** What was chosen before is offered even where nothing is known of it: a dropdown shows no value that it does not offer. */
function withChosen(chosen: string, sections: readonly ChoiceSection[]): readonly ChoiceSection[] {
  const isKnown = sections.some(({ choices }) => choices.some(({ value }) => value === chosen));
  return [
    ...(isKnown || chosen === '' || chosen === otherChoice
      ? []
      : [{ title: 'Current', choices: [{ value: chosen, title: chosen, icon: Icon.Dot }] }]),
    ...sections.filter(({ choices }) => choices.length > 0),
  ];
}

const size = (bytes: number): string => formatBytes(bytes, { unit: 'MB', fractionDigits: 0 });

/** Nothing that could be measured is here yet: the first run has to make it. */
export const hasNoModel = ({ models, downloaded = [] }: Choices): boolean =>
  models.length > 0 && models.every(({ state }) => state !== 'built') && downloaded.length === 0;

export interface ChosenModel {
  model: string;
  /** Where the choice is to name another. */
  otherModel: string;
}

export interface ChosenVoice {
  voice: string;
  /** Where the choice is to name another. */
  otherVoice: string;
}

export const chosenModel = ({ model, otherModel }: ChosenModel): string =>
  absoluteName(model === otherChoice ? otherModel : model);

/** The daemon has no working folder of a person's, so a folder has to be absolute. */
function absoluteName(typed: string): string {
  const name = typed.trim();
  return name.startsWith('~') ? expandHome(name) : name;
}

/** The parts of a mix that are files below the home folder are expanded, as a model's folder is. */
export const chosenVoice = ({ voice, otherVoice }: ChosenVoice): string =>
  (voice === otherChoice ? otherVoice : voice).split(',').map(absoluteName).join(',');

/**
 * The field that is to name another and does not, with what to say at it. A model from elsewhere may have voices of its own,
 * so only of Tidemark's own models, as all of a study are, is a name known to be none.
 */
export function choiceMistake(
  values: Partial<ChosenModel> & ChosenVoice,
  { models, voices = [] }: Choices,
): { readonly field: 'otherModel' | 'otherVoice'; readonly message: string } | undefined {
  if (values.model === otherChoice && values.otherModel?.trim() === '') {
    return { field: 'otherModel', message: 'Enter a repository ID or a folder' };
  }
  if (values.voice !== otherChoice) {
    return undefined;
  }
  const atVoice = (message: string) => ({ field: 'otherVoice', message }) as const;
  if (values.otherVoice.trim() === '') {
    return atVoice('Enter a voice or the path to its file');
  }
  const isOwnModel = values.model === undefined || models.some(({ name }) => name === values.model);
  for (const part of values.otherVoice.split(',').map((each) => each.trim())) {
    const isFile = part.includes('/') || /\.(safetensors|pt)$/u.test(part);
    if (isFile && !/^[/~]/u.test(part)) {
      return atVoice('Enter the absolute path to the voice file');
    }
    if (!isFile && isOwnModel && voices.length > 0 && !voices.some(({ name }) => name === part)) {
      return atVoice(part === '' ? 'Enter a voice after each comma' : `There is no voice named ${part}`);
    }
  }
  return undefined;
}
