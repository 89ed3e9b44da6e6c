/** The menu bar's title and menu as data: what it says for a snapshot, before anything is drawn. */

import { Color, Icon } from '@raycast/api';
import type { LeakSummary } from '../../../shared/src/protocol/daemon/run-record.ts';
import type { DaemonStatus } from '../../../shared/src/protocol/daemon/status.ts';
import type { CommandName } from './deep-links.ts';
import { shortAmount } from './memory-words.ts';
import { glanceSections } from './menu-sections.ts';
import type { MenuItem, MenuOptions, MenuSection } from './menu-sections.ts';
import type { Glance, Snapshot } from './menu-snapshot.ts';
import type { TidemarkPreferences } from './preferences.ts';
import { ago, leakLooks, runTitle } from './run-words.ts';
import { canStartService, lookAround, troubleTitles } from './trouble.ts';
import type { Trouble } from './trouble.ts';

/** Drawn for this project: the last check's state by the shape above the water. */
type Glyph = 'menu-ok.svg' | 'menu-warning.svg' | 'menu-leak.svg' | 'menu-none.svg';

interface Head {
  readonly icon: Icon | Glyph;
  readonly color?: Color;
  readonly tooltip: string;
}

interface MenuModel extends Head {
  readonly title?: string | undefined;
  readonly sections: readonly MenuSection[];
}

/** What is shown before anything is known. */
export const emptyMenu: MenuModel = {
  icon: 'menu-none.svg',
  tooltip: 'Connecting to the Tidemark daemon.',
  sections: [],
};

export function menuModel({ glance, trouble }: Snapshot, options: MenuOptions): MenuModel {
  const { failure, preferences, now } = options;
  const sections = [
    { key: 'failure', items: failure === undefined ? [] : [failureItem(failure)] },
    ...(trouble === undefined ? [] : [troubleSection(trouble, glance, options)]),
    ...(glance === undefined ? [] : glanceSections(glance, trouble !== undefined, options)),
    commandSection,
  ];
  if (glance === undefined) {
    return { icon: 'menu-warning.svg', tooltip: trouble?.message ?? 'Tidemark', sections };
  }
  const { status } = glance;
  const head: Head =
    trouble === undefined
      ? headOf(status)
      : {
          icon: 'menu-none.svg',
          color: Color.SecondaryText,
          tooltip: `${troubleTitles[trouble.kind]}. Figures as of ${ago(status.asOf, now)}.`,
        };
  return { ...head, title: titleOf(status, preferences), sections };
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

const progressIcons = [
  Icon.CircleProgress25,
  Icon.CircleProgress50,
  Icon.CircleProgress75,
  Icon.CircleProgress100,
] as const;

/** The state in a shape, a color and a sentence: a running run first, then an alert, then the last check. */
function headOf({ current, alerts, lastCheck, host }: DaemonStatus): Head {
  if (current !== undefined) {
    const { record, progress } = current;
    const share = progress === undefined || progress.total === 0 ? 0 : progress.done / progress.total;
    return {
      icon: progressIcons[Math.min(3, Math.floor(share * 4))] ?? Icon.CircleProgress,
      tooltip: `Tidemark is measuring ${runTitle(record)}.`,
    };
  }
  if (alerts.open > 0) {
    const { latest } = alerts;
    return {
      icon: latest?.kind === 'leak' || latest?.kind === 'slow-leak' ? 'menu-leak.svg' : Icon.Bell,
      color: Color.Red,
      tooltip: latest?.reason ?? `${alerts.open} alerts are open.`,
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
  // Without a host no model is loaded.
  const { activeBytes, peakBytes } = host.memory ?? { activeBytes: 0, peakBytes: 0 };
  const active = shortAmount(activeBytes, unit);
  return menuBarTitle === 'active-and-peak' && host.memory !== undefined
    ? `${active} ↑ ${shortAmount(peakBytes, unit)}`
    : active;
}

/** What the menu says first where no daemon answers, and the item that resolves it. */
function troubleSection(trouble: Trouble, glance: Glance | undefined, options: MenuOptions): MenuSection {
  return {
    key: 'trouble',
    items: [
      {
        key: 'message',
        title: trouble.message,
        icon: Icon.Warning,
        color: Color.Orange,
        tooltip: trouble.hint,
      },
      glance !== undefined && {
        key: 'stale',
        title: `Figures below are as of ${ago(glance.status.asOf, options.now)}`,
        icon: Icon.Clock,
      },
      { ...remedyOf(trouble, options), key: 'remedy' },
    ],
  };
}

function remedyOf({ kind }: Trouble, { preferences }: MenuOptions): Omit<MenuItem, 'key'> {
  const { defaultModel, voice } = preferences;
  switch (kind) {
    case 'not-running':
      return canStartService(lookAround())
        ? { title: 'Start Daemon', icon: Icon.Play, action: { kind: 'service', verb: 'start' } }
        : opening('daemon', 'Set Up Daemon…', Icon.Download);
    case 'not-responding':
    case 'other-version':
      return canStartService(lookAround())
        ? { title: 'Restart Daemon', icon: Icon.ArrowClockwise, action: { kind: 'service', verb: 'restart' } }
        : opening('daemon', 'Show Daemon…', Icon.Heartbeat);
    case 'wrong-path':
      return { title: 'Correct the Path…', icon: Icon.Gear, action: { kind: 'preferences' } };
    case 'no-tidemark':
    case 'not-installed':
      return opening('daemon', 'Set Up Daemon…', Icon.Download);
    case 'host-crashed':
      return {
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
      return opening('daemon', 'Show Daemon…', Icon.Heartbeat);
  }
}

const opening = (command: CommandName, title: string, icon: Icon): MenuItem => ({
  key: command,
  title,
  icon,
  action: { kind: 'open', command, context: {} },
});

const commandSection: MenuSection = {
  key: 'commands',
  items: [
    opening('quick-profile', 'Quick Profile', Icon.Bolt),
    opening('profile-memory', 'Profile Memory…', Icon.Gauge),
    opening('runs', 'Open Runs…', Icon.List),
    opening('leak-checks', 'Open Leak Checks…', Icon.Droplets),
    opening('daemon', 'Open Daemon…', Icon.Heartbeat),
    { key: 'preferences', title: 'Preferences…', icon: Icon.Gear, action: { kind: 'preferences' } },
  ],
};
