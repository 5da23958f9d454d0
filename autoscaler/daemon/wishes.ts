import type { AutoscalerConfig, FloorConfig } from "../../base/config/config.ts";
import type { Settings } from "../policy.ts";

/** What a person has set, as the policy takes it, at one moment: schedules raise the minimum. */
export function settingsAt(config: AutoscalerConfig, wallMs: number): Settings {
  const floors = config.floors.filter((floor) => holds(floor, wallMs)).map(({ instances }) => instances);
  return {
    targetWaitS: config.target_wait_s,
    targetShare: config.target_share,
    maxInstances: config.max_instances,
    minInstances: Math.min(config.max_instances, Math.max(config.min_instances, ...floors)),
    billing: config.billing,
    ...(config.budget_per_hour > 0 ? { budgetPerHour: config.budget_per_hour } : {}),
  };
}

const DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const DAY_MIN = 24 * 60;

function holds({ days = DAYS, from, to, time_zone: timeZone }: FloorConfig, wallMs: number): boolean {
  const { day, minute } = localTime(timeZone, wallMs);
  const [begins, ends] = [minuteOf(from), minuteOf(to)];
  // Over midnight: what is left of the day on which it began, or the morning of the next.
  const isOvernight = ends <= begins;
  const began = days.includes(DAYS[day] ?? "");
  const beganYesterday = days.includes(DAYS[(day + 6) % 7] ?? "");
  if (!isOvernight) return began && minute >= begins && minute < ends;
  return (began && minute >= begins) || (beganYesterday && minute < ends);
}

function minuteOf(clock: string): number {
  const [hour = 0, minute = 0] = clock.split(":").map(Number);
  return (hour * 60 + minute) % DAY_MIN;
}

/** Throws RangeError for a time zone that does not exist. */
function localTime(timeZone: string, wallMs: number): { day: number; minute: number } {
  const parts = new Intl.DateTimeFormat("en-US", {
    timeZone,
    weekday: "short",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  }).formatToParts(wallMs);
  const part = (type: string) => parts.find((it) => it.type === type)?.value ?? "";
  return {
    day: DAYS.indexOf(part("weekday").toLowerCase()),
    minute: Number(part("hour")) * 60 + Number(part("minute")),
  };
}
