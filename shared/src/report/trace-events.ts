/**
 * A run's traces as Chrome trace events, in JSON that Perfetto and chrome://tracing open: operations as complete events within
 * their stage and the layers of their path, and memory as counters. Format: "Trace Event Format", Google.
 */

import { bandsOf } from '../analysis/trace/bands.ts';
import { namedTraces } from '../analysis/trace/named-traces.ts';
import type { NamedTrace } from '../analysis/trace/named-traces.ts';
import { orderWords } from '../format/trace-words.ts';
import type { RunDocument } from '../protocol/run-document.ts';

interface TraceEvent {
  readonly name: string;
  /** Complete, counter, metadata. */
  readonly ph: 'X' | 'C' | 'M';
  readonly pid: number;
  readonly tid: number;
  readonly cat?: string;
  /** Microseconds. */
  readonly ts?: number;
  dur?: number;
  readonly args?: Readonly<Record<string, string | number>>;
}

/** One process for each trace, all beginning at 0. Throws a TidemarkError: 'bad-document' where there is none. */
export function traceEvents(document: RunDocument): string {
  const traces = namedTraces(document);
  const events = traces.flatMap((each, place) => eventsOf(each, place + 1));
  return `{"displayTimeUnit":"ms","traceEvents":[\n${events.map((event) => JSON.stringify(event)).join(',\n')}\n]}\n`;
}

function eventsOf({ model, trace }: NamedTrace, pid: number): TraceEvent[] {
  const { names, operations } = trace;
  const here = { pid, tid: 1 };
  const title = { ph: 'M', ...here } as const;
  const events: TraceEvent[] = [
    { name: 'process_name', ...title, args: { name: `${model}, ${orderWords(trace)}` } },
    { name: 'process_sort_index', ...title, args: { sort_index: pid } },
    { name: 'thread_name', ...title, args: { name: 'operations' } },
  ];
  const counters = memoryCounters(trace, pid);
  const open: { readonly event: TraceEvent; readonly ts: number }[] = [];
  const closeTo = (depth: number, ts: number): void => {
    for (const { event, ts: start } of open.splice(depth)) {
      event.dur = ts - start;
    }
  };
  let ts = 0;
  operations.operation.forEach((operation, place) => {
    const stage = names.stages[operations.stage[place] ?? 0] ?? '';
    const layer = names.layers[operations.layer[place] ?? 0] ?? '';
    const path = layer === stage ? [stage] : [stage, ...layer.split('.')];
    const shared = path.findIndex((name, depth) => open[depth]?.event.name !== name);
    closeTo(shared < 0 ? path.length : shared, ts);
    // An enclosing event comes before those within it that begin with it.
    for (const name of path.slice(open.length)) {
      const event = {
        name,
        ph: 'X' as const,
        ...here,
        cat: open.length === 0 ? 'stage' : 'layer',
        ts,
      };
      open.push({ event, ts });
      events.push(event);
    }
    const dur = operations.microseconds[place] ?? 0;
    const shape = names.shapes[operations.shape[place] ?? 0] ?? [];
    events.push(...counters.during(place, ts), {
      name: names.operations[operation] ?? '',
      ph: 'X',
      ...here,
      cat: 'operation',
      ts,
      dur,
      args: {
        operation: place,
        layer,
        shape: `[${shape.join(', ')}]`,
        dtype: names.dtypes[operations.dtype[place] ?? 0] ?? '',
        bytes: operations.bytes[place] ?? 0,
        activeBytes: operations.activeBytes[place] ?? 0,
        peakBytes: operations.peakBytes[place] ?? 0,
      },
    });
    ts += dur;
    events.push(...counters.after(place, ts));
  });
  closeTo(0, ts);
  return events;
}

/** Memory by what it is for while an operation runs, and active memory after it; each where it has changed. */
function memoryCounters(
  trace: NamedTrace['trace'],
  pid: number,
): Record<'during' | 'after', (place: number, ts: number) => TraceEvent[]> {
  const { bands, bytes } = bandsOf(trace);
  const used = bands.flatMap(({ name }, band) => {
    const column = bytes[band];
    return column?.some((each) => each > 0) === true ? [{ name, column }] : [];
  });
  const last = new Map<string, string>();
  const counter = (name: string, ts: number, args: Record<string, number>): TraceEvent[] => {
    const values = JSON.stringify(args);
    if (last.get(name) === values) {
      return [];
    }
    last.set(name, values);
    return [{ name, ph: 'C', pid, tid: 1, ts, args }];
  };
  return {
    during: (place, ts) =>
      counter(
        'memory in bytes',
        ts,
        Object.fromEntries(used.map(({ name, column }) => [name, column[place] ?? 0])),
      ),
    after: (place, ts) =>
      counter('active memory in bytes', ts, { active: trace.operations.activeBytes[place] ?? 0 }),
  };
}
