/** `tidemark acceptance`: tries everything on this machine, and writes one page that says what works. */

import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import { formatDuration } from '@tidemark/shared/format/numbers.ts';
import { acceptanceChecks, acceptanceSchemaVersion } from '@tidemark/shared/protocol/acceptance-document.ts';
import type {
  AcceptanceCheckId,
  AcceptanceDocument,
  AcceptanceListDocument,
} from '@tidemark/shared/protocol/acceptance-document.ts';
import { acceptancePage } from '@tidemark/shared/report/acceptance-page.ts';
import type { Check } from '../../acceptance/check.ts';
import { allChecks, runAcceptance } from '../../acceptance/run-acceptance.ts';
import { serviceObstacle } from '../../acceptance/tried-service.ts';
import type { Consent } from '../../acceptance/tried-service.ts';
import { checkWritable, writeWhole } from '../../files/output-file.ts';
import type { FilePurpose } from '../../files/output-file.ts';
import { checkNames } from '../../models/voices.ts';
import { profileDefaults, speechDefaults } from '../../profiler/settings.ts';
import { serviceNames } from '../../service/definition.ts';
import { thisSystem } from '../../service/system.ts';
import type { ServiceSystem } from '../../service/system.ts';
import { printResult } from '../command.ts';
import type { CommandResult, Context, OutputOptions } from '../command.ts';
import { givenFile, givenModel } from '../given-names.ts';
import { addExamples } from '../program.ts';
import { canAsk, isYes, ownTerminal } from '../question.ts';
import { acceptanceReport, listReport, resultLine } from '../reports/acceptance-report.ts';
import { list } from '../values.ts';

interface AcceptanceOptions extends OutputOptions {
  readonly only: readonly AcceptanceCheckId[];
  readonly list?: true;
  readonly models: readonly string[];
  readonly voice: string;
  readonly text?: string;
  readonly out: string;
  readonly yes?: true;
}

const defaultModels = ['bf16', '4bit-fp32'];

export function addAcceptanceCommand(program: Command): void {
  const command = program
    .command('acceptance')
    .summary('try everything on this machine, and write a page of the results')
    .description(
      'Runs each part of Tidemark on this machine: it measures, studies, plants leaks, starts and kills the daemon, and installs ' +
        'and removes the service under a name of its own. Writes what passed, what failed with its evidence, and what was skipped ' +
        'and why, as a page and as JSON without the names of persons and folders. Works in a data folder of its own: your history, ' +
        'daemon, and service stay as they are. Takes some minutes on a GPU, and longer on a CPU. Exits with 1 if a check fails.',
    )
    .addOption(
      new Option('--only <a,b,c>', `run these checks only: ${acceptanceChecks.join(', ')}`)
        .argParser(checkIds)
        .default([...acceptanceChecks], 'all'),
    )
    .option('--list', 'list the checks, and run none')
    .addOption(
      new Option('--models <a,b,c>', 'names, repository ids, or folders; the first one is profiled')
        .argParser((value) => list(value).map(givenModel))
        .default(defaultModels, defaultModels.join(',')),
    )
    .option('--voice <name>', 'voice', speechDefaults.voice)
    .option('--text <text>', `text to say (default: "${profileDefaults.text}")`)
    .option(
      '--yes',
      'install and remove the service without asking; without a terminal, it is not installed otherwise',
    )
    .option('--out <name>', 'write NAME.html and NAME.json', givenFile, 'tidemark-acceptance');
  addExamples(
    command,
    [
      'tidemark acceptance',
      'tidemark acceptance --list',
      'tidemark acceptance --only daemon,service-install,service-uninstall --yes',
      'tidemark acceptance --yes --out build/acceptance',
    ],
    'Ctrl-C ends the check, removes the service and the data folder of the checks, and writes no page.',
  );
  printResult(command, (context, options: AcceptanceOptions) =>
    options.list === true ? Promise.resolve(listed()) : accept(context, options),
  );
}

