/** What tidemark_probe.py writes while a watched program runs, and the iterations that come of it. */

import { basename } from 'node:path';
import * as v from 'valibot';
import type { WatchDocument, WatchedSample } from '@tidemark/shared/protocol/watch-document.ts';
import { bytes, count, seconds, text } from '@tidemark/shared/protocol/quantities.ts';

const atLeastNothing = v.nullish(bytes);

/** Seconds since the probe was loaded. */
const t = seconds;

const markEvent = v.object({
  event: v.literal('mark'),
  t,
  place: text,
  /** -1 for the script's own marks and a timer, 0 for a call in the script, 1 in another file of its own, 2 in a library. */
  rank: v.pipe(v.number(), v.integer()),
  seconds,
  active: bytes,
  peak: bytes,
  life: bytes,
  cache: bytes,
  footprint: atLeastNothing,
  files: v.nullish(count),
  objects: v.optional(count),
  arrays: v.optional(count),
  evals: count,
  resets: count,
});

type MarkEvent = v.InferOutput<typeof markEvent>;

const beginEvent = v.object({
  event: v.literal('begin'),
  t,
  place: text,
  /** Whether the mark before was this beginning. */
  retract: v.boolean(),
  active: bytes,
  evals: count,
  resets: count,
});

const probeEvent = v.variant('event', [
  v.object({
    event: v.literal('start'),
    t,
    pid: count,
    at: v.number(),
    python: text,
    executable: v.string(),
  }),
  v.object({ event: v.literal('missing'), t, module: text }),
  v.object({ event: v.literal('mlx'), t, version: text, missing: v.array(text) }),
  v.object({
    event: v.literal('environment'),
    t,
    mlx: text,
    device: v.optional(text),
    info: v.optional(v.record(v.string(), v.union([v.string(), v.pipe(v.number(), v.finite())]))),
    packages: v.optional(v.record(v.string(), text)),
  }),
  beginEvent,
  markEvent,
  v.object({
    event: v.literal('end'),
    t,
    resets: count,
    life: bytes,
    counting: seconds,
  }),
]);

type ProbeEvent = v.InferOutput<typeof probeEvent>;

type EventOf<Kind extends ProbeEvent['event']> = Extract<ProbeEvent, { event: Kind }>;

/** One Python process, as far as it has told of itself. */
export class ProbedProcess {
  #rest = '';
  #places = new Map<string, (MarkEvent | v.InferOutput<typeof beginEvent>)[]>();
  #last: MarkEvent | undefined;
  start: EventOf<'start'> | undefined;
  mlx: EventOf<'mlx'> | undefined;
  environment: EventOf<'environment'> | undefined;
  end: EventOf<'end'> | undefined;
  /** The module that it could not find, of MLX. */
  missing: string | undefined;

  /** Takes more of what it wrote, and returns the marks in it. A line that a kill cut short is no event. */
  take(chunk: string): MarkEvent[] {
    const lines = (this.#rest + chunk).split('\n');
    this.#rest = lines.pop() ?? '';
    return lines.flatMap((line) => {
      const event = eventIn(line);
      return event === undefined ? [] : this.#note(event);
    });
  }

  #note(event: ProbeEvent): MarkEvent[] {
    switch (event.event) {
      case 'start':
        // Another program in the same process, by exec: what was before it was a launcher.
        this.#places = new Map();
        this.#last = this.mlx = this.environment = this.end = this.missing = undefined;
        this.start = event;
        return [];
      case 'missing':
        this.missing = event.module;
        return [];
      case 'mlx':
        this.mlx = event;
        return [];
      case 'environment':
        this.environment = event;
        return [];
      case 'end':
        this.end = event;
        return [];
      case 'begin':
        this.#of(event.place).push(event);
        return [];
      case 'mark':
        this.#of(event.place).push(event);
        this.#last = event;
        return [event];
    }
  }

