import { IndexeddbPersistence } from "y-indexeddb";
import type { Doc } from "yjs";
import { copyName } from "./localNotes";

/** A note's copy in this browser, where edits are kept while the server does not have them. */
export class LocalCopy {
  private persistence: IndexeddbPersistence | null = null;
  private closed = false;
  /** True once the copy is read into the document; false if this browser keeps none. */
  readonly ready: Promise<boolean>;

  constructor(
    private readonly id: string,
    private readonly doc: Doc,
  ) {
    this.ready = this.open();
  }

  /** Whether a change of the document came out of the copy. */
  isOrigin(origin: unknown): boolean {
    return origin !== null && origin === this.persistence;
  }

  async close(): Promise<void> {
    this.closed = true;
    const { persistence } = this;
    this.persistence = null;
    await persistence?.destroy();
  }

  private async open(): Promise<boolean> {
    // Asked first, since y-indexeddb neither reports nor handles a browser that refuses.
    if (!(await storageWorks(copyName(this.id))) || this.closed) return false;
    this.persistence = new IndexeddbPersistence(copyName(this.id), this.doc);
    await this.persistence.whenSynced;
    return true;
  }
}

/** Whether the database can be opened; it is created with the stores of y-indexeddb. */
function storageWorks(name: string): Promise<boolean> {
  return new Promise((resolve) => {
    try {
      const request = indexedDB.open(name);
      request.onupgradeneeded = () => {
        request.result.createObjectStore("updates", { autoIncrement: true });
        request.result.createObjectStore("custom");
      };
      request.onsuccess = () => {
        request.result.close();
        resolve(true);
      };
      request.onerror = () => resolve(false);
      request.onblocked = () => resolve(false);
    } catch {
      resolve(false);
    }
  });
}
