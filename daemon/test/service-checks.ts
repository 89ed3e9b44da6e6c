/** What every test of the service does: act on a fake machine, and expect an error with something to do about it. */

import assert from 'node:assert/strict';
import * as v from 'valibot';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { serviceDocument } from '@tidemark/shared/protocol/daemon-documents.ts';
import type { ServiceDocument } from '@tidemark/shared/protocol/daemon-documents.ts';
import { runService } from '../src/service/run-service.ts';
import type { ServiceRequest } from '../src/service/run-service.ts';
import type { ServiceSystem } from '../src/service/system.ts';

/** Acts on the service of a machine, and checks the document against its schema. */
export async function act(
  { system }: { readonly system: ServiceSystem },
  action: ServiceRequest['action'],
  more: Partial<ServiceRequest> = {},
): Promise<ServiceDocument> {
  const document = await runService(system, { action, ...more });
  assert.deepEqual(v.parse(serviceDocument, document), document);
  return document;
}

/** Paths in which a unit or a property list would hold something else than the path. */
export const unwritablePaths: readonly string[] = [
  '/srv/a\nExecStartPre=/bin/rm',
  '/srv/a\rb',
  '/srv/a\tb',
  '/srv/a\0b',
  '/srv/a\x1b[2J',
  '/srv/a\x7f',
  '/srv/a\u0085b',
  '/srv/a\u2028b',
  '/srv/a\u2029b',
  '/srv/Gr\ufffd\ufffde',
  '/srv/a\ud800',
  '/srv/a\uffff',
];

/** Expects that an installation with any of those paths at any place is refused before anything was done. */
export async function refusesPaths(
  system: ServiceSystem,
  seen: () => { readonly changes: readonly string[]; readonly hasFile: boolean },
): Promise<void> {
  for (const path of unwritablePaths) {
    const [node = ''] = system.program;
    const refused: readonly Partial<ServiceSystem>[] = [
      { program: [path, 'main.js', 'daemon'] },
      { program: [node, path, 'daemon'] },
      ...['TIDEMARK_HOME', 'HF_HOME', 'HF_HUB_CACHE', 'HF_ENDPOINT', 'HF_HUB_OFFLINE'].map((name) => ({
        environment: { ...system.environment, [name]: path },
      })),
    ];
    for (const change of refused) {
      for (const isDryRun of [false, true]) {
        await assert.rejects(runService({ ...system, ...change }, { action: 'install', isDryRun }), {
          code: 'bad-input',
          message: /contains a line break, another control character, or bytes that are not UTF-8/,
        });
      }
    }
    assert.deepEqual(seen(), { changes: [], hasFile: false });
  }
}

/** For assert.rejects: an error of the service with this message, and something to do about it. */
export const serviceError = (message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof TidemarkError, String(error));
  assert.equal(error.code, 'service');
  assert.match(error.message, message);
  assert.ok(error.hint !== undefined && error.hint !== '');
  return true;
};
