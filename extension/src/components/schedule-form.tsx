/** The form in which a schedule of leak checks is added or changed. */

import { Action, ActionPanel, Form, Icon, useNavigation } from '@raycast/api';
import { FormValidation, useForm } from '@raycast/utils';
import type { ReactNode } from 'react';
import { fewestIterations } from '@tidemark/client/analysis/leak-rule';
import type { Schedule } from '@tidemark/client/protocol/daemon/schedule';
import { withClient } from '../lib/connection.ts';
import { refreshMenuBar } from '../lib/deep-links.ts';
import { withToast } from '../lib/notify.ts';
import { preferences } from '../lib/preferences.ts';
import { choiceMistake } from '../lib/choices.ts';
import { engineMistake } from '../lib/engine-values.ts';
import {
  intervals,
  newScheduleValues,
  scheduleSettingsOf,
  scheduleValues,
  timingPhrase,
} from '../lib/form-values.ts';
import type { ScheduleFormValues } from '../lib/form-values.ts';
import { workloadMistake } from '../lib/workload-values.ts';
import {
  EngineFields,
  FirstModelNote,
  ModelFields,
  SpeechFields,
  WorkloadFields,
  countBetween,
  useChoices,
} from './form-fields.tsx';
import { TroubleScreen } from './trouble-screen.tsx';

interface ScheduleFormProps {
  /** Absent for a new one. */
  readonly schedule?: Schedule;
  readonly onSaved: () => void;
}

export function ScheduleForm({ schedule, onSaved }: ScheduleFormProps): ReactNode {
  const { pop } = useNavigation();
  const initialValues = schedule === undefined ? newScheduleValues(preferences()) : scheduleValues(schedule);
  const { choices, trouble, isLoading, revalidate } = useChoices();
  const { handleSubmit, itemProps, values, setValidationError } = useForm<ScheduleFormValues>({
    initialValues,
    validation: {
      name: FormValidation.Required,
      model: FormValidation.Required,
      voice: FormValidation.Required,
      iterations: countBetween(1, 10_000),
      warmupIterations: countBetween(0, 1000),
      jitterMinutes: countBetween(0, 1440),
    },
    onSubmit: async (submitted) => {
      const mistake =
        choiceMistake(submitted, choices) ?? workloadMistake(submitted) ?? (await engineMistake(submitted));
      if (mistake !== undefined) {
        setValidationError(mistake.field, mistake.message);
        return;
      }
      const saved = await withToast({
        doing: 'Saving the schedule',
        done: `Saved “${submitted.name.trim()}”`,
        failed: 'Could not save the schedule',
        work: () =>
          withClient((client) =>
            client.call('setSchedule', {
              id: schedule?.id,
              settings: scheduleSettingsOf(submitted, schedule),
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
  if (trouble !== undefined) {
    return <TroubleScreen trouble={trouble} onRetry={revalidate} isLoading={isLoading} />;
  }
  const offered = intervals.some(({ seconds }) => String(seconds) === initialValues.every);
  return (
    <Form
      isLoading={isLoading}
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
      <FirstModelNote choices={choices} />
      <Form.TextField title="Name" placeholder="Check of bf16" {...itemProps.name} />
      <ModelFields itemProps={itemProps} choices={choices} initial={initialValues.model} />
      <SpeechFields itemProps={itemProps} choices={choices} initial={initialValues.voice} />
      <EngineFields itemProps={itemProps} choices={choices} initial={initialValues.engine} />
      <WorkloadFields itemProps={itemProps} />
      <Form.Separator />
      <Form.Dropdown title="Interval" placeholder="Search intervals…" {...itemProps.every}>
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
        <Form.Dropdown.Item value="cron" title="Cron Expression" icon={Icon.Clock} />
      </Form.Dropdown>
      {values.every === 'cron' && (
        <>
          <Form.TextField
            title="Cron Expression"
            placeholder="0 9 * * 1-5"
            info="Five fields, or @hourly, @daily, @weekly or @monthly."
            {...itemProps.cron}
          />
          <Form.TextField
            title="Time Zone"
            placeholder="This Mac's time zone"
            info="An IANA name, for example America/New_York."
            {...itemProps.timeZone}
          />
        </>
      )}
      <Form.TextField
        title="Jitter (Minutes)"
        placeholder="2"
        info="Checks start up to this many minutes late, so that they do not all start at once."
        {...itemProps.jitterMinutes}
      />
      <Form.Separator />
      <Form.TextField
        title="Iterations"
        placeholder="15"
        info={`The leak rule needs at least ${fewestIterations} measured iterations to decide, and 15 to find small leaks.`}
        {...itemProps.iterations}
      />
      <Form.TextField title="Warm-Up Iterations" placeholder="3" {...itemProps.warmupIterations} />
      <Form.Checkbox label="Skip on battery" {...itemProps.skipOnBattery} />
      <Form.Checkbox label="Skip in Low Power Mode" {...itemProps.skipInLowPowerMode} />
    </Form>
  );
}
