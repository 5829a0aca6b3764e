/**
 * Colours of people. Each carries white text (4.5:1) and is seen as a caret on the light and
 * on the dark page (3:1); a test computes it.
 */
export const PALETTE = [
  "#3b66e0",
  "#b4441f",
  "#0c7d6f",
  "#a8459b",
  "#867005",
  "#7c55d8",
  "#c13257",
  "#3a7d2c",
  "#1577a3",
  "#946026",
] as const;

/** The colour a peer claims if it is one of ours, or else a lasting one for its client id. */
export function paletteColor(claimed: unknown, client: number): string {
  const known = PALETTE.find((color) => color === claimed);
  return known ?? PALETTE[client % PALETTE.length] ?? PALETTE[0];
}
