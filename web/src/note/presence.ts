import { PALETTE, paletteColor } from "./palette";

/** Someone who has the note open, once for every tab. */
export interface Peer {
  readonly client: number;
  readonly name: string;
  readonly color: string;
  readonly self: boolean;
}

const NAME_LENGTH = 40;

/** The name that another client claims, made fit to show: one short line, never empty. */
export function shownName(name: unknown): string {
  const line = typeof name === "string" ? name.replace(/\s+/g, " ").trim() : "";
  return [...line].slice(0, NAME_LENGTH).join("") || "Guest";
}

/** Peers from awareness states: oneself first, then in a lasting order, by client id. */
export function peersFrom(
  states: ReadonlyMap<number, Record<string, unknown>>,
  self: number,
): readonly Peer[] {
  const peers: Peer[] = [];
  for (const [client, state] of states) {
    const user = state["user"];
    if (typeof user !== "object" || user === null) continue;
    const { name, color } = user as { name?: unknown; color?: unknown };
    peers.push({
      client,
      name: shownName(name),
      color: paletteColor(color, client),
      self: client === self,
    });
  }
  return peers.sort((a, b) => Number(b.self) - Number(a.self) || a.client - b.client);
}

/**
 * A colour that nobody here has, if someone who was here before has the same as oneself;
 * null when there is nothing to change, or no colour is left.
 */
export function freeColor(peers: readonly Peer[]): string | null {
  const self = peers.find((peer) => peer.self);
  const others = peers.filter((peer) => !peer.self);
  if (self === undefined) return null;
  // Of two who join at once, only one gives way.
  const taken = others.some(({ color, client }) => color === self.color && client < self.client);
  if (!taken) return null;
  return PALETTE.find((color) => others.every((peer) => peer.color !== color)) ?? null;
}

/** One or two letters for an avatar. */
export function initials(name: string): string {
  const words = name.split(" ").filter((word) => word !== "");
  const first = [...(words[0] ?? "?")][0] ?? "?";
  const last = words.length > 1 ? ([...(words[words.length - 1] ?? "")][0] ?? "") : "";
  return (first + last).toUpperCase();
}

/** Whether two lists show the same, so that a moving caret renders no avatars again. */
export function samePeers(a: readonly Peer[], b: readonly Peer[]): boolean {
  return (
    a.length === b.length &&
    a.every((peer, index) => {
      const other = b[index];
      return (
        other !== undefined &&
        peer.client === other.client &&
        peer.name === other.name &&
        peer.color === other.color
      );
    })
  );
}
