/** Normalized text taken apart into tokens as misaki takes it: words, the parts of words, and punctuation. */

/** A word, a part of one, or a mark. */
export interface Token {
  readonly text: string;
  /** Where it begins in the text, in UTF-16 code units. */
  readonly start: number;
  /** Whether a space follows. */
  readonly isBeforeSpace: boolean;
  /** Marks are said as themselves. */
  readonly kind: 'word' | 'mark';
}

/** Kokoro's punctuation; a stop within a word, `U.S` or `example.com`, is part of it. */
const marks = /[;:,!?—…"“”()]|\.(?![\p{L}\p{Co}\d])|(?<![\p{L}\p{Co}\d])\./gu;

/** Words that begin with an apostrophe: what stands before them is no quotation mark. */
const elisions =
  /^'(?:[sdm]|ll|re|ve|t|tis|twas|twere|twill|em|cause|til|bout|round|n|cept|fraid|Merica|Ndrangheta)$/iu;

/** Where spaCy ends one token of a contraction and begins the next. */
const contractions = /(?=n't(?!\p{L}))|(?='(?:s|re|ve|ll|d|m)(?!\p{L}))/iu;

/** A run of capitals ends where a word begins; hyphens, apostrophes at the ends, digits and other signs stand alone. */
const parts =
  /^['‘’]+|\p{Lu}(?=\p{Lu}\p{Ll})|(?:^-)?(?:\d?[,.]?\d)+|[-_]+|['‘’]{2,}|\p{L}*?(?:['‘’]\p{L})*?\p{Ll}(?=\p{Lu})|\p{L}+(?:['‘’]\p{L})*|[^-_\p{L}'‘’\d]|['‘’]+$/gu;

/** The tokens of `text`, in order: joined, with a space where one follows, they are the text with single spaces. */
export function takeApart(text: string): Token[] {
  const tokens: Token[] = [];
  let isQuoting = false;
  for (const { 0: run, index } of text.matchAll(/\S+/gu)) {
    const pieces: Omit<Token, 'isBeforeSpace'>[] = [];
    const add = (kind: Token['kind'], piece: string, start: number): void => {
      if (piece !== '') {
        pieces.push({ kind, text: piece, start: index + start });
      }
    };
    let end = 0;
    for (const mark of [...run.matchAll(marks), undefined]) {
      const place = mark?.index ?? run.length;
      const word = run.slice(end, place);
      // Single quotes are said as double ones. A closing one may be an owner's apostrophe, so it needs one that opens.
      const opens = word.length > 1 && word.startsWith("'") && !elisions.test(word);
      isQuoting ||= opens;
      const closes: boolean = isQuoting && word.length > (opens ? 2 : 1) && word.endsWith("'");
      isQuoting &&= !closes;
      const core = word.slice(opens ? 1 : 0, closes ? -1 : undefined);
      add('mark', opens ? '“' : '', end);
      add('word', core, end + (opens ? 1 : 0));
      add('mark', closes ? '”' : '', place - 1);
      if (mark !== undefined) {
        add('mark', mark[0], place);
        end = place + mark[0].length;
      }
    }
    tokens.push(...pieces.map((piece, at) => ({ ...piece, isBeforeSpace: at === pieces.length - 1 })));
  }
  return tokens;
}

/** A word as spaCy and then misaki split it: `don't` is do and n't, `well-known` three parts, `iPhone` two. */
export function partsOfWord(word: string): { readonly text: string; readonly start: number }[] {
  const found: { text: string; start: number }[] = [];
  let start = 0;
  for (const token of word.split(contractions)) {
    for (const match of token.matchAll(parts)) {
      found.push({ text: match[0], start: start + match.index });
    }
    start += token.length;
  }
  return found;
}
