/** The property list of the agent that launchd keeps running, and how an installed one differs. */

import { isDeepStrictEqual } from 'node:util';
import { build, parse } from 'plist';
import { openFiles, secondsBetweenStarts, secondsToEnd } from './definition.ts';
import type { ServiceDefinition } from './definition.ts';

type Value =
  string | number | boolean | readonly string[] | Readonly<Record<string, string | number | boolean>>;

export type PropertyList = Readonly<Record<string, Value>>;

/** Every key is documented in launchd.plist(5). */
export function launchAgent({ names, program, environment, outputFile }: ServiceDefinition): PropertyList {
  return {
    Label: names.launchdLabel,
    // All paths are absolute: launchd expands none, and starts in / without a shell.
    ProgramArguments: program,
    EnvironmentVariables: environment,
    RunAtLoad: true,
    // Restarted after a failure only: a daemon that ends with 0 was asked to, by `tidemark service stop` or a client.
    KeepAlive: { SuccessfulExit: false },
    ThrottleInterval: secondsBetweenStarts.launchd,
    // The seconds between SIGTERM and SIGKILL; by then the running iteration is in the history.
    ExitTimeOut: secondsToEnd,
    // `Standard`, as without the key, has "light resource limits …, throttling its CPU usage and I/O bandwidth", and so it
    // would lengthen an iteration. `Background` is throttled more. `Adaptive` moves between `Background` and
    // `Interactive` by XPC transactions, of which a daemon with a plain socket has none, so it would stay in the background.
    // `Interactive` has "the same resource limitations as apps, that is to say, none", which a figure beside an app's needs.
    ProcessType: 'Interactive',
    // Where the person is logged in at the screen: their notifications and their GPU are there.
    LimitLoadToSessionType: 'Aqua',
    // A model host that outlives its daemon would hold gigabytes that nobody measures.
    AbandonProcessGroup: false,
    // The soft limit of a process of launchd is 256.
    SoftResourceLimits: { NumberOfFiles: openFiles },
    // 0o077, in decimal since a property list has no octal: what the daemon writes is the person's alone.
    Umask: 0o077,
    StandardOutPath: outputFile,
    StandardErrorPath: outputFile,
  };
}

/** As XML, with a final line break. */
export const propertyListText = (list: PropertyList): string =>
  `${build(structuredClone(list) as Parameters<typeof build>[0])}\n`;

/** The content of an installed file; undefined if it is not a property list with a dictionary. */
export function readPropertyList(text: string): Readonly<Record<string, unknown>> | undefined {
  // The XML parser also prints on the console what it throws.
  /* eslint-disable no-console -- nothing is shown here: it is kept from it */
  const { error: say } = console;
  console.error = () => undefined;
  try {
    const list = parse(text);
    return typeof list === 'object' && list !== null && !Array.isArray(list) && !(list instanceof Date)
      ? (list as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  } finally {
    console.error = say;
    /* eslint-enable no-console */
  }
}

/** The variables of an installed property list; none if it has none that can be read. */
export function environmentOf(list: Readonly<Record<string, unknown>> | undefined): Record<string, string> {
  const variables = list?.['EnvironmentVariables'];
  return typeof variables === 'object' && variables !== null
    ? Object.fromEntries(
        Object.entries(variables).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
      )
    : {};
}

/** The command line of an installed property list; empty if it has none that can be read. */
export function programOf(list: Readonly<Record<string, unknown>> | undefined): string[] {
  const program = list?.['ProgramArguments'];
  return Array.isArray(program) ? program.filter((each): each is string => typeof each === 'string') : [];
}

/** The keys in which two property lists differ, sorted. */
export function differencesOf(
  installed: Readonly<Record<string, unknown>>,
  wanted: PropertyList,
): readonly string[] {
  const keys = new Set([...Object.keys(installed), ...Object.keys(wanted)]);
  return [...keys].filter((key) => !isDeepStrictEqual(installed[key], wanted[key])).sort();
}
