// Times: relative near now, exact otherwise.

import { clockOptions, dates, weekStart } from "./locale";
import { count } from "./number";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const clockFormat = dates(clockOptions());
const secondsFormat = dates({ ...clockOptions(), second: "2-digit" });
const dayFormat = dates({ day: "numeric", month: "short" });
const dateFormat = dates({ day: "numeric", month: "short", year: "numeric" });
const monthFormat = dates({ month: "long", year: "numeric" });
const weekdayFormat = dates({ weekday: "long" });
const letterFormat = dates({ weekday: "narrow" });
const wholeDayFormat = dates({ dateStyle: "full" });
const exactFormat = dates({ dateStyle: "full", timeStyle: "long" });

export type Moment = string | Date;
const date = (at: Moment): Date => (typeof at === "string" ? new Date(at) : at);
const dayNumber = (at: Date): number => Math.floor((at.getTime() - at.getTimezoneOffset() * MINUTE) / DAY);

/** The exact moment, for a title. */
export const exact = (at: Moment): string => exactFormat.format(date(at));

/** `14:10`, or `2:10 PM` in one piece. */
export const clock = (at: Moment): string => clockFormat.format(date(at)).replace(/\s/g, "\u00a0");

/** `18 Nov`, or, in another year, `18 Nov 2025`. */
export function day(at: Moment, now: Date): string {
  const moment = date(at);
  return moment.getFullYear() === now.getFullYear() ? dayFormat.format(moment) : dateFormat.format(moment);
}

/** `Today`, `Yesterday`, `18 Nov`. */
export function dayName(at: Moment, now: Date): string {
  const days = dayNumber(now) - dayNumber(date(at));
  if (days === 0) return "Today";
  return days === 1 ? "Yesterday" : day(at, now);
}

/** `March 2026`, of `2026-03`. */
export const month = (text: string): string => monthFormat.format(date(`${text}-15T12:00:00`));

/** The weekday that weeks begin with, 0 for Sunday. */
export const firstWeekday = weekStart();

/** `Monday`. */
export const weekday = (at: Date): string => weekdayFormat.format(at);

/** `M`. */
export const weekdayLetter = (at: Date): string => letterFormat.format(at);

/** `Monday 16 March 2026`. */
export const wholeDay = (at: Date): string => wholeDayFormat.format(at);

/** `14:10`, `yesterday, 14:58`, `18 Nov, 14:58`. */
export function when(at: Moment, now: Date): string {
  const days = dayNumber(now) - dayNumber(date(at));
  if (days === 0) return clock(at);
  if (days === 1) return `yesterday, ${clock(at)}`;
  return days === -1 ? `tomorrow, ${clock(at)}` : `${day(at, now)}, ${clock(at)}`;
}

/** `20 Nov 2026, 09:15`. */
export const dateAndClock = (at: Moment): string => `${dateFormat.format(date(at))}, ${clock(at)}`;

/** `43 min`, `4 h 46 min`, `3 days`. */
export function span(ms: number): string {
  if (ms < MINUTE) return "<1 min";
  const minutes = Math.floor(ms / MINUTE);
  if (minutes < 60) return `${minutes} min`;
  if (ms < 6 * HOUR)
    return minutes % 60 === 0 ? `${minutes / 60} h` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  return ms < 2 * DAY ? `${Math.floor(ms / HOUR)} h` : `${Math.floor(ms / DAY)} days`;
}

/** `8 s`, `43 min`: for what is about to happen. */
export const brief = (ms: number): string => (ms < MINUTE ? `${Math.max(1, Math.ceil(ms / 1000))} s` : span(ms));

/** `14:10:08`, or, further away, as `when` has it. */
export const precise = (at: Moment, now: Date): string =>
  Math.abs(until(at, now)) < 10 * MINUTE ? secondsFormat.format(date(at)) : when(at, now);

/** `43 minutes`, `4 hours 46 minutes`, `3 days`: what `span` says, for sentences. */
export function spoken(ms: number): string {
  if (ms < MINUTE) return "less than a minute";
  const minutes = Math.floor(ms / MINUTE);
  if (minutes < 60) return count(minutes, "minute", "minutes");
  const hours = count(Math.floor(minutes / 60), "hour", "hours");
  if (ms < 6 * HOUR) return minutes % 60 === 0 ? hours : `${hours} ${count(minutes % 60, "minute", "minutes")}`;
  return ms < 2 * DAY ? hours : count(Math.floor(ms / DAY), "day", "days");
}

/** `9:41` of minutes and seconds, for a countdown. */
export function countdown(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/** `just now`, `12 min ago`, `2 h ago`, `Yesterday`, `18 Nov`. */
export function ago(at: Moment, now: Date): string {
  const passed = now.getTime() - date(at).getTime();
  if (passed < MINUTE && passed > -MINUTE) return "just now";
  if (passed < 0) return when(at, now);
  if (passed < HOUR) return `${Math.floor(passed / MINUTE)} min ago`;
  if (dayNumber(now) === dayNumber(date(at))) return `${Math.floor(passed / HOUR)} h ago`;
  return dayName(at, now);
}

/** `14:10, in 43 min`, `yesterday, 14:58, 21 h ago`. */
export function whenSpan(at: Moment, now: Date): string {
  const left = until(at, now);
  return `${when(at, now)}, ${left >= 0 ? `in ${span(left)}` : `${span(-left)} ago`}`;
}

/** How long until, in milliseconds; negative once past. */
export const until = (at: Moment, now: Date): number => date(at).getTime() - now.getTime();
