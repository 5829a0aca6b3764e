/** Timers, passed in so that tests own time. */
export interface Timers {
  set(callback: () => void, milliseconds: number): number;
  clear(timer: number): void;
}

export interface ReceiptState {
  /** Not every edit is known to be saved; true until a first receipt tells. */
  readonly unsaved: boolean;
  /** Someone edited here, and the receipt for it is not there. */
  readonly edited: boolean;
  readonly overdue: boolean;
}

const GATHER_MS = 60;
const OVERDUE_MS = 6_000;

/**
 * Asks the server for receipts, one at a time, and knows which edits they cover.
 *
 * The server answers a request once everything that it received before on the same connection
 * is committed. So a request is only worth something after the handshake of its connection:
 * earlier, edits made offline may still have to be sent.
 */
export class ReceiptLine {
  private edits = 1;
  private savedEdits = 0;
  private version = 0;
  private asked: { readonly version: number; readonly edits: number } | null = null;
  private ready = false;
  private overdue = false;
  private editedSince: number | null;
  private gatherTimer: number | null = null;
  private overdueTimer: number | null = null;

  constructor(
    private readonly send: (version: number) => void,
    private readonly report: (state: ReceiptState) => void,
    private readonly timers: Timers,
    editedBefore: boolean,
  ) {
    this.editedSince = editedBefore ? 0 : null;
  }

  get unsaved(): boolean {
    return this.edits !== this.savedEdits;
  }

  /** A change that did not come from the server: an edit made here, or the copy being read. */
  changed(edited: boolean): void {
    this.edits += 1;
    if (edited) this.editedSince = this.edits;
    this.publish();
    this.gather();
  }

  /** Both sides of a connection have exchanged what the other lacked. */
  handshaken(): void {
    this.ready = true;
    // Asked even with nothing new: the copy on this device may hold what was never sent.
    if (!this.unsaved) this.edits += 1;
    this.publish();
    this.gather();
  }

  /** The connection is gone; what was asked on it will not be answered. */
  lost(): void {
    this.ready = false;
    this.asked = null;
    this.stopTimers();
    this.overdue = false;
    this.publish();
  }

  answered(version: number): void {
    if (this.asked === null || this.asked.version !== version) return;
    this.savedEdits = this.asked.edits;
    if (this.editedSince !== null && this.editedSince <= this.savedEdits) this.editedSince = null;
    this.asked = null;
    this.stopTimers();
    this.overdue = false;
    this.publish();
    if (this.unsaved) this.gather();
  }

  close(): void {
    this.ready = false;
    this.stopTimers();
  }

  private gather(): void {
    if (!this.ready || this.asked !== null || this.gatherTimer !== null) return;
    this.gatherTimer = this.timers.set(() => {
      this.gatherTimer = null;
      this.ask();
    }, GATHER_MS);
  }

  private ask(): void {
    this.version += 1;
    this.asked = { version: this.version, edits: this.edits };
    this.overdueTimer = this.timers.set(() => {
      this.overdueTimer = null;
      this.overdue = true;
      this.publish();
    }, OVERDUE_MS);
    this.send(this.version);
  }

  private publish(): void {
    this.report({
      unsaved: this.unsaved,
      edited: this.editedSince !== null,
      overdue: this.overdue,
    });
  }

  private stopTimers(): void {
    if (this.gatherTimer !== null) this.timers.clear(this.gatherTimer);
    if (this.overdueTimer !== null) this.timers.clear(this.overdueTimer);
    this.gatherTimer = null;
    this.overdueTimer = null;
  }
}
