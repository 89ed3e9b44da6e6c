/** A run in a list, with its chart beside it while it is selected, and what a person does in such a list. */

import { ActionPanel, Color, Icon, List } from '@raycast/api';
import type { ReactNode } from 'react';
import { memo, useCallback, useEffect, useRef, useState } from 'react';
import { formatDateTime } from '@tidemark/client/format/dates';
import { spokenTextWords } from '@tidemark/client/format/workload';
import type { RunRecord } from '@tidemark/client/protocol/daemon/run-record';
import { widths } from '../lib/charts.ts';
import { levelLooks, memoryLevel, shortAmount } from '../lib/memory-words.ts';
import { preferences } from '../lib/preferences.ts';
import { recordMarkdown, runMarkdown } from '../lib/run-markdown.ts';
import { ago, runLook, runMoment, runTitle } from '../lib/run-words.ts';
import { shownRun } from '../lib/shown-run.ts';
import { troubleText } from '../lib/trouble.ts';
import { RunActions } from './run-actions.tsx';
import { RunMetadata } from './run-metadata.tsx';
import { ComparisonView, RunDetailView } from './run-screens.tsx';
import { useDaemon } from './use-daemon.ts';

/** Characters of a run's text beside its title. */
const longestText = 60;

interface RunItemProps {
  readonly run: RunRecord;
  readonly now: Date;
  readonly isSelected: boolean;
  readonly isShowingDetail: boolean;
  readonly marked?: RunRecord | undefined;
  readonly onMark: (run: RunRecord | undefined) => void;
  readonly onDelete: (run: RunRecord) => Promise<void>;
  readonly onRefresh: () => void;
  readonly onToggleDetail: () => void;
}

/** Lists are long, and Raycast is told of all that a new rendering says: only what has changed is rendered again. */
export const RunItem = memo(Item, (before, after) =>
  (Object.keys(after) as (keyof RunItemProps)[]).every((name) =>
    name === 'now' ? minuteOf(before.now) === minuteOf(after.now) : before[name] === after[name],
  ),
);

const minuteOf = (date: Date): number => Math.floor(date.getTime() / 60_000);

function Item({
  run,
  now,
  isSelected,
  isShowingDetail,
  marked,
  onMark,
  onDelete,
  onRefresh,
  onToggleDetail,
}: RunItemProps): ReactNode {
  const { icon, color, word } = runLook(run);
  return (
    <List.Item
      id={String(run.id)}
      title={runTitle(run)}
      subtitle={`#${run.id} · ${spokenTextWords(run, longestText)}`}
      icon={{ value: { source: icon, tintColor: color }, tooltip: word }}
      accessories={[
        ...(marked === undefined ? [] : markOf(run, marked)),
        ...(isShowingDetail ? [] : wideAccessories(run)),
        {
          date: new Date(runMoment(run)),
          tooltip: `${formatDateTime(new Date(runMoment(run)))}, ${ago(runMoment(run), now)}`,
        },
      ]}
      detail={isShowingDetail && (isSelected ? <FetchedDetail run={run} /> : plainDetail(run))}
      actions={
        <ActionPanel>
          <RunActions
            run={run}
            details={<RunDetailView runId={run.id} />}
            marked={marked}
            comparison={marked && <ComparisonView baselineId={marked.id} runId={run.id} />}
            onMark={onMark}
            onToggleDetail={onToggleDetail}
            onDelete={onDelete}
            onRefresh={onRefresh}
          />
        </ActionPanel>
      }
    />
  );
}

const pin: List.Item.Accessory = {
  icon: { source: Icon.Pin, tintColor: Color.Blue },
  tooltip: 'Marked as the comparison baseline',
};

/** What can be compared with the marked run says so: other texts and voices are other work. */
function markOf(run: RunRecord, marked: RunRecord): List.Item.Accessory[] {
  if (run.id === marked.id) {
    return [pin];
  }
  const said = ({ text, workload, voice }: RunRecord): string => JSON.stringify([text, workload, voice]);
  return run.state === 'complete' && said(run) === said(marked)
    ? [{ icon: Icon.Switch, tooltip: `Same text and voice as run ${marked.id}` }]
    : [];
}

