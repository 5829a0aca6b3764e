/**
 * A place in a text that a caret can reach: no caret stands inside a surrogate pair.
 *
 * @param {string} text @param {number} at
 */
export const reachable = (text, at) => /[\udc00-\udfff]/.test(text[at] ?? '') ? at - 1 : at
