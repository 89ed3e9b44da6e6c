/** Abbreviations and signs, and the words that they stand for. */

const table = (lines: string): ReadonlyMap<string, string> =>
  new Map(
    lines
      .trim()
      .split(/\s*\n\s*|\s*, /u)
      .map((entry): [string, string] => {
        const [short = '', ...full] = entry.split(' ');
        return [short, full.join(' ')];
      }),
  );

/** Before a name. */
export const titles = table(`
  Dr Doctor, Mr Mister, Mrs Missus, Ms Miz, Prof Professor, St Saint, Mt Mount, Rev Reverend, Hon Honorable
  Gen General, Col Colonel, Maj Major, Capt Captain, Cpt Captain, Lt Lieutenant, Sgt Sergeant, Cmdr Commander, Adm Admiral
  Gov Governor, Sen Senator, Rep Representative, Pres President, Fr Father, Ft Fort`);

/** After a name, or at the end of a phrase; the stop may end the sentence too. */
export const suffixes = table(`
  Jr Junior, Sr Senior, Inc Incorporated, Ltd Limited, Corp Corporation, Co Company, Bros Brothers, Esq Esquire
  St Street, Ave Avenue, Blvd Boulevard, Rd Road, Hwy Highway, Sq Square, Apt Apartment
  Dept Department, dept department, Univ University, Assn Association, etc etc, al al, approx approximately
  est established, incl including, excl excluding, misc miscellaneous, tel telephone, Tel Telephone, max maximum, min minimum
  cont continued, ed edition, dir director, govt government, temp temperature`);

/** Before a figure. */
export const counters = table(`
  No Number, Nos Numbers, no number, nos numbers, Vol Volume, vol volume, Fig Figure, fig figure, Figs Figures, p page
  pp pages, Ch Chapter, ch chapter, Sec Section, sec section, Eq Equation, eq equation, Art Article, Pt Part, pt part
  c circa, ca circa, Nr Number, Ex Example, Tab Table, vs versus`);

/** Anywhere, as they stand. */
export const phrases = table(`
  e.g. for example,
  i.e. that is,
  vs. versus
  vs versus
  w/o without
  w/ with
  b/c because
  c/o care of
  a.k.a. also known as
  a.k.a also known as
  cf. compare
  viz. namely`);

export const months = table(`
  Jan January, Feb February, Mar March, Apr April, May May, Jun June, Jul July, Aug August, Sept September, Sep September
  Oct October, Nov November, Dec December`);

/** Signs that are words wherever they stand. */
export const signs = table(`
  % percent
  ‰ per mille
  & and
  + plus
  = equals
  @ at
  # hash
  ° degrees
  × times
  ⋅ times
  ÷ divided by
  ± plus or minus
  ∓ minus or plus
  − minus
  ≈ approximately
  ≃ approximately
  ≡ is identical to
  ∝ is proportional to
  ≠ is not equal to
  ≤ is less than or equal to
  ≥ is greater than or equal to
  ⩽ is less than or equal to
  ⩾ is greater than or equal to
  ≪ is much less than
  ≫ is much greater than
  √ square root of
  ∛ cube root of
  ∞ infinity
  ∑ sum of
  ∏ product of
  ∫ integral of
  ∂ partial
  ∇ nabla
  ∈ in
  ∉ not in
  ∅ empty set
  ∀ for all
  ∃ there exists
  ¬ not
  ∧ and
  ∨ or
  ∩ intersection
  ∪ union
  ⊂ subset of
  → to
  ⇒ implies
  ⟶ to
  ➔ to
  ➜ to
  ➡ to
  ← from
  ⬅ from
  ↔ to and from
  ⇔ if and only if
  ↑ up
  ⬆ up
  ↓ down
  ⬇ down
  © copyright
  ® registered
  ™ trademark
  ℠ service mark
  № number
  § section
  ¶ paragraph
  ¢ cent
  ¤ currency
  ⁄ over
  ♀ female
  ♂ male
  ♯ sharp
  ♭ flat`);

/** Pairs of signs that mean one. */
export const signPairs = table(`
  -> to
  => implies
  <- from
  <= is less than or equal to
  >= is greater than or equal to
  != is not equal to
  == equals
  +/- plus or minus`);

/** Within an address or a path every sign is said. */
export const addressSigns = table(`
  . dot
  / slash
  : colon
  - dash
  — dash dash
  _ underscore
  ? question mark
  = equals
  & and
  # hash
  % percent
  ~ tilde
  @ at
  + plus
  \\ backslash
  ! exclamation mark
  $ dollar
  * star
  , comma
  ; semicolon
  … dot dot dot`);

const greek =
  'alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma sigma tau upsilon phi chi psi omega';
/** The names of single Greek letters, which stand for quantities. */
export const greekLetters: ReadonlyMap<string, string> = new Map(
  greek.split(' ').flatMap((name, place) => {
    const letter = String.fromCodePoint(0x03b1 + place);
    return [letter, letter.toUpperCase()].map((each): [string, string] => [each, name]);
  }),
);

/** Words that a Roman numeral counts: Chapter IV is “chapter four”. */
export const counted =
  /^(?:War|Chapter|Part|Act|Scene|Volume|Book|Section|Article|Phase|Type|Stage|Class|Level|Bowl|Title|Appendix|Episode|Figure|Table|Season|Grade|Round|Division|Mark|Tier|Schedule|Canto|Psalm|Unit|Category|Factor)$/u;

/** Names whose Roman numeral is a rank: Henry VIII is “Henry the eighth”. */
export const reigning =
  /^(?:Henry|Louis|Edward|George|Charles|James|William|Elizabeth|Richard|Paul|Pius|Benedict|Leo|Gregory|Innocent|Clement|Urban|Boniface|Philip|Alexander|Nicholas|Catherine|Napoleon|Frederick|Wilhelm|Ferdinand|Ivan|Peter|Francis|Mary|Ramses|Ramesses|Ptolemy|Otto|Alfonso|Rudolf|Leopold|Carl|Gustav|Christian|Harald|Umberto|Pedro|Juan|Darius|Xerxes|Thutmose)$/u;
