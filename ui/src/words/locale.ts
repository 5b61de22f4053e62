// Number and time formats. Texts are English, so formats are too; the region decides the order of dates
// and the decimal sign, the system's setting the 12- or 24-hour clock.

/** Options for `Intl`: the same digits and calendar everywhere. */
export type Format = { locale: string; hourCycle: Intl.DateTimeFormatOptions["hourCycle"] };

export function format(tag?: string): Format {
  const own = new Intl.DateTimeFormat(tag, { hour: "numeric" }).resolvedOptions();
  const { region } = new Intl.Locale(own.locale).maximize();
  const wanted = `en-${region ?? "001"}`;
  // Without English for a region, `Intl` would fall back to US English.
  const known = new Intl.DateTimeFormat(wanted).resolvedOptions().locale;
  return { locale: known === "en" && region !== "US" ? "en-001" : known, hourCycle: own.hourCycle };
}

const own = format();

/** `2:12 AM`, and `02:12` where a day has 24 hours. */
export const clockOptions = ({ hourCycle }: Format = own): Intl.DateTimeFormatOptions => ({
  hour: hourCycle?.startsWith("h1") ? "numeric" : "2-digit",
  minute: "2-digit",
});

type WeekInfo = { firstDay: number };

/** The weekday that weeks begin with in the system's region, 0 for Sunday; Monday if unknown. */
export function weekStart(tag?: string): number {
  const locale = new Intl.Locale(new Intl.DateTimeFormat(tag).resolvedOptions().locale) as Intl.Locale & {
    getWeekInfo?: () => WeekInfo;
    weekInfo?: WeekInfo;
  };
  return ((locale.getWeekInfo?.() ?? locale.weekInfo)?.firstDay ?? 1) % 7;
}

export const dates = (options: Intl.DateTimeFormatOptions, { locale, hourCycle }: Format = own): Intl.DateTimeFormat =>
  new Intl.DateTimeFormat(locale, {
    ...options,
    ...(options.hour || options.timeStyle ? { hourCycle } : {}),
    numberingSystem: "latn",
    calendar: "gregory",
  });

export const numbers = (options: Intl.NumberFormatOptions = {}, { locale }: Format = own): Intl.NumberFormat =>
  new Intl.NumberFormat(locale, { ...options, numberingSystem: "latn" });
