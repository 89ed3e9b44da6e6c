/** Text into tokens as spaCy's English tokenizer makes them (spacy.io, tokenizer.pyx), and what its tagger sees of each token. */

/** `build/tagger/tokens.json`, which set-up makes of spaCy's model (scripts/setup/steps/tagger.js). */
export interface TokenRules {
  readonly prefix: string;
  readonly suffix: string;
  readonly infix: string;
  /** Contractions and abbreviations: their tokens, and of each its norm, null where it is that of any such word. */
  readonly exceptions: Readonly<Record<string, readonly (readonly [text: string, norm: string | null])[]>>;
  /** Other spellings' norms, by the hash of the word. */
  readonly norms: Readonly<Record<string, string>>;
  /** The tags, in the order of the network's outputs. */
  readonly labels: readonly string[];
}

export interface SpacyToken {
  readonly text: string;
  /** Where it begins in the text, in UTF-16 code units. */
  readonly start: number;
  readonly isBeforeSpace: boolean;
  readonly norm: string | undefined;
}

export class SpacyTokenizer {
  readonly #rules: TokenRules;
  readonly #prefix: RegExp;
  readonly #suffix: RegExp;
  readonly #infix: RegExp;

  constructor(rules: TokenRules) {
    this.#rules = rules;
    this.#prefix = new RegExp(rules.prefix, 'u');
    this.#suffix = new RegExp(rules.suffix, 'u');
    this.#infix = new RegExp(rules.infix, 'gu');
  }

  tokens(text: string): SpacyToken[] {
    return [...text.matchAll(/\S+/gu)].flatMap(({ 0: run, index }) => {
      const parts = this.#split(run);
      let start = index;
      return parts.map(([part, norm], at) => {
        const token = {
          text: part,
          start,
          isBeforeSpace: at === parts.length - 1 && index + run.length < text.length,
          norm: norm ?? undefined,
        };
        start += part.length;
        return token;
      });
    });
  }

  /** Marks are taken from both ends for as long as there are any and the rest is no exception; then the rest is split. */
  #split(run: string): (readonly [text: string, norm: string | null])[] {
    const before: string[] = [];
    const after: string[] = [];
    let rest = run;
    while (rest !== '' && !this.#isException(rest)) {
      const prefix = this.#prefix.exec(rest)?.[0] ?? '';
      if (prefix !== '' && this.#isException(rest.slice(prefix.length))) {
        before.push(prefix);
        rest = rest.slice(prefix.length);
        break;
      }
      const suffix = this.#suffix.exec(rest)?.[0] ?? '';
      if (suffix !== '' && this.#isException(rest.slice(0, -suffix.length))) {
        after.unshift(suffix);
        rest = rest.slice(0, -suffix.length);
        break;
      }
      if (prefix === '' && suffix === '') {
        break;
      }
      if (prefix !== '' && suffix !== '' && prefix.length + suffix.length > rest.length) {
        before.push(prefix);
        rest = rest.slice(prefix.length);
        continue;
      }
      if (prefix !== '') {
        before.push(prefix);
      }
      if (suffix !== '') {
        after.unshift(suffix);
      }
      rest = rest.slice(prefix.length, rest.length - suffix.length);
    }
    const plain = (text: string): readonly [string, null] => [text, null];
    const core = this.#isException(rest)
      ? (this.#rules.exceptions[rest] ?? [])
      : this.#inner(rest).map(plain);
    return [...before.map(plain), ...core, ...after.map(plain)];
  }

  #isException(text: string): boolean {
    return Object.hasOwn(this.#rules.exceptions, text);
  }

  #inner(text: string): string[] {
    const parts: string[] = [];
    let end = 0;
    for (const { 0: mark, index } of text.matchAll(this.#infix)) {
      parts.push(text.slice(end, index), mark);
      end = index + mark.length;
    }
    parts.push(text.slice(end));
    return parts.filter((part) => part !== '');
  }
}

/** Marks whose norm is another mark (spacy/lang/norm_exceptions.py). */
const normsOfMarks = new Map(
  [
    ["'s", "'s 'S ’s ’S"],
    ["'", '’ ‘ ´ `'],
    ['"', "” “ '' `` ´´ „ » « ‘‘ ’’"],
    ['...', '…'],
    ['-', '— – -- --- ——'],
    ['$', '€ £ ¥ ฿ US$ C$ A$ ₺ ₹ ৳ ₩ Mex$ ₣ E£'],
  ].flatMap(([norm = '', marks = '']) => marks.split(' ').map((mark) => [mark, norm] as const)),
);

