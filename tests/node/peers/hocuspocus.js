import * as hocuspocus4 from '@hocuspocus/provider'
import * as hocuspocus2 from '@hocuspocus/provider-2'
import * as hocuspocus3 from '@hocuspocus/provider-3'
import * as encoding from 'lib0/encoding'
import WebSocket from 'ws'
import { Client } from './client.js'

const MESSAGE_QUERY_AWARENESS = 3

const PACKAGES = {
  2: /** @type {typeof hocuspocus4} */ (/** @type {unknown} */ (hocuspocus2)),
  3: /** @type {typeof hocuspocus4} */ (/** @type {unknown} */ (hocuspocus3)),
  4: hocuspocus4
}

/** A real Hocuspocus provider, on a socket of its own or on that of another. */
export class HocuspocusPeer extends Client {
  /** @param {import('./peer.js').Options} options @param {2 | 3 | 4} version */
  constructor(options, version) {
    super(options)
    const { url, room, backoff = 250, beside, sessions = false } = options
    const { HocuspocusProvider, HocuspocusProviderWebsocket } = PACKAGES[version]
    this.own = beside === undefined
    this.socket = beside?.socket ?? new HocuspocusProviderWebsocket({
      url: `${url.replace(/^http/u, 'ws')}/hocuspocus`,
      WebSocketPolyfill: /** @type {any} */ (WebSocket),
      delay: backoff,
      minDelay: backoff,
      maxDelay: backoff
    })
    /** @type {string[]} what was broadcast besides documents */
    this.heard = []
    /** @type {any} settings that only one of the versions knows */
    const special = { broadcast: false, quiet: true, sessionAwareness: sessions }
    this.provider = new HocuspocusProvider({
      ...special,
      websocketProvider: this.socket,
      name: room,
      document: this.doc,
      awareness: this.awareness,
      token: this.tokenSource(version)
    })
    this.listen()
    if (version !== 2) this.provider.attach()
  }

  /** Version 2 tells from the token itself whether it has one. @param {number} version */
  tokenSource(version) {
    if (version === 2 && this.token === null) return null
    return () => this.giveToken() ?? ''
  }

  listen() {
    const { provider, signal } = this
    const { fire } = signal
    this.socket.on('status', fire)
    provider.on('synced', fire)
    provider.on('unsyncedChanges', fire)
    provider.on('close', (/** @type {any} */ { event }) => {
      this.closes.push(event.code)
      fire()
    })
    provider.on('authenticationFailed', (/** @type {any} */ { reason }) => {
      this.refusals.push(reason)
      fire()
    })
    provider.on('authenticated', () => {
      this.scope = provider.authorizedScope ?? null
      fire()
    })
    provider.on('stateless', (/** @type {any} */ { payload }) => {
      this.heard.push(payload)
      fire()
    })
    provider.on('message', fire)
  }

  get connected() {
    return this.socket.status === 'connected'
  }

  get synced() {
    return this.provider.isSynced
  }

  get isSaved() {
    return !this.provider.hasUnsyncedChanges
  }

  connect() {
    void this.socket.connect()
  }

  disconnect() {
    this.socket.disconnect()
  }

  cut() {
    const socket = /** @type {unknown} */ (this.socket.webSocket)
    if (socket instanceof WebSocket) socket.terminate()
  }

  query() {
    const encoder = encoding.createEncoder()
    encoding.writeVarString(encoder, this.provider.effectiveName ?? this.provider.configuration.name)
    encoding.writeVarUint(encoder, MESSAGE_QUERY_AWARENESS)
    this.socket.send(encoding.toUint8Array(encoder))
  }

  end() {
    this.provider.destroy()
    if (this.own) this.socket.destroy()
    super.end()
  }
}
