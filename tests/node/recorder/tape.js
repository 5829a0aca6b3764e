import * as Y from 'yjs'
import { Random } from './random.js'

/**
 * @typedef {{ client: number, ranges: [number, number][] }[]} ClientRanges
 *
 * @typedef {object} UpdateRecord
 * @property {'update'} record
 * @property {string} source which editor, and `local`, `merged`, `gap`, `diff` or `full`
 * @property {string} data base64 of the update (v1)
 * @property {ClientRanges} structs what Yjs reads in it, Skip left out
 * @property {ClientRanges} deletes
 * @property {number} closed how many items have one and the same origin on both sides
 * @property {[number, number][]} stateVector what Yjs says its state vector is
 *
 * @typedef {object} DocumentRecord
 * @property {'document'} record
 * @property {string} source
 * @property {string} root
 * @property {string} data base64 of the whole document as one update
 * @property {unknown} shown what the editor shows at this moment
 */

/** @param {Uint8Array} bytes */
export const base64 = (bytes) => Buffer.from(bytes).toString('base64')

/** @param {Iterable<[number, number]>} ranges @returns {[number, number][]} */
const joined = (ranges) => {
  /** @type {[number, number][]} */
  const result = []
  for (const [start, end] of [...ranges].sort((a, b) => a[0] - b[0])) {
    const last = result.at(-1)
    if (last !== undefined && start <= last[1]) last[1] = Math.max(last[1], end)
    else result.push([start, end])
  }
  return result
}

/** @param {Map<number, [number, number][]>} byClient @returns {ClientRanges} */
const listed = (byClient) =>
  [...byClient].map(([client, ranges]) => ({ client, ranges: joined(ranges) }))

/** @param {Uint8Array} update */
const facts = (update) => {
  const { structs, ds } = Y.decodeUpdate(update)
  /** @type {Map<number, [number, number][]>} */
  const byClient = new Map()
  for (const struct of structs) {
    if (struct instanceof Y.Skip) continue
    const { client, clock } = struct.id
    const ranges = byClient.get(client) ?? []
    ranges.push([clock, clock + struct.length])
    byClient.set(client, ranges)
  }
  /** @type {Map<number, [number, number][]>} */
  const deletes = new Map()
  for (const [client, items] of ds.clients) {
    deletes.set(client, items.map(({ clock, len }) => [clock, clock + len]))
  }
  const closed = structs.filter((struct) => struct instanceof Y.Item && struct.origin !== null &&
    Y.compareIDs(struct.origin, struct.rightOrigin)).length
  return {
    structs: listed(byClient),
    deletes: listed(deletes),
    closed,
    stateVector: [...Y.decodeStateVector(Y.encodeStateVectorFromUpdate(update))]
  }
}

/** Writes what is recorded to stdout, one JSON object a line. */
export class Tape {
  /** @param {string} name @param {Random} random */
  constructor(name, random) {
    this.name = name
    this.random = random
    /** @type {Uint8Array[]} */
    this.local = []
  }

  /** @param {object} record */
  write(record) {
    process.stdout.write(`${JSON.stringify(record)}\n`)
  }

  /** @param {Uint8Array} update @param {string} how */
  update(update, how) {
    const source = `${this.name}/${how}`
    this.write({ record: 'update', source, data: base64(update), ...facts(update) })
  }

  /** Record every update that an editor makes; `remote` marks what came from a peer. */
  follow(/** @type {Y.Doc} */ doc, /** @type {unknown} */ remote = 'remote') {
    doc.on('update', (/** @type {Uint8Array} */ update, /** @type {unknown} */ origin) => {
      if (origin === remote) return
      this.local.push(update)
      this.update(update, 'local')
    })
  }

  /** @param {Y.Doc} doc @param {string} root @param {unknown} shown */
  document(doc, root, shown) {
    const data = base64(Y.encodeStateAsUpdate(doc))
    this.write({ record: 'document', source: this.name, root, data, shown })
  }

  /** @param {Uint8Array} bytes @param {'state-vector' | 'awareness'} record @param {object} more */
  bytes(bytes, record, more = {}) {
    this.write({ record, source: this.name, data: base64(bytes), ...more })
  }

  /** Merges and cuts of what was recorded, and what each document sends as a whole. */
  derived(/** @type {Y.Doc[]} */ docs, count = 60) {
    const { local, random } = this
    for (const doc of docs) {
      this.update(Y.encodeStateAsUpdate(doc), 'full')
      const vector = Y.encodeStateVector(doc)
      this.bytes(vector, 'state-vector', { clocks: [...Y.decodeStateVector(vector)] })
    }
    const [first] = docs
    if (local.length < 3 || first === undefined) return
    const whole = Y.encodeStateAsUpdate(first)
    for (let round = 0; round < count; round++) {
      const start = random.below(local.length)
      const run = local.slice(start, start + 2 + random.below(30))
      this.update(Y.mergeUpdates(run), 'merged')
      // Leaving some out makes Skip structs: the shape of a log with a hole in it.
      const holed = local.filter(() => random.chance(0.3))
      if (holed.length > 1) this.update(Y.mergeUpdates(holed), 'gap')
      const known = Y.encodeStateVectorFromUpdate(Y.mergeUpdates(local.slice(0, start + 1)))
      this.update(Y.diffUpdate(whole, known), 'diff')
      this.update(Y.encodeStateAsUpdate(first, known), 'diff')
    }
  }
}
