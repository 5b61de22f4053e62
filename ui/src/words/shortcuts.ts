// The list of keyboard shortcuts, and the window's title.

import { isMac } from "../state/system";

const signs: { [key in string]: string } = {
  arrowleft: "←",
  arrowright: "→",
  arrowup: "↑",
  arrowdown: "↓",
  "-": "−",
  " ": "Space",
  enter: "Enter",
};

export const shortcutWords = {
  title: "Keyboard shortcuts",
  groups: { window: "Window", connection: "Connection", list: "List of connections", size: "Text size" },
  of: {
    commands: "Commands and search",
    filter: "Filter the list",
    add: "Add app",
    settings: "Settings",
    back: "Back",
    forward: "Forward",
    help: "Keyboard shortcuts",
    undo: "Undo the last removal",
    refresh: "Refresh the token",
    copy: "Copy the token",
    edit: "Edit the details",
    tabs: "Switch tab",
    send: "Send the request",
    select: "Select or deselect",
    selectAll: "Select all",
    move: "Move up or down",
    menu: "Show the actions",
    larger: "Larger",
    smaller: "Smaller",
    usualSize: "Reset",
  },
  /** The keys to press together, as their caps say. */
  keys: (modifiers: string, key: string): string[] => [
    ...modifiers
      .split("+")
      .filter(Boolean)
      .map((one) => {
        // macOS searches with ⌘ Space; the window takes either key.
        if (one === "control") return !isMac() ? "Ctrl" : key === " " ? "⌃" : "⌘";
        return one === "alt" ? (isMac() ? "⌥" : "Alt") : "Shift";
      }),
    signs[key] ?? key.toUpperCase(),
  ],
  /** A shortcut of `aria-keyshortcuts`, as in a menu. */
  caps: (keys: string): string => {
    const modifiers = keys.toLowerCase().split("+");
    const key = modifiers.pop() ?? "";
    return shortcutWords.keys(modifiers.join("+"), key).join(" ");
  },
  /** The title of the window. */
  window: (name: string, provider: string, product: string): string =>
    [[name, provider].filter(Boolean).join(" · "), product].filter(Boolean).join(" — "),
};
