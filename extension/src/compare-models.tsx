/** Compare Models: studies with their verdicts, and a new one: why quantized models peak higher, or why not. */

import { Action, ActionPanel, Color, Form, Icon, Keyboard, List, useNavigation } from '@raycast/api';
import type { LaunchProps } from '@raycast/api';
import type { ReactNode } from 'react';
import { useForm } from '@raycast/utils';
import { ProgressView } from './components/progress-view.tsx';
import { RunDetailView } from './components/run-screens.tsx';
import { NoMatches, RunItem, useRunList } from './components/run-item.tsx';
import { TroubleEmptyView, TroubleScreen } from './components/trouble-screen.tsx';
import { useRuns, useSearch } from './components/use-runs.ts';
import { launchContextOf } from './lib/deep-links.ts';
import { preferences } from './lib/preferences.ts';
import { modelSections, choiceMistake } from './lib/choices.ts';
import { engineMistake, engineValues } from './lib/engine-values.ts';
import { studyParametersOf } from './lib/form-values.ts';
import type { StudyFormValues } from './lib/form-values.ts';
import {
  EngineFields,
  FirstModelNote,
  SpeechFields,
  useChoices,
  validIterations,
  withBaseline,
} from './components/form-fields.tsx';

export default function Command(props: LaunchProps | undefined): ReactNode {
  const { followRunId, studyId } = launchContextOf('compare-models', props);
  if (followRunId !== undefined) {
    return <ProgressView wanted={{ kind: 'run', runId: followRunId }} />;
  }
  if (studyId !== undefined) {
    return <RunDetailView runId={studyId} isRoot />;
  }
  return <Studies />;
}

function Studies(): ReactNode {
  const { search, setSearch } = useSearch();
  const { runs, isAnswered, isLoading, trouble, pagination, refresh, remove } = useRuns({
    kind: 'study',
    search,
  });
  const now = new Date();
  const start = (
    <Action.Push
      title="Start Study"
      icon={Icon.BarChart}
      shortcut={Keyboard.Shortcut.Common.New}
      target={<StudyForm />}
      onPop={refresh}
    />
  );
  const list = useRunList({ onDelete: remove, onRefresh: refresh });
  const itemOf = list.itemsOf(runs, now);
  return (
    <List
      isLoading={isLoading}
      isShowingDetail={
        list.isShowingDetail && runs.length > 0 && list.selectedId !== startId && trouble === undefined
      }
      filtering={false}
      throttle
      onSearchTextChange={setSearch}
      pagination={pagination}
      searchBarPlaceholder="Search all studies by model, text, conclusion, or number…"
      onSelectionChange={list.setSelectedId}
    >
      {trouble !== undefined ? (
        <TroubleEmptyView trouble={trouble} onRetry={refresh} />
      ) : (
        isAnswered &&
        (search !== undefined ? (
          <NoMatches what="Studies" isFiltered={false} search={search} />
        ) : (
          <List.EmptyView
            icon={{ source: Icon.BarChart, tintColor: Color.SecondaryText }}
            title="No Studies Yet"
            description="A study measures several models in the same way, each in its own process, changes one thing at a time, and shows whether a quantized model peaks higher, and why."
            actions={<ActionPanel>{start}</ActionPanel>}
          />
        ))
      )}
      {trouble === undefined && runs.length > 0 && (
        <>
          <List.Section title="Studies" subtitle={String(runs.length)}>
            {runs.map((run) => (
              <RunItem key={run.id} {...itemOf(run)} />
            ))}
          </List.Section>
          <List.Section title="New">
            <List.Item
              id={startId}
              title="Start Study…"
              icon={Icon.Plus}
              actions={<ActionPanel>{start}</ActionPanel>}
            />
          </List.Section>
        </>
      )}
    </List>
  );
}

const startId = 'start';

function StudyForm(): ReactNode {
  const { push } = useNavigation();
  const { choices, trouble, isLoading, revalidate } = useChoices();
  const { voice, text, iterations, engine } = preferences();
  const { handleSubmit, itemProps, setValidationError } = useForm<StudyFormValues>({
    initialValues: {
      models: [],
      text: text ?? '',
      voice,
      otherVoice: '',
      ...engineValues({ engine }),
      iterations: String(iterations),
      explain: true,
    },
    validation: { models: withBaseline, iterations: validIterations },
    onSubmit: async (values) => {
      const choice = choiceMistake(values, choices);
      const mistake =
        choice?.field === 'otherVoice' ? { ...choice, field: choice.field } : await engineMistake(values);
      if (mistake !== undefined) {
        setValidationError(mistake.field, mistake.message);
        return;
      }
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
      <Form.Description text="Each model is measured in its own process. A full study takes minutes on a Mac and continues after you close this window." />
      <FirstModelNote choices={choices} />
      <Form.TagPicker
        title="Models"
        placeholder="Default models"
        info="One of them must be bfloat16, the baseline for the others."
        {...itemProps.models}
      >
        {modelSections(choices, '')
          .flatMap((section) => section.choices)
          .map(({ value, icon }) => (
            <Form.TagPicker.Item key={value} value={value} title={value} icon={icon} />
          ))}
      </Form.TagPicker>
      <SpeechFields itemProps={itemProps} choices={choices} initial={voice} />
      <EngineFields itemProps={itemProps} choices={choices} initial={engine} areSeveral />
      <Form.TextField
        title="Iterations"
        placeholder="15"
        info="Measured iterations of each model, after the warm-up."
        {...itemProps.iterations}
      />
      <Form.Checkbox
        label="Explain the differences"
        info="Also measures interventions, each of which changes one thing. The verdicts are based on them. Takes several times as long."
        {...itemProps.explain}
      />
    </Form>
  );
}
