import { useMemo, useSyncExternalStore } from "react";
import { parseRoute, type Route } from "./routes";

const FRESH = "fresh";
const watchers = new Set<() => void>();

function subscribe(watcher: () => void): () => void {
  watchers.add(watcher);
  window.addEventListener("popstate", watcher);
  return () => {
    watchers.delete(watcher);
    window.removeEventListener("popstate", watcher);
  };
}

/** Go to another page of the app without loading it anew; `fresh` for a note made just now. */
export function navigate(path: string, fresh = false): void {
  if (path === location.pathname) return;
  history.pushState(fresh ? FRESH : null, "", path);
  scrollTo(0, 0);
  for (const watcher of [...watchers]) watcher();
}

/** Whether this page is a note made just now; true once. */
export function takeFresh(): boolean {
  const fresh = history.state === FRESH;
  if (fresh) history.replaceState(null, "");
  return fresh;
}

export function useRoute(): Route {
  const path = useSyncExternalStore(subscribe, () => location.pathname);
  return useMemo(() => parseRoute(path), [path]);
}
