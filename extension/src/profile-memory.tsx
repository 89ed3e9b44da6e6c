/** Profile Memory: a form with the person's defaults, then the run's progress and what it found. */

import { Action, ActionPanel, Form, Icon, useNavigation } from '@raycast/api';
import type { LaunchProps } from '@raycast/api';
import { FormValidation, useForm } from '@raycast/utils';
import type { ReactNode } from 'react';
import { ProgressView } from './components/progress-view.tsx';
import { TroubleScreen } from './components/trouble-screen.tsx';
import {
  EngineFields,
  FirstModelNote,
  ModelFields,
  SpeechFields,
  WorkloadFields,
  useChoices,
  validIterations,
} from './components/form-fields.tsx';
import { PreferencesAction } from './components/actions.tsx';
import { argumentOf, fallbackTextOf, launchContextOf } from './lib/deep-links.ts';
import type { LaunchContexts } from './lib/deep-links.ts';
import { preferences } from './lib/preferences.ts';
import { chosenModel, choiceMistake } from './lib/choices.ts';
import { engineMistake, engineValues, isForeign } from './lib/engine-values.ts';
import { profileParametersOf } from './lib/form-values.ts';
import type { ProfileFormValues } from './lib/form-values.ts';
import { usualWorkload, workloadMistake } from './lib/workload-values.ts';

export default function Command(props: LaunchProps | undefined): ReactNode {
  const context = launchContextOf('profile-memory', props);
  const named = argumentOf(props, 'model');
  const model = context.model ?? named;
  if (context.followRunId !== undefined) {
    return <ProgressView wanted={{ kind: 'run', runId: context.followRunId }} />;
  }
  // A model that was typed into the root search, or came with a link that says so, starts at once.
  if (model !== undefined && (named !== undefined || context.startAtOnce === true)) {
    return (
      <ProgressView wanted={{ kind: 'profile', parameters: profileParametersOf(defaults(model, context)) }} />
    );
  }
  return <ProfileForm initial={defaults(model, { text: fallbackTextOf(props), ...context })} />;
}

/** The preferences, but for what the launch says otherwise. */
function defaults(model: string | undefined, said: LaunchContexts['profile-memory']): ProfileFormValues {
  const { defaultModel, voice, text, iterations, engine } = preferences();
  return {
    model: model ?? defaultModel,
    otherModel: '',
    voice: said.voice ?? voice,
    otherVoice: '',
    ...usualWorkload,
    ...engineValues({ engine: said.engine ?? engine }),
    text: said.text ?? text ?? '',
    iterations: String(said.iterations ?? iterations),
    attribute: 'none',
    isFresh: false,
  };
}

function ProfileForm({ initial }: { readonly initial: ProfileFormValues }): ReactNode {
  const { push } = useNavigation();
  const { choices, trouble, isLoading, revalidate } = useChoices();
  const { handleSubmit, itemProps, values, setValidationError } = useForm<ProfileFormValues>({
    initialValues: initial,
    validation: {
      model: FormValidation.Required,
      iterations: validIterations,
    },
    onSubmit: async (submitted) => {
      const mistake =
        choiceMistake(submitted, choices) ?? workloadMistake(submitted) ?? (await engineMistake(submitted));
      if (mistake !== undefined) {
        setValidationError(mistake.field, mistake.message);
        return;
      }
      push(
        <ProgressView
          wanted={{ kind: 'profile', parameters: profileParametersOf(submitted) }}
          navigationTitle={`Profile of ${chosenModel(submitted)}`}
        />,
      );
    },
  });
  if (trouble !== undefined) {
    return <TroubleScreen trouble={trouble} onRetry={revalidate} isLoading={isLoading} />;
  }
  return (
    <Form
      isLoading={isLoading}
      actions={
        <ActionPanel>
          <Action.SubmitForm title="Start Profile" icon={Icon.Gauge} onSubmit={handleSubmit} />
          <PreferencesAction />
        </ActionPanel>
      }
    >
      <FirstModelNote choices={choices} />
      <ModelFields itemProps={itemProps} choices={choices} initial={initial.model} />
      <SpeechFields
        itemProps={itemProps}
        choices={choices}
        initial={initial.voice}
        info="Spoken in each iteration. A longer text has a higher peak."
      />
      <Form.TextField
        title="Iterations"
        placeholder="15"
        info="Measured iterations, after the warm-up. The leak rule needs 15 to find small leaks."
        {...itemProps.iterations}
      />
      <EngineFields itemProps={itemProps} choices={choices} initial={initial.engine} />
      {!isForeign(values) && (
        <Form.Dropdown
          title="Attribution"
          placeholder="Search kinds of attribution…"
          info="Evaluates the network part by part, to show how much memory each part takes. Operations are traced one by one."
          {...itemProps.attribute}
        >
          <Form.Dropdown.Item value="none" title="None" />
          <Form.Dropdown.Item value="stages" title="Stages" />
          <Form.Dropdown.Item value="layers" title="Layers" />
          <Form.Dropdown.Item value="operations" title="Operations" />
        </Form.Dropdown>
      )}
      <WorkloadFields itemProps={itemProps} />
      <Form.Checkbox
        label="Use a new process"
        info="Only a new process gives a clean peak. The model host that stays loaded between runs shows slow leaks."
        {...itemProps.isFresh}
      />
    </Form>
  );
}
