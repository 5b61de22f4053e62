// Formats additional fields of a response: times, lists, everything else unchanged.

import { dateAndClock } from "./time";

/** Names of members that contain times. */
const timely = /(_at|_on|At|On|[dD]ate|[tT]ime|_update|stamp|created|updated|modified|published|expires)$/;
/** Unix time in seconds or milliseconds. */
const since1970 = /^(\d{10}|\d{13})$/;
const iso = /^\d{4}-\d\d-\d\dT\d\d:\d\d/;

type Told = { name: string; value: string };

function moment({ name, value }: Told): Date | string | null {
  if (timely.test(name) && since1970.test(value))
    return new Date(value.length === 10 ? Number(value) * 1000 : Number(value));
  return iso.test(value) && !Number.isNaN(Date.parse(value)) ? value : null;
}

/** Whether the value is shown as a time. */
export const isMoment = (told: Told): boolean => moment(told) !== null;

export function value({ name, value }: Told): string {
  const when = moment({ name, value });
  if (when !== null) return dateAndClock(when);
  if (!/^[[{]/.test(value)) return value;
  try {
    const told: unknown = JSON.parse(value);
    return Array.isArray(told) && told.every((one) => typeof one !== "object")
      ? told.join(", ") || "–"
      : JSON.stringify(told, null, 2);
  } catch {
    return value;
  }
}
