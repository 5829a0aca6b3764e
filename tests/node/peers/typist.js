import { Random } from '../recorder/random.js'
import { Peer } from './peer.js'

const TOKEN = /⟦[^⟦⟧]*⟧/gu

/** The tokens of a text, and what is left when they are taken out. @param {string} text */
export const tokens = (text) => ({
  tokens: text.match(TOKEN) ?? [],
  rest: text.replace(TOKEN, '')
})

/**
 * Types unique tokens, on line and off, and keeps account of which are known to be safe: those
 * that a receipt covers, and those of others that it was shown.
 */
export class Typist {
  /** @param {string} name @param {Peer} peer @param {string} root @param {number} seed */
  constructor(name, peer, root, seed) {
    this.name = name
    this.peer = peer
    this.root = root
    this.random = new Random(seed)
    /** @type {string[]} */
    this.typed = []
    /** @type {Set<string>} tokens of others that came over the wire */
    this.seen = new Set()
    /** @type {NodeJS.Timeout | undefined} */
    this.timer = undefined
    const text = peer.doc.getText(root)
    text.observe((event, transaction) => {
      if (transaction.local) return
      for (const { insert } of event.delta) {
        if (typeof insert === 'string') for (const token of tokens(insert).tokens) this.seen.add(token)
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

  account() {
    return {
      typed: this.typed,
      acknowledged: this.typed.slice(0, this.peer.acknowledged),
      seen: [...this.seen]
    }
  }
}
