/** Stands in for the daemon's core where only its socket is tested. */

import type { Handlers } from '../src/ipc/requests.ts';
import type { Log } from '../src/logging/log.ts';

/** What is not given throws, as a defect would. */
export function stubHandlers(given: Partial<Handlers>): Handlers {
  return new Proxy(given, {
    get: (target, name): unknown =>
      Reflect.get(target, name) ??
      (() => {
        throw new Error(`${String(name)} is not stubbed`);
      }),
  }) as Handlers;
}

export const silentLog: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

/** A log that keeps its sentences by level. */
export function keptLog(): { readonly log: Log; readonly lines: string[] } {
  const lines: string[] = [];
  const keep = (level: string) => (_fields: object, message: string) =>
    void lines.push(`${level}: ${message}`);
  return {
    lines,
    log: { debug: () => undefined, info: keep('info'), warn: keep('warn'), error: keep('error') },
  };
}
