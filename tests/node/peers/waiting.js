/** Waiting for a state that only events can bring, never for an amount of time. */
export class Signal {
  constructor() {
    /** @type {Set<() => void>} */
    this.listeners = new Set()
  }

  /** Something changed: whoever waits looks again. */
  fire = () => {
    for (const listener of [...this.listeners]) listener()
  }

  /**
   * Resolves once `holds` returns true; rejects at the deadline with what was awaited and what
   * was there instead.
   *
   * @param {() => boolean} holds
   * @param {number} milliseconds
   * @param {() => string} describe
   * @returns {Promise<void>}
   */
  until(holds, milliseconds, describe) {
    return new Promise((resolve, reject) => {
      const finish = (/** @type {() => void} */ settle) => {
        clearTimeout(deadline)
        this.listeners.delete(look)
        settle()
      }
      const look = () => {
        if (holds()) finish(resolve)
      }
      const late = () => reject(new Error(`not within ${milliseconds} ms: ${describe()}`))
      const deadline = setTimeout(() => finish(late), milliseconds)
      this.listeners.add(look)
      look()
    })
  }
}
