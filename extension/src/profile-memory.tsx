/** Profile Memory: a form with the person's defaults, then the run as it goes and what it found. */

import { Action, ActionPanel, Form, Icon, openExtensionPreferences, useNavigation } from '@raycast/api';
import type { LaunchProps } from '@raycast/api';
import { FormValidation, useForm } from '@raycast/utils';
import type { ReactNode } from 'react';
import { ProgressView } from './components/progress-view.tsx';
import { TroubleScreen } from './components/trouble-screen.tsx';
import { useModels } from './components/form-fields.tsx';
import type { LaunchContexts } from './lib/deep-links.ts';
import { preferences, wholeNumber } from './lib/preferences.ts';
import { modelChoices, profileParametersOf } from './lib/form-values.ts';
import type { ProfileFormValues } from './lib/form-values.ts';

export default function Command({
  arguments: given,
  launchContext,
}: LaunchProps<{
  arguments: { model?: string };
  launchContext?: LaunchContexts['profile-memory'];
}>): ReactNode {
  const named = given?.model?.trim() === '' ? undefined : given?.model?.trim();
  const model = launchContext?.model ?? named;
  if (launchContext?.followRunId !== undefined) {
    return <ProgressView wanted={{ kind: 'run', runId: launchContext.followRunId }} />;
  }
  // A model that was typed into the root search, or came with a link that says so, starts at once.
  if (model !== undefined && (named !== undefined || launchContext?.startAtOnce === true)) {
    return (
      <ProgressView
        wanted={{ kind: 'profile', parameters: profileParametersOf(defaults(model, launchContext)) }}
      />
    );
  }
  return <ProfileForm initial={defaults(model, launchContext)} />;
}

/** The preferences, but for what the launch says otherwise. */
function defaults(model: string | undefined, said: LaunchContexts['profile-memory'] = {}): ProfileFormValues {
  const { defaultModel, voice, text, iterations } = preferences();
  return {
    model: model ?? defaultModel,
    otherModel: '',
    voice: said.voice ?? voice,
    text: said.text ?? text ?? '',
    iterations: String(said.iterations ?? iterations),
    attribute: 'none',
    isFresh: false,
  };
}

function ProfileForm({ initial }: { readonly initial: ProfileFormValues }): ReactNode {
  const { push } = useNavigation();
  const { models, trouble, isLoading, revalidate } = useModels();
  const { handleSubmit, itemProps } = useForm<ProfileFormValues>({
    initialValues: initial,
    validation: {
      model: FormValidation.Required,
      iterations: (value) => (wholeNumber(value?.trim()) === undefined ? 'A whole number from 1' : undefined),
    },
    onSubmit: (submitted) => {
      push(
        <ProgressView
          wanted={{ kind: 'profile', parameters: profileParametersOf(submitted) }}
          navigationTitle={`Profile of ${submitted.otherModel.trim() || submitted.model}`}
        />,
      );
    },
  });
  if (trouble !== undefined) {
    return <TroubleScreen trouble={trouble} onRetry={revalidate} isLoading={isLoading} />;
  }
  const choices = modelChoices(models, initial.model);
  return (
    <Form
      isLoading={isLoading}
      actions={
        <ActionPanel>
          <Action.SubmitForm title="Start Profile" icon={Icon.Gauge} onSubmit={handleSubmit} />
          <Action
            title="Open Preferences"
            icon={Icon.Gear}
            shortcut={{ modifiers: ['cmd', 'shift'], key: ',' }}
            onAction={openExtensionPreferences}
          />
        </ActionPanel>
      }
    >
      <Form.Dropdown title="Model" {...itemProps.model}>
        {choices.map(({ value, title, icon }) => (
          <Form.Dropdown.Item key={value} value={value} title={title} icon={icon} />
        ))}
      </Form.Dropdown>
      <Form.TextField
        title="Another Model"
        placeholder="mlx-community/Kokoro-82M-4bit, or a folder"
        info="A repository id of the Hugging Face hub, or the absolute path of a folder. It takes the place of the model above."
        {...itemProps.otherModel}
      />
      <Form.TextArea
        title="Text"
        placeholder="Tidemark's own sentence"
        info="What is said in each iteration. The longer, the higher the peak."
        {...itemProps.text}
      />
      <Form.TextField title="Voice" placeholder="af_heart" {...itemProps.voice} />
      <Form.TextField
        title="Iterations"
        placeholder="15"
        info="Measured ones, after the warm-up. The leak rule needs 15 to find small leaks."
        {...itemProps.iterations}
      />
      <Form.Dropdown
        title="Attribute"
        info="Sets borders between parts of the network, to say which takes how much."
        {...itemProps.attribute}
      >
        <Form.Dropdown.Item value="none" title="Nothing" />
        <Form.Dropdown.Item value="stages" title="Stages" />
        <Form.Dropdown.Item value="layers" title="Layers" />
      </Form.Dropdown>
      <Form.Checkbox
        label="In a process of its own"
        info="A fresh process is the only clean peak; the held one, which is kept between runs, shows slow leaks."
        {...itemProps.isFresh}
      />
    </Form>
  );
}
