/** The channels of the leak rule in words, and amounts of what each counts. */

import type { ChannelVerdict, LeakChannel } from '../protocol/leak-verdicts.ts';
import { formatBytes } from './bytes.ts';
import { formatCount } from './numbers.ts';

export const channelNames: Readonly<Record<LeakChannel, string>> = {
  activeBytes: 'active memory',
  footprintBytes: 'footprint',
  heapBytes: 'heap',
  liveTensors: 'live tensors',
  undisposedTensors: 'undisposed tensors',
  openFileDescriptors: 'open files',
  liveArrays: 'live arrays',
  trackedObjects: 'tracked objects',
  pythonHeapBytes: 'Python heap',
  cacheBytes: 'cache',
};

/** What was judged. */
export const judgedName = ({ channel, withoutCache }: ChannelVerdict): string =>
  withoutCache === true ? `${channelNames[channel]} without cache` : channelNames[channel];

/** `12.3 kB`, `1 tensor`, `0.33 tensors`. Throws a RangeError when `amount` is not finite. */
export function channelAmount(
  channel: LeakChannel,
  amount: number,
  { sign = false }: { readonly sign?: boolean } = {},
): string {
  switch (channel) {
    case 'activeBytes':
    case 'footprintBytes':
    case 'heapBytes':
    case 'pythonHeapBytes':
    case 'cacheBytes':
      return formatBytes(amount, { sign });
    case 'liveTensors':
    case 'undisposedTensors':
      return counted(amount, 'tensor', sign);
    case 'liveArrays':
      return counted(amount, 'array', sign);
    case 'trackedObjects':
      return counted(amount, 'object', sign);
    case 'openFileDescriptors':
      return counted(amount, 'file', sign);
  }
}

function counted(amount: number, one: string, sign: boolean): string {
  if (!Number.isFinite(amount)) {
    throw new RangeError(`not an amount: ${amount}`);
  }
  const rounded = Math.round(amount * 100) / 100;
  return `${sign && rounded > 0 ? '+' : ''}${formatCount(rounded)} ${rounded === 1 ? one : `${one}s`}`;
}
