// Runs before the first paint, so that a remembered dark theme never flashes white. It is a
// file of its own because the content security policy allows no inline script.
try {
  const theme = localStorage.getItem("collab:theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // Storage may be blocked; the system's theme is used then.
}
