/** One schedule in a list: what it checks, when it is due, and what can be done with it. */

import { Action, ActionPanel, Color, Icon, Keyboard, List } from '@raycast/api';
import type { ReactNode } from 'react';
import { formatDateTime } from '@tidemark/client/format/dates';
import type { Schedule } from '@tidemark/client/protocol/daemon/schedule';
import { ago } from '../lib/run-words.ts';
import { timingPhrase } from '../lib/form-values.ts';
import { LastRunAction } from './run-screens.tsx';
import { ScheduleForm } from './schedule-form.tsx';

interface ScheduleItemProps {
  readonly schedule: Schedule;
  /** Whether all of them are. */
  readonly arePaused: boolean;
  readonly now: Date;
  readonly onCheckNow: () => void;
  readonly onPause: (paused: boolean) => void;
  readonly onRemove: () => void;
  readonly onSaved: () => void;
  /** Actions that belong to no item. */
  readonly general: ReactNode;
}

export function ScheduleItem({
  schedule,
  arePaused,
  now,
  onCheckNow,
  onPause,
  onRemove,
  onSaved,
  general,
}: ScheduleItemProps): ReactNode {
  const isPaused = schedule.paused || arePaused;
  return (
    <List.Item
      id={`schedule-${schedule.id}`}
      title={schedule.name}
      subtitle={timingPhrase(schedule.timing)}
      icon={{
        value: isPaused
          ? { source: Icon.Pause, tintColor: Color.SecondaryText }
          : { source: Icon.Calendar, tintColor: Color.Green },
        tooltip: isPaused ? 'Paused' : 'Active',
      }}
      keywords={[schedule.model]}
      accessories={accessories(schedule, isPaused, now)}
      actions={
        <ActionPanel>
          <ActionPanel.Section title={schedule.name}>
            <Action title="Check Now" icon={Icon.Play} onAction={onCheckNow} />
            <Action
              title={schedule.paused ? 'Resume' : 'Pause'}
              icon={schedule.paused ? Icon.Play : Icon.Pause}
              shortcut={{ modifiers: ['cmd', 'opt'], key: 'p' }}
              onAction={() => onPause(!schedule.paused)}
            />
            <LastRunAction runId={schedule.lastRunId} />
            <Action.Push
              title="Edit Schedule"
              icon={Icon.Pencil}
              shortcut={Keyboard.Shortcut.Common.Edit}
              target={<ScheduleForm schedule={schedule} onSaved={onSaved} />}
            />
            <Action
              title="Remove Schedule"
              icon={Icon.Trash}
              style={Action.Style.Destructive}
              shortcut={Keyboard.Shortcut.Common.Remove}
              onAction={onRemove}
            />
          </ActionPanel.Section>
          {general}
        </ActionPanel>
      }
    />
  );
}

function accessories(
  { model, lastSkip, lastRunAt, nextAt }: Schedule,
  isPaused: boolean,
  now: Date,
): List.Item.Accessory[] {
  return [
    { text: model, tooltip: 'Model' },
    ...(lastSkip === undefined || (lastRunAt !== undefined && lastRunAt > lastSkip.at)
      ? []
      : [
          {
            icon: { source: Icon.Forward, tintColor: Color.Orange },
            tooltip: `Skipped ${ago(lastSkip.at, now)}: ${lastSkip.reason}`,
          },
        ]),
    isPaused
      ? { tag: { value: 'Paused', color: Color.SecondaryText } }
      : nextAt === undefined
        ? { text: 'Not due' }
        : { text: ago(nextAt, now), icon: Icon.Clock, tooltip: `Due ${formatDateTime(new Date(nextAt))}` },
  ];
}
