/** Fields that the forms of a profile, a study and a schedule share, and the models that they offer. */

import { Form, Icon } from '@raycast/api';
import type { ReactNode } from 'react';
import { hasNoModel, modelSections, otherChoice, voiceSections } from '../lib/choices.ts';
import type { Choices, ChoiceSection } from '../lib/choices.ts';
import { lookUpTimeoutMilliseconds } from '../lib/connection.ts';
import { everyEngine, isForeign } from '../lib/engine-values.ts';
import { formatCount } from '@tidemark/client/format/numbers';
import { countOf, wholeNumber } from '../lib/preferences.ts';
import { useDaemon } from './use-daemon.ts';
import type { DaemonAnswer } from './use-daemon.ts';

/** What useForm gives a field. */
type FieldProps = Omit<Form.TextField.Props, 'info' | 'placeholder' | 'title'>;

/** What was offered from the start, and what may be chosen now. */
interface ChoiceProps {
  readonly choices: Choices;
  /** As the form opens. */
  readonly initial: string;
}

interface ModelFieldsProps extends ChoiceProps {
  readonly itemProps: { readonly model: FieldProps; readonly otherModel: FieldProps };
}

/** A model of this machine, or another by its name. */
export const ModelFields = ({ itemProps, choices, initial }: ModelFieldsProps): ReactNode => (
  <>
    <Form.Dropdown title="Model" placeholder="Search models…" {...itemProps.model}>
      <ChoiceItems sections={modelSections(choices, initial)} other="Other Model…" />
    </Form.Dropdown>
    {itemProps.model.value === otherChoice && (
      <Form.TextField
        title="Other Model"
        placeholder="mlx-community/Kokoro-82M-4bit or a folder"
        info="A Hugging Face repository ID, or the absolute path to a folder."
        {...itemProps.otherModel}
      />
    )}
  </>
);

interface SpeechFieldsProps extends ChoiceProps {
  readonly itemProps: {
    readonly text: FieldProps;
    readonly voice: FieldProps;
    readonly otherVoice: FieldProps;
  };
  readonly info?: string;
}

/** What is spoken, and by whom. */
export const SpeechFields = ({ itemProps, choices, initial, info = '' }: SpeechFieldsProps): ReactNode => (
  <>
    <Form.TextArea title="Text" placeholder="Tidemark's built-in sentence" info={info} {...itemProps.text} />
    <Form.Dropdown title="Voice" placeholder="Search voices…" {...itemProps.voice}>
      <ChoiceItems sections={voiceSections(choices, initial)} other="Other Voice…" />
    </Form.Dropdown>
    {itemProps.voice.value === otherChoice && (
      <Form.TextField
        title="Other Voice"
        placeholder="af_heart,af_bella or the path to a voice file"
        info="A voice that the model has, several with commas between them for a mix, or the absolute path to a voice file."
        {...itemProps.otherVoice}
      />
    )}
  </>
);

interface EngineFieldsProps extends ChoiceProps {
  readonly itemProps: { readonly engine: FieldProps; readonly python: FieldProps };
  /** Whether several can be asked. */
  readonly areSeveral?: boolean;
}

/** What loads and runs the model. A daemon that has one engine only does not ask. */
export const EngineFields = ({
  itemProps,
  choices: { engines = [] },
  initial,
  areSeveral = false,
}: EngineFieldsProps): ReactNode =>
  (engines.includes('mlx-audio') || isForeign({ engine: initial })) && (
    <>
      <Form.Dropdown
        title="Engine"
        placeholder="Search engines…"
        info="What loads and runs the model: Tidemark's own network, or mlx-audio in a Python process."
        {...itemProps.engine}
      >
        <Form.Dropdown.Item value="tidemark" title="Tidemark" />
        <Form.Dropdown.Item value="mlx-audio" title="mlx-audio" />
        {areSeveral && <Form.Dropdown.Item value={everyEngine} title="Both, Side by Side" />}
      </Form.Dropdown>
      {isForeign({ engine: itemProps.engine.value ?? '' }) && (
        <Form.TextField
          title="Python"
          placeholder="As the daemon is set, or Tidemark's environment"
          info="The absolute path to a Python that has mlx-audio. Without one, it is the one that `tidemark settings set python` names, or an environment of 200 MB that Tidemark makes when it is first used."
          {...itemProps.python}
        />
      )}
    </>
  );

