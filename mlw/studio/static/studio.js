// Behaviour that HTML does not have: theme switch, copying, charts, focus after a panel was replaced.
"use strict";
(() => {
  const root = document.documentElement;
  const dark = window.matchMedia("(prefers-color-scheme: dark)");

  function theme() {
    return root.dataset.theme || (dark.matches ? "dark" : "light");
  }

  function say(text) {
    const toast = document.querySelector(".toast");
    toast.textContent = text;
    toast.classList.add("shown");
    clearTimeout(say.timer);
    say.timer = setTimeout(() => toast.classList.remove("shown"), 2500);
  }

  async function copy(text, what) {
    try {
      await navigator.clipboard.writeText(text);
      say(`Copied: ${what}`);
    } catch {
      say("The browser does not allow copying");
    }
  }

  document.addEventListener("click", (event) => {
    const target = event.target.closest("button");
    if (!target) return;
    if (target.hasAttribute("data-theme-switch")) {
      root.dataset.theme = theme() === "dark" ? "light" : "dark";
      localStorage.setItem("mlw-studio-theme", root.dataset.theme);
      charts(true);
    } else if (target.hasAttribute("data-copy-link")) {
      copy(target.dataset.copyLink ? new URL(target.dataset.copyLink, location.href).href : location.href, "link");
    } else if (target.hasAttribute("data-copy-from")) {
      copy(document.getElementById(target.dataset.copyFrom).textContent, "query");
    } else if (target.hasAttribute("data-copy")) {
      copy(target.dataset.copy, target.dataset.copy);
    }
  });

  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-submits]")) event.target.form.requestSubmit();
    if (event.target.matches("[data-upload]")) uploadAll(event.target);
  });

  // Shows the shares while they are moved; what does not add up is not sent.
  document.addEventListener("input", (event) => {
    const form = event.target.closest("[data-shares]");
    if (!form) return;
    const sliders = [...form.querySelectorAll("input[type=range]")];
    for (const one of sliders) form.querySelector(`output[for="${one.id}"]`).textContent = `${one.value} %`;
    const sum = sliders.reduce((found, one) => found + Number(one.value), 0);
    form.querySelector("[data-sum]").textContent = `The shares add up to ${sum}; they must add up to 100, or to 0 for none.`;
    form.querySelector("button").disabled = sum !== 0 && sum !== 100;
  });

  // Shows what came of an upload, and waits for a button: whether to replace a file, or that it was read.
  function ask(text, isQuestion) {
    const box = document.querySelector("[data-upload-question]");
    const [yes, no] = [box.querySelector("[data-upload-yes]"), box.querySelector("[data-upload-no]")];
    box.querySelector("[data-upload-text]").textContent = text;
    yes.hidden = !isQuestion;
    no.textContent = isQuestion ? "Keep the file" : "Close";
    box.hidden = false;
    no.focus();
    return new Promise((resolve) => {
      for (const button of [yes, no]) {
        button.onclick = () => {
          box.hidden = true;
          resolve(button === yes);
        };
      }
    });
  }

  async function upload(address, file, revision) {
    const named = `${address}&name=${encodeURIComponent(file.name)}${revision ? `&revision=${encodeURIComponent(revision)}` : ""}`;
    let found, said;
    try {
      found = await fetch(named, { method: "POST", body: file });
      said = await found.json().catch(() => ({ message: `The studio returned status ${found.status}.` }));
    } catch {
      said = { message: "The studio does not respond: was it ended?" };
    }
    if (found && found.status === 201) return;
    // Nothing is replaced that nobody asked to replace; the revision names what was asked about.
    if (found && found.ok) {
      if (await ask(`${said.message} Replace it?`, true)) await upload(address, file, said.revision);
      return;
    }
    await ask(`${file.name}: ${said.message}`, false);
  }

  async function uploadAll(input) {
    for (const file of [...input.files]) await upload(input.dataset.upload, file, "");
    location.reload();
  }

  // A form that names what is empty makes addresses that nobody wants to share.
  document.addEventListener("htmx:configRequest", (event) => {
    if (event.detail.verb !== "get") return;
    for (const [name, value] of [...event.detail.formData.entries()]) {
      if (value === "") event.detail.formData.delete(name);
    }
  });

  const drawn = new Map();

  function colour(name) {
    return getComputedStyle(root).getPropertyValue(name).trim();
  }

  // Dates for long ranges and at midnight, otherwise the time of day; UTC, as all times here.
  function moment(seconds, step) {
    const text = new Date(seconds * 1000).toISOString();
    const clock = text.slice(11, 16);
    return step >= 86400 || clock === "00:00" ? text.slice(5, 10) : step < 60 ? text.slice(11, 19) : clock;
  }

  function chart(element) {
    const given = JSON.parse(element.dataset.chart);
    const axis = { stroke: colour("--dim"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false }, font: "12px system-ui" };
    const time = { ...axis, space: 60, values: (_, ticks, __, ___, step) => ticks.map((tick) => moment(tick, step)) };
    const steps = { ...axis, space: 60, values: (_, ticks) => ticks.map((tick) => tick.toLocaleString()) };
    const isTime = given.axis !== "Step";
    // Counts and durations start at zero; a metric of a run has its own range.
    const range = given.axis ? {} : { range: (_, low, high) => [0, high > 0 ? high * 1.12 : 1] };
    const series = given.series.map((one, number) => ({
      label: one.label,
      stroke: colour(one.bad ? "--bad" : `--series-${number + 1}`),
      fill: one.filled ? colour(one.bad ? "--bad-soft" : "--series-soft") : undefined,
      width: 1.8,
      // Several runs may log at different steps: lines lead over the steps of the others.
      spanGaps: Boolean(given.spans),
      points: { show: one.values.filter((value) => value !== null).length < 20, size: 5 },
      value: (_, value) => (value === null || value === undefined ? "–" : `${value.toLocaleString()} ${one.unit || ""}`.trim()),
    }));
    const options = {
      width: Math.max(200, element.clientWidth),
      height: 220,
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
      cursor: { y: false, points: { size: 7 } },
      scales: { x: { time: isTime }, y: range },
      axes: [isTime ? time : steps, { ...axis, size: 64, values: (_, ticks) => ticks.map((tick) => tick.toLocaleString()) }],
      series: [isTime ? { label: "Time (UTC)", value: "{YYYY}-{MM}-{DD} {HH}:{mm}" } : { label: given.axis }, ...series],
    };
    return new uPlot(options, [given.times, ...given.series.map((one) => one.values)], element);
  }

  // On a narrow screen the navigation is one line that scrolls.
  function showCurrent() {
    const current = document.querySelector(".panels [aria-current]");
    const line = document.querySelector(".panels");
    if (current && line.scrollWidth > line.clientWidth) line.scrollLeft = current.offsetLeft - line.offsetLeft - 24;
  }

  function charts(again) {
    for (const [element, plot] of drawn) {
      if (again || !element.isConnected) {
        plot.destroy();
        drawn.delete(element);
      }
    }
    for (const element of document.querySelectorAll("[data-chart]")) {
      if (!drawn.has(element)) drawn.set(element, chart(element));
    }
  }

  let pending;
  window.addEventListener("resize", () => {
    clearTimeout(pending);
    pending = setTimeout(() => {
      for (const [element, plot] of drawn) plot.setSize({ width: Math.max(200, element.clientWidth), height: 220 });
    }, 120);
  });
  dark.addEventListener("change", () => charts(true));
  document.addEventListener("htmx:afterSettle", (event) => {
    charts(false);
    showCurrent();
    if (event.detail.target.id === "page" || event.detail.elt.id === "page") document.getElementById("content").focus({ preventScroll: true });
  });
  // Errors of the studio itself come as pages and are shown like any other.
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.xhr.status === 401 || event.detail.xhr.status === 403) location.reload();
  });
  document.addEventListener("htmx:sendError", () => say("The studio does not respond: was it ended?"));
  charts(false);
  showCurrent();
})();
