// Days of the local calendar.

/** A day as `2026-01-31`. */
export const isoDay = (day: Date): string =>
  [
    String(day.getFullYear()).padStart(4, "0"),
    String(day.getMonth() + 1).padStart(2, "0"),
    String(day.getDate()).padStart(2, "0"),
  ].join("-");

/** `2026-01-31` or `2026-1-31` as the start of that day; null for anything else, such as 31 February. */
export function parseDay(text: string): Date | null {
  const [, year, month, day] = /^(\d{4})-(\d{1,2})-(\d{1,2})$/.exec(text.trim()) ?? [];
  if (!year || !month || !day) return null;
  const date = new Date(Number(year), Number(month) - 1, Number(day));
  const isSame = isoDay(date) === [year, month.padStart(2, "0"), day.padStart(2, "0")].join("-");
  return isSame ? date : null;
}

export const addDays = (day: Date, days: number): Date =>
  new Date(day.getFullYear(), day.getMonth(), day.getDate() + days);

/** The same day of another month, or that month's last day. */
export function addMonths(day: Date, months: number): Date {
  const last = new Date(day.getFullYear(), day.getMonth() + months + 1, 0);
  return new Date(last.getFullYear(), last.getMonth(), Math.min(day.getDate(), last.getDate()));
}

/** The first day of the week of `day`. `start`: the weekday that weeks begin with, 0 for Sunday. */
export const weekStart = (day: Date, start: number): Date => addDays(day, -((day.getDay() - start + 7) % 7));

/** The weeks that contain the days of a month, each of seven days. */
export function weeksOf(day: Date, start: number): Date[][] {
  const last = new Date(day.getFullYear(), day.getMonth() + 1, 0);
  const weeks: Date[][] = [];
  for (let week = weekStart(addDays(day, 1 - day.getDate()), start); week <= last; week = addDays(week, 7))
    weeks.push(Array.from({ length: 7 }, (_, nth) => addDays(week, nth)));
  return weeks;
}
