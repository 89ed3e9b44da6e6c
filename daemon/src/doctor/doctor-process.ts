/** The child process that runs the doctor for the daemon: it loads eSpeak, starts a model host, and computes for seconds. */

import { serveTask } from '../child-task.ts';
import { examine } from './doctor.ts';
import type { DoctorTask } from './examine-in-child.ts';

await serveTask<DoctorTask>(({ dataFolder }) => examine({ dataFolder }));
