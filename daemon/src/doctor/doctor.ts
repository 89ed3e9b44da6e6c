/** Checks whether this set-up can measure: each check looks at one thing and says what to do about it. */

import { doctorSchemaVersion } from '@tidemark/shared/protocol/command-documents.ts';
import type { Check, DoctorDocument } from '@tidemark/shared/protocol/command-documents.ts';
import { checksOf, describeHost, failure } from './checks.ts';

interface DoctorOptions {
  readonly dataFolder: string;
  readonly signal?: AbortSignal | undefined;
}

/** Runs every check, in order. One that itself breaks down has failed. Throws only when it is aborted. */
export async function examine({ dataFolder, signal }: DoctorOptions): Promise<DoctorDocument> {
  const host = await describeHost(signal);
  const checks: Check[] = [];
  for (const [id, title, find] of checksOf({ dataFolder, host, signal })) {
    signal?.throwIfAborted();
    const finding = await (async () => find())().catch(failure);
    checks.push({ id, title, ...finding });
  }
  signal?.throwIfAborted();
  const found = new Set(checks.map(({ status }) => status));
  return {
    kind: 'doctor',
    schemaVersion: doctorSchemaVersion,
    checkedAt: new Date().toISOString(),
    status: (['fail', 'warn'] as const).find((status) => found.has(status)) ?? 'ok',
    checks,
    ...(host instanceof Error ? {} : { device: host.device, versions: host.versions }),
  };
}
