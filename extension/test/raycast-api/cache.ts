/** Raycast's cache: strings by key, in namespaces, that outlive a command. */

import { checkCall } from './calls.ts';
import { raycast } from './raycast.ts';

type Subscriber = (key: string | undefined, data: string | undefined) => void;

/** Bytes, as documented; the least recently used entries go first. */
const defaultCapacity = 10 * 1024 * 1024;

export class Cache {
  readonly #namespace: string;
  readonly #capacity: number;
  readonly #subscribers = new Set<Subscriber>();

  constructor(options?: { namespace?: string; capacity?: number }) {
    checkCall('Cache.new', options === undefined ? [] : [options]);
    this.#namespace = options?.namespace ?? '';
    this.#capacity = options?.capacity ?? defaultCapacity;
  }

  get #entries(): Map<string, string> {
    const entries = raycast.caches.get(this.#namespace) ?? new Map<string, string>();
    raycast.caches.set(this.#namespace, entries);
    return entries;
  }

  get isEmpty(): boolean {
    return this.#entries.size === 0;
  }

  get(key: string): string | undefined {
    checkCall('Cache.get', [key]);
    const entries = this.#entries;
    const data = entries.get(key);
    if (data !== undefined) {
      entries.delete(key);
      entries.set(key, data);
    }
    return data;
  }

  has(key: string): boolean {
    checkCall('Cache.has', [key]);
    return this.#entries.has(key);
  }

  set(key: string, data: string): void {
    checkCall('Cache.set', [key, data]);
    const entries = this.#entries;
    entries.delete(key);
    entries.set(key, data);
    let size = [...entries.values()].reduce((sum, each) => sum + Buffer.byteLength(each), 0);
    for (const [oldest, each] of entries) {
      if (size <= this.#capacity) {
        break;
      }
      entries.delete(oldest);
      size -= Buffer.byteLength(each);
    }
    this.#tell(key, data);
  }

  remove(key: string): boolean {
    checkCall('Cache.remove', [key]);
    const isRemoved = this.#entries.delete(key);
    if (isRemoved) {
      this.#tell(key, undefined);
    }
    return isRemoved;
  }

  clear(options?: { notifySubscribers: boolean }): void {
    checkCall('Cache.clear', options === undefined ? [] : [options]);
    this.#entries.clear();
    if (options?.notifySubscribers !== false) {
      this.#tell(undefined, undefined);
    }
  }

  subscribe(subscriber: Subscriber): () => void {
    checkCall('Cache.subscribe', [subscriber]);
    this.#subscribers.add(subscriber);
    return () => void this.#subscribers.delete(subscriber);
  }

  #tell(key: string | undefined, data: string | undefined): void {
    for (const subscriber of this.#subscribers) {
      subscriber(key, data);
    }
  }
}
