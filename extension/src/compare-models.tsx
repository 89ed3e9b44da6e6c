/** Compare Models: studies with their verdicts, and a new one: why quantized models peak higher, or do not. */

import { Action, ActionPanel, Color, Icon, Keyboard, List } from '@raycast/api';
import type { LaunchProps } from '@raycast/api';
import type { ReactNode } from 'react';
import { ProgressView } from './components/progress-view.tsx';
import { RunDetailView } from './components/run-detail-view.tsx';
import { RunItem } from './components/run-item.tsx';
import { StudyForm } from './components/study-form.tsx';
import { TroubleEmptyView } from './components/trouble-screen.tsx';
import { useInterval } from './components/use-interval.ts';
import { useRunList } from './components/use-run-list.ts';
import { useDaemon } from './components/use-daemon.ts';
import { withClient } from './lib/connection.ts';
import type { LaunchContexts } from './lib/deep-links.ts';
import { isOpen } from '../../shared/src/protocol/daemon/run-record.ts';
import type { RunRecord } from '../../shared/src/protocol/daemon/run-record.ts';

/** Studies take minutes to hours each, so one page holds a person's. */
const studiesShown = 100;

/** How often the list is asked for again while a study in it is queued or at work. */
const whileOpenMilliseconds = 5000;

export default function Command({
  launchContext,
}: LaunchProps<{ launchContext?: LaunchContexts['compare-models'] }>): ReactNode {
  if (launchContext?.followRunId !== undefined) {
    return <ProgressView wanted={{ kind: 'run', runId: launchContext.followRunId }} />;
  }
  if (launchContext?.studyId !== undefined) {
    return <RunDetailView runId={launchContext.studyId} isRoot />;
  }
  return <Studies />;
}

function Studies(): ReactNode {
  const { data, trouble, isLoading, revalidate, mutate } = useDaemon(
    (client) => client.call('listRuns', { kind: 'study', limit: studiesShown }),
    [],
  );
  const runs = data?.runs ?? [];
  const now = new Date();
  useInterval(
    revalidate,
    whileOpenMilliseconds,
    // Not while an answer is waited for, which the next question would give up.
    !isLoading && runs.some(({ state }) => isOpen(state)),
  );
  const start = (
    <Action.Push
      title="Start Study"
      icon={Icon.BarChart}
      shortcut={Keyboard.Shortcut.Common.New}
      target={<StudyForm />}
      onPop={revalidate}
    />
  );
  const remove = async (run: RunRecord): Promise<void> => {
    await mutate(
      withClient((client) => client.call('deleteRun', { runId: run.id })),
      (before) => ({ ...before, runs: before.runs.filter(({ id }) => id !== run.id) }),
    );
  };
  const list = useRunList({ onDelete: remove, onRefresh: revalidate });
  return (
    <List
      isLoading={isLoading}
      isShowingDetail={
        list.isShowingDetail && runs.length > 0 && list.selectedId !== startId && trouble === undefined
      }
      searchBarPlaceholder="Search studies by model or conclusion…"
      onSelectionChange={list.setSelectedId}
    >
      {trouble !== undefined ? (
        <TroubleEmptyView trouble={trouble} onRetry={revalidate} />
      ) : (
        data !== undefined && (
          <List.EmptyView
            icon={{ source: Icon.BarChart, tintColor: Color.SecondaryText }}
            title="No Studies Yet"
            description="A study measures several models alike, each in a process of its own, changes one thing at a time, and says why a quantized model peaks higher, or that it does not."
            actions={<ActionPanel>{start}</ActionPanel>}
          />
        )
      )}
      {trouble === undefined && runs.length > 0 && (
        <>
          <List.Section title="Studies" subtitle={String(runs.length)}>
            {runs.map((run) => (
              <RunItem key={run.id} {...list.itemOf(run, runs, now)} />
            ))}
          </List.Section>
          <List.Section title="New">
            <List.Item
              id={startId}
              title="Start a Study…"
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
