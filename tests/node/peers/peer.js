import { HocuspocusPeer } from './hocuspocus.js'
import { YSweetPeer } from './y-sweet.js'
import { YWebsocketPeer } from './y-websocket.js'

/** @typedef {YWebsocketPeer | HocuspocusPeer | YSweetPeer} Peer */

/**
 * What a client is opened with.
 *
 * @typedef {object} Options
 * @property {Kind} [kind]
 * @property {string} url the server, such as `http://127.0.0.1:1234`
 * @property {string} room
 * @property {string | null} [token]
 * @property {object | null} [user] the presence to show
 * @property {number} [clientId]
 * @property {number} [backoff] the longest wait before it connects again, in ms
 * @property {boolean} [create] whether its document may have to be made, where that is a request
 * @property {boolean} [direct] whether the token is for the socket itself, where it may be otherwise
 * @property {'full' | 'read-only'} [authorization] what to ask for, where that is said
 * @property {HocuspocusPeer} [beside] whose socket to share
 * @property {boolean} [sessions] whether the document may be open twice on one socket
 */

/** @typedef {'y-websocket-2' | 'y-websocket-3' | 'hocuspocus-2' | 'hocuspocus-3' | 'hocuspocus-4' | 'y-sweet'} Kind */

/**
 * A real client of some kind, with its document.
 *
 * @param {Options} options
 * @returns {Peer}
 */
export const openPeer = (options) => {
  const { kind = 'y-websocket-3' } = options
  switch (kind) {
    case 'y-websocket-2': return new YWebsocketPeer(options, 2)
    case 'y-websocket-3': return new YWebsocketPeer(options, 3)
    case 'hocuspocus-2': return new HocuspocusPeer(options, 2)
    case 'hocuspocus-3': return new HocuspocusPeer(options, 3)
    case 'hocuspocus-4': return new HocuspocusPeer(options, 4)
    case 'y-sweet': return new YSweetPeer(options)
  }
}
