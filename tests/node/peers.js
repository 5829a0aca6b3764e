/**
 * Real Yjs clients, driven by JSON lines: a request `{"id", "op", "peer", ...}` on stdin, its
 * answer `{"id", "result"}` or `{"id", "error"}` on stdout. Requests run side by side, so that
 * one may wait while others act.
 */
import { createInterface } from 'node:readline'
import * as Y from 'yjs'
import { clocks, fromBase64, isPending, read, toBase64 } from './peers/content.js'
import { HocuspocusPeer } from './peers/hocuspocus.js'
import { openPeer } from './peers/peer.js'
import { Typist } from './peers/typist.js'
import { YWebsocketPeer } from './peers/y-websocket.js'

process.setMaxListeners(0) // each provider waits for the end of the process

/** @typedef {import('./peers/peer.js').Peer} Peer */

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
const yWebsocketOf = (request) => {
  const peer = peerOf(request)
  if (!(peer instanceof YWebsocketPeer)) throw new Error(`${request.peer} is no y-websocket`)
  return peer
}

/** @param {Record<string, any>} request */
const hocuspocusOf = (request) => {
  const peer = peerOf(request)
  if (!(peer instanceof HocuspocusPeer)) throw new Error(`${request.peer} is no Hocuspocus`)
  return peer
}

/** @param {Record<string, any>} request */
const typistOf = ({ peer }) => {
  const found = typists.get(peer)
  if (found === undefined) throw new Error(`no such typist: ${peer}`)
  return found
}

/** @type {Record<string, (request: Record<string, any>) => unknown>} what `until` can wait for */
const CONDITIONS = {
  synced: (request) => peerOf(request).synced,
  disconnected: (request) => !peerOf(request).connected,
  saved: (request) => peerOf(request).isSaved,
  refused: (r) => peerOf(r).refusals.length >= r.count,
  asked: (r) => peerOf(r).asked >= r.count,
  scope: (r) => peerOf(r).scope === r.equals,
  heard: (r) => hocuspocusOf(r).heard.includes(r.payload),
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
  gone: (r) => peerOf(r).states().every(([client]) => client !== r.client),
  acknowledged: (r) => yWebsocketOf(r).acknowledged >= r.count,
  received: (r) => yWebsocketOf(r).received.includes(r.type)
}

/** @type {Record<string, (request: Record<string, any>) => unknown>} */
const OPERATIONS = {
  open: ({ peer: name, options }) => {
    const { beside, ...others } = options
    const shared = beside === undefined ? {} : { beside: hocuspocusOf({ peer: beside }) }
    const peer = openPeer({ ...others, ...shared })
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
  offline: (request) => peerOf(request).disconnect(),
  online: (request) => peerOf(request).connect(),
  cut: (request) => peerOf(request).cut(),
  show: (r) => peerOf(r).awareness.setLocalState(r.state),
  query: (request) => peerOf(request).query(),
  token: (r) => {
    peerOf(r).token = r.token
  },
  stateless: (r) => hocuspocusOf(r).provider.sendStateless(r.payload),
  saved: (r) => peerOf(r).saved(r.within),
  content: (r) => peerOf(r).content(r.root, r.kind),
  clocks: (request) => clocks(peerOf(request).doc),
  update: (request) => toBase64(Y.encodeStateAsUpdate(peerOf(request).doc)),
  states: (request) => peerOf(request).states(),
  closes: (request) => peerOf(request).closes,
  refusals: (request) => peerOf(request).refusals,
  asked: (request) => peerOf(request).asked,
  scope: (request) => peerOf(request).scope,
  heard: (request) => hocuspocusOf(request).heard,
  isSaved: (request) => peerOf(request).isSaved,
  received: (request) => yWebsocketOf(request).received,
  until: (request) => {
    const holds = CONDITIONS[request.condition]
    if (holds === undefined) throw new Error(`no such condition: ${request.condition}`)
    const peer = peerOf(request)
    const describe = () => `${JSON.stringify({ ...request, id: undefined })}; ${peer.describe()}`
    return peer.signal.until(() => Boolean(holds(request)), request.within, describe)
  },
  typist: (r) => {
    typists.set(r.peer, new Typist(r.peer, yWebsocketOf(r), r.root, r.seed))
  },
  type: (r) => typistOf(r).start(r.every),
  acknowledged: (request) => yWebsocketOf(request).acknowledged,
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
