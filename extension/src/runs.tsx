/** Runs: past measurements, newest first, with their charts; to compare, export and delete. */

import { Action, ActionPanel, Color, Icon, List } from '@raycast/api';
import type { LaunchProps } from '@raycast/api';
import { usePromise } from '@raycast/utils';
import { useRef, useState } from 'react';
import type { ReactNode } from 'react';
import { isOpen } from '../../shared/src/protocol/daemon/run-record.ts';
import type { RunRecord } from '../../shared/src/protocol/daemon/run-record.ts';
import { RunItem, useRunList } from './components/run-item.tsx';
import { TroubleEmptyView } from './components/trouble-screen.tsx';
import { useInterval, useTrouble } from './components/use-daemon.ts';
import { withClient } from './lib/connection.ts';
import { launchContextOf, openCommand } from './lib/deep-links.ts';
import { everything, filterChoices, filterParameters, groupByDay } from './lib/run-list.ts';

const pageSize = 50;

/** How often a list is asked for again while a run in it is queued or running. */
const whileOpenMilliseconds = 3000;

export default function Command(props: LaunchProps | undefined): ReactNode {
  const { runId: wantedId } = launchContextOf('runs', props);
  const [filter, setFilter] = useState(everything);
  const abortable = useRef<AbortController>(null);
  const { data, error, isLoading, pagination, revalidate, mutate } = usePromise(
    (choice: string) =>
      async ({ cursor }: { cursor?: number }) => {
        const { runs } = await withClient(
          (client) =>
            client.call('listRuns', {
              ...filterParameters(choice),
              limit: pageSize,
              before: cursor,
            }),
          { signal: abortable.current?.signal },
        );
        return { data: runs, hasMore: runs.length === pageSize, cursor: runs.at(-1)?.id };
      },
    [filter],
    { abortable, onError: () => undefined },
  );
  const trouble = useTrouble(error);
  const runs = data ?? [];
  const models = useKnownModels(runs);
  useInterval(
    revalidate,
    whileOpenMilliseconds,
    // Not while an answer is waited for, which the next question would give up.
    !isLoading && runs.some(({ state }) => isOpen(state)),
  );
  const now = new Date();
  const isWantedShown = wantedId !== undefined && runs.some(({ id }) => id === wantedId);

  const remove = async (run: RunRecord): Promise<void> => {
    await mutate(
      withClient((client) => client.call('deleteRun', { runId: run.id })),
      { optimisticUpdate: (before) => (before ?? []).filter(({ id }) => id !== run.id) },
    );
  };
  const list = useRunList({ onDelete: remove, onRefresh: revalidate });

  return (
    <List
      isLoading={isLoading}
      isShowingDetail={list.isShowingDetail && runs.length > 0 && trouble === undefined}
      searchBarPlaceholder="Search by model, run number or finding…"
      onSelectionChange={list.setSelectedId}
      {...(pagination === undefined ? {} : { pagination })}
      // Only at first: from then on the selection is the person's.
      {...(isWantedShown && list.selectedId === null ? { selectedItemId: String(wantedId) } : {})}
      searchBarAccessory={
        <List.Dropdown tooltip="Filter Runs" storeValue={wantedId === undefined} onChange={setFilter}>
          <List.Dropdown.Item title="All Runs" value={everything} icon={Icon.List} />
          {(['Kind', 'Verdict', 'State', 'Model'] as const).map((section) => (
            <List.Dropdown.Section key={section} title={section}>
              {filterChoices(models)
                .filter((choice) => choice.section === section)
                .map(({ value, title }) => (
                  <List.Dropdown.Item key={value} title={title} value={value} />
                ))}
            </List.Dropdown.Section>
          ))}
        </List.Dropdown>
      }
    >
      {trouble !== undefined ? (
        <TroubleEmptyView trouble={trouble} onRetry={revalidate} />
      ) : isLoading && runs.length === 0 ? null : (
        <NoRuns isFiltered={filter !== everything} />
      )}
      {trouble === undefined &&
        groupByDay(runs, now).map(({ title, runs: ofDay }) => (
          <List.Section key={title} title={title} subtitle={String(ofDay.length)}>
            {ofDay.map((run) => (
              <RunItem key={run.id} {...list.itemOf(run, runs, now)} />
            ))}
          </List.Section>
        ))}
    </List>
  );
}

/** Of the runs seen so far, whatever the filter is now: a filter must not take its own choices away. */
function useKnownModels(runs: readonly RunRecord[]): readonly string[] {
  const [known, setKnown] = useState<readonly string[]>([]);
  const fresh = runs.flatMap(({ models }) => models).filter((model) => !known.includes(model));
  if (fresh.length > 0) {
    setKnown([...new Set([...known, ...fresh])].toSorted((a, b) => a.localeCompare(b)));
  }
  return known;
}

function NoRuns({ isFiltered }: { readonly isFiltered: boolean }): ReactNode {
  return (
    <List.EmptyView
      icon={{ source: isFiltered ? Icon.Filter : Icon.LineChart, tintColor: Color.SecondaryText }}
      title={isFiltered ? 'No Matching Runs' : 'No Runs Yet'}
      description={
        isFiltered ? 'No run matches the filter.' : 'Profile a model to see its memory and charts here.'
      }
      actions={
        <ActionPanel>
          <Action
            title="Profile Memory"
            icon={Icon.Gauge}
            onAction={() => void openCommand('profile-memory', {})}
          />
          <Action
            title="Compare Models"
            icon={Icon.BarChart}
            onAction={() => void openCommand('compare-models', {})}
          />
        </ActionPanel>
      }
    />
  );
}
