/** AI tool: the memory of the loaded model, and what the daemon is doing. */

import { answer, memoryText } from '../lib/ai-answers.ts';

/** Reports active, peak, cache and footprint memory with its time, what is running, and which check is next. */
export default async function memoryNow(): Promise<string> {
  return await answer(async (client) => {
    const status = await client.call('status', {});
    return (options) => memoryText(status, options);
  });
}
