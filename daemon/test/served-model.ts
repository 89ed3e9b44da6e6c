/** A hub that serves one model anew to each test, with the environment that leads there and to an empty cache. */

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'node:test';
import type { ModelOptions } from '../src/models/progress.ts';
import { headerOf } from '../src/models/safetensors/write.ts';
import { HubServer } from './hub-server.ts';
import { temporaryFolder } from './temporary-folder.ts';

/** What Hugging Face's libraries read, and so does Tidemark. */
const variables = [
  'HF_ENDPOINT',
  'HF_HOME',
  'HF_HUB_CACHE',
  'HUGGINGFACE_HUB_CACHE',
  'HF_TOKEN',
  'HUGGING_FACE_HUB_TOKEN',
  'HF_TOKEN_PATH',
  'HF_HUB_OFFLINE',
] as const;

/** A whole safetensors file with one tensor of so many floats, its bytes varied enough to tell a wrong splice. */
export function weightsFile(floats: number): Buffer {
  const data = Buffer.alloc(4 * floats);
  for (let index = 0; index < data.byteLength; index += 1) {
    data[index] = (index * 31 + (index >> 8)) & 0xff;
  }
  return Buffer.concat([headerOf([{ name: 'a', dtype: 'F32', shape: [floats] }], {}), data]);
}

export class ServedModel {
  readonly model = { repository: 'owner/kokoro', revision: 'main' } as const;
  /** The bytes of model.safetensors: 100,000 floats and a header. */
  readonly weights = weightsFile(100_000);
  readonly #root = temporaryFolder();
  readonly #saved = variables.map((name) => [name, process.env[name]] as const);
  #hub: HubServer | undefined;
  #tests = 0;

  /** To be made once a test file, at its top level: it registers the hooks. */
  constructor() {
    beforeEach(() => this.#start());
    afterEach(() => this.#stop());
  }

  get hub(): HubServer {
    if (this.#hub === undefined) {
      throw new Error('the hub runs within tests only');
    }
    return this.#hub;
  }

  /** This test's own HF_HOME, which need not exist. */
  get home(): string {
    return join(this.#root, `${this.#tests}`);
  }

  get options(): ModelOptions {
    return { dataFolder: join(this.home, 'data') };
  }

  get cacheFolder(): string {
    return join(this.home, 'hub', 'models--owner--kokoro');
  }

  get blobsFolder(): string {
    return join(this.cacheFolder, 'blobs');
  }

  blobs(): string[] {
    return readdirSync(this.blobsFolder);
  }

  /** The range headers of all requests for the bytes of large files. */
  get ranges(): (string | undefined)[] {
    return this.hub.requests.filter(({ path }) => path.startsWith('/cdn/')).map(({ range }) => range);
  }

  async #start(): Promise<void> {
    this.#tests += 1;
    this.#hub = await HubServer.start(this.model.repository);
    this.#hub.add('config.json', '{"n_token": 178}').add('model.safetensors', this.weights);
    this.#hub.add('README.md', 'Words.');
    for (const name of variables) {
      Reflect.deleteProperty(process.env, name);
    }
    process.env['HF_ENDPOINT'] = this.#hub.endpoint;
    process.env['HF_HOME'] = this.home;
  }

  async #stop(): Promise<void> {
    await this.#hub?.[Symbol.asyncDispose]();
    this.#hub = undefined;
    for (const [name, value] of this.#saved) {
      if (value === undefined) {
        Reflect.deleteProperty(process.env, name);
      } else {
        process.env[name] = value;
      }
    }
  }
}
