// The theme: light, dark or the system's.

export type Theme = "system" | "light" | "dark";
const KEY = "theme";

function kept(): Theme {
  const value = localStorage.getItem(KEY);
  return value === "light" || value === "dark" ? value : "system";
}

class ThemePreference {
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

export const themePreference = new ThemePreference();
