const PREFIX = "collab:";

/** A remembered setting, or null; storage that is blocked remembers nothing. */
export function readSetting(name: string): string | null {
  try {
    return localStorage.getItem(PREFIX + name);
  } catch {
    return null;
  }
}

export function writeSetting(name: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(PREFIX + name);
    else localStorage.setItem(PREFIX + name, value);
  } catch {
    // Blocked or full storage: the setting lasts as long as the page.
  }
}
