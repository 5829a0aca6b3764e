import { NoteSession } from "./NoteSession";
import { socketOrigin } from "./socketOrigin";

const PATIENCE_MS = 15_000;

/** Send what this device has of a note that is not open, unseen by those who have it open. */
export async function sendNote(id: string): Promise<void> {
  const session = new NoteSession(id, socketOrigin(), { unseen: true });
  try {
    await session.whenSaved(PATIENCE_MS);
  } finally {
    await session.close();
  }
}
