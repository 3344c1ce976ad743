// Counts down the time that is held. The page says when it ends without this; at the end this says so, and does nothing else.
const SPOKEN = [300, 120, 60]; // seconds left at which a screen reader hears it

function words(seconds) {
  const unit = seconds < 60 ? "second" : "minute";
  const n = seconds < 60 ? seconds : Math.round(seconds / 60);
  return `${n} ${unit}${n === 1 ? "" : "s"} left`;
}

export function countDown(root) {
  const part = (name) => root.querySelector(`[data-hold-${name}]`);
  const bar = root.querySelector("progress");
  const end = Date.now() + Number(root.dataset.left) * 1000; // from the server's count, not from this clock
  let before = Infinity;
  const tick = () => {
    const left = Math.max(0, Math.round((end - Date.now()) / 1000));
    bar.value = left;
    part("left").textContent = words(left);
    if (SPOKEN.some((at) => before !== Infinity && before > at && left <= at)) part("said").textContent = words(left);
    before = left;
    if (left > 0) return void setTimeout(tick, 1000);
    part("over").hidden = false;
    part("said").textContent = part("over").textContent;
    root.classList.add("is-over");
  };
  tick();
}

document.querySelectorAll("[data-hold]").forEach(countDown);
