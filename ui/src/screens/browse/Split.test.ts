import { afterEach, expect, test, vi } from "vitest";
import { screen, start } from "../../test/start";

afterEach(() => vi.restoreAllMocks());

const details = () => screen.findByRole("complementary", { name: "Selected post" });

/** Opens a list of posts; the details are below it, or beside it. */
async function posts(below: boolean) {
  // jsdom lays nothing out.
  vi.spyOn(HTMLElement.prototype, "offsetTop", "get").mockImplementation(function (this: HTMLElement) {
    return below && this.matches("aside") ? 600 : 0;
  });
  const shown: Element[] = [];
  vi.spyOn(Element.prototype, "scrollIntoView").mockImplementation(function (this: Element) {
    if (this.matches("aside")) shown.push(this);
  });
  const user = await start("some");
  await user.click(await screen.findByRole("tab", { name: "Browse" }));
  await user.click(await screen.findByRole("button", { name: /^Acme Journal/ }));
  await screen.findByRole("grid", { name: "Posts" });
  const row = (nth: number) => document.querySelector(`tbody [aria-rowindex="${nth}"]`) as HTMLElement;
  return { user, row, shown };
}

test("below the list, the details of each row that is pressed are scrolled to", async () => {
  const { user, row, shown } = await posts(true);
  await user.click(row(2));
  expect(shown).toContain(await details());
  shown.length = 0;
  await user.click(row(3));
  expect(shown).toHaveLength(1);
  // With the keyboard, the list stays in sight.
  screen.getByRole("grid", { name: "Posts" }).focus();
  await user.keyboard("{ArrowDown}");
  expect(shown).toHaveLength(1);
});

test("beside the list, nothing scrolls", async () => {
  const { user, row, shown } = await posts(false);
  await user.click(row(2));
  await user.click(row(3));
  await details();
  expect(shown).toEqual([]);
});
