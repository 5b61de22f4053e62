import { within } from "@testing-library/svelte";
import { expect, test } from "vitest";
import { trouble } from "../../fake/data";
import { member } from "../../fake/teams";
import { teams as state } from "../../state/teams.svelte";
import { fake, press, screen, start, waitFor } from "../../test/start";

async function open(scenario = "some", tell?: () => void) {
  state.list = null;
  const user = await start(scenario, tell);
  await press(user, "Settings");
  await press(user, "Teams");
  return { user, section: within(await screen.findByRole("region", { name: "Teams" })) };
}
type Section = Awaited<ReturnType<typeof open>>["section"];
const field = (section: Section, name: string) => section.getByLabelText(name);
const dialog = async () => within(await screen.findByRole("alertdialog"));

test("without a team, the page says what one is, and offers to create or join one", async () => {
  const { section } = await open();
  expect(await section.findByText("No teams.")).toBeVisible();
  expect(section.getByText(/^A team shares connections through a PostgreSQL database/)).toBeVisible();
  expect(section.getByRole("button", { name: "Create team…" })).toBeEnabled();
  expect(section.getByRole("button", { name: "Join team…" })).toBeEnabled();
});

test("a team is created; the URL is hidden, and its error stands at the field, which is focused", async () => {
  const { user, section } = await open();
  await user.click(await section.findByRole("button", { name: "Create team…" }));
  expect(await section.findByLabelText("Team name")).toHaveFocus();
  expect(section.getByRole("button", { name: "Create team" })).toBeDisabled();
  await user.type(field(section, "Team name"), "Harbour");
  await user.type(field(section, "Your name in the team"), "Amélie");
  const url = field(section, "Database URL");
  expect(url).toHaveAttribute("type", "password");
  await user.type(url, "mysql://db{Enter}");
  expect(await section.findByRole("alert")).toHaveTextContent("This is no URL of a PostgreSQL database.");
  await waitFor(() => expect(url).toHaveFocus());
  await user.clear(url);
  await user.type(url, "postgres://a:b@db/x{Enter}");
  expect(await section.findByText(/^Team Harbour created/)).toBeVisible();
  expect(section.getByRole("region", { name: "Harbour" })).toBeVisible();
  await waitFor(() => expect(section.getByRole("button", { name: "Create team…" })).toHaveFocus());
});

test("creating a team that takes long can be cancelled, which leaves what was typed and no error", async () => {
  const { user, section } = await open("some", () => fake.wait("createTeam", 1e9));
  await user.click(await section.findByRole("button", { name: "Create team…" }));
  await user.type(await section.findByLabelText("Team name"), "Harbour");
  await user.type(field(section, "Your name in the team"), "Amélie");
  await user.type(field(section, "Database URL"), "postgres://db{Enter}");
  expect(await section.findByText("Creating the team in the database…")).toBeVisible();
  await user.click(section.getByRole("button", { name: "Cancel" }));
  // The focus does not get lost with the button that cancelled.
  await waitFor(() => expect(section.getByRole("button", { name: "Create team" })).toHaveFocus());
  expect(section.queryByRole("alert")).toBeNull();
  expect(field(section, "Team name")).toHaveValue("Harbour");
  await user.keyboard("{Escape}");
  await user.click((await dialog()).getByRole("button", { name: "Leave" }));
  expect(await section.findByRole("button", { name: "Create team…" })).toBeVisible();
});

test("an invitation may need a passphrase; what could not be added is listed with the reason", async () => {
  const { user, section } = await open();
  await user.click(await section.findByRole("button", { name: "Join team…" }));
  const text = await section.findByRole("textbox", { name: "Invitation" });
  await user.click(text);
  await user.paste("hello");
  expect(await section.findByRole("alert")).toHaveTextContent("This is not an invitation. Paste all of it.");
  await user.clear(text);
  await user.paste("grapnel-invitation-passphrase-newer");
  await user.type(await section.findByLabelText("Passphrase of the invitation"), "wrong one{Enter}");
  expect(await section.findByText(/does not open the invitation/)).toBeVisible();
  await user.clear(field(section, "Passphrase of the invitation"));
  await user.type(field(section, "Passphrase of the invitation"), "four or five words{Enter}");
  expect(await section.findByText(/^Joined Harbour. 2 connections added: Acme production and Journal./)).toBeVisible();
  expect(section.getByText("Shop was not added:")).toBeVisible();
  expect(section.getByText(/made by a newer Grapnel/)).toBeVisible();
});