interface WorkloadFieldsProps {
  readonly itemProps: {
    readonly isList: Omit<Form.Checkbox.Props, 'label'>;
    readonly textsFile: Form.FilePicker.Props;
    readonly shuffled: Omit<Form.Checkbox.Props, 'label'>;
    readonly keepCache: Omit<Form.Checkbox.Props, 'label'>;
    readonly cacheLimit: FieldProps;
  };
}

/** Another text in each iteration, and what becomes of MLX's cache. */
export const WorkloadFields = ({ itemProps }: WorkloadFieldsProps): ReactNode => (
  <>
    <Form.Checkbox
      label="Say one line of the text in each iteration"
      info="Each line is a text of its own, said in turn. Memory that grows with new sentences shows only so."
      {...itemProps.isList}
    />
    <Form.FilePicker
      title="Texts File"
      info="A file with one text per line, in the place of the text."
      allowMultipleSelection={false}
      canChooseDirectories={false}
      {...itemProps.textsFile}
    />
    <Form.Checkbox label="Say the lines in a random order" {...itemProps.shuffled} />
    <Form.Checkbox
      label="Keep MLX's cache between iterations"
      info="An application does not clear it. Tidemark does otherwise, so that iterations are alike."
      {...itemProps.keepCache}
    />
    <Form.TextField
      title="Cache Limit"
      placeholder="MLX's own, or for example 512MB"
      info="The maximum size of MLX's cache."
      {...itemProps.cacheLimit}
    />
  </>
);

interface ChoiceItemsProps {
  readonly sections: readonly ChoiceSection[];
  /** What the item is called after which a name is typed. */
  readonly other: string;
}

const ChoiceItems = ({ sections, other }: ChoiceItemsProps): ReactNode => (
  <>
    {sections.map(({ title, choices }) => (
      <Form.Dropdown.Section key={title ?? ''} {...(title === undefined ? {} : { title })}>
        {choices.map(({ value, title: name, icon }) => (
          <Form.Dropdown.Item key={value} value={value} title={name} icon={icon} />
        ))}
      </Form.Dropdown.Section>
    ))}
    <Form.Dropdown.Section>
      <Form.Dropdown.Item value={otherChoice} title={other} icon={Icon.Pencil} />
    </Form.Dropdown.Section>
  </>
);

/** For the first use: what takes a while is said before it does. */
export const FirstModelNote = ({ choices }: { readonly choices: Choices }): ReactNode =>
  hasNoModel(choices) && (
    <Form.Description
      title="No Model Yet"
      text="No model is on this Mac yet. Tidemark builds the one that you choose from its packaged weights, which takes a few seconds; a repository is downloaded instead."
    />
  );

/** A check of a field with a whole number, within what the daemon takes: it is told at the field, before anything is sent. */
export const countBetween =
  (minimum: 0 | 1, maximum: number) =>
  (value: string | undefined): string | undefined => {
    const count = minimum === 0 ? countOf(value ?? '') : wholeNumber(value?.trim());
    return count === undefined || count > maximum
      ? `Enter a whole number from ${minimum} to ${formatCount(maximum)}`
      : undefined;
  };

/** Of a profile or a study. */
export const validIterations = countBetween(1, 1_000_000);

/** A study without the model that the others are held against would conclude nothing. */
export const withBaseline = (models: readonly string[] | undefined = []): string | undefined =>
  models.length === 0 || models.includes('bf16') ? undefined : 'Add bf16, the baseline for the others';

const nothingKnown: Choices = { models: [] };

/** What can be chosen from, for a form that is of use without it too: looking its files up takes the daemon seconds. */
export function useChoices(): DaemonAnswer<Choices> & { readonly choices: Choices } {
  const answer = useDaemon<Choices, []>(async (client) => {
    try {
      return await client.call('models', {}, { timeoutMilliseconds: lookUpTimeoutMilliseconds });
    } catch (error) {
      if (!client.isOpen) {
        throw error;
      }
      // The daemon is there, and a name can be typed all the same.
      return nothingKnown;
    }
  }, []);
  return { ...answer, choices: answer.data ?? nothingKnown };
}
