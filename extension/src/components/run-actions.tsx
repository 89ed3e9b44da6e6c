/** What can be done with a run, wherever it is shown. */

import {
  Action,
  ActionPanel,
  Alert,
  confirmAlert,
  Icon,
  Keyboard,
  showInFinder,
  showToast,
  Toast,
} from '@raycast/api';
import type { ReactNode } from 'react';
import { isOpen } from '../../../shared/src/protocol/daemon/run-record.ts';
import type { RunRecord } from '../../../shared/src/protocol/daemon/run-record.ts';
import { slowTimeoutMilliseconds, withClient } from '../lib/connection.ts';
import { commandLink, openCommand, refreshMenuBar } from '../lib/deep-links.ts';
import type { LaunchContexts } from '../lib/deep-links.ts';
import { exportRun } from '../lib/export-run.ts';
import type { ExportFormat } from '../lib/export-run.ts';
import { amount } from '../lib/memory-words.ts';
import { notifyFailure, withToast } from '../lib/notify.ts';
import { preferences } from '../lib/preferences.ts';
import { runTitle } from '../lib/run-words.ts';
import { ComparisonView } from './comparison-view.tsx';
import { RunDetailView } from './run-detail-view.tsx';

export interface RunActionsProps {
  readonly run: RunRecord;
  /** Whether its own screen is where these actions are shown. */
  readonly isOnOwnScreen?: boolean;
  readonly isShowingDetail?: boolean;
  readonly onToggleDetail?: () => void;
  /** The run that was marked to be compared with. */
  readonly marked?: RunRecord | undefined;
  readonly onMark?: (run: RunRecord | undefined) => void;
  readonly onDelete?: (run: RunRecord) => Promise<void>;
  readonly onRefresh?: () => void;
}

export function RunActions({
  run,
  isOnOwnScreen = false,
  onToggleDetail,
  marked,
  onMark,
  onDelete,
  onRefresh,
}: RunActionsProps): ReactNode {
  const isRunning = isOpen(run.state);
  return (
    <>
      <ActionPanel.Section title={`Run ${run.id}`}>
        {isRunning && <FollowAction run={run} />}
        {!isOnOwnScreen && (
          <Action.Push title="Show Details" icon={Icon.Sidebar} target={<RunDetailView runId={run.id} />} />
        )}
        {isRunning && <CancelAction run={run} onDone={onRefresh} />}
        {onToggleDetail !== undefined && (
          <Action
            title="Toggle Detail"
            icon={Icon.AppWindowSidebarLeft}
            shortcut={{ modifiers: ['cmd', 'shift'], key: 'd' }}
            onAction={onToggleDetail}
          />
        )}
        {run.kind === 'profile' && !isRunning && (
          <Action
            title="Profile Again"
            icon={Icon.Repeat}
            shortcut={{ modifiers: ['cmd', 'shift'], key: 'r' }}
            onAction={() => void openCommand('profile-memory', sameAgain(run))}
          />
        )}
      </ActionPanel.Section>
      <ActionPanel.Section title="Compare">
        {marked !== undefined && marked.id !== run.id && (
          <Action.Push
            title={`Compare with Run ${marked.id}`}
            icon={Icon.Switch}
            shortcut={{ modifiers: ['cmd'], key: 'return' }}
            target={<ComparisonView baselineId={marked.id} runId={run.id} />}
          />
        )}
        {onMark !== undefined && run.state === 'complete' && (
          <Action
            title={marked?.id === run.id ? 'Unmark' : 'Mark as Baseline to Compare'}
            icon={marked?.id === run.id ? Icon.PinDisabled : Icon.Pin}
            shortcut={Keyboard.Shortcut.Common.Pin}
            onAction={() => onMark(marked?.id === run.id ? undefined : run)}
          />
        )}
      </ActionPanel.Section>
      <ActionPanel.Section title="Take Along">
        <Action.CopyToClipboard
          title="Copy Figures"
          shortcut={Keyboard.Shortcut.Common.Copy}
          content={figuresText(run)}
        />
        <Action.CopyToClipboard
          title="Copy Link"
          icon={Icon.Link}
          // Raycast's own shortcut for a link is the same as the one for copying.
          shortcut={{ modifiers: ['cmd', 'shift'], key: 'l' }}
          content={commandLink('runs', { runId: run.id })}
        />
        {!isRunning && (
          <>
            <Action
              title="Export as JSON"
              icon={Icon.SaveDocument}
              shortcut={Keyboard.Shortcut.Common.Save}
              onAction={() => void exportTo(run.id, 'json')}
            />
            <Action
              title="Export Report as HTML"
              icon={Icon.Globe}
              shortcut={{ modifiers: ['cmd', 'shift'], key: 'h' }}
              onAction={() => void exportTo(run.id, 'html')}
            />
            <Action
              title="Export Iterations as CSV"
              icon={Icon.List}
              shortcut={{ modifiers: ['cmd', 'shift'], key: 't' }}
              onAction={() => void exportTo(run.id, 'csv')}
            />
          </>
        )}
      </ActionPanel.Section>
      <ActionPanel.Section>
        {onRefresh !== undefined && (
          <Action
            title="Refresh"
            icon={Icon.ArrowClockwise}
            shortcut={Keyboard.Shortcut.Common.Refresh}
            onAction={onRefresh}
          />
        )}
        {onDelete !== undefined && !isRunning && (
          <Action
            title="Delete Run"
            icon={Icon.Trash}
            style={Action.Style.Destructive}
            shortcut={Keyboard.Shortcut.Common.Remove}
            onAction={() => void deleteRun(run, onDelete)}
          />
        )}
      </ActionPanel.Section>
    </>
  );
}

