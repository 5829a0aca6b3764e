import { readSetting, writeSetting } from "../app/settings";

/** What this device remembers of notes opened on it, so that it is of use without the server. */
export interface LocalNote {
  readonly id: string;
  readonly title: string;
  /** Edits that had no receipt when the note was last seen. */
  readonly unsaved: boolean;
  /** Milliseconds since the epoch. */
  readonly opened: number;
  /** A title that the server has not taken yet. */
  readonly draft: string | null;
}

const SETTING = "notes";
const KEPT = 50;

export function parseLocalNotes(text: string | null): readonly LocalNote[] {
  if (text === null) return [];
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value.filter(isLocalNote) : [];
  } catch {
    return [];
  }
}

function isLocalNote(value: unknown): value is LocalNote {
  if (typeof value !== "object" || value === null) return false;
  const note = value as Record<keyof LocalNote, unknown>;
  return (
    typeof note.id === "string" &&
    typeof note.title === "string" &&
    typeof note.unsaved === "boolean" &&
    typeof note.opened === "number" &&
    (note.draft === null || typeof note.draft === "string")
  );
}

/** The list with one note changed or added; the oldest without unsaved edits fall off. */
export function withNote(
  notes: readonly LocalNote[],
  id: string,
  change: Partial<LocalNote>,
): readonly LocalNote[] {
  const known = notes.find((note) => note.id === id);
  const fresh: LocalNote = { id, title: "", unsaved: false, opened: 0, draft: null };
  const merged = [{ ...(known ?? fresh), ...change }, ...notes.filter((note) => note.id !== id)];
  merged.sort((a, b) => b.opened - a.opened);
  return merged.filter((note, index) => index < KEPT || note.unsaved || note.draft !== null);
}

export function localNotes(): readonly LocalNote[] {
  return parseLocalNotes(readSetting(SETTING));
}

export function localNote(id: string): LocalNote | null {
  return localNotes().find((note) => note.id === id) ?? null;
}

/** Read and written in one go, since other tabs write the same setting. */
export function rememberNote(id: string, change: Partial<LocalNote>): void {
  writeSetting(SETTING, JSON.stringify(withNote(localNotes(), id, change)));
}

/** Forget a note and remove its copy from this device. */
export function forgetNote(id: string): void {
  writeSetting(SETTING, JSON.stringify(localNotes().filter((note) => note.id !== id)));
  try {
    indexedDB.deleteDatabase(copyName(id));
  } catch {
    // Without storage there is no copy to remove.
  }
}

/** The name of the database that holds a note's copy. */
export function copyName(id: string): string {
  return `collab:note:${id}`;
}
