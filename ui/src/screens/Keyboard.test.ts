import { describe, expect, test, vi } from "vitest";
import { attempt, unavailable } from "../fake/data";
import { palette } from "../state/palette.svelte";
import { zoom } from "../state/zoom.svelte";
import { choose, fake, press, screen, start, waitFor, appStore } from "../test/start";

const keyboard = () => document.activeElement;
const panel = () => screen.getByRole("tabpanel");

/** Blurs a disabled button, as a browser does and jsdom does not. */
function rest(button: HTMLElement) {
  button.removeAttribute("disabled");
  button.blur();
  button.setAttribute("disabled", "");
}

test("a project opened by keyboard keeps the focus in the view", async () => {
  const user = await start("some");
  await user.click(await screen.findByRole("tab", { name: "Browse" }));
  (await screen.findByRole("button", { name: /^Acme Journal/ })).focus();
  await user.keyboard("{Enter}");
  await screen.findByText("412 posts");
  await waitFor(() => expect(keyboard()).toBe(panel()));
  screen.getByRole("button", { name: "All projects" }).focus();
  await user.keyboard("{Enter}");
  await waitFor(() => expect(keyboard()).toBe(panel()));
});

test("a filter removed by keyboard keeps the focus in the view", async () => {
  const user = await start("some");
  await user.click(await screen.findByRole("tab", { name: "Browse" }));
  await press(user, /^Acme Journal/);
  await user.type(await screen.findByRole("textbox", { name: "Filter titles" }), "rope");
  (await screen.findByRole("button", { name: "Remove filter: title contains “rope”" })).focus();
  await user.keyboard("{Enter}");
  await screen.findByText("412 posts");
  await waitFor(() => expect(keyboard()).toBe(panel()));
});

test("the focus moves on if its button disappears", async () => {
  const user = await start("empty");
  screen.getByRole("button", { name: "Add your own app" }).focus();
  await user.keyboard("{Enter}");
  await waitFor(() => expect(keyboard()).toBe(screen.getByRole("main", { name: "Add app" })));
  // The list of steps beside it can be scrolled by keyboard.
  expect(screen.getByRole("group", { name: "First steps" })).toHaveAttribute("tabindex", "0");
});

test.each(["Add app", "Activity", "Settings"])(
  "%s opens with the focus at the page, which its title names",
  async (name) => {
    const user = await start("some");
    await press(user, name);
    await waitFor(() => expect(keyboard()).toBe(screen.getByRole("main", { name })));
  },
);

test("a page opened by a command has the focus, and not where the person was", async () => {
  const user = await start("some");
  const row = document.querySelector<HTMLElement>("[data-row=c1]");
  row?.focus();
  await user.keyboard("{Control>}k{/Control}");
  await user.type(await screen.findByRole("combobox", { name: "Commands" }), "settings{Enter}");
  await waitFor(() => expect(palette.open).toBe(false));
  await waitFor(() => expect(keyboard()).toBe(screen.getByRole("main", { name: "Settings" })));
});

/** A button that was pressed by keyboard and is disabled until the response arrives. */
async function resting() {
  const user = await start("some");
  const answer = fake.hold("refresh");
  const button = await screen.findByRole("button", { name: "Refresh now" });
  button.focus();
  await user.keyboard("{Enter}");
  await waitFor(() => expect(button).toBeDisabled());
  rest(button);
  return { user, answer, button };
}

test("a button that was disabled while working gets the focus back", async () => {
  const { answer, button } = await resting();
  expect(keyboard()).toBe(document.body);
  answer();
  await waitFor(() => expect(button).toBeEnabled());
  await waitFor(() => expect(keyboard()).toBe(button));
});

test("the focus is not restored after a press elsewhere", async () => {
  const { user, answer, button } = await resting();
  // A press on the page moves no focus, so only the press itself shows that the focus is not wanted.
  await user.pointer({ keys: "[MouseLeft]", target: document.body });
  expect(keyboard()).toBe(document.body);
  answer();
  await waitFor(() => expect(button).toBeEnabled());
  await new Promise((turn) => setTimeout(turn));
  expect(keyboard()).toBe(document.body);
});

test("the focus is not restored after the person moved it", async () => {
  await start("some");
  const button = await screen.findByRole("button", { name: "Refresh now" });
  button.focus();
  button.blur();
  fake.fail("overview", unavailable);
  fake.tell({ kind: "settings" });
  await screen.findByRole("button", { name: "Dismiss" });
  expect(keyboard()).toBe(document.body);
});

