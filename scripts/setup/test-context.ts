/** A set-up in a folder of its own, for tests. */

import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { TestContext } from 'node:test';
import { temporaryFolder } from '../../daemon/test/temporary-folder.ts';
import { backendOf } from './backend.js';
import { layoutOf } from './layout.js';
import { platformOf, thisMachine } from './platform.js';
import type { fetchWheel } from './download.js';

export type SetupContext = Parameters<typeof fetchWheel>[0];

/** Its folder goes when the test ends. */
export function temporaryContext(t: TestContext, changes: Partial<SetupContext> = {}): SetupContext {
  const machine = thisMachine();
  return {
    layout: layoutOf(temporaryFolder(t)),
    machine,
    platform: platformOf(machine),
    backend: backendOf(platformOf(machine), {}),
    env: process.env,
    tools: {},
    signal: new AbortController().signal,
    ...changes,
  };
}

/** Writes an executable shell script. */
export function writeProgram(path: string, ...lines: readonly string[]): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, ['#!/bin/sh', ...lines, ''].join('\n'));
  chmodSync(path, 0o755);
}
