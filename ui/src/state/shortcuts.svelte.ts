// Keyboard shortcuts of the whole window: one table for the handler, the list of shortcuts and the buttons' markup.

import { appStore } from "./appStore.svelte";
import { editor } from "./arrangement.svelte";
import { palette } from "./palette.svelte";
import { removals } from "./removals.svelte";
import { router } from "./router.svelte";
import { selection } from "./selection.svelte";
import { zoom } from "./zoom.svelte";

export type ShortcutId =
  | "commands"
  | "filter"
  | "add"
  | "settings"
  | "back"
  | "forward"
  | "help"
  | "undo"
  | "refresh"
  | "copy"
  | "edit"
  | "tabs"
  | "menu"
  | "select"
  | "selectAll"
  | "move"
  | "send"
  | "larger"
  | "smaller"
  | "usualSize";

type Modifiers = "control" | "control+shift" | "alt" | "shift" | "";

type Shortcut = {
  id: ShortcutId;
  group: "window" | "connection" | "list" | "size";
  modifiers: Modifiers;
  /** Names of keys; the first is shown, and the others are the same key with or without Shift. */
  keys: string[];
  /** Whether it leaves the page, with what the person has entered there. */
  leaves?: boolean;
  /** Whether text fields have their own. */
  isTextEditing?: boolean;
  /** Without it, the visible component handles the keys itself. */
  run?: (key: string) => void;
};

/** The list of shortcuts. */
export const shortcutList = $state({ open: false });

/** Presses the button that declares these keys in `aria-keyshortcuts`, unless it is disabled or its page is hidden. */
function press(keys: string): void {
  const declare = document.querySelectorAll<HTMLElement>(`[aria-keyshortcuts="${CSS.escape(keys)}"]`);
  [...declare].find((button) => !button.closest("[hidden]"))?.click();
}

/** Edits the shown connection; a selection hides its page. */
function edit(): void {
  const { route } = router;
  if (route.page === "connection" && selection.connections.length === 0) editor.of = route.connection;
}

export const shortcuts: Shortcut[] = [
  { id: "commands", group: "window", modifiers: "control", keys: ["k"], run: () => (palette.open = true) },
  { id: "filter", group: "window", modifiers: "control", keys: ["f"] },
  {
    id: "add",
    group: "window",
    modifiers: "control",
    keys: ["n"],
    leaves: true,
    run: () => router.go({ page: "add", prefill: null }),
  },
  {
    id: "settings",
    group: "window",
    modifiers: "control",
    keys: [","],
    leaves: true,
    run: () => router.go({ page: "settings" }),
  },
  { id: "back", group: "window", modifiers: "alt", keys: ["arrowleft"], leaves: true, run: () => router.back() },
  { id: "forward", group: "window", modifiers: "alt", keys: ["arrowright"], leaves: true, run: () => router.forward() },
  { id: "help", group: "window", modifiers: "", keys: ["?"], run: () => (shortcutList.open = true) },
  {
    id: "undo",
    group: "window",
    modifiers: "control",
    keys: ["z"],
    isTextEditing: true,
    run: () => removals.undoLast(),
  },
  { id: "refresh", group: "connection", modifiers: "control", keys: ["r"], run: () => press("Control+R") },
  { id: "copy", group: "connection", modifiers: "control+shift", keys: ["c"], run: () => press("Control+Shift+C") },
  { id: "edit", group: "connection", modifiers: "", keys: ["f2"], run: edit },
  {
    id: "tabs",
    group: "connection",
    modifiers: "control",
    keys: ["1", "2", "3", "4", "5", "6"],
    leaves: true,
    run: (key) => press(`Control+${key}`),
  },
  { id: "send", group: "connection", modifiers: "control", keys: ["enter"] },
  { id: "select", group: "list", modifiers: "control", keys: [" "] },
  { id: "selectAll", group: "list", modifiers: "control", keys: ["a"] },
  { id: "move", group: "list", modifiers: "alt", keys: ["arrowdown"] },
  { id: "menu", group: "list", modifiers: "shift", keys: ["f10"] },
  { id: "larger", group: "size", modifiers: "control", keys: ["+", "="], run: () => zoom.set(zoom.larger) },
  { id: "smaller", group: "size", modifiers: "control", keys: ["-", "_"], run: () => zoom.set(zoom.smaller) },
  { id: "usualSize", group: "size", modifiers: "control", keys: ["0"], run: () => zoom.set(100) },
];

/** The shortcut of an event, if any. */
function pressed(event: KeyboardEvent): Shortcut | undefined {
  const key = event.key.toLowerCase();
  const modified = [event.ctrlKey || event.metaKey ? "control" : "", event.altKey ? "alt" : ""]
    .filter(Boolean)
    .join("+");
  return shortcuts.find(({ modifiers, keys }) => {
    if (!keys.includes(key)) return false;
    // On some keyboards `+`, `?` and the digits need Shift.
    return modifiers === "control+shift"
      ? modified === "control" && event.shiftKey
      : modified === modifiers && (!event.shiftKey || !/^[a-z,]/.test(key));
  });
}

/** The field in which the person enters text, if the event comes from one. */
function textField({ target }: Event): HTMLElement | null {
  if (!(target instanceof HTMLElement)) return null;
  const isField = target.matches("textarea, select, input:not([type=checkbox], [type=radio])");
  return isField || target.isContentEditable ? target : null;
}

/** Handles a key anywhere in the window. */
export function handleShortcut(event: KeyboardEvent): void {
  const shortcut = event.defaultPrevented || event.isComposing ? undefined : pressed(event);
  if (!shortcut?.run) return;
  const field = textField(event);
  if (field) {
    // It is a character, or moves the cursor, or would discard a form.
    if (shortcut.modifiers === "" || shortcut.modifiers === "alt") return;
    if (shortcut.isTextEditing || (shortcut.leaves && field.closest("form"))) return;
  }
  // Otherwise the engine would reload the page or open a window.
  event.preventDefault();
  if (shortcut.group === "size") return shortcut.run(event.key);
  // An open dialog takes precedence.
  if (appStore.phase === "ready" && !document.querySelector("dialog[open]")) shortcut.run(event.key);
}

/** The engine's menu is for text only: Reload and the like are for a browser. */
export function handleContextMenu(event: MouseEvent): void {
  if (!textField(event) && getSelection()?.isCollapsed !== false) event.preventDefault();
}

/** The mouse's buttons for back and forward. */
export function handleMouseButton(event: MouseEvent): void {
  if (![3, 4].includes(event.button) || appStore.phase !== "ready" || document.querySelector("dialog[open]")) return;
  event.preventDefault();
  if (event.button === 3) router.back();
  else router.forward();
}
