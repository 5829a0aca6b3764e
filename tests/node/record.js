/**
 * node record.js EDITOR SEED STEPS
 *
 * Drives a real editor with seeded choices and writes every update that it makes to stdout,
 * one JSON object a line (see recorder/tape.js).
 */
import './recorder/clock.js'
import { Random } from './recorder/random.js'
import { Tape } from './recorder/tape.js'

/** @typedef {{ record: (tape: Tape, random: Random, steps: number) => Promise<void> }} Recorder */

/** @type {Record<string, () => Promise<Recorder>>} */
const RECORDERS = {
  tiptap: () => import('./recorder/tiptap.js'),
  undo: () => import('./recorder/undo.js'),
  prosemirror: () => import('./recorder/prosemirror.js'),
  codemirror: () => import('./recorder/codemirror.js'),
  quill: () => import('./recorder/quill.js'),
  raw: () => import('./recorder/raw.js')
}

const [name = '', seed = '1', steps = '300'] = process.argv.slice(2)
const load = RECORDERS[name]
if (load === undefined) throw new Error(`no such editor: ${name}`)
const random = new Random(Number(seed))
const recorder = await load()
await recorder.record(new Tape(name, random), random, Number(steps))
process.stdout.write('', () => process.exit(0)) // editors leave timers behind
