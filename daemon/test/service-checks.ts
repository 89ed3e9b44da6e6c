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

/** For assert.rejects: an error of the service with this message, and something to do about it. */
export const serviceError = (message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof TidemarkError, String(error));
  assert.equal(error.code, 'service');
  assert.match(error.message, message);
  assert.ok(error.hint !== undefined && error.hint !== '');
  return true;
};