describe("a row of the sidebar that goes away by itself", () => {
  async function onAttempt() {
    await start("some");
    appStore.updateAttempt(attempt("waiting", { id: "under" }));
    await waitFor(() => expect(document.querySelector("[data-row=under]")).not.toBeNull());
    document.querySelector<HTMLElement>("[data-row=under]")?.focus();
    return () => appStore.dismissAttempt("under");
  }

  test("keeps the focus at the row in the tab order", async () => {
    (await onAttempt())();
    await waitFor(() => expect(keyboard()).toHaveAttribute("data-row", "c1"));
    expect(keyboard()).toHaveAttribute("tabindex", "0");
  });

  test("does not move the focus after scrolling", async () => {
    const goes = await onAttempt();
    Object.assign(document.querySelector(".fleet") ?? {}, { scrollTop: 50 });
    goes();
    await waitFor(() => expect(document.querySelector("[data-row=under]")).toBeNull());
    await new Promise((turn) => setTimeout(turn));
    expect(keyboard()).toBe(document.body);
  });
});

test("a menu returns the focus to its button before a dialog opens", async () => {
  const user = await start("some");
  const had: (Element | null)[] = [];
  const open = vi.spyOn(HTMLDialogElement.prototype, "showModal").mockImplementation(function (
    this: HTMLDialogElement,
  ) {
    had.push(keyboard());
    this.open = true;
  });
  await choose(user, "Disconnect…");
  await screen.findByRole("alertdialog");
  expect(had).toEqual([screen.getByRole("button", { name: "More actions" })]);
  open.mockRestore();
});

test("choosing from a list returns the focus to its button", async () => {
  const user = await start("some");
  await user.click(await screen.findByRole("tab", { name: "Browse" }));
  await press(user, /^Acme Journal/);
  const status = await screen.findByRole("button", { name: "Status: Any status" });
  status.focus();
  await user.keyboard("{Enter}");
  (await screen.findByText("Draft", { selector: "[role=option] *" })).closest<HTMLElement>("[role=option]")?.focus();
  await user.keyboard("{Enter}");
  await waitFor(() => expect(status).toHaveAccessibleName("Status: Draft"));
  expect(keyboard()).toBe(status);
});

test("an irreversible action shows progress, and its dialog can be closed", async () => {
  const user = await start("some");
  const answer = fake.hold("disconnect");
  await choose(user, "Disconnect…");
  await screen.findByRole("alertdialog");
  // What has the focus says the question.
  expect(screen.getByRole("button", { name: "Cancel" })).toHaveAccessibleDescription(/^Disconnect Acme production/);
  await user.click(screen.getByRole("button", { name: "Disconnect" }));
  expect(screen.getByRole("button", { name: "Cancel" })).toBeEnabled();
  expect(await screen.findByRole("button", { name: "Working…" })).toBeDisabled();
  expect(screen.getByText("Working…", { selector: "[role=status] p" })).toBeInTheDocument();
  expect(screen.getByRole("alertdialog").dispatchEvent(new Event("cancel", { cancelable: true }))).toBe(true);
  await press(user, "Close");
  expect(screen.queryByRole("alertdialog")).toBeNull();
  expect(appStore.connections[0]?.state).toBe("active");
  answer();
  await waitFor(() => expect(appStore.connections[0]?.state).toBe("disconnected"));
  expect(screen.queryByRole("alertdialog")).toBeNull();
});

test("a failure after its dialog was closed is shown", async () => {
  const user = await start("some");
  const answer = fake.hold("disconnect");
  fake.fail("disconnect", unavailable);
  await choose(user, "Disconnect…");
  const dialog = (await screen.findByRole("alertdialog")) as HTMLDialogElement;
  await user.click(screen.getByRole("button", { name: "Disconnect" }));
  dialog.close();
  expect(dialog.open).toBe(false);
  answer();
  expect(await screen.findByRole("alertdialog")).toHaveTextContent(unavailable.message);
});

test("a failure is shown on another page too", async () => {
  const user = await start("some");
  const answer = fake.hold("disconnect");
  fake.fail("disconnect", unavailable);
  await choose(user, "Disconnect…");
  await screen.findByRole("alertdialog");
  await user.click(screen.getByRole("button", { name: "Disconnect" }));
  await press(user, "Close");
  await user.click(screen.getByRole("button", { name: "Settings" }));
  await screen.findByRole("heading", { name: "Settings", level: 1 });
  answer();
  expect(await screen.findByRole("alert", { name: /^Failed: Disconnect/ })).toHaveTextContent(unavailable.message);
});

test("shortcuts are disabled while a dialog is open", async () => {
  const user = await start("some");
  await choose(user, "Disconnect…");
  await screen.findByRole("alertdialog");
  await user.keyboard("{Control>}k{/Control}");
  expect(palette.open).toBe(false);
  await press(user, "Cancel");
  await user.keyboard("{Control>}k{/Control}");
  expect(palette.open).toBe(true);
});

