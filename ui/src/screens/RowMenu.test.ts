// The menu of a row of the list.
import { expect, test, vi } from "vitest";
import { press, screen, start, waitFor } from "../test/start";

const rowOf = (id: string) => document.querySelector(`[data-row=${id}]`) as HTMLElement;
const menu = () => document.querySelector(".menu[data-shown][aria-label='More actions']");
const title = (name: string) => screen.findByRole("heading", { name, level: 1 });

test("a right click on a row opens the menu of its connection at the pointer", async () => {
  vi.spyOn(document.documentElement, "clientWidth", "get").mockReturnValue(1200);
  vi.spyOn(document.documentElement, "clientHeight", "get").mockReturnValue(800);
  const user = await start("some");
  const row = rowOf("c2");
  row.focus();
  await user.pointer({ keys: "[MouseRight]", target: row, coords: { clientX: 40, clientY: 90 } });
  await title("Acme staging");
  await waitFor(() => expect(menu()).toHaveTextContent("Edit details…F2"));
  await waitFor(() => expect(menu()).toHaveStyle({ left: "40px", top: "88px" }));
  await waitFor(() => expect(menu()?.contains(document.activeElement)).toBe(true));
  (await screen.findByText("Pin to top")).focus();
  await user.keyboard("{Enter}");
  await waitFor(() => expect(menu()).toBeNull());
  expect(document.activeElement).toHaveAttribute("data-row", "c2");
});

test.each(["{ContextMenu}", "{Shift>}{F10}{/Shift}"])("%s opens the menu of the focused row", async (keys) => {
  const user = await start("some");
  rowOf("c3").focus();
  await user.keyboard(keys);
  await title("Bakery site");
  await waitFor(() => expect(menu()).not.toBeNull());
});

test("the current page keeps its tab, and a row of an app has the menu of the app", async () => {
  const user = await start("some");
  await user.click(await screen.findByRole("tab", { name: "Activity" }));
  await user.pointer({ keys: "[MouseRight]", target: rowOf("c1") });
  await waitFor(() => expect(menu()).toHaveTextContent("Move up"));
  expect(screen.getByRole("tab", { name: "Activity" })).toHaveAttribute("aria-selected", "true");
  await user.keyboard("{Escape}");
  const app = [...document.querySelectorAll<HTMLElement>("[data-row]")].at(-1) as HTMLElement;
  await user.pointer({ keys: "[MouseRight]", target: app });
  await title("Acme Shop");
  await waitFor(() => expect(menu()).toHaveTextContent("Duplicate app"));
});

test("the engine's menu is for text fields and selected text only", async () => {
  const user = await start("some");
  const isShown = (target: Element) =>
    target.dispatchEvent(new MouseEvent("contextmenu", { cancelable: true, bubbles: true }));
  const heading = await title("Acme production");
  expect(isShown(heading)).toBe(false);
  expect(isShown(screen.getByRole("textbox", { name: "Filter connections" }))).toBe(true);
  getSelection()?.selectAllChildren(heading);
  expect(isShown(heading)).toBe(true);
  getSelection()?.removeAllRanges();
  await press(user, "Settings");
});

test("F2 on a row edits its connection", async () => {
  const user = await start("some");
  rowOf("c2").focus();
  await user.keyboard("{F2}");
  await title("Acme staging");
  await waitFor(() => expect(screen.getByRole("textbox", { name: "Name", hidden: true })).toHaveValue("Acme staging"));
});
