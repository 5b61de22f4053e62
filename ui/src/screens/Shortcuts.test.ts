import { beforeEach, expect, test } from "vitest";
import { fireEvent, within } from "@testing-library/svelte";
import { appStore } from "../state/appStore.svelte";
import { palette } from "../state/palette.svelte";
import { editor } from "../state/arrangement.svelte";
import { removals } from "../state/removals.svelte";
import { router } from "../state/router.svelte";
import { selection } from "../state/selection.svelte";
import { sidebar } from "../state/sidebar.svelte";
import { shortcutList, shortcuts, type ShortcutId } from "../state/shortcuts.svelte";
import { zoom } from "../state/zoom.svelte";
import { shortcutWords } from "../words";
import { fake, row, screen, start, waitFor } from "../test/start";

beforeEach(() => {
  shortcutList.open = false;
  zoom.set(100);
});

const page = () => router.route.page;
const heading = (name: string) => screen.findByRole("heading", { name, level: 1 });

const inTheList = () => document.querySelector<HTMLElement>('[data-row="c1"]')?.focus();

/** What each shortcut of the list does; `press` sends its keys. */
const effects: Record<ShortcutId, (press: () => Promise<void>) => Promise<void>> = {
  commands: async (press) => {
    await press();
    expect(palette.open).toBe(true);
  },
  filter: async (press) => {
    await press();
    expect(document.activeElement).toHaveAccessibleName("Filter connections");
  },
  add: async (press) => {
    await press();
    expect(page()).toBe("add");
  },
  settings: async (press) => {
    await press();
    expect(page()).toBe("settings");
  },
  back: async (press) => {
    router.go({ page: "settings" });
    await press();
    expect(page()).toBe("connection");
  },
  forward: async (press) => {
    router.go({ page: "settings" });
    router.back();
    await press();
    expect(page()).toBe("settings");
  },
  help: async (press) => {
    await press();
    expect(await screen.findByRole("dialog", { name: shortcutWords.title })).toBeVisible();
  },
  undo: async (press) => {
    removals.removeConnections(appStore.connections.slice(0, 1));
    await press();
    expect(removals.pending.map(({ phase }) => phase)).toEqual(["undone"]);
  },
  refresh: async (press) => {
    await press();
    await waitFor(() => expect(fake.called("refresh")).toEqual([["c1"]]));
  },
  copy: async (press) => {
    await press();
    await waitFor(() => expect(fake.called("copyToken")).toEqual([["c1"]]));
  },
  edit: async (press) => {
    await press();
    await waitFor(() => expect(editor.of).toBe("c1"));
    editor.of = null;
  },
  tabs: async (press) => {
    router.toConnection("c1", "activity");
    await press();
    await waitFor(() => expect(router.route).toMatchObject({ page: "connection", tab: "overview" }));
  },
  send: async (press) => {
    router.toConnection("c1", "requests");
    const path = await screen.findByRole<HTMLInputElement>("combobox", { name: "Path" });
    await fireEvent.input(path, { target: { value: "project/list" } });
    path.focus();
    await press();
    await waitFor(() => expect(fake.called("sendApiRequest")).toHaveLength(1));
  },
  select: async (press) => {
    inTheList();
    await press();
    expect(selection.connections.map(({ id }) => id)).toEqual(["c1"]);
  },
  selectAll: async (press) => {
    inTheList();
    await press();
    expect(selection.connections).toHaveLength(appStore.connections.length);
  },
  move: async (press) => {
    inTheList();
    const before = sidebar.listed;
    await press();
    await waitFor(() => expect(sidebar.listed).not.toEqual(before));
  },
  menu: async (press) => {
    inTheList();
    await press();
    await waitFor(() => expect(document.querySelector(".menu[data-shown]")).toHaveTextContent("Edit details…"));
  },
  larger: async (press) => {
    await press();
    expect(zoom.percent).toBe(110);
  },
  smaller: async (press) => {
    await press();
    expect(zoom.percent).toBe(90);
  },
  usualSize: async (press) => {
    zoom.set(150);
    await press();
    expect(zoom.percent).toBe(100);
  },
};

