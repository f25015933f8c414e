// The page of a solve that still runs loads itself anew, as long as the solve renews it.

/// What the window keeps in its name from one load to the next: which page it has shown, how often that was still the
/// same when it was loaded anew, and the colours.
const kept = (() => {
  try {
    return JSON.parse(window.name) || {};
  } catch {
    return {};
  }
})();

function keep(changes) {
  window.name = JSON.stringify(Object.assign(kept, changes));
}

/// "40 s", "3 min", "2 h".
function roughly(time) {
  if (time < 100) return `${Math.round(time)} s`;
  return time < 6000 ? `${Math.round(time / 60)} min` : `${Math.round(time / 3600)} h`;
}

function stayLive() {
  const live = data.live;
  if (!live) return;
  if (kept.theme) chosenTheme = kept.theme;
  document.getElementById("theme").addEventListener("click", () => keep({ theme: chosenTheme }));
  // Loads are counted, not seconds: clocks may differ, and a machine that slept has missed nothing.
  const unchanged = kept.page === live.renewed ? kept.unchanged + (kept.asked ? 1 : 0) : 0;
  keep({ page: live.renewed, unchanged, asked: false });
  const node = document.getElementById("live");
  node.hidden = false;
  const at = new Date(live.renewed).toLocaleTimeString();
  if (unchanged * live.between > live.within) {
    node.classList.add("lost");
    node.textContent =
      `The solve has not renewed this page since ${at}. It was to do so within ${roughly(live.within)}, so it has ` +
      "probably been killed, or its machine has failed. The page no longer loads itself: load it to look again.";
    return;
  }
  const tell = () => {
    const age = (Date.now() - live.renewed) / 1000;
    node.textContent =
      `The solve goes on. As of ${at}` + (age >= 1 ? `, ${roughly(age)} ago` : "") +
      (age > live.within ? "; that is long, and it may have been killed." : ".");
  };
  tell();
  setInterval(tell, 1000);
  setTimeout(() => {
    keep({ asked: true });
    location.reload();
  }, 1000 * live.between);
}
