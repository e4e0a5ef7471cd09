// Repeats a call while its page is open and seen.

const LONGEST_PAUSE = 30_000;

/**
 * Loads and shows again and again until `signal` is aborted, one load at a time. It rests while the window is hidden, and
 * comes at longer intervals while loads fail.
 *
 * @param load a function that returns a promise of data
 * @param show gets each data
 * @param fail gets the error of a load that failed, and null once one succeeds again; what was shown before stays
 * @param every milliseconds from the end of one load to the begin of the next
 * @returns a promise of the end of the first load
 */
export async function poll({ load, show, fail, every, signal }) {
  let failures = 0;
  const once = async () => {
    try {
      const data = await load();
      if (!signal.aborted) {
        show(data);
        if (failures > 0) {
          fail(null);
        }
      }
      failures = 0;
    } catch (e) {
      if (!signal.aborted) {
        failures++;
        fail(e);
      }
    }
  };
  const repeat = async () => {
    while (!signal.aborted) {
      await pause(Math.min(LONGEST_PAUSE, every * 2 ** Math.min(failures, 5)), signal);
      await untilSeen(signal);
      if (!signal.aborted) {
        await once();
      }
    }
  };
  await once();
  repeat();
}

function pause(milliseconds, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    }, { once: true });
  });
}

function untilSeen(signal) {
  return new Promise((resolve) => {
    if (!document.hidden) {
      resolve();
      return;
    }
    document.addEventListener("visibilitychange", () => resolve(), { once: true, signal });
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
