import { Awareness } from "y-protocols/awareness";
import { Doc, encodeStateAsUpdate } from "yjs";
import { type Document, getDocument, mayWrite, renameDocument } from "../api/documents";
import { whoAmI } from "../api/sharing";
import { credentialParams, credentialsFor } from "../app/credentials";
import { announceNews } from "../app/noteNews";
import { Store } from "../app/Store";
import type { ClosedReason } from "./closing";
import { type Identity, loadIdentity, saveIdentity } from "./identity";
import { LocalCopy } from "./LocalCopy";
import { forgetNote, localNote, rememberNote } from "./localNotes";
import { freeColor, type Peer, peersFrom, samePeers, shownName } from "./presence";
import { ReceiptLine, type Timers } from "./ReceiptLine";
import { SocketLine } from "./SocketLine";
import { initialStatus, type NoteStatus, reduceStatus, type StatusEvent } from "./status";
import { TitleLine } from "./TitleLine";
import { titleSignature } from "./titleSignal";

/** Whether there is something to show: the server's content, or the copy of this device. */
export type ContentState = "loading" | "ready" | "unreachable";

export const browserTimers: Timers = {
  set: (callback, milliseconds) => window.setTimeout(callback, milliseconds),
  clear: (timer) => window.clearTimeout(timer),
};

/** One open note: owner of its document, socket, local copy and title until it is closed. */
export class NoteSession {
  readonly doc = new Doc();
  readonly awareness = new Awareness(this.doc);
  readonly status = new Store<NoteStatus>(initialStatus);
  readonly content = new Store<ContentState>("loading");
  readonly peers = new Store<readonly Peer[]>([]);
  readonly identity: Store<Identity>;
  readonly info = new Store<Document | null>(null);
  readonly title: TitleLine;
  private readonly copy: LocalCopy;
  private readonly receipts: ReceiptLine;
  private readonly socket: SocketLine;
  private readonly stops: (() => void)[] = [];
  private titlesSeen = "";
  private closed = false;

  constructor(
    readonly id: string,
    socketOrigin: string,
    private readonly options: { readonly unseen?: boolean } = {},
  ) {
    const known = localNote(id);
    this.identity = new Store(loadIdentity());
    this.showUser(this.identity.get());
    this.title = new TitleLine(
      known?.draft ?? null,
      known?.title ?? "",
      { read: () => getDocument(id), write: (title) => renameDocument(id, title) },
      browserTimers,
      (document) => this.titleWritten(document),
    );
    this.copy = new LocalCopy(id, this.doc);
    this.receipts = new ReceiptLine(
      (version) => this.socket.sendReceiptRequest(version),
      (state) => this.dispatch({ type: "receipt", ...state }),
      browserTimers,
      known?.unsaved ?? false,
    );
    const events = {
      handshaken: () => this.handshaken(),
      lost: () => this.lost(),
      closed: (reason: ClosedReason) => this.ended(reason),
      receipt: (version: number) => this.receipts.answered(version),
      readOnly: () => this.denied(),
    };
    this.socket = new SocketLine(socketOrigin, id, this.doc, this.awareness, events, () =>
      credentialParams(id),
    );
    this.watch();
    void this.openCopyAndConnect();
    void this.refreshTitle();
    if (credentialsFor(id).token !== null) void this.readName();
  }

  rename(identity: Identity): void {
    if (!identity.signed) saveIdentity(identity);
    this.identity.set(identity);
    this.showUser(identity);
  }

  /** Connect again after a lasting refusal. */
  retry(): void {
    this.dispatch({ type: "retry" });
    this.socket.connect();
  }

  /** Read the title again, and write one that waits; for a page that comes to the front. */
  async refreshTitle(): Promise<void> {
    if (this.closed || this.status.get().connection === "closed") return;
    this.title.flush();
    const document = await this.title.refresh();
    if (document !== null && !this.closed) this.know(document);
  }

  /** True once every edit has its receipt; false after the time given, or if none can come. */
  whenSaved(milliseconds: number): Promise<boolean> {
    const saved = () => {
      const { connection, unsaved, titleUnsaved } = this.status.get();
      return connection === "synced" && !unsaved && !titleUnsaved;
    };
    const over = () => saved() || this.status.get().closed !== null;
    if (over()) return Promise.resolve(saved());
    return new Promise((resolve) => {
      const finish = (result: boolean) => {
        stop();
        window.clearTimeout(timer);
        resolve(result);
      };
      const stop = this.status.subscribe(() => over() && finish(saved()));
      const timer = window.setTimeout(() => finish(false), milliseconds);
    });
  }

  /** The whole document as a Yjs update, as it is on this device. */
  localUpdate(): Uint8Array {
    return encodeStateAsUpdate(this.doc);
  }

  /** Close, and remove the copy of this device for good. */
  async discard(): Promise<void> {
    await this.close();
    forgetNote(this.id);
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    for (const stop of this.stops) stop();
    this.title.close();
    this.receipts.close();
    this.socket.close();
    await this.copy.close();
    this.doc.destroy();
    const nothing = this.content.get() !== "ready" && this.status.get().closed !== null;
    if (nothing) forgetNote(this.id);
  }

