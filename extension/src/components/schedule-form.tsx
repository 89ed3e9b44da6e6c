/** The form in which a schedule of leak checks is added or changed. */

import { Action, ActionPanel, Form, Icon, useNavigation } from '@raycast/api';
import { FormValidation, useForm } from '@raycast/utils';
import type { ReactNode } from 'react';
import type { Schedule } from '../../../shared/src/protocol/daemon/schedule.ts';
import { withClient } from '../lib/connection.ts';
import { refreshMenuBar } from '../lib/deep-links.ts';
import { withToast } from '../lib/notify.ts';
import { preferences, wholeNumber } from '../lib/preferences.ts';
import {
  countOf,
  intervals,
  newScheduleValues,
  scheduleSettingsOf,
  scheduleValues,
  timingPhrase,
} from '../lib/form-values.ts';
import type { ScheduleFormValues } from '../lib/form-values.ts';

export interface ScheduleFormProps {
  /** Absent for a new one. */
  readonly schedule?: Schedule;
  readonly onSaved: () => void;
}

export function ScheduleForm({ schedule, onSaved }: ScheduleFormProps): ReactNode {
  const { pop } = useNavigation();
  const initialValues = schedule === undefined ? newScheduleValues(preferences()) : scheduleValues(schedule);
  const { handleSubmit, itemProps, values } = useForm<ScheduleFormValues>({
    initialValues,
    validation: {
      name: FormValidation.Required,
      model: FormValidation.Required,
      voice: FormValidation.Required,
      iterations: (value) => (wholeNumber(value?.trim()) === undefined ? 'A whole number from 1' : undefined),
      warmupIterations: (value) => (countOf(value ?? '') === undefined ? 'A whole number from 0' : undefined),
      jitterMinutes: (value) => (countOf(value ?? '') === undefined ? 'A whole number from 0' : undefined),
    },
    onSubmit: async (submitted) => {
      const saved = await withToast({
        doing: 'Saving the schedule',
        done: `“${submitted.name.trim()}” is saved`,
        failed: 'The schedule was not saved',
        work: () =>
          withClient((client) =>
            client.call('setSchedule', {
              ...(schedule === undefined ? {} : { id: schedule.id }),
              settings: scheduleSettingsOf(submitted, schedule?.paused ?? false),
            }),
          ),
      });
      if (saved !== undefined) {
        onSaved();
        void refreshMenuBar();
        pop();
      }
    },
  });
  const offered = intervals.some(({ seconds }) => String(seconds) === initialValues.every);
  return (
    <Form
      navigationTitle={schedule === undefined ? 'New Schedule' : `Edit ${schedule.name}`}
      actions={
        <ActionPanel>
          <Action.SubmitForm
            title={schedule === undefined ? 'Add Schedule' : 'Save Schedule'}
            icon={Icon.Calendar}
            onSubmit={handleSubmit}
          />
        </ActionPanel>
      }
    >
      <Form.TextField title="Name" {...itemProps.name} />
      <Form.TextField
        title="Model"
        info="A name, a repository id, or the absolute path of a folder."
        {...itemProps.model}
      />
      <Form.TextField title="Voice" {...itemProps.voice} />
      <Form.TextArea title="Text" placeholder="Tidemark's own sentence" {...itemProps.text} />
      <Form.Separator />
      <Form.Dropdown title="When" {...itemProps.every}>
        {intervals.map(({ seconds, title }) => (
          <Form.Dropdown.Item key={seconds} value={String(seconds)} title={title} icon={Icon.Repeat} />
        ))}
        {!offered && schedule?.timing.kind === 'every' && (
          <Form.Dropdown.Item
            value={initialValues.every}
            title={timingPhrase(schedule.timing)}
            icon={Icon.Repeat}
          />
        )}
        <Form.Dropdown.Item value="cron" title="By a Cron Expression" icon={Icon.Clock} />
      </Form.Dropdown>
      {values.every === 'cron' && (
        <>
          <Form.TextField
            title="Cron Expression"
            placeholder="0 9 * * 1-5"
            info="Five fields, or one of @hourly, @daily, @weekly, @monthly."
            {...itemProps.cron}
          />
          <Form.TextField
            title="Time Zone"
            placeholder="This Mac's, wherever it is"
            info="An IANA name such as Europe/Berlin."
            {...itemProps.timeZone}
          />
        </>
      )}
      <Form.TextField
        title="Jitter in Minutes"
        info="Up to so much later than due, so that schedules spread."
        {...itemProps.jitterMinutes}
      />
      <Form.Separator />
      <Form.TextField title="Iterations" {...itemProps.iterations} />
      <Form.TextField title="Warm-Up" {...itemProps.warmupIterations} />
      <Form.Checkbox label="Skip on battery" {...itemProps.skipOnBattery} />
      <Form.Checkbox label="Skip in Low Power Mode" {...itemProps.skipInLowPowerMode} />
    </Form>
  );
}
