/** A service that the launchd of tests has loaded, and how launchctl prints it. */

export interface Job {
  readonly label: string;
  readonly path: string;
  readonly list: Readonly<Record<string, unknown>>;
  runs: number;
  pid: number | undefined;
  /** As `0`, `78: EX_CONFIG` or `(never exited)`. */
  lastExit: string;
  lastSignal: string | undefined;
  /** Milliseconds since the epoch; set while a respawn is held back. */
  respawnAt: number | undefined;
  /** Milliseconds since the epoch; set by a bootout that is not through. */
  goneAt: number | undefined;
}

/** In the form of macOS 15. */
export function printedJob(job: Job, domain: string): string {
  const { pid, runs, path, respawnAt, lastExit, lastSignal, list } = job;
  const state =
    pid === undefined
      ? respawnAt === undefined
        ? 'not running'
        : 'spawn scheduled'
      : job.goneAt === undefined
        ? 'running'
        : 'SIGTERMed';
  const program = list['ProgramArguments'] as readonly string[];
  return [
    `${domain}/${job.label} = {`,
    `\tactive count = ${pid === undefined ? 0 : 1}`,
    `\tpath = ${path}`,
    '\ttype = LaunchAgent',
    `\tstate = ${state}`,
    '',
    `\tprogram = ${program[0] ?? ''}`,
    '\targuments = {',
    ...program.map((word) => `\t\t${word}`),
    '\t}',
    '',
    '\tdefault environment = {',
    '\t\tPATH => /usr/bin:/bin:/usr/sbin:/sbin',
    '\t}',
    '',
    '\tenvironment = {',
    ...Object.entries((list['EnvironmentVariables'] ?? {}) as Record<string, string>).map(
      ([name, value]) => `\t\t${name} => ${value}`,
    ),
    `\t\tXPC_SERVICE_NAME => ${job.label}`,
    '\t}',
    '',
    `\tdomain = ${domain} [100005]`,
    '\tminimum runtime = 10',
    '\texit timeout = 5',
    `\truns = ${runs}`,
    ...(pid === undefined ? [] : [`\tpid = ${pid}`]),
    '\timmediate reason = speculative',
    lastSignal === undefined ? `\tlast exit code = ${lastExit}` : `\tlast terminating signal = ${lastSignal}`,
    '',
    '\tresource coalition = {',
    '\t\tID = 1041',
    '\t\ttype = resource',
    '\t\tstate = active',
    '\t\tactive count = 1',
    '\t}',
    '',
    '\tspawn type = interactive (4)',
    '\tproperties = keepalive | runatload | inferred program',
    '}',
    '',
  ].join('\n');
}
