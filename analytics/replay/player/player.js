"use strict";
(() => {
  const session = JSON.parse(document.getElementById("session").textContent);
  const { steps, elapsed_ms: elapsed, execution, attempts, stops, changes, values } = session;
  const BEAT_MS = 700;
  const SHOWN_MAX = 60;
  const ALWAYS_CHANGING = new Set(["step", "phase", "elapsed_ms"]);
  const ENDED = { success: "good", failed: "bad", unknown: "wait", running: "wait" };
  const at = (id) => document.getElementById(id);
  let cursor = session.cursor;
  let timer = null;

  // States are stored as what each step changed; here each becomes whole again.
  const states = [];
  changes.forEach((change, i) => states.push(Object.assign({}, states[i - 1], change)));
  const told = [];
  values.forEach((now, i) => told.push(now === null ? told[i - 1] : now));

  const element = (tag, text, className) => {
    const made = document.createElement(tag);
    if (text !== undefined) made.textContent = text;
    if (className) made.className = className;
    return made;
  };
  const words = (value) => {
    if (value === null || value === undefined || value === "") return "–";
    return typeof value === "object" ? JSON.stringify(value) : String(value);
  };
  const pretty = (value) => JSON.stringify(value, null, 2);
  const offset = (ms) => (ms < 0 ? "−" : "+") + Math.abs(ms).toFixed(1) + " ms";
  const tellsError = (step) =>
    step.kind === "error" || Boolean(step.detail.error) || step.detail.status >= 400;

  function rows(table, pairs) {
    table.replaceChildren(
      ...pairs.map(([name, value, className]) => {
        const row = element("tr", undefined, className);
        const head = element("th", name);
        head.scope = "row";
        row.append(head, element("td", value));
        return row;
      }),
    );
  }

  function drawStrip() {
    const first = Math.max(0, Math.min(cursor - SHOWN_MAX / 2, steps.length - SHOWN_MAX));
    const sections = new Map();
    steps.slice(first, first + SHOWN_MAX).forEach((step, i) => {
      const number = first + i + 1;
      if (!sections.has(step.attempt)) {
        const section = element("section");
        section.append(element("h3", "Attempt " + step.attempt), element("ol"));
        sections.set(step.attempt, section);
      }
      const button = element("button", step.kind);
      button.type = "button";
      button.append(element("small", offset(step.offset_ms)));
      button.classList.toggle("taken", number <= cursor);
      button.classList.toggle("failed", tellsError(step));
      button.classList.toggle("stop", number in stops);
      if (number === cursor) button.setAttribute("aria-current", "step");
      button.addEventListener("click", () => goTo(number));
      const item = element("li");
      item.append(button);
      sections.get(step.attempt).lastChild.append(item);
    });
    const focused = at("strip").contains(document.activeElement);
    at("strip").replaceChildren(...sections.values());
    const current = at("strip").querySelector("[aria-current]");
    if (current) {
      current.scrollIntoView({ block: "nearest", inline: "nearest" });
      if (focused) current.focus({ preventScroll: true });
    }
  }

  function status() {
    if (timer !== null) return "running";
    if (!cursor) return "initialized";
    if (cursor === steps.length) return "completed";
    return cursor in stops ? "at breakpoint" : "paused";
  }

  function draw() {
    const step = cursor ? steps[cursor - 1] : null;
    const state = states[cursor];
    const before = states[cursor - 1] || {};
    const attempt = attempts.find((one) => one.attempt === state.attempt);
    const asked = state.request && steps[state.request - 1].detail;
    const answered = state.response && steps[state.response - 1].detail;
    at("where").textContent = `step ${cursor} of ${steps.length} · ${status()}`;
    at("goto").value = cursor;
    at("step-title").textContent = step
      ? `${step.kind} · ${offset(step.offset_ms)} into attempt ${step.attempt}, ${offset(elapsed[cursor - 1])} into the run`
      : "Before the first step";
    at("detail").textContent = step ? pretty(step.detail) : "Press → to take the first step.";
    at("request").textContent = asked ? pretty(asked) : "Nothing was asked yet.";
    at("response").textContent = answered
      ? pretty(answered) + (attempt && attempt.response ? "\n\n" + attempt.response : "")
      : "Nothing was answered yet.";
    rows(
      at("state"),
      Object.entries(state)
        .filter(([name]) => name !== "request" && name !== "response")
        .map(([name, value]) => {
          const changed = step && words(value) !== words(before[name]);
          const told = changed && !ALWAYS_CHANGING.has(name);
          return [
            name.replaceAll("_", " "),
            told ? words(before[name]) + " → " + words(value) : words(value),
            changed ? "changed" : "",
          ];
        }),
    );
    rows(
      at("watches"),
      (told[cursor] || []).map((one) => [
        one.expression,
        one.error ? `at character ${one.error.position}: ${one.error.reason}` : words(one.value),
        one.error ? "bad" : "",
      ]),
    );
    rows(
      at("breakpoints"),
      session.breakpoints.map((text) => {
        const here = (stops[cursor] || []).includes(text);
        return [text, here ? "stops here" : "–", here ? "changed" : ""];
      }),
    );
    for (const id of ["restart", "back"]) at(id).disabled = cursor === 0;
    for (const id of ["forward", "continue", "play"]) at(id).disabled = cursor === steps.length;
    at("play").setAttribute("aria-pressed", String(timer !== null));
    at("play").firstChild.textContent = timer === null ? "Play" : "Pause";
    drawStrip();
  }

  function pause() {
    clearInterval(timer);
    timer = null;
  }
  function goTo(number) {
    pause();
    cursor = Math.max(0, Math.min(steps.length, number));
    draw();
  }
  function beat() {
    cursor = Math.min(steps.length, cursor + 1);
    if (cursor === steps.length || cursor in stops) pause();
    draw();
  }
  const moves = {
    restart: () => goTo(0),
    back: () => goTo(cursor - 1),
    forward: () => goTo(cursor + 1),
    continue: () => {
      let next = cursor + 1;
      while (next < steps.length && !(next in stops)) next += 1;
      goTo(next);
    },
    play: () => {
      if (timer !== null) return goTo(cursor);
      if (cursor < steps.length) timer = setInterval(beat, BEAT_MS);
      return draw();
    },
  };
  const KEYS = {
    r: "restart", Home: "restart", b: "back", ArrowLeft: "back", n: "forward", ArrowRight: "forward",
    c: "continue", End: "continue", " ": "play",
  };

  for (const [id, move] of Object.entries(moves)) at(id).addEventListener("click", move);
  at("goto").max = steps.length;
  at("goto").addEventListener("change", (event) => goTo(Math.trunc(Number(event.target.value)) || 0));
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.id === "goto") return;
    if (event.key === " " && event.target.tagName === "BUTTON") return;
    if (event.target.tagName === "PRE" && /^(Home|End)$/.test(event.key)) return;
    if (event.key === "g") {
      at("goto").select();
      event.preventDefault();
    } else if (KEYS[event.key]) {
      moves[KEYS[event.key]]();
      event.preventDefault();
    }
  });

  at("name").textContent = execution.job_name || execution.job_id || execution.id;
  at("outcome").textContent = execution.status || "unknown";
  at("outcome").classList.add(ENDED[execution.status] || "quiet");
  at("identity").textContent = `execution ${execution.id}` +
    (execution.scheduled_time ? ` · due ${execution.scheduled_time}` : "");
  at("watched").hidden = session.watches.length === 0;
  at("stopping").hidden = session.breakpoints.length === 0;
  at("empty").hidden = steps.length > 0;
  draw();
})();
