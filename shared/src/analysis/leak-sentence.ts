/** Sentences about leaks: what a run's channels show, and nothing that they do not, and whether a planted leak was found. */

import { formatBytes } from '../format/bytes.ts';
import { channelAmount, channelNames } from '../format/leak-channels.ts';
import { counted, formatCount, formatList, formatPercent } from '../format/numbers.ts';
import { printable } from '../printable.ts';
import { cacheChannel } from '../protocol/leak-verdicts.ts';
import type { ChannelVerdict, LeakChannel } from '../protocol/leak-verdicts.ts';
import { rateTolerance } from '../protocol/command-documents.ts';
import type { PlantResult } from '../protocol/command-documents.ts';
import { cacheSentence } from './cache-sentence.ts';
import { isLeaking } from './leak-verdicts.ts';

/**
 * `No leak: active memory is constant to the byte over 15 iterations; a leak of 1 B an iteration would have shown.
 * Footprint: none above 1.2 MB an iteration.` Empty where no channel was judged.
 */
export function leakSentence(verdicts: readonly ChannelVerdict[]): string {
  const [first] = verdicts;
  if (first === undefined) {
    return '';
  }
  const leaks = verdicts.filter(({ status }) => status === 'leak');
  const isAllOpen = verdicts.every(({ status }) => status === 'inconclusive');
  // A kept cache says itself what it is, but for a run of which nothing can be said.
  const open = verdicts.filter(
    ({ status, channel }) => status === 'inconclusive' && (isAllOpen || channel !== cacheChannel),
  );
  const cache = isAllOpen ? undefined : verdicts.find(({ channel }) => channel === cacheChannel);
  const active = verdicts.find(({ channel }) => channel === 'activeBytes');
  const cacheWords = cache === undefined ? undefined : cacheSentence(cache);
  const isCacheFirst = cache?.status === 'grows';
  return [
    isCacheFirst ? cacheWords : undefined,
    leaks.length > 0 ? foundSentence(leaks) : active === undefined ? undefined : activeSentence(active),
    ...leaks.map(sitesSentence),
    ...verdicts.filter(({ channel }) => channel === 'footprintBytes').map(footprintSentence),
    isCacheFirst ? undefined : cacheWords,
    open.length > 0 ? openSentence(open, verdicts.length) : undefined,
  ]
    .filter((sentence) => sentence !== undefined)
    .join(' ');
}

interface ModelLeaks {
  readonly name: string;
  readonly leaks: readonly ChannelVerdict[];
}

/** Several models in one sentence or two; empty where none was judged. */
export function leakSentenceOfModels(models: readonly ModelLeaks[]): string {
  const judged = models.filter(({ leaks }) => leaks.length > 0);
  if (judged.length === 0) {
    return '';
  }
  const leaking = judged.flatMap(({ name, leaks }) => {
    const grown = leaks.filter(isLeaking).map(growth);
    return grown.length === 0 ? [] : [`${name} (${formatList(grown)} per iteration)`];
  });
  const clean = judged.filter(({ leaks }) =>
    leaks.every((verdict) => !isLeaking(verdict) && verdict.status !== 'inconclusive'),
  );
  const bounds = (['activeBytes', 'footprintBytes'] as const).flatMap((channel) => {
    const found = clean.flatMap(({ leaks }) =>
      leaks.flatMap((each) => (each.channel === channel ? (each.smallestDetectable ?? []) : [])),
    );
    // What every one of them would have shown.
    return found.length < clean.length || found.length === 0
      ? []
      : [`${channelAmount(channel, Math.max(...found))} in ${channelNames[channel]}`];
  });
  const would =
    bounds.length === 0 ? '' : `; one of ${formatList(bounds)} per iteration would have been detected`;
  const everywhere = clean.length === judged.length && clean.length > 1;
  return [
    leaking.length === 0 ? undefined : `Leaks: ${formatList(leaking)}.`,
    clean.length === 0
      ? undefined
      : `No leak in ${everywhere ? 'any model' : formatList(clean.map(({ name }) => name))}${would}.`,
    ...openSentences(judged),
  ]
    .filter((sentence) => sentence !== undefined)
    .join(' ');
}

/** One for each reason, with the models that it is the reason of. */
function openSentences(models: readonly ModelLeaks[]): string[] {
  const namesByReason = new Map<string, string[]>();
  for (const { name, leaks } of models) {
    const open = leaks.filter(({ status }) => status === 'inconclusive');
    const [first] = open;
    if (first !== undefined) {
      const { channel, reason = unread } = first;
      const why = open.length === leaks.length ? reason : `of ${channelNames[channel]}, ${reason}`;
      namesByReason.set(why, [...(namesByReason.get(why) ?? []), name]);
    }
  }
  return [...namesByReason].map(
    ([reason, names]) =>
      `It is undetermined whether ${formatList(names)} ${names.length === 1 ? 'leaks' : 'leak'}: ${reason}.`,
  );
}

const unread = 'the series cannot be read';

