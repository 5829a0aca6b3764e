import { readSetting, writeSetting } from "../app/settings";
import { PALETTE } from "./palette";
import { shownName } from "./presence";

/** Who one is to others: a name and a colour, remembered by the browser. */
export interface Identity {
  readonly name: string;
  readonly color: string;
  /** Whether the person chose it; a guest's colour gives way to others. */
  readonly chosen: boolean;
  /** The name is the one of the token that let the person in, and not theirs to change here. */
  readonly signed?: boolean;
}

const MOODS = [
  "Brave",
  "Calm",
  "Clever",
  "Gentle",
  "Jolly",
  "Keen",
  "Lucky",
  "Merry",
  "Nimble",
  "Quiet",
  "Sunny",
  "Wise",
];
const ANIMALS = [
  "Otter",
  "Heron",
  "Lynx",
  "Robin",
  "Badger",
  "Finch",
  "Marten",
  "Swift",
  "Hare",
  "Crane",
  "Beaver",
  "Wren",
];

function pick<T>(items: readonly [T, ...T[]] | readonly T[], random: () => number): T {
  const item = items[Math.floor(random() * items.length)];
  if (item === undefined) throw new RangeError("nothing to pick from");
  return item;
}

export function guestIdentity(random: () => number): Identity {
  return {
    name: `${pick(MOODS, random)} ${pick(ANIMALS, random)}`,
    color: pick(PALETTE, random),
    chosen: false,
  };
}

/** What a browser remembered, if it still makes sense. */
export function parseIdentity(text: string | null): Identity | null {
  if (text === null) return null;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null) return null;
    const { name, color, chosen } = value as Partial<Record<keyof Identity, unknown>>;
    if (typeof name !== "string" || name.trim() === "") return null;
    const known = PALETTE.find((candidate) => candidate === color);
    return known === undefined
      ? null
      : { name: shownName(name), color: known, chosen: chosen === true };
  } catch {
    return null;
  }
}

export function loadIdentity(): Identity {
  const known = parseIdentity(readSetting("identity"));
  if (known !== null) return known;
  const guest = guestIdentity(Math.random);
  saveIdentity(guest);
  return guest;
}

export function saveIdentity(identity: Identity): void {
  writeSetting("identity", JSON.stringify(identity));
}
