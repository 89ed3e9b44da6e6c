/** Where the tests are: in Tidemark's repository, beside the daemon, or in a copy of this folder alone. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const above = fileURLToPath(new URL('../../..', import.meta.url));

/** The repository's folder; undefined in a copy of the extension alone. */
export const repository = existsSync(join(above, 'daemon', 'bin', 'tidemark')) ? above : undefined;
