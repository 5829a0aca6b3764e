import * as decoding from "lib0/decoding";
import * as encoding from "lib0/encoding";
import { readSyncMessage, writeSyncStep1 } from "y-protocols/sync";
import * as Y from "yjs";

/** The server's side of the y-websocket wire, one frame at a time, in one process. */
export class FakeSocket {
  static readonly OPEN = 1;
  static readonly opened: FakeSocket[] = [];
  /** What the server holds, and so what all connections share. */
  static doc = new Y.Doc();

  readyState = 0;
  binaryType = "";
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: Uint8Array }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  onerror: (() => void) | null = null;
  readonly OPEN = FakeSocket.OPEN;
  /** Frames from the app that the server has not looked at yet. */
  readonly inbox: Uint8Array[] = [];

  constructor(readonly url: string) {
    FakeSocket.opened.push(this);
  }

  static reset(): void {
    FakeSocket.opened.length = 0;
    FakeSocket.doc = new Y.Doc();
  }

  send(frame: Uint8Array): void {
    if (this.readyState === FakeSocket.OPEN) this.inbox.push(frame);
  }

  close(): void {
    this.drop(1005);
  }

  accept(): void {
    this.readyState = FakeSocket.OPEN;
    this.onopen?.();
  }

  drop(code: number): void {
    this.readyState = 3;
    this.onclose?.({ code, reason: "" });
  }

  /** The server's sync step 1. */
  ask(): void {
    const encoder = encoding.createEncoder();
    encoding.writeVarUint(encoder, 0);
    writeSyncStep1(encoder, FakeSocket.doc);
    this.deliver(encoding.toUint8Array(encoder));
  }

  /** Read all that came: sync messages are applied and answered; returns receipts asked for. */
  read(): Uint8Array[] {
    const receipts: Uint8Array[] = [];
    for (const frame of this.inbox.splice(0)) {
      const decoder = decoding.createDecoder(frame);
      const type = decoding.readVarUint(decoder);
      if (type === 102) receipts.push(frame);
      if (type !== 0) continue;
      const reply = encoding.createEncoder();
      encoding.writeVarUint(reply, 0);
      readSyncMessage(decoder, reply, FakeSocket.doc, "app");
      if (encoding.length(reply) > 1) this.deliver(encoding.toUint8Array(reply));
    }
    return receipts;
  }

  deliver(frame: Uint8Array): void {
    this.onmessage?.({ data: frame });
  }
}
