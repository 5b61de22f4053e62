import { within } from "@testing-library/svelte";
import { expect, test } from "vitest";
import { trouble } from "../../fake/data";
import { teams } from "../../state/teams.svelte";
import { appStore, choose, fake, press, screen, start, waitFor } from "../../test/start";

const section = async () => within(await screen.findByRole("region", { name: "Team" }));

test("a shared connection says so in the list, by icon and by name", async () => {
  await start("team");
  expect(screen.getAllByRole("button", { name: /^Acme production.*, shared with Harbour$/ })).toHaveLength(1);
});

test("its page names the team, and who refreshed last, on which computer", async () => {
  await start("team");
  const team = await section();
  expect(team.getByText("Harbour")).toBeVisible();
  expect(team.getByText("by Bo on bo-laptop")).toBeVisible();
});

test("a connection is shared after naming what is shared with whom", async () => {
  const user = await start("team-to-share");
  await screen.findByRole("heading", { name: "Acme production" });
  await choose(user, "Share with team…");
  const dialog = within(await screen.findByRole("dialog"));
  expect(await dialog.findByText("It will be shared with Bo and ci.")).toBeVisible();
  expect(dialog.getByText(/encrypted for the members/)).toBeVisible();
  await user.click(dialog.getByRole("button", { name: "Share" }));
  expect(await screen.findByText("Shared with Harbour.")).toBeVisible();
  expect(fake.called("shareConnection")).toEqual([["c1", "team-Harbour"]]);
  expect((await section()).getByText("Not yet by a member")).toBeVisible();
});

test("declined in the system's dialog, it is not shared, which is no error", async () => {
  const user = await start("team-to-share", () => (fake.data.agrees = false));
  await screen.findByRole("heading", { name: "Acme production" });
  await choose(user, "Share with team…");
  const dialog = within(await screen.findByRole("dialog"));
  await user.click(await dialog.findByRole("button", { name: "Share" }));
  expect(await dialog.findByText("Not shared")).toBeVisible();
  expect(dialog.queryByRole("alert")).toBeNull();
});

test("without a team, sharing leads to the settings of teams", async () => {
  const user = await start("some");
  await screen.findByRole("heading", { name: "Acme production" });
  await choose(user, "Share with team…");
  await press(user, "Open team settings");
  expect(await screen.findByRole("heading", { name: "Teams", level: 2 })).toBeVisible();
});

test("while the teams are read, nothing can be chosen yet", async () => {
  teams.list = null;
  let release = () => {};
  const user = await start("team-to-share", () => (release = fake.hold("teams")));
  await screen.findByRole("heading", { name: "Acme production" });
  await choose(user, "Share with team…");
  const dialog = within(await screen.findByRole("dialog"));
  expect(dialog.getByRole("button", { name: "Share" })).toBeDisabled();
  expect(dialog.queryByRole("button", { name: "Open team settings" })).toBeNull();
  release();
  await waitFor(() => expect(dialog.getByRole("button", { name: "Share" })).toBeEnabled());
});

test("an owner stops sharing; a member cannot", async () => {
  const user = await start("team");
  await section();
  await choose(user, "Stop sharing…");
  const dialog = within(await screen.findByRole("alertdialog"));
  expect(dialog.getByText(/disconnected on the others of Harbour/)).toBeVisible();
  await user.click(dialog.getByRole("button", { name: "Stop sharing" }));
  expect(await screen.findByText("No longer shared.")).toBeVisible();
  expect(screen.queryByRole("region", { name: "Team" })).toBeNull();
});

test("a member who is no owner is not offered to stop sharing", async () => {
  const user = await start("team-member");
  await section();
  (await screen.findByRole("button", { name: "More actions" })).focus();
  await user.keyboard("{Enter}");
  expect(screen.queryByText("Stop sharing…", { selector: "[role=menuitem]" })).toBeNull();
});

test("disconnecting says that it ends for the whole team", async () => {
  const user = await start("team");
  await section();
  await choose(user, "Disconnect…");
  const dialog = within(await screen.findByRole("alertdialog"));
  expect(dialog.getByText(/ends for the whole team, on all its computers/)).toBeVisible();
});

test("removing it says that it is forgotten here only, and disconnects nothing", async () => {
  const user = await start("team");
  await section();
  await choose(user, "Remove from this computer…");
  const dialog = within(await screen.findByRole("alertdialog"));
  expect(dialog.getByText(/forgotten here only: nothing is revoked/)).toBeVisible();
  await user.click(dialog.getByRole("button", { name: "Remove" }));
  await waitFor(() => expect(appStore.connections.some(({ id }) => id === "c1")).toBe(false));
  expect(fake.called("disconnect")).toEqual([]);
});

test.each([
  ["team-unreachable", /^Team Harbour has been unavailable since/, /valid tokens are still handed out/],
  ["team-pending", /^New tokens are on this computer only, since/, /other computers can’t refresh/],
  ["team-rolled-back", /restored from an older backup/, /valid ones are still handed out/],
  ["team-conflict", /^“Bo” refreshed this connection/, /The team’s tokens are used now/],
])("%s is explained in one place, with a next step", async (scenario, what, means) => {
  const user = await start(scenario);
  const team = await section();
  expect(team.getByRole("alert")).toBeVisible();
  expect(team.getByText(what)).toBeVisible();
  expect(team.getByText(means)).toBeVisible();
  await user.click(team.getByRole("button", { name: "Try again" }));
  await waitFor(() => expect(team.queryByRole("alert")).toBeNull());
});

test.each([
  ["team", /Refreshes automatically\./],
  ["team-removed", /Can’t be refreshed with the team\./],
  ["team-rolled-back", /Can’t be refreshed with the team\./],
  ["team-unreachable", /Refreshes when the team’s database can be reached\./],
])("%s: the header says whether it is refreshed", async (scenario, says) => {
  await start(scenario);
  await section();
  expect(screen.getByText(says)).toBeVisible();
  if (scenario === "team") return void expect(screen.getByText("Refreshes")).toBeVisible();
  expect(screen.queryByText(/Refreshes automatically/)).toBeNull();
  expect(screen.queryByText("Refreshes")).toBeNull();
});

test("the activity of the team has member and computer", async () => {
  const user = await start("team");
  await section();
  await user.click(screen.getByRole("tab", { name: "Activity" }));
  const team = within(await screen.findByRole("region", { name: "Team activity" }));
  expect(await team.findByText("Bo, bo-laptop")).toBeVisible();
  expect(team.getByText("ci, runner-7")).toBeVisible();
});

test("where the team cannot be asked for its activity, that of this computer stays", async () => {
  const user = await start("team", () => fake.fail("teamActivity", trouble("team_unreachable", "No answer.")));
  await section();
  await user.click(screen.getByRole("tab", { name: "Activity" }));
  const team = within(await screen.findByRole("region", { name: "Team activity" }));
  expect(await team.findByText("No answer.")).toBeVisible();
  expect(screen.getByRole("searchbox", { name: "Search" })).toBeVisible();
});

test("a team that becomes unreachable changes the page by itself", async () => {
  await start("team");
  const team = await section();
  const shared = fake.data.details.c1?.shared;
  if (shared)
    shared.unreachable = { since: new Date().toISOString(), error: trouble("team_unreachable", "No answer.") };
  fake.tell({ kind: "teams" });
  expect(await team.findByText(/^Team Harbour has been unavailable since/)).toBeVisible();
});
