/** A seeded source of choices, so that a recording can be made again from its seed. */
export class Random {
  /** @param {number} seed */
  constructor(seed) {
    this.state = seed >>> 0
  }

  /** Mulberry32: a number in [0, 1). */
  next() {
    this.state = (this.state + 0x6d2b79f5) >>> 0
    let mixed = this.state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  /** An integer in [0, bound). @param {number} bound */
  below(bound) {
    return Math.floor(this.next() * bound)
  }

  /** @param {number} probability */
  chance(probability) {
    return this.next() < probability
  }

  /** @template T @param {readonly T[]} choices @returns {T} */
  pick(choices) {
    return /** @type {T} */ (choices[this.below(choices.length)])
  }

  /** A client id as Yjs draws them: 32 random bits. */
  clientId() {
    return Math.floor(this.next() * 2 ** 32)
  }

  /** A few words, with the characters that make lengths differ: accents, CJK, surrogates. */
  words() {
    const count = 1 + this.below(4)
    return Array.from({ length: count }, () => this.pick(WORDS)).join(' ')
  }
}

const WORDS = [
  'river', 'lamp', 'seven', 'blue', 'a', 'naïve', 'Zürich', '日本', '🙂', '👩‍👩‍👧', 'e\u0301', '<b>', '&amp;',
  '*star*', '_under_', '`tick`', '[x]', '#', '1.', '|', '\\', 'עברית', '--', 'x'.repeat(40)
]
