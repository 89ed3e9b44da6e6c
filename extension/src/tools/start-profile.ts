/** AI tool: starts a profile. */

import type { Tool } from '@raycast/api';
import { profileQuestion, startProfile } from '../lib/ai-actions.ts';

type Input = {
  /** The model to measure, for example "bf16", "4bit-fp32" or "mlx-community/Kokoro-82M-4bit". Omit it for the default model. */
  model?: string;
  /** The number of measured iterations, from 1 to 1000. Omit it for the preferred number; fewer than 10 cannot tell whether it leaks. */
  iterations?: number;
  /** The engine that runs the model: "tidemark" or "mlx-audio". Omit it for the preferred engine. */
  engine?: string;
  /** The Kokoro voice, for example "af_heart". Omit it for the preferred voice. */
  voice?: string;
  /** The English text to speak in each iteration. Omit it for the preferred text. */
  text?: string;
};

export const confirmation: Tool.Confirmation<Input> = async (input) => profileQuestion(input);

/** Starts to profile the memory of a model: it is run repeatedly on one text, in the background. Returns the number of the run. */
export default async function startProfileTool(input: Input = {}): Promise<string> {
  return await startProfile(input);
}
