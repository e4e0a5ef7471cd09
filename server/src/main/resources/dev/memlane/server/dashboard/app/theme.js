// Runs before the page is drawn, so that a chosen theme doesn't flash.
(() => {
  let theme = "system";
  try {
    theme = localStorage.getItem("memlane-theme") ?? "system";
  } catch {
    // Storage may be forbidden; then the system's theme it is.
  }
  if (theme === "light" || theme === "dark") {
    document.documentElement.dataset.theme = theme;
  }
})();