test.each(shortcuts.map((one) => [one.id, one] as const))("%s does what the list says", async (id, one) => {
  const user = await start("some");
  await screen.findByRole("button", { name: "Refresh now" });
  const key = one.keys[0] ?? "";
  const named =
    {
      ...{ arrowleft: "{ArrowLeft}", arrowright: "{ArrowRight}", arrowdown: "{ArrowDown}" },
      ...{ f2: "{F2}", f10: "{F10}", enter: "{Enter}" },
    }[key] ?? key;
  const around: Record<string, [string, string]> = {
    control: ["{Control>}", "{/Control}"],
    "control+shift": ["{Control>}{Shift>}", "{/Shift}{/Control}"],
    alt: ["{Alt>}", "{/Alt}"],
    shift: ["{Shift>}", "{/Shift}"],
    "": ["", ""],
  };
  const [down, up] = around[one.modifiers] ?? ["", ""];
  await effects[id](() => user.keyboard(`${down}${named}${up}`));
});

test("the list shows every shortcut with its keys", async () => {
  const user = await start("some");
  await user.keyboard("?");
  const list = await screen.findByRole("dialog", { name: "Keyboard shortcuts" });
  const rows = [...list.querySelectorAll("dl > div")].map((one) => one.textContent?.replace(/\s+/g, " ").trim());
  expect(rows).toHaveLength(shortcuts.length);
  expect(rows).toContain("Copy the token CtrlShiftC");
  expect(rows).toContain("Back Alt←");
  // Under a dialog, shortcuts rest.
  await user.keyboard("{Control>}n{/Control}");
  expect(page()).toBe("connection");
  await user.click(within(list).getByRole("button", { name: "Close" }));
  expect(shortcutList.open).toBe(false);
});

test.each([
  ["some", "1–5"],
  ["custom", "1–4"],
])("in %s, the list has the keys of the tabs that are there: %s", async (scenario, keys) => {
  const user = await start(scenario);
  await screen.findByRole("tab", { name: "Overview" });
  await user.keyboard("?");
  const list = await screen.findByRole("dialog", { name: "Keyboard shortcuts" });
  expect(within(list).getByText("Switch tab").parentElement).toHaveTextContent(`Switch tab Ctrl${keys}`);
});

test("in a text field, a shortcut is a character or keeps the form", async () => {
  const user = await start("some");
  await user.type(screen.getByRole("textbox", { name: "Filter connections" }), "?");
  expect(shortcutList.open).toBe(false);
  router.go({ page: "change", app: "acme-sites" });
  const name = await waitFor(() => {
    const field = document.querySelector<HTMLInputElement>("main form input#name");
    expect(field).not.toBeNull();
    return field as HTMLInputElement;
  });
  await user.clear(name);
  await user.type(name, "Harbour");
  await user.keyboard("{Control>},{/Control}{Alt>}{ArrowLeft}{/Alt}{Control>}n{/Control}");
  expect(page()).toBe("change");
  expect(name).toHaveValue("Harbour");
});

test("back and forward go through the pages, not to a finished sign-in", async () => {
  const user = await start("some");
  await row(user, "Acme staging");
  await heading("Acme staging");
  await user.click(screen.getByRole("tab", { name: "Activity" }));
  await user.keyboard("{Alt>}{ArrowLeft}{/Alt}");
  expect(screen.getByRole("tab", { name: "Overview" })).toHaveAttribute("aria-selected", "true");
  await user.keyboard("{Alt>}{ArrowLeft}{/Alt}");
  await heading("Acme production");
  await user.keyboard("{Alt>}{ArrowRight}{/Alt}");
  await heading("Acme staging");
  router.replace({ page: "settings" });
  router.back();
  await heading("Acme production");
});

test("the window's title names the connection and its provider", async () => {
  const user = await start("some");
  await waitFor(() => expect(document.title).toBe("Acme production · Grigora — Grapnel"));
  await user.click(screen.getByRole("button", { name: "Settings" }));
  await waitFor(() => expect(document.title).toBe("Grapnel"));
});
