import { isLanguage } from '../language/is-language';

/**
 * Where the clock counts to twelve twice, from the Unicode CLDR 48 (supplemental `timeData`). `Intl` knows
 * it, too, but its first answer takes 30 ms, on the way of the first paint.
 */
const TWICE =
  'AE AG AL AR AS AU BB BD BH BM BN BO BS BT CA CL CO CR CU CY DJ DM DO DZ EC EG EH ER ET FJ FM GD GH GM GR GT GU GY HK HN IN IQ JM JO KH KI KN KP KR KW KY LB LC LR LS LY ' +
  'MH MO MP MR MW MX MY NA NH NI NZ OM PA PE PG PH PK PR PS PW PY QA SA SB SD SG SL SO SS SV SY SZ TC TD TN TO TT TW UM US UY VC VE VG VI VU WS YE ZM';

/** Whether people of this locale, as `en-AU`, count the hours to twelve twice. */
export function countsToTwelve(locale: string): boolean {
  // French is the exception in Canada.
  const region = /^(?!fr-CA)[a-z]{2,3}-(?:[A-Z][a-z]{3}-)?([A-Z]{2})$/.exec(locale)?.[1];
  return region ? TWICE.includes(region) : asked(locale);
}

/** For a language without a region, and for one that says how its hours are counted. */
function asked(name: string): boolean {
  if (!isLanguage(name)) return false;
  const locale = new Intl.Locale(name) as Intl.Locale & {
    getHourCycles?: () => string[];
    hourCycles?: string[];
  };
  const cycles = locale.getHourCycles?.() ??
    locale.hourCycles ?? [new Intl.DateTimeFormat(name, { hour: 'numeric' }).resolvedOptions().hourCycle];
  return cycles[0]?.startsWith('h1') ?? false;
}
