import { Store } from "./Store";

/**
 * Counts what the server took of notes that are not open any more: titles, and edits that were
 * waiting. A list that was read before has to be read again.
 */
export const noteNews = new Store(0);

export function announceNews(): void {
  noteNews.set(noteNews.get() + 1);
}
