/** What is wrong in a cron expression, as a person wrote it: croner counts months and days from 0, and names fields in its own way. */

export interface CronFault {
  /** As a clause: `invalid value for month: 13`. */
  readonly why: string;
  readonly hint: string;
}

interface Field {
  readonly name: string;
  readonly least: number;
  readonly most: number;
  /** What may stand for numbers, from `least` on. */
  readonly names: readonly string[];
}

const fields: readonly Field[] = [
  { name: 'minute', least: 0, most: 59, names: [] },
  { name: 'hour', least: 0, most: 23, names: [] },
  { name: 'day of month', least: 1, most: 31, names: [] },
  {
    name: 'month',
    least: 1,
    most: 12,
    names: ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'],
  },
  { name: 'day of week', least: 0, most: 7, names: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] },
];

/**
 * The first fault in the five fields of an expression, in lower case; undefined where each of them is right by itself. `isValid`
 * says whether an expression can be used.
 */
export function cronFault(
  given: readonly string[],
  isValid: (expression: string) => boolean,
): CronFault | undefined {
  for (const [place, field] of fields.entries()) {
    const value = given[place] ?? '';
    const alone = fields.map((_, at) => (at === place ? value : '*')).join(' ');
    if (!isValid(alone)) {
      const part =
        value.split(',').find((each) => !isValid(alone.replace(value, () => each || '-'))) ?? value;
      return faultOf(part, field);
    }
  }
  return undefined;
}

/** Of one item of a list: a value, a range, or either with a step. */
function faultOf(part: string, field: Field): CronFault {
  const { name, least, most } = field;
  const [values = '', step] = part.split('/');
  const words = values.split('-');
  const ends = words.map((end) => numberOf(end, field));
  const outside = words.find((_, at) => (ends[at] ?? least) < least || (ends[at] ?? least) > most);
  if (outside !== undefined) {
    return { why: `invalid value for ${name}: ${outside}`, hint: rangeHint(field) };
  }
  const [from, to] = ends;
  if (from !== undefined && to !== undefined && from > to) {
    return {
      why: `the range ${values} of the ${name} goes backward`,
      hint: `Give two ranges instead: ${from}-${most},${least}-${to}.`,
    };
  }
  if (step !== undefined && !(/^\d+$/.test(step) && Number(step) >= 1 && Number(step) <= most)) {
    return {
      why: `invalid step for ${name}: ${step}`,
      hint: `Give a step from 1 to ${most}, such as */${Math.min(15, most)}.`,
    };
  }
  if (step !== undefined && from !== undefined && to === undefined) {
    return {
      why: `the ${name} ${part} has a step but no range`,
      hint: `Give ${from}-${most}/${step}, or */${step} for all.`,
    };
  }
  const what = part === '' ? `the list for ${name} has an empty item` : `invalid value for ${name}: ${part}`;
  return { why: what, hint: rangeHint(field) };
}

function numberOf(value: string, { names, least }: Field): number | undefined {
  const place = names.indexOf(value);
  return place >= 0 ? place + least : /^\d+$/.test(value) ? Number(value) : undefined;
}

function rangeHint({ name, least, most, names }: Field): string {
  const orName = names.length === 0 ? '' : `, or a name from ${names[0] ?? ''} to ${names.at(-1) ?? ''}`;
  const sunday = names.length === 7 ? ' (0 and 7 are Sunday)' : '';
  return `Set the ${name} as * or a number from ${least} to ${most}${sunday}${orName}; ranges (1-5), lists (1,3), and steps (*/2) work too.`;
}
