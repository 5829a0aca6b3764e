import { Random } from '../recorder/random.js'
import { YWebsocketPeer } from './y-websocket.js'

const TOKEN = /⟦[^⟦⟧]*⟧/gu

const tokens = (/** @type {string} */ text) => text.match(TOKEN) ?? []

/**
 * Types unique tokens, on line and off, and keeps account of which are known to be safe: those
 * that a receipt covers, and those of others that it was shown.
 */
export class Typist {
  /** @param {string} name @param {YWebsocketPeer} peer @param {string} root @param {number} seed */
  constructor(name, peer, root, seed) {
    this.name = name
    this.peer = peer
    this.root = root
    this.random = new Random(seed)
    /** @type {string[]} */
    this.typed = []
    /** @type {string[]} tokens of others that came over the wire */
    this.seen = []
    this.told = { acknowledged: 0, seen: 0 }
    /** @type {NodeJS.Timeout | undefined} */
    this.timer = undefined
    const text = peer.doc.getText(root)
    text.observe((event, transaction) => {
      if (transaction.local) return
      for (const { insert } of event.delta) {
        if (typeof insert === 'string') this.seen.push(...tokens(insert))
      }
    })
    peer.signal.listeners.add(() => this.look())
    this.wasAnswered = false
  }

  /** After a reconnect, ask for a receipt of what was typed meanwhile. */
  look() {
    const { answered } = this.peer
    if (answered && !this.wasAnswered && this.typed.length > 0) this.peer.ask(this.typed.length)
    this.wasAnswered = answered
  }

  /** @param {number} every in ms */
  start(every) {
    this.timer = setInterval(() => this.type(), every)
  }

  stop() {
    clearInterval(this.timer)
  }

  type() {
    const text = this.peer.doc.getText(this.root)
    const token = `⟦${this.name}.${this.typed.length}⟧`
    // Between tokens, never inside one: a token stays whole whatever happens around it.
    const gaps = [0, ...[...text.toString().matchAll(TOKEN)].map((m) => m.index + m[0].length)]
    this.typed.push(token)
    text.insert(this.random.pick(gaps), token)
    this.peer.ask(this.typed.length)
  }

  /** How many were typed, and what became known to be safe since this was last asked. */
  account() {
    const { told, typed, seen, peer } = this
    const news = {
      typed: typed.length,
      acknowledged: typed.slice(told.acknowledged, peer.acknowledged),
      seen: seen.slice(told.seen)
    }
    this.told = { acknowledged: peer.acknowledged, seen: seen.length }
    return news
  }
}
