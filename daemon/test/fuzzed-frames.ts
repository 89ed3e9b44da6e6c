/** Frames that no good client sends, from a seed: what a fuzz of the daemon's socket throws at it. */

import { isMethod, methods } from '@tidemark/shared/protocol/daemon/methods.ts';
import { wireLimits } from '@tidemark/shared/protocol/daemon/wire.ts';

export interface FuzzedFrame {
  readonly kind: string;
  /** Without the delimiter, which it does not contain. */
  readonly text: string;
  /** Whether the daemon cannot answer it by its id, and so answers null and ends the connection. */
  readonly endsConnection: boolean;
}

/** From 0 to below 1, the same for the same seed: mulberry32, by Tommy Ettinger (public domain). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Those that end at once: `doctor` takes as long as its client lives, and `deleteRun` answers with a megabyte. */
const methodNames = Object.keys(methods).filter(
  (name) => isMethod(name) && name !== 'doctor' && name !== 'deleteRun',
);

const prototypeNames = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  '__defineGetter__',
];

const eventNames = [
  'start',
  'connect',
  'disconnect',
  'destroy',
  'close',
  'socket.disconnected',
  'error',
  'data',
  '*',
  '',
  'tidemark.response',
  'tidemark.event',
  'tidemark.fault',
  'tidemark.request ',
  'x'.repeat(300),
  ...prototypeNames,
];

const parameterNames = ['model', 'runId', 'id', 'settings', 'topics', 'protocolVersion', 'client', 'limit'];

