import { Store } from "../app/Store";

interface Actions {
  /** Delete on the server; `leaving` when the page is about to go. */
  delete(id: string, leaving: boolean): Promise<void>;
  deleted(id: string): void;
  failed(id: string, error: unknown): void;
}

/**
 * Deletions that can still be undone. The server deletes for good, so it is told only when
 * the time to undo is over, or when the page goes.
 */
export class PendingDeletes {
  /** Ids that are hidden, from the wish to delete until it is done, undone, or failed. */
  readonly hidden = new Store<ReadonlySet<string>>(new Set());
  private readonly timers = new Map<string, ReturnType<typeof setTimeout>>();

  constructor(private readonly actions: Actions) {}

  schedule(id: string, milliseconds: number): void {
    if (this.timers.has(id)) return;
    this.timers.set(
      id,
      setTimeout(() => void this.commit(id, false), milliseconds),
    );
    this.hidden.set(new Set([...this.hidden.get(), id]));
  }

  undo(id: string): void {
    const timer = this.timers.get(id);
    if (timer === undefined) return; // The server has been told: too late.
    clearTimeout(timer);
    this.timers.delete(id);
    this.show(id);
  }

  /** Carry out all that waits, since the page is going. */
  flush(): void {
    for (const id of [...this.timers.keys()]) void this.commit(id, true);
  }

  private async commit(id: string, leaving: boolean): Promise<void> {
    clearTimeout(this.timers.get(id));
    this.timers.delete(id);
    try {
      await this.actions.delete(id, leaving);
      this.actions.deleted(id);
    } catch (error) {
      this.actions.failed(id, error);
    }
    this.show(id);
  }

  private show(id: string): void {
    const hidden = new Set(this.hidden.get());
    hidden.delete(id);
    this.hidden.set(hidden);
  }
}
