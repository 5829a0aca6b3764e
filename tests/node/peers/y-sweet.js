import { createYjsProvider } from '@y-sweet/client'
import { DocumentManager } from '@y-sweet/sdk'
import WebSocket from 'ws'
import { Client } from './client.js'

const NOWHERE = 'ws://127.0.0.1:9' // the port to discard to, where nobody listens

/**
 * A real y-sweet client. Its token is made by y-sweet's own SDK, as on the server of a product
 * that uses it; or, `direct`, it is the token that it was opened with.
 */
export class YSweetPeer extends Client {
  /** @param {import('./peer.js').Options} options */
  constructor(options) {
    super(options)
    this.url = options.url
    this.room = options.room
    this.create = options.create ?? false
    this.direct = options.direct ?? false
    this.authorization = options.authorization ?? 'full'
    this.offline = false
    /** @type {WebSocket | null} */
    this.socket = null
    this.provider = createYjsProvider(this.doc, options.room, () => this.authorize(), {
      awareness: this.awareness,
      WebSocketPolyfill: /** @type {any} */ (this.polyfill()),
      showDebuggerLink: false
    })
    this.listen()
  }

  /** A WebSocket that finds nobody while the network is taken away: the client connects again
   * after its own `disconnect()`. */
  polyfill() {
    const peer = this
    return class extends WebSocket {
      /** @param {string} address */
      constructor(address) {
        super(peer.offline ? NOWHERE : address)
        peer.socket = this
      }
    }
  }

  async authorize() {
    const token = this.giveToken()
    if (this.direct) {
      const url = `${this.url.replace(/^http/u, 'ws')}/d/${this.room}/ws`
      return { url, baseUrl: url, docId: this.room, token: token ?? '' }
    }
    const key = token === null ? '' : `${encodeURIComponent(token)}@`
    const manager = new DocumentManager(`ys://${key}${this.url.replace(/^http:\/\//u, '')}`)
    const { authorization } = this
    try {
      const given = this.create
        ? await manager.getOrCreateDocAndToken(this.room, { authorization })
        : await manager.getClientToken(this.room, { authorization })
      this.scope = given.authorization ?? null
      return given
    } catch (error) {
      this.refusals.push(String(error))
      this.signal.fire()
      throw error
    }
  }

  listen() {
    const { provider, signal } = this
    const { fire } = signal
    provider.on('connection-status', fire)
    provider.on('local-changes', fire)
    provider.on('connection-close', (event) => {
      this.closes.push(event.code)
      fire()
    })
  }

  get connected() {
    return this.socket?.readyState === WebSocket.OPEN
  }

  get synced() {
    return this.provider.status === 'connected'
  }

  get isSaved() {
    return !this.provider.hasLocalChanges
  }

  connect() {
    this.offline = false
    // As the browser's event `online` does.
    const { online } = /** @type {{ online: () => void }} */ (/** @type {unknown} */ (this.provider))
    online()
  }

  disconnect() {
    this.offline = true
    this.socket?.close()
  }

  cut() {
    this.socket?.terminate()
  }

  query() {
    this.socket?.send(Uint8Array.of(3))
  }

  end() {
    this.offline = true
    const provider = /** @type {any} */ (this.provider)
    // Its own `destroy` closes the socket, and connects again when that is closed.
    provider.connect = () => undefined
    provider.destroy()
    provider.clearHeartbeat()
    provider.clearConnectionTimeout()
    super.end()
  }
}
