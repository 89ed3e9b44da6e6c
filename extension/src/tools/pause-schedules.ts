/** AI tool: pauses schedules of leak checks. */

import type { Tool } from '@raycast/api';
import { pauseQuestion, pauseSchedules } from '../lib/ai-actions.ts';

type Input = {
  /** The name of the schedule, as the list-schedules tool reports it. Omit it for all schedules. */
  schedule?: string;
};

export const confirmation: Tool.Confirmation<Input> = async (input) => await pauseQuestion(input, true);

/** Pauses one schedule of leak checks, or all of them. */
export default async function pauseSchedulesTool(input: Input = {}): Promise<string> {
  return await pauseSchedules(input, true);
}
