import * as Y from 'yjs'
import { clocks, isPending, read, target } from './content.js'
import { Signal } from './waiting.js'

/** A document with what a test types into it and reads from it, and a signal for its changes. */
export class Replica {
  /** @param {number} [clientId] */
  constructor(clientId) {
    this.signal = new Signal()
    this.doc = new Y.Doc()
    if (clientId !== undefined) this.doc.clientID = clientId
    this.doc.on('update', this.signal.fire)
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

  /** @param {string} root @param {'text' | 'xml'} kind */
  content(root, kind) {
    return read(this.doc, root, kind)
  }

  describe() {
    const pending = isPending(this.doc) ? ', updates pending' : ''
    return `clocks ${JSON.stringify(clocks(this.doc))}${pending}`
  }
}
