/** The first steps, for whoever has the extension and not yet what it talks to: one page, and one action for the present step. */

import { Action, ActionPanel, Detail, Icon, openExtensionPreferences } from '@raycast/api';
import type { ReactNode } from 'react';
import { withClient } from '../lib/connection.ts';
import { openCommand, refreshMenuBar } from '../lib/deep-links.ts';
import { firstStepsText, progressNow, stepOf } from '../lib/first-steps.ts';
import type { Progress } from '../lib/first-steps.ts';
import { withToast } from '../lib/notify.ts';
import { preferences } from '../lib/preferences.ts';
import { repositoryPage, setUpCommand } from '../lib/set-up.ts';
import type { Trouble } from '../lib/trouble.ts';
import { PreferencesAction, RefreshAction } from './actions.tsx';
import { useAnswer, useInterval } from './use-daemon.ts';

/** How often it looks again: a step is done outside of this screen. */
const everyMilliseconds = 3000;

/** A model may have to be downloaded and built. */
const modelTimeoutMilliseconds = 600_000;

interface SetUpViewProps {
  /** The action that resolves what stands between this extension and the daemon. */
  readonly remedyOf: (trouble: Trouble, onRetry: () => void) => ReactNode;
  /** Raycast itself names a screen with which a command opens. */
  readonly isRoot?: boolean;
}

export function SetUpView({ remedyOf, isRoot = false }: SetUpViewProps): ReactNode {
  const { data, isLoading, revalidate } = useAnswer(progressNow);
  useInterval(revalidate, everyMilliseconds, !isLoading);
  const page = repositoryPage();
  return (
    <Detail
      isLoading={isLoading && data === undefined}
      {...(isRoot ? {} : { navigationTitle: 'First Steps' })}
      markdown={data === undefined ? '' : firstStepsText(data)}
      actions={
        <ActionPanel>
          {data !== undefined && stepAction(data, revalidate, remedyOf)}
          <RefreshAction title="Check Again" onAction={revalidate} />
          <PreferencesAction />
          {page !== undefined && <Action.OpenInBrowser title="Open Repository" url={page} />}
        </ActionPanel>
      }
    />
  );
}

function stepAction(
  progress: Progress,
  onChange: () => void,
  remedyOf: SetUpViewProps['remedyOf'],
): ReactNode {
  const { trouble, surroundings } = progress;
  switch (stepOf(progress)) {
    case 0:
      return surroundings.wrongPath === undefined ? (
        <Action.CopyToClipboard title="Copy Setup Command" content={setUpCommand()} />
      ) : (
        <Action title="Correct the Path" icon={Icon.Gear} onAction={openExtensionPreferences} />
      );
    case 1:
      return trouble === undefined ? null : remedyOf(trouble, onChange);
    case 2:
      return (
        <Action title="Get Model" icon={Icon.Download} onAction={() => void getModel().then(onChange)} />
      );
    case 3:
      return (
        <Action title="Profile It" icon={Icon.Gauge} onAction={() => void openCommand('quick-profile', {})} />
      );
    case 4:
      return (
        <Action
          title="Show It in the Menu Bar"
          icon={Icon.AppWindow}
          onAction={() => void openCommand('menu-bar', {}).then(onChange)}
        />
      );
    default:
      return <Action title="Show Runs" icon={Icon.List} onAction={() => void openCommand('runs', {})} />;
  }
}

/** Loads it, which downloads or builds it where it is not there. */
async function getModel(): Promise<void> {
  const { defaultModel: model, voice } = preferences();
  await withToast({
    doing: `Getting ${model}`,
    done: `${model} is there`,
    failed: `Could not get ${model}`,
    work: () =>
      withClient((client) =>
        client.call('load', { model, voice }, { timeoutMilliseconds: modelTimeoutMilliseconds }),
      ),
  });
  await refreshMenuBar();
}
