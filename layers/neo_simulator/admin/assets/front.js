"use strict";
// One call of the admin API: what it answers, or an error in words.
const call = async (method, path, body) => {
  const here = location.pathname.split("/")[1];
  try {
    const answer = await fetch(`/${here}/api/companies/${path}`, {
      method,
      body: body === undefined ? undefined : JSON.stringify(body),
      headers: { "Content-Type": "application/json" },
    });
    return await answer.json();
  } catch {
    return { error: "The simulator does not answer. Does it still run? Its next start has another address." };
  }
};

// Knobs: a changed field is sent at once; the page then shows what the simulator made of it.
(() => {
  const table = document.querySelector("table.knobs");
  if (!table) return;
  const base = `${table.dataset.company}/knobs`;
  const say = (message) => {
    document.getElementById("knob-error").textContent = message;
  };
  const send = async (method, path, body) => {
    const { error } = await call(method, path, body);
    if (error) say(error);
    else location.reload();
  };
  table.addEventListener("change", ({ target }) => {
    const name = target.closest("tr").dataset.knob;
    let value;
    try {
      value = JSON.parse(target.value);
    } catch {
      say(`${name}: the value is no JSON (text needs quotation marks)`);
      return;
    }
    send("PUT", `${base}/${name}`, { value });
  });
  document.getElementById("reset-knobs").addEventListener("click", () => send("DELETE", base));
})();

// Visits: a click chooses one; a button books another, or moves or deletes the chosen one. What
// was done is said by the page that then shows it.
(() => {
  const form = document.querySelector("form.booking");
  if (!form) return;
  const { day, time, room, patient } = form.elements;
  const said = form.querySelector("output");
  let visit = null;
  const choose = (card) => {
    document.querySelector(".card.chosen")?.classList.remove("chosen");
    card.classList.add("chosen");
    visit = Number(card.dataset.visit);
    [day.value, time.value] = card.dataset.start.split("T");
    if (card.dataset.room) room.value = card.dataset.room;
    patient.value = card.dataset.patient;
    for (const button of form.querySelectorAll("button")) button.disabled = false;
    said.textContent = `Visit ${visit} is chosen: another day, time or room, then Move; or Delete.`;
  };
  const operation = (name) => {
    const at = { start: `${day.value}T${time.value}`, room: Number(room.value) };
    if (name === "book") return { name, arguments: { ...at, patient: patient.value } };
    return { name, arguments: name === "move" ? { visit_id: visit, ...at } : { visit_id: visit } };
  };
  const done = (name, id) => {
    const where = `${day.value} ${time.value}, ${room.selectedOptions[0].textContent}`;
    if (name === "delete") return `Visit ${id} is deleted.`;
    return `Visit ${id} is ${name === "book" ? "booked" : "moved"}: ${where}.`;
  };
  for (const card of document.querySelectorAll(".card[data-visit]")) {
    card.addEventListener("click", () => choose(card));
    card.addEventListener("keydown", ({ key }) => key === "Enter" && choose(card));
  }
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const name = event.submitter.value;
    const { results, error } = await call("POST", `${form.dataset.company}/operations`, [operation(name)]);
    if (error) {
      said.textContent = error;
      return;
    }
    sessionStorage.setItem("done", `${done(name, results[0] ?? visit)} The next run finds it.`);
    location.assign(`?day=${day.value}`);
  });
  said.textContent = sessionStorage.getItem("done") ?? said.textContent;
  sessionStorage.removeItem("done");
})();

// Login: another password, or an end of all sessions, after which a run has to log in.
(() => {
  const form = document.querySelector("form.password");
  if (!form) return;
  const said = form.querySelector("output");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const ends = event.submitter.value === "end";
    const { ended, error } = ends
      ? await call("DELETE", `${form.dataset.company}/sessions`)
      : await call("PUT", `${form.dataset.company}/password`, { password: form.elements.password.value });
    if (error) {
      said.textContent = error;
      return;
    }
    said.textContent = ends
      ? `Sessions ended: ${ended}. The next run logs in.`
      : "The password is set, and the account unlocked. Open sessions go on until they end.";
    for (const shown of document.querySelectorAll(".password-now")) {
      if (!ends) shown.textContent = form.elements.password.value;
    }
  });
})();
