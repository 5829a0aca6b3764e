import * as Y from 'yjs'
import { Random } from './random.js'

/**
 * Two documents that exchange updates late, in bursts, so that edits are truly concurrent.
 */
export class Pair {
  /** @param {Random} random @param {{ gc?: boolean }} [options] */
  constructor(random, options = {}) {
    this.random = random
    /** @type {[Y.Doc, Y.Doc]} */
    this.docs = [new Y.Doc(options), new Y.Doc(options)]
    /** @type {[Uint8Array[], Uint8Array[]]} */
    this.inbox = [[], []]
    this.docs.forEach((doc, side) => {
      doc.clientID = random.clientId()
      doc.on('update', (/** @type {Uint8Array} */ update, /** @type {unknown} */ origin) => {
        if (origin !== 'remote') this.inbox[side === 0 ? 1 : 0].push(update)
      })
    })
  }

  /** Deliver what waits for one side. @param {0 | 1} side */
  deliver(side) {
    const updates = this.inbox[side].splice(0)
    for (const update of updates) Y.applyUpdate(this.docs[side], update, 'remote')
  }

  /** Deliver until nothing waits: an editor may answer what it was sent by an edit. */
  settle() {
    for (let round = 0; round < 20; round++) {
      if (this.inbox[0].length + this.inbox[1].length === 0) return
      this.deliver(0)
      this.deliver(1)
    }
    throw new Error('the two editors never stop answering each other')
  }

  /** Throws if the two replicas differ. */
  check() {
    const [left, right] = this.docs.map((doc) => Buffer.from(Y.encodeStateVector(doc)))
    const clocks = (/** @type {Y.Doc} */ doc) =>
      JSON.stringify([...Y.decodeStateVector(Y.encodeStateVector(doc))].sort())
    if (clocks(this.docs[0]) !== clocks(this.docs[1])) {
      throw new Error(`replicas differ: ${left?.toString('hex')} ${right?.toString('hex')}`)
    }
  }
}

/** One turn of the event loop, for what editors put off with timers. */
export const turn = () => new Promise((resolve) => setTimeout(resolve, 0))
