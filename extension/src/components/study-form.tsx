/** The form of a study: which models are measured alike, and whether it asks why they differ. */

import { Action, ActionPanel, Form, Icon, useNavigation } from '@raycast/api';
import { useForm } from '@raycast/utils';
import type { ReactNode } from 'react';
import { preferences, wholeNumber } from '../lib/preferences.ts';
import { studyParametersOf } from '../lib/study-form.ts';
import type { StudyFormValues } from '../lib/study-form.ts';
import { ProgressView } from './progress-view.tsx';
import { TroubleScreen } from './trouble-screen.tsx';
import { useModels } from './use-models.ts';

export function StudyForm(): ReactNode {
  const { push } = useNavigation();
  const { models, trouble, isLoading, revalidate } = useModels();
  const { voice, text, iterations } = preferences();
  const { handleSubmit, itemProps } = useForm<StudyFormValues>({
    initialValues: {
      models: [],
      text: text ?? '',
      voice,
      iterations: String(iterations),
      explain: true,
    },
    validation: {
      iterations: (value) => (wholeNumber(value?.trim()) === undefined ? 'A whole number from 1' : undefined),
    },
    onSubmit: (values) => {
      push(
        <ProgressView
          wanted={{ kind: 'study', parameters: studyParametersOf(values) }}
          navigationTitle="Study"
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
      navigationTitle="Start a Study"
      actions={
        <ActionPanel>
          <Action.SubmitForm title="Start Study" icon={Icon.BarChart} onSubmit={handleSubmit} />
        </ActionPanel>
      }
    >
      <Form.Description text="Each model is measured in a process of its own. A full study takes minutes on a Mac; it goes on when this window is closed." />
      <Form.TagPicker
        title="Models"
        placeholder="Tidemark's own choice"
        info="One of them has to be bfloat16: the others are held against it."
        {...itemProps.models}
      >
        {models.map(({ name, state }) => (
          <Form.TagPicker.Item
            key={name}
            value={name}
            title={name}
            icon={state === 'built' ? Icon.CheckCircle : Icon.Circle}
          />
        ))}
      </Form.TagPicker>
      <Form.TextArea title="Text" placeholder="Tidemark's own sentence" {...itemProps.text} />
      <Form.TextField title="Voice" {...itemProps.voice} />
      <Form.TextField title="Iterations" info="Of each model, after the warm-up." {...itemProps.iterations} />
      <Form.Checkbox
        label="Find out why they differ"
        info="Measures interventions, each of which changes one thing, and on which the verdicts rest. It takes several times as long."
        {...itemProps.explain}
      />
    </Form>
  );
}