test("an invitation for the person's key asks for no passphrase", async () => {
  const { user, section } = await open();
  await user.click(await section.findByRole("button", { name: "Join team…" }));
  await user.click(await section.findByRole("textbox", { name: "Invitation" }));
  await user.paste("grapnel-invitation-key");
  await user.click(section.getByRole("button", { name: "Join team" }));
  expect(await section.findByText(/^Joined Harbour/)).toBeVisible();
  expect(fake.called("joinTeam")).toEqual([[22, null, null]]);
});

test("a team that the person declines in the system's dialog is not joined, and that is no error", async () => {
  const { user, section } = await open("some", () => (fake.data.agrees = false));
  await user.click(await section.findByRole("button", { name: "Join team…" }));
  await user.click(await section.findByRole("textbox", { name: "Invitation" }));
  await user.paste("grapnel-invitation-key");
  await user.click(section.getByRole("button", { name: "Join team" }));
  expect(await section.findByText("Not joined")).toBeVisible();
  expect(section.queryByRole("alert")).toBeNull();
});

test("an invitation passes on the own database URL, unless the person is given another", async () => {
  const { user, section } = await open("team");
  for (const [name, url] of [
    ["Chandra", ""],
    ["Dmitri", "postgres://dmitri@db.harbour.example/team"],
  ] as const) {
    await user.click(await section.findByRole("button", { name: "Invite to Harbour" }));
    await user.type(await section.findByRole("textbox", { name: "Name in the team" }), name);
    await user.type(section.getByRole("textbox", { name: "Public key" }), "age1abc");
    if (url) {
      await user.click(section.getByRole("button", { name: /^A database URL for this person/ }));
      await user.type(field(section, "Database URL"), url);
    }
    await user.click(section.getByRole("button", { name: "Invite" }));
    expect(await section.findByText("ABCD-EFGH-IJKL-MNOP")).toBeVisible();
    expect(section.queryByText(/holds your own database URL/) === null).toBe(url !== "");
    await user.click(section.getByRole("button", { name: "Done" }));
  }
  expect(fake.called("inviteMember").map((call) => call.at(-1))).toEqual([null, 41]);
});

test("the person's public key is shown to be copied", async () => {
  const { user, section } = await open();
  await user.click(await section.findByRole("button", { name: "Show key" }));
  await user.click(await section.findByRole("button", { name: "Copy your public key" }));
  expect(fake.called("copyText")[0]?.[0]).toMatch(/^age1/);
});

test("a member is invited by key, at whose field an error stands; the invitation is copied", async () => {
  const { user, section } = await open("team");
  await user.click(await section.findByRole("button", { name: "Invite to Harbour" }));
  const name = await section.findByRole("textbox", { name: "Name in the team" });
  expect(name).toHaveFocus();
  await user.type(name, "Chandra");
  await user.type(section.getByRole("textbox", { name: "Public key" }), "ssh-rsa{Enter}");
  expect(await section.findByRole("alert")).toHaveTextContent("This is not a whole public key: one begins with age1.");
  await user.clear(section.getByRole("textbox", { name: "Public key" }));
  await user.type(section.getByRole("textbox", { name: "Public key" }), "age1abc{Enter}");
  await user.click(await section.findByRole("button", { name: "Copy invitation" }));
  expect(fake.called("copyText")[0]?.[0]).toMatch(/^grapnel-invitation-/);
  expect(await section.findByText("Chandra")).toBeVisible();
  await user.click(section.getByRole("button", { name: "Done" }));
  await waitFor(() => expect(section.getByRole("button", { name: "Invite to Harbour" })).toHaveFocus());
});

test("an invitation that the person declines in the system's dialog changes nothing, and is no error", async () => {
  const { user, section } = await open("team", () => (fake.data.agrees = false));
  await user.click(await section.findByRole("button", { name: "Invite to Harbour" }));
  await user.type(await section.findByRole("textbox", { name: "Name in the team" }), "Chandra");
  await user.type(section.getByRole("textbox", { name: "Public key" }), "age1abc{Enter}");
  expect(await section.findByText("Nobody was invited.")).toBeVisible();
  expect(section.queryByRole("alert")).toBeNull();
});

test("a passphrase for an invitation is confirmed before it is sent", async () => {
  const { user, section } = await open("team");
  await user.click(await section.findByRole("button", { name: "Invite to Harbour" }));
  await user.type(await section.findByRole("textbox", { name: "Name in the team" }), "Chandra");
  await user.click(section.getByRole("radio", { name: "A passphrase" }));
  await user.type(field(section, "Passphrase"), "correct horse battery");
  await user.type(field(section, "Confirm passphrase"), "other{Enter}");
  expect(fake.called("inviteMember")).toEqual([]);
  await user.clear(field(section, "Confirm passphrase"));
  await user.type(field(section, "Confirm passphrase"), "correct horse battery{Enter}");
  expect(await section.findByRole("button", { name: "Copy invitation" })).toBeVisible();
  expect(fake.called("inviteMember")).toEqual([["team-Harbour", "Chandra", false, null, 21, null]]);
});

