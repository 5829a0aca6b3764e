/**
 * Real Yjs clients, driven by JSON lines: a request `{"id", "op", "peer", ...}` on stdin, its
 * answer `{"id", "result"}` or `{"id", "error"}` on stdout. Requests run side by side, so that
 * one may wait while others act.
 */
import { createInterface } from 'node:readline'
import * as Y from 'yjs'
import { clocks, fromBase64, isPending, read, toBase64 } from './peers/content.js'
import { Peer } from './peers/peer.js'
import { Typist } from './peers/typist.js'

process.setMaxListeners(0) // each provider waits for the end of the process

/** @type {Map<string, Peer>} */
const peers = new Map()
/** @type {Map<string, Typist>} */
const typists = new Map()

/** @param {Record<string, any>} request */
const peerOf = ({ peer }) => {
  const found = peers.get(peer)
  if (found === undefined) throw new Error(`no such peer: ${peer}`)
  return found
}

/** @param {Record<string, any>} request */
const typistOf = ({ peer }) => {
  const found = typists.get(peer)
  if (found === undefined) throw new Error(`no such typist: ${peer}`)
  return found
}

/** @type {Record<string, (request: Record<string, any>) => unknown>} what `until` can wait for */
const CONDITIONS = {
  synced: (request) => peerOf(request).provider.synced,
  disconnected: (request) => !peerOf(request).provider.wsconnected,
  content: (r) => peerOf(r).content(r.root, r.kind) === r.equals,
  contains: (r) => r.parts.every((/** @type {string} */ part) =>
    peerOf(r).content(r.root, r.kind).includes(part)),
  clocks: (r) => !isPending(peerOf(r).doc) &&
    JSON.stringify(clocks(peerOf(r).doc)) === JSON.stringify(r.equals),
  closed: (r) => peerOf(r).closes.includes(r.code),
  closes: (r) => peerOf(r).closes.length >= r.count,
  states: (r) => peerOf(r).states().length === r.count,
  state: (r) => peerOf(r).states().some(([client, state]) =>
    client === r.client && JSON.stringify(state).includes(r.part)),
  acknowledged: (r) => peerOf(r).acknowledged >= r.count,
  received: (r) => peerOf(r).received.includes(r.type)
}

/** @type {Record<string, (request: Record<string, any>) => unknown>} */
const OPERATIONS = {
  open: ({ peer: name, options }) => {
    const peer = new Peer(options)
    peers.set(name, peer)
    return peer.doc.clientID
  },
  end: (request) => {
    peerOf(request).end()
    peers.delete(request.peer)
  },
  insert: (r) => peerOf(r).insert(r.root, r.paragraph, r.index, r.text, r.marks ?? undefined),
  remove: (r) => peerOf(r).remove(r.root, r.paragraph, r.index, r.length),
  apply: (r) => Y.applyUpdate(peerOf(r).doc, fromBase64(r.update)),
  offline: (request) => peerOf(request).provider.disconnect(),
  online: (request) => peerOf(request).provider.connect(),
  cut: (request) => peerOf(request).cut(),
  show: (r) => peerOf(r).awareness.setLocalState(r.state),
  query: (request) => peerOf(request).provider.ws?.send(Uint8Array.of(3)),
  saved: (r) => peerOf(r).saved(r.within),
  content: (r) => peerOf(r).content(r.root, r.kind),
  clocks: (request) => clocks(peerOf(request).doc),
  update: (request) => toBase64(Y.encodeStateAsUpdate(peerOf(request).doc)),
  states: (request) => peerOf(request).states(),
  closes: (request) => peerOf(request).closes,
  received: (request) => peerOf(request).received,
  until: (request) => {
    const holds = CONDITIONS[request.condition]
    if (holds === undefined) throw new Error(`no such condition: ${request.condition}`)
    const peer = peerOf(request)
    const describe = () => `${JSON.stringify({ ...request, id: undefined })}; ${peer.describe()}`
    return peer.signal.until(() => Boolean(holds(request)), request.within, describe)
  },
  typist: (r) => {
    typists.set(r.peer, new Typist(r.peer, peerOf(r), r.root, r.seed))
  },
  type: (r) => typistOf(r).start(r.every),
  acknowledged: (request) => peerOf(request).acknowledged,
  rest: (request) => typistOf(request).stop(),
  account: (request) => typistOf(request).account(),
  load: ({ update, root, kind }) => {
    const doc = new Y.Doc()
    Y.applyUpdate(doc, fromBase64(update))
    return { content: read(doc, root, kind), clocks: clocks(doc), pending: isPending(doc) }
  }
}

/** @param {object} answer */
const reply = (answer) => process.stdout.write(`${JSON.stringify(answer)}\n`)

/** @param {string} line */
const serve = async (line) => {
  const request = JSON.parse(line)
  try {
    const operation = OPERATIONS[request.op]
    if (operation === undefined) throw new Error(`no such operation: ${request.op}`)
    reply({ id: request.id, result: (await operation(request)) ?? null })
  } catch (error) {
    reply({ id: request.id, error: error instanceof Error ? error.message : String(error) })
  }
}

createInterface({ input: process.stdin }).on('line', (line) => void serve(line))
  .on('close', () => process.exit(0))