/** One that was asked for in phonemes has no text, and is said with the one of the preferences. */
const sameAgain = ({ models, voice, text, iterations }: RunRecord): LaunchContexts['profile-memory'] => ({
  ...(models[0] === undefined ? {} : { model: models[0] }),
  voice,
  ...(text === undefined ? {} : { text }),
  iterations,
  startAtOnce: true,
});

function FollowAction({ run }: { run: RunRecord }): ReactNode {
  return (
    <Action
      title="Follow Run"
      icon={Icon.CircleProgress50}
      onAction={() =>
        void (run.kind === 'study'
          ? openCommand('compare-models', { followRunId: run.id })
          : openCommand('profile-memory', { followRunId: run.id }))
      }
    />
  );
}

function CancelAction({ run, onDone }: { run: RunRecord; onDone: (() => void) | undefined }): ReactNode {
  return (
    <Action
      title="Cancel Run"
      icon={Icon.Stop}
      style={Action.Style.Destructive}
      shortcut={{ modifiers: ['ctrl'], key: 'c' }}
      onAction={() => {
        void cancelRun(run.id).then(() => onDone?.());
      }}
    />
  );
}

/** Its samples so far are kept. */
export async function cancelRun(runId: number): Promise<void> {
  await withToast({
    doing: `Cancelling run ${runId}`,
    done: `Run ${runId} is cancelled`,
    failed: `Run ${runId} was not cancelled`,
    work: () =>
      withClient((client) =>
        client.call('cancel', { runId }, { timeoutMilliseconds: slowTimeoutMilliseconds }),
      ),
  });
  await refreshMenuBar();
}

async function deleteRun(run: RunRecord, onDelete: (run: RunRecord) => Promise<void>): Promise<void> {
  const agreed = await confirmAlert({
    icon: Icon.Trash,
    title: `Delete Run ${run.id}?`,
    message: `The run of ${runTitle(run)} and its ${run.samplesTaken} samples are removed from the history for good.`,
    primaryAction: { title: 'Delete', style: Alert.ActionStyle.Destructive },
  });
  if (agreed) {
    await withToast({
      doing: `Deleting run ${run.id}`,
      done: `Run ${run.id} is deleted`,
      failed: `Run ${run.id} was not deleted`,
      work: () => onDelete(run),
    });
  }
}

async function exportTo(runId: number, format: ExportFormat): Promise<void> {
  try {
    const detail = await withClient((client) =>
      client.call('getRun', { runId, samples: 100_000 }, { timeoutMilliseconds: 20_000 }),
    );
    const path = await exportRun(detail, format);
    await showToast({
      style: Toast.Style.Success,
      title: `Run ${runId} is in Downloads`,
      message: path,
      primaryAction: { title: 'Show in Finder', onAction: () => void showInFinder(path) },
    });
  } catch (error) {
    await notifyFailure(error, 'The Run Was Not Exported');
  }
}

function figuresText(run: RunRecord): string {
  const { unit } = preferences();
  const { figures, finding } = run;
  const head = `Run ${run.id} of ${runTitle(run)}`;
  const said =
    figures === undefined
      ? ''
      : `: active ${amount(figures.activeBytes, unit)}, peak ${amount(figures.peakBytes, unit)}, ` +
        `footprint ${amount(figures.footprintBytes, unit)}`;
  return `${head}${said}.${finding === undefined ? '' : ` ${finding}`}`;
}