  private watch(): void {
    const onUpdate = (_update: Uint8Array, origin: unknown) => {
      if (this.socket.isOrigin(origin)) return;
      const edited = !this.copy.isOrigin(origin);
      this.receipts.changed(edited);
    };
    this.doc.on("update", onUpdate);
    const onPeers = () => this.readPeers();
    this.awareness.on("change", onPeers);
    const onTitle = () => this.titleTyped();
    const onFocus = () => {
      if (document.visibilityState === "visible") void this.refreshTitle();
    };
    document.addEventListener("visibilitychange", onFocus);
    window.addEventListener("focus", onFocus);
    window.addEventListener("beforeunload", this.warnOfLoss);
    this.stops.push(
      () => this.doc.off("update", onUpdate),
      () => this.awareness.off("change", onPeers),
      this.title.state.subscribe(onTitle),
      () => document.removeEventListener("visibilitychange", onFocus),
      () => window.removeEventListener("focus", onFocus),
      () => window.removeEventListener("beforeunload", this.warnOfLoss),
    );
    this.titleTyped();
    this.readPeers();
  }

  private dispatch(event: StatusEvent): void {
    const before = this.status.get();
    const after = reduceStatus(before, event);
    this.status.set(after);
    // A visit that could not read the copy does not know what else is in it.
    const knows = after.edited || after.keptOnDevice === true;
    if (after.edited !== before.edited && knows) rememberNote(this.id, { unsaved: after.edited });
  }

  /**
   * The copy comes first: a receipt must not count while edits of an earlier visit are still
   * unread, and the server then sends only what the copy lacks.
   */
  private async openCopyAndConnect(): Promise<void> {
    const kept = await this.copy.ready;
    if (this.closed) return;
    this.dispatch({ type: "device", kept });
    if (this.doc.store.clients.size > 0) this.content.set("ready");
    this.socket.connect();
  }

  private handshaken(): void {
    this.dispatch({ type: "synced" });
    this.content.set("ready");
    this.receipts.handshaken();
    rememberNote(this.id, { opened: Date.now() });
    void this.refreshTitle();
  }

  private lost(): void {
    this.receipts.lost();
    this.dispatch({ type: "lost" });
    if (this.content.get() === "loading") this.content.set("unreachable");
  }

  /** The server shows others the name of the token, whatever is said here. */
  private async readName(): Promise<void> {
    try {
      const { mode, name } = await whoAmI();
      if (this.closed || mode === "open") return;
      this.rename({ ...this.identity.get(), name: shownName(name), signed: true });
    } catch {
      // Who is not let in reads so elsewhere; a name is no reason to say it twice.
    }
  }

  private know(document: Document): void {
    this.info.set(document);
    if (document.role === null) return;
    const again = this.status.get().refused && mayWrite(document.role);
    this.dispatch({ type: "role", mayWrite: mayWrite(document.role) });
    // What was refused is only sent again to a server that asks for it anew.
    if (again) this.socket.reconnect();
  }

  /** An edit was refused, or the right to make any is gone. */
  private denied(): void {
    this.dispatch({ type: "denied" });
    void this.refreshTitle();
  }

  private ended(reason: ClosedReason): void {
    this.dispatch({ type: "closed", reason });
  }

  private titleTyped(): void {
    const { title, unsaved } = this.title.state.get();
    this.dispatch({ type: "title", unsaved });
    const known = localNote(this.id);
    if (known === null && !unsaved) return;
    const draft = unsaved ? title : null;
    if (known?.title !== title || known.draft !== draft) rememberNote(this.id, { title, draft });
  }

  private titleWritten(document: Document): void {
    if (this.closed) {
      rememberNote(this.id, { draft: null });
      announceNews();
      return;
    }
    this.know(document);
    const edits = this.awareness.getLocalState()?.["titleEdits"];
    this.awareness.setLocalStateField("titleEdits", typeof edits === "number" ? edits + 1 : 1);
  }

  private readPeers(): void {
    const states = this.awareness.getStates();
    const peers = peersFrom(states, this.doc.clientID);
    if (!samePeers(peers, this.peers.get())) this.peers.set(peers);
    const color = this.identity.get().chosen ? null : freeColor(peers);
    if (color !== null) this.showUser({ ...this.identity.get(), color });
    const titles = titleSignature(states, this.doc.clientID);
    if (titles === this.titlesSeen) return;
    this.titlesSeen = titles;
    // Peers also vanish with a lost connection: no news of the title, and no time to ask.
    if (this.status.get().connection === "synced") void this.refreshTitle();
  }

  private showUser({ name, color }: Identity): void {
    if (!this.options.unseen) this.awareness.setLocalStateField("user", { name, color });
  }

  /** Only where closing the tab would lose edits; elsewhere the copy keeps them. */
  private readonly warnOfLoss = (event: BeforeUnloadEvent): void => {
    const { edited, keptOnDevice } = this.status.get();
    if (edited && keptOnDevice === false) event.preventDefault();
  };
}
