/** For every test file: a Raycast and a home folder of its own, and no complaint of React's goes unheard. */

import { afterEach, beforeEach, vi } from 'vitest';
import { raycast } from '../raycast-api/raycast.ts';
import { closeAll } from './launch.ts';
import { enterHome, leaveSurroundings } from './surroundings.ts';

let complaints: unknown[][] = [];

beforeEach(() => {
  raycast.reset();
  enterHome();
  complaints = [];
  vi.spyOn(console, 'error').mockImplementation((...args: unknown[]) => void complaints.push(args));
});

afterEach(async () => {
  const errors = closeAll();
  await leaveSurroundings();
  vi.restoreAllMocks();
  if (errors.length > 0) {
    throw errors[0];
  }
  if (complaints.length > 0) {
    throw new Error(`Something was complained about: ${complaints.map((each) => each.join(' ')).join('\n')}`);
  }
});