function checkIds(value: string): AcceptanceCheckId[] {
  return list(value).map((name) => {
    const id = acceptanceChecks.find((each) => each === name);
    if (id === undefined) {
      throw new InvalidArgumentError(
        `There is no check ${name}. Available checks: ${acceptanceChecks.join(', ')}.`,
      );
    }
    return id;
  });
}

function listed(): CommandResult {
  const document: AcceptanceListDocument = {
    kind: 'acceptance-list',
    schemaVersion: acceptanceSchemaVersion,
    checks: allChecks.map(({ id, title, shows }) => ({ id, title, shows })),
  };
  return { document, text: () => listReport(document) };
}

async function accept(
  context: Context,
  { only, models, voice, text, out, yes }: AcceptanceOptions,
): Promise<CommandResult> {
  const { signal, progress } = context;
  checkNames(models, voice);
  const outputs = outputsOf(out);
  for (const output of outputs) {
    await checkWritable(output.path, output);
  }
  const system = thisSystem();
  const consent = only.some((id) => id.startsWith('service-'))
    ? await consentTo(system, yes === true, signal)
    : 'It was not asked for.';
  context.sayOnStop('leaving the machine as it was');
  const document = await runAcceptance({
    system,
    only,
    models,
    voice,
    text,
    consent,
    ask: async (question) => {
      progress.end();
      return canAsk(ownTerminal()) ? await isYes(question, signal) : undefined;
    },
    signal,
    ...progressOf(context),
  });
  progress.end();
  for (const { contentOf, ...output } of outputs) {
    await writeWhole(output.path, contentOf(document), output);
  }
  progress.note(`Wrote ${outputs.map(({ path }) => path).join(' and ')}.`);
  return {
    document,
    text: () => acceptanceReport(document),
    exitCode: document.outcome === 'passed' ? 0 : 1,
  };
}

type Output = FilePurpose & {
  readonly path: string;
  readonly contentOf: (document: AcceptanceDocument) => string;
};

function outputsOf(name: string): readonly Output[] {
  const base = name.replace(/\.(?:html|json)$/u, '');
  return [
    { path: `${base}.html`, what: 'The page', example: '--out acceptance', contentOf: acceptancePage },
    {
      path: `${base}.json`,
      what: 'The document',
      example: '--out acceptance',
      contentOf: (document) => `${JSON.stringify(document, undefined, 2)}\n`,
    },
  ];
}

/** Asks before anything begins, so that nobody has to wait for the question. */
async function consentTo(system: ServiceSystem, yes: boolean, signal: AbortSignal): Promise<Consent> {
  if (yes || (await serviceObstacle(system)) !== undefined) {
    // Where it cannot be installed, the check says why.
    return true;
  }
  if (!canAsk(ownTerminal())) {
    return 'Nobody was there to allow that the service is installed; --yes allows it.';
  }
  const { launchdLabel, systemdUnit } = serviceNames.acceptance;
  const [manager, name] = system.platform === 'darwin' ? ['launchd', launchdLabel] : ['systemd', systemdUnit];
  const isAllowed = await isYes(
    `Install a service “${name}” with ${manager}, and remove it at the end? Your own service is not touched.`,
    signal,
  );
  return isAllowed || 'You did not allow that the service is installed.';
}

function progressOf({
  progress,
}: Context): Required<Pick<Parameters<typeof runAcceptance>[0], 'onCheck' | 'onLine' | 'onResult'>> {
  let current: Check | undefined;
  let done = 0;
  return {
    onCheck: (check, place, of) => {
      current = check;
      done = place - 1;
      progress.begin({ title: `${check.title} (${place} of ${of})`, total: of });
      progress.advance(done, 'running');
    },
    onLine: (line) => {
      if (current !== undefined && !/^Took /u.test(line)) {
        progress.advance(done, line.trim());
      }
    },
    onResult: (result) => {
      progress.end();
      progress.note(`${resultLine(result)} (${formatDuration(result.seconds)})`);
    },
  };
}
