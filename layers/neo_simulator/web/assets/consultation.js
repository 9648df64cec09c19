"use strict";
// Fills the consultation page; the notes are read-only until the edit button is used.
(async () => {
  const main = document.querySelector("main");
  const answer = await fetch(`/consultations/${main.dataset.consultation}/page-data`, {
    headers: { Accept: "application/json", "X-Requested-With": "XMLHttpRequest" },
  });
  if (!answer.ok) {
    main.append("This consultation does not exist.");
    return;
  }
  const data = await answer.json();
  const element = (tag, className, ...content) => {
    const made = Object.assign(document.createElement(tag), { className });
    made.append(...content);
    return made;
  };
  const name = element("a", "", data.patient.name);
  name.href = "#";
  document.querySelector('[data-qa="patient-signalment-patient-name"]').append(name);
  const tabs = document.querySelector('[data-qa="consultation-tabs-controls"]');
  tabs.append(`Consultation ${data.consultation.id} · ${data.consultation.status}`);

  const edit = element("span", "", element("button", "", "Edit notes"));
  edit.dataset.qa = "edit-notes-button";
  const content = element("div", "cke_wysiwyg_div");
  content.contentEditable = "false";
  const notes = new DOMParser().parseFromString(data.consultationNotes?.notes ?? "", "text/html");
  notes.querySelectorAll("script").forEach((script) => script.remove());
  content.append(...notes.body.childNodes);
  const group = element("span", "cke_toolbar", element("span", "cke_toolgroup", "B I U"));
  const top = element("div", "cke_top", element("div", "cke_toolbox", group));
  edit.firstChild.addEventListener("click", () => {
    content.contentEditable = "true";
  });
  main.append(element("div", "card", edit, element("div", "cke", top, content)));

  for (const [tableName, declined] of [
    ["consultation-lines-table", false],
    ["consultation-declined-lines-table", true],
  ]) {
    const table = element("table", tableName);
    table.setAttribute("name", tableName);
    for (const line of data.consultationLines ?? []) {
      if (Boolean(line.isDeclined) !== declined) continue;
      table.append(
        element("tr", "", element("td", "", line.productService), element("td", "", String(line.quantity))),
      );
    }
    main.append(element("div", "card", element("strong", "", declined ? "Declined" : "Products"), table));
  }
})();
