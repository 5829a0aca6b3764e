import { IndexeddbPersistence } from "y-indexeddb";
import type { Doc } from "yjs";
import { copyName } from "./localNotes";

const PATIENCE_MS = 3_000;

/** A note's copy in this browser, where edits are kept while the server does not have them. */
export class LocalCopy {
  private persistence: IndexeddbPersistence | null = null;
  private closed = false;
  /** True once the copy is read into the document; false if this browser keeps none, in time. */
  readonly ready: Promise<boolean>;

  constructor(
    private readonly id: string,
    private readonly doc: Doc,
  ) {
    this.ready = this.openInTime();
  }

  /** Whether a change of the document came out of the copy. */
  isOrigin(origin: unknown): boolean {
    return origin !== null && origin === this.persistence;
  }

  async close(): Promise<void> {
    this.closed = true;
    const { persistence } = this;
    this.persistence = null;
    // Not waited for where the database itself hangs: destroying ends with its opening.
    if (persistence?.synced) await persistence.destroy();
    else void persistence?.destroy();
  }

  /** A database that hangs, blocked by another tab, must not keep the note from the server. */
  private async openInTime(): Promise<boolean> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<boolean>((resolve) => {
      timer = setTimeout(() => resolve(false), PATIENCE_MS);
    });
    const kept = await Promise.race([this.open(), late]);
    clearTimeout(timer);
    if (!kept) await this.close();
    return kept;
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
