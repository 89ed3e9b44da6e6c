/** The menu bar's title and menu as data: what it says for a snapshot, before anything is drawn. */

import { Color, Icon } from '@raycast/api';
import { counted } from '@tidemark/client/format/numbers';
import type { LeakSummary } from '@tidemark/client/protocol/daemon/run-record';
import type { DaemonStatus } from '@tidemark/client/protocol/daemon/status';
import type { CommandName } from './deep-links.ts';
import { shortAmount } from './memory-words.ts';
import { glanceSections } from './menu-sections.ts';
import type { MenuAction, MenuItem, MenuOptions, MenuSection } from './menu-sections.ts';
import type { Glance, Snapshot } from './menu-snapshot.ts';
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

/** Raycast asks every minute: what was seen in the last launch but one or later is what the menu bar has been showing. */
const currentMilliseconds = 150_000;

export function menuModel({ glance, trouble }: Snapshot, options: MenuOptions): MenuModel {
  const { failure, now } = options;
  const isStale =
    trouble !== undefined ||
    (glance !== undefined && Math.abs(now.getTime() - glance.seenAt.getTime()) > currentMilliseconds);
  const sections = [
    { key: 'failure', items: failure === undefined ? [] : [failureItem(failure)] },
    ...(trouble === undefined ? [] : [troubleSection(trouble, options)]),
    ...(glance === undefined ? [] : glanceSections(glance, isStale, options)),
    commandSection,
  ];
  if (glance === undefined) {
    return { icon: 'menu-warning.svg', tooltip: trouble?.message ?? 'Tidemark', sections };
  }
  const { status, seenAt } = glance;
  const head: Head = isStale
    ? {
        icon: 'menu-none.svg',
        color: Color.SecondaryText,
        tooltip:
          `${trouble === undefined ? 'Connecting to the Tidemark daemon' : troubleTitles[trouble.kind]}. ` +
          `Figures as of ${ago(seenAt.toISOString(), now)}.`,
      }
    : headOf(status, now);
  const title = isStale ? staleTitle(glance, trouble, options) : titleOf(status, options);
  return { ...head, title, sections };
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
function headOf({ current, alerts, lastCheck, host }: DaemonStatus, now: Date): Head {
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
      tooltip: latest?.reason ?? `${counted(alerts.open, 'open alert')}.`,
    };
  }
  if (host.state === 'backing-off') {
    return { icon: Icon.Bolt, color: Color.Orange, tooltip: 'The model host crashed.' };
  }
  if (lastCheck?.leak === undefined) {
    return { icon: 'menu-none.svg', tooltip: 'Tidemark has not checked for leaks yet.' };
  }
  const { color, word } = leakLooks[lastCheck.leak];
  return {
    icon: glyphs[lastCheck.leak],
    color,
    tooltip: `Last leak check, of ${lastCheck.model} ${ago(lastCheck.at, now)}: ${word}.`,
  };
}

function titleOf(
  { host, alerts, current }: DaemonStatus,
  { preferences: { menuBarTitle, hideTitle, unit } }: MenuOptions,
): string | undefined {
  if (menuBarTitle === 'none') {
    return undefined;
  }
  if (host.memory !== undefined) {
    const active = shortAmount(host.memory.activeBytes, unit);
    return menuBarTitle === 'active-and-peak'
      ? `${active} ↑ ${shortAmount(host.memory.peakBytes, unit)}`
      : active;
  }
  if (current !== undefined) {
    return 'Measuring';
  }
  if (alerts.open > 0) {
    return alerts.open === 1 ? '1 Alert' : `${alerts.open} Alerts`;
  }
  // Without a host no model is loaded.
  return hideTitle ? undefined : shortAmount(0, unit);
}

/** Where no daemon answers there is no figure of now: the title says so, or of when its figure is. */
function staleTitle(
  { status, seenAt }: Glance,
  trouble: Trouble | undefined,
  options: MenuOptions,
): string | undefined {
  if (options.preferences.menuBarTitle === 'none') {
    return undefined;
  }
  switch (trouble?.kind) {
    case 'not-running':
    case 'not-installed':
    case 'no-tidemark':
      return 'Not Running';
    case 'starting':
      return 'Starting';
    default: {
      const title = titleOf(status, options);
      return title === undefined ? undefined : `${title}, ${ago(seenAt.toISOString(), options.now)}`;
    }
  }
}

/** What the menu says first where no daemon answers, and the item that resolves it. */
function troubleSection(trouble: Trouble, options: MenuOptions): MenuSection {
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
        : { ...opening('daemon', 'Set Up Daemon…', Icon.Download), action: firstSteps };
    case 'not-responding':
    case 'other-version':
      return canStartService(lookAround())
        ? { title: 'Restart Daemon', icon: Icon.ArrowClockwise, action: { kind: 'service', verb: 'restart' } }
        : opening('daemon', 'Show Daemon…', Icon.Heartbeat);
    case 'wrong-path':
      return { title: 'Correct the Path…', icon: Icon.Gear, action: { kind: 'preferences' } };
    case 'no-tidemark':
    case 'not-installed':
      return { ...opening('daemon', 'Set Up Daemon…', Icon.Download), action: firstSteps };
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
    case 'no-python':
    case 'gone':
    case 'not-comparable':
    case 'failed':
      return opening('daemon', 'Show Daemon…', Icon.Heartbeat);
  }
}

/** Where a person is led through all that is missing. */
const firstSteps: MenuAction = { kind: 'open', command: 'daemon', context: { show: 'first-steps' } };

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
