const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** How long ago, in words: "just now", "5 minutes ago", "yesterday", or a date after a week. */
export function relativeTime(iso: string, now: number, locale?: string): string {
  const then = Date.parse(iso);
  if (Number.isNaN(then)) return "";
  // Clocks differ: a note of the near future was edited now.
  const seconds = Math.max(0, (now - then) / 1000);
  const words = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
  if (seconds < 45) return "just now";
  if (seconds < HOUR) return words.format(-Math.max(1, Math.round(seconds / MINUTE)), "minute");
  if (seconds < DAY) return words.format(-Math.round(seconds / HOUR), "hour");
  if (seconds < 7 * DAY) return words.format(-Math.floor(seconds / DAY), "day");
  const sameYear = new Date(then).getFullYear() === new Date(now).getFullYear();
  const format: Intl.DateTimeFormatOptions = sameYear
    ? { day: "numeric", month: "short" }
    : { day: "numeric", month: "short", year: "numeric" };
  return new Intl.DateTimeFormat(locale, format).format(then);
}

export function fullTime(iso: string): string {
  const then = Date.parse(iso);
  if (Number.isNaN(then)) return "";
  return new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "short" }).format(then);
}