/** Where there is room for them. */
function wideAccessories(run: RunRecord): List.Item.Accessory[] {
  const { unit, thresholds } = preferences();
  const { figures } = run;
  const { word, color } = runLook(run);
  const verdict = { tag: { value: word, color }, tooltip: run.finding ?? null };
  if (figures === undefined) {
    return [verdict];
  }
  const level = levelLooks[memoryLevel(figures.peakBytes, thresholds)];
  return [
    verdict,
    { text: shortAmount(figures.activeBytes, unit), tooltip: 'Active memory after the last iteration' },
    {
      text: shortAmount(figures.peakBytes, unit),
      icon: { source: level.icon, tintColor: level.color },
      tooltip: `Median peak, ${level.word}`,
    },
  ];
}

const plainDetail = (run: RunRecord): ReactNode => (
  <List.Item.Detail markdown={recordMarkdown(run)} metadata={<RunMetadata record={run} of="list" />} />
);

/** Asks for the run itself: the list has its figures only. */
function FetchedDetail({ run }: { readonly run: RunRecord }): ReactNode {
  const { data, trouble, isLoading } = useDaemon(
    // Asked for again when its record changes: while it runs, with every sample.
    (client, { id }) => shownRun(client, { runId: id, samples: 300, traceColumns: 0 }),
    [run],
    { timeoutMilliseconds: 10_000 },
  );
  const { unit } = preferences();
  const markdown =
    trouble !== undefined
      ? `${recordMarkdown(run)}\n\n${troubleText(trouble)}`
      : data === undefined
        ? recordMarkdown(run)
        : runMarkdown(data, { width: widths.list, unit, isBrief: true });
  return (
    <List.Item.Detail
      isLoading={isLoading}
      markdown={markdown}
      metadata={<RunMetadata record={data?.record ?? run} detail={data} of="list" />}
    />
  );
}

interface NoMatchesProps {
  readonly what: 'Runs' | 'Studies';
  readonly isFiltered: boolean;
  readonly search: string | undefined;
}

/** In the place of a list that is empty because of what was asked for. */
export const NoMatches = ({ what, isFiltered, search }: NoMatchesProps): ReactNode => (
  <List.EmptyView
    icon={{
      source: search === undefined ? Icon.Filter : Icon.MagnifyingGlass,
      tintColor: Color.SecondaryText,
    }}
    title={`No Matching ${what}`}
    description={
      search === undefined
        ? `No ${what === 'Runs' ? 'run' : 'study'} matches the filter.`
        : `Nothing in the history has “${search}” in its model, engine, text, voice, verdict, or number${isFiltered ? ' and matches the filter' : ''}.`
    }
  />
);

interface RunListActions {
  readonly onDelete: (run: RunRecord) => Promise<void>;
  readonly onRefresh: () => void;
}

interface RunList {
  readonly selectedId: string | null;
  readonly setSelectedId: (id: string | null) => void;
  readonly isShowingDetail: boolean;
  /** Items of what is listed. */
  readonly itemsOf: (runs: readonly RunRecord[], now: Date) => (run: RunRecord) => RunItemProps;
}

/** What a person does in a list of runs: selects one, marks one to compare with, shows or hides the detail. */
export function useRunList({ onDelete, onRefresh }: RunListActions): RunList {
  const [selectedId, setSelectedId] = useState<string | null>(null);
  const [isShowingDetail, setIsShowingDetail] = useState(true);
  const [marked, setMarked] = useState<RunRecord>();
  const latest = useRef({ onDelete, onRefresh });
  useEffect(() => {
    latest.current = { onDelete, onRefresh };
  });
  const remove = useCallback(async (run: RunRecord): Promise<void> => {
    await latest.current.onDelete(run);
    setMarked((before) => (before?.id === run.id ? undefined : before));
  }, []);
  const refresh = useCallback(() => latest.current.onRefresh(), []);
  const toggleDetail = useCallback(() => setIsShowingDetail((before) => !before), []);
  return {
    selectedId,
    setSelectedId,
    isShowingDetail,
    itemsOf: (runs, now) => {
      // What was selected may be gone, and then Raycast selects the first.
      const selected = runs.find(({ id }) => String(id) === selectedId) ?? runs[0];
      return (run) => ({
        run,
        now,
        isSelected: run.id === selected?.id,
        isShowingDetail,
        marked,
        onMark: setMarked,
        onDelete: remove,
        onRefresh: refresh,
        onToggleDetail: toggleDetail,
      });
    },
  };
}