export class FrameFuzzer {
  readonly #random: () => number;
  /** What is drawn, with its share of a thousand frames. */
  readonly #kinds: readonly (readonly [share: number, kind: string, draw: () => string])[] = [
    [350, 'wrong parameters', () => this.#request(this.#pick(methodNames), this.#parameters())],
    [150, 'any value for parameters', () => this.#request(this.#pick(methodNames), this.#value(3))],
    [100, 'unknown method', () => this.#request(this.#methodName(), this.#parameters())],
    [50, 'prototype names', () => this.#prototypes()],
    [40, 'deep parameters', () => this.#request(this.#pick(methodNames), this.#deep())],
    [30, 'keys twice', () => this.#keysTwice()],
    [
      40,
      'large, within the limit',
      () => this.#request('startProfile', { model: 'x'.repeat(this.below(60_000)) }),
    ],
    [
      100,
      'changed in one place',
      () => this.#changed(this.#request(this.#pick(methodNames), this.#parameters())),
    ],
    [20, 'unknown event', () => JSON.stringify({ type: this.#pick(eventNames), data: this.#value(2) })],
    [30, 'any value for a frame', () => JSON.stringify(this.#value(3))],
    [30, 'any value for an id', () => this.#anyId()],
    [30, 'cut off', () => this.#cutOff(this.#request('status', {}))],
    [20, 'noise', () => this.#noise(1 + this.below(400))],
    [
      10,
      'huge',
      () => this.#request('status', { filler: 'y'.repeat(wireLimits.requestBytes + this.below(100_000)) }),
    ],
  ];

  constructor(seed: number) {
    this.#random = seeded(seed);
  }

  /** A whole number from 0 to below `end`. */
  below(end: number): number {
    return Math.floor(this.#random() * end);
  }

  chance(share: number): boolean {
    return this.#random() < share;
  }

  frame(): FuzzedFrame {
    const [kind, text] = this.#draw();
    return { kind, text, endsConnection: !isAnswerable(text) };
  }

  #pick<Value>(values: readonly Value[]): Value {
    const value = values[this.below(values.length)];
    if (value === undefined) {
      throw new Error('FrameFuzzer: nothing to pick from');
    }
    return value;
  }

  #draw(): [kind: string, text: string] {
    let dice = this.below(1000);
    const found = this.#kinds.find(([share]) => (dice -= share) < 0);
    return [found?.[1] ?? '', found?.[2]() ?? ''];
  }

  #request(method: unknown, parameters: unknown): string {
    return JSON.stringify({
      type: 'tidemark.request',
      data: { id: this.below(2 ** 31), method, parameters },
    });
  }

  #keysTwice(): string {
    const keys = `"id":${this.below(1000)},"id":${this.below(1000)},"method":"status","method":"weather"`;
    return `{"type":"tidemark.request","data":{${keys}}}`;
  }

  #anyId(): string {
    const data = { id: this.#value(1), method: 'status', parameters: {} };
    return JSON.stringify({ type: 'tidemark.request', data });
  }

  #cutOff(text: string): string {
    return text.slice(0, this.below(text.length));
  }

  #methodName(): string {
    const name = this.#pick([
      ...prototypeNames,
      'weather',
      'Status',
      ' status',
      'x'.repeat(64),
      '💥',
      '\u0000',
    ]);
    return this.chance(0.5) ? name : this.#noise(1 + this.below(80));
  }

  #parameters(): Record<string, unknown> {
    const parameters: Record<string, unknown> = {};
    for (let rest = this.below(4); rest > 0; rest -= 1) {
      parameters[this.#pick(parameterNames)] = this.#value(2);
    }
    return parameters;
  }

  #value(depth: number): unknown {
    const leaf = this.#pick<unknown>([
      null,
      true,
      -1,
      0,
      7,
      1.5,
      1e308,
      2 ** 53,
      '',
      'bf16',
      '../../etc/passwd',
      '\u2028\u0000\ud800',
      'z'.repeat(300),
    ]);
    if (depth === 0 || this.chance(0.5)) {
      return leaf;
    }
    const length = this.below(4);
    return this.chance(0.5)
      ? Array.from({ length }, () => this.#value(depth - 1))
      : Object.fromEntries(
          Array.from({ length }, () => [this.#pick(parameterNames), this.#value(depth - 1)]),
        );
  }

  /** As text: an object literal's `__proto__` would be no key of its own. */
  #prototypes(): string {
    const name = this.#pick(prototypeNames);
    const polluting = `{"${name}":{"polluted":true,"isAdmin":true}}`;
    const id = this.below(1000);
    return this.#pick([
      `{"type":"tidemark.request","data":{"id":${id},"method":"status","parameters":${polluting}}}`,
      `{"type":"tidemark.request","data":{"id":${id},"method":"status","${name}":{"polluted":true}}}`,
      `{"type":"tidemark.request","${name}":{"polluted":true},"data":{"id":${id},"method":"status"}}`,
      `{"type":"tidemark.request","data":{"id":${id},"method":"setSettings","parameters":{"alerts":${polluting}}}}`,
    ]);
  }

  #deep(): unknown {
    const levels = 1 + this.below(10_000);
    const isArray = this.chance(0.5);
    const text = isArray
      ? '['.repeat(levels) + ']'.repeat(levels)
      : '{"a":'.repeat(levels) + '1' + '}'.repeat(levels);
    return { model: JSON.parse(text) as unknown };
  }

  /** One character taken out, put in or replaced. */
  #changed(text: string): string {
    const place = this.below(text.length);
    const rest = text.slice(place + this.below(2));
    return text.slice(0, place) + (this.chance(0.3) ? '' : this.#noise(1)) + rest;
  }

  #noise(length: number): string {
    const characters = Array.from({ length }, () => String.fromCharCode(this.below(0x1_00)));
    return characters.join('').replaceAll('\f', ' ');
  }
}

/** Written from the protocol's description, so apart from what the daemon does. */
function isAnswerable(text: string): boolean {
  if (Buffer.byteLength(text) > wireLimits.requestBytes) {
    return false;
  }
  try {
    const frame = JSON.parse(text) as { type?: unknown; data?: { id?: unknown } | null } | null;
    const id = frame?.data?.id;
    return (
      frame?.type === 'tidemark.request' && typeof id === 'number' && Number.isSafeInteger(id) && id >= 0
    );
  } catch {
    return false;
  }
}
