import * as Y from 'yjs'
import { Pair } from './pair.js'
import { Random } from './random.js'
import { Tape } from './tape.js'

/** Every kind of value that Yjs encodes by itself. @param {Random} random @returns {any} */
const value = (random, depth = 0) => {
  switch (random.below(depth > 3 ? 9 : 11)) {
    case 0: return null
    case 1: return undefined
    case 2: return random.chance(0.5)
    case 3: return random.below(2 ** 31) * random.pick([1, -1])
    case 4: return random.next() * 1e300
    case 5: return random.pick([0.5, -0, 2 ** 53 - 1, 3.4e38, 1e-320])
    case 6: return BigInt(random.below(2 ** 31)) * -(2n ** 20n)
    case 7: return Uint8Array.from({ length: random.below(20) }, () => random.below(256))
    case 8: return random.words()
    case 9: return Array.from({ length: random.below(4) }, () => value(random, depth + 1))
    default: return Object.fromEntries(
      Array.from({ length: random.below(4) }, () => [random.words(), value(random, depth + 1)]))
  }
}

/** @param {Random} random @returns {Y.AbstractType<any>} */
const nested = (random) => {
  switch (random.below(5)) {
    case 0: return new Y.Map([['k', value(random) ?? null]])
    case 1: return Y.Array.from([[value(random)], random.next()])
    case 2: return new Y.Text(random.words())
    case 3: return new Y.XmlText(random.words())
    default: return new Y.XmlElement(random.pick(['p', 'div', 'h1']))
  }
}

/** @typedef {(doc: Y.Doc, random: Random) => unknown} Action */

/** A place in a list with room for a span. @param {number} length @param {Random} random */
const span = (length, random) => {
  const at = random.below(length + 1)
  return { at, size: Math.min(random.below(6), length - at) }
}

/** @type {Action[]} */
const ACTIONS = [
  (doc, random) => doc.getMap('map').set(random.pick(['a', 'b', 'c']), value(random)),
  (doc, random) => doc.getMap('map').delete(random.pick(['a', 'b', 'c'])),
  (doc, random) => doc.getMap('map').set(random.pick(['n', 'm']), nested(random)),
  (doc, random) => doc.getMap('map').set('sub', new Y.Doc({ guid: `sub-${random.below(99)}` })),
  (doc, random) => {
    const array = doc.getArray('array')
    array.insert(span(array.length, random).at, [{ v: value(random) }, null, random.words(), new Uint8Array(3)])
  },
  (doc, random) => {
    const array = doc.getArray('array')
    array.insert(span(array.length, random).at, [nested(random)])
  },
  (doc, random) => {
    const array = doc.getArray('array')
    const { at, size } = span(array.length, random)
    array.delete(at, size)
  },
  (doc, random) => {
    const text = doc.getText('text')
    text.insert(span(text.length, random).at, random.words())
  },
  (doc, random) => {
    const text = doc.getText('text')
    const { at, size } = span(text.length, random)
    text.delete(at, size)
  },
  (doc, random) => {
    const text = doc.getText('text')
    const { at, size } = span(text.length, random)
    text.format(at, size, { [random.pick(['bold', 'link'])]: random.pick([true, null, { a: 1 }]) })
  },
  (doc, random) => {
    const text = doc.getText('text')
    text.insertEmbed(span(text.length, random).at, { image: random.words() })
  },
  (doc, random) => {
    const text = doc.getText('text')
    const relative = Y.createRelativePositionFromTypeIndex(text, span(text.length, random).at)
    doc.getMap('map').set('caret', Y.encodeRelativePosition(relative))
  },
  (doc, random) => {
    const fragment = doc.getXmlFragment('xml')
    const element = new Y.XmlElement('p')
    element.setAttribute('level', value(random))
    element.insert(0, [new Y.XmlText(random.words()), new Y.XmlElement('br')])
    fragment.insert(span(fragment.length, random).at, [element, new Y.XmlText()])
  },
  (doc, random) => {
    const fragment = doc.getXmlFragment('xml')
    const { at, size } = span(fragment.length, random)
    fragment.delete(at, size)
  }
]

/** @param {Tape} tape @param {Random} random @param {number} steps @param {boolean} gc */
const session = (tape, random, steps, gc) => {
  const pair = new Pair(random, { gc })
  pair.docs.forEach((doc) => tape.follow(doc))
  const undo = pair.docs.map((doc) =>
    new Y.UndoManager([doc.getText('text'), doc.getMap('map'), doc.getArray('array')]))
  for (let step = 0; step < steps; step++) {
    const side = random.pick(/** @type {const} */ ([0, 1]))
    const doc = pair.docs[side]
    if (random.chance(0.1)) undo[side]?.undo()
    else if (random.chance(0.05)) undo[side]?.redo()
    else {
      doc.transact(() => {
        for (let edits = 1 + random.below(3); edits > 0; edits--) random.pick(ACTIONS)(doc, random)
      })
    }
    if (random.chance(0.15)) pair.deliver(side)
  }
  pair.settle()
  pair.check()
  tape.derived(pair.docs, 40)
}

/** @param {Tape} tape @param {Random} random @param {number} steps */
export const record = async (tape, random, steps) => {
  session(tape, random, steps / 2, true)
  session(new Tape(`${tape.name}-kept`, random), random, steps / 2, false)
}
