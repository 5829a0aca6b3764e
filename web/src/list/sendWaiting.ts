import { announceNews } from "../app/noteNews";
import { localNotes } from "../note/localNotes";

let sending = false;

/**
 * Send edits that were made offline in notes which nobody opened since. The code for it is the
 * note's, and is only fetched when something waits.
 */
export async function sendWaiting(): Promise<void> {
  const waiting = localNotes().filter((note) => note.unsaved || note.draft !== null);
  if (sending || waiting.length === 0) return;
  sending = true;
  try {
    const { sendNote } = await import("../note/sendNote");
    for (const { id } of waiting) await sendNote(id);
    announceNews();
  } catch {
    // The note's code could not be fetched: the next visit of the list tries again.
  } finally {
    sending = false;
  }
}
