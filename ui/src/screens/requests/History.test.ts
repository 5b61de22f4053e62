// The history of the Requests tab, with the exchanges of Grapnel, in front of the fake host.
import { within } from "@testing-library/svelte";
import type { UserEvent } from "@testing-library/user-event";
import { expect, test } from "vitest";
import { fake, press, screen, start, waitFor } from "../../test/start";

async function open(scenario = "exchanged"): Promise<UserEvent> {
  const user = await start(scenario);
  await user.click(await screen.findByRole("tab", { name: "Requests" }));
  return user;
}

const list = () => screen.getByRole("complementary", { name: "History" });
const rows = () => [...list().querySelectorAll<HTMLElement>("[aria-labelledby=sent-requests] .entry")];
const text = (element: HTMLElement) => element.textContent?.trim().replace(/\s+/g, " ") ?? "";

test("the history has the person's requests and those of Grapnel, each with its outcome in plain sight", async () => {
  await open();
  await waitFor(() => expect(rows()).toHaveLength(9));
  const told = rows().map((row) => text(row));
  expect(told[0]).toMatch(/^Token refresh 400 /);
  expect(told[1]).toMatch(/^GET project\/list 200 /);
  expect(told[2]).toMatch(/^Token refresh No response /);
  expect(told[3]).toMatch(/^Token refresh 200, response rejected /);
  expect(told[4]).toMatch(/^POST \/general\/api\/v1\/token\/authorized_by 200 /);
  expect(told[7]).toMatch(/^Callback (yesterday, )?\d/);
});

test("a failed exchange shows its response, and its request without secrets", async () => {
  const user = await open();
  await waitFor(() => expect(rows()).toHaveLength(9));
  await user.click(rows()[0] as HTMLElement);
  await screen.findByText("400 Bad Request");
  const response = screen.getByRole("region", { name: "Response" });
  await waitFor(() => expect(response).toHaveTextContent('"error_description": "The refresh token was revoked."'));
  const request = screen.getByRole("region", { name: "Request" });
  expect(request).toHaveTextContent("POST https://api.grigora.co/v1/oauth/token");
  expect(response.compareDocumentPosition(request)).toBe(Node.DOCUMENT_POSITION_FOLLOWING);
  expect(request).toHaveTextContent(/grant_type\s*refresh_token\s*refresh_token\s*\[secret\]/);
  expect(screen.queryByRole("combobox", { name: "Path" })).toBeNull();
  await press(user, "Copy as curl");
  expect(fake.called("exchangeSnippet")).toEqual([["c1", "refresh-2"]]);
  await waitFor(() => expect(String(fake.called("copyText").at(-1))).toMatch(/^curl /));
  await press(user, "Back to the request");
  expect(await screen.findByRole("combobox", { name: "Path" })).toHaveValue("");
});

const path = () => screen.findByRole("combobox", { name: "Path" });
const backToUnsent = () => screen.queryByRole("button", { name: "Back to the unsent request" });

test("closing an exchange of Grapnel leaves what is written", async () => {
  const user = await open();
  await waitFor(() => expect(rows()).toHaveLength(9));
  await user.selectOptions(screen.getByRole("combobox", { name: "Method" }), "POST");
  await user.type(await path(), "post/create");
  await user.type(screen.getByRole("textbox", { name: "Body" }), "mine");
  await user.click(rows()[0] as HTMLElement);
  await screen.findByText("400 Bad Request");
  await press(user, "Back to the request");
  expect(await path()).toHaveValue("post/create");
  expect(screen.getByRole("combobox", { name: "Method" })).toHaveValue("POST");
  expect(screen.getByRole("textbox", { name: "Body" })).toHaveValue("mine");
  expect(screen.queryByText("400 Bad Request")).toBeNull();
  expect(backToUnsent()).toBeNull();
});

test("unsent requests stay available when others are opened, and sent ones are in the history", async () => {
  const user = await open();
  await waitFor(() => expect(rows()).toHaveLength(9));
  const openOwn = async () => {
    await user.click(rows().find((row) => text(row).startsWith("GET project/list")) as HTMLElement);
    await waitFor(async () => expect(await path()).toHaveValue("project/list"));
  };
  await user.type(await path(), "first");
  await press(user, /^Body/);
  await user.type(screen.getByRole("textbox", { name: "Body" }), "mine");
  await openOwn();
  await user.clear(await path());
  await user.type(await path(), "second");
  await openOwn();
  await user.click(backToUnsent() as HTMLElement);
  expect(await path()).toHaveValue("second");
  await user.click(backToUnsent() as HTMLElement);
  expect(await path()).toHaveValue("first");
  expect(screen.getByRole("textbox", { name: "Body" })).toHaveValue("mine");
  await user.click(backToUnsent() as HTMLElement);
  expect(await path()).toHaveValue("second");
  await user.click(backToUnsent() as HTMLElement);
  await user.click(screen.getByRole("button", { name: "Send" }));
  await screen.findByText("404 Not Found");
  await openOwn();
  await user.click(backToUnsent() as HTMLElement);
  expect(await path()).toHaveValue("second");
  expect(backToUnsent()).toBeNull();
});

