// Asks for one approval, and exits with 0 only when it is given: a component that imports blueking:itsm.
//
// Settings come from the environment: ITSM_GATEWAY, ITSM_APP_CODE, ITSM_APP_SECRET, APPROVER, CREATOR, TITLE.

import { describeFailure } from 'blueking:itsm/diagnosis@0.1.0';
import { confirmOwn, create, newOperationId, newTag } from 'blueking:itsm/tickets@0.1.0';
import { getEnvironment } from 'wasi:cli/environment@0.2.12';

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
    if (verdict !== 'approved') {
      throw undefined; // the error of run, which has no value
    }
  },
};

async function approval() {
  const settings = new Map(getEnvironment());
  const env = (name) => {
    if (!settings.has(name)) {
      throw new Stopped(`${name} is not set`);
    }
    return settings.get(name);
  };
  const connection = {
    endpoint: { tag: 'gateway', val: env('ITSM_GATEWAY') },
    authorization: {
      tag: 'app',
      val: { appCode: env('ITSM_APP_CODE'), appSecret: env('ITSM_APP_SECRET'), user: undefined },
    },
    headers: [],
    deadlineMs: undefined,
  };
  const ticket = {
    tag: newTag(),
    service: { tag: 'fast-approval', val: { approvers: [env('APPROVER')], content: env('TITLE') } },
    creator: env('CREATOR'),
    title: env('TITLE'),
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

/** Creates the ticket. */
function make(connection, ticket) {
  try {
    return create(connection, ticket);
  } catch (error) {
    throw new Stopped(`create failed: ${sentences(error.payload)}`);
  }
}

/** A failure for a person: what happened, what to do next, and whether ITSM may have acted. */
function sentences(failure) {
  return `${failure.message}\n${describeFailure(failure, 'english')}`;
}

/** Asks until the ticket has ended. Its number is our own: `create` answered it. */
async function wait(connection, sn) {
  const end = Date.now() + AT_MOST_MS;
  while (Date.now() < end) {
    try {
      const { tag, val } = confirmOwn(connection, sn);
      if (tag === 'ended') {
        return val.verdict;
      }
      if (tag !== 'open' && tag !== 'undecided') {
        throw new Stopped(`${sn}: a person must look${val?.why ? `: ${val.why}` : ' at this ticket'}`);
      }
    } catch (error) {
      if (error instanceof Stopped) {
        throw error;
      }
      // Asking changes nothing, and the ticket is still there.
      console.error(`asking again: ${sentences(error.payload)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
  }
  console.error(`${sn} has not ended yet`);
  return 'open';
}
