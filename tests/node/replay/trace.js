import * as Y from 'yjs'

/**
 * @typedef {object} Transaction
 * @property {number[]} parents indexes of the transactions it came after
 * @property {0 | 1} agent
 * @property {[number, number, string][]} patches position and length in code points, text
 *
 * @typedef {object} Step
 * @property {number} agent
 * @property {Uint8Array} update what the agent's client sent
 * @property {number} seen how many steps of the other agent it came after
 */

/** @typedef {[number, number]} Seen how many steps of each agent */

/** @typedef {{ doc: Y.Doc, seen: number, own: Step[] }} Replica */

/**
 * Where both wrote at the same place at once, the lower client id comes first; the recorded
 * end has the first agent's text first.
 */
const FIRST_CLIENT = 1001

/** @param {number} clientId @returns {Replica} */
const replicaOf = (clientId) => {
  const doc = new Y.Doc()
  doc.clientID = clientId
  return { doc, seen: 0, own: [] }
}

/** @param {Y.Text} text @param {Transaction['patches']} patches */
const apply = (text, patches) => {
  for (const [position, deleted, inserted] of patches) {
    if (deleted > 0) text.delete(position, deleted)
    if (inserted !== '') text.insert(position, inserted)
  }
}

/** What a transaction came after. @param {Seen[]} histories @param {number[]} parents */
const historyOf = (histories, parents) =>
  parents.reduce((all, parent) => {
    const [first, second] = /** @type {Seen} */ (histories[parent])
    return /** @type {Seen} */ ([Math.max(all[0], first), Math.max(all[1], second)])
  }, /** @type {Seen} */ ([0, 0]))

/**
 * The updates that two agents' clients sent, made on replicas that held exactly what each
 * transaction came after.
 *
 * @param {Transaction[]} transactions @param {string} root
 * @returns {Step[]}
 */
export const steps = (transactions, root) => {
  if (/[\ud800-\udfff]/.test(JSON.stringify(transactions))) {
    throw new Error('positions beyond the basic plane are not supported')
  }
  /** @type {Seen[]} */
  const histories = []
  /** @type {Step[]} */
  const all = []
  const replicas = /** @type {[Replica, Replica]} */ (
    [replicaOf(FIRST_CLIENT), replicaOf(FIRST_CLIENT + 1)])
  transactions.forEach(({ parents, agent, patches }, index) => {
    const history = historyOf(histories, parents)
    const self = replicas[agent]
    const other = agent === 0 ? replicas[1] : replicas[0]
    const seen = agent === 0 ? history[1] : history[0]
    if (history[agent] !== self.own.length || seen < self.seen) {
      throw new Error(`transaction ${index} does not come after the earlier ones of its agent`)
    }
    for (const { update } of other.own.slice(self.seen, seen)) Y.applyUpdate(self.doc, update)
    self.seen = seen
    /** @type {Uint8Array[]} */
    const made = []
    self.doc.once('update', (/** @type {Uint8Array} */ update) => made.push(update))
    self.doc.transact(() => apply(self.doc.getText(root), patches))
    const [update] = made
    if (update === undefined) throw new Error(`transaction ${index} changes nothing`)
    const step = { agent, update, seen }
    self.own.push(step)
    all.push(step)
    history[agent]++
    histories.push(history)
  })
  return all
}

/** The client id and its clock after each step of one agent. @param {Step[]} own */
export const clocksOf = (own) => {
  let client = 0
  let clock = 0
  const after = own.map(({ update }) => {
    for (const [id, to] of Y.parseUpdateMeta(update).to) [client, clock] = [id, to]
    return clock
  })
  return { client, after }
}