test("a worker’s key is copied by the host, never reaches the page, and is dropped at the end", async () => {
  const { user, section } = await open("team");
  await user.click(await section.findByRole("button", { name: "Invite to Harbour" }));
  await user.type(await section.findByRole("textbox", { name: "Name in the team" }), "deploy");
  await user.click(section.getByRole("radio", { name: "Worker" }));
  await user.click(section.getByRole("button", { name: "Make worker key" }));
  await user.click(await section.findByRole("button", { name: "Copy key" }));
  expect(fake.called("copyWorkerKey")).toHaveLength(1);
  expect(fake.called("copyText")).toEqual([]);
  await user.click(section.getByRole("button", { name: "Done" }));
  await waitFor(() => expect(fake.called("dropWorkerKey")).toHaveLength(1));
});

test("removing a member says what it does and what they may keep", async () => {
  const { user, section } = await open("team");
  await user.click(await section.findByRole("button", { name: "Remove Bo…" }));
  const asked = await dialog();
  expect(asked.getByText(/keys change.*refresh tokens until they are used or revoked/)).toBeVisible();
  await user.click(asked.getByRole("button", { name: "Remove member" }));
  expect(await section.findByText("Bo removed. The team’s keys were changed.")).toBeVisible();
  expect(section.queryByRole("button", { name: "Remove Bo…" })).toBeNull();
  expect(section.getByText(/^Change the password of the database user that they used/)).toBeVisible();
  expect(section.getByText(/refresh tokens of: Acme production and Acme staging\.$/)).toBeVisible();
  await user.click(section.getByRole("button", { name: "Done" }));
  expect(section.queryByText(/^Change the password/)).toBeNull();
});

test("a removal that fails says so in the dialog, and the member stays", async () => {
  const { user, section } = await open("team", () =>
    fake.fail("removeMember", trouble("team_unreachable", "The database does not answer.", "Nobody was removed.")),
  );
  await user.click(await section.findByRole("button", { name: "Remove Bo…" }));
  const asked = await dialog();
  await user.click(asked.getByRole("button", { name: "Remove member" }));
  expect(await asked.findByRole("alert")).toHaveTextContent("Nobody was removed.");
  expect(section.getByText("Bo")).toBeVisible();
});

test("a member who is no owner can neither invite nor remove, and leaves", async () => {
  const { user, section } = await open("team-member");
  await user.click(await section.findByRole("button", { name: "Leave Harbour…" }));
  expect(section.queryByRole("button", { name: /^Invite|^Remove/ })).toBeNull();
  const asked = await dialog();
  expect(asked.getByText(/^2 connections are removed from this computer/)).toBeVisible();
  await user.click(asked.getByRole("button", { name: "Leave team" }));
  expect(
    await section.findByText(/^You left Harbour, and your keys were deleted there. Ask an owner to remove you/),
  ).toBeVisible();
  expect(section.getByText("No teams.")).toBeVisible();
});

test("an unreachable team says since when and why, and is tried again", async () => {
  const { user, section } = await open("team-pending");
  const panel = within(await section.findByRole("region", { name: "Harbour" }));
  expect(panel.getByText(/^Team Harbour has been unavailable since/)).toBeVisible();
  expect(panel.getByText(/connection refused.*valid tokens are still handed out/)).toBeVisible();
  expect(panel.getByText(/^1 connection has new tokens on this computer/)).toBeVisible();
  await user.click(panel.getByRole("button", { name: "Try again" }));
  await waitFor(() => expect(panel.queryByText(/has been unavailable since/)).toBeNull());
  expect(panel.queryByText(/has new tokens/)).toBeNull();
});

test("a removed member is not told that the team is unavailable", async () => {
  const { section } = await open("team-removed");
  const panel = within(await section.findByRole("region", { name: "Harbour" }));
  expect(panel.getByText("You are no longer a member of this team.")).toBeVisible();
  expect(panel.getByText(/join with a new invitation/)).toBeVisible();
  expect(panel.queryByText(/has been unavailable since/)).toBeNull();
});

