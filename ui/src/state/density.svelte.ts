// How close rows and controls are: comfortable or compact.

export type Density = "comfortable" | "compact";
const KEY = "density";

class DensityPreference {
  density = $state<Density>(localStorage.getItem(KEY) === "compact" ? "compact" : "comfortable");

  choose = (density: Density): void => {
    this.density = density;
    localStorage.setItem(KEY, density);
    this.apply();
  };

  apply = (): void => {
    document.documentElement.dataset.density = this.density;
  };
}

export const densityPreference = new DensityPreference();
