/**
 * node replay.js TRACE URL ROOM ROOT waiting|flooding
 *
 * Replays a trace of two people through a server with two real clients. Waiting, each client
 * sends an edit when it has received what its author had seen; flooding, it sends at once, and
 * the server and the other client get edits before those that they build on.
 *
 * Writes one JSON object: seconds and whether both clients ended with the trace's content.
 */
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import * as encoding from 'lib0/encoding'
import { writeUpdate } from 'y-protocols/sync'
import { messageSync } from 'y-websocket'
import * as Y from 'yjs'
import { YWebsocketPeer } from './peers/y-websocket.js'
import { clocksOf, steps as stepsOf } from './replay/trace.js'

const PATIENCE = 120_000
const [path = '', url = '', room = '', root = 'content', mode = 'waiting'] = process.argv.slice(2)
const packed = readFileSync(path)
const trace = JSON.parse((path.endsWith('.gz') ? gunzipSync(packed) : packed).toString())

const started = performance.now()
const all = stepsOf(trace.txns, root)
const built = performance.now()

const peers = [0, 1].map(() => new YWebsocketPeer({ url, room }, 3))
await Promise.all(peers.map((peer) =>
  peer.signal.until(() => peer.synced && peer.answered, PATIENCE, () => peer.describe())))

/** @param {YWebsocketPeer} peer @param {Uint8Array} update */
const send = (peer, update) => {
  const encoder = encoding.createEncoder()
  encoding.writeVarUint(encoder, messageSync)
  writeUpdate(encoder, update)
  peer.provider.ws?.send(encoding.toUint8Array(encoder))
  // With the provider as origin, it does not send what was just sent.
  Y.applyUpdate(peer.doc, update, peer.provider)
}

const steps = [0, 1].map((agent) => all.filter((step) => step.agent === agent))
const clocks = steps.map(clocksOf)

/** @param {number} agent */
const write = async (agent) => {
  const peer = /** @type {YWebsocketPeer} */ (peers[agent])
  const other = /** @type {ReturnType<typeof clocksOf>} */ (clocks[1 - agent])
  for (const { update, seen } of steps[agent] ?? []) {
    const needed = seen === 0 ? 0 : other.after[seen - 1] ?? 0
    const has = () => Y.getState(peer.doc.store, other.client) >= needed
    if (mode === 'waiting' && !has()) {
      await peer.signal.until(has, PATIENCE, () => `step ${seen} of the other; ${peer.describe()}`)
    }
    send(peer, update)
  }
}

const begun = performance.now()
await Promise.all([write(0), write(1)])
const sent = performance.now()
await Promise.all(peers.map((peer) => peer.saved(PATIENCE)))
const saved = performance.now()
await Promise.all(peers.map((peer) => peer.signal.until(
  () => peer.content(root, 'text') === trace.endContent, PATIENCE, () => peer.describe())))
const equal = performance.now()

const seconds = (/** @type {number} */ from, /** @type {number} */ to) => (to - from) / 1000
const result = {
  steps: all.length,
  bytes: all.reduce((sum, { update }) => sum + update.length, 0),
  characters: trace.endContent.length,
  building: seconds(started, built),
  sending: seconds(begun, sent),
  saved: seconds(begun, saved),
  equal: seconds(begun, equal)
}
process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0))
