import type { Awareness } from "y-protocols/awareness";
import { WebsocketProvider } from "y-websocket";
import type { Doc } from "yjs";
import { type ClosedReason, closedReason } from "./closing";
import { AUTH, asksForOurs, RECEIPT, readReceipt, receiptFrame, SYNC } from "./frames";

export interface SocketEvents {
  /** Both sides have what the other had when they met. */
  handshaken(): void;
  lost(): void;
  closed(reason: ClosedReason): void;
  receipt(version: number): void;
  /** The server takes no edits from here. */
  readOnly(): void;
}

/** One note's WebSocket, over however many connections it takes. */
export class SocketLine {
  private readonly provider: WebsocketProvider;
  private answered = false;

  constructor(
    origin: string,
    id: string,
    doc: Doc,
    awareness: Awareness,
    private readonly events: SocketEvents,
    private readonly params: () => Record<string, string> = () => ({}),
  ) {
    this.provider = new WebsocketProvider(`${origin}/ws`, id, doc, {
      awareness,
      connect: false,
      // Between tabs of one browser, edits would be seen before the server has saved them.
      disableBc: true,
      shouldReconnect: (event) => closedReason(event.code) === null,
    });
    this.watch();
    window.addEventListener("offline", this.reconnect);
    window.addEventListener("online", this.hurry);
  }

  /** Whether a change of the document came from the server. */
  isOrigin(origin: unknown): boolean {
    return origin === this.provider;
  }

  sendReceiptRequest(version: number): void {
    const { ws, wsconnected } = this.provider;
    if (wsconnected && ws?.readyState === WebSocket.OPEN) ws.send(receiptFrame(version));
  }

  /** Start, or try again after the server closed the connection for good. */
  connect(): void {
    this.provider.params = this.params();
    this.provider.connect();
  }

  close(): void {
    window.removeEventListener("offline", this.reconnect);
    window.removeEventListener("online", this.hurry);
    this.provider.destroy();
  }

  private watch(): void {
    const { provider, events } = this;
    const handlers = provider.messageHandlers;
    const sync = handlers[SYNC];
    if (sync === undefined) throw new Error("y-websocket has no handler for sync messages");
    handlers[SYNC] = (encoder, decoder, from, emitSynced, type) => {
      const asks = asksForOurs(decoder);
      sync(encoder, decoder, from, emitSynced, type);
      if (asks) this.answered = true;
      this.checkHandshake();
    };
    handlers[RECEIPT] = (_encoder, decoder) => events.receipt(readReceipt(decoder));
    handlers[AUTH] = () => events.readOnly();
    provider.on("connection-close", () => {
      this.answered = false;
      this.handshaken = false;
      events.lost();
    });
    provider.on("closed", ({ code }) => events.closed(closedReason(code) ?? "refused"));
  }

  private handshaken = false;

  /**
   * The server's own question must have been answered too. Its answer to ours alone says
   * nothing of the edits made here while offline.
   */
  private checkHandshake(): void {
    if (this.handshaken || !this.answered || !this.provider.synced) return;
    this.handshaken = true;
    this.events.handshaken();
  }

  /**
   * The browser lost its network. The socket may stay silent for half a minute before that
   * shows, so a new connection asks at once; a server on this machine answers it.
   */
  readonly reconnect = (): void => {
    if (!this.provider.shouldConnect) return;
    this.provider.disconnect();
    this.provider.connect();
  };

  private readonly hurry = (): void => {
    if (this.provider.shouldConnect) this.provider.connect();
  };
}
