"use strict";
// Knobs: a changed field is sent at once; the page then shows what the simulator made of it.
(() => {
  const table = document.querySelector("table.knobs");
  if (!table) return;
  const here = location.pathname.split("/")[1];
  const base = `/${here}/api/companies/${table.dataset.company}/knobs`;
  const say = (message) => {
    document.getElementById("knob-error").textContent = message;
  };
  const send = async (method, url, body) => {
    const answer = await fetch(url, { method, body, headers: { "Content-Type": "application/json" } });
    if (answer.ok) location.reload();
    else say((await answer.json()).error);
  };
  table.addEventListener("change", ({ target }) => {
    const name = target.closest("tr").dataset.knob;
    try {
      send("PUT", `${base}/${name}`, JSON.stringify({ value: JSON.parse(target.value) }));
    } catch {
      say(`${name}: the value is no JSON (text needs quotation marks)`);
    }
  });
  document.getElementById("reset-knobs").addEventListener("click", () => send("DELETE", base));
})();

// Visits: a click chooses one; a button books another, or moves or deletes the chosen one.
(() => {
  const form = document.querySelector("form.booking");
  if (!form) return;
  const here = location.pathname.split("/")[1];
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
    said.textContent = `Visit ${visit} is chosen.`;
  };
  const operation = (name) => {
    const at = { start: `${day.value}T${time.value}`, room: Number(room.value) };
    if (name === "book") return { name, arguments: { ...at, patient: patient.value } };
    return { name, arguments: name === "move" ? { visit_id: visit, ...at } : { visit_id: visit } };
  };
  for (const card of document.querySelectorAll(".card[data-visit]")) {
    card.addEventListener("click", () => choose(card));
    card.addEventListener("keydown", ({ key }) => key === "Enter" && choose(card));
  }
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const answer = await fetch(`/${here}/api/companies/${form.dataset.company}/operations`, {
      method: "POST",
      body: JSON.stringify([operation(event.submitter.value)]),
      headers: { "Content-Type": "application/json" },
    });
    if (answer.ok) location.assign(`?day=${day.value}`);
    else said.textContent = (await answer.json()).error;
  });
})();
