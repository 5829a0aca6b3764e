/** The address that someone means by what they typed, or null if it is none to link to. */
export function linkAddress(typed: string): string | null {
  const text = typed.trim();
  if (text === "" || /\s/.test(text)) return null;
  if (/^(https?:\/\/|mailto:|tel:)/i.test(text)) return parses(text) ? text : null;
  if (/^[/#]/.test(text)) return text;
  if (/^[^@/:]+@[^@/:]+\.[^@/:]+$/.test(text)) return `mailto:${text}`;
  // Any other scheme is refused: javascript: and data: run, the rest mean nothing to others.
  if (/^[a-z][a-z0-9+.-]*:(?!\d)/i.test(text)) return null;
  const guess = `https://${text}`;
  return parses(guess) ? guess : null;
}

/** The address of a picture: only https, which is all that the page may load. */
export function imageAddress(typed: string): string | null {
  const text = typed.trim();
  if (/^https:\/\//i.test(text)) return parses(text) ? text : null;
  if (/^[a-z][a-z0-9+.-]*:(?!\d)/i.test(text) || !text.includes(".")) return null;
  const guess = `https://${text}`;
  return !/\s/.test(text) && parses(guess) ? guess : null;
}

function parses(address: string): boolean {
  return URL.canParse(address);
}
