/** The programs that ask the daemon for something, by the names that they give it, as a person knows them. */

const places: Readonly<Record<string, string>> = { cli: 'a terminal', raycast: 'Raycast' };

/** `in Raycast`, `in a terminal`, `by other-client`: where something was asked for, or by what. */
export function askedWhere(client: string): string {
  const place = Object.hasOwn(places, client) ? places[client] : undefined;
  return place === undefined ? `by ${client}` : `in ${place}`;
}
