/** What can be done with a run, wherever it is shown. */

import { Action, ActionPanel, Icon, Keyboard } from '@raycast/api';
import type { ReactNode } from 'react';
import { counted } from '@tidemark/client/format/numbers';
import { isOpen } from '@tidemark/client/protocol/daemon/run-record';
import type { RunRecord } from '@tidemark/client/protocol/daemon/run-record';
import { cancelRun } from '../lib/cancel-run.ts';
import { commandLink, openCommand } from '../lib/deep-links.ts';
import type { LaunchContexts } from '../lib/deep-links.ts';
import { exportRun } from '../lib/export-run.ts';
import { amount } from '../lib/memory-words.ts';
import { preferences } from '../lib/preferences.ts';
import { confirmDestructive, withToast } from '../lib/notify.ts';
import { runTitle } from '../lib/run-words.ts';
import { RefreshAction } from './actions.tsx';

interface RunActionsProps {
  readonly run: RunRecord;
  /** The screen that shows more of it; absent where these actions are on that screen. */
  readonly details?: ReactNode;
  /** The run that was marked to be compared with, and the screen that compares. */
  readonly marked?: RunRecord | undefined;
  readonly comparison?: ReactNode;
  readonly onMark?: (run: RunRecord | undefined) => void;
  readonly onToggleDetail?: () => void;
  readonly onDelete?: (run: RunRecord) => Promise<void>;
  readonly onRefresh?: () => void;
}

export function RunActions({
  run,
  details,
  marked,
  comparison,
  onMark,
  onToggleDetail,
  onDelete,
  onRefresh,
}: RunActionsProps): ReactNode {
  const isRunning = isOpen(run.state);
  return (
    <>
      <ActionPanel.Section title={`Run ${run.id}`}>
        {isRunning && <FollowAction run={run} />}
        {details !== undefined && <Action.Push title="Show Details" icon={Icon.Sidebar} target={details} />}
        {/* The second action has ⌘ ↵ by itself. */}
        {marked !== undefined && marked.id !== run.id && (
          <Action.Push title={`Compare with Run ${marked.id}`} icon={Icon.Switch} target={comparison} />
        )}
        {isRunning && <CancelAction runId={run.id} onDone={onRefresh} />}
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
        {onMark !== undefined && run.state === 'complete' && (
          <Action
            title={marked?.id === run.id ? 'Unmark as Baseline' : 'Mark as Comparison Baseline'}
            icon={marked?.id === run.id ? Icon.PinDisabled : Icon.Pin}
            shortcut={Keyboard.Shortcut.Common.Pin}
            onAction={() => onMark(marked?.id === run.id ? undefined : run)}
          />
        )}
      </ActionPanel.Section>
      <ActionPanel.Section title="Copy and Export">
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
        {!isRunning &&
          exportActions.map(({ format, ...look }) => (
            <Action key={format} {...look} onAction={() => void exportRun(run.id, format)} />
          ))}
      </ActionPanel.Section>
      <ActionPanel.Section>
        {onRefresh !== undefined && <RefreshAction onAction={onRefresh} />}
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

const exportActions = [
  {
    format: 'json',
    title: 'Export as JSON',
    icon: Icon.SaveDocument,
    shortcut: Keyboard.Shortcut.Common.Save,
  },
  {
    format: 'html',
    title: 'Export Report as HTML',
    icon: Icon.Globe,
    shortcut: { modifiers: ['cmd', 'shift'], key: 'h' } satisfies Keyboard.Shortcut,
  },
  {
    format: 'csv',
    title: 'Export Iterations as CSV',
    icon: Icon.List,
    shortcut: { modifiers: ['cmd', 'shift'], key: 't' } satisfies Keyboard.Shortcut,
  },
] as const;

/** A run of phonemes has no text; profiled again, it gets the text of the preferences. */
const sameAgain = ({
  models,
  voice,
  text,
  iterations,
  workload,
}: RunRecord): LaunchContexts['profile-memory'] => ({
  model: models[0],
  voice,
  text,
  iterations,
  engine: workload?.engine ?? 'tidemark',
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

export function CancelAction({
  runId,
  onDone,
}: {
  runId: number;
  onDone?: (() => void) | undefined;
}): ReactNode {
  return (
    <Action
      title="Cancel Run"
      icon={Icon.Stop}
      style={Action.Style.Destructive}
      shortcut={{ modifiers: ['ctrl'], key: 'c' }}
      onAction={() => void cancelRun(runId).then(onDone)}
    />
  );
}

/** Asks first: what was measured is gone for good. */
async function deleteRun(run: RunRecord, onDelete: (run: RunRecord) => Promise<void>): Promise<void> {
  const isAgreed = await confirmDestructive({
    title: `Delete Run ${run.id}?`,
    message: `This permanently removes the run of ${runTitle(run)} and its ${counted(run.samplesTaken, 'sample')} from the history.`,
    action: 'Delete',
  });
  if (isAgreed) {
    await withToast({
      doing: `Deleting run ${run.id}`,
      done: `Deleted run ${run.id}`,
      failed: `Could not delete run ${run.id}`,
      work: () => onDelete(run),
    });
  }
}

function figuresText(run: RunRecord): string {
  const { unit } = preferences();
  const { figures, finding } = run;
  const memory =
    figures === undefined
      ? ''
      : `: active ${amount(figures.activeBytes, unit)}, peak ${amount(figures.peakBytes, unit)}, ` +
        `footprint ${amount(figures.footprintBytes, unit)}`;
  return `Run ${run.id} of ${runTitle(run)}${memory}.${finding === undefined ? '' : ` ${finding}`}`;
}
