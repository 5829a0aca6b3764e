/** Let the app open without the server. Where that is not possible, it works as before. */
export function keepAppOnDevice(): void {
  if (!import.meta.env.PROD || !("serviceWorker" in navigator)) return;
  // After the page is there: what is fetched for later must not slow it down.
  window.addEventListener("load", () => {
    setTimeout(() => {
      navigator.serviceWorker.register("/sw.js").catch(() => undefined);
    }, 1_000);
  });
}
