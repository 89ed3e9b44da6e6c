/** The menu bar's title and menu as data: what it says for a snapshot, before anything is drawn. */

import { Color, Icon } from '@raycast/api';
import type { LeakSummary } from '../../../shared/src/protocol/daemon/run-record.ts';
import type { DaemonStatus } from '../../../shared/src/protocol/daemon/status.ts';
import type { Snapshot } from './load-snapshot.ts';
import { shortAmount } from './memory-words.ts';
import { glanceSections } from './menu-sections.ts';
import { troubleSection } from './menu-trouble.ts';
import type { Glyph, MenuItem, MenuModel, MenuOptions, MenuSection } from './menu-types.ts';
import type { TidemarkPreferences } from './preferences.ts';
import { ago, leakLooks, runTitle } from './run-words.ts';
import { troubleTitles } from './trouble.ts';

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
