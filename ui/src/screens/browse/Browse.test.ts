import { expect, test } from "vitest";
import { unavailable } from "../../fake/world";
import { fake, press, screen, start, waitFor } from "../../test/start";

async function browse(project: RegExp, scenario = "some") {
  const user = await start(scenario);
  await user.click(await screen.findByRole("tab", { name: "Browse" }));
  await waitFor(() => expect(document.querySelector(".project")).not.toBeNull());
  const all = [...document.querySelectorAll(".project")];
  await user.click(all.find((one) => project.test(one.textContent?.trim() ?? "")) as Element);
  return user;
}
const rows = () => document.querySelectorAll("tbody tr[aria-rowindex]");
const grid = () => screen.findByRole("grid", { name: "Posts" });

test("five thousand posts are all counted and few are drawn", async () => {
  await browse(/^Acme Shop/);
  expect(await grid()).toHaveAttribute("aria-rowcount", "5001");
  expect(screen.getByText("5,000 posts")).toBeInTheDocument();
  expect(rows().length).toBeGreaterThan(10);
  expect(rows().length).toBeLessThan(80);
});

test("rows are walked with arrows, and the chosen one is told in full", async () => {
  const user = await browse(/^Acme Journal/);
  (await grid()).focus();
  await user.keyboard("{ArrowDown}{ArrowDown}{ArrowDown}");
  const chosen = document.querySelector("tbody tr[aria-selected=true]");
  expect(chosen).toHaveAttribute("aria-rowindex", "4");
  expect(await grid()).toHaveAttribute("aria-activedescendant", chosen?.id);
  expect(screen.getByRole("complementary", { name: "Selected post" })).toHaveTextContent("How a grapnel holds where an anchor drags");
  await user.keyboard("{End}");
  expect(screen.getByRole("complementary")).toHaveTextContent("post-411");
});

test("sorting is asked of the provider", async () => {
  const user = await browse(/^Acme Journal/);
  await press(user, "Title");
  await press(user, "Title");
  expect(screen.getByRole("columnheader", { name: "Title" })).toHaveAttribute("aria-sort", "descending");
  const asked = fake.called("posts").map(([, query]) => query as { sort: string; order: string });
  expect(asked.map(({ sort, order }) => `${sort} ${order}`)).toEqual(["last_update desc", "title asc", "title desc"]);
});

test("filters are terms that can be taken away", async () => {
  const user = await browse(/^Acme Journal/);
  await user.type(screen.getByRole("textbox", { name: "Filter titles" }), "xyzzy");
  await screen.findByText(/No post fits these filters/);
  await press(user, "Remove filter: title contains “xyzzy”");
  await screen.findByText("412 posts");
  expect(screen.getByRole("textbox", { name: "Filter titles" })).toHaveValue("");
});

test("dates are whole days, and half a date is none", async () => {
  const user = await browse(/^Acme Journal/);
  await press(user, "Dates");
  await user.type(await screen.findByLabelText("Updated from"), "2026-01-0");
  await user.tab();
  await screen.findByText("A date looks like 2026-01-31.");
  await user.type(screen.getByLabelText("Updated from"), "5");
  await waitFor(() => expect(fake.called("posts").at(-1)?.[1]).toMatchObject({ updated_from: new Date(2026, 0, 5).toISOString() }));
});

test("an empty project says so", async () => {
  await browse(/^Spring campaign/);
  await screen.findByText("This project has no posts.");
});

test("what was read stays in sight when reading again fails", async () => {
  const user = await browse(/^Acme Journal/);
  await grid();
  fake.fail("posts", unavailable);
  await press(user, "Reload");
  expect(await screen.findByRole("alert")).toHaveTextContent("Grigora answered 503.");
  expect(rows().length).toBeGreaterThan(10);
  fake.fail("posts", null);
  await press(user, "Try again");
  await waitFor(() => expect(screen.queryByRole("alert")).toBeNull());
});

test("a long wait is told, and can be stopped", async () => {
  const user = await browse(/^Acme Journal/);
  await grid();
  fake.wait("posts", 1e9);
  await press(user, "Reload");
  await screen.findByText("Asking Grigora for the posts…");
  await press(user, "Cancel");
  expect(fake.called("cancel").length).toBeGreaterThan(0);
  await screen.findByText("Stopped before an answer came.");
  expect(rows().length).toBeGreaterThan(10);
});

test("text that runs from the right says so itself", async () => {
  await browse(/^Acme Journal/);
  await grid();
  expect(document.querySelector("td.title")).toHaveAttribute("dir", "auto");
});

test("a status is chosen from a list, by keys or by pointer", async () => {
  const user = await browse(/^Acme Journal/);
  await grid();
  const button = screen.getByRole("button", { name: "Status: Any status" });
  button.focus();
  await user.keyboard("{ArrowDown}");
  expect(screen.getByRole("option", { name: "Any status" })).toHaveFocus();
  await user.keyboard("d{Enter}");
  expect(screen.queryByRole("listbox")).toBeNull();
  await press(user, "Status: Draft");
  await user.keyboard("{Escape}");
  expect(screen.getByRole("button", { name: "Status: Draft" })).toHaveFocus();
  await press(user, "Status: Draft");
  await user.click(screen.getByRole("option", { name: "Published" }));
  expect(fake.called("posts").map(([, query]) => (query as { status: string | null }).status)).toEqual([null, "draft", "published"]);
});
