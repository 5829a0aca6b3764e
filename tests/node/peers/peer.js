import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import WebSocket from 'ws'
import { WebsocketProvider, messageSync } from 'y-websocket'
import { WebsocketProvider as WebsocketProvider2 } from 'y-websocket-2'
import * as Y from 'yjs'
import { clocks, isPending, read, target } from './content.js'
import { Signal } from './waiting.js'

const MESSAGE_RECEIPT = 102
const SYNC_STEP_1 = 0

/**
 * @typedef {object} Options
 * @property {string} url the server, such as `ws://127.0.0.1:1234/ws`
 * @property {string} room
 * @property {object | null} [user] the presence to show
 * @property {number} [clientId]
 * @property {2 | 3} [version] of y-websocket
 * @property {number} [backoff] the longest wait before it connects again, in ms
 */

/** A real y-websocket client with its document, and a tally of what was acknowledged. */
export class Peer {
  /** @param {Options} options */
  constructor({ url, room, user = null, clientId, version = 3, backoff = 250 }) {
    this.signal = new Signal()
    this.doc = new Y.Doc()
    if (clientId !== undefined) this.doc.clientID = clientId
    /** @type {(number | null)[]} */
    this.closes = []
    /** @type {number[]} types of the messages received, in order */
    this.received = []
    this.asked = 0
    this.acknowledged = 0
    this.answered = false
    const Provider = version === 2
      ? /** @type {typeof WebsocketProvider} */ (/** @type {unknown} */ (WebsocketProvider2))
      : WebsocketProvider
    this.provider = new Provider(url, room, this.doc, {
      WebSocketPolyfill: /** @type {any} */ (WebSocket),
      disableBc: true,
      maxBackoffTime: backoff,
      connect: false
    })
    this.awareness = this.provider.awareness
    this.awareness.setLocalState(user === null ? null : { user })
    this.listen()
    this.provider.connect()
  }

  listen() {
    const { provider, signal } = this
    const { fire } = signal
    this.doc.on('update', fire)
    this.awareness.on('change', fire)
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
        const isQuestion = type === messageSync && decoder.arr[decoder.pos] === SYNC_STEP_1
        handler(encoder, decoder, ...rest)
        // The provider sends its answer when this handler has returned.
        if (isQuestion) queueMicrotask(() => this.tellAnswered())
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

  /** Resolves when all edits made until now are acknowledged. @param {number} within in ms */
  async saved(within) {
    const version = ++this.asked
    /** @type {object | null} */
    let connection = null
    await this.signal.until(() => {
      // A receipt asked for on a connection that was lost never comes: ask on the next one.
      const { ws } = this.provider
      if (ws !== connection && this.ask(version)) connection = ws
      return this.acknowledged >= version
    }, within, () => `receipt ${version}; ${this.describe()}`)
  }

  /**
   * @param {string} root @param {number | null} paragraph @param {number} index from the end
   *   when negative @param {string} text @param {Record<string, unknown>} [marks]
   */
  insert(root, paragraph, index, text, marks) {
    this.doc.transact(() => {
      const type = target(this.doc, root, paragraph)
      type.insert(index < 0 ? type.length + 1 + index : index, text, marks)
    })
  }

  /** @param {string} root @param {number | null} paragraph @param {number} index @param {number} length */
  remove(root, paragraph, index, length) {
    this.doc.transact(() => target(this.doc, root, paragraph).delete(index, length))
  }

  /** Cut the socket as a lost network does, without a closing handshake. */
  cut() {
    const { ws } = this.provider
    if (ws instanceof WebSocket) ws.terminate()
  }

  states() {
    return [...this.awareness.getStates()].sort(([a], [b]) => a - b)
  }

  /** @param {string} root @param {'text' | 'xml'} kind */
  content(root, kind) {
    return read(this.doc, root, kind)
  }

  describe() {
    const { provider } = this
    const status = provider.wsconnected ? 'connected' : 'not connected'
    const pending = isPending(this.doc) ? ', updates pending' : ''
    return `${status}, synced ${provider.synced}, closes ${JSON.stringify(this.closes)}, ` +
      `clocks ${JSON.stringify(clocks(this.doc))}${pending}`
  }

  end() {
    this.provider.destroy()
    this.awareness.destroy()
    this.doc.destroy()
  }
}
