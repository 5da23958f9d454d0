import type { Picture } from "../status/status.ts";

/** The fleet in one line: queues first, then what the instances report. */
export function statusLine({ queues, instances }: Picture): string {
  const [requests, deliveries, dead] = queues;
  const sum = (name: string) =>
    (instances ?? []).reduce((total, { row }) => total + Number(row[name] ?? 0), 0);
  return [
    `${requests?.visible ?? 0} waiting`,
    `${sum("running")} running`,
    `${sum("done")} done`,
    `${(deliveries?.visible ?? 0) + (deliveries?.delayed ?? 0) + (deliveries?.inFlight ?? 0)} deliveries due`,
    `${dead?.visible ?? 0} dead letters`,
  ].join(" · ");
}