  #of(place: string): (MarkEvent | v.InferOutput<typeof beginEvent>)[] {
    const events = this.#places.get(place) ?? [];
    this.#places.set(place, events);
    return events;
  }

  /** Of its whole life, so far as it is known. */
  get life(): { lifeBytes: number; resets: number } {
    const last = this.end ?? this.#last;
    return { lifeBytes: last?.life ?? 0, resets: last?.resets ?? 0 };
  }

  /** Its iterations: at the surest marks that there are at least twice, and of those at the most frequent place. */
  iterations(warmupIterations: number): Watched {
    const places = [...this.#places].map(([place, events]) => ({
      place,
      kind: kindOf(place),
      ...samplesOf(events, warmupIterations),
    }));
    const sure = places.filter(({ kind, calls }) => calls > 0 && (kind === 'function' || kind === 'timer'));
    const candidates = (fewest: number) =>
      (['clear_cache', 'eval'] as const).flatMap((kind) => {
        const ofKind = places.filter((each) => each.kind === kind && each.calls >= fewest);
        const rank = Math.min(...ofKind.map((each) => each.rank));
        return (
          ofKind
            .filter((each) => each.rank === rank)
            // Where a loop clears before and after its work, the place after it.
            .toSorted((a, b) => b.calls - a.calls || b.lastAt - a.lastAt)
            .slice(0, 1)
        );
      });
    const [chosen] = [...sure, ...candidates(2), ...candidates(1)];
    if (chosen === undefined) {
      return { marks: { kind: 'none', calls: 0 }, iterations: [], lives: [] };
    }
    const { kind, place, calls, iterations, lives } = chosen;
    return {
      marks: { kind, calls, ...(kind === 'clear_cache' || kind === 'eval' ? { place } : {}) },
      iterations,
      lives,
    };
  }
}

export interface Watched extends Pick<WatchDocument, 'marks' | 'iterations'> {
  /** The highest of the program's life at the end of each iteration. */
  readonly lives: readonly number[];
}

function eventIn(line: string): ProbeEvent | undefined {
  try {
    const result = v.safeParse(probeEvent, JSON.parse(line));
    return result.success ? result.output : undefined;
  } catch {
    return undefined;
  }
}

function kindOf(place: string): WatchDocument['marks']['kind'] {
  if (place === 'timer') {
    return 'timer';
  }
  return place.startsWith('mx.clear_cache ') ? 'clear_cache' : place.startsWith('mx.') ? 'eval' : 'function';
}

/** A beginning is that of the iteration that the next mark ends; without one, it began at the mark before. */
function samplesOf(
  events: readonly (MarkEvent | v.InferOutput<typeof beginEvent>)[],
  warmupIterations: number,
): { iterations: WatchedSample[]; lives: number[]; calls: number; rank: number; lastAt: number } {
  const ended: { mark: MarkEvent; from: Pick<MarkEvent, 'active' | 'evals' | 'resets'> | undefined }[] = [];
  let from: Pick<MarkEvent, 'active' | 'evals' | 'resets'> | undefined;
  for (const event of events) {
    if (event.event === 'mark') {
      ended.push({ mark: event, from });
    } else if (event.retract) {
      ended.pop();
    }
    from = event;
  }
  const last = ended.at(-1)?.mark;
  return {
    calls: ended.length,
    rank: last?.rank ?? 0,
    lastAt: last?.t ?? 0,
    lives: ended.map(({ mark }) => mark.life),
    iterations: ended.map(({ mark, from: before }, index) => ({
      index,
      warmup: index < warmupIterations,
      ...(before === undefined ? {} : { activeBeforeBytes: before.active }),
      activeBytes: mark.active,
      peakBytes: mark.peak,
      cacheBytes: mark.cache,
      seconds: mark.seconds,
      ...(mark.footprint == null ? {} : { footprintBytes: mark.footprint }),
      ...(mark.files == null ? {} : { openFileDescriptors: mark.files }),
      ...(mark.objects === undefined ? {} : { trackedObjects: mark.objects }),
      ...(mark.arrays === undefined ? {} : { liveArrays: mark.arrays }),
      evaluations: mark.evals - (before?.evals ?? 0),
      peakResets: mark.resets - (before?.resets ?? 0),
    })),
  };
}

/** The process that is the program: of those that imported MLX the first that was started, or the first of all. */
export function mainProcess(processes: readonly ProbedProcess[]): ProbedProcess | undefined {
  const inOrder = processes
    .filter(({ start }) => start !== undefined)
    .toSorted((a, b) => (a.start?.at ?? 0) - (b.start?.at ?? 0));
  return inOrder.find(({ mlx }) => mlx !== undefined) ?? inOrder[0];
}

/** What a command runs, in a word: the script's file, or the module after `-m`. */
export function programName(command: readonly string[]): string {
  const [first = '', ...rest] = command;
  const script = rest.find((argument) => /\.pyz?$/.test(argument));
  const module = rest[rest.indexOf('-m') + 1];
  const name = script ?? (rest.includes('-m') && module !== undefined ? module : first);
  return basename(name) || first || 'program';
}
