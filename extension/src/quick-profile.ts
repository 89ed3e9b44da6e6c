/** Quick Profile: profiles the default model immediately, with its progress in a toast and its result in a HUD. */

import { environment, LaunchType, showHUD, Toast } from '@raycast/api';
import { openCommand, refreshMenuBar } from './lib/deep-links.ts';
import { engineOfForm, engineValues } from './lib/engine-values.ts';
import { followWanted } from './lib/follow-run.ts';
import { notify } from './lib/notify.ts';
import { preferences } from './lib/preferences.ts';
import { progressMessage, resultSentence } from './lib/run-words.ts';
import { cancelQuickly } from './lib/cancel-run.ts';
import { resultTrouble, toTrouble, troubleText, troubleTitles } from './lib/trouble.ts';
import type { Trouble } from './lib/trouble.ts';

export default async function command(): Promise<void> {
  const { defaultModel, voice, text, iterations, engine, unit } = preferences();
  let runId: number | undefined;
  const toast = await notify({ style: Toast.Style.Animated, title: `Profiling ${defaultModel}` });
  try {
    const { record } = await followWanted(
      {
        kind: 'profile',
        parameters: {
          model: defaultModel,
          voice,
          iterations,
          text,
          ...engineOfForm(engineValues({ engine })),
        },
      },
      {
        onView: (view) => {
          runId = view.record?.id ?? runId;
          if (toast === undefined) {
            return;
          }
          toast.message = progressMessage(view, unit);
          if (runId !== undefined && toast.primaryAction === undefined) {
            const id = runId;
            toast.primaryAction = { title: 'Cancel Run', onAction: () => void cancelQuickly(id) };
          }
        },
      },
    );
    const trouble = resultTrouble(record);
    if (trouble !== undefined) {
      await fail(toast, trouble, record.id);
    } else {
      await toast?.hide();
      if (environment.launchType !== LaunchType.Background) {
        await showHUD(resultSentence(record, unit));
      }
    }
  } catch (error) {
    await fail(toast, toTrouble(error), runId);
  }
  await refreshMenuBar();
}

/** The toast stays, with the action that resolves the trouble. */
async function fail(toast: Toast | undefined, trouble: Trouble, runId: number | undefined): Promise<void> {
  if (toast === undefined) {
    return;
  }
  toast.style = Toast.Style.Failure;
  toast.title = troubleTitles[trouble.kind];
  toast.message = troubleText(trouble);
  toast.primaryAction =
    runId === undefined
      ? { title: 'Open Daemon', onAction: () => void openCommand('daemon', {}) }
      : { title: 'Show Run', onAction: () => void openCommand('runs', { runId }) };
}
