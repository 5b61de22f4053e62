import { beforeEach, expect, test } from "vitest";
import { unavailable } from "../../fake/data";
import { fake, press, screen, start, waitFor, appStore } from "../../test/start";
import { layout } from "../../state/layout.svelte";

beforeEach(() => {
  layout.reset();
  layout.showChart(true);
});

async function browse(project: RegExp, scenario = "some") {
  const user = await start(scenario);
  await user.click(await screen.findByRole("tab", { name: "Browse" }));
  await waitFor(() => expect(document.querySelector(".project")).not.toBeNull(), { timeout: 10_000 });
  const all = [...document.querySelectorAll(".project")];
  await user.click(all.find((one) => project.test(one.textContent?.trim() ?? "")) as Element);
  return user;
}
const rows = () => document.querySelectorAll("tbody tr[aria-rowindex]");
const grid = () => screen.findByRole("grid", { name: "Posts" });

test("five thousand posts are counted and few are rendered", async () => {
  await browse(/^Acme Shop/);
  expect(await grid()).toHaveAttribute("aria-rowcount", "5001");
  expect(screen.getByText("5,000 posts")).toBeInTheDocument();
  expect(rows().length).toBeGreaterThan(10);
  expect(rows().length).toBeLessThan(80);
});

test("arrow keys select a row, and its details are shown", async () => {
  const user = await browse(/^Acme Journal/);
  (await grid()).focus();
  await user.keyboard("{ArrowDown}{ArrowDown}{ArrowDown}");
  const chosen = document.querySelector("tbody tr[aria-selected=true]");
  expect(chosen).toHaveAttribute("aria-rowindex", "4");
  expect(await grid()).toHaveAttribute("aria-activedescendant", chosen?.id);
  expect(screen.getByRole("complementary", { name: "Selected post" })).toHaveTextContent(
    "How a grapnel holds where an anchor drags",
  );
  await user.keyboard("{End}");
  expect(screen.getByRole("complementary")).toHaveTextContent("post-411");
});

test("details are there while a post is selected, and Escape or a button closes them", async () => {
  const user = await browse(/^Acme Journal/);
  const table = await grid();
  expect(screen.queryByRole("complementary")).toBeNull();
  table.focus();
  await user.keyboard("{ArrowDown}");
  await screen.findByRole("complementary", { name: "Selected post" });
  await user.keyboard("{Escape}");
  expect(screen.queryByRole("complementary")).toBeNull();
  expect(table).toHaveFocus();
  expect(document.querySelector("tbody tr[aria-selected=true]")).toBeNull();
  await user.keyboard("{ArrowDown}");
  await press(user, "Close details");
  expect(screen.queryByRole("complementary")).toBeNull();
  expect(table).toHaveFocus();
});

test("Escape in a field or a popover does not close the details", async () => {
  const user = await browse(/^Acme Journal/);
  (await grid()).focus();
  await user.keyboard("{ArrowDown}");
  await user.type(screen.getByRole("textbox", { name: "Filter titles" }), "a{Escape}");
  await press(user, "Columns");
  await user.keyboard("{Escape}");
  expect(await screen.findByRole("complementary", { name: "Selected post" })).toBeInTheDocument();
});

test("the project's details are loaded and shown on request", async () => {
  const user = await browse(/^Acme Journal/);
  await grid();
  expect(fake.called("project")).toHaveLength(0);
  await press(user, "Project details");
  expect(await screen.findByRole("complementary", { name: "About this project" })).toHaveTextContent("Acme Journal");
  await waitFor(() => expect(fake.called("project").length).toBeGreaterThan(0));
  await press(user, "Project details");
  expect(screen.queryByRole("complementary")).toBeNull();
});

test("the chart can be hidden, also for the next project", async () => {
  const user = await browse(/^Acme Journal/);
  await screen.findByRole("toolbar", { name: "Posts by month updated" });
  await press(user, "Posts by month updated");
  expect(screen.queryByRole("toolbar", { name: "Posts by month updated" })).toBeNull();
  await press(user, "All projects");
  const shop = [...document.querySelectorAll(".project")].find((one) => /^Acme Shop/.test(one.textContent ?? ""));
  await user.click(shop as Element);
  const title = await screen.findByRole("button", { name: "Posts by month updated" });
  expect(title).toHaveAttribute("aria-expanded", "false");
  expect(localStorage.getItem("posts-chart")).toBe("hidden");
  await user.click(title);
  await screen.findByRole("toolbar", { name: "Posts by month updated" });
});

