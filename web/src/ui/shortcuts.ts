function isMac(): boolean {
  return /Mac|iPhone|iPad/.test(navigator.platform);
}

const MAC_KEYS: Record<string, string> = { Mod: "⌘", Shift: "⇧", Alt: "⌥" };

/** A shortcut as keyboards here name it: "Mod+Shift+S" is ⇧⌘S or Ctrl+Shift+S. */
export function shortcutText(shortcut: string, onMac = isMac()): string {
  const keys = shortcut.split("+");
  if (!onMac) return keys.map((key) => (key === "Mod" ? "Ctrl" : key)).join("+");
  const order = ["Alt", "Shift", "Mod"];
  const sorted = [
    ...order.filter((key) => keys.includes(key)),
    ...keys.filter((key) => !order.includes(key)),
  ];
  return sorted.map((key) => MAC_KEYS[key] ?? key).join("");
}

/** The same for aria-keyshortcuts, whose names are fixed. */
export function ariaShortcut(shortcut: string, onMac = isMac()): string {
  return shortcut.replace("Mod", onMac ? "Meta" : "Control");
}

/** Whether a key press is meant for a field or the editor rather than the page. */
export function isTyping(event: KeyboardEvent): boolean {
  const target = event.target instanceof Element ? event.target : null;
  return target?.closest("input, textarea, select, [contenteditable=true], dialog") != null;
}
