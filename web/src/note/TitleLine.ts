import type { Document } from "../api/documents";
import { ApiError } from "../api/problems";
import { Store } from "../app/Store";
import type { Timers } from "./ReceiptLine";

export interface TitleState {
  readonly title: string;
  /** Typed here and not yet taken by the server. */
  readonly unsaved: boolean;
  /** Why the server refuses the title; null when it does not. */
  readonly problem: string | null;
}

export interface TitleServer {
  read(): Promise<Document>;
  write(title: string): Promise<Document>;
}

const GATHER_MS = 500;
const RETRY_MS = 3_000;

/**
 * The title of one note: typed here, written to the server after a pause, one write at a time,
 * and read again when others change it. What is being typed here is never overwritten.
 */
export class TitleLine {
  readonly state: Store<TitleState>;
  private timer: number | null = null;
  private writing = false;
  private closed = false;

  constructor(
    draft: string | null,
    known: string,
    private readonly server: TitleServer,
    private readonly timers: Timers,
    private readonly written: (document: Document) => void,
  ) {
    this.state = new Store<TitleState>({
      title: draft ?? known,
      unsaved: draft !== null,
      problem: null,
    });
  }

  type(title: string): void {
    this.state.set({ title, unsaved: true, problem: null });
    this.schedule(GATHER_MS);
  }

  /** Write now what waits to be written. */
  flush(): void {
    if (this.state.get().unsaved && !this.writing) this.schedule(0);
  }

  /** Learn the server's title, unless one typed here is on its way to it. */
  async refresh(): Promise<Document | null> {
    if (this.closed) return null;
    let document: Document;
    try {
      document = await this.server.read();
    } catch {
      return null; // Unreachable or not there yet: the next refresh tells.
    }
    if (!this.closed && !this.state.get().unsaved) {
      this.state.set({ title: document.title, unsaved: false, problem: null });
    }
    return document;
  }

  close(): void {
    // What waits is written now; the draft on this device covers a failure.
    if (this.timer !== null) {
      this.timers.clear(this.timer);
      this.timer = null;
      if (this.state.get().unsaved) void this.write();
    }
    this.closed = true;
  }

  private schedule(milliseconds: number): void {
    if (this.timer !== null) this.timers.clear(this.timer);
    this.timer = this.timers.set(() => {
      this.timer = null;
      if (!this.writing) void this.write();
    }, milliseconds);
  }

  private async write(): Promise<void> {
    const { title } = this.state.get();
    this.writing = true;
    try {
      const document = await this.server.write(title);
      this.writing = false;
      if (this.state.get().title === title) {
        // The field keeps what was typed: the server's normalised spelling shows on refresh.
        this.state.set({ title, unsaved: false, problem: null });
      } else if (!this.closed) {
        this.schedule(GATHER_MS);
      }
      this.written(document);
    } catch (error) {
      this.writing = false;
      this.failed(error, title);
    }
  }

  private failed(error: unknown, title: string): void {
    if (this.closed) return;
    if (error instanceof ApiError && !error.transient) {
      // A note that does not exist yet is created by its first connection.
      const problem = error.status === 404 ? null : error.message;
      if (this.state.get().title === title) this.state.set({ title, unsaved: true, problem });
      if (error.status !== 404) return;
    }
    this.schedule(RETRY_MS);
  }
}
