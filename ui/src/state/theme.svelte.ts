// Light, dark, or as the system says.

export type Theme = "system" | "light" | "dark";
const KEY = "theme";

function kept(): Theme {
  const value = localStorage.getItem(KEY);
  return value === "light" || value === "dark" ? value : "system";
}

class Choice {
  theme = $state<Theme>(kept());

  choose = (theme: Theme): void => {
    this.theme = theme;
    localStorage.setItem(KEY, theme);
    this.apply();
  };

  apply = (): void => {
    if (this.theme === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = this.theme;
  };
}

export const choice = new Choice();
