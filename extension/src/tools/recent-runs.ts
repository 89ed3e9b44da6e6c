/** AI tool: recent runs. */

import * as v from 'valibot';
import { engines } from '@tidemark/client/protocol/workload';
import { answer, runsText } from '../lib/ai-answers.ts';

type Input = {
  /** Only runs of this model, for example "bf16" or "4bit-fp32". Omit it for all models. */
  model?: string;
  /** Only runs by this engine: "tidemark" or "mlx-audio". Omit it for both. */
  engine?: string;
  /** The maximum number of runs, from 1 to 20. Default: 5. */
  limit?: number;
};

/** A language model fills it in, so that anything may come. */
const understood = v.fallback(
  v.object({
    model: v.fallback(v.optional(v.pipe(v.string(), v.trim(), v.minLength(1))), undefined),
    engine: v.fallback(v.optional(v.picklist(engines)), undefined),
    limit: v.fallback(v.pipe(v.number(), v.transform(Math.round), v.toMinValue(1), v.toMaxValue(20)), 5),
  }),
  { limit: 5 },
);

/** Lists recent runs, newest first, with their memory and leak verdict. */
export default async function recentRuns(input: Input = {}): Promise<string> {
  const { model, engine, limit } = v.parse(understood, input);
  return await answer(async (client) => {
    const { runs, total } = await client.call('listRuns', { limit, model, engine });
    return (options) => runsText(runs, total, options);
  });
}
