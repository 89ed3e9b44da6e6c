/** AI tool: what the last leak check found. */

import { answer, lastCheckText } from '../lib/ai-answers.ts';

/** Reports in sentences what the last leak check found, with figures and times, and which alerts are open. */
export default async function lastLeakCheck(): Promise<string> {
  return await answer(async (client) => {
    const [status, { alerts }] = await Promise.all([
      client.call('status', {}),
      client.call('listAlerts', {}),
    ]);
    const check =
      status.lastCheck === undefined
        ? undefined
        : await client.call('getRun', { runId: status.lastCheck.runId, document: false, samples: 0 });
    return (options) => lastCheckText(status, check?.record, alerts, options);
  });
}
