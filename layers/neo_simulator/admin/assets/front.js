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
