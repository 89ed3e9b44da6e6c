/** The menu's figures of memory, each with its moment, and the model that is held. */

import { Color, Icon } from '@raycast/api';
import { sparkline } from '../../../shared/src/format/sparkline.ts';
import type { DaemonStatus, MemoryReading } from '../../../shared/src/protocol/daemon/status.ts';
import { amount, levelLooks, memoryLevel, shortAmount } from './memory-words.ts';
import type { MenuItem, MenuOptions } from './menu-types.ts';
import { ago } from './run-words.ts';

export function memoryItems(
  { host: { memory }, recentPeaks }: DaemonStatus,
  { preferences: { unit, thresholds }, now }: MenuOptions,
): readonly MenuItem[] {
  const figure = (key: string, name: string, bytes: number, reading: MemoryReading): MenuItem => ({
    key,
    title: name,
    subtitle: `${amount(bytes, unit)} · as of ${ago(reading.asOf, now)}`,
    tooltip: `${bytes.toLocaleString('en-US')} bytes. Click to copy.`,
    action: { kind: 'copy', text: amount(bytes, unit) },
  });
  const level = memory === undefined ? undefined : levelLooks[memoryLevel(memory.peakBytes, thresholds)];
  const peaks = recentPeaks.map(({ peakBytes }) => peakBytes);
  const [low, high] = [Math.min(...peaks), Math.max(...peaks)];
  return [
    ...(memory === undefined || level === undefined
      ? [{ key: 'nothing', title: 'No model is loaded, so none of it is in use' }]
      : [
          { ...figure('active', 'Active', memory.activeBytes, memory), icon: Icon.MemoryChip },
          {
            ...figure('peak', `Peak (${level.word})`, memory.peakBytes, memory),
            icon: level.icon,
            color: level.color,
          },
          { ...figure('cache', 'Cache', memory.cacheBytes, memory), icon: Icon.Box },
          { ...figure('footprint', 'Footprint', memory.footprintBytes, memory), icon: Icon.Footprints },
        ]),
    ...(peaks.length < 2
      ? []
      : [
          {
            key: 'sparkline',
            title: `Recent Peaks ${sparkline(peaks, { width: 20 })}`,
            subtitle:
              low === high ? amount(high, unit) : `${shortAmount(low, unit)} to ${shortAmount(high, unit)}`,
            icon: Icon.LineChart,
            tooltip: `The median peaks of the last ${peaks.length} profiles, oldest first`,
            action: { kind: 'open', command: 'runs', context: {} } as const,
          },
        ]),
  ];
}

export function modelItems(
  { host, current }: DaemonStatus,
  isStale: boolean,
  { preferences: { defaultModel, voice }, now }: MenuOptions,
): readonly MenuItem[] {
  const crash: readonly MenuItem[] =
    host.lastDeath === undefined || (host.state !== 'backing-off' && host.state !== 'none')
      ? []
      : [
          {
            key: 'death',
            title: `The model host crashed ${ago(host.lastDeath.at, now)}`,
            icon: Icon.Bolt,
            color: Color.Orange,
            tooltip: host.lastDeath.reason,
            action: { kind: 'open', command: 'daemon', context: { show: 'logs' } },
          },
        ];
  if (host.model === undefined) {
    const loads: readonly MenuItem[] =
      isStale || host.state === 'loading' || host.state === 'starting'
        ? []
        : [
            {
              key: 'load',
              title: `Load ${defaultModel}`,
              icon: Icon.Download,
              action: { kind: 'load', model: defaultModel, voice },
            },
          ];
    const word = host.state === 'loading' || host.state === 'starting' ? 'A model is loading' : 'None loaded';
    return [...crash, { key: 'held', title: word, icon: Icon.Circle }, ...loads];
  }
  const frees = host.unloadsAt === undefined || isStale ? '' : ` · frees ${ago(host.unloadsAt, now)}`;
  return [
    ...crash,
    {
      key: 'held',
      title: host.model,
      subtitle: `${host.voice ?? 'no voice'}${frees}`,
      icon: Icon.SpeakerHigh,
      ...(host.loadedAt === undefined ? {} : { tooltip: `Loaded ${ago(host.loadedAt, now)}` }),
      action: { kind: 'copy', text: host.model },
    },
    ...(isStale || current !== undefined
      ? []
      : [
          {
            key: 'unload',
            title: 'Unload Model',
            icon: Icon.Eject,
            tooltip: 'Ends the model host, which gives its memory back',
            action: { kind: 'unload' } as const,
          },
        ]),
  ];
}
