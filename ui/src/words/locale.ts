// How numbers and times are written. The words are English, so these are too; the person's region decides the order of a
// date and the decimal sign, and the person's own setting decides between a clock of 12 and of 24 hours.

/** What `Intl` is called with: the same digits and the same calendar everywhere. */
export type Format = { locale: string; hourCycle: Intl.DateTimeFormatOptions["hourCycle"] };

export function format(tag?: string): Format {
  const own = new Intl.DateTimeFormat(tag, { hour: "numeric" }).resolvedOptions();
  const { region } = new Intl.Locale(own.locale).maximize();
  const wanted = `en-${region ?? "001"}`;
  // Where there is no English of a region, that of the United States would stand in for it.
  const known = new Intl.DateTimeFormat(wanted).resolvedOptions().locale;
  return { locale: known === "en" && region !== "US" ? "en-001" : known, hourCycle: own.hourCycle };
}

const own = format();

/** `2:12 AM`, and `02:12` where a day has 24 hours. */
export const clockOptions = ({ hourCycle }: Format = own): Intl.DateTimeFormatOptions => ({
  hour: hourCycle?.startsWith("h1") ? "numeric" : "2-digit",
  minute: "2-digit",
});

export const dates = (options: Intl.DateTimeFormatOptions, { locale, hourCycle }: Format = own): Intl.DateTimeFormat =>
  new Intl.DateTimeFormat(locale, {
    ...options,
    ...(options.hour || options.timeStyle ? { hourCycle } : {}),
    numberingSystem: "latn",
    calendar: "gregory",
  });

export const numbers = (options: Intl.NumberFormatOptions = {}, { locale }: Format = own): Intl.NumberFormat =>
  new Intl.NumberFormat(locale, { ...options, numberingSystem: "latn" });
