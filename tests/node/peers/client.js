import { Awareness } from 'y-protocols/awareness'
import { Replica } from './replica.js'

/** @typedef {import('./peer.js').Options} Options */

/** What all kinds of clients have in common: the tests see no more of them than this. */
export class Client extends Replica {
  /** @param {Options} options */
  constructor({ clientId, token = null, user = null }) {
    super(clientId)
    this.token = token
    this.awareness = new Awareness(this.doc)
    this.awareness.setLocalState(user === null ? null : { user })
    this.awareness.on('change', this.signal.fire)
    /** @type {(number | null)[]} codes that its sockets, or its document on one, were closed with */
    this.closes = []
    /** @type {string[]} reasons it was given for being refused */
    this.refusals = []
    /** How often its token was asked for. */
    this.asked = 0
    /** @type {string | null} what it was told that it may do */
    this.scope = null
  }

  /** @returns {string | null} the token, which somebody asked for */
  giveToken() {
    this.asked += 1
    this.signal.fire()
    return this.token
  }

  /** @returns {boolean} whether it has a connection */
  get connected() {
    throw new Error('not said')
  }

  /** @returns {boolean} whether it took what the server has */
  get synced() {
    throw new Error('not said')
  }

  /** @returns {boolean} whether, as the client sees it, the server has all of its edits */
  get isSaved() {
    throw new Error('not said')
  }

  /** Take the network away. */
  disconnect() {
    throw new Error('not done')
  }

  /** Give it back. */
  connect() {
    throw new Error('not done')
  }

  /** Cut the socket as a lost network does, without a closing handshake. */
  cut() {
    throw new Error('not done')
  }

  /** Send a question for everybody's presence, which is answered at once and in order. */
  query() {
    throw new Error('not done')
  }

  /** Resolves when all edits made until now are acknowledged. @param {number} within in ms */
  async saved(within) {
    await this.signal.until(() => this.connected && this.synced && this.isSaved, within,
      () => `saved; ${this.describe()}`)
  }

  states() {
    return [...this.awareness.getStates()].sort(([a], [b]) => a - b)
  }

  describe() {
    const status = this.connected ? 'connected' : 'not connected'
    return `${status}, synced ${this.synced}, saved ${this.isSaved}, ` +
      `closes ${JSON.stringify(this.closes)}, refusals ${JSON.stringify(this.refusals)}, ` +
      `states ${JSON.stringify(this.states())}, ${super.describe()}`
  }

  /** Close it for good. */
  end() {
    this.awareness.destroy()
    this.doc.destroy()
  }
}
