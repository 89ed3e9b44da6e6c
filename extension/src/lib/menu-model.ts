/** The menu bar's title and menu as data: what it says for a snapshot, before anything is drawn. */

import { Color, Icon } from '@raycast/api';
import type { LeakSummary } from '../../../shared/src/protocol/daemon/run-record.ts';
import type { DaemonStatus } from '../../../shared/src/protocol/daemon/status.ts';
import type { Glance, Snapshot } from './menu-snapshot.ts';
import { shortAmount } from './memory-words.ts';
import { glanceSections } from './menu-sections.ts';
import type { MenuItem, MenuOptions, MenuSection } from './menu-sections.ts';
import type { TidemarkPreferences } from './preferences.ts';
import { ago, leakLooks, runTitle } from './run-words.ts';
import { troubleTitles } from './trouble.ts';
import type { Trouble } from './trouble.ts';

/** Drawn for this project: the last check's state by the shape above the water. */
type Glyph = 'menu-ok.svg' | 'menu-warning.svg' | 'menu-leak.svg' | 'menu-none.svg';

interface MenuModel {
  readonly icon: Icon | Glyph;
  readonly color?: Color;
  readonly title?: string;
  readonly tooltip: string;
  readonly sections: readonly MenuSection[];
}

/** What is shown before anything is known. */
export const emptyMenu: MenuModel = {
  icon: 'menu-none.svg',
  tooltip: 'Tidemark asks the daemon.',
  sections: [],
};

export function menuModel({ glance, trouble }: Snapshot, options: MenuOptions): MenuModel {
  const sections = [
    { key: 'failure', items: options.failure === undefined ? [] : [failureItem(options.failure)] },
    ...(trouble === undefined ? [] : [troubleSection(trouble, glance, options)]),
    ...(glance === undefined ? [] : glanceSections(glance, trouble !== undefined, options)),
    commandSection(),
  ].filter(({ items }) => items.length > 0);
  if (glance === undefined) {
    return {
      icon: 'menu-warning.svg',
      tooltip: trouble === undefined ? 'Tidemark' : trouble.message,
      sections,
    };
  }
  const { status } = glance;
  const head = headOf(status);
  const title = titleOf(status, options.preferences);
  if (trouble !== undefined) {
    return {
      icon: 'menu-none.svg',
      color: Color.SecondaryText,
      ...(title === undefined ? {} : { title }),
      tooltip: `${troubleTitles[trouble.kind]}. Figures as of ${ago(status.asOf, options.now)}.`,
      sections,
    };
  }
  return { ...head, ...(title === undefined ? {} : { title }), sections };
}

const failureItem = (failure: string): MenuItem => ({
  key: 'failure',
  title: failure,
  icon: Icon.Warning,
  color: Color.Red,
  tooltip: 'Click to copy',
  action: { kind: 'copy', text: failure },
});

const glyphs: Readonly<Record<LeakSummary, Glyph>> = {
  'no-leak': 'menu-ok.svg',
  inconclusive: 'menu-warning.svg',
  leak: 'menu-leak.svg',
};

/** The state in a shape, a colour and a sentence: a run at work first, then an alert, then the last check. */
function headOf({
  current,
  alerts,
  lastCheck,
  host,
}: DaemonStatus): Pick<MenuModel, 'icon' | 'color' | 'tooltip'> {
  if (current !== undefined) {
    const { record, progress } = current;
    const share = progress === undefined || progress.total === 0 ? 0 : progress.done / progress.total;
    const icons = [
      Icon.CircleProgress25,
      Icon.CircleProgress50,
      Icon.CircleProgress75,
      Icon.CircleProgress100,
    ] as const;
    return {
      icon: icons[Math.min(3, Math.floor(share * 4))] ?? Icon.CircleProgress,
      tooltip: `Tidemark measures ${runTitle(record)}.`,
    };
  }
  if (alerts.open > 0) {
    return {
      icon:
        alerts.latest?.kind === 'leak' || alerts.latest?.kind === 'slow-leak' ? 'menu-leak.svg' : Icon.Bell,
      color: Color.Red,
      tooltip: alerts.latest?.reason ?? `${alerts.open} alerts are open.`,
    };
  }
  if (host.state === 'backing-off') {
    return { icon: Icon.Bolt, color: Color.Orange, tooltip: 'The model host crashed.' };
  }
  if (lastCheck?.leak === undefined) {
    return { icon: 'menu-none.svg', tooltip: 'Tidemark has not checked for leaks yet.' };
  }
  const { color, word } = leakLooks[lastCheck.leak];
  return { icon: glyphs[lastCheck.leak], color, tooltip: `Last leak check of ${lastCheck.model}: ${word}.` };
}

function titleOf({ host }: DaemonStatus, { menuBarTitle, unit }: TidemarkPreferences): string | undefined {
  if (menuBarTitle === 'none') {
    return undefined;
  }
  // Without a host nothing is held.
  const { activeBytes, peakBytes } = host.memory ?? { activeBytes: 0, peakBytes: 0 };
  const active = shortAmount(activeBytes, unit);
  return menuBarTitle === 'active-and-peak' && host.memory !== undefined
    ? `${active} ↑ ${shortAmount(peakBytes, unit)}`
    : active;
}

const commandSection = (): MenuSection => ({
  key: 'commands',
  items: [
    {
      key: 'quick-profile',
      title: 'Quick Profile',
      icon: Icon.Bolt,
      action: { kind: 'open', command: 'quick-profile', context: {} },
    },
    {
      key: 'profile-memory',
      title: 'Profile Memory…',
      icon: Icon.Gauge,
      action: { kind: 'open', command: 'profile-memory', context: {} },
    },
    {
      key: 'open-runs',
      title: 'Open Runs…',
      icon: Icon.List,
      action: { kind: 'open', command: 'runs', context: {} },
    },
    {
      key: 'open-checks',
      title: 'Open Leak Checks…',
      icon: Icon.Droplets,
      action: { kind: 'open', command: 'leak-checks', context: {} },
    },
    {
      key: 'open-daemon',
      title: 'Open Daemon…',
      icon: Icon.Heartbeat,
      action: { kind: 'open', command: 'daemon', context: {} },
    },
    { key: 'preferences', title: 'Preferences…', icon: Icon.Gear, action: { kind: 'preferences' } },
  ],
});

/** What the menu says first where no daemon answers, and the item that resolves it. */
function troubleSection(
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
