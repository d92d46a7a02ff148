// Asks for one approval, and exits with 0 only when it is given: a component that imports blueking:itsm.
//
// Settings come from the environment: ITSM_GATEWAY, ITSM_APP_CODE, ITSM_APP_SECRET, APPROVER, CREATOR, TITLE.

import { confirmOwn, create, newOperationId, newTag } from "blueking:itsm/tickets@0.1.0";
import { getEnvironment } from "wasi:cli/environment@0.2.12";

// How often ITSM is asked, and how long in all.
const EVERY_MS = 1_000;
const AT_MOST_MS = 600_000;

/** Why there is no verdict, and what to do. */
class Stopped extends Error {}

/** The component's export, wasi:cli/run. */
export const run = {
  async run() {
    let verdict;
    try {
      verdict = await approval();
      console.log(verdict);
    } catch (error) {
      console.error(error instanceof Stopped ? error.message : error);
    }
    if (verdict !== "approved") {
      throw undefined; // the error of run, which has no value
    }
  },
};

async function approval() {
  const settings = new Map(getEnvironment());
  const setting = (name) => {
    if (!settings.has(name)) {
      throw new Stopped(`${name} is not set`);
    }
    return settings.get(name);
  };
  const connection = {
    endpoint: { tag: "gateway", val: setting("ITSM_GATEWAY") },
    authorization: {
      tag: "app",
      val: { appCode: setting("ITSM_APP_CODE"), appSecret: setting("ITSM_APP_SECRET"), user: undefined },
    },
    headers: [],
    deadlineMs: undefined,
  };
  const ticket = {
    tag: newTag(),
    service: { tag: "fast-approval", val: { approvers: [setting("APPROVER")], content: setting("TITLE") } },
    creator: setting("CREATOR"),
    title: setting("TITLE"),
    fields: [],
    processors: [],
    callback: undefined,
    extraJson: undefined,
  };
  // Public, unlike the tag: it goes into logs, and to whoever carries the action out.
  console.error(`operation ${newOperationId()}`);
  const created = make(connection, ticket);
  console.error(`waiting for ${created.sn} (${created.ticketUrl})`);
  return wait(connection, created.sn);
}

/** Creates the ticket, or says why there is none, whether ITSM may have acted, and what to do next. */
function make(connection, ticket) {
  try {
    return create(connection, ticket);
  } catch (error) {
    const { message, mayHaveActed, advice } = error.payload;
    const acted = mayHaveActed ? "ITSM may have acted" : "ITSM did nothing";
    throw new Stopped(`create failed: ${message}\n${acted}\nnext: ${next(advice, ticket)}`);
  }
}

/** Asks until the ticket has ended. Its number is our own: `create` answered it. */
async function wait(connection, sn) {
  const end = Date.now() + AT_MOST_MS;
  while (Date.now() < end) {
    try {
      const { tag, val } = confirmOwn(connection, sn);
      if (tag === "ended") {
        return val.verdict;
      }
      if (tag !== "open" && tag !== "undecided") {
        throw new Stopped(`${sn}: a person must look, ITSM says ${tag === "undecidable" ? val.why : tag}`);
      }
    } catch (error) {
      if (error instanceof Stopped) {
        throw error;
      }
      // Asking changes nothing, and the ticket is still there.
      console.error(`asking again: ${error.payload.message}`);
    }
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
  }
  console.error(`${sn} has not ended yet`);
  return "open";
}

function next({ tag, val }, { creator, title }) {
  switch (tag) {
    case "fix-argument":
      return `mend ${val}`;
    case "fix-credentials":
      return "mend ITSM_APP_CODE and ITSM_APP_SECRET";
    case "ask-permission":
      return "apply for the API in the developer centre";
    case "send-verified-user":
      return "use an app that the gateway trusts with users";
    case "allow-host":
      return `let the component reach ${val}`;
    case "wait-ms":
      return `wait ${val} ms`;
    case "look-up":
      return `look for the ticket "${title}" of ${creator} before running this again`;
    case "call-operator":
      return "call the operator of the gateway";
    case "give-up":
      return "running this again does not help";
    default:
      return val;
  }
}
