/** The newest lines of the daemon's log. */

import { Action, ActionPanel, Detail, Icon, Keyboard } from '@raycast/api';
import { usePromise } from '@raycast/utils';
import { existsSync } from 'node:fs';
import type { ReactNode } from 'react';
import { logFileOf, readLogTail } from '../lib/daemon-log.ts';
import { preferences } from '../lib/preferences.ts';

export interface LogViewProps {
  /** Raycast names a command's own screen itself. */
  readonly isRoot?: boolean;
}

export function LogView({ isRoot = false }: LogViewProps): ReactNode {
  const path = logFileOf(preferences().dataFolder);
  const { data, error, isLoading, revalidate } = usePromise(readLogTail, [path], {
    onError: () => undefined,
  });
  return (
    <Detail
      isLoading={isLoading}
      {...(isRoot ? {} : { navigationTitle: 'Daemon Logs' })}
      markdown={markdownOf(data, error)}
      actions={
        <ActionPanel>
          <Action
            title="Refresh"
            icon={Icon.ArrowClockwise}
            shortcut={Keyboard.Shortcut.Common.Refresh}
            onAction={revalidate}
          />
          {data !== undefined && data.length > 0 && (
            <Action.CopyToClipboard
              title="Copy Lines"
              shortcut={Keyboard.Shortcut.Common.Copy}
              content={data.join('\n')}
            />
          )}
          {existsSync(path) && <Action.ShowInFinder path={path} />}
          {existsSync(path) && <Action.Open title="Open in Editor" icon={Icon.Terminal} target={path} />}
        </ActionPanel>
      }
    />
  );
}

function markdownOf(lines: readonly string[] | undefined, error: Error | undefined): string {
  if (error !== undefined) {
    return `The log cannot be read: ${error.message}`;
  }
  if (lines === undefined) {
    return '';
  }
  return lines.length === 0
    ? 'There is no log yet: the daemon has not run with this data folder.'
    : `\`\`\`\n${lines.join('\n').replaceAll('```', "'''")}\n\`\`\``;
}