test("a failed search is reported, and not as an empty result", async () => {
  const user = await start("some");
  fake.fail("search", unavailable);
  await user.click(await screen.findByRole("tab", { name: "Browse" }));
  await user.type(await screen.findByRole("textbox", { name: "Search offline content" }), "rope");
  expect(await screen.findByRole("alert")).toHaveTextContent(unavailable.message);
  expect(screen.queryByText("No offline content matches.")).toBeNull();
  await user.keyboard("{Escape}");
  await waitFor(() => expect(screen.queryByRole("alert")).toBeNull());
});

test("a row reached by keyboard is scrolled into view", async () => {
  const user = await start("some");
  await user.click(await screen.findByRole("tab", { name: "Browse" }));
  await press(user, /^Acme Journal/);
  (await screen.findByRole("grid", { name: "Posts" })).focus();
  const brought = vi.spyOn(Element.prototype, "scrollIntoView");
  await user.keyboard("{ArrowDown}{ArrowDown}");
  await waitFor(() => expect(brought.mock.contexts.map((one) => (one as Element).id)).toContain("post-1"));
  brought.mockRestore();
});

test("a list of projects is one tab stop, with arrow keys and type-ahead", async () => {
  const user = await start("some");
  await user.click(await screen.findByRole("tab", { name: "Browse" }));
  const journal = await screen.findByRole("button", { name: /^Acme Journal/ });
  const all = [...document.querySelectorAll<HTMLElement>(".project")];
  expect(all.map((one) => one.tabIndex)).toEqual([0, -1, -1, -1]);
  journal.focus();
  await user.keyboard("{ArrowDown}{ArrowDown}");
  expect(keyboard()).toBe(all[2]);
  await waitFor(() => expect(all.map((one) => one.tabIndex)).toEqual([-1, -1, 0, -1]));
  await user.keyboard("a");
  expect(keyboard()).toBe(journal);
});

test("arrow keys move through the list across environments, whose headings have a count", async () => {
  const user = await start("environments");
  const headings = () =>
    [...document.querySelectorAll(".fleet h2")].map((one) => (one.textContent ?? "").replace(/\s+/g, " ").trim());
  expect(headings()).toEqual(["Production 2", "Staging 2", "Other 1"]);
  const rows = [...document.querySelectorAll<HTMLElement>(".fleet .link")];
  const names = ["Acme production", "Bakery site", "Acme staging", "Acme Meters", "Old portfolio"];
  expect(rows.map((one) => one.querySelector(".name")?.textContent)).toEqual(names);
  expect(rows.filter((one) => one.tabIndex === 0)).toHaveLength(1);
  rows[0]?.focus();
  for (const next of rows.slice(1)) {
    await user.keyboard("{ArrowDown}");
    expect(keyboard()).toBe(next);
  }
  await user.keyboard("{Home}");
  expect(keyboard()).toBe(rows[0]);
  await user.keyboard("{End}");
  expect(keyboard()).toBe(rows[4]);
  const item = (row: HTMLElement, name: string) => row.parentElement?.getAttribute(name);
  const places = rows.map((row) => `${item(row, "aria-posinset")} of ${item(row, "aria-setsize")}`);
  expect(places).toEqual(["1 of 2", "2 of 2", "1 of 2", "2 of 2", "1 of 1"]);
  await user.type(screen.getByPlaceholderText("Filter"), "acme");
  expect(headings()).toEqual(["Production 1", "Staging 2"]);
});

test("a failed palette search is reported", async () => {
  const user = await start("some");
  fake.fail("search", unavailable);
  await user.keyboard("{Control>}k{/Control}");
  await user.type(await screen.findByRole("combobox"), "xyzzy");
  expect(await screen.findByText(new RegExp(unavailable.message))).toBeVisible();
  expect(screen.queryByText("No results for “xyzzy”")).toBeNull();
  await user.clear(screen.getByRole("combobox"));
  await waitFor(() => expect(screen.queryByText(new RegExp(unavailable.message))).toBeNull());
});

test("zoom shortcuts change the text size persistently", async () => {
  localStorage.removeItem("zoom");
  zoom.set(100);
  const user = await start("some");
  const size = () => document.documentElement.style.fontSize;
  await user.keyboard("{Control>}+{/Control}");
  expect(size()).toBe("110%");
  await user.keyboard("{Control>}={/Control}");
  expect(size()).toBe("125%");
  expect(localStorage.getItem("zoom")).toBe("125");
  await user.keyboard("{Control>}---{/Control}");
  expect(size()).toBe("90%");
  await user.keyboard("{Control>}0{/Control}");
  expect(size()).toBe("");
  await user.keyboard("+");
  expect(size()).toBe("");
  for (let nth = 0; nth < 20; nth += 1) await user.keyboard("{Control>}+{/Control}");
  expect(size()).toBe("200%");
  await user.click(screen.getByRole("button", { name: "Settings" }));
  expect(await screen.findByRole("button", { name: "Larger text" })).toBeDisabled();
  await user.click(screen.getByRole("button", { name: "Reset text size" }));
  expect(size()).toBe("");
});