test("a database that was restored from an older backup is said until it is not any more", async () => {
  const { user, section } = await open("team-rolled-back");
  const panel = within(await section.findByRole("region", { name: "Harbour" }));
  expect(panel.getByText(/restored from an older backup: 2 of 2 shared connections are older/)).toBeVisible();
  expect(panel.getByText(/share(s)? them again/)).toBeVisible();
  expect(panel.queryByRole("button", { name: "Sync now: Harbour" })).toBeNull();
  await user.click(panel.getByRole("button", { name: "Try again" }));
  await waitFor(() => expect(panel.queryByText(/older backup/)).toBeNull());
});

test("a list of members that was rolled back is not told as unavailable", async () => {
  const error = trouble("team_rolled_back", "The list of members is older than what was seen here.");
  const { section } = await open("team", () => {
    const [team] = fake.data.teams ?? [];
    if (team) team.unreachable = { since: new Date().toISOString(), error };
  });
  const panel = within(await section.findByRole("region", { name: "Harbour" }));
  expect(panel.getByText("The list of members is older than what was seen here.")).toBeVisible();
  expect(panel.queryByText(/has been unavailable since/)).toBeNull();
});

test("a team says which database and schema it has", async () => {
  const { section } = await open("team");
  expect(
    await section.findByText("Database grapnel on db.harbour.example, schema grapnel_team_4f2ac09b71d3, version 2"),
  ).toBeVisible();
});

test("the URL of the database is hidden, and replaced once the team was read by it", async () => {
  const { user, section } = await open("team");
  await user.click(await section.findByRole("button", { name: "Database URL of Harbour…" }));
  const asked = within(await screen.findByRole("dialog"));
  const url = asked.getByLabelText("Database URL");
  expect(url).toHaveAttribute("type", "password");
  expect(asked.getByRole("button", { name: "Replace" })).toBeDisabled();
  await user.type(url, "mysql://db{Enter}");
  expect(await asked.findByRole("alert")).toHaveTextContent("This is no URL of a PostgreSQL database.");
  await waitFor(() => expect(url).toHaveFocus());
  await user.clear(url);
  await user.type(url, "postgres://a:b@db/x{Enter}");
  expect(await section.findByText("The database URL was replaced.")).toBeVisible();
  expect(section.getByText(/on db2.harbour.example/)).toBeVisible();
  expect(fake.called("changeTeamUrl")).toEqual([
    ["team-Harbour", 10],
    ["team-Harbour", 19],
  ]);
  // Nothing of it stays.
  await user.click(section.getByRole("button", { name: "Database URL of Harbour…" }));
  expect(within(await screen.findByRole("dialog")).getByLabelText("Database URL")).toHaveValue("");
});

test("a database that cannot be read by the new URL leaves the dialog open, with the reason", async () => {
  const { user, section } = await open("team", () =>
    fake.fail("changeTeamUrl", trouble("team_unreachable", "No answer.", "The stored database URL is unchanged.")),
  );
  await user.click(await section.findByRole("button", { name: "Database URL of Harbour…" }));
  const asked = within(await screen.findByRole("dialog"));
  await user.type(asked.getByLabelText("Database URL"), "postgres://a:b@db/x{Enter}");
  expect(await asked.findByText(/stored database URL is unchanged/)).toBeVisible();
  await user.click(asked.getByRole("button", { name: "Cancel" }));
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
});

test("a database URL that the person does not confirm is not stored", async () => {
  const { user, section } = await open("team", () => (fake.data.agrees = false));
  await user.click(await section.findByRole("button", { name: "Database URL of Harbour…" }));
  const asked = within(await screen.findByRole("dialog"));
  await user.type(asked.getByLabelText("Database URL"), "postgres://a:b@db/x{Enter}");
  expect(await asked.findByText("Not replaced")).toBeVisible();
  expect(section.queryByText(/on db2.harbour.example/)).toBeNull();
});

test("of many members the first are shown, and the others are found", async () => {
  const { user, section } = await open("teams");
  const panel = within(await section.findByRole("region", { name: "Agency" }));
  expect(panel.queryByText("ci-runner-20")).toBeNull();
  await user.type(panel.getByRole("searchbox", { name: "Filter members" }), "runner-20");
  expect(panel.getByText("ci-runner-20")).toBeVisible();
  await user.clear(panel.getByRole("searchbox", { name: "Filter members" }));
  await user.click(panel.getByRole("button", { name: "Show all 31" }));
  expect(panel.getByText("ci-runner-20")).toBeVisible();
});

test("a change of a team by another computer appears without a request of the person", async () => {
  const { section } = await open("team");
  await section.findByText("Bo");
  fake.data.teams?.[0]?.members.push(member("Eleni"));
  fake.tell({ kind: "teams" });
  expect(await section.findByText("Eleni")).toBeVisible();
});
