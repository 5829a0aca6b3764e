// What a product's server does with y-sweet's SDK, and its page with y-sweet's client.
//
//   node ysweet_sdk.js manage CONNECTION DOCUMENT     every call of the SDK; prints what came back
//   node ysweet_sdk.js stay CONNECTION DOCUMENT       a client that prints what happens to it, and
//                                                     types a line for each line of its input

import { createYjsProvider } from '@y-sweet/client'
import { DocumentManager, getOrCreateDocAndToken, YSweetError } from '@y-sweet/sdk'
import { createInterface } from 'node:readline'
import WebSocket from 'ws'
import * as Y from 'yjs'

/** @param {unknown} value */
const tell = (value) => console.log(JSON.stringify(value))

/** @param {string} words */
function updateOf(words) {
  const doc = new Y.Doc()
  doc.getText('content').insert(0, words)
  return Y.encodeStateAsUpdate(doc)
}

/** @param {Uint8Array} update */
function wordsOf(update) {
  const doc = new Y.Doc()
  Y.applyUpdate(doc, update)
  return doc.getText('content').toString()
}

/** @param {Promise<unknown>} call */
async function refusal(call) {
  try {
    await call
  } catch (error) {
    return error instanceof YSweetError ? error.cause : String(error)
  }
  return null
}

/** @param {string} connection @param {string} document */
async function manage(connection, document) {
  const manager = new DocumentManager(connection)
  const first = await manager.createDoc()
  const seeded = await manager.createDocWithContent(updateOf('seeded'))
  const token = await getOrCreateDocAndToken(connection, document)
  await manager.createDoc(document)
  await manager.updateDoc(document, updateOf('words'))
  const reader = await manager.getDocConnection(document, { authorization: 'read-only' })
  return {
    store: await manager.checkStore(),
    made: first.docId !== seeded.docId,
    seeded: wordsOf(await manager.getDocAsUpdate(seeded.docId)),
    token,
    words: wordsOf(await manager.getDocAsUpdate(document)),
    read: wordsOf(await reader.getAsUpdate()),
    denied: await refusal(reader.updateDoc(updateOf('more'))),
    missing: await refusal(manager.getClientToken('no-such-document')),
    malformed: await refusal(manager.updateDoc(document, Uint8Array.of(1, 2, 3)))
  }
}

/** @param {string} connection @param {string} document */
async function stay(connection, document) {
  const doc = new Y.Doc()
  const manager = new DocumentManager(connection)
  let signs = 0

  class Watched extends WebSocket {
    /** @param {string | URL} address */
    constructor(address) {
      super(address)
      tell('connecting')
      this.addEventListener('message', ({ data }) => {
        if (Buffer.from(/** @type {ArrayBuffer} */ (data)).equals(Buffer.of(1, 1, 0))) {
          tell(['sign', (signs += 1)])
        }
      })
    }
  }

  const provider = createYjsProvider(doc, document, () => manager.getOrCreateDocAndToken(document), {
    WebSocketPolyfill: /** @type {any} */ (Watched),
    showDebuggerLink: false
  })
  provider.on('connection-status', (status) => tell(['status', status]))
  provider.on('local-changes', (unsaved) => tell(['unsaved', unsaved]))
  for await (const line of createInterface({ input: process.stdin })) {
    doc.getText('content').insert(0, line)
  }
  process.exit(0)
}

const [task, connection = '', document = ''] = process.argv.slice(2)
if (task === 'manage') {
  tell(await manage(connection, document))
} else {
  await stay(connection, document)
}
