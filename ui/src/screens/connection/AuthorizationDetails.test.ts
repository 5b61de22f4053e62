import { expect, test } from "vitest";
import { within } from "@testing-library/svelte";
import { details } from "../../fake/data";
import { fake, row, screen, start, waitFor } from "../../test/start";

function add(one: ReturnType<typeof details>) {
  fake.data.connections.unshift(one.summary);
  fake.data.details[one.summary.id] = one;
}

test("authorization details are shown by their type, with what differs from the request", async () => {
  const payment = { type: "payment_initiation", fields: [{ name: "instructedAmount.amount", value: "123.50" }] };
  const user = await start("some", () =>
    add(
      details("c9", "Acme bank", "active", 60_000, {
        authorization_details: { details: [payment], comparison: "different" },
      }),
    ),
  );
  await row(user, "Acme bank");
  const shown = (await screen.findByRole("heading", { name: "Authorization details" })).closest("section");
  expect(shown).toHaveTextContent("They differ from those that were requested.");
  expect(shown).toHaveTextContent("payment_initiation");
  expect(
    within(shown as HTMLElement)
      .getByText("instructedAmount.amount")
      .closest("dt")?.nextElementSibling,
  ).toHaveTextContent("123.50");
  await row(user, "Acme staging");
  await waitFor(() => expect(screen.queryByRole("heading", { name: "Authorization details" })).toBeNull());
});