/**
 * spaCy's features of a token, each as the number that it looks up: the norm, the first character, the last three, the shape,
 * whether a space follows, and whether it is a space itself.
 */
export function featuresOf({ text, norm, isBeforeSpace }: SpacyToken, { norms }: TokenRules): bigint[] {
  const letters = Array.from(text);
  const usual = norms[String(numberOf(text))] ?? normsOfMarks.get(text) ?? text.toLowerCase();
  return [
    numberOf(norm ?? usual),
    numberOf(letters[0] ?? ''),
    numberOf(letters.slice(-3).join('')),
    numberOf(shapeOf(letters)),
    isBeforeSpace ? 1n : 0n,
    0n,
  ];
}

/** Letters as x and X, digits as d, of a run no more than four. */
function shapeOf(letters: readonly string[]): string {
  if (letters.length >= 100) {
    return 'LONG';
  }
  const shape = letters.map((letter) =>
    /\p{L}/u.test(letter) ? (/\p{Lu}/u.test(letter) ? 'X' : 'x') : /\p{Nd}/u.test(letter) ? 'd' : letter,
  );
  return shape.join('').replaceAll(/(.)\1{4,}/gsu, (run) => Array.from(run).slice(0, 4).join(''));
}

/** Words that name something in spaCy have its number (spacy/symbols.pyx); only those that can be a word, an end or a shape. */
const symbols = new Map(
  (
    'ID:64 POS:74 TAG:75 DEP:76 IDX:455 ADJ:84 ADP:85 ADV:86 AUX:87 DET:90 NUM:93 SYM:99 X:101 EOL:102 ORG:383 GPE:384 ' +
    'LOC:385 LAW:390 acomp:398 advcl:399 advmod:400 agent:401 amod:402 appos:403 attr:404 aux:405 auxpass:406 cc:407 ' +
    'ccomp:408 complm:409 conj:410 cop:411 csubj:412 csubjpass:413 dep:414 det:415 dobj:416 expl:417 hmod:418 hyph:419 ' +
    'infmod:420 intj:421 iobj:422 mark:423 meta:424 neg:425 nmod:426 nn:427 npadvmod:428 nsubj:429 nsubjpass:430 num:431 ' +
    'number:432 oprd:433 obj:434 obl:435 parataxis:436 partmod:437 pcomp:438 pobj:439 poss:440 possessive:441 preconj:442 ' +
    'prep:443 prt:444 punct:445 quantmod:446 rcmod:448 relcl:447 root:449 xcomp:450 acl:451'
  )
    .split(' ')
    .map((entry) => {
      const [name = '', number = '0'] = entry.split(':');
      return [name, BigInt(number)];
    }),
);

const numbers = new Map<string, bigint>(symbols);
/** A text of an hour has fewer. */
const mostNumbers = 50_000;

/** spaCy's number for a string: MurmurHash64A of its UTF-8 with the seed 1 (spacy/strings.pyx). */
function numberOf(text: string): bigint {
  let number = numbers.get(text);
  if (number === undefined) {
    if (numbers.size >= mostNumbers) {
      numbers.clear();
      for (const [name, value] of symbols) {
        numbers.set(name, value);
      }
    }
    number = text === '' ? 0n : murmurHash64(Buffer.from(text));
    numbers.set(text, number);
  }
  return number;
}

const multiplier = 0xc6a4a7935bd1e995n;

function murmurHash64(bytes: Buffer): bigint {
  const times = (value: bigint): bigint => BigInt.asUintN(64, value * multiplier);
  const mix = (value: bigint): bigint => value ^ (value >> 47n);
  let hash = 1n ^ times(BigInt(bytes.length));
  const blocks = bytes.length - (bytes.length % 8);
  for (let at = 0; at < blocks; at += 8) {
    hash = times(hash ^ times(mix(times(bytes.readBigUInt64LE(at)))));
  }
  if (blocks < bytes.length) {
    let tail = 0n;
    for (let at = bytes.length - 1; at >= blocks; at -= 1) {
      tail = (tail << 8n) | BigInt(bytes[at] ?? 0);
    }
    hash = times(hash ^ tail);
  }
  return mix(times(mix(hash)));
}
