import type { Timers } from "../../src/note/ReceiptLine";

/** Time that passes only when a test says so. */
export class FakeTimers implements Timers {
  private now = 0;
  private nextId = 1;
  private readonly waiting = new Map<number, { at: number; callback: () => void }>();

  set(callback: () => void, milliseconds: number): number {
    const id = this.nextId++;
    this.waiting.set(id, { at: this.now + milliseconds, callback });
    return id;
  }

  clear(timer: number): void {
    this.waiting.delete(timer);
  }

  get count(): number {
    return this.waiting.size;
  }

  pass(milliseconds: number): void {
    const end = this.now + milliseconds;
    for (;;) {
      const due = [...this.waiting].filter(([, { at }]) => at <= end);
      due.sort(([, a], [, b]) => a.at - b.at);
      const first = due[0];
      if (first === undefined) break;
      const [id, { at, callback }] = first;
      this.waiting.delete(id);
      this.now = at;
      callback();
    }
    this.now = end;
  }
}

/** Let promises that are already settled run their continuations. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}
