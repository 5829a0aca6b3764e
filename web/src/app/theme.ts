import { Store } from "./Store";
import { readSetting, writeSetting } from "./settings";

export type Theme = "system" | "light" | "dark";

function remembered(): Theme {
  const theme = readSetting("theme");
  return theme === "light" || theme === "dark" ? theme : "system";
}

export const themeChoice = new Store<Theme>(remembered());

/** Choose a theme and remember it. `public/theme.js` puts it on before the first paint. */
export function setTheme(theme: Theme): void {
  writeSetting("theme", theme === "system" ? null : theme);
  if (theme === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme;
  themeChoice.set(theme);
}
