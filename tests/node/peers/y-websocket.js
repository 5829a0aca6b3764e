import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import WebSocket from 'ws'
import { WebsocketProvider, messageAuth, messageSync } from 'y-websocket'
import { WebsocketProvider as WebsocketProvider2 } from 'y-websocket-2'
import * as Y from 'yjs'
import { Client } from './client.js'

const MESSAGE_RECEIPT = 102
const SYNC_STEP_1 = 0

/**
 * A real y-websocket client. It has no notion of a receipt of its own: an edit is saved once it
 * comes back, and `saved` asks with a message of type 102.
 */
export class YWebsocketPeer extends Client {
  /** @param {import('./peer.js').Options} options @param {2 | 3} version */
  constructor(options, version) {
    super(options)
    const { url, room, backoff = 250 } = options
    /** @type {number[]} types of the messages received, in order */
    this.received = []
    this.receiptsAsked = 0
    this.acknowledged = 0
    this.answered = false
    this.echoed = 0
    const Provider = version === 2
      ? /** @type {typeof WebsocketProvider} */ (/** @type {unknown} */ (WebsocketProvider2))
      : WebsocketProvider
    const server = `${url.replace(/^http/u, 'ws')}/ws`
    this.provider = new Provider(server, room, this.doc, {
      WebSocketPolyfill: /** @type {any} */ (WebSocket),
      awareness: this.awareness,
      disableBc: true,
      maxBackoffTime: backoff,
      connect: false
    })
    this.listen()
    this.connect()
  }

  listen() {
    const { provider, signal } = this
    const { fire } = signal
    provider.on('sync', fire)
    provider.on('status', fire)
    provider.on('closed', fire)
    provider.on('connection-close', (event) => {
      this.closes.push(event === null ? null : event.code)
      this.answered = false
      fire()
    })
    const handlers = provider.messageHandlers
    handlers.forEach((handler, type) => {
      handlers[type] = (encoder, decoder, ...rest) => {
        this.received.push(type)
        this.look(type, decoder.arr.subarray(decoder.pos))
        handler(encoder, decoder, ...rest)
        fire()
      }
    })
    handlers[MESSAGE_RECEIPT] = (_encoder, decoder) => {
      const inner = decoding.createDecoder(decoding.readVarUint8Array(decoder))
      this.received.push(MESSAGE_RECEIPT)
      this.acknowledged = Math.max(this.acknowledged, decoding.readVarUint(inner))
      fire()
    }
  }

  /** What the messages mean beyond what the provider makes of them. @param {number} type @param {Uint8Array} payload */
  look(type, payload) {
    const decoder = decoding.createDecoder(payload)
    if (type === messageAuth) {
      decoding.readVarUint(decoder)
      this.refusals.push(decoding.readVarString(decoder))
    }
    if (type !== messageSync) return
    // The provider sends its answer when the handler of this message has returned.
    if (decoding.readVarUint(decoder) === SYNC_STEP_1) queueMicrotask(() => this.tellAnswered())
    else {
      const { to } = Y.parseUpdateMeta(decoding.readVarUint8Array(decoder))
      this.echoed = Math.max(this.echoed, to.get(this.doc.clientID) ?? 0)
    }
  }

  get connected() {
    return this.provider.wsconnected
  }

  get synced() {
    return this.provider.synced
  }

  get isSaved() {
    return this.echoed >= Y.getState(this.doc.store, this.doc.clientID)
  }

  connect() {
    if (this.token !== null) this.provider.params = { token: this.token }
    this.provider.connect()
  }

  disconnect() {
    this.provider.disconnect()
  }

  cut() {
    const { ws } = this.provider
    if (ws instanceof WebSocket) ws.terminate()
  }

  query() {
    this.provider.ws?.send(Uint8Array.of(3))
  }

  tellAnswered() {
    this.answered = this.provider.wsconnected
    this.signal.fire()
  }

  /**
   * Ask for a receipt of all that was edited until now, as `version`. Only once the server's
   * question on this connection is answered: before that, edits made offline were not sent.
   *
   * @param {number} version
   * @returns {boolean} whether it was asked
   */
  ask(version) {
    const { ws, wsconnected } = this.provider
    if (!this.answered || !wsconnected || ws === null || ws.readyState !== ws.OPEN) return false
    const inner = encoding.createEncoder()
    encoding.writeVarUint(inner, version)
    const encoder = encoding.createEncoder()
    encoding.writeVarUint(encoder, MESSAGE_RECEIPT)
    encoding.writeVarUint8Array(encoder, encoding.toUint8Array(inner))
    ws.send(encoding.toUint8Array(encoder))
    return true
  }

  /** @param {number} within in ms */
  async saved(within) {
    const version = ++this.receiptsAsked
    /** @type {object | null} */
    let connection = null
    await this.signal.until(() => {
      // A receipt asked for on a connection that was lost never comes: ask on the next one.
      const { ws } = this.provider
      if (ws !== connection && this.ask(version)) connection = ws
      return this.acknowledged >= version
    }, within, () => `receipt ${version}; ${this.describe()}`)
  }

  end() {
    this.provider.destroy()
    super.end()
  }
}
