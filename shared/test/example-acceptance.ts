/** An acceptance with a check of each result, for tests. */

import type { AcceptanceDocument } from '../src/protocol/acceptance-document.ts';

export const exampleAcceptance = (changes: Partial<AcceptanceDocument> = {}): AcceptanceDocument => ({
  kind: 'acceptance',
  schemaVersion: 1,
  startedAt: '2026-11-27T10:00:00.000Z',
  seconds: 100,
  machine: {
    platform: 'linux',
    architecture: 'x64',
    system: 'A Linux',
    kernel: '6.1',
    chip: 'A processor',
    cores: 2,
    memoryBytes: 8_000_000_000,
    backend: 'CPU',
  },
  versions: { tidemark: '0.1.0', node: '26.10.0', mlx: '0.32.4' },
  models: ['bf16', '4bit-fp32'],
  checks: [
    {
      id: 'setup',
      title: 'Set-up',
      shows: 'It is set up.',
      seconds: 1.5,
      commands: [{ command: 'tidemark doctor --json', exitCode: 0, seconds: 1.5 }],
      status: 'passed',
      expectations: [{ expected: 'no fault', found: 'none', holds: true }],
      remark: 'In part.',
    },
    {
      id: 'daemon',
      title: 'Daemon',
      shows: 'The daemon starts.',
      seconds: 60,
      commands: [{ command: 'tidemark daemon', signal: 'SIGKILL', seconds: 60, output: 'it <hangs>' }],
      status: 'failed',
      reason: 'Expected: an answer. Found: none.',
      expectations: [
        { expected: 'a start', found: 'it does', holds: true },
        { expected: 'an answer', found: 'none', holds: false },
      ],
    },
    {
      id: 'power',
      title: 'Power',
      shows: 'The source is known.',
      seconds: 0,
      commands: [],
      status: 'skipped',
      reason: 'This machine says nothing of its power supply.',
      expectations: [],
    },
  ],
  outcome: 'failed',
  ...changes,
});
