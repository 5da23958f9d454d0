import { Activity, type ActivityFields } from "../status/activity.ts";

/** The activity log, which also counts tries that failed: a release is judged by them. */
export class TalliedActivity extends Activity {
  failed = 0;

  override record(event: string, fields: ActivityFields): void {
    if (event === "failed") this.failed++;
    super.record(event, fields);
  }
}
