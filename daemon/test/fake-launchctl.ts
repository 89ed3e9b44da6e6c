/** The command line of {@link FakeLaunchd}, to be put first on PATH as `launchctl`. */

import { FakeLaunchd } from './fake-launchd.ts';

const { FAKE_LAUNCHD: folder = '', FAKE_UID: userId = '501', HOME: home = '' } = process.env;
const { exitCode, stdout, stderr } = new FakeLaunchd(folder, Number(userId), home).run(process.argv.slice(2));
process.stdout.write(stdout);
process.stderr.write(stderr);
process.exitCode = exitCode;