test("an exchange of Grapnel is shown with its own request after the tab was left, too", async () => {
  const user = await open();
  await waitFor(() => expect(rows()).toHaveLength(9));
  await user.click(screen.getByRole("tab", { name: "Overview" }));
  await user.click(screen.getByRole("tab", { name: "Requests" }));
  await user.type(await screen.findByRole("combobox", { name: "Path" }), "/nope");
  await waitFor(() => expect(rows()).toHaveLength(9));
  await user.click(rows()[4] as HTMLElement);
  const request = await screen.findByRole("region", { name: "Request" });
  expect(request).toHaveTextContent("/general/api/v1/token/authorized_by");
  const response = await screen.findByRole("region", { name: "Response" });
  expect(response.compareDocumentPosition(request)).toBe(Node.DOCUMENT_POSITION_PRECEDING);
  expect(screen.queryByRole("combobox", { name: "Path" })).toBeNull();
});

test("an exchange without a response says why", async () => {
  const user = await open();
  await waitFor(() => expect(rows()).toHaveLength(9));
  await user.click(rows()[2] as HTMLElement);
  await screen.findByText(/connection refused \(127\.0\.0\.1:4780\)/);
  await user.click(rows()[7] as HTMLElement);
  await screen.findByText("The browser was redirected here with the authorization response.");
  expect(screen.queryByText("No response", { selector: "p" })).toBeNull();
});

test("a response with status 200 that could not be used is a failure, and says why", async () => {
  const user = await open();
  await waitFor(() => expect(rows()).toHaveLength(9));
  await user.click(rows()[3] as HTMLElement);
  const response = screen.getByRole("region", { name: "Response" });
  await waitFor(() => expect(response).toHaveTextContent("200 OK Response rejected"));
  expect(response).toHaveTextContent("The provider answered without an access token");
});

test("the history is filtered by text and by failure", async () => {
  const user = await open();
  await waitFor(() => expect(rows()).toHaveLength(9));
  await user.type(screen.getByRole("searchbox", { name: "Filter history" }), "introspect");
  expect(rows()).toHaveLength(1);
  await user.clear(screen.getByRole("searchbox", { name: "Filter history" }));
  await press(user, "Failed");
  expect(rows()).toHaveLength(3);
  await user.type(screen.getByRole("searchbox", { name: "Filter history" }), "xyzzy");
  expect(screen.getByText("No matches for “xyzzy”")).toBeInTheDocument();
});

test("the history is searched in headers and bodies, which the host keeps", async () => {
  const user = await open();
  await waitFor(() => expect(rows()).toHaveLength(9));
  fake.data.requests!.sent[2]!.view.headers.push({ name: "x-request-id", value: "berth-42" });
  await user.type(screen.getByRole("searchbox", { name: "Filter history" }), "berth-42");
  await waitFor(() => expect(rows()).toHaveLength(1));
  expect(fake.called("searchApiExchanges")).toEqual([["c1", "berth-42"]]);
});

test("an exchange that Grapnel just had appears by itself", async () => {
  await open();
  await waitFor(() => expect(rows()).toHaveLength(9));
  const newest = fake.data.requests?.sent[0];
  if (!newest) throw new Error("nothing was sent");
  const view = { ...newest.view, summary: { ...newest.view.summary, id: "refresh-now" } };
  fake.data.requests?.sent.unshift({ ...newest, view });
  fake.tell({ kind: "exchanges", value: "c1" });
  await waitFor(() => expect(rows()).toHaveLength(10));
});

test("the error of the Overview leads to its exchange", async () => {
  const user = await start("exchanged");
  const c1 = fake.data.details["c1"];
  const [entry] = fake.data.activity.filter(({ exchange_id }) => exchange_id);
  if (!c1 || !entry) throw new Error("no such connection");
  c1.trouble = { code: "reconnect_needed", message: entry.text, meaning: null, hint: null, field: null };
  c1.summary.state = "reconnect_needed";
  fake.tell({ kind: "connection", value: "c1" });
  await user.click(await screen.findByRole("button", { name: "Show exchange" }));
  await screen.findByText("400 Bad Request");
  expect(screen.getByRole("tab", { name: "Requests" })).toHaveAttribute("aria-selected", "true");
});

test("an activity entry leads to its exchange", async () => {
  const user = await start("exchanged");
  await user.click(await screen.findByRole("tab", { name: "Activity" }));
  await user.click(await screen.findByRole("button", { name: "Show exchange" }));
  await screen.findByText("400 Bad Request");
  expect(screen.getByRole("tab", { name: "Requests" })).toHaveAttribute("aria-selected", "true");
});

test("without an API base the history is shown, too", async () => {
  await open("custom");
  await screen.findByText("Send requests to the API");
  expect(within(list()).getByText("No requests yet.")).toBeInTheDocument();
});
