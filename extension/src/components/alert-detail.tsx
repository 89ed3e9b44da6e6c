/** One alert on a screen of its own: why it was raised, what to do, and the runs that it rests on. */

import { Action, ActionPanel, Detail, Icon } from '@raycast/api';
import type { ReactNode } from 'react';
import { formatDateTime } from '../../../shared/src/format/dates.ts';
import { formatPercent } from '../../../shared/src/format/numbers.ts';
import type { Alert } from '../../../shared/src/protocol/daemon/alert.ts';
import { amount } from '../lib/memory-words.ts';
import { preferences } from '../lib/preferences.ts';
import { alertNames, durationOf } from '../lib/run-words.ts';
import { RunDetailView } from './run-detail-view.tsx';

export function AlertDetail({ alert }: { readonly alert: Alert }): ReactNode {
  const { unit } = preferences();
  const { kind, reason, hint, baseline, observed, runIds, model, scheduleName, state } = alert;
  const shown = (value: number): string =>
    kind === 'seconds' ? durationOf(Math.max(0, value)) : amount(value, unit);
  const lastRunId = runIds.at(-1);
  return (
    <Detail
      navigationTitle={`Alert ${alert.id}`}
      markdown={`## ${alertNames[kind]}\n\n${reason}\n\n**What to do:** ${hint}`}
      metadata={
        <Detail.Metadata>
          <Detail.Metadata.Label title="State" text={state} />
          <Detail.Metadata.Label title="Schedule" text={scheduleName} />
          <Detail.Metadata.Label title="Model" text={model} />
          {baseline !== undefined && <Detail.Metadata.Label title="Its Level" text={shown(baseline)} />}
          {observed !== undefined && <Detail.Metadata.Label title="Observed" text={shown(observed)} />}
          {baseline !== undefined && observed !== undefined && baseline > 0 && (
            <Detail.Metadata.Label
              title="Above It By"
              text={formatPercent(observed / baseline - 1, { sign: true })}
            />
          )}
          <Detail.Metadata.Separator />
          <Detail.Metadata.Label title="Raised" text={formatDateTime(new Date(alert.raisedAt))} />
          {alert.acknowledgedAt !== undefined && (
            <Detail.Metadata.Label
              title="Acknowledged"
              text={formatDateTime(new Date(alert.acknowledgedAt))}
            />
          )}
          {alert.resolvedAt !== undefined && (
            <Detail.Metadata.Label title="Resolved" text={formatDateTime(new Date(alert.resolvedAt))} />
          )}
          <Detail.Metadata.Label title="Runs" text={runIds.join(', ')} />
        </Detail.Metadata>
      }
      actions={
        <ActionPanel>
          {lastRunId !== undefined && (
            <Action.Push
              title="Show Last Run"
              icon={Icon.LineChart}
              target={<RunDetailView runId={lastRunId} />}
            />
          )}
          <Action.CopyToClipboard title="Copy Reason" content={`${reason} ${hint}`} />
        </ActionPanel>
      }
    />
  );
}
