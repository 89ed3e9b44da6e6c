/** Placeholder. */
export default async function tool(): Promise<string> {
  return "";
}
