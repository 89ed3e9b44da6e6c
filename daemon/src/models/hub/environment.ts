/** What the environment says of a Hugging Face hub, read as Hugging Face's own libraries read it. */

import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

function huggingFaceHome(): string {
  const { HF_HOME, XDG_CACHE_HOME } = process.env;
  return HF_HOME ?? join(XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'huggingface');
}

/** HF_HUB_CACHE, under its older name too, else `hub` in {@link huggingFaceHome}. */
export function hubCacheFolder(): string {
  const { HF_HUB_CACHE, HUGGINGFACE_HUB_CACHE } = process.env;
  return HF_HUB_CACHE ?? HUGGINGFACE_HUB_CACHE ?? join(huggingFaceHome(), 'hub');
}

export interface Token {
  readonly value: string;
  /** The environment variable or the file that it comes from. */
  readonly source: string;
  /** What to do about one that the hub does not take, as an imperative. */
  readonly renewal: string;
}

export interface HubSettings {
  /** Without a trailing slash. */
  readonly endpoint: string;
  readonly token: Token | undefined;
  readonly isOffline: boolean;
}

/** The settings that Hugging Face's own libraries read from the environment. */
export function hubSettings(): HubSettings {
  const { HF_ENDPOINT, HF_HUB_OFFLINE } = process.env;
  return {
    endpoint: (isSet(HF_ENDPOINT) ? HF_ENDPOINT : 'https://huggingface.co').replace(/\/+$/, ''),
    token: hubToken(),
    isOffline: ['1', 'true', 'yes', 'on'].includes((HF_HUB_OFFLINE ?? '').toLowerCase()),
  };
}

const isSet = (value: string | undefined): value is string => value !== undefined && value.trim() !== '';

function hubToken(): Token | undefined {
  for (const name of ['HF_TOKEN', 'HUGGING_FACE_HUB_TOKEN'] as const) {
    const value = process.env[name];
    if (isSet(value)) {
      const renewal = `set ${name} to a valid token, or unset it to use public models without one`;
      return { value: value.trim(), source: name, renewal };
    }
  }
  const path = process.env['HF_TOKEN_PATH'] ?? join(huggingFaceHome(), 'token');
  try {
    const value = readFileSync(path, 'utf8');
    const renewal = `log in again with \`hf auth login\`, or delete ${path} to use public models without a token`;
    return isSet(value) ? { value: value.trim(), source: path, renewal } : undefined;
  } catch {
    return undefined;
  }
}