function foundSentence(leaks: readonly ChannelVerdict[]): string {
  const count = leaks[0]?.confirmation?.count;
  const again = count === undefined ? '' : `, and again over ${formatCount(count)} more`;
  return `Leak: ${formatList(leaks.map(growth))} per iteration${again}.`;
}

/** “Python’s heap grew at speak.py:12 (+1.2 MB in 30 blocks) and …” */
function sitesSentence({ sites = [] }: ChannelVerdict): string | undefined {
  const grown = sites.map(
    ({ file, line, bytes, count }) =>
      `${printable(file)}:${line} (${formatBytes(bytes, { sign: true })} in ${counted(count, 'block')})`,
  );
  return grown.length === 0 ? undefined : `Python’s heap grew at ${formatList(grown)}.`;
}

function activeSentence({
  status,
  first,
  smallestDetectable,
  ratePerIteration,
}: ChannelVerdict): string | undefined {
  if (first === undefined || smallestDetectable === undefined || status === 'inconclusive') {
    return undefined;
  }
  const over = `over ${counted(first.count, 'iteration')}`;
  const bound = `a leak of ${channelAmount('activeBytes', smallestDetectable)} per iteration would have been detected`;
  if (status === 'plateau') {
    return `No leak: active memory grew ${over}, then leveled off; ${bound}.`;
  }
  // One byte is what only a series without any noise can promise.
  return smallestDetectable <= 1 && ratePerIteration === 0
    ? `No leak: active memory is constant to the byte ${over}; ${bound}.`
    : `No leak: active memory does not rise ${over}; ${bound}.`;
}

function footprintSentence({ status, smallestDetectable, withoutCache }: ChannelVerdict): string | undefined {
  if (status === 'cache-growth') {
    return 'Footprint: it grows with the allocator’s cache, which can be cleared.';
  }
  return smallestDetectable === undefined
    ? undefined
    : `Footprint${withoutCache === true ? ' without the cache' : ''}: no leak above ${channelAmount('footprintBytes', smallestDetectable)} per iteration.`;
}

function openSentence(open: readonly ChannelVerdict[], of: number): string {
  const reasons = new Set(open.map(({ reason = unread }) => reason));
  const why = [...reasons].join('; ');
  return open.length === of
    ? `It is undetermined whether anything leaks: ${why}.`
    : `It is undetermined whether ${formatList(open.map(({ channel }) => channelNames[channel]))} leaks: ${why}.`;
}

const growth = ({ channel, ratePerIteration }: ChannelVerdict): string =>
  `${channelNames[channel]} ${channelAmount(channel, ratePerIteration, { sign: true })}`;

interface PlantExpectation {
  /** Where the leak must be found; absent for what is no leak. */
  readonly channel?: LeakChannel;
  /** Where it may be called a leak besides. */
  readonly alsoIn: readonly LeakChannel[];
  /** What was planted in that channel, per iteration. */
  readonly plantedRate?: number;
}

type PlantJudgement = Pick<PlantResult, 'result' | 'reason' | 'measuredRate'>;

/** A false alarm weighs most: it says that nothing else that the rule says can be relied on. */
export function judgePlant(
  { channel, alsoIn, plantedRate = 0 }: PlantExpectation,
  leaks: readonly ChannelVerdict[],
): PlantJudgement {
  const verdict = leaks.find((each) => each.channel === channel);
  const isFound = verdict !== undefined && isLeaking(verdict);
  const measured = isFound ? { measuredRate: verdict.ratePerIteration } : {};
  const [alarm] = leaks.filter(
    (each) => isLeaking(each) && each.channel !== channel && !alsoIn.includes(each.channel),
  );
  if (alarm !== undefined) {
    const rate = channelAmount(alarm.channel, alarm.ratePerIteration);
    return {
      result: 'false-alarm',
      reason: `The rule reports a leak of ${rate} per iteration in ${channelNames[alarm.channel]}, where none was planted.`,
      ...measured,
    };
  }
  if (channel === undefined) {
    const [unread] = leaks.filter(({ status }) => status === 'inconclusive');
    return unread === undefined
      ? { result: 'as-expected' }
      : {
          result: 'failed',
          reason: `The verdict on ${channelNames[unread.channel]} is inconclusive: ${unread.reason ?? 'it cannot be read'}.`,
        };
  }
  if (!isFound) {
    const found = verdict === undefined ? 'not judged' : `judged “${verdict.status}”`;
    const why = verdict?.reason === undefined ? '' : `: ${verdict.reason}`;
    return { result: 'missed', reason: `The leak in ${channelNames[channel]} was ${found}${why}.` };
  }
  const error = verdict.ratePerIteration / plantedRate - 1;
  return Math.abs(error) <= rateTolerance
    ? { result: 'as-expected', ...measured }
    : {
        result: 'wrong-rate',
        reason: `The measured rate is ${formatPercent(error, { sign: true })} from the planted one.`,
        ...measured,
      };
}
