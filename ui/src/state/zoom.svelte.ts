// Text size set by the person. All sizes are in rem, so the root font size scales everything.

const KEY = "zoom";
/** In percent. Beyond 200 % (WCAG 1.4.4) the sidebar and the page no longer fit beside each other. */
const steps = [50, 67, 80, 90, 100, 110, 125, 150, 175, 200];
/** An earlier version offered these. */
const earlier = [250, 300];

function kept(): number {
  const value = Number(localStorage.getItem(KEY));
  if (earlier.includes(value)) return 200;
  return steps.includes(value) ? value : 100;
}

class Zoom {
  percent = $state(kept());
  larger = $derived(steps.find((step) => step > this.percent));
  smaller = $derived(steps.findLast((step) => step < this.percent));

  set = (percent: number | undefined): void => {
    if (percent === undefined) return;
    this.percent = percent;
    localStorage.setItem(KEY, String(percent));
    this.apply();
  };

  /** Percentages are relative to the system's root font size. */
  apply = (): void => {
    const { style } = document.documentElement;
    if (this.percent === 100) style.removeProperty("font-size");
    else style.fontSize = `${this.percent}%`;
  };
}

export const zoom = new Zoom();