test("a month's bar says its numbers, and years are marked", async () => {
  await browse(/^Acme Journal/);
  const months = await screen.findByRole("toolbar", { name: "Posts by month updated" });
  expect(months.lastElementChild).toHaveAccessibleName(/\d{4}: \d+ published, \d+ drafts/);
  expect(months.lastElementChild).toHaveAttribute("title", months.lastElementChild?.getAttribute("aria-label") ?? "");
  const parts = [...(months.lastElementChild?.children ?? [])].map((part) => part.className.split(" ")[0]);
  expect(parts.slice(0, 2)).toEqual(["published", "draft"]);
  const years = [...document.querySelectorAll(".years span")].map((year) => year.textContent);
  expect(years).toHaveLength(2);
  expect(Number(years[1])).toBe(Number(years[0]) + 1);
});

test("a date is chosen in a calendar by keyboard or pointer", async () => {
  const user = await browse(/^Acme Journal/);
  await grid();
  await press(user, "Filters");
  await user.type(await screen.findByLabelText("Updated from"), "2026-03-31");
  await press(user, "Choose date: Updated from");
  const selected = () => screen.findByRole("gridcell", { selected: true });
  expect(await selected()).toHaveFocus();
  expect(await selected()).toHaveTextContent("31");
  await user.keyboard("{PageUp}{ArrowRight}{ArrowDown}");
  expect(document.activeElement).toHaveTextContent("8");
  expect(screen.getByText("March 2026")).toBeInTheDocument();
  await user.keyboard("{Enter}");
  expect(screen.getByLabelText("Updated from")).toHaveValue("2026-03-08");
  expect(screen.getByRole("button", { name: "Choose date: Updated from" })).toHaveFocus();
  await waitFor(() =>
    expect(fake.called("postPage").at(-1)?.[1]).toMatchObject({ updated_from: new Date(2026, 2, 8).toISOString() }),
  );
  await press(user, "Choose date: Updated to");
  await press(user, "Previous month");
  const cells = screen.getAllByRole("gridcell");
  await user.click(cells.find((cell) => cell.textContent === "15") as Element);
  expect((screen.getByLabelText("Updated to") as HTMLInputElement).value).toMatch(/^\d{4}-\d\d-15$/);
});

test("sorting applies to cached posts, and stays for the next project", async () => {
  const user = await browse(/^Acme Journal/);
  await grid();
  await press(user, "Title");
  await press(user, "Title");
  expect(screen.getByRole("columnheader", { name: "Title" })).toHaveAttribute("aria-sort", "descending");
  const asked = fake
    .called("postPage")
    .filter(([, , from]) => from === 0)
    .map(([, query]) => query as { sort: string; order: string });
  expect(asked.slice(-3).map(({ sort, order }) => `${sort} ${order}`)).toEqual([
    "last_update desc",
    "title asc",
    "title desc",
  ]);
  expect(fake.called("loadPosts")).toHaveLength(1);
  expect(JSON.parse(localStorage.getItem("posts-table") ?? "{}")).toMatchObject({ sort: "title", order: "desc" });
});

test("filters are shown and can be removed", async () => {
  const user = await browse(/^Acme Journal/);
  await user.type(screen.getByRole("textbox", { name: "Filter titles" }), "xyzzy");
  await screen.findByText(/No posts match these filters/);
  await press(user, "Remove filter: title contains “xyzzy”");
  await screen.findByText("412 posts");
  const box = screen.getByRole("textbox", { name: "Filter titles" });
  expect(box).toHaveValue("");
  await user.type(box, "xyzzy{Escape}");
  await screen.findByText("412 posts");
  expect(box).toHaveValue("");
});

test("dates are whole days, and an incomplete date is no filter", async () => {
  const user = await browse(/^Acme Journal/);
  await press(user, "Filters");
  await user.type(await screen.findByLabelText("Updated from"), "2026-01-0");
  await user.tab();
  await screen.findByText("Enter a date as YYYY-MM-DD.");
  await user.type(screen.getByLabelText("Updated from"), "5");
  await waitFor(() =>
    expect(fake.called("postPage").at(-1)?.[1]).toMatchObject({ updated_from: new Date(2026, 0, 5).toISOString() }),
  );
});

