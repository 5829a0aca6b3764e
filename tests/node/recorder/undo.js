import { Editor } from '@tiptap/core'
import { Pair, turn } from './pair.js'
import { Random } from './random.js'
import { Tape } from './tape.js'
import { act, createEditor } from './tiptap.js'

/**
 * Two people in Tiptap who undo and redo much, while the other's edits come in.
 *
 * @param {Tape} tape @param {Random} random @param {number} steps
 */
export const record = async (tape, random, steps) => {
  const pair = new Pair(random)
  pair.docs.forEach((doc) => tape.follow(doc))
  const editors = pair.docs.map(createEditor)
  await turn()
  for (let step = 0; step < steps; step++) {
    const side = random.pick(/** @type {const} */ ([0, 1]))
    const editor = /** @type {Editor} */ (editors[side])
    if (random.chance(0.75)) act(editor, random)
    else if (random.chance(0.55)) editor.commands.undo()
    else editor.commands.redo()
    if (random.chance(0.15)) pair.deliver(side)
  }
  pair.settle()
  pair.check()
  tape.document(pair.docs[0], 'default', editors[0]?.getJSON())
  tape.derived(pair.docs, 20)
}
