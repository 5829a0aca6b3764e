/**
 * What the title edits of others, counted in their awareness, look like. When it changes, the
 * title has to be read again: the count says that there is news, the server says what.
 */
export function titleSignature(
  states: ReadonlyMap<number, Record<string, unknown>>,
  self: number,
): string {
  return [...states]
    .filter(([client, state]) => client !== self && typeof state["titleEdits"] === "number")
    .map(([client, state]) => `${client}:${String(state["titleEdits"])}`)
    .sort()
    .join(" ");
}