test.each([
  ["words", "Minimum words", "2000", "Maximum words", "1000", "1000"],
  ["dates", "Updated from", "2026-03-01", "Updated to", "2026-02-01", "2026-02-01"],
])(
  "%s whose ends are the wrong way round are an error, and filter nothing",
  async (_what, from, least, to, most, better) => {
    const user = await browse(/^Acme Journal/);
    await press(user, "Filters");
    await user.type(await screen.findByLabelText(from), least);
    await user.type(screen.getByLabelText(to), most);
    await user.tab();
    expect(screen.getByLabelText(to)).toHaveAccessibleDescription(`Must not be below “${from}”.`);
    expect(screen.queryByText(/No posts match/)).toBeNull();
    // Once the range is valid, both bounds apply.
    await user.clear(screen.getByLabelText(from));
    await user.type(screen.getByLabelText(from), better);
    await waitFor(() => expect(screen.getByLabelText(to)).not.toHaveAttribute("aria-invalid"));
    await waitFor(() => expect(screen.getAllByRole("button", { name: /^Remove filter/ })).toHaveLength(2));
  },
);

test("an empty project says so", async () => {
  await browse(/^Spring campaign/);
  await screen.findByText("This project has no posts.");
});

test("cached posts stay visible when a reload fails", async () => {
  const user = await browse(/^Acme Journal/);
  await grid();
  fake.fail("loadPosts", unavailable);
  await press(user, "Reload");
  expect(await screen.findByRole("alert")).toHaveTextContent("Grigora answered 503.");
  expect(rows().length).toBeGreaterThan(10);
  fake.fail("loadPosts", null);
  await press(user, "Try again");
  await waitFor(() => expect(screen.queryByRole("alert")).toBeNull());
});

test("a long wait shows progress and can be cancelled", async () => {
  const user = await browse(/^Acme Journal/);
  await grid();
  fake.wait("loadPosts", 1e9);
  await press(user, "Reload");
  await screen.findByText("Loading posts from Grigora…");
  await press(user, "Cancel");
  expect(fake.called("cancel").length).toBeGreaterThan(0);
  await screen.findByText("Cancelled.");
  expect(rows().length).toBeGreaterThan(10);
});

test("right-to-left text has its own direction", async () => {
  await browse(/^Acme Journal/);
  await grid();
  expect(document.querySelector("td.title")).toHaveAttribute("dir", "auto");
});

test("a status is chosen from a list by keyboard or pointer", async () => {
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
  await waitFor(() =>
    expect(new Set([...rows()].map((row) => row.children[1]?.textContent))).toEqual(new Set(["Published"])),
  );
  expect(fake.called("loadPosts")).toHaveLength(1);
});

test("only visible rows are requested", async () => {
  const user = await browse(/^Acme Shop/);
  (await grid()).focus();
  await user.keyboard("{End}");
  await waitFor(() =>
    expect(screen.getByRole("complementary", { name: "Selected post" })).toHaveTextContent("post-4999"),
  );
  const asked = fake.called("postPage").map(([, , offset, limit]) => [offset, limit]);
  expect(asked).toContainEqual([4900, 100]);
  expect(asked.length).toBeLessThan(8);
});

test("filters applied here and by the provider are distinguished", async () => {
  const user = await browse(/^Acme Journal/);
  await grid();
  await press(user, "Filters");
  await user.selectOptions(screen.getByRole("combobox", { name: "Author" }), "Ines Duarte");
  await user.type(screen.getByLabelText("Minimum words"), "1000");
  await user.keyboard("{Escape}");
  expect(await screen.findByText("Filtered locally")).toBeInTheDocument();
  expect(screen.queryByText("Filtered by Grigora")).toBeNull();
  await press(user, "Status: Any status");
  await user.click(screen.getByRole("option", { name: "Draft" }));
  await waitFor(() => expect(screen.getByText(/^[\d,]+ of 412 posts$/)).toBeInTheDocument());
  // A reload requests only drafts from the provider; the other filters are applied here.
  await press(user, "Reload");
  expect(await screen.findByText("Filtered by Grigora")).toBeInTheDocument();
  expect(screen.getByText("Filtered locally")).toBeInTheDocument();
  expect(fake.called("loadPosts").at(-1)?.[1]).toMatchObject({ status: "draft" });
});

