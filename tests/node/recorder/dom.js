import { JSDOM } from 'jsdom'

const { window } = new JSDOM('<!doctype html><body></body>', { pretendToBeVisual: true })

const NAMES = [
  'document', 'navigator', 'Node', 'Element', 'HTMLElement', 'HTMLImageElement', 'Text', 'Range',
  'Selection', 'MutationObserver', 'DOMParser', 'Event', 'CustomEvent', 'KeyboardEvent',
  'innerHeight', 'innerWidth', 'getSelection', 'getComputedStyle', 'requestAnimationFrame',
  'cancelAnimationFrame', 'Window'
]

/** @param {string} name @param {unknown} value */
const define = (name, value) =>
  Object.defineProperty(globalThis, name, { value, configurable: true, writable: true })

define('window', window)
for (const name of NAMES) {
  const value = Reflect.get(window, name)
  const isFunction = typeof value === 'function' && /^[a-z]/.test(name)
  define(name, isFunction ? value.bind(window) : value)
}
// jsdom lays nothing out; editors that ask where text lies get an empty place.
window.Range.prototype.getClientRects = () =>
  /** @type {DOMRectList} */ (/** @type {unknown} */ ([]))
window.Range.prototype.getBoundingClientRect = () => new window.DOMRect(0, 0, 0, 0)

/** A fresh element in the page for an editor to live in. */
export const place = () => {
  const element = window.document.createElement('div')
  window.document.body.append(element)
  return element
}

/** A paste event without clipboard data: the data goes to the editor directly. */
export const pasteEvent = () =>
  /** @type {ClipboardEvent} */ (/** @type {unknown} */ (new window.Event('paste')))
