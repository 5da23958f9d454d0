import { AwsError } from "../../aws-error.ts";
import type { Operation } from "../operation.ts";

/** There is one account here, which may do everything: a permission would mean nothing, so none is taken. */
export const refusePermissions: Operation = (state) =>
  state.group.run(() => {
    throw new AwsError(
      "UnsupportedOperation",
      "The embedded cloud has one account and no permissions to give or take away.",
    );
  });
