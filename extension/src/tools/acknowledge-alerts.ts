/** AI tool: acknowledges alerts. */

import type { Tool } from '@raycast/api';
import { acknowledge, acknowledgeQuestion } from '../lib/ai-actions.ts';

type Input = {
  /** The number of the alert, as the last-leak-check tool reports it. Omit it for all open alerts. */
  alertId?: number;
};

export const confirmation: Tool.Confirmation<Input> = async (input) => await acknowledgeQuestion(input);

/** Acknowledges one open alert or all of them, so that they no longer ask for attention. */
export default async function acknowledgeAlerts(input: Input = {}): Promise<string> {
  return await acknowledge(input);
}