test("columns are chosen and resized by keyboard", async () => {
  const user = await browse(/^Acme Journal/);
  await grid();
  await press(user, "Columns");
  await user.click(screen.getByRole("checkbox", { name: "Published" }));
  await user.click(screen.getByRole("checkbox", { name: "Category" }));
  await user.keyboard("{Escape}");
  expect(screen.getAllByRole("columnheader").map((head) => head.getAttribute("aria-label"))).toEqual([
    "Title",
    "Status",
    "Author",
    "Words",
    "Published",
    "Updated",
  ]);
  const edge = screen.getByRole("separator", { name: "Width of Status" });
  edge.focus();
  await user.keyboard("{ArrowRight}{ArrowRight}");
  expect(edge).toHaveAttribute("aria-valuenow", "6.5");
});

test("a month toggles a filter", async () => {
  const user = await browse(/^Acme Journal/);
  const months = await screen.findByRole("toolbar", { name: "Posts by month updated" });
  expect(months.children).toHaveLength(24);
  (months.lastElementChild as HTMLElement).focus();
  await user.keyboard("{ArrowLeft}{Enter}");
  const pressed = months.querySelector("[aria-pressed=true]");
  expect(pressed).toBe(months.children[22]);
  await screen.findByText(/ of 412 posts/);
  await user.keyboard("{Enter}");
  await screen.findByText("412 posts");
});

test("a post opens its public page, and is copied unchanged", async () => {
  const user = await browse(/^Acme Journal/);
  (await grid()).focus();
  await user.keyboard("{ArrowDown}");
  await press(user, "Open");
  await press(user, "Copy as JSON");
  expect(fake.called("openPost")).toHaveLength(1);
  expect(fake.called("copyPost")).toHaveLength(1);
  (await grid()).focus();
  await user.keyboard("{ArrowDown}");
  await waitFor(() => expect(screen.getByRole("complementary")).toHaveTextContent("Draft"));
  expect(screen.queryByRole("button", { name: "Open" })).toBeNull();
});

test("the shown posts are exported, and the file is named", async () => {
  const user = await browse(/^Acme Journal/);
  await grid();
  await press(user, "Export");
  await press(user, "CSV…");
  expect(await screen.findByText("Exported 412 posts to /home/ada/Reports/Acme Journal.csv.")).toBeInTheDocument();
  await press(user, "Open folder");
  expect(fake.called("openSavedFolder")).toHaveLength(1);
  fake.data.chosen = null;
  await press(user, "CSV…");
  await waitFor(() => expect(screen.queryByText(/^Exported/)).toBeNull());
  expect(screen.queryByRole("alert")).toBeNull();
});

test("a long list shows its progress", async () => {
  const user = await start("some", () => fake.wait("loadPosts", 1e9));
  await user.click(await screen.findByRole("tab", { name: "Browse" }));
  await press(user, /^Acme Journal/);
  await screen.findByText("Loading posts from Grigora…");
  fake.tell({
    kind: "progress",
    value: { connection_id: "c1", project_id: "p1", bytes: 12_400_000, of: 30_000_000, posts: 0 },
  });
  await screen.findByText("Loading posts from Grigora… 12.4 MB of 30.0 MB");
});

test("offline, the cached content and the error are shown", async () => {
  await browse(/^Acme Journal/, "offline");
  expect(await grid()).toHaveAttribute("aria-rowcount", "413");
  expect(fake.called("loadPosts")).toHaveLength(0);
});

test("cached projects stay visible with the error", async () => {
  const user = await start("offline");
  await user.click(await screen.findByRole("tab", { name: "Browse" }));
  expect(await screen.findByRole("alert")).toHaveTextContent("Grigora answered 503.");
  expect(screen.getByText("Showing the offline copy.")).toBeInTheDocument();
  expect(screen.getByRole("button", { name: /^Acme Shop shop.acme.example 5,000 posts$/ })).toBeInTheDocument();
});

test("all cached content is searched, and a result opens", async () => {
  const user = await start("offline");
  await user.click(await screen.findByRole("tab", { name: "Browse" }));
  await user.type(await screen.findByRole("textbox", { name: "Search offline content" }), "splicing");
  const [hit] = await screen.findAllByRole("button", { name: /^Splicing an eye.*, Acme Journal, Acme production$/ });
  await user.click(hit as Element);
  expect(await screen.findByRole("complementary", { name: "Selected post" })).toHaveTextContent(
    "Splicing an eye, step by step",
  );
  expect(appStore.connections[0]?.id).toBe("c1");
});
