/** What the menu says first where no daemon answers, and the item that resolves it. */

import { Color, Icon } from '@raycast/api';
import type { Glance } from './load-snapshot.ts';
import type { MenuItem, MenuOptions, MenuSection } from './menu-types.ts';
import { ago } from './run-words.ts';
import type { Trouble } from './trouble.ts';

export function troubleSection(
  trouble: Trouble,
  glance: Glance | undefined,
  { preferences: { defaultModel, voice }, now }: MenuOptions,
): MenuSection {
  const remedy = ((): MenuItem | undefined => {
    switch (trouble.kind) {
      case 'not-running':
        return {
          key: 'remedy',
          title: 'Start Daemon',
          icon: Icon.Play,
          action: { kind: 'service', verb: 'start' },
        };
      case 'not-responding':
      case 'other-version':
        return {
          key: 'remedy',
          title: 'Restart Daemon',
          icon: Icon.ArrowClockwise,
          action: { kind: 'service', verb: 'restart' },
        };
      case 'no-tidemark':
      case 'not-installed':
        return {
          key: 'remedy',
          title: 'Set Up Daemon…',
          icon: Icon.Download,
          action: { kind: 'open', command: 'daemon', context: {} },
        };
      case 'host-crashed':
        return {
          key: 'remedy',
          title: `Load ${defaultModel} Again`,
          icon: Icon.ArrowClockwise,
          action: { kind: 'load', model: defaultModel, voice },
        };
      case 'starting':
      case 'busy':
      case 'offline-model':
      case 'interrupted':
      case 'gone':
      case 'failed':
        return {
          key: 'remedy',
          title: 'Look at Daemon…',
          icon: Icon.Heartbeat,
          action: { kind: 'open', command: 'daemon', context: {} },
        };
    }
  })();
  return {
    key: 'trouble',
    items: [
      {
        key: 'message',
        title: trouble.message,
        icon: Icon.Warning,
        color: Color.Orange,
        ...(trouble.hint === undefined ? {} : { tooltip: trouble.hint }),
      },
      ...(glance === undefined
        ? []
        : [
            {
              key: 'stale',
              title: `All below is as of ${ago(glance.status.asOf, now)}`,
              icon: Icon.Clock,
            },
          ]),
      ...(remedy === undefined ? [] : [remedy]),
    ],
  };
}
