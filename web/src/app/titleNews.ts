import { Store } from "./Store";

/**
 * Counts titles that the server took after their note was left, so that a list which was read
 * in between can be read again.
 */
export const titleNews = new Store(0);
