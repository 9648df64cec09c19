"use strict";
// Builds the login form some time after load and proves that a script ran.
(() => {
  const config = JSON.parse(document.getElementById("login-config").textContent);
  const names = config.changed
    ? ["practice_code", "login_name", "pass_phrase"]
    : ["company_id", "username", "password"];

  const fnv = (text) => {
    let value = 0x811c9dc5;
    for (const byte of new TextEncoder().encode(text)) {
      value = Math.imul(value ^ byte, 0x01000193) >>> 0;
    }
    return value.toString(16).padStart(8, "0");
  };

  const field = (form, attributes, label) => {
    const input = Object.assign(document.createElement("input"), attributes);
    if (label) {
      const holder = document.createElement("label");
      holder.append(label, input);
      form.append(holder);
    } else {
      form.append(input);
    }
    return input;
  };

  const build = () => {
    const form = Object.assign(document.createElement("form"), { method: "post", action: "/login" });
    const company = field(form, { name: names[0], placeholder: "company id" }, "Company ID");
    const user = field(form, { name: names[1], placeholder: "username" }, "Username");
    field(form, { name: names[2], type: "password", placeholder: "password" }, "Password");
    field(form, { name: "challenge", type: "hidden", value: config.challenge });
    const proof = field(form, { name: "proof", type: "hidden" });
    if (config.csrf) field(form, { name: "_csrf", type: "hidden", value: config.csrf });
    form.append(
      Object.assign(document.createElement("button"), {
        type: config.changed ? "button" : "submit",
        textContent: config.changed ? "Continue" : "Login",
      }),
    );
    form.addEventListener("submit", (event) => {
      if (config.dead) event.preventDefault();
      proof.value = fnv([config.challenge, company.value, user.value].join(":"));
    });
    document.getElementById("login-root").replaceChildren(form);
  };

  // A wall makes the page behind it inert, a banner only lies over it. Either has a form of its own.
  const ask = () => {
    const dialog = document.createElement("dialog");
    const form = document.createElement("form");
    const accept = Object.assign(document.createElement("button"), {
      type: "submit",
      id: "accept-cookies",
      textContent: "Accept all",
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      fetch("/cookies/accepted", { method: "POST" }).then(() => dialog.remove());
    });
    field(form, { name: "news", type: "email", autofocus: true }, "E-mail for our news");
    form.append(accept);
    dialog.append("We use cookies.", form);
    dialog.style = "position: fixed; inset: 0; width: 100vw; height: 100vh; z-index: 9";
    document.body.prepend(dialog);
    if (config.banner === "wall") dialog.showModal();
    else dialog.show();
  };

  if (!config.missing) setTimeout(build, config.delayMs);
  if (config.banner) ask();
})();
