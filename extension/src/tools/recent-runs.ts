/** AI tool: recent runs. */

import { answer, runsText } from '../lib/ai-answers.ts';

type Input = {
  /** Only runs of this model, for example "bf16" or "4bit-fp32". Omit it for all models. */
  model?: string;
  /** The maximum number of runs, from 1 to 20. Default: 5. */
  limit?: number;
};

const fewest = 1;
const most = 20;

/** Lists recent runs, newest first, with their memory and leak verdict. */
export default async function recentRuns({ model, limit = 5 }: Input = {}): Promise<string> {
  return await answer(async (client) => {
    const { runs, total } = await client.call('listRuns', {
      limit: Math.min(most, Math.max(fewest, Math.round(limit))),
      model: model?.trim() || undefined,
    });
    return (options) => runsText(runs, total, options);
  });
}
