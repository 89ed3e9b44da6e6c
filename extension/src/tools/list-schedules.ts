/** AI tool: the schedules of leak checks. */

import { schedulesText } from '../lib/ai-actions.ts';
import { answer } from '../lib/ai-answers.ts';

/** Lists the schedules of leak checks: what each checks and when, and whether it is paused. */
export default async function listSchedules(): Promise<string> {
  return await answer(async (client) => {
    const schedules = await client.call('listSchedules', {});
    return ({ now }) => schedulesText(schedules, now);
  });
}
