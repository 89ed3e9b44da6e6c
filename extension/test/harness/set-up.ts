/** For every test file: a Raycast of its own, and no complaint of React's goes unheard. */

import { afterEach, beforeEach, vi } from 'vitest';
import { raycast } from '../raycast-api/raycast.ts';
import { closeAll } from './launch.ts';

let complaints: unknown[][] = [];

beforeEach(() => {
  raycast.reset();
  complaints = [];
  vi.spyOn(console, 'error').mockImplementation((...args: unknown[]) => void complaints.push(args));
});

afterEach(() => {
  const errors = closeAll();
  vi.restoreAllMocks();
  if (errors.length > 0) {
    throw errors[0];
  }
  if (complaints.length > 0) {
    throw new Error(`Something was complained about: ${complaints.map((each) => each.join(' ')).join('\n')}`);
  }
});
