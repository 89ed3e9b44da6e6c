/** Puts runs into the history of a data folder, as weeks of use leave them: `make-history.ts FOLDER COUNT`. */

import process from 'node:process';
import { exampleProfile } from '@tidemark/shared/test/example-documents.ts';
import { exampleAlert, exampleSchedule, finishedRun, scheduleTrigger } from './example-histories.ts';
import { openHistory } from '../src/history/history.ts';

const [, , folder = '', count = ''] = process.argv;
const hours = 60 * 60 * 1000;
const runs = Number(count);

/** A run every two hours, the last one an hour ago. */
let now = Date.now() - (2 * runs - 1) * hours;
using history = openHistory(folder, { now: () => new Date((now += 100)) }).history;
const { id: scheduleId } = history.schedules.add(exampleSchedule());

const models = ['bf16', '4bit-fp32', 'mlx-community/Kokoro-82M-4bit'];
const texts = ['Hello.', 'Good morning.', undefined];

/** How each run ended, and who asked for it: by its number. */
function runOf(number: number): NonNullable<Parameters<typeof finishedRun>[1]> {
  const model = models[number % models.length] ?? 'bf16';
  const run = { models: [model], text: texts[number % texts.length] };
  const document = exampleProfile({ name: model });
  switch (number % 10) {
    case 3:
      return { run: { ...run, trigger: scheduleTrigger(scheduleId) }, document };
    case 5:
      return {
        run,
        document,
        end: { state: 'interrupted', document: undefined, reason: 'The host was killed.' },
      };
    case 7:
      return {
        run,
        document,
        end: { state: 'cancelled', document: undefined, reason: 'Canceled in Raycast.' },
      };
    case 9: {
      const error = { code: 'unknown-model' as const, message: `There is no model ${model}.` };
      return { run, document, end: { state: 'failed', document: undefined, error } };
    }
    default:
      return { run, document };
  }
}

for (let number = 1; number <= runs; number += 1) {
  now += 2 * hours;
  const { id } = finishedRun(history, runOf(number));
  if (number === runs - 7) {
    history.alerts.add(exampleAlert({ scheduleId, runIds: [id] }));
  }
}
